"""PostHog's local evaluation on definitions that it is given. ``$feature_flag_called`` events are
off, as ``get_all_flags`` sends none either."""
from posthog import Posthog


def _flag(number, flag):
    return {"id": number, "key": flag, "active": True, "filters": {
        "groups": [{"rollout_percentage": 100, "properties": [
            {"key": "country", "value": ["fr"], "operator": "exact", "type": "person"}]}],
        "multivariate": {"variants": [{"key": side, "rollout_percentage": 50} for side in "ab"]}}}


def start(flags, directory):
    client = Posthog("project-key", host="http://127.0.0.1:9", send=False)
    client.feature_flags = [_flag(number, flag) for number, flag in enumerate(flags)]
    first = flags[0]

    def everything(user, country):
        return client.get_all_flags(user, person_properties={"country": country},
                                    only_evaluate_locally=True)

    def one(user, country):
        return client.get_feature_flag(first, user, person_properties={"country": country},
                                       only_evaluate_locally=True, send_feature_flag_events=False)

    def known(user, country):
        properties = {"country": country}
        return lambda: client.get_feature_flag(first, user, person_properties=properties,
                                               only_evaluate_locally=True,
                                               send_feature_flag_events=False)
    return everything, one, known
