"""What peers.py measured, as Markdown."""
import statistics

TITLES = (
    ("all", "All 100 flags for a new user"),
    ("one", "One flag for a new user"),
    ("known", "One flag for a known user"))

HEAD = """# This SDK beside others

Microseconds for decisions in the process, without a network. Made by
[benchmarks/peers.py](peers.py); to do it again:

```sh
python benchmarks/peers.py --python-2-1-5 PYTHON --markdown benchmarks/peers.md
```

PYTHON is an interpreter below 3.11, for flagship 2.1.5. `--latest` takes the others' latest
versions instead of those below, `--only NAME ...` some of them, `--json FILE` keeps every round.

Each contender has 100 flags, each a split in halves behind one rule that the user matches (country
is fr), on its own documented data for use offline; `benchmarks/contenders/` has the set-ups. Each
runs in a virtualenv and a process of its own, and is timed only after a check: every flag comes for
users that match and none for others, the halves are halves, and flags do not split alike. In each
round all are timed in a new order, the best of 50 timings of 2 ms counts for the round, and the
median of the rounds for the table. On a busy machine look at "least": the medians are those of
disturbed rounds. The floor is one hash, modulo, comparison and pick a flag in a straight line.

- **All 100 flags for a new user**: make the user and get the 100 values; here `create_visitor`,
  `synchronize_modifications` and 100 times `get_modification`. The call for all flags where there
  is one (LaunchDarkly, Optimizely, PostHog, ConfigCat), else one call a flag.
- **One flag for a new user**: the same for one value. Only the campaigns that can set it are
  decided; most of the rest is making the visitor. Eppo's core, in Rust, is ahead here.
- **One flag for a known user**: the user's objects are kept. Here, as in flagship 2.1.5 and 3.0.1,
  that is a visitor that has its flags. The others decide again; the snapshots of all flags that
  LaunchDarkly and PostHog offer can be kept and read from too.
"""


def digits(number):
    if number < 10:
        return "%.2f" % number
    return "%.1f" % number if number < 100 else "{:,.0f}".format(number)


def _ratio(taken, base):
    if not base:
        return "-"
    ratio = taken / base
    return "%.2f" % ratio if ratio < 10 else "{:,.0f}".format(ratio)


def table(facts, measure, this, floor):
    """Lines of the table of one measure, the fastest first."""
    medians = {name: statistics.median(mine["microseconds"][measure])
               for name, mine in facts.items() if "microseconds" in mine}
    yield "| | median us | least | most | x this SDK | x floor |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name in sorted(medians, key=medians.get):
        rounds = facts[name]["microseconds"][measure]
        label = "**%s**" % name if name == this else name
        yield "| %s |" % " | ".join(
            [label] + [digits(each) for each in (medians[name], min(rounds), max(rounds))] + [
                _ratio(medians[name], medians.get(base)) for base in (this, floor)])
    for name, mine in facts.items():
        if name not in medians:
            yield "| %s | - | | | | |" % name


def contenders(facts):
    """Lines of the table that says what was measured."""
    yield "| | version | Python | what an evaluation would record |"
    yield "|---|---|---|---|"
    for name, mine in facts.items():
        yield "| %s | %s | %s | %s |" % (name, mine.get("version", "-"), mine.get("python", "-"),
                                         mine["recording"])
    missing = [(name, mine["reason"]) for name, mine in facts.items() if "reason" in mine]
    if missing:
        yield ""
    for name, reason in missing:
        yield "- Not measured: %s: %s" % (name, reason)


def markdown(details, this, floor):
    """The whole page, from what peers.py writes as JSON."""
    facts = details["contenders"]
    lines = [HEAD]
    for measure, title in TITLES:
        lines += ["## " + title, ""] + list(table(facts, measure, this, floor)) + [""]
    lines += ["## What was measured", ""] + list(contenders(facts)) + [
        "", "%s, %d rounds, on %s." % (
            details["date"], details["rounds"], details["machine"])]
    return "\n".join(lines) + "\n"
