"""The pictures of the study."""
from matplotlib import pyplot
from report import INK, latency_axes, style_of

PLACES = {"GPUs alone": 0, "whole requests": 1, "split in 2": 4, "split in 3": 5, "chosen": 2, "dmdas": 3, "heteroprio": 4, "lws": 5, "eager": 0}  # fmt: skip


def save(figure, path):
    figure.savefig(path, format="svg", facecolor="white", metadata={"Date": None})
    pyplot.close(figure)


def curves(systems, title, slo_ms, quantile="p99_ms", top=None):
    """Latency against rate, a line for each system as long as it holds its rate."""
    figure, axes = latency_axes(title, slo_ms)
    for position, system in enumerate(systems):
        points = [point for point in system["curve"] if point[quantile]]
        colour, mark = style_of(PLACES.get(system["label"], position))
        axes.plot([point["rate_per_s"] for point in points], [point[quantile] for point in points], color=colour, marker=mark, markersize=4,
                  linewidth=1.6, label=system["label"])  # fmt: skip
    axes.set_ylabel(f"{quantile[:3]}, ms")
    if top:
        axes.set_ylim(top=top)
    axes.set_xlim(left=0)
    axes.legend(fontsize=9, frameon=False)
    return figure


def bars(groups, names, value, title, label):
    """For each group, such as a machine, a bar for each name; the line at 1 is the bound."""
    figure, axes = pyplot.subplots(figsize=(max(7.6, 1.2 + 1.3 * len(groups)), 3.6), layout="constrained")
    width = 0.84 / len(names)
    for position, name in enumerate(names):
        values = [value(group, name) for group in groups]
        axes.bar([place + (position - (len(names) - 1) / 2) * width for place in range(len(groups))], values, 0.92 * width,
                 color=style_of(PLACES[name])[0], label=name)  # fmt: skip
    axes.axhline(1, color=INK, linewidth=0.8, linestyle="--")
    axes.set_xticks(range(len(groups)), [label(group) for group in groups], fontsize=9)
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_ylabel("share of the bound")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=9, frameon=False, ncols=len(names), loc="upper left", bbox_to_anchor=(0, -0.16))
    return figure
