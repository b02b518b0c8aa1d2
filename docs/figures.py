"""A Sphinx extension that draws the figures of benchmarks/results/*.json, so that no picture is
older than its numbers.

A page shows one as ``.. drawn:: NAME``, with ``:alt:`` and a caption as ``.. figure::`` takes them:
as the reader's colours are light or dark, Furo shows one of two pictures.
"""
import json
import os
from statistics import median

import matplotlib
from docutils.parsers.rst.directives.images import Figure
from matplotlib import pyplot

HERE = os.path.dirname(os.path.abspath(__file__))
RESULTS = os.path.join(os.path.dirname(HERE), "benchmarks", "results")
OURS, OTHERS, FLOOR = "#e4002b", "#8a94a6", "#4f7cac"
# What text and axes are drawn in, on a page that is light or dark.
INKS = {"light": "#1a1a2e", "dark": "#d6d9df"}

# No date and fixed ids, or each build would differ from the last.
matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "flagship", "svg.fonttype": "none", "font.size": 10,
                            "axes.spines.top": False, "axes.spines.right": False})


def over_campaigns(axes, results, series, across, up):
    """Lines over the number of campaigns; ``series`` is ``[(name, key of the rows, colour)]``, the
    others are labels."""
    for name, key, color in series:
        points = [(row["campaigns"], row[key]) for row in results["rows"] if row.get(key)]
        if points:
            axes.plot(*zip(*points), marker="o", color=color, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    _plain(axes.xaxis, axes.yaxis)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.legend(frameon=False)


def decisions(axes, results):
    """Microseconds to create, synchronise and read, over the number of campaigns."""
    over_campaigns(axes, results, [("2.1.5", "old_us", OTHERS), ("this SDK", "sdk_us", OURS),
                                   ("floor: one hash and one pick a campaign", "floor_us", FLOOR)],
                   "campaigns", "microseconds a visitor")


def memory(axes, results):
    """Bytes that a synchronised visitor keeps, over the number of flags, one a campaign."""
    over_campaigns(axes, results, [("2.1.5", "old_bytes", OTHERS), ("this SDK", "sdk_bytes", OURS)],
                   "flags", "bytes a visitor")


def bars(axes, rows, unit):
    """Horizontal bars on a logarithmic scale, the shortest on top; ``rows`` is
    ``[(name, value, is ours)]``."""
    rows = sorted(rows, key=lambda row: row[1], reverse=True)
    drawn = axes.barh([row[0] for row in rows], [row[1] for row in rows],
                      color=[OURS if row[2] else OTHERS for row in rows])
    axes.bar_label(drawn, ["%s" % _short(row[1]) for row in rows], padding=3)
    axes.set_xscale("log")
    _plain(axes.xaxis)
    axes.set_xlabel(unit)
    axes.margins(x=0.15)


def _plain(*scales):
    """Numbers on a logarithmic scale as people write them."""
    for scale in scales:
        scale.set_major_formatter(lambda value, place: _short(value))


def _short(value):
    return "{:,.0f}".format(value) if value >= 100 else "%.3g" % value


def peers(measure):
    """Microseconds of every contender of benchmarks/peers.py in one of its measures."""
    def picture(axes, results):
        bars(axes, [(name, median(facts["microseconds"][measure]), name == "this SDK")
                    for name, facts in results["contenders"].items() if "microseconds" in facts],
             "microseconds")
    return picture


def batch(axes, results):
    """Visitors per second from CSV to CSV."""
    rows = results["rows"][::-1]
    drawn = axes.barh([row["name"] for row in rows], [row["visitors_per_second"] for row in rows],
                      color=OURS)
    axes.bar_label(drawn, [_short(row["visitors_per_second"]) for row in rows], padding=3)
    axes.xaxis.set_major_formatter(lambda value, place: _short(value))
    axes.set_xlabel("visitors per second")
    axes.margins(x=0.15)


def peers_table(results):
    """The medians of all contenders, as a table for a page to include."""
    lines = [".. list-table::", "   :header-rows: 1", "",
             "   * - SDK", "     - Version", "     - All 100 flags, new user",
             "     - One flag, new user", "     - One flag, known user"]
    facts = results["contenders"]
    for name in sorted(facts, key=lambda name: median(
            facts[name].get("microseconds", {}).get("all", [float("inf")]))):
        lines.append("   * - %s" % ("**%s**" % name if name == "this SDK" else name))
        lines.append("     - %s" % facts[name].get("version", facts[name].get("reason", "")))
        for measure in ("all", "one", "known"):
            rounds = facts[name].get("microseconds", {}).get(measure)
            lines.append("     - %s" % (_short(median(rounds)) if rounds else ""))
    lines += ["", "Medians of %d rounds, microseconds, %s, %s." % (
        results["rounds"], results["date"], results["machine"])]
    return "\n".join(lines) + "\n"


# name: (file of results, function of axes and results, inches)
FIGURES = {"decisions": ("decisions", decisions, (7, 4)), "memory": ("decisions", memory, (7, 4)),
           "peers-all": ("peers", peers("all"), (7, 4)),
           "peers-known": ("peers", peers("known"), (7, 4)), "batch": ("batch", batch, (7, 2.2))}


def results_of(source):
    with open(os.path.join(RESULTS, source + ".json"), encoding="utf-8") as file:
        return json.load(file)


def draw(app, config):
    folder = os.path.join(app.srcdir, "_figures")
    os.makedirs(folder, exist_ok=True)
    for shade, ink in INKS.items():
        inked = dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color",
                               "ytick.color"), ink)
        for name, (source, picture, size) in FIGURES.items():
            with matplotlib.rc_context(inked):
                figure, axes = pyplot.subplots(figsize=size, layout="constrained")
                picture(axes, results_of(source))
                figure.savefig(os.path.join(folder, "%s-%s.svg" % (name, shade)),
                               metadata={"Date": None}, transparent=True)
                pyplot.close(figure)
    with open(os.path.join(folder, "peers.txt"), "w", encoding="utf-8") as file:
        file.write(peers_table(results_of("peers")))


class Drawn(Figure):
    """A figure of this module, by its name."""

    def run(self):
        name, shown = self.arguments[0], []
        for shade in INKS:
            self.arguments = ["_figures/%s-%s.svg" % (name, shade)]
            self.options["figclass"] = ["only-" + shade]
            shown += super().run()
        return shown


def setup(app):
    app.connect("config-inited", draw)
    app.add_directive("drawn", Drawn)
    return {"parallel_read_safe": True}
