"""What the measurements of a comparison say, as one value that becomes JSON, a page and the tables of docs/comparison.md."""
import dataclasses

from compare.course import contenders_of, reference_of
from compare.interval import median_interval, ratio_interval
from compare.search import rounded, threshold_of

LATENCIES = ("p50_ms", "p90_ms", "p99_ms")
LOW, NEAR = 0.25, 0.8  # shares of Triton's threshold: low load, and near congestion


@dataclasses.dataclass(frozen=True)
class Goal:
    """Ours over theirs, at most or at least so much."""

    what: str
    at_most: float | None = None
    at_least: float | None = None

    def judged(self, ratio):
        if ratio is None:
            return None
        low, high = (ratio.low, ratio.high)
        if self.at_most is not None:
            met, sure = ratio.median <= self.at_most, high <= self.at_most or low > self.at_most
        else:
            met, sure = ratio.median >= self.at_least, low >= self.at_least or high < self.at_least
        goal = {"at_most": self.at_most} if self.at_most is not None else {"at_least": self.at_least}
        return {"what": self.what, **dataclasses.asdict(ratio), **goal, "met": met, "sure": sure}


LONE = Goal("p50 at low load, over Triton's setting with the highest threshold", at_most=0.75)
THRESHOLD = Goal("congestion threshold, over that of Triton's best setting", at_least=1.05)
TAIL = Goal("p99 at 80 % of Triton's threshold, over Triton's best setting there", at_most=0.8)
OVERHEAD = Goal("processor time of a request outside ONNX Runtime, over Triton's", at_most=0.5)
MEMORY = Goal("memory, over Triton's", at_most=1.0)


def by_seed(points, value):
    return {point["seed"]: value(point) for point in points}


def at_rate(points, rate):
    return [point for point in points if point["rate_per_s"] == rate]


def spread(values):
    known = [value for value in values if value is not None]
    return dataclasses.asdict(median_interval(known)) if known else None


def threshold_by_seed(points):
    return {seed: threshold_of({point["rate_per_s"]: point["held"] for point in points if point["seed"] == seed})
            for seed in {point["seed"] for point in points}}


def rate_figures(rate, points, bare_ms):
    """`bare_ms`: processor time of ONNX Runtime alone, on one thread, for a request."""
    return {"rate_per_s": rate, "held": sum(point["held"] for point in points), "seeds": len(points),
            **{name: spread([point[name] for point in points]) for name in (*LATENCIES, "served_per_s", "cpu_ms_per_request")},
            "beyond_ort_ms_per_request": spread([point["cpu_ms_per_request"] - bare_ms for point in points]),
            **{name: sum(point[name] for point in points) for name in ("refused", "dropped", "failed", "late_generator")}}


def contender_figures(contender, points, seen, bare_ms):
    return {"label": contender.label, "kind": contender.peer.kind, "settings": contender.settings, "why": contender.why,
            "provider": contender.peer.provider(), "versions": contender.peer.versions(), "memory_bytes": seen["memory_bytes"],
            "lone_p50_ms": seen["lone_p50_ms"], "threshold_per_s": spread(threshold_by_seed(points).values()),
            "curve": [rate_figures(rate, at_rate(points, rate), bare_ms) for rate in sorted({point["rate_per_s"] for point in points})]}


def is_triton(contender):
    return contender.peer.kind.startswith("triton")


def best(maps, choose):
    """By seed, of those that have the seed."""
    return {seed: choose(values) for seed in maps[0] if (values := [one[seed] for one in maps if one.get(seed) is not None])}


def goals(rounds, seen_of, reference):
    """Ours beside Triton, seed by seed; none without Triton."""
    tritons = [(contender, points) for contender, points in rounds if is_triton(contender)]
    if not tritons:
        return []
    _, ours = rounds[0]
    low, near = rounded(LOW * reference), rounded(NEAR * reference)
    thresholds = [threshold_by_seed(points) for _, points in tritons]
    highest = max(range(len(tritons)), key=lambda which: median_interval(thresholds[which].values()).median)

    def latencies(points, rate, quantile):
        return by_seed(at_rate(points, rate), lambda point: point[quantile])

    memory = {contender.label: seen["memory_bytes"] for contender, seen in seen_of}
    compared = [
        (LONE, latencies(ours, low, "p50_ms"), latencies(tritons[highest][1], low, "p50_ms")),
        (THRESHOLD, threshold_by_seed(ours), best(thresholds, max)),
        (TAIL, latencies(ours, near, "p99_ms"), best([latencies(points, near, "p99_ms") for _, points in tritons], min)),
        (MEMORY, {0: memory[rounds[0][0].label]}, {0: memory[tritons[highest][0].label]})]
    return [judged for goal, mine, theirs in compared if (judged := goal.judged(ratio_interval(mine, theirs)))]


def model_figures(model, title, slo_ms, yardsticks, in_process, visits, rounds):
    reference = reference_of(visits)
    seen_of = [(contender, next(seen for peer, settings, seen in visits if peer is contender.peer and settings == contender.settings))
               for contender, _ in rounds]
    chosen = [(contender.peer, contender.settings) for contender in contenders_of(visits)]
    bare_ms = next(one["cpu_ms"] for one in yardsticks if one["engine"] == "onnxruntime" and one["threads"] == 1)
    others = [point["others_share"] for _, points in rounds for point in points]
    return {"name": model.name, "title": title, "hash": model.hash, "slo_ms": slo_ms, "reference_per_s": reference, "yardsticks": yardsticks,
            "in_process": in_process,
            "sweep": [{"label": peer.label(settings), "kind": peer.kind, "settings": settings, **seen,
                       "threshold_per_s": threshold_of(dict(seen["held"])) or None, "chosen": (peer, settings) in chosen}
                      for peer, settings, seen in visits],
            "systems": [contender_figures(contender, points, seen, bare_ms) for (contender, points), (_, seen) in zip(rounds, seen_of)],
            "goals": goals(rounds, seen_of, reference), "others_share": median_interval(others).median}


def overhead_figures(rounds, rate):
    """Of the model that computes nothing."""
    cpu = [by_seed(points, lambda point: point["cpu_ms_per_request"]) for _, points in rounds]
    tritons = [spent for (contender, _), spent in zip(rounds, cpu) if is_triton(contender)]
    return {"rate_per_s": rate, "goals": [OVERHEAD.judged(ratio_interval(cpu[0], best(tritons, min)))] if tritons else [],
            "systems": [{"label": contender.label, "cpu_ms_per_request": spread(spent.values()), "p50_ms": spread([point["p50_ms"] for point in points])}
                        for (contender, points), spent in zip(rounds, cpu)]}
