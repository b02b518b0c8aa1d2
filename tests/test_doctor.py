# -*- coding: utf-8 -*-
"""``flagship doctor`` names what is wrong, first, in one line, whatever that is."""
from __future__ import unicode_literals

import io
import json
import os
import sys
import time
from email.utils import formatdate

import pytest

from tests.faults.servers import AUTHORITY, NAME, Relay, tls
from tests.support import command, free_port

ENVIRONMENT, KEY = "bkk9glocmjcg0vtmdlng", "DxAcxlnRB9yFBZYtLDue1q01dcXZCw6aM49CQB23"
URLS = ("decision_api_url", "cdn_url", "tracking_url")


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    """The emulator's credentials in the environment, and no proxy or bundle."""
    monkeypatch.setenv(str("FLAGSHIP_ENV_ID"), str("env"))
    monkeypatch.setenv(str("FLAGSHIP_API_KEY"), str("key"))
    monkeypatch.setenv(str("DJANGO_SETTINGS_MODULE"), str(""))  # so that it is unset afterwards
    monkeypatch.delenv(str("DJANGO_SETTINGS_MODULE"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        for each in (name, name.upper()):
            monkeypatch.delenv(str(each), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(str(name), raising=False)


@pytest.fixture
def doctor(emulator):
    """Runs the command on the emulator, and looks that nothing was recorded there;
    ``{check's name: (level, message, see)}``."""
    emulator.is_watched = False  # OPTIONS is the doctor's own

    def doctor(*arguments, **urls):
        given = []
        for name, url in sorted(dict(emulator.urls, **urls).items()):
            given += ["--" + name.replace("_", "-"), url]
        given = ["doctor"] + given + list(arguments)
        code, lines, errors = command(given + ["--timeout", "5"][:0 if "--timeout" in given else 2])
        assert errors == "" and "Traceback" not in lines
        again, output, _ = command(given + ["--json"])
        document = json.loads(output)
        levels = [check["level"] for check in document["checks"]]
        assert levels == sorted(levels, key=["wrong", "warning", "ok", "skipped"].index)
        assert len(lines.splitlines()) == len(levels)
        assert document["well"] is ("wrong" not in levels)
        assert code == again == (0 if document["well"] else 1)
        accepted = dict(emulator.accepted, decisions=0)
        assert not any(accepted.values())
        return {check["name"]: (check["level"], check["message"], check["see"])
                for check in document["checks"]}
    return doctor


def test_all_is_well(doctor, emulator):
    found = doctor()
    assert {level for level, _, _ in found.values()} == {"ok"}
    assert sorted(found) == ["bucketing", "campaigns", "clock", "credentials", "file", "hits",
                             "proxy", "versions"]
    assert "campaigns, last modified" in found["file"][1] and "mmh3" in found["versions"][1]
    assert {request.endpoint for request in emulator.requests} == {"campaigns", "bucketing", "hit"}


FAULTS = [
    ("campaigns", {"status": 401}, "credentials", "the API key is wrong", "wrong-key"),
    ("campaigns", {"status": 403}, "credentials", "the API key is wrong", "wrong-key"),
    ("campaigns", {"status": 404}, "campaigns", "the base URL is wrong", "wrong-url"),
    ("campaigns", {"status": 407}, "campaigns", "asks for credentials", "proxy"),
    ("campaigns", {"status": 429}, "campaigns", "answered 429", None),
    ("campaigns", {"status": 500}, "campaigns", "answered 500", None),
    ("campaigns", {"body": "<html>"}, "campaigns", "is not JSON", None),
    ("campaigns", {"body": '{"campaigns": 5}'}, "campaigns", "of the wrong shape", None),
    ("campaigns", {"hang": True}, "campaigns", "no answer within 0.3 s", "timeout"),
    ("campaigns", {"drip": 0.1}, "campaigns", "no answer within 0.3 s", "timeout"),
    ("campaigns", {"reset": "before"}, "campaigns", "", None),
    ("campaigns", {"truncate": True}, "campaigns", "", None),
    ("campaigns", {"status": 302, "headers": {"Location": "http://127.0.0.1/"}}, "campaigns",
     "a redirect", "redirect"),
    ("bucketing", {"status": 404}, "bucketing", "does not know the environment",
     "unknown-environment"),
    ("bucketing", {"status": 403}, "bucketing", "answered 403", "wrong-key"),
    ("bucketing", {"status": 503}, "bucketing", "answered 503", None),
    ("bucketing", {"body": "rubbish"}, "bucketing", "is not JSON", None),
    ("bucketing", {"body": "[]"}, "bucketing", "", None),
    ("bucketing", {"hang": True}, "bucketing", "no answer within 0.3 s", "timeout"),
    ("hit", {"status": 503}, "hits", "answered 503", None),
    ("hit", {"hang": True}, "hits", "no answer within 0.3 s", "timeout"),
    ("hit", {"reset": "inside"}, "hits", "", None)]


@pytest.mark.parametrize("endpoint, fault, name, said, see", FAULTS, ids=repr)
def test_a_fault_of_the_platform(doctor, emulator, endpoint, fault, name, said, see):
    """Each is named by its check; what does not depend on it is well."""
    emulator.misbehave(endpoint, **fault)
    found = doctor(*(["--timeout", "0.3"] if "hang" in fault or "drip" in fault else []))
    level, message, section = found[name]
    assert level == "wrong" and said in message and section == see
    for other in {"campaigns", "bucketing", "hits"} - {name, endpoint}:
        assert found[other][0] == "ok"


def test_panic(doctor, emulator):
    emulator.panic = True
    found = doctor()
    assert found["campaigns"][::2] == found["bucketing"][::2] == ("wrong", "panic")


def test_an_environment_without_campaigns(doctor, emulator):
    emulator.set_bucketing({"campaigns": []})
    assert doctor()["file"][0] == "warning"


def test_a_collector_at_another_address(doctor, emulator):
    assert doctor(tracking_url=emulator.url + "/nowhere")["hits"][::2] == ("warning", "wrong-url")


@pytest.mark.parametrize("options, said, see", [
    (["--api-key", "s3cret"], "the API key is wrong", "wrong-key"),
    (["--env-id", "of-nobody"], "does not know the environment (environment of-nobody)",
     "unknown-environment"),
    (["--mode", "api", "--env-id", "of-nobody"], "the API key or the environment is wrong",
     "wrong-key"),
    (["--env-id", KEY, "--api-key", ENVIRONMENT], "are swapped", "wrong-key"),
    (["--env-id", "a b"], "FLAGSHIP_ENV_ID (", None),
    (["--api-key", "“s3cret”"], "FLAGSHIP_API_KEY (", None)])
def test_credentials(doctor, emulator, options, said, see):
    found = doctor(*options)
    level, message, section = found["credentials" if see else "settings"]
    assert (level, section) == ("wrong", see) and said in message
    swapped = KEY in options
    assert not [request for request in emulator.requests if KEY in request.path]
    for secret in ("s3cr", ENVIRONMENT if swapped else "s3cr", KEY):
        assert secret not in message


def test_missing_credentials(doctor, monkeypatch):
    """They are named; what needs none is looked at all the same."""
    monkeypatch.delenv(str("FLAGSHIP_API_KEY"))
    found = doctor("--spool", os.path.join("nowhere", "spool.db"))
    assert found["settings"][::2] == ("wrong", "missing-settings")
    assert "FLAGSHIP_API_KEY" in found["settings"][1]
    assert (found["platform"][0], found["spool"][0], found["versions"][0]) == (
        "skipped", "wrong", "ok")


def test_a_name(doctor):
    found = doctor(decision_api_url="http://ann:pass@%s/v2" % NAME)
    assert found["campaigns"][::2] == ("wrong", "unknown-host")
    assert NAME in found["campaigns"][1] and "pass" not in repr(found)


def test_nobody_listens(doctor):
    found = doctor(cdn_url="http://127.0.0.1:%d" % free_port())
    assert found["bucketing"][::2] == ("wrong", "unreachable")


@pytest.mark.parametrize("certificate", ["expired", "valid"])
def test_a_certificate(doctor, emulator, monkeypatch, certificate):
    """One that has expired, and one that nobody vouches for."""
    if certificate == "expired":
        monkeypatch.setenv(str("REQUESTS_CA_BUNDLE"), str(AUTHORITY))
    relay = Relay(emulator.port, tls(certificate))
    try:
        found = doctor(decision_api_url="https://localhost:%d/v2" % relay.port)
    finally:
        relay.close()
    assert found["campaigns"][::2] == ("wrong", "tls") and "certificate" in found["campaigns"][1]


def test_a_proxy(doctor, monkeypatch):
    """It is named, without its password, and so is that it cannot be used."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(str(name), str(""))
    port = free_port()
    monkeypatch.setenv(str("http_proxy"), str("http://ann:pass@127.0.0.1:%d" % port))
    found = doctor()
    assert "127.0.0.1:%d" % port in found["proxy"][1]
    assert found["campaigns"][::2] == found["hits"][::2] == ("wrong", "proxy")
    monkeypatch.setenv(str("http_proxy"), str("http://ann:pa/ss@127.0.0.1:port"))
    malformed = doctor()
    assert malformed["proxy"][::2] == ("wrong", "malformed-url")
    assert "pass" not in repr(found) and "pa/ss" not in repr(malformed)


@pytest.mark.parametrize("skew, age, level, said", [
    (0, 0, "ok", ""), (-200, 0, "warning", "ahead of"), (4000, 0, "wrong", "behind"),
    (-4000, 4000, "ok", "")])
def test_the_clock(doctor, emulator, skew, age, level, said):
    """Compared with the answers' date, whose age in a cache counts."""
    def answer(connection):
        connection.sendall(("HTTP/1.1 200 OK\r\nDate: %s\r\nAge: %d\r\nContent-Length: 17\r\n"
                            "Connection: close\r\n\r\n{\"campaigns\": []}" % (
                                formatdate(time.time() + skew, usegmt=True), age)).encode("ascii"))
    relay = Relay(emulator.port)
    relay.answer = answer
    try:
        found = doctor("--mode", "api", **{
            name: "http://127.0.0.1:%d" % relay.port for name in URLS})
    finally:
        relay.close()
    assert found["clock"][0] == level and said in found["clock"][1]


# files

def test_the_copy_of_the_file(doctor, tmpdir):
    """In bucketing mode: whether it can be kept, and whose it is."""
    path = tmpdir.join("bucketing.json")
    arguments = ["--mode", "bucketing", "--bucketing-file", str(path)]
    assert "is not there yet" in doctor(*arguments)["snapshot"][1]
    assert tmpdir.listdir() == []
    for content, said in (('{"content": {}, "environment_id": "other"}', "of another environment"),
                          ("rubbish", "is not JSON")):
        path.write(content)
        level, message, see = doctor(*arguments)["snapshot"]
        assert (level, see) == ("wrong", "snapshot") and said in message
    path.write('{"content": {"campaigns": []}, "environment_id": "env", "last_modified": "x"}')
    assert doctor(*arguments)["snapshot"][0] == "ok"
    nowhere = str(tmpdir.join("nowhere", "bucketing.json"))
    level, message, _ = doctor("--mode", "bucketing", "--bucketing-file", nowhere)["snapshot"]
    assert level == "wrong" and "nowhere cannot be written" in message


def test_the_spool(doctor, tmpdir):
    path = tmpdir.join("spool.db")
    assert doctor("--spool", str(path))["spool"][0] == "ok" and not path.exists()
    path.write("rubbish, and more than sixteen bytes of it")
    assert "is no SQLite file" in doctor("--spool", str(path))["spool"][1]
    path.write("")
    for mode, level in ((0o600, "ok"), (0o644, "warning")):
        os.chmod(str(path), mode)
        assert doctor("--spool", str(path))["spool"][0] == level
    assert doctor("--spool", str(tmpdir))["spool"][::2] == ("wrong", "spool")
    below = doctor("--spool", str(path.join("below", "spool.db")))["spool"]
    assert below[0] == "wrong"


# settings

@pytest.fixture
def settings(tmpdir, monkeypatch):
    """Writes a module of settings; its name."""
    made = []

    def settings(text):
        name = "shop_settings_%d" % len(made)
        made.append(name)
        with io.open(str(tmpdir.join(name + ".py")), "w", encoding="utf-8") as file:
            file.write("FLAGSHIP_ENV_ID, FLAGSHIP_API_KEY = 'env', 'key'\n" + text)
        return name
    yield settings
    for name in made:
        sys.modules.pop(name, None)
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def test_settings(doctor, settings, monkeypatch):
    """A module's credentials and options count, and the environment's do not."""
    monkeypatch.setenv(str("FLAGSHIP_API_KEY"), str("wrong"))
    found = doctor("--settings", settings("FLAGSHIP_OPTIONS = {'timeout': 2000}"))
    assert found["credentials"][0] == "ok" and "bucketing" not in found  # API is the default
    assert found["timeout"][::2] == ("warning", "milliseconds")
    found = doctor("--settings", settings("FLAGSHIP_OPTIONS = {'offline': True}"))
    assert (found["offline"][0], found["platform"][0]) == ("warning", "skipped")
    found = doctor("--settings", settings("FLAGSHIP_API_KEY = None"))
    assert found["settings"][::2] == ("wrong", "missing-settings")
    found = doctor("--settings", settings("FLAGSHIP_OPTIONS = {'timeot': 2}"))
    assert found["settings"][0] == "wrong" and "FLAGSHIP_OPTIONS" in found["settings"][1]


STORES = [
    ("", "ok", "MemoryVisitorCache gives back"),
    ("cache.lookup = lambda visitor_id: None", "wrong", "does not give back"),
    ("cache.lookup = lambda visitor_id: 5", "wrong", "another record"),
    ("cache.save = lambda *args: 1 // 0", "wrong", "raised ZeroDivisionError")]


@pytest.mark.parametrize("change, level, said", STORES, ids=[said for _, _, said in STORES])
def test_a_visitor_cache(doctor, settings, change, level, said):
    found = doctor("--settings", settings(
        "from flagship.cache import MemoryVisitorCache\ncache = MemoryVisitorCache()\n%s\n"
        "FLAGSHIP_OPTIONS = {'visitor_cache_manager': cache}\n" % change))
    assert found["cache"][0] == level and said in found["cache"][1]
    assert found["cache"][2] == (None if level == "ok" else "visitor-cache")


def test_a_visitor_cache_that_hangs(doctor, settings, monkeypatch):
    """The others are looked at, and the command ends."""
    monkeypatch.setattr("flagship.cli.doctor._GRACE", 0.1)
    name = settings(
        "import threading\nfrom flagship.cache import MemoryVisitorCache\n"
        "ends, cache = threading.Event(), MemoryVisitorCache()\n"
        "cache.save = lambda *args: ends.wait()\n"
        "FLAGSHIP_OPTIONS = {'visitor_cache_manager': cache}\n")
    try:
        found = doctor("--settings", name, "--timeout", "1")
    finally:
        sys.modules[name].ends.set()
    assert found["cache"][:2] == ("wrong", "no end after 1.1 s") and found["hits"][0] == "ok"


@pytest.mark.parametrize("arguments, said", [
    (["--settings", "no_such_module"], "--settings no_such_module: cannot be imported"),
    (["--timeout", "-1"], "--timeout"), (["--cdn-url", "ftp://x"], "--cdn-url"),
    (["--mode", "both"], "--mode"), (["--env-id", ""], "--env-id")])
def test_usage(arguments, said):
    code, output, errors = command(["doctor"] + arguments)
    assert (code, output) == (2, "") and said in errors and "Traceback" not in errors


def test_settings_that_raise(settings):
    """The classic: a variable that is not set. The line of the settings is named."""
    code, output, errors = command(["doctor", "--settings", settings(
        "import os\nSECRET = os.environ['NOT_SET_HERE']\n")])
    assert (code, output) == (2, "")
    assert "KeyError" in errors and "NOT_SET_HERE" in errors and ".py, line 3)" in errors
