"""What differs between 2.1.5 and this version, in classes that CHANGELOG.md names.

A class is ``(name, words of the changelog, function of a step)``. The words must stand in the
changelog wherever the class is met.
"""
import json
import re

MADE_ID = re.compile(
    r"\b(\d{19}|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})\b")
TEXT = type(u"")

#: The calls after which the two may be in different states.
STATEFUL = ("start", "create_visitor", "update_context", "authenticate", "unauthenticate",
            "synchronize_modifications", "close")
PRESET_DATA = re.compile(r"PresetContext\.\w+[:,] (Lazy|Text|Member|Decimal|float)")
FAILING = ("500", "drop", "garbage")


def comparable(done):
    """What a step did without what may differ: made-up ids, the version, the words of a log."""
    text = MADE_ID.sub("<made id>", json.dumps(done, sort_keys=True))
    text = re.sub(r'"x-sdk-version": "[^"]*"', '"x-sdk-version": ""', text)
    return without_words(json.loads(text))


def without_words(value):
    if isinstance(value, list):
        return [without_words(each) for each in value]
    if not isinstance(value, dict):
        return value
    value = {key: without_words(each) for key, each in value.items() if key != "words"}
    parts = value.get("tuple", [])
    for place, part in enumerate(parts[:-1]):
        if part in (True, False) and isinstance(parts[place + 1], TEXT) and parts[place + 1]:
            parts[place + 1] = "<words>"
    return value


class Step(object):
    """One step of a program under both versions."""

    def __init__(self, program, place, old, new):
        step = program[place]
        self.kind, self.source = step["kind"].split(" ")[0], step["source"]
        self.bucketing = "BUCKETING" in program[0]["source"]
        before = [each["source"] for each in program[:place]]
        worlds = [each[7:-2] for each in before if each.startswith("world(")]
        self.world, self.worlds = (worlds or ["ok"])[-1], set(worlds)
        self.closed = "close()" in before
        # get_context shows no preset key, so what one holds shows later.
        self.preset_data = any(PRESET_DATA.search(each) for each in before)
        self.words = new.get("words", "")
        self.old, self.new = comparable(old), comparable(new)

    @property
    def differs(self):
        return self.old != self.new

    @property
    def raised(self):
        """The classes of the errors, from each's own to object, of 2.1.5 and of this version."""
        return self.old.get("error", []), self.new.get("error", [])

    @property
    def contexts(self):
        def values(done):
            return {repr(key): value for key, value in done.get("context", {}).get("dict", [])}
        return values(self.old), values(self.new)

    def bodies(self, endpoint):
        """The bodies of the requests to one endpoint, of both."""
        def asked(done):
            return [request["body"] for request in done["requests"] if endpoint in request["path"]]
        return asked(self.old), asked(self.new)


# --- What is taken out of a step before anything else is looked at: each changes the step, and
# --- returns whether there was something to change.

def is_empty_preset(key, value):
    return isinstance(key, TEXT) and key.startswith(("sdk_", "fs_")) and value == ""


def without_presets(value):
    if isinstance(value, list):
        return [without_presets(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "dict" in value:
        return {"dict": [pair for pair in value["dict"] if not is_empty_preset(*pair)]}
    return {key: without_presets(each) for key, each in value.items()
            if not is_empty_preset(key, each)}


def preset_keys(step):
    before, step.old = step.old, without_presets(step.old)
    return before != step.old


def own_context(step):
    before = step.old
    names = ["context"] + (["result"] if step.kind == "get_context" else [])
    for name in names:
        if isinstance(step.old.get(name), dict):
            own = [pair for pair in step.old[name]["dict"] if not TEXT(pair[0]).startswith("sdk_")]
            step.old = dict(step.old, **{name: {"dict": own}})
    return before != step.old


def hit_result(step):
    if step.kind != "send_hit" or step.old.get("result", 0) is not None:
        return False
    if "result" not in step.new:
        return False
    step.old = dict(step.old, result=step.new["result"])
    return True


def flat_result(step):
    result = step.old.get("result") if step.kind == "update_context" else None
    first = result["tuple"][0]["tuple"] if result else []
    if len(first) != 4 or isinstance(first[0], dict):
        return False
    step.old = dict(step.old, result={"tuple": [{"tuple": [{"tuple": first}]}, result["tuple"][1]]})
    return True


def same_error(step):
    """An error that both raise, and that an ``except`` of a 2.1.x program finds."""
    old, new = step.raised
    if not old or old == new or old[0] not in new:
        return False
    step.old = dict(step.old, error=new)
    return True


TRANSPARENT = [
    ("preset keys are absent until they are set", "**Preset keys** are absent", preset_keys),
    ("get_context has no preset keys", "without the preset keys", own_context),
    ("send_hit has a result", "it returned None after a hit", hit_result),
    ("update_context with a pair gives a tuple of results", "it returned one flat result",
     flat_result),
    ("errors share a base", "share the base `FlagshipError`", same_error),
]


# --- What targetings say otherwise, taken out as well: each of these flags has one targeting.

def flag_class(name, words, *flags):
    def take(step):
        before = step.old
        for flag in flags:
            take_flag(step, flag)
        return before != step.old
    return name, words, take


def take_flag(step, flag):
    """Take the difference in one flag out of a step, where it comes from a decision here."""
    if not step.bucketing or flag not in step.old.get("flags", {}):
        return
    old, new = dict(step.old), step.new
    if "%s'" % flag in step.source and "error" not in dict(old, **new):
        old.update(result=new["result"], requests=new["requests"])
    old["flags"] = dict(old["flags"], **{flag: new.get("flags", {}).get(flag)})
    step.old = old


FLAG_CLASSES = [
    flag_class("EQUALS compares kinds", "``EQUALS`` and ``NOT_EQUALS`` compare kinds",
               "equals-kind", "not-equals-kind"),
    flag_class("CONTAINS writes as JSON does", "numbers and bools as in JSON", "contains-bool",
               "contains-float"),
    flag_class("EXISTS and NOT_EXISTS", "``EXISTS`` and ``NOT_EXISTS``", "exists", "not-exists"),
    flag_class("a preset key that is not set", "empty preset key matched", "preset"),
    flag_class("a group without targetings", "A group without targetings", "no-targetings"),
    flag_class("fs_users", "``fs_users`` matches the visitor's id", "users"),
    flag_class("the first group that matches", "the first variation group that matches", "rank"),
]


# --- The differences that are left.

#: Parameters that take anything, and types that are data to the others.
ANYTHING = ("default_value", "activate", "synchronize", "authenticated")
NUMBERS_OF = ("revenue", "shipping", "taxes", "item_nb", "price", "item_quantity", "value",
              "number", "width", "height", "timestamp")
TEXT_DATA = ("str", "unicode", "Text", "Member", "Lazy", "NoneType")
NUMBER_DATA = TEXT_DATA + ("bool", "int", "float", "Decimal", "Fraction")


def is_mistake(step):
    """Whether what raises is of a type that the parameter can never have."""
    found = re.match(r"(\w+): (\w+) .*not (\w+)$", step.words)
    if step.kind == "start" or "category" in step.words:
        return "FlagshipError" in step.raised[1]
    if not found or "FlagshipError" not in step.raised[1]:
        return False
    function, parameter, kind = found.groups()
    if parameter == "key" and kind == "NoneType":
        return True
    data = NUMBER_DATA if parameter in NUMBERS_OF else TEXT_DATA
    return parameter not in ANYTHING and kind not in data


def is_real_data(step):
    return bool(re.search(r"Text\(|Member|Lazy|Decimal|nan|OrderedDict", step.source))


def after_close(step):
    return step.closed or step.kind == "close"


def options(step):
    return step.kind == "start" and bool(step.raised[1])


def mistakes(step):
    return bool(step.raised[1]) and is_mistake(step)


def network_errors(step):
    old, new = step.raised
    return not new and step.world in FAILING and (
        "RequestException" in old or "JSONDecodeError" in old)


def failed_synchronisation(step):
    """Where only the decision failed 2.1.5 reported a success, and sent the context."""
    return step.kind in STATEFUL and step.world in FAILING and not any(step.raised)


def data_that_raised(step):
    return bool(step.raised[0]) and not step.raised[1]


def panic(step):
    return "panic" in step.worlds and not any(step.raised)


def ended_campaigns(step):
    return not any(step.raised) and "other" in step.worlds and not step.bucketing


def restart(step):
    """A second start with the same options loads nothing."""
    return step.kind == "start" and not any(step.raised) and not step.new["requests"]


def locations(step):
    """A URL that is valid to one alone, or stands in white space."""
    return not any(step.raised) and ("photography" in step.source or "(' http" in step.source)


COUNTS, NUMBERS = ("icn", "iq", "sn", "ev"), ("tr", "ts", "tt", "ip")


def hit_values(step):
    """A hit arrived under both, and its values are what the changelog says of 2.1.5's."""
    old, new = step.bodies("/hit")
    if not (old and new) or any(step.raised):
        return False
    return all(is_read(key, old[0].get(key), new[0].get(key)) for key in set(old[0]) | set(new[0]))


def is_read(key, old, new):
    if old == new and isinstance(old, bool) == isinstance(new, bool):
        return True
    if key in NUMBERS + COUNTS:
        number = as_number(old)
        if number is None:
            return new is None or key == "ev" and old is None and new > 0
        return new == number or new is None and key in COUNTS
    if key == "sr":
        return new is None or new == old.replace(".0", "")
    if old is None:
        return new == ""
    return new == "%s" % old or isinstance(old, TEXT) and old.startswith(new)


def as_number(value):
    try:
        return None if isinstance(value, (bool, list)) else float(value)
    except (TypeError, ValueError):
        return None


def context_values(step):
    """Pairs that 2.1.5 refused are read, and pairs that it could not send are refused."""
    old, new = step.contexts
    if step.kind not in STATEFUL or any(step.raised):
        return False
    if is_real_data(step) or step.preset_data:
        return True
    different = [key for key in set(old) | set(new) if old.get(key) != new.get(key)]
    return bool(different) and not any(is_plain(old.get(key)) for key in different)


def no_pair(step):
    return step.kind == "update_context" and "((), " in step.source and not any(step.raised)


def is_plain(value):
    """Whether a value is one that 2.1.5 could send."""
    if isinstance(value, TEXT):
        return not value.startswith("<")
    return isinstance(value, (bool, int, float))


CLASSES = [
    ("after close()", "After close", after_close),
    ("options are checked", "An unknown option or a wrong value raises", options),
    ("mistakes of the program raise", "A mistake of the program raises", mistakes),
    ("the network's failures are results", "An ``except requests...``", network_errors),
    ("a failed synchronisation is one", "A failed synchronisation", failed_synchronisation),
    ("data that 2.1.5 raised for", "Data never raises", data_that_raised),
    ("panic takes context and identity", "In panic, context and identity", panic),
    ("a synchronisation replaces all flags", "Ended campaigns", ended_campaigns),
    ("a second start loads nothing", "Starting again", restart),
    ("URLs", "long top-level domain", locations),
    ("values of hits", "Data never raises", hit_values),
    ("a tuple that is no pair is refused", "a tuple that is no pair", no_pair),
    ("values of contexts", "Data never raises", context_values),
]
