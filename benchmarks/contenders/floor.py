"""The floor: for each flag one hash, a modulo, a comparison and a pick, in a straight line."""
from mmh3 import hash as murmur


def start(flags, directory):
    rules = [(flag, flag.encode("ascii") + b":", "country", "fr", ("a",) * 50 + ("b",) * 50)
             for flag in flags]
    first = rules[0]

    def everything(user, country):
        context, user, values = {"country": country}, user.encode("utf-8"), {}
        for flag, salt, key, wanted, picks in rules:
            if context[key] == wanted:
                values[flag] = picks[murmur(salt + user, 0, False) % 100]
        return values

    def one(user, country):
        context, (_, salt, key, wanted, picks) = {"country": country}, first
        return picks[murmur(salt + user.encode("utf-8"), 0, False)
                     % 100] if context[key] == wanted else None

    def known(user, country):
        values, flag = everything(user, country), flags[0]
        return lambda: values.get(flag)
    return everything, one, known
