"""This SDK in bucketing mode, through its public API, on a bucketing file that is given at the
start, offline: a synchronisation sends no context event then, as the others record nothing.

``everything`` is a visitor, its synchronisation and ``get_modification`` of each flag.
"""
import logging

from flagship import Config, Flagship


def _campaign(flag):
    return {"id": flag, "type": "ab", "variationGroups": [{
        "id": flag + "-group",
        "targeting": {"targetingGroups": [
            {"targetings": [{"key": "country", "operator": "EQUALS", "value": "fr"}]}]},
        "variations": [{"id": "%s-%s" % (flag, side), "reference": side == "a", "allocation": 50,
                        "modifications": {"type": "FLAG", "value": {flag: side}}}
                       for side in "ab"]}]}


def start(flags, directory):
    logging.getLogger("flagship").setLevel(logging.CRITICAL)
    flagship = Flagship.instance()
    flagship.start("env", "key", Config(
        mode=Config.Mode.BUCKETING, offline=True, bucketing_file=None,
        initial_bucketing={"campaigns": [_campaign(flag) for flag in flags]}))
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
