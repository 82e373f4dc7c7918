"""What `staronnx simulate` says of this machine beside what `staronnx bench` measured on it, as rows of a table (scripts/validate-simulation)."""
import statistics

from compare.tables import write_between
from report import number

BEGIN = "<!-- scripts/validate-simulation writes from here -->"
VARIANTS = ["whole", "k2"]
BELOW = 0.9  # of the measured threshold: up to there latencies are compared
NEAR, SATURATED_NEAR = 0.15, 0.05  # goals: a simulated figure differs from the measured one by that share at most


def by_variant(result):
    """The systems that run variants of the plan."""
    return {name: system for system in result["systems"] for name in VARIANTS if system["name"] == f"StarONNX {name}"}


def windows_of(result):
    """By seed and rate, how many requests were sent in each measurement whose latencies are compared."""
    return {key: point["sent"] for system in by_variant(result).values() for key, point in compared(system).items()}


def compared(system):
    """Measurements by seed and rate."""
    highest = BELOW * (system["threshold_per_s"] or 0)
    return {(point["seed"], point["rate_per_s"]): point for point in system["points"] if point["rate_per_s"] <= highest and point["p99_ms"]}


def beside(mine, real, near):
    """"0.97", or "0.80, missed": simulated over measured."""
    ratio = mine / real
    return f"{ratio:.2f}" + ("" if abs(ratio - 1) <= near else ", missed")


def latencies_beside(virtual, real, figure):
    """Ratios of the same arrivals, their median over the seeds at each rate: "1.02 (0.95 to 1.20), 7 of 8"."""
    ratios = {}
    for (seed, rate), seen in compared(real).items():
        ratios.setdefault(rate, []).append(virtual[seed, rate][figure] / seen[figure])
    medians = [statistics.median(of_rate) for of_rate in ratios.values()]
    if not medians:
        return "–"
    near = sum(abs(ratio - 1) <= NEAR for ratio in medians)
    return f"{statistics.median(medians):.2f} ({min(medians):.2f} to {max(medians):.2f}), {near} of {len(medians)}"


def rows_of(title, groups, measured, virtual):
    for name, real in by_variant(measured).items():
        mine = virtual[name]
        yield [title, groups, name, f"{number(real['saturated_per_s'])} / {number(mine['saturated_per_s'])}",
               beside(mine["saturated_per_s"], real["saturated_per_s"], SATURATED_NEAR), number(real["threshold_per_s"]),
               *(latencies_beside(mine["points"], real, figure) for figure in ("p50_ms", "p99_ms"))]  # fmt: skip


HEAD = ["model", "core groups", "variant", "saturated, /s: measured / simulated", "ratio", "measured threshold, /s",
        "p50: median over the rates (range), within 15 %", "p99: likewise"]  # fmt: skip


def write_into(path, text):
    write_between(path, {"the table": text}, lambda _: BEGIN)
