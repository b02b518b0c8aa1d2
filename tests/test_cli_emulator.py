# -*- coding: utf-8 -*-
"""flagship emulator: the platform on this machine, from the command line."""
from __future__ import unicode_literals

import io
import os
import signal
import subprocess
import sys
import threading

import pytest
import requests

from flagship.emulator import Emulator
from tests.support import ROOT, command, data, eventually, free_port
from tests.test_quickstart import environment

# An unchanged program: nothing in it knows the emulator.
PROGRAM = """
from flagship import Config, Flagship
from flagship.hits import Page
with Flagship.instance() as flagship:
    flagship.start("of-the-program", "its-key", Config())
    visitor = flagship.create_visitor("ann")
    visitor.synchronize_modifications()
    print(visitor.get_modification("size", "default", activate=True))
    visitor.send_hit(Page("https://shop.example/"))
"""


def write(path, *campaigns):
    """A file of this text, in one step, as editors write it."""
    content = '{"campaigns": [%s]}' % ", ".join(campaigns)
    with io.open(path + ".new", "w", encoding="utf-8") as file:
        file.write(content)
    os.rename(path + ".new", path)


CAMPAIGN = ('{"id": "c", "type": "ab", "variationGroups": [{"id": "g", "targeting": '
            '{"targetingGroups": [{"targetings": [{"key": "fs_all_users", "operator": "EQUALS", '
            '"value": ""}]}]}, "variations": [{"id": "v", "allocation": 100, "modifications": '
            '{"type": "FLAG", "value": {"size": "%s"}}}]}]}')


class Running(object):
    """``flagship emulator`` in a process of its own, and what it has written so far."""

    def __init__(self, *arguments):
        self.lines = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flagship", "emulator"] + list(arguments), cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(),
            # A shell's background job ignores the signal, and so would what it starts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in iter(self.process.stdout.readline, b""):
            self.lines.append(line.decode("utf-8").rstrip())

    def says(self, text):
        """The first line with this text, once there is one; None where there is none."""
        found = []
        eventually(lambda: found or found.extend(
            line for line in list(self.lines) if text in line))
        return found[0] if found else None

    def end(self, number=signal.SIGTERM):
        """The exit code after a signal."""
        self.process.send_signal(number)
        self._reader.join()
        self.process.stdout.close()
        return self.process.wait()


@pytest.fixture
def run():
    """Runs it, and ends what a test left running."""
    running = []

    def run(*arguments):
        running.append(Running(*arguments))
        return running[-1]
    yield run
    for each in running:
        if each.process.poll() is None:
            each.process.kill()
            each.end()


def test_a_program_under_development(run, tmpdir):
    """It says where it is; a program that has only the variable is served; each request is a line;
    the file is read again when it changes, and a broken one changes nothing."""
    path = str(tmpdir.join("shop.json"))
    write(path, CAMPAIGN % "small")
    running = run(path, "--port", "0")
    url = running.says("FLAGSHIP_EMULATOR").partition("FLAGSHIP_EMULATOR=")[2].split()[0]
    assert "1 campaign of " + path in running.lines[0]
    assert running.says("what arrives").endswith(url + "/") and running.says("any environment id")
    assert all(running.says('="%s%s"' % (url, place)) for place in ("/v2", "/cdn", "/collect"))

    def program():
        return subprocess.check_output(
            [sys.executable, "-c", PROGRAM], cwd=str(tmpdir), env=environment(
                FLAGSHIP_EMULATOR=url, PYTHONPATH=os.pathsep.join([ROOT] + sys.path))).decode()
    assert program().split() == ["small"]
    for wanted in (["POST", "campaigns", "ann", "200"], ["POST", "events", "ann", "204"],
                   ["POST", "activate", "ann", "204"],
                   ["POST", "hit", "ann", "200", "PAGEVIEW", "https://shop.example/"]):
        line = running.says(" %s " % wanted[1])
        assert line.split()[1:1 + len(wanted)] == wanted, line

    write(path, CAMPAIGN % "broken" + ",")
    said = running.says("stay as they were")
    assert path in said and "line 1, column" in said and requests.get(url + "/").ok
    write(path, CAMPAIGN % "large", CAMPAIGN.replace('"c"', '"d"') % "larger")
    assert running.says("now with 2 campaigns of " + path)
    assert program().split() == ["larger"]
    requests.post(url + "/collect/", data='{"t": "PAGEVIEW", "vid": "e\\u0007ve\\n"}')
    refused = ["POST", "hit", "e\\u0007ve\\u000a", "400"]
    assert running.says("ds must be APP").split()[1:5] == refused
    os.remove(path)
    assert running.says("No such file")
    assert len([line for line in running.lines if "stay as they were" in line]) == 2
    assert running.end() == 0 and "Traceback" not in "".join(running.lines)


def test_it_takes_only_the_credentials_that_it_was_given_and_ends_on_ctrl_c(run):
    running = run("--port", "0", "--env-id", "shop", "--api-key", "k")
    url = running.says("what arrives").split()[-1].rstrip("/")
    assert running.says("environment id shop, API key k")
    asked = [requests.post(url + "/v2/%s/campaigns" % each, data='{"visitorId": "ann"}', headers={
        "x-api-key": key}).status_code for each, key in (("shop", "k"), ("shop", "x"), ("x", "k"))]
    assert asked == [200, 401, 401]
    assert running.says(" 401 ").split()[1:5] == ["POST", "campaigns", "ann", "401"]
    assert running.end(signal.SIGINT) == 0 and "Traceback" not in "".join(running.lines)


@pytest.mark.parametrize("content, said", [
    (None, "No such file"), (b"", "not JSON"), (b"[]", "an object"),
    (b'{"campaigns": 5}', "a list"),
    (b"{\n \"campaigns\": nope}", "line 2, column 15"), (b"\xff", "not UTF-8")])
def test_a_file_that_cannot_be_used_is_named(tmpdir, content, said):
    path = os.path.join("%s" % tmpdir, "shop \u00e9.json")
    name = path.encode("utf-8") if str is bytes else path  # as the shell gives it
    if content is not None:
        with io.open(name, "wb") as file:
            file.write(content)
    code, output, errors = command(["emulator", name, "--port", "0"])
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert "shop \u00e9.json: " in errors and said in errors


def test_a_port_in_use_is_a_sentence():
    with Emulator() as other:
        code, output, errors = command(["emulator", data("shop.json"), "--port", str(other.port)])
    assert (code, output) == (2, "")
    assert errors == "flagship emulator: --port: %d is in use; take another one, or 0 for a free " \
                     "one\n" % other.port


@pytest.mark.parametrize("arguments", [["--port", "-1"], ["--port", "65536"], ["--port", "x"],
                                       ["--env-id", ""], ["--api-key", ""]], ids=" ".join)
def test_a_wrong_option_is_named(arguments):
    code, output, errors = command(["emulator"] + arguments)
    assert (code, output) == (2, "") and arguments[0] in errors


def test_a_reader_that_goes_away_ends_it(run):
    """As in ``flagship emulator | head -1``."""
    port = free_port()
    running = subprocess.Popen([sys.executable, "-m", "flagship", "emulator", "--port", str(port)],
                               cwd=ROOT, env=environment(), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    running.stdout.readline()
    running.stdout.close()
    requests.get("http://127.0.0.1:%d/nowhere" % port)
    assert running.wait() == 141 and running.stderr.read() == b""
    running.stderr.close()
