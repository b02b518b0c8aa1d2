"""Statsig (a core in Rust) on specs out of a data store, without network. Events are off
(``disable_all_logging``, and ``disable_exposure_logging`` on each call). The flags are experiments;
boolean gates with half a pass rate take about three quarters of the time."""
import json
import time

from statsig_python_core import (
    DataStore, ExperimentEvaluationOptions, Statsig, StatsigOptions, StatsigUser)
from statsig_python_core.data_store import DataStoreResponse

_TARGETED = {"type": "user_field", "operator": "none", "field": "country", "targetValue": ["fr"],
             "additionalValues": {}, "isDeviceBased": False, "idType": "userID"}


def _rule(name, conditions, value, is_group):
    return {"name": name, "id": name, "groupName": name, "passPercentage": 100,
            "conditions": conditions,
            "returnValue": value, "idType": "userID", "isExperimentGroup": is_group, "salt": name}


def _bucket(flag, below):
    return {"type": "user_bucket", "operator": "lt", "field": None, "targetValue": below,
            "additionalValues": {"salt": flag}, "isDeviceBased": False, "idType": "userID"}


def _experiment(flag, conditions):
    names = {"targeting": "targeting", "a": flag + "-a", "b": flag + "-b"}
    conditions[names["targeting"]] = _TARGETED
    conditions[names["a"]], conditions[names["b"]] = _bucket(flag, 500), _bucket(flag, 1000)
    return {"type": "dynamic_config", "entity": "experiment", "salt": flag, "enabled": True,
            "isActive": True,
            "defaultValue": {}, "idType": "userID", "hasSharedParams": False,
            "explicitParameters": [], "version": 1,
            "rules": [_rule("inlineTargetingRules", [names["targeting"]], {}, False)] + [
                _rule("%s-group-%s" % (flag, side), [names[side]], {"side": side}, True)
                for side in "ab"]}


class Specs(DataStore):
    def __init__(self, content):
        super().__init__()
        self._content = content

    def get(self, key):
        return DataStoreResponse(self._content, int(time.time() * 1000))


def _specs(flags):
    conditions = {}
    experiments = {flag: _experiment(flag, conditions) for flag in flags}
    return json.dumps({
        "has_updates": True, "time": int(time.time() * 1000), "company_id": "company",
        "feature_gates": {},
        "dynamic_configs": experiments, "layer_configs": {}, "layers": {},
        "experiment_to_layer": {}, "condition_map": conditions,
        "response_format": "dcs-v2", "sdk_configs": {}, "id_lists": {}, "param_stores": {},
        "app_id": "app"})


def start(flags, directory):
    client = Statsig("secret-key", StatsigOptions(
        data_store=Specs(_specs(flags)), disable_network=True, disable_all_logging=True,
        disable_country_lookup=True, disable_disk_access=True, output_log_level="none"))
    client.initialize().wait()
    options, first = ExperimentEvaluationOptions(disable_exposure_logging=True), flags[0]

    def everything(user, country):
        person = StatsigUser(user, country=country)
        return {flag: client.get_experiment(person, flag, options).get_string("side", "none")
                for flag in flags}

    def one(user, country):
        return client.get_experiment(StatsigUser(user, country=country), first, options).get_string(
            "side", "none")

    def known(user, country):
        person = StatsigUser(user, country=country)
        return lambda: client.get_experiment(person, first, options).get_string("side", "none")
    return everything, one, known
