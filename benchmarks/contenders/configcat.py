"""ConfigCat on a local file with the whole config JSON, which is in force alone. It records no
exposures."""
import json
import os

from configcatclient import ConfigCatClient, ConfigCatOptions
from configcatclient.localfiledatasource import LocalFileFlagOverrides
from configcatclient.overridedatasource import OverrideBehaviour
from configcatclient.user import User


def _setting(flag):
    return {"t": 1, "v": {"s": "none"}, "r": [{
        "c": [{"u": {"a": "Country", "c": 0, "l": ["fr"]}}],
        "p": [{"p": 50, "v": {"s": side}} for side in "ab"]}]}


def start(flags, directory):
    path = os.path.join(directory, "config.json")
    with open(path, "w") as file:
        json.dump({"p": {"u": "http://127.0.0.1:9", "r": 0, "s": "salt"}, "f": {
            flag: _setting(flag) for flag in flags}}, file)
    client = ConfigCatClient.get("local", ConfigCatOptions(
        offline=True, flag_overrides=LocalFileFlagOverrides(path, OverrideBehaviour.LocalOnly)))
    first = flags[0]

    def everything(user, country):
        return client.get_all_values(User(user, country=country))

    def one(user, country):
        return client.get_value(first, "none", User(user, country=country))

    def known(user, country):
        person = User(user, country=country)
        return lambda: client.get_value(first, "none", person)
    return everything, one, known
