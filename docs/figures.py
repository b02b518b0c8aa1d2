"""A Sphinx extension that draws the figures of benchmarks/results/*.json, so that no picture is older than its numbers.

A page shows one as ``.. image:: _figures/NAME.svg``.
"""
import json
import os

import matplotlib
from matplotlib import pyplot

HERE = os.path.dirname(os.path.abspath(__file__))
RESULTS = os.path.join(os.path.dirname(HERE), "benchmarks", "results")
OURS, OTHERS, FLOOR = "#e4002b", "#8a94a6", "#1a1a2e"

# No date and fixed ids, or each build would differ from the last.
matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "flagship", "svg.fonttype": "none", "font.size": 10,
                            "axes.spines.top": False, "axes.spines.right": False})


def decisions(axes, results):
    """Microseconds to create, synchronise and read, over the number of campaigns."""
    rows = results["rows"]
    for name, key, color in (("2.1.5", "old_us", OTHERS), ("this SDK", "sdk_us", OURS),
                             ("floor: one hash and one pick a campaign", "floor_us", FLOOR)):
        points = [(row["campaigns"], row[key]) for row in rows if row.get(key)]
        axes.plot(*zip(*points), marker="o", color=color, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    _plain(axes.xaxis, axes.yaxis)
    axes.set_xlabel("campaigns")
    axes.set_ylabel("microseconds a visitor")
    axes.legend(frameon=False)


def memory(axes, results):
    """Bytes that a synchronised visitor keeps, over the number of flags."""
    rows = [row for row in results["rows"] if row.get("sdk_bytes")]
    for name, key, color in (("2.1.5", "old_bytes", OTHERS), ("this SDK", "sdk_bytes", OURS)):
        points = [(row["campaigns"], row[key]) for row in rows if row.get(key)]
        if points:
            axes.plot(*zip(*points), marker="o", color=color, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    _plain(axes.xaxis, axes.yaxis)
    axes.set_xlabel("flags")
    axes.set_ylabel("bytes a visitor")
    axes.legend(frameon=False)


def bars(axes, rows, unit):
    """Horizontal bars on a logarithmic scale, the shortest on top; ``rows`` is ``[(name, value, is ours)]``."""
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


FIGURES = {"decisions": ("decisions", decisions, (7, 4)), "memory": ("decisions", memory, (7, 4))}


def draw(app, config):
    folder = os.path.join(app.srcdir, "_figures")
    os.makedirs(folder, exist_ok=True)
    for name, (source, picture, size) in FIGURES.items():
        with open(os.path.join(RESULTS, source + ".json"), encoding="utf-8") as file:
            results = json.load(file)
        figure, axes = pyplot.subplots(figsize=size, layout="constrained")
        picture(axes, results)
        figure.savefig(os.path.join(folder, name + ".svg"), metadata={"Date": None}, transparent=False)
        pyplot.close(figure)


def setup(app):
    app.connect("config-inited", draw)
    return {"parallel_read_safe": True}
