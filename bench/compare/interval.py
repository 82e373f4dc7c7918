"""Medians with intervals that assume nothing of how values are spread."""
import dataclasses
import math
import statistics


@dataclasses.dataclass(frozen=True)
class Interval:
    median: float
    low: float
    high: float
    confidence: float  # that the true median lies from low to high
    count: int


def median_interval(values, confidence=0.95):
    """Between the k-th smallest and the k-th greatest of independent values lies the true median unless fewer than k of them fell on one side
    of it, which a coin decides. The narrowest such interval that has the confidence; of too few values their whole range, with what it has
    (three: 0.75)."""
    ordered = sorted(values)
    count = len(ordered)
    k, reached = 1, coverage(count, 1)
    while 2 * (k + 1) <= count and coverage(count, k + 1) >= confidence:
        k += 1
        reached = coverage(count, k)
    return Interval(statistics.median(ordered), ordered[k - 1], ordered[count - k], reached, count)


def coverage(count, k):
    return 1 - 2 * sum(math.comb(count, below) for below in range(k)) / 2**count


def ratio_interval(ours, theirs, confidence=0.95):
    """Of measurements in pairs, by what they share (the seed, the round); None where no pair has both. Over nothing a ratio is infinite."""
    pairs = [(ours[which], theirs[which]) for which in ours if ours[which] is not None and theirs.get(which) is not None]
    return median_interval([ratio(*pair) for pair in pairs], confidence) if pairs else None


def ratio(ours, theirs):
    return ours / theirs if theirs else math.inf if ours else 1.0
