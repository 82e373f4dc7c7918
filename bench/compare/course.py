"""The course of a comparison. For each model

  yardsticks: engines alone in a process -> SLO -> visits: each setting of each server, alone on the machine -> contenders -> rounds

In the rounds all contenders run, and one is at work: for each seed the curve's rates and the search for the threshold, contenders in turns,
each seed beginning with another. Everything goes through the record, so that nothing is measured twice.
"""
import contextlib
import dataclasses
import json
import pathlib
import subprocess

from compare import models
from compare.load import Client
from compare.machine import CORES
from compare.scale import WINDOW_S
from compare.search import next_rate, rounded
from peers.model import Model
from peers.peer import PEERS, ROOT, Failure, Peer, Server, installed

SLO_OF_LONE = 10  # the limit on p99: so many times what ONNX Runtime alone takes for one request on all cores
IN_PROCESS_S = 24
NOTHING_PER_S = 100  # requests/s of the model that computes nothing

ENGINES = {"onnxruntime": ROOT / ".deps/venv/bin/python", "openvino": PEERS / "openvino-runtime/bin/python"}


@dataclasses.dataclass(frozen=True)
class Contender:
    peer: Peer
    settings: dict
    why: str  # it was chosen, for people

    @property
    def label(self):
        return self.peer.label(self.settings)


@dataclasses.dataclass
class Course:
    client: Client
    peers: list  # that are installed; StarONNX first
    scale: object
    record: object
    progress: object
    folder: pathlib.Path  # of logs and models
    machine: str
    window_s: float
    slo: float | None = None  # times the lone latency, or None for the default

    # ---- alone ----

    def yardsticks(self, model):
        cores = CORES
        found = []
        for engine, python in ENGINES.items():
            if not python.exists():
                continue
            for threads in sorted({1, cores}):
                of = self.of(model, what="yardstick", engine=engine, version=installed(python.parents[1], engine), threads=threads,
                             seconds=self.window_s)
                found.append(self.measured(of, self.window_s, f"{engine} alone on {threads} of {CORES} cores",
                                           lambda: yardstick(engine, python, model, threads, self.window_s)))
        return found

    def in_process(self, model, slo_ms):
        if self.scale.usual_choices:
            return []
        of = self.of(model, what="in process", identity=self.peers[0].identity, slo_ms=slo_ms, seconds=IN_PROCESS_S)
        return self.measured(of, IN_PROCESS_S, "ONNX Runtime alone and StarONNX, in one process",
                             lambda: self.client.in_process(model, self.folder / "plans" / f"{model.name}-{model.hash}", slo_ms, IN_PROCESS_S))

    def slo_ms(self, yardsticks):
        lone = next(one["lone_ms"] for one in yardsticks if one["engine"] == "onnxruntime" and one["threads"] == CORES)
        return rounded((self.slo or SLO_OF_LONE) * lone)

    def choices(self, peer, model):
        found = peer.choices(CORES, model.batches)
        return found[:2] if self.scale.usual_choices else found

    def visits(self, model, slo_ms):
        """(peer, settings, what was seen) of everything worth trying."""
        found = []
        for peer in self.peers:
            for settings in self.choices(peer, model):
                of = self.of(model, what="visit", peer=peer.kind, settings=settings, identity=peer.identity, slo_ms=slo_ms,
                             seconds=self.window_s / 2, search=not self.scale.usual_choices)
                seen = self.measured(of, self.scale.visit_s(self.window_s), peer.label(settings) + " alone",
                                     lambda: self.visit(peer, settings, model, slo_ms))
                found.append((peer, settings, seen))
        return found

    def visit(self, peer, settings, model, slo_ms):
        seconds = self.window_s / 2
        with self.server(peer, settings, model) as server:
            lone = self.client.closed_loop(server, 1, seconds)
            saturated = self.client.closed_loop(server, 8 * CORES, seconds)["served_per_s"]
            held = {}
            for _ in range(0 if self.scale.usual_choices else self.scale.visit_windows - 2):
                if rate := next_rate(held, saturated):
                    held[rate] = self.client.window(server, rate, seconds, 1, slo_ms)["held"]
            return {"lone_p50_ms": lone["p50_ms"], "saturated_per_s": saturated, "held": sorted(held.items()), "memory_bytes": server.memory_bytes()}

    # ---- together ----

    def rounds(self, model, contenders, reference_per_s, slo_ms):
        """[(contender, points)]."""
        found = [(contender, []) for contender in contenders]
        with contextlib.ExitStack() as stack:
            stage = Stage(self, stack, model, contenders)
            for seed in range(1, self.scale.seeds + 1):
                turn = found[seed % len(found):] + found[:seed % len(found)]
                for share in self.scale.curve:
                    for contender, points in turn:
                        points.append(self.window(stage, contender, rounded(share * reference_per_s), seed, slo_ms))
                for _ in range(self.scale.rounds):
                    for contender, points in turn:
                        self.search(stage, contender, points, seed, slo_ms)
        return found

    def window(self, stage, contender, rate, seed, slo_ms):
        of = self.of_contender(stage, contender, what="window", rate=rate, seed=seed, seconds=self.window_s, slo_ms=slo_ms)
        return self.measured(of, self.window_s + WINDOW_S, f"{contender.label} at {rate:g}/s, seed {seed}",
                             lambda: self.client.window(stage.server(contender), rate, self.window_s, seed, slo_ms))

    def search(self, stage, contender, points, seed, slo_ms):
        held = {point["rate_per_s"]: point["held"] for point in points if point["seed"] == seed}
        greatest = max(point["served_per_s"] for point in points)
        ceiling = max(1.3 * greatest, *held) if all(held.values()) else max(held)
        if rate := next_rate(held, ceiling):
            points.append(self.window(stage, contender, rate, seed, slo_ms))
        else:
            self.progress.skip(self.window_s + WINDOW_S)

    def overhead(self):
        """The same for the model that computes nothing, at one rate."""
        model = models.model_of(models.NOTHING, self.folder / "models")
        contenders = [Contender(peer, self.choices(peer, model)[0], "usual") for peer in self.peers]
        longer = dataclasses.replace(self, window_s=2 * self.window_s)
        found = [(contender, []) for contender in contenders]
        with contextlib.ExitStack() as stack:
            stage = Stage(longer, stack, model, contenders)
            for seed in range(1, self.scale.seeds + 1):
                for contender, points in found:
                    points.append(longer.window(stage, contender, NOTHING_PER_S, seed, 1000))
        return found

    # ---- what all of it shares ----

    def server(self, peer, settings, model):
        place = "-".join([peer.kind, *(str(value) for value in settings.values())])
        return Server(peer, model, settings, self.folder / "logs" / model.name / place)

    def of(self, model, **what):
        return {"model": model.hash, "machine": self.machine, **what}

    def of_contender(self, stage, contender, **what):
        return self.of(stage.model, contender=contender.label, beside=stage.beside, **what)

    def measured(self, of, seconds, words, measure):
        known = self.record.has(of)
        result = self.record.get(of, measure)
        self.progress.done(words, seconds, known)
        return result


class Stage:
    """The servers of the contenders, each started when it is first needed, all ended with the stack. What is measured there holds beside these
    contenders only, as they take turns."""

    def __init__(self, course, stack, model, contenders):
        self.course, self.stack, self.model, self.servers = course, stack, model, {}
        self.beside = sorted(f"{contender.label} {json.dumps(contender.peer.identity)}" for contender in contenders)

    def server(self, contender):
        if contender.label not in self.servers:
            self.servers[contender.label] = self.stack.enter_context(self.course.server(contender.peer, contender.settings, self.model))
        return self.servers[contender.label]


def yardstick(engine, python, model: Model, threads, seconds):
    inputs = json.dumps([(tensor.name, tensor.type, model.request_shape(tensor)) for tensor in model.inputs])
    script = pathlib.Path(__file__).with_name("yardstick.py")
    done = subprocess.run([python, script, engine, model.path, str(threads), str(seconds), inputs], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{engine} cannot run {model.name}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def held_alone(seen):
    """What a visit says of the threshold; where it was not searched for, four fifths of the saturated rate."""
    held = [rate for rate, was in seen["held"] if was]
    return max(held) if held else 0.8 * seen["saturated_per_s"]


def contenders_of(visits):
    """Of each kind of server the setting that holds the highest rate alone and, of Triton's, also the one with the least lone latency: no
    fixed setting of it is best at both ends."""
    found = []
    for peer in dict.fromkeys(peer for peer, _, _ in visits):
        own = [(settings, seen) for other, settings, seen in visits if other is peer]
        highest = max(own, key=lambda visit: held_alone(visit[1]))
        soonest = min(own, key=lambda visit: visit[1]["lone_p50_ms"])
        found.append(Contender(peer, highest[0], "the highest threshold"))
        if peer.kind.startswith("triton") and soonest[0] != highest[0]:
            found.append(Contender(peer, soonest[0], "the least lone latency"))
    return found


def reference_of(visits):
    """The rate that the curve's shares are of: Triton's best; of StarONNX's where there is no Triton."""
    tritons = [held_alone(seen) for peer, _, seen in visits if peer.kind.startswith("triton")]
    return max(tritons or [held_alone(seen) for _, _, seen in visits])
