"""What is simulated for each question of the study.

  plan of the whole model -> GPUs alone: lone latency -> limit, twice that -> plan with the cuts that suit it, and the bound -> systems

Systems of one case are independent of each other; they run side by side.
"""
import collections
import concurrent.futures
import dataclasses
import hashlib
import json
import pathlib

from compare.search import rounded
from study import plans
from study.models import BATCHED, TITLES, costs_of, study_model
from study.plans import Plan
from study.simulator import Simulator, System

# Limits, times what a GPU takes for one request: on every answer, and on p99. Where requests come as they like, a GPU alone keeps p99 within twice
# its lone latency only while it has next to nothing to do.
IN_TIME, CONGESTED = 2, 5
# Times the bound: what systems are asked for that are to show all they can do. A processor that has nothing to do between two requests that
# come by chance is no fault of theirs: with twice the bound that is 7 % of the time under the limit, with four times half a percent.
OVERLOAD = 4
STOCK = ("dmdas", "heteroprio", "lws", "eager")
WIDTHS = (1, 2, 4, 8, 16)


@dataclasses.dataclass(frozen=True)
class Scale:
    requests: int  # of each run
    curve: tuple  # rates, as shares of the bound
    resolution: float  # of thresholds, as a share of the bound


FULL = Scale(1500, (0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8), 0.03)
QUICK = Scale(300, (0.25, 0.5, 0.75), 0.2)


@dataclasses.dataclass(frozen=True)
class Case:
    """A model on a machine."""

    title: str
    machine: str
    plan: Plan
    alone: Plan  # GPUs alone
    lone_ms: float  # on a GPU
    slo_ms: float

    @property
    def congested_ms(self):
        return rounded(CONGESTED * self.lone_ms)

    @property
    def bound(self):
        return self.plan.bound("bound")

    @property
    def bound_within_slo(self):
        return self.plan.bound("bound_within_slo")


@dataclasses.dataclass
class Course:
    program: pathlib.Path
    simulator: Simulator
    scale: Scale
    folder: pathlib.Path  # of models and plans
    workers: concurrent.futures.Executor

    # ---- cases ----

    def measured(self, word):
        """The model, and what it costs on this machine's cores."""
        model = study_model(word, self.folder / "models")
        return model, costs_of(word) or plans.make(self.program, model, self.folder / f"plans/{model.name}-{model.hash}-here") / "costs.json"

    def case(self, title, model, costs, machine):
        folder = self.folder / f"plans/{model.name}-{model.hash}-{machine.stem}-{hash_of(costs, machine, self.program)}"
        costs = plans.wider(costs, elastic_widths(machine), folder / "costs.json")
        whole = Plan(plans.make(self.program, model, folder / "whole", machine, costs, "--segments", 1), machine)
        alone = plans.gpus_alone(whole, folder / "gpus-alone")
        lone_ms = self.simulator.run(System("", alone, "whole"), rounded(whole_per_s(whole)), f"{IN_TIME}x")["lone_p50_ms"]
        slo_ms = rounded(IN_TIME * lone_ms)
        plan = Plan(plans.make(self.program, model, folder / "cut", machine, costs, "--slo", f"{slo_ms:g}ms"), machine)
        return Case(title, machine.stem, plan, alone, lone_ms, slo_ms)

    def cases(self, words, machines):
        wanted = []
        for word in words:
            model, costs = self.measured(word)
            wanted += [(TITLES.get(word, model.name), model, costs, machine) for machine in machines]
        return list(self.workers.map(lambda case: self.case(*case), wanted))

    # ---- GPUs, cores, splits, schedulers ----

    def systems(self, case):
        splits = [(k, case.plan.split(k)) for k in (2, 3)]
        return [System("GPUs alone", case.alone, "whole"), System("whole requests", case.plan, "whole"),
                *(System(f"split in {k}", case.plan, split) for k, split in splits if split), System("chosen", case.plan, ""),
                *(System(name, case.plan, "whole", ("--scheduler", name)) for name in STOCK)]  # fmt: skip

    def comparisons(self, cases, with_curves):
        """Of all cases; with curves, of these."""
        wanted = [(case, system) for case in cases for system in self.systems(case)]
        seen = list(self.workers.map(lambda pair: self.figures(*pair, pair[0] in with_curves and pair[1].label not in STOCK), wanted))
        return [self.comparison(case, [figures for (whose, _), figures in zip(wanted, seen) if whose is case]) for case in cases]

    def figures(self, case, system, with_curve):
        simulator, most = self.simulator, rounded(OVERLOAD * case.bound)
        return {"label": system.label, "variant": system.variant,
                "threshold_per_s": simulator.threshold(system, case.congested_ms, 1.1 * case.bound, self.scale.resolution),
                "saturated_per_s": simulator.point(system, most, case.slo_ms)["served_per_s"],
                "in_time_per_s": simulator.point(system, most, case.slo_ms, case.slo_ms)["good_per_s"],
                "command": command_words(simulator.command(system, most, case.slo_ms, case.slo_ms)),
                "curve": [simulator.point(system, share * case.bound, case.congested_ms) for share in self.scale.curve if with_curve]}  # fmt: skip

    def comparison(self, case, figures):
        return {"model": case.title, "machine": case.machine, "lone_ms": case.lone_ms, "slo_ms": case.slo_ms, "congested_ms": case.congested_ms, "bound_per_s": case.bound,
                "bound_within_slo_per_s": case.bound_within_slo, "mix": case.plan.read()["prediction"]["bound_within_slo"]["mix"],
                "systems": figures}  # fmt: skip

    # ---- transfers during computation ----

    def overlap(self, case):
        """Whole requests and the one split, with transfers during computation, and without."""
        split = case.plan.split(2)
        systems = [System(label, case.plan, variant, options) for variant in ("whole", *([split] if split else ()))
                   for label, options in (("on", ()), ("off", ("--overlap", "off")))]  # fmt: skip
        return {"model": case.title, "machine": case.machine,
                "systems": list(self.workers.map(lambda system: self.figures(case, system, False), systems))}  # fmt: skip

    # ---- batches ----

    def batching(self, machine):
        """With batches, and the same plan without, at several limits."""
        folder = self.folder / "plans" / f"dense-{machine.stem}"
        with_them = plans.written(folder / "batches", json.loads(BATCHED.read_text()), json.loads(machine.read_text()))
        alone = plans.gpus_alone(with_them, folder / "gpus-alone")
        lone_ms = self.simulator.run(System("", alone, "whole"), rounded(whole_per_s(alone)), f"{IN_TIME}x")["lone_p50_ms"]
        systems = [System("with batches", with_them, ""), System("one by one", plans.without_batches(with_them, folder / "one-by-one"), "")]
        return {"machine": machine.stem, "lone_ms": lone_ms, "sizes": batches_of(with_them),
                "systems": list(self.workers.map(lambda system: self.batched(system, lone_ms), systems))}  # fmt: skip

    def batched(self, system, lone_ms):
        most = most_per_s(system.plan)
        return {"label": system.label, "saturated_per_s": self.simulator.point(system, OVERLOAD * most, 100 * lone_ms)["served_per_s"],
                "thresholds": [[times, self.simulator.threshold(system, rounded(times * lone_ms), 1.1 * most, self.scale.resolution)]
                               for times in (2, 5, 10, 20)]}  # fmt: skip

    # ---- core groups ----

    def grouping(self, case):
        """Without GPUs: core groups of each width, and elastic ones."""
        cores = core_counts(case.plan.machine).total()
        groups = {str(width): ",".join([str(width)] * (cores // width)) for width in WIDTHS if width <= cores} | {"elastic": "elastic"}
        rate = cores / seconds_on_a_core(case.plan)
        systems = [System(label, case.plan, "whole", ("--gpus", "none", "--core-groups", words)) for label, words in groups.items()]
        return {"model": case.title, "machine": case.machine, "cores": cores, "bound_per_s": rate,
                "systems": list(self.workers.map(lambda system: self.grouped(system, rate), systems))}  # fmt: skip

    def grouped(self, system, rate):
        slo_ms = 1e5  # none
        return {"label": system.label, "saturated_per_s": self.simulator.point(system, OVERLOAD * rate, slo_ms)["served_per_s"],
                "curve": [self.simulator.point(system, share * rate, slo_ms) for share in (0.1, 0.5, 0.8)]}  # fmt: skip


def command_words(words):
    """As it would be typed in the clone."""
    return " ".join(["staronnx", *(word or "''" for word in words[1:])])


def hash_of(*files):
    return hashlib.sha256(b"".join(pathlib.Path(file).read_bytes() for file in files)).hexdigest()[:8]


def core_counts(machine):
    """By NUMA node."""
    counts = collections.Counter()
    for entry in json.loads(machine.read_text())["cores"]:
        for first, _, last in (part.partition("-") for part in entry["ids"].split(",")):
            counts[entry.get("numa_node", 0)] += int(last or first) - int(first) + 1
    return counts


def elastic_widths(machine):
    """1, 2, 4 .. and all cores of a NUMA node, with those that drive GPUs, the last, and without."""
    every = core_counts(machine)
    others = every - collections.Counter({max(every): len(json.loads(machine.read_text()).get("gpus", []))})
    return {min(2**power, count) for count in (*every.values(), *others.values()) for power in range(count.bit_length() + 1)}


def seconds_on_a_core(plan):
    return sum(segment["cpu_time"]["alone_us"]["1"] for segment in plan.read()["variants"][0]["segments"]) / 1e6


def batches_of(plan):
    return sorted(map(int, plan.read()["variants"][0]["segments"][0]["batched"]))


def most_per_s(plan):
    """Of all processors, each by itself, in the batches that are best there."""
    machine = json.loads(plan.machine.read_text())
    segments = plan.read()["variants"][0]["segments"]
    each = [seconds_on_a_core(plan)]
    for batch in batches_of(plan):
        each.append(sum(segment["batched"][str(batch)]["alone_us"]["1"] for segment in segments) / 1e6 / batch)
    return (core_counts(plan.machine).total() + sum(gpu["speed"] for gpu in machine["gpus"])) / min(each)


def whole_per_s(plan):
    """Of all GPUs, each by itself."""
    return sum(gpu["speed"] for gpu in json.loads(plan.machine.read_text())["gpus"]) / seconds_on_a_core(plan)
