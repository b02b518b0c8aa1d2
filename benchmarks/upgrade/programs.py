"""Random programs of the documented API, as source text that runs under any version."""
import random

#: Values as source text, by the kind of parameter: what the documentation shows, then what real
#: data looks like. The runner evaluates them.
PLAIN = {
    "text": ["'fr'", "'Paris'", "'ann-1'", "u'\\xe9t\\xe9'"],
    "id": ["'ann'", "'bob-27'", "'202072017183814142'"],
    "money": ["19.99", "7", "0", "420.0", "4.9"],
    "count": ["1", "2", "12"],
    "value": ["'fr'", "'gold'", "True", "False", "3", "21", "7.334"],
    "default": ["'blue'", "0", "1.5", "True", "{}", "[]"],
    "flag": ["True", "False"],
}
REAL = {
    "text": ["None", "''", "7", "Lazy('fr')", "Text('fr')", "Member.RED", "True", "1.5", "['a']",
             "'x' * 600", "uuid.UUID(int=7)", "b'fr'"],
    "id": ["None", "''", "7", "Lazy('ann')", "Text('ann')", "True", "uuid.UUID(int=7)"],
    "money": ["Decimal('19.90')", "Decimal(5)", "'19.90'", "'free'", "None", "True", "-4.5",
              "float('nan')", "Fraction(1, 2)", "Lazy(2.5)", "[1]"],
    "count": ["1.0", "Decimal(2)", "'2'", "None", "-1", "True", "2.5", "[1]"],
    "value": ["None", "Decimal('1.5')", "[]", "{}", "Lazy('fr')", "Text('fr')", "Member.RED",
              "float('nan')", "1.0", "'1'", "1", "Thing()"],
    "default": ["None", "()", "Decimal(1)", "Lazy('blue')", "Thing()"],
    "flag": ["1", "0", "Truth(True)", "Truth(False)", "None"],
}
KEYS = ["'btn-color'", "'rank'", "'vip'", "'nothing'", "'unknown'"]
ODD_KEYS = ["Lazy('btn-color')", "Text('rank')", "7", "None", "['rank']"]
CONTEXT_KEYS = ["'country'", "'plan'", "'isVIP'", "'age'", "PresetContext.LOCATION_CITY"]
ODD_CONTEXT_KEYS = ["0", "Text('country')", "None"]
CONTEXTS = ["None", "()", "[('country', 'fr')]", "OrderedDict([('country', 'fr')])", "7"]
LOCATIONS = ["'https://www.example.com/a'", "'http://localhost:80/'"]
ODD_LOCATIONS = ["'not working'", "None", "'https://shop.photography/'", "'http://exa mple.com'",
                 "' https://example.com/ '", "7"]
CATEGORIES = ["EventCategory.ACTION_TRACKING", "EventCategory.USER_ENGAGEMENT"]
ODD_CATEGORIES = ["'ACTION_TRACKING'", "'User Engagement'", "'other'", "None"]

SETTERS = {
    "Page": [], "Screen": [],
    "Event": [("with_event_label", ["text"]), ("with_event_value", ["count"])],
    "Transaction": [
        ("with_total_revenue", ["money"]), ("with_shipping_cost", ["money"]),
        ("with_shipping_method", ["text"]), ("with_taxes", ["money"]), ("with_currency", ["text"]),
        ("with_payment_method", ["text"]), ("with_item_count", ["count"]),
        ("with_coupon_code", ["text"])],
    "Item": [("with_price", ["money"]), ("with_item_quantity", ["count"]),
             ("with_item_category", ["text"])],
}
COMMON = [("with_ip", ["text"]), ("with_locale", ["text"]), ("with_session_number", ["count"]),
          ("with_resolution", ["count", "count"])]
WORLDS = ["ok", "ok", "ok", "other", "panic", "500", "drop", "garbage"]


class Writer(object):
    """Writes one random program: a list of steps, each ``{"kind", "source"}``."""

    def __init__(self, seed, realism):
        self.random, self.realism = random.Random(seed), realism

    def choose(self, plain, real):
        return self.random.choice(real if self.random.random() < self.realism else plain)

    def value(self, kind):
        return self.choose(PLAIN[kind], REAL[kind])

    def pair(self):
        return self.choose(CONTEXT_KEYS, ODD_CONTEXT_KEYS), self.value("value")

    def context(self):
        if self.random.random() < self.realism / 2:
            return self.random.choice(CONTEXTS)
        pairs = [self.pair() for _ in range(self.random.randint(0, 3))]
        return "{%s}" % ", ".join("%s: %s" % pair for pair in pairs)

    def hit(self):
        name = self.random.choice(sorted(SETTERS))
        required = {
            "Page": [self.choose(LOCATIONS, ODD_LOCATIONS)], "Screen": [self.value("text")],
            "Event": [self.choose(CATEGORIES, ODD_CATEGORIES), self.value("text")],
            "Transaction": [self.value("text"), self.value("text")],
            "Item": [self.value("text"), self.value("text"), self.value("text")]}[name]
        source = "%s(%s)" % (name, ", ".join(required))
        setters = SETTERS[name] + COMMON
        for setter, kinds in self.random.sample(setters, self.random.randint(0, 3)):
            source += ".%s(%s)" % (setter, ", ".join(self.value(kind) for kind in kinds))
        return source

    def call(self):
        kind = self.random.choice(sorted(CALLS))
        return {"kind": kind, "source": CALLS[kind](self)}

    def start(self, mode):
        options = self.random.choice(["", "", "", ", timeout=1", ", debug=True"])
        if self.random.random() < self.realism / 5:
            options = self.random.choice([", timeout='2'", ", timeout=0", ", retries=3"])
        return {"kind": "start", "source": "start(Config.Mode.%s%s)" % (mode, options)}

    def create(self, mode):
        writer = self if self.random.random() < 0.4 else Writer(self.random.random(), 0)
        visitor_id = writer.value("id")
        if mode == "BUCKETING" and visitor_id in ("None", "''"):
            visitor_id = "'ann'"  # a made-up id has another bucket each time
        return {"kind": "create_visitor", "source": "create(%s, %s, %s)" % (
            visitor_id, writer.value("flag"), writer.context())}

    def program(self):
        mode = self.random.choice(["API", "API", "BUCKETING"])
        steps = [self.start(mode), self.create(mode)]
        for _ in range(self.random.randint(4, 9)):
            if self.random.random() < 0.12:
                world = self.random.choice(WORLDS)
                steps.append({"kind": "world", "source": "world(%r)" % str(world)})
            steps.append(self.call())
        last = self.random.random()
        if last < 0.1:
            steps += [{"kind": "close", "source": "close()"}, self.call(), self.create(mode)]
        elif last < 0.2:
            steps += [self.start(mode), self.call(), self.create(mode)]
        return steps


CALLS = {
    "synchronize_modifications": lambda writer: "visitor.synchronize_modifications()",
    "update_context": lambda writer: "visitor.update_context(%s, %s)" % (
        writer.random.choice([writer.context(), "(%s, %s)" % writer.pair()]), writer.value("flag")),
    "get_modification": lambda writer: "visitor.get_modification(%s, %s, %s)" % (
        writer.choose(KEYS, ODD_KEYS), writer.value("default"), writer.value("flag")),
    "get_modification_with_results":
        lambda writer: "visitor.get_modification_with_results(%s, %s)" % (
            writer.choose(KEYS, ODD_KEYS), writer.value("default")),
    "get_modification_info": lambda writer: "visitor.get_modification_info(%s)" % (
        writer.choose(KEYS, ODD_KEYS)),
    "activate_modification": lambda writer: "visitor.activate_modification(%s)" % (
        writer.choose(KEYS, ODD_KEYS)),
    "authenticate": lambda writer: "visitor.authenticate(%s, %s, %s)" % (
        writer.value("id"), writer.context(), writer.value("flag")),
    "unauthenticate": lambda writer: "visitor.unauthenticate(%s, %s)" % (
        writer.context(), writer.value("flag")),
    "get_context": lambda writer: "visitor.get_context()",
    "send_hit": lambda writer: "visitor.send_hit(%s)" % writer.choose([writer.hit()], [
        writer.hit(), writer.hit(), "7"]),
    "send_hit again": lambda writer: "visitor.send_hit(%s)" % writer.hit(),
}
