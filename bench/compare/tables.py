"""A comparison as text: the tables of docs/comparison.md, and the few lines at the end of a run."""
import re

from compare.figures import LOW, NEAR
from compare.search import rounded
from peers.peer import Failure
from report import number

BEGIN, END = "<!-- scripts/compare writes from here -->", "<!-- to here -->"


def spread(value, digits=number, factor=1.0):
    """Median and range: 21.3 (20.9 to 22.0)."""
    if value is None:
        return "–"
    low, middle, high = (digits(factor * value[name]) for name in ("low", "median", "high"))
    return middle if low == high else f"{middle} ({low} to {high})"


def table(head, rows):
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def goal_words(goal):
    bound = f"at most {goal['at_most']:g}" if "at_most" in goal else f"at least {goal['at_least']:g}"
    return bound, ("met" if goal["met"] else "missed") + ("" if goal["sure"] or goal["count"] == 1 else ", within the spread")


def goal_rows(report):
    for model in report["models"]:
        for goal in model["goals"]:
            yield [model["title"], goal["what"], spread(goal), *goal_words(goal)]
    for goal in report["overhead"]["goals"]:
        yield ["a mean of a picture", goal["what"], spread(goal), *goal_words(goal)]


def goals_table(report):
    return table(["model", "StarONNX over Triton", "ratio", "goal", ""], goal_rows(report))


def system_rows(model):
    for system in model["systems"]:
        low, near = (at(system, share * model["reference_per_s"]) for share in (LOW, NEAR))
        yield [system["label"], number(system["lone_p50_ms"]), spread(low["p50_ms"]), spread(near["p99_ms"]), spread(system["threshold_per_s"]),
               spread(low["cpu_ms_per_request"]), spread(near["cpu_ms_per_request"]), spread(near["beyond_ort_ms_per_request"]), megabytes(system)]


def at(system, rate):
    """Its point at a rate of the curve."""
    return min(system["curve"], key=lambda point: abs(point["rate_per_s"] - rounded(rate)))


def megabytes(system):
    return f"{system['memory_bytes'] / 1e6:.0f}"


def model_tables(model):
    alone = "; ".join(f"{one['engine']} {one['version']} ({one['provider']}), {one['threads']} thread{'s' * (one['threads'] > 1)}: {number(one['lone_ms'])} ms, "
                      f"{number(one['cpu_ms'])} ms of processor" for one in model["yardsticks"])
    low, near = (number(share * model["reference_per_s"]) for share in (LOW, NEAR))
    head = ["", "lone p50, ms", f"p50 at {low}/s", f"p99 at {near}/s", "threshold, /s", f"CPU ms a request at {low}/s", f"at {near}/s", "of it beyond ONNX Runtime alone", "memory, MB"]
    swept = table(["setting", "lone p50, ms", "saturated, /s", "threshold, /s", "memory, MB", ""],
                  [[one["label"], number(one["lone_p50_ms"]), number(one["saturated_per_s"]), number(one["threshold_per_s"]),
                    megabytes(one), "chosen" if one["chosen"] else ""] for one in model["sweep"]])
    inside = table(["in one process, without a network", "lone p50, ms", "saturated, /s", "threshold, /s"],
                   [[one["name"], number(one["lone_p50_ms"]), number(one["saturated_per_s"]), number(one["threshold_per_s"])] for one in model["in_process"]])
    return (f"### {model['title']}\n\np99 within {number(model['slo_ms'])} ms. Alone in a process, one request at a time: {alone}. Other programs used "
            f"{100 * model['others_share']:.0f} % of the machine.\n\n{table(head, system_rows(model))}\n\nEach setting alone on the machine:\n\n{swept}"
            + (f"\n\n{inside}" if model["in_process"] else ""))


def overhead_table(overhead):
    return table([f"at {overhead['rate_per_s']}/s", "processor time of a request, ms", "p50, ms"],
                 [[system["label"], spread(system["cpu_ms_per_request"]), spread(system["p50_ms"])] for system in overhead["systems"]])


def systems_table(report):
    rows = {system["label"]: [system["label"], ", ".join(f"{name} {version}" for name, version in system["versions"].items()), system["provider"]]
            for model in report["models"] for system in model["systems"]}
    return table(["system", "versions", "execution provider"], rows.values())


def document(report):
    here = report["machine"]
    words = (f"Measured on {here['id']}, {here['memory_gib']} GiB, {here['system']}; seeds {', '.join(map(str, report['seeds']))}, "
             f"{report['window_s']:g} s a measurement. Medians over the seeds, ranges in brackets. Again:\n\n```\n{report['command'].strip()}\n```")
    parts = [words, systems_table(report), "## StarONNX beside Triton", goals_table(report), "## By model",
             *map(model_tables, report["models"]), "## What a server costs", overhead_table(report["overhead"])]
    return "\n\n".join(parts)


def write_between(path, parts, begin):
    """Each part, by name, between its mark, begin(name), and the END after it. Nothing is written where one has no place, or several."""
    text = path.read_text()
    for name, part in parts.items():
        text, marks = re.subn(f"{re.escape(begin(name))}.*?{END}", lambda _: f"{begin(name)}\n\n{part}\n\n{END}", text, flags=re.S)
        if marks != 1:
            raise Failure(f"{path} has {'several places' if marks else 'no place'} for '{name}': {begin(name)} .. {END}")
    path.write_text(text)


def write_into(path, report):
    write_between(path, {"the tables": document(report)}, lambda _: BEGIN)


def summary(report):
    rows = [list(row) for row in goal_rows(report)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
