"""The study as text: tables that go between marks in docs/study.md, and their pictures."""
import re

from compare.tables import table, write_between
from report import number
from study import charts
from study.course import STOCK

GOAL, NO_WORSE = 0.95, 0.98
FIGURES = ("in_time_per_s", "threshold_per_s", "saturated_per_s")
ENGINE = ("GPUs alone", "whole requests", "split in 2", "split in 3", "chosen")


def begin(name):
    return f"<!-- scripts/study writes {name} from here -->"



def named(comparison):
    return {system["label"]: system for system in comparison["systems"]}


def ratio(value, of):
    return f"{value / of:.2f}" if of else "–"


def limit_of(figure):
    """The names of the figure's limit and bound."""
    return {"in_time_per_s": ("slo_ms", "bound_within_slo_per_s"), "threshold_per_s": ("congested_ms", "bound_per_s"), "saturated_per_s": (None, "bound_per_s")}[figure]


def share(system, comparison, figure):
    return f"{number(system[figure])} ({ratio(system[figure], comparison[limit_of(figure)[1]])})"


def by_model(comparisons, make):
    models = dict.fromkeys(comparison["model"] for comparison in comparisons)
    return "\n\n".join(make(model, [comparison for comparison in comparisons if comparison["model"] == model]) for model in models)


def engine_table(figure):
    def make(model, comparisons):
        labels = [label for label in ENGINE if any(label in named(comparison) for comparison in comparisons)]
        limit, bound = limit_of(figure)
        rows = [[comparison["machine"], number(comparison[limit] if limit else None), number(comparison[bound]),
                 *(share(named(comparison)[label], comparison, figure) if label in named(comparison) else "–" for label in labels)]
                for comparison in comparisons]  # fmt: skip
        return table([model, "limit, ms", "bound, /s" if bound == "bound_per_s" else "bound within the limit, /s", *labels], rows)
    return make


def mix_table(comparisons):
    """What the bound within the limit makes of each machine."""
    return table(["model", "machine", "the bound within the limit is reached by"],
                 [[comparison["model"], comparison["machine"], "; ".join(map(part_words, comparison["mix"]))] for comparison in comparisons])


def part_words(part):
    return f"{number(part['rate_per_s'])}/s {part['variant']} on {' then '.join(part['processors'])}"


def winner(comparison):
    """The split that answers most in time, over whole requests."""
    systems = named(comparison)
    splits = [systems[label] for label in ENGINE[2:4] if label in systems]
    return max(splits, key=lambda system: system["in_time_per_s"]) if splits else None


def split_table(comparisons):
    rows = []
    for comparison in comparisons:
        split, systems = winner(comparison), named(comparison)
        if split:
            rows.append([comparison["model"], comparison["machine"], split["variant"],
                         *(ratio(split[figure], systems["whole requests"][figure]) for figure in FIGURES),
                         ratio(systems["chosen"]["in_time_per_s"], systems["whole requests"]["in_time_per_s"])])  # fmt: skip
    return table(["model", "machine", "best split", "in time", "threshold", "saturated", "chosen, in time"], rows)


def best_stock(comparison, figure):
    return max((named(comparison)[name] for name in STOCK), key=lambda system: system[figure])


def judged(ours, theirs):
    return "" if ours >= NO_WORSE * theirs else " (worse)"


def scheduler_rows(comparisons):
    for comparison in comparisons:
        ours = named(comparison)["chosen"]
        row = [comparison["model"], comparison["machine"], ratio(ours["in_time_per_s"], comparison["bound_within_slo_per_s"])]
        for figure in FIGURES:
            best = best_stock(comparison, figure)
            row.append(f"{number(ours[figure])} / {number(best[figure])} {best['label']}{judged(ours[figure], best[figure])}")
        yield row


def scheduler_table(comparisons):
    return table(["model", "machine", "ours in time / bound", "in time, /s: ours / best of StarPU's", "threshold, /s", "saturated, /s"],
                 list(scheduler_rows(comparisons)))


def goals(comparisons):
    """How often the goals are met, in words."""
    reached = sum(named(comparison)["chosen"]["in_time_per_s"] >= GOAL * comparison["bound_within_slo_per_s"] for comparison in comparisons)
    figures = {"in_time_per_s": "answered in time", "threshold_per_s": "threshold", "saturated_per_s": "saturated rate"}
    no_worse = {words: sum(not judged(named(comparison)["chosen"][figure], best_stock(comparison, figure)[figure]) for comparison in comparisons)
                for figure, words in figures.items()}  # fmt: skip
    return (f"Of {len(comparisons)} cases, {reached} reach {GOAL} of the bound within the limit. Never more than 2 % below the best of StarPU's policies: "
            + ", ".join(f"{words} in {count}" for words, count in no_worse.items()) + ".")  # fmt: skip


def at(system, rate):
    return min(system["curve"], key=lambda point: abs(point["rate_per_s"] - rate))


def grouping_table(groupings):
    rows = [[grouping["model"], system["label"], number(at(system, 0.1 * grouping["bound_per_s"])["p50_ms"]),
             *(number(at(system, load * grouping["bound_per_s"])["p99_ms"]) for load in (0.5, 0.8)), number(system["saturated_per_s"])]
            for grouping in groupings for system in grouping["systems"]]  # fmt: skip
    return table(["model", "width", "p50 at 10 %, ms", "p99 at 50 %, ms", "p99 at 80 %, ms", "saturated, /s"], rows)


def overlap_table(overlaps):
    rows = [[overlap["model"], overlap["machine"], system["variant"], system["label"], *(number(system[figure]) for figure in FIGURES)]
            for overlap in overlaps for system in overlap["systems"]]  # fmt: skip
    return table(["model", "machine", "variant", "overlap", "in time, /s", "threshold, /s", "saturated, /s"], rows)


def batching_table(batchings):
    rows = []
    for batching in batchings:
        for system in batching["systems"]:
            rows.append([batching["machine"], system["label"], *(number(threshold) for _, threshold in system["thresholds"]), number(system["saturated_per_s"])])
    limits = [f"threshold within {times} x, /s" for times, _ in batchings[0]["systems"][0]["thresholds"]]
    return table(["machine", "", *limits, "saturated, /s"], rows)


def fragments(report):
    """By name of the mark."""
    comparisons = report["comparisons"]
    return {
        "the goals": goals(comparisons) + "\n\n" + scheduler_table(comparisons),
        "answered in time": by_model(comparisons, engine_table("in_time_per_s")) + "\n\n" + mix_table(comparisons),
        "thresholds": by_model(comparisons, engine_table("threshold_per_s")),
        "saturated rates": by_model(comparisons, engine_table("saturated_per_s")),
        "splits": split_table(comparisons),
        "core groups": grouping_table(report["groupings"]),
        "overlap": overlap_table(report["overlaps"]),
        "batches": batching_table(report["batchings"]),
    }


def pictures(report):
    """By name of the file."""
    comparisons = report["comparisons"]
    drawn = {}
    for comparison in comparisons:
        systems = [system for system in comparison["systems"] if system["label"] in ENGINE and system["curve"]]
        if systems:
            title = f"{comparison['model']} on {comparison['machine']}"
            drawn[f"curve-{slug(comparison['model'])}.svg"] = charts.curves(systems, title, comparison["congested_ms"], top=10 * comparison["congested_ms"])
    drawn["in-time.svg"] = charts.bars(comparisons, ENGINE, shares("in_time_per_s"), "Answered within twice what a GPU takes", case_words)
    drawn["schedulers.svg"] = charts.bars(comparisons, ("chosen", *STOCK), shares("threshold_per_s"), "p99 within five times what a GPU takes", case_words)
    return drawn


def case_words(comparison):
    return f"{comparison['model']}\n{comparison['machine']}"


def shares(figure):
    """Of the bound, by comparison and system; 0 where there is none."""
    def share_of(comparison, name):
        system = named(comparison).get(name)
        return system[figure] / comparison[limit_of(figure)[1]] if system else 0
    return share_of


def slug(title):
    return re.sub(r"\W+", "-", title.lower())


def page_of(report):
    return "\n\n".join(f"## {name.capitalize()}\n\n{text}" for name, text in fragments(report).items()) + "\n"


def write_into(path, report):
    write_between(path, fragments(report), begin)

