"""How far any server of two cores can be ahead of one that gives each core a request of its own, where both only compute.

  .deps/venv/bin/python bench/compare/ideal.py

The ideal one gives both cores to every request, and that makes it twice as fast, without loss; requests of either take equally long and come at
random (Poisson). All in times of a request on one core. The limit on p99 is, as in scripts/compare, ten times what a lone request takes on both
cores with ONNX Runtime, which is less than twice as fast there.
"""
import numpy

REQUESTS = 400_000


def quantiles(servers, service, rate):
    """p50 and p99 of what requests take at `servers` equal servers, first come, first served."""
    arrivals = numpy.cumsum(numpy.random.default_rng(1).exponential(1 / rate, REQUESTS))
    free, latencies = [0.0] * servers, numpy.empty(REQUESTS)
    for number, arrival in enumerate(arrivals):
        soonest = min(range(servers), key=free.__getitem__)
        free[soonest] = max(arrival, free[soonest]) + service
        latencies[number] = free[soonest] - arrival
    return numpy.quantile(latencies, [0.5, 0.99])


def threshold(servers, service, limit):
    low, high = 0.5, 2.0
    while high - low > 0.002:
        middle = (low + high) / 2
        low, high = (middle, high) if quantiles(servers, service, middle)[1] <= limit else (low, middle)
    return low


def main():
    print("| both cores make a request faster by | threshold, over that of separate cores | p99 at 80 % of that | p50 at 10 % |\n| --- | --- | --- | --- |")
    for faster in (2, 1.7):
        limit = 10 / faster
        separate = threshold(2, 1, limit)
        ratio = lambda rate, which: quantiles(1, 0.5, rate)[which] / quantiles(2, 1, rate)[which]
        print(f"| {faster} | {threshold(1, 0.5, limit) / separate:.2f} | {ratio(0.8 * separate, 1):.2f} | {ratio(0.1 * separate, 0):.2f} |")


if __name__ == "__main__":
    main()
