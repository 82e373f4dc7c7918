"""Bisection for the congestion threshold: the largest rate that is held with no failed rate below it. Pure."""


def rounded(rate):
    """Three digits."""
    return float(f"{rate:.3g}")


def threshold_of(held):
    """`held`: whether each rate was; 0 where the smallest was not."""
    best = 0.0
    for rate in sorted(held):
        if not held[rate]:
            break
        best = rate
    return best


def next_rate(held, ceiling, resolution=0.02):
    """The middle between the threshold as it is known and the smallest failed rate, or the ceiling, a rate that nobody can hold; None when
    they are as near as the resolution, a share of the ceiling."""
    low = threshold_of(held)
    high = min([rate for rate, was in held.items() if not was] + [ceiling])
    return None if high - low <= resolution * ceiling else rounded((low + high) / 2)
