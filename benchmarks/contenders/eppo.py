"""Eppo (a core in Rust) on an initial configuration, without polling. Its allocations ask for no
log (``doLog``); with a logger that does nothing, all flags take seven times as long."""
import json

import eppo_client
from eppo_client import AssignmentLogger, ClientConfig, Configuration


def _flag(flag):
    splits = [{"variationKey": side,
               "shards": [{"salt": flag, "ranges": [{"start": begin, "end": begin + 5000}]}]}
              for begin, side in ((0, "a"), (5000, "b"))]
    return {"key": flag, "enabled": True, "variationType": "STRING", "totalShards": 10000,
            "variations": {side: {"key": side, "value": side} for side in "ab"},
            "allocations": [{"key": flag + "-allocation", "doLog": False, "splits": splits,
                             "rules": [
                                 {"conditions": [{"attribute": "country", "operator": "ONE_OF",
                                                  "value": ["fr"]}]}]}]}


def start(flags, directory):
    content = json.dumps({"createdAt": "2026-11-24T00:00:00.000Z", "format": "SERVER",
                          "environment": {"name": "test"},
                          "flags": {flag: _flag(flag) for flag in flags}})
    client = eppo_client.init(ClientConfig(
        api_key="key", base_url="http://127.0.0.1:9", assignment_logger=AssignmentLogger(),
        poll_interval_seconds=None,
        initial_configuration=Configuration(flags_configuration=content.encode("ascii"))))
    first, get = flags[0], client.get_string_assignment

    def everything(user, country):
        attributes = {"country": country}
        return {flag: get(flag, user, attributes, "none") for flag in flags}

    def one(user, country):
        return get(first, user, {"country": country}, "none")

    def known(user, country):
        attributes = {"country": country}
        return lambda: get(first, user, attributes, "none")
    return everything, one, known
