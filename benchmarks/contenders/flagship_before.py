"""flagship 2.1.5 or 3.0.1, whichever is installed, in bucketing mode.

Their URLs are fixed, so ``requests`` itself is replaced: the bucketing file comes from memory, and
an answer to what they send is at hand. 2.1.5 sends a context event at each synchronisation, in the
caller's thread. 3.0.1 queues one; its queue is as long as it may be (5,000), so that a batch is
rare.
"""
import json
import time

import requests


def _campaign(flag):
    return {"id": flag, "type": "ab", "slug": "", "variationGroups": [{
        "id": flag + "-group",
        "targeting": {"targetingGroups": [
            {"targetings": [{"key": "country", "operator": "EQUALS", "value": "fr"}]}]},
        "variations": [{"id": "%s-%s" % (flag, side), "reference": side == "a", "allocation": 50,
                        "modifications": {"type": "FLAG", "value": {flag: side}}}
                       for side in "ab"]}]}


def _answer(url, content):
    response = requests.Response()
    response.status_code, response.url, response.reason, response._content = 200, url, "OK", content
    # Without it no file is kept.
    response.headers["Last-Modified"] = "Mon, 23 Nov 2026 00:00:00 GMT"
    response.request = requests.Request("POST", url).prepare()
    return response


def _without_network(flags):
    document = {"panic": False, "campaigns": [_campaign(flag) for flag in flags]}
    file = _answer("http://127.0.0.1:9/bucketing", json.dumps(document).encode("ascii"))
    taken = _answer("http://127.0.0.1:9/", b"{}")

    def answered(method, url, **kwargs):
        return file if "bucketing" in url else taken
    requests.api.request = requests.request = answered
    requests.get = lambda url, **kwargs: answered("GET", url)
    requests.post = lambda url, **kwargs: taken
    requests.Session.request = lambda self, method, url, **kwargs: answered(method, url)


def _start_2_1_5():
    from flagship.app import Flagship
    from flagship.config import Config
    from flagship.handler import FlagshipEventHandler

    class Quiet(FlagshipEventHandler):
        def on_log(self, level, message):
            pass

        def on_exception_raised(self, exception, traceback):
            raise exception
    flagship = Flagship.instance()
    flagship.start("env", "key", Config(mode=Config.Mode.BUCKETING, polling_interval=86400,
                                        event_handler=Quiet()))

    def person(user, country):
        visitor = flagship.create_visitor(user, False, {"country": country})
        visitor.synchronize_modifications()
        return visitor.get_modification
    return person


def _start_3_0_1():
    from flagship import Flagship
    from flagship.config import Bucketing
    from flagship.log_manager import LogLevel
    from flagship.tracking_manager import TrackingManagerConfig
    Flagship.start("env", "key", Bucketing(
        polling_interval=86400000, log_level=LogLevel.NONE,
        tracking_manager_config=TrackingManagerConfig(max_pool_size=5000, time_interval=10800000)))

    def person(user, country):
        visitor = Flagship.new_visitor(user, context={"country": country})
        visitor.fetch_flags()
        return lambda flag, default: visitor.get_flag(flag, default).value(False)
    return person


def start(flags, directory):
    _without_network(flags)
    try:
        import flagship.app  # noqa: F401
        person = _start_2_1_5()
    except ImportError:
        person = _start_3_0_1()
    time.sleep(1)  # their poller reads the file
    first = flags[0]

    def everything(user, country):
        get = person(user, country)
        return {flag: get(flag, "none") for flag in flags}

    def one(user, country):
        return person(user, country)(first, "none")

    def known(user, country):
        get = person(user, country)
        return lambda: get(first, "none")
    return everything, one, known
