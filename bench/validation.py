"""What `staronnx simulate` says of this machine beside what `staronnx bench` measured on it, as rows of a table (scripts/validate-simulation)."""
from compare.tables import write_between
from report import number

BEGIN = "<!-- scripts/validate-simulation writes from here -->"
VARIANTS = ["whole", "k2"]
BELOW = 0.9  # of the measured threshold: up to there latencies are compared
NEAR, SATURATED_NEAR = 0.15, 0.05  # goals: a simulated figure differs from the measured one by that share at most


def by_variant(result):
    """The systems that run variants of the plan."""
    return {name: system for system in result["systems"] for name in VARIANTS if system["name"] == f"StarONNX {name}"}


def rates_of(result):
    return sorted({point["rate_per_s"] for system in by_variant(result).values() for point in system["curve"]})


def median_at(system, rate, figure):
    return next((point[figure]["median"] for point in system["curve"] if abs(point["rate_per_s"] - rate) <= 1e-6 * rate and point[figure]), None)


def beside(mine, real, near):
    """"0.97", or "0.80, missed": simulated over measured."""
    ratio = mine / real
    return f"{ratio:.2f}" + ("" if abs(ratio - 1) <= near else ", missed")


def rows_of(title, groups, measured, virtual):
    for name, real in by_variant(measured).items():
        mine = virtual[name]
        row = [title, groups, name, f"{number(real['saturated_per_s'])} / {number(mine['saturated_per_s'])}",
               beside(mine["saturated_per_s"], real["saturated_per_s"], SATURATED_NEAR), number(real["threshold_per_s"])]
        for figure in ("p50_ms", "p99_ms"):
            low = [rate for rate in rates_of(measured) if rate <= BELOW * (real["threshold_per_s"] or 0)]
            pairs = [(rate, median_at(mine, rate, figure), median_at(real, rate, figure)) for rate in low]
            row.append("; ".join(f"{number(rate)}/s: {beside(simulated, seen, NEAR)}" for rate, simulated, seen in pairs if simulated and seen) or "–")
        yield row


HEAD = ["model", "core groups", "variant", "saturated, /s: measured / simulated", "ratio", "measured threshold, /s",
        "p50, simulated over measured", "p99, simulated over measured"]  # fmt: skip


def write_into(path, text):
    write_between(path, {"the table": text}, lambda _: BEGIN)
