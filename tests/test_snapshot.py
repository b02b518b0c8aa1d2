# -*- coding: utf-8 -*-
"""The bucketing file's copy on disk, and the file that comes with the application."""
from __future__ import unicode_literals

import io
import json
import logging
import os
import resource
import stat
import subprocess
import sys
import time

import pytest

from flagship import Config, Flagship
from flagship.emulator import Emulator
from tests.support import ROOT, command, data, eventually, file_of, slow

COPY = "copy.json"


@pytest.fixture
def bucketing(start):
    """Starts the SDK in bucketing mode with a copy on disk."""
    def bucketing(**options):
        options.setdefault("polling_interval", 0)
        options.setdefault("bucketing_file", COPY)
        return start(mode=Config.Mode.BUCKETING, **options)
    return bucketing


def flag(flagship, key="flag0"):
    visitor = flagship.create_visitor("ann")
    visitor.synchronize_modifications()
    return visitor.get_modification(key, None)


def write(content, path=COPY):
    with io.open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else json.dumps(content).encode("ascii"))


def read(path=COPY):
    with io.open(path, encoding="utf-8") as file:
        return json.load(file)


def snapshot(version, env_id="env", modified=None):
    return {"environment_id": env_id, "last_modified": modified, "content": file_of(version)}


def of_2_1_x(version, modified="Mon, 01 Jan 2001 00:00:00 GMT"):
    """What 2.1.5 wrote."""
    return {"last_modified": modified, "content": file_of(version)}


def test_a_copy_of_2_1_x(emulator, bucketing, log):
    """It serves while the CDN is down, with a line, as it does not say of which environment it is;
    the first answer replaces it, and is asked for without its date."""
    write(of_2_1_x(1))
    emulator.set_bucketing(file_of(2))
    emulator.misbehave("bucketing", status=500)
    flagship = bucketing()
    assert flag(flagship) == 1 and flagship.status.source == "snapshot"
    line, = [line for line in log.at(logging.WARNING) if "of which environment" in line]
    assert COPY in line
    emulator.behave()
    flagship = bucketing()
    assert flag(flagship) == 2 and flagship.status.source == "network"
    assert "if-modified-since" not in emulator.requests[-1].headers or len(emulator.requests) > 2
    assert read()["environment_id"] == "env"


def test_2_1_x_reads_the_copy(emulator, bucketing):
    """It opens it in the locale's encoding, and looks for two keys at the top."""
    emulator.set_bucketing(file_of("é \U0001f680"))
    flagship = bucketing()
    with io.open(COPY, encoding="ascii") as file:
        record = json.loads(file.read())
    assert record["content"] == file_of("é \U0001f680")
    assert record["last_modified"] == flagship.status.last_modified


def test_written(emulator, bucketing, log):
    """The copy holds file, environment and Last-Modified, and nothing is left beside it."""
    emulator.set_bucketing(file_of("é"))
    flagship = bucketing()
    assert read() == {"environment_id": "env", "last_modified": flagship.status.last_modified,
                      "content": file_of("é")}
    assert os.listdir(".") == [COPY] and log.at(logging.WARNING) == []


def test_default_path(emulator, start, log):
    """By default it is bucketing.json in the working directory, as in 2.1.x."""
    start(mode=Config.Mode.BUCKETING, polling_interval=0, bucketing_file="bucketing.json")
    assert os.listdir(".") == ["bucketing.json"] and Config().bucketing_file == "bucketing.json"


def test_none_writes_nothing(bucketing):
    bucketing(bucketing_file=None)
    assert os.listdir(".") == []


def test_the_directory_of_start_counts(emulator, bucketing, tmpdir):
    """A relative path stays where it was when the process changes its directory."""
    bucketing(polling_interval=0.05)
    os.mkdir("elsewhere")
    os.chdir("elsewhere")
    emulator.set_bucketing(file_of(2))
    assert eventually(lambda: read(str(tmpdir.join(COPY)))["content"] == file_of(2))
    assert os.listdir(".") == []


@pytest.mark.parametrize("fault", [{"status": 500}, {"hang": True}, {"body": "<html>"},
                                   {"reset": "before"}], ids=repr)
def test_it_serves_when_the_network_does_not(emulator, bucketing, log, fault):
    emulator.set_bucketing(file_of(1))
    bucketing()
    emulator.misbehave("bucketing", **fault)
    flagship = bucketing(timeout=0.3)
    assert flag(flagship) == 1 and flagship.status.source == "snapshot"
    assert "snapshot" in "".join(log.at(logging.INFO)) and len(log.at(logging.WARNING)) == 1


def test_it_is_asked_for_conditionally(emulator, bucketing):
    """A copy that is still the platform's costs a 304."""
    bucketing()
    flagship = bucketing()
    assert [each.status for each in emulator.requests] == [200, 304]
    assert flagship.status.source == "snapshot" and flagship.status.campaigns == 3


def test_a_newer_file_replaces_it(emulator, bucketing):
    write(snapshot(1, modified="Mon, 01 Jan 2001 00:00:00 GMT"))
    emulator.set_bucketing(file_of(2))
    flagship = bucketing()
    assert flag(flagship) == 2 and flagship.status.source == "network"
    assert read()["content"] == file_of(2)


@pytest.mark.parametrize("content", [
    b"", b"{", b"\xff\xfe", b"null", b"[]", b"5", b"{}", b"[" * 100000, snapshot(1, "another"),
    file_of(1), {"environment_id": "env"}, {"environment_id": "env", "content": []},
    {"environment_id": "env", "content": {"campaigns": 5}},
    {"environment_id": 5, "content": file_of(1)},
    {"environmentId": "env", "lastModified": None, "bucketing": file_of(1)},
    json.dumps(snapshot(1)).encode("ascii")[:-20]],
    ids=lambda content: repr(content)[:40])
def test_other_content_is_ignored(emulator, bucketing, log, content):
    """What is torn, foreign or another environment's is ignored with one log line, and replaced by
    a good copy."""
    write(content)
    emulator.misbehave("bucketing", status=500)
    flagship = bucketing()
    assert flag(flagship) is None and flagship.status.source is None
    assert len([line for line in log.at(logging.WARNING) if "snapshot" in line]) == 1
    emulator.behave()
    assert flag(bucketing(), "cta-color") and read()["environment_id"] == "env"


def test_a_directory_in_its_place(emulator, bucketing, log):
    os.mkdir(COPY)
    flagship = bucketing()
    assert flag(flagship, "cta-color") and os.listdir(".") == [COPY]
    assert len([line for line in log.at(logging.WARNING) if "is not kept" in line]) == 1


@pytest.mark.parametrize("path", ["missing/copy.json", "/proc/copy.json"])
def test_a_disk_that_is_read_only(emulator, bucketing, log, path):
    """It costs one warning, however often the file changes, and nothing else."""
    flagship = bucketing(bucketing_file=path, polling_interval=0.05)
    for version in (1, 2):
        emulator.set_bucketing(file_of(version))
        assert eventually(lambda: flag(flagship) == version)
    assert len([line for line in log.at(logging.WARNING) if "the snapshot" in line]) == 1


def test_a_disk_that_is_full(emulator, bucketing, log):
    """The copy of before stays whole, no half file is left, and the decision is the new file's."""
    emulator.set_bucketing(file_of(1))
    bucketing()
    before = read()
    emulator.set_bucketing(file_of(2, campaigns=100))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        flagship = bucketing()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert flag(flagship) == 2 and read() == before and os.listdir(".") == [COPY]
    assert len(log.at(logging.WARNING)) == 1


def fifo(path):
    os.mkfifo(path)


def sparse(path):
    with io.open(path, "wb") as file:
        file.truncate(10 ** 11)


ODD = {
    "fifo": fifo, "device": lambda path: os.symlink("/dev/zero", path), "huge": sparse,
    "folder": os.mkdir, "broken link": lambda path: os.symlink("/nonexistent/x", path),
    "circle of links": lambda path: os.symlink(path, path),
    "over the limit": lambda path: write(json.dumps(dict(of_2_1_x(1), more="x" * 70000))
                                         .encode("ascii"), path),
}


@pytest.mark.parametrize("kind", sorted(ODD))
def test_what_is_no_file_is_not_read(emulator, bucketing, log, kind):
    """start and saving go on with one line each at most, and wait for nobody; the command line and
    initial_bucketing read likewise."""
    ODD[kind](COPY)
    ODD[kind]("initial.json")
    emulator.misbehave("bucketing", status=500)
    began = time.time()
    flagship = bucketing(max_response_size=65536, initial_bucketing="initial.json")
    assert flag(flagship) is None and time.time() - began < 10
    assert len([line for line in log.at(logging.WARNING) if "snapshot" in line]) == 1
    assert len(log.at(logging.ERROR)) == 2  # initial_bucketing, and the synchronisation
    if kind != "over the limit":
        code, output, errors = command(["validate", COPY])
        assert (code, output) == (2, "") and COPY in errors
    emulator.behave()
    assert flag(bucketing(max_response_size=65536), "cta-color")
    assert not [name for name in os.listdir(".") if name.endswith(".tmp")]
    if kind != "folder":
        assert read()["environment_id"] == "env"


@pytest.mark.parametrize("path", ["a\0b", "missing/" + COPY, "x" * 300])
def test_a_path_that_cannot_be(emulator, bucketing, log, path):
    """It costs lines, not the start."""
    assert flag(bucketing(bucketing_file=path), "cta-color")
    assert len([line for line in log.at(logging.WARNING) if "is not kept" in line]) == 1


def test_a_working_directory_that_was_removed(emulator, bucketing, log, tmpdir):
    folder = str(tmpdir.mkdir("gone"))
    os.chdir(folder)
    os.rmdir(folder)
    try:
        flagship = bucketing(initial_bucketing="initial.json", bucketing_file="bucketing.json")
        assert flag(flagship, "cta-color")
        assert len([line for line in log.at(logging.WARNING) if "is not kept" in line]) == 1
    finally:
        os.chdir(str(tmpdir))


def test_who_may_read_it(emulator, bucketing):
    """Nobody but its owner, whatever the umask."""
    before = os.umask(0)
    try:
        bucketing()
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(COPY).st_mode) == 0o600


def test_left_overs(emulator, bucketing):
    """What killed processes left beside it stops nobody, whatever their process ids were, and is
    removed when it is old; a link that somebody planted is not followed."""
    own = "%s.%d.0.tmp" % (COPY, os.getpid())
    old, young = ".%s.old.tmp" % COPY, ".%s.young.tmp" % COPY
    write(b"mine", "precious")
    for name in (own, old, young):
        write(b"half", name)
    os.symlink("precious", ".%s.link.tmp" % COPY)
    os.utime(old, (1, 1))
    os.symlink("precious", COPY)
    bucketing()
    assert read()["environment_id"] == "env" and not os.path.islink(COPY)
    assert sorted(os.listdir(".")) == sorted([COPY, "precious", own, young, ".%s.link.tmp" % COPY])
    with io.open("precious", "rb") as file:
        assert file.read() == b"mine"


def test_panic_is_kept(emulator, bucketing):
    """A process that starts without the network knows of the panic that it last heard of."""
    emulator.panic = True
    bucketing()
    emulator.misbehave("bucketing", status=500)
    flagship = bucketing()
    assert flagship.status.panic and flagship.status.source == "snapshot"


PROCESS = """
import sys, time
from flagship import Config, Flagship
flagship = Flagship.instance()
flagship.start(u"env", u"key", Config(
    mode=Config.Mode.BUCKETING, polling_interval=0.01, cdn_url=sys.argv[1],
    decision_api_url=sys.argv[1], bucketing_file=sys.argv[2]))
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.read()
flagship.close()
"""


@slow
def test_several_processes_share_a_path(emulator):
    """While four processes write it, the copy is whole at every look."""
    emulator.set_bucketing(file_of(0, campaigns=50))
    environment = dict(os.environ,
                       PYTHONPATH=os.pathsep.join([ROOT] + [path for path in sys.path if path]))
    processes = [subprocess.Popen([sys.executable, "-c", PROCESS, emulator.urls["cdn_url"],
                                   os.path.abspath(COPY)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  env=environment) for _ in range(4)]
    try:
        for process in processes:
            assert process.stdout.readline().strip() == b"ready"
        seen, version, ends = set(), 0, time.time() + 60
        # On a busy machine it takes a while until the processes have their turn.
        while version < 40 or len(seen) <= 5 and time.time() < ends:
            version += 1
            emulator.set_bucketing(file_of(version, campaigns=50))
            for _ in range(10):
                record = read()
                values = set(_values(record["content"]))
                assert record["environment_id"] == "env" and len(values) == 1
                seen |= values
        assert len(seen) > 5
    finally:
        for process in processes:
            process.communicate()
    assert [process.returncode for process in processes] == [0] * 4
    assert os.listdir(".") == [COPY]


def _values(bucketing):
    return [value for campaign in bucketing["campaigns"] for group in campaign["variationGroups"]
            for variation in group["variations"]
            for value in variation["modifications"]["value"].values()]


@pytest.mark.parametrize("kind", ["dict", "path", "snapshot"])
def test_initial_bucketing(emulator, bucketing, log, kind):
    """A file that comes with the application serves until the network or a copy does."""
    given = file_of(1)
    if kind != "dict":
        write(given if kind == "path" else snapshot(1), "initial.json")
    emulator.set_bucketing(file_of(2))
    emulator.misbehave("bucketing", status=500)
    flagship = bucketing(initial_bucketing=given if kind == "dict" else "initial.json")
    given["campaigns"] = []
    assert flag(flagship) == 1 and flagship.status.source == "initial"
    emulator.behave()
    flagship = bucketing(initial_bucketing=given if kind == "dict" else "initial.json")
    assert flag(flagship) == 2 and flagship.status.source == "network"
    emulator.misbehave("bucketing", status=500)
    assert flag(bucketing(initial_bucketing=file_of(1))) == 2


@pytest.mark.parametrize("bad", [
    {"campaigns": 5}, {"campaigns": object()}, {"a": float("nan")}, {1.5: object()}, "missing.json",
    "torn.json", "foreign.json", ".", "a\0b"],
    ids=lambda bad: repr(bad)[:30])
def test_bad_initial_bucketing(emulator, bucketing, log, bad):
    """It costs one ERROR line; the network's file is used all the same."""
    write(b"{", "torn.json")
    write(snapshot(1, "another"), "foreign.json")
    assert flag(bucketing(initial_bucketing=bad), "cta-color")
    line, = log.at(logging.ERROR)
    assert "initial_bucketing" in line


def test_native_text_in_initial_bucketing(emulator, bucketing):
    """On Python 2 a dict written in the program holds bytes; it works all the same."""
    emulator.misbehave("bucketing", status=500)
    document = json.loads(json.dumps(file_of(1)))
    document["campaigns"][0][str("id")] = str("native")
    group = document["campaigns"][0]["variationGroups"][0]
    group["targeting"]["targetingGroups"][0]["targetings"] = [
        {str("key"): str("plan"), str("operator"): str("EQUALS"), str("value"): str("gold")}]
    flagship = bucketing(initial_bucketing=document)
    visitor = flagship.create_visitor(str("ann"), context={str("plan"): str("gold")})
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.get_modification_info("flag0")["campaignId"] == "native"


def test_environments_apart(bucketing, log):
    """Two environments that share a path never read each other's file."""
    bucketing()
    with Emulator(data("shop.json"), env_id="other") as other:
        other.misbehave("bucketing", status=500)
        Flagship.instance().start("other", "key", Config(
            mode=Config.Mode.BUCKETING, bucketing_file=COPY, polling_interval=0, event_handler=log,
            **other.urls))
        assert Flagship.instance().status.source is None
        assert "another environment" in log.at(logging.WARNING)[0]
