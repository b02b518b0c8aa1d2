"""OpenFeature's SDK on its in-memory provider, which knows neither rules nor shares: they are a
context evaluator of ours, a comparison and a CRC. So this is about the price of the interface."""
from zlib import crc32

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider


def _flag(flag):
    salt = flag.encode("ascii")

    def evaluate(definition, context):
        if context.attributes.get("country") != "fr":
            return FlagResolutionDetails("none", variant="none", reason=Reason.DEFAULT)
        side = "a" if crc32(salt + context.targeting_key.encode("utf-8")) // 7 % 100 < 50 else "b"
        return FlagResolutionDetails(definition.variants[side], variant=side, reason=Reason.SPLIT)
    return InMemoryFlag("none", {"a": "a", "b": "b", "none": "none"}, context_evaluator=evaluate)


def start(flags, directory):
    api.set_provider(InMemoryProvider({flag: _flag(flag) for flag in flags}))
    client, first = api.get_client(), flags[0]

    def everything(user, country):
        context = EvaluationContext(user, {"country": country})
        return {flag: client.get_string_value(flag, "none", context) for flag in flags}

    def one(user, country):
        return client.get_string_value(first, "none", EvaluationContext(user, {"country": country}))

    def known(user, country):
        context = EvaluationContext(user, {"country": country})
        return lambda: client.get_string_value(first, "none", context)
    return everything, one, known
