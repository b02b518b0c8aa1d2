"""GrowthBook's synchronous client on features that it is given. No callback for exposures is
set."""
from growthbook import GrowthBook


def _feature(flag):
    return {"defaultValue": "none", "rules": [{
        "condition": {"country": "fr"}, "key": flag, "seed": flag, "hashAttribute": "id",
        "hashVersion": 2, "coverage": 1, "weights": [0.5, 0.5], "variations": ["a", "b"]}]}


def start(flags, directory):
    features, first = {flag: _feature(flag) for flag in flags}, flags[0]
    client = GrowthBook(features=features)

    def everything(user, country):
        # A client for each user would compile all features.
        client.set_attributes({"id": user, "country": country})
        return {flag: client.get_feature_value(flag, "none") for flag in flags}

    def one(user, country):
        client.set_attributes({"id": user, "country": country})
        return client.get_feature_value(first, "none")

    def known(user, country):
        mine = GrowthBook(attributes={"id": user, "country": country}, features=features)
        return lambda: mine.get_feature_value(first, "none")
    return everything, one, known
