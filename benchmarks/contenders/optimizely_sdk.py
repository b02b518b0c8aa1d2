"""Optimizely Feature Experimentation on a datafile. Decision events are off
(``DISABLE_DECISION_EVENT``)."""
import json

from optimizely.decision.optimizely_decide_option import OptimizelyDecideOption
from optimizely.helpers.sdk_settings import OptimizelySdkSettings
from optimizely.optimizely import Optimizely


def _experiment(number, flag):
    def name(side):
        return "%d%d" % (number + 1000, "ab".index(side))
    return {"id": str(number + 2000), "key": flag + "-rule", "status": "Running",
            "layerId": str(number + 3000),
            "audienceIds": ["7"], "audienceConditions": ["or", "7"], "forcedVariations": {},
            "trafficAllocation": [{"entityId": name("a"), "endOfRange": 5000},
                                  {"entityId": name("b"), "endOfRange": 10000}],
            "variations": [{"id": name(side), "key": side, "featureEnabled": True, "variables": []}
                           for side in "ab"]}


def _datafile(flags):
    experiments = [_experiment(number, flag) for number, flag in enumerate(flags)]
    condition = ["and",
                 ["or", ["or", {"name": "country", "type": "custom_attribute", "match": "exact",
                                "value": "fr"}]]]
    return {"version": "4", "projectId": "1", "accountId": "2", "revision": "3",
            "anonymizeIP": True,
            "botFiltering": False, "rollouts": [], "groups": [], "events": [], "variables": [],
            "audiences": [{"id": "7", "name": "french", "conditions": "[]"}],
            "typedAudiences": [{"id": "7", "name": "french", "conditions": condition}],
            "attributes": [{"id": "8", "key": "country"}], "experiments": experiments,
            "featureFlags": [{"id": str(number + 4000), "key": flag, "rolloutId": "",
                              "variables": [],
                              "experimentIds": [experiments[number]["id"]]}
                             for number, flag in enumerate(flags)]}


def start(flags, directory):
    client = Optimizely(datafile=json.dumps(_datafile(flags)),
                        settings=OptimizelySdkSettings(odp_disabled=True),
                        default_decide_options=[OptimizelyDecideOption.DISABLE_DECISION_EVENT])
    first = flags[0]

    def everything(user, country):
        decisions = client.create_user_context(user, {"country": country}).decide_all()
        return {flag: decision.variation_key for flag, decision in decisions.items()}

    def one(user, country):
        return client.create_user_context(user, {"country": country}).decide(first).variation_key

    def known(user, country):
        context = client.create_user_context(user, {"country": country})
        return lambda: context.decide(first).variation_key
    return everything, one, known
