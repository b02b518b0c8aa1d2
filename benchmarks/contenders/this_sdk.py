"""This SDK in bucketing mode, through its public API, on a bucketing file that is given at the start.

``everything`` is a visitor, its synchronisation and ``get_modification`` of each flag. A synchronisation records a
context event and there is no option against that, so the event is in the time: tracking is deferred, and its worker
finds nobody listening. ``one`` for a fresh visitor decides all campaigns too, as a synchronisation does.
"""
import logging

from flagship import Config, Flagship


def _campaign(flag):
    return {"id": flag, "type": "ab", "variationGroups": [{
        "id": flag + "-group",
        "targeting": {"targetingGroups": [{"targetings": [{"key": "country", "operator": "EQUALS", "value": "fr"}]}]},
        "variations": [{"id": "%s-%s" % (flag, side), "reference": side == "a", "allocation": 50,
                        "modifications": {"type": "FLAG", "value": {flag: side}}} for side in "ab"]}]}


def start(flags, directory):
    logging.getLogger("flagship").setLevel(logging.CRITICAL)
    nobody = "http://127.0.0.1:9"
    flagship = Flagship.instance()
    flagship.start("env", "key", Config(
        mode=Config.Mode.BUCKETING, initial_bucketing={"campaigns": [_campaign(flag) for flag in flags]},
        bucketing_file=None, polling_interval=0, timeout=0.5, tracking="deferred", cdn_url=nobody,
        decision_api_url=nobody, tracking_url=nobody))
    first = flags[0]

    def everything(user, country):
        visitor = flagship.create_visitor(user, False, {"country": country})
        visitor.synchronize_modifications()
        return {flag: visitor.get_modification(flag, "none") for flag in flags}

    def one(user, country):
        visitor = flagship.create_visitor(user, False, {"country": country})
        visitor.synchronize_modifications()
        return visitor.get_modification(first, "none")

    def known(user, country):
        visitor = flagship.create_visitor(user, False, {"country": country})
        visitor.synchronize_modifications()
        return lambda: visitor.get_modification(first, "none")
    return everything, one, known
