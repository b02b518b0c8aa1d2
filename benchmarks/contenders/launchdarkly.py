"""LaunchDarkly on its file data source. Events are off (``send_events=False``)."""
import json
import os

import ldclient
from ldclient import Context
from ldclient.config import Config
from ldclient.integrations import Files


def _flag(key):
    return {"key": key, "version": 1, "on": True, "salt": key, "variations": ["a", "b", "none"],
            "offVariation": 2, "fallthrough": {"variation": 2}, "rules": [{
                "id": key + "-rule",
                "clauses": [{"contextKind": "user", "attribute": "country", "op": "in",
                             "values": ["fr"]}],
                "rollout": {"contextKind": "user", "variations": [{"variation": 0, "weight": 50000},
                                                                  {"variation": 1,
                                                                   "weight": 50000}]}}]}


def start(flags, directory):
    path = os.path.join(directory, "flags.json")
    with open(path, "w") as file:
        json.dump({"flags": {flag: _flag(flag) for flag in flags}}, file)
    ldclient.set_config(Config("sdk-key", send_events=False, diagnostic_opt_out=True,
                               update_processor_class=Files.new_data_source(paths=[path])))
    client, first = ldclient.get(), flags[0]

    def person(user, country):
        return Context.builder(user).set("country", country).build()

    def everything(user, country):
        return client.all_flags_state(person(user, country)).to_values_map()

    def one(user, country):
        return client.variation(first, person(user, country), "none")

    def known(user, country):
        context = person(user, country)
        return lambda: client.variation(first, context, "none")
    return everything, one, known
