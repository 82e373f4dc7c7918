#!/usr/bin/env python3
"""Makes one self-contained HTML page of a comparison: report.py BENCH.json [--cut NAME=FILE.svg ...] -o PAGE.html"""

import argparse
import html
import io
import json
import pathlib
import re
import string
import sys

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot, ticker  # noqa: E402

# At least 3:1 against both the light and the dark page, and told apart by people who see few colours; the marks differ as well.
COLOURS = ["#767e88", "#b8860b", "#0072b2", "#d55e00", "#009e73", "#b0549a"]
MARKS = ["o", "s", "D", "^", "v", "P"]
INK = "#010203"  # becomes the page's own text colour
TEMPLATE = pathlib.Path(__file__).with_suffix(".html")
STYLE = pathlib.Path(__file__).with_suffix(".css")


def set_style():
    pyplot.rcParams.update({"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 11, "svg.hashsalt": "staronnx",
                            "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "axes.edgecolor": INK})


def number(value):
    """About three digits that mean something."""
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def style_of(position):
    return COLOURS[position % len(COLOURS)], MARKS[position % len(MARKS)]


def inline(svg, prefix):
    """An SVG file as an element of the page: no XML prologue; only ids that it needs, under names that no other picture has."""
    svg = svg[svg.index("<svg"):]
    needed = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda found: f' id="{prefix}-{found[1]}"' if found[1] in needed else "", svg)
    return re.sub(r'((?:href="|url\()#)', rf"\g<1>{prefix}-", svg)


def svg_of(figure, prefix):
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    pyplot.close(figure)
    return inline(text.getvalue(), prefix).replace(INK, "currentColor")


def draw_curve(axes, system, quantile, position):
    colour, mark = style_of(position)
    medians = [(0.0, system["lone_p50_ms"])] if quantile == "p50_ms" and system["lone_p50_ms"] is not None else []
    for point in system["points"]:
        if point[quantile] is not None:
            axes.plot(point["rate_per_s"], point[quantile], mark, color=colour, markersize=6, zorder=3,
                      markerfacecolor=colour if point["held"] else "none")
    medians += [(point["rate_per_s"], point[quantile]["median"]) for point in system["curve"] if point[quantile]]
    axes.plot([rate for rate, _ in medians], [latency for _, latency in medians], color=colour, linewidth=1.6)


def latency_axes(title, slo_ms):
    """A figure and its axes, for latency against rate."""
    figure, axes = pyplot.subplots(figsize=(5.4, 4.0), layout="constrained")
    axes.axhline(slo_ms, color=INK, linewidth=1, linestyle=(0, (5, 3)))
    axes.annotate(f"SLO {number(slo_ms)} ms", (0.01, slo_ms), xycoords=("axes fraction", "data"), xytext=(0, 3), textcoords="offset points")
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_xlabel("rate, requests/s")
    axes.set_ylabel("latency, ms")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    axes.grid(color="#8c959f", alpha=0.3, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def chart(bench, quantile, title):
    figure, axes = latency_axes(title, bench["slo_ms"])
    for position, system in enumerate(bench["systems"]):
        draw_curve(axes, system, quantile, position)
    axes.set_xlim(left=0)
    return svg_of(figure, quantile)


def key_item(name, position):
    colour, mark = style_of(position)
    figure, axes = pyplot.subplots(figsize=(0.5, 0.24))
    axes.plot([0, 0.5, 1], [0, 0, 0], color=colour, marker=mark, markevery=[1], markersize=7, linewidth=1.6)
    axes.axis("off")
    return f"<li>{svg_of(figure, f'key{position}')}{html.escape(name)}</li>"


def cell(value, best):
    return f'<td{" class=best" if value is not None and value == best else ""}>{number(value)}</td>'


def threshold_rows(systems):
    best = {figure: choose((system[figure] for system in systems if system[figure] is not None), default=None)
            for figure, choose in (("threshold_per_s", max), ("saturated_per_s", max), ("lone_p50_ms", min))}  # fmt: skip
    for position, system in enumerate(systems):
        width = 100 * (system["threshold_per_s"] or 0) / (best["threshold_per_s"] or 1)
        yield (f'<tr><th scope="row">{html.escape(system["name"])}</th>'
               f'<td class="bar"><span style="width:{width:.1f}%;background:{style_of(position)[0]}"></span></td>'
               f'{"".join(cell(system[figure], best[figure]) for figure in best)}</tr>')


def note_of(point, slo_ms):
    notes = [f"{point[name]} {name}" for name in ("late", "refused", "dropped", "failed") if point[name]]
    if (point["p99_ms"] or 0) > slo_ms:
        notes.insert(0, "over the SLO")
    if point["backlog_grows"]:
        notes.append("backlog grows")
    if point["late_generator"]:
        notes.append(f"invalid: generator late, lag p99 {number(point['generator_lag_p99_ms'])} ms")
    return ", ".join(notes)


def point_rows(system, slo_ms):
    name = html.escape(system["name"])
    yield "<tbody>"
    for position, point in enumerate(system["points"]):
        head = f'<th scope="rowgroup" rowspan="{len(system["points"])}">{name}</th>' if position == 0 else ""
        figures = ["rate_per_s", "served_per_s", "good_per_s", "p50_ms", "p90_ms", "p95_ms", "p99_ms"]
        cells = "".join(f"<td>{number(point[figure])}</td>" for figure in figures)
        yield f'<tr>{head}{cells}<td>{point["answered"]}</td><td class="note">{note_of(point, slo_ms)}</td></tr>'
    yield "</tbody>"


def box(kind, sentences):
    paragraphs = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences)
    return f'<div class="box {kind}">{paragraphs}</div>' if sentences else ""


def cut_section(cuts):
    if not cuts:
        return ""
    figures = (f"<figure><figcaption>{html.escape(name)}</figcaption>"
               f'<div class="cut" tabindex="0">{inline(file.read_text(), html.escape(name))}</div></figure>' for name, file in cuts)
    return f'<h2>Where the model is cut</h2>\n<div class="pictures">\n{"".join(figures)}\n</div>'


def page_of(bench, cuts):
    systems = bench["systems"]
    values = {name: html.escape(str(bench[name])) for name in ("model", "machine", "core_groups", "scheduler", "command")}
    values["seeds"] = ", ".join(map(str, bench["seeds"]))
    values["slo"] = number(bench["slo_ms"])
    values["percentile"] = f"{bench['percentile']:g}"
    values["slo_rule"] = "" if bench["slo_times_lone"] is None else f" ({bench['slo_times_lone']:g} times the smallest lone p50)"
    values["arrivals"] = html.escape(bench["arrivals"])
    values["versions"] = html.escape(", ".join(f"{name} {version}" for name, version in bench["versions"].items()))
    values["estimates"] = box("warnings", [f"Estimated: {estimate}." for estimate in bench.get("estimates", [])])
    values["conclusions"] = box("findings", bench["conclusions"])
    values["warnings"] = box("warnings", bench["warnings"])
    values["thresholds"] = "\n".join(threshold_rows(systems))
    values["key"] = "\n".join(key_item(system["name"], position) for position, system in enumerate(systems))
    values["p99_chart"] = chart(bench, "p99_ms", "p99: the slowest of a hundred")
    values["p50_chart"] = chart(bench, "p50_ms", "p50: half of all requests")
    values["points"] = "\n".join(row for system in systems for row in point_rows(system, bench["slo_ms"]))
    values["cuts"] = cut_section(cuts)
    values["style"] = STYLE.read_text()
    return string.Template(TEMPLATE.read_text()).substitute(values)


def cut_argument(text):
    name, separator, file = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=FILE.svg")
    return name, pathlib.Path(file)


def main():
    parser = argparse.ArgumentParser(description="One HTML page of a comparison made by staronnx bench --json.")
    parser.add_argument("bench", type=pathlib.Path, metavar="BENCH.json")
    parser.add_argument("--cut", type=cut_argument, action="append", default=[], metavar="NAME=FILE.svg", dest="cuts")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, metavar="PAGE.html")
    arguments = parser.parse_args()
    set_style()
    try:
        page = page_of(json.loads(arguments.bench.read_text()), arguments.cuts)
        arguments.output.write_text(page)
    except (OSError, json.JSONDecodeError) as error:
        sys.exit(f"report: {error}")
    except KeyError as error:
        sys.exit(f"report: {arguments.bench}: {error} is missing; is it the output of staronnx bench --json?")


if __name__ == "__main__":
    main()
