"""Unleash on a bootstrapped cache. Nothing is fetched or registered, metrics are counted in memory
and not sent (``disable_metrics=True``)."""
from UnleashClient import UnleashClient
from UnleashClient.cache import FileCache


def _feature(flag):
    return {"name": flag, "type": "experiment", "enabled": True, "stale": False, "strategies": [{
        "name": "flexibleRollout",
        "parameters": {"rollout": "100", "stickiness": "userId", "groupId": flag},
        "constraints": [{"contextName": "country", "operator": "IN", "values": ["fr"],
                         "inverted": False}],
        "variants": [{"name": side, "weight": 500, "weightType": "variable", "stickiness": "userId",
                      "payload": {"type": "string", "value": side}} for side in "ab"]}],
            "variants": []}


def start(flags, directory):
    cache = FileCache("peers", directory=directory)
    cache.bootstrap_from_dict({"version": 2, "features": [_feature(flag) for flag in flags]})
    client = UnleashClient("http://127.0.0.1:9/api", "peers", cache=cache, disable_metrics=True,
                           disable_registration=True)
    client.initialize_client(fetch_toggles=False)
    first = flags[0]

    def everything(user, country):
        context = {"userId": user, "properties": {"country": country}}
        return {flag: client.get_variant(flag, context)["name"] for flag in flags}

    def one(user, country):
        return client.get_variant(first, {"userId": user, "properties": {"country": country}})[
            "name"]

    def known(user, country):
        context = {"userId": user, "properties": {"country": country}}
        return lambda: client.get_variant(first, context)["name"]
    return everything, one, known
