"""Runs of `staronnx simulate`, each kept in a record, so that a study that was stopped goes on where it was."""
import dataclasses
import hashlib
import json
import pathlib
import shlex
import subprocess
import threading

from compare.record import Record
from compare.search import next_rate, rounded, threshold_of
from peers.peer import Failure
from study.plans import Plan

FIGURES = ("rate_per_s", "served_per_s", "good_per_s", "p50_ms", "p99_ms", "held")


@dataclasses.dataclass(frozen=True)
class System:
    """What is put under load."""

    label: str
    plan: Plan
    variant: str  # of the plan; empty: one chosen for each request
    options: tuple = ()


class Simulator:
    """Thread-safe."""

    def __init__(self, program, record: Record, requests, progress):
        self.program, self.record, self.requests, self.progress = pathlib.Path(program), record, requests, progress
        self.build = hashlib.sha256((self.program.parent.parent / "lib/staronnx/staronnx-simulate").read_bytes()).hexdigest()[:16]
        self._lock = threading.Lock()

    def command(self, system, rate, slo, deadline_ms=None):
        """`slo`: milliseconds, or "2x". One rate, in requests/s."""
        words = ["simulate", system.plan.folder, "--machine", system.plan.machine, "--variant", system.variant, "--rates", f"{rate:g}", "--slo", slo,
                 *(["--deadline", deadline_ms] if deadline_ms else []), "--requests", self.requests, *system.options]
        return [str(word) for word in (self.program, *words, "--json")]

    def run(self, system, rate, slo, deadline_ms=None):
        """What staronnx simulate says."""
        words = self.command(system, rate, slo, deadline_ms)
        of = {"build": self.build, "plan": system.plan.hash, "options": [system.variant, *system.options], "rate": rate, "slo": slo,
              "deadline_ms": deadline_ms, "requests": self.requests}  # fmt: skip
        with self._lock:
            known = self.record.has(of)
        result = None if known else summary(simulated(words))
        with self._lock:
            if not known:
                self.progress()
            return self.record.get(of, lambda: result)

    def point(self, system, rate, slo_ms, deadline_ms=None):
        return self.run(system, rounded(rate), slo_ms, deadline_ms)["point"]

    def threshold(self, system, slo_ms, ceiling, resolution):
        """The largest rate with p99 within the limit, by bisection to that share of the ceiling, a rate that cannot be held; 0 where it is smaller."""
        least = rounded(resolution * ceiling)
        held = {least: self.point(system, least, slo_ms)["held"]}
        while rate := next_rate(held, ceiling, resolution):
            held[rate] = self.point(system, rate, slo_ms)["held"]
        return threshold_of(held)


def simulated(words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise Failure(f"{shlex.join(words)}: {said[-1] if said else f'ended with {done.returncode}'}")
    return json.loads(done.stdout)


def summary(said):
    (system,) = said["systems"]
    (point,) = system["points"]
    return {"slo_ms": said["slo_ms"], "lone_p50_ms": system["lone_p50_ms"], "hidden_share": system.get("transfers", {}).get("hidden_share"),
            "point": {name: point[name] for name in FIGURES}}
