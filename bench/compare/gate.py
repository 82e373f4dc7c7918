"""Two builds of StarONNX in pairs, round by round: what each figure is, and whether the new one is worse."""
import contextlib
import dataclasses
import json
import subprocess

from compare import models
from compare.interval import ratio_interval
from compare.load import Client
from compare.search import next_rate, rounded, threshold_of
from peers.peer import Failure, Server
from peers.staronnx import StarOnnx

ALLOWED = 1.05  # a loss beyond it, and beyond doubt, fails
PROTOCOLS = [(protocol, floats) for protocol in ("http", "grpc") for floats in (16, 150_000)]


@dataclasses.dataclass(frozen=True)
class Verdict:
    figure: str
    old: float  # medians
    new: float
    loss: object  # Interval of how many times as bad the new build is, 1: as good
    word: str

    @property
    def failed(self):
        return self.word == "LOSS"


def verdict(figure, old, new, more_is_better=False):
    """`old`, `new`: values by round. A loss is one only if the whole interval of the median ratio lies beyond what is allowed: with nine rounds,
    if the new build is more than 5 % worse in at least eight; by chance under 1 in 50."""
    loss = ratio_interval(old, new) if more_is_better else ratio_interval(new, old)
    if loss is None:
        raise Failure(f"{figure}: not measured in both builds")
    word = "LOSS" if loss.low > ALLOWED else "gain" if loss.high < 1 / ALLOWED else "no loss" if loss.high <= ALLOWED else "no loss shown"
    return Verdict(figure, median_of(old), median_of(new), loss, word)


def median_of(values):
    ordered = sorted(values.values())
    return ordered[len(ordered) // 2]


class Values:
    """By figure, build and round."""

    def __init__(self):
        self._found = {}

    def add(self, figure, build, which_round, value, more_is_better=False):
        values = self._found.setdefault((figure, more_is_better), {"old": {}, "new": {}})
        values[build][which_round] = value

    def verdicts(self):
        return [verdict(figure, values["old"], values["new"], more) for (figure, more), values in self._found.items()]


class Gate:
    """Each measure_ puts its figures into `values`; builds take turns within a round, the other first in the next one."""

    def __init__(self, old, new, rounds, folder, say):
        self.builds = {"old": old, "new": new}
        self.rounds, self.folder, self.say, self.values = rounds, folder, say, Values()
        self.client = Client(new / "bin/staronnx")  # one client for both

    def turns(self, what):
        for which in range(self.rounds):
            self.say(f"{what}, round {which + 1} of {self.rounds}")
            for build in ("old", "new") if which % 2 == 0 else ("new", "old"):
                yield which, build

    def measure_segments(self):
        """Segments that compute nothing: a request from submit to answer."""
        for which, build in self.turns("cost of a segment"):
            done = subprocess.run([self.builds[build] / "bin/pipeline_bench", "--benchmark_filter=Null", "--benchmark_format=json",
                                   "--benchmark_min_time=0.1"], check=True, capture_output=True, text=True)
            for run in json.loads(done.stdout)["benchmarks"]:
                self.values.add(f"{run['name'].split('/manual')[0].split('/real')[0]}, us", build, which, run["real_time"])

    def measure_protocol(self):
        """Processor time of the server for a request that computes nothing."""
        with self.servers(models.IDENTITY) as servers:
            for which, build in self.turns("cost of the protocols"):
                server = servers[build]
                for protocol, floats in PROTOCOLS:
                    before = server.cpu_seconds()
                    port = getattr(server, protocol).rpartition(":")[2]
                    done = subprocess.run([self.builds["new"] / "bin/protocol_bench", "load", protocol, port, str(floats), "1"], check=True,
                                          capture_output=True, text=True)
                    spent = server.cpu_seconds() - before
                    self.values.add(f"{protocol}, {4 * floats} bytes, CPU us", build, which, 1e6 * spent / json.loads(done.stdout)["requests"])

    def measure_latency(self):
        """SqueezeNet: p50 at low load, then the threshold, with each round's own arrivals."""
        with self.servers("squeezenet") as servers:
            lone = self.client.closed_loop(servers["old"], 1, 2)["p50_ms"]
            saturated = self.client.closed_loop(servers["old"], 16, 2)["served_per_s"]
            for which, build in self.turns("latency and threshold"):
                low = self.client.window(servers[build], rounded(0.2 * saturated), 2, which, 10 * lone)
                self.values.add("p50 at low load, ms", build, which, low["p50_ms"])
                self.values.add("threshold, requests/s", build, which, self.threshold(servers[build], saturated, which, 10 * lone), more_is_better=True)

    def threshold(self, server, saturated, seed, slo_ms):
        held = {}
        for _ in range(6):
            if rate := next_rate(held, 1.2 * saturated):
                held[rate] = self.client.window(server, rate, 1.5, seed, slo_ms)["held"]
        return threshold_of(held)

    @contextlib.contextmanager
    def servers(self, word):
        """Both builds at once, one at work at a time."""
        model = models.model_of(word, self.folder / "models")
        with contextlib.ExitStack() as stack:
            yield {build: stack.enter_context(Server(StarOnnx(path, title=f"StarONNX, {build}"), model, {}, self.folder / f"{word}-{build}"))
                   for build, path in self.builds.items()}


MEASURES = {"segments": Gate.measure_segments, "protocol": Gate.measure_protocol, "latency": Gate.measure_latency}
