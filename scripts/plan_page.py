#!/usr/bin/env python3
"""Makes one self-contained HTML page of a plan, its cuts and what it will do: plan_page.py PLAN -o PAGE.html [--curves CURVES.svg]"""

import argparse
import html
import json
import pathlib
import string
import subprocess
import sys
import tempfile

import report
from report import inline, number, pyplot, style_of, svg_of, ticker

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEMPLATE = pathlib.Path(__file__).with_suffix(".html")


def inspected(command, plan, *more):
    done = subprocess.run([command, "inspect", plan, *more], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or f"{command} inspect {plan} failed")
    return done.stdout


def groups_of(prediction):
    """Forecasts by their core groups, in the plan's order."""
    groups = {}
    for forecast in prediction["forecasts"]:
        groups.setdefault(forecast["core_groups"], []).append(forecast)
    return groups


def draw(axes, forecasts, slo_ms):
    for position, forecast in enumerate(forecasts):
        colour, mark = style_of(position + 2)  # as on the page of a comparison
        rates = [point["rate_per_s"] for point in forecast["points"]]
        axes.plot(rates, [point["p99_ms"] for point in forecast["points"]], color=colour, marker=mark, markersize=5,
                  label=f"{forecast['variant']}, p99")
        axes.plot(rates, [point["p50_ms"] for point in forecast["points"]], color=colour, linestyle=":", label=f"{forecast['variant']}, p50")
    axes.axhline(slo_ms, color=report.INK, linewidth=0.8, linestyle="--")
    axes.annotate(f"limit {number(slo_ms)} ms", (0.01, slo_ms), xycoords=("axes fraction", "data"), va="bottom", fontsize=9, color=report.INK)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: number(value)))
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    axes.set_xlabel("requests/s")
    axes.set_xlim(left=0)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=9, frameon=False)


def curves(prediction):
    """One chart for each set of core groups, side by side."""
    groups = groups_of(prediction)
    figure, all_axes = pyplot.subplots(1, len(groups), figsize=(6 * len(groups), 4), sharey=True, squeeze=False, layout="constrained")
    for axes, (core_groups, forecasts) in zip(all_axes[0], groups.items()):
        draw(axes, forecasts, prediction["slo_ms"])
        axes.set_title(f"core groups {core_groups}" if len(core_groups) < 20 else f"{core_groups.count(',') + 1} core groups of {core_groups.split(',')[0]}",
                       fontsize=11, color=report.INK)
    all_axes[0][0].set_ylabel("predicted latency, ms")
    return figure


def rows_of(prediction):
    for forecast in prediction["forecasts"]:
        cells = [forecast["variant"], forecast["core_groups"], number(forecast["lone_ms"]), number(forecast["saturated_per_s"]),
                 number(forecast["threshold_per_s"])]
        yield "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"


def page_of(command, plan_directory, plan):
    prediction = plan["prediction"]
    cuts = []
    with tempfile.TemporaryDirectory() as folder:
        for variant in plan["variants"][1:] or plan["variants"]:  # the whole is no cut
            picture = pathlib.Path(folder) / "cut.svg"
            inspected(command, plan_directory, "--variant", variant["name"], "--svg", picture)
            cuts.append(f"<div><h3>{html.escape(variant['name'])}</h3>"
                        f"<div class=\"cut\">{inline(picture.read_text(), variant['name'])}</div></div>")
    values = {
        "model": html.escape(plan["model"]),
        "machine": html.escape(plan["machine"]),
        "engine": html.escape(plan["engine"]),
        "estimates": "".join(f"<p class=\"estimate\">{html.escape(one)}</p>" for one in prediction["estimates"]),
        "curves": svg_of(curves(prediction), "curves"),
        "slo": number(prediction["slo_ms"]),
        "rows": "\n".join(rows_of(prediction)),
        "bound": number(prediction["bound"]["rate_per_s"]),
        "bound_within_slo": number(prediction["bound_within_slo"]["rate_per_s"]),
        "words": html.escape(inspected(command, plan_directory)),
        "cuts": "\n".join(cuts),
    }
    return string.Template(TEMPLATE.read_text()).substitute(values)


def main():
    parser = argparse.ArgumentParser(description="One HTML page of a plan made by staronnx plan: its cuts and its predicted latencies.")
    parser.add_argument("plan", type=pathlib.Path, metavar="PLAN")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, metavar="PAGE.html")
    parser.add_argument("--curves", type=pathlib.Path, metavar="CURVES.svg", help="write the predicted latencies as a picture, too")
    parser.add_argument("--staronnx", default=ROOT / "build/release/bin/staronnx", help="the command (default: the release build)")
    arguments = parser.parse_args()
    report.set_style()
    plan = json.loads(inspected(arguments.staronnx, arguments.plan, "--json"))
    try:
        arguments.output.write_text(page_of(arguments.staronnx, arguments.plan, plan))
        if arguments.curves:
            figure = curves(plan["prediction"])
            figure.savefig(arguments.curves, format="svg", metadata={"Date": None})
    except OSError as error:
        sys.exit(f"plan_page: {error}")


if __name__ == "__main__":
    main()
