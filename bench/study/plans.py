"""Plans for machines that are not here, and what the study changes about them."""
import dataclasses
import hashlib
import json
import pathlib
import subprocess

from peers.peer import Failure

# So much slower are cores, beside the GPUs, where these are to work alone: StarONNX needs one core at least, and this one gets nothing to do.
OUT_OF_USE = 1e6


@dataclasses.dataclass(frozen=True)
class Plan:
    """On a machine."""

    folder: pathlib.Path
    machine: pathlib.Path  # its file

    @property
    def hash(self):
        """Of all that the simulator reads."""
        return hashlib.sha256((self.folder / "plan.json").read_bytes() + self.machine.read_bytes()).hexdigest()[:16]

    def read(self):
        return json.loads((self.folder / "plan.json").read_text())

    def bound(self, name):
        return self.read()["prediction"][name]["rate_per_s"]

    def split(self, segments):
        """The variant with so many segments that the bound makes most of, within the limit or else without; or the even one. None where the model
        cannot be cut so."""
        plan = self.read()
        names = [variant["name"] for variant in plan["variants"] if len(variant["segments"]) == segments]
        for bound in ("bound_within_slo", "bound"):
            parts = [part for part in plan["prediction"][bound]["mix"] if part["variant"] in names]
            if parts:
                return max(parts, key=lambda part: part["rate_per_s"])["variant"]
        return names[0] if names else None


def make(program, model, folder, machine=None, costs=None, *words):
    """Made once: the folder's name is to say of what."""
    if not (folder / "plan.json").exists():
        options = [*(["--machine", machine] if machine else []), *(["--profile", costs] if costs else []), *words]
        command = [str(word) for word in (program, "plan", model.path, "-o", folder, *model.shape_options, *options)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"{' '.join(command)}: {done.stderr.strip().splitlines()[-1]}")
    return folder


def wider(costs, widths, file):
    """The costs with those on other numbers of cores, by Amdahl's law from one core and two, node by node, as the simulator carries segments'."""
    known = json.loads(costs.read_text())
    one, two = (known["node_time_us"][known["widths"].index(width)] for width in (1, 2))
    for width in sorted(set(widths) - set(known["widths"])):
        times = [amdahl(*both, width) for both in zip(one, two)]
        known["widths"].append(width)
        known["node_time_us"].append(times)
        known["whole_us"].append(sum(times))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(known))
    return file


def amdahl(one, two, width):
    divided = min(1, max(0, 2 * (1 - two / one))) if one > 0 else 0
    return one * (1 - divided + divided / width)


def gpus_alone(plan, folder):
    """The plan, and the machine, where only GPUs count: one core is left, far too slow for any request, and GPUs are as fast as they were."""
    machine = json.loads(plan.machine.read_text())
    machine |= {"cores": [{"ids": "0"}], "l3_caches": []}
    for gpu in machine["gpus"]:
        gpu["speed"] *= OUT_OF_USE
    changed = plan.read()
    changed["variants"] = changed["variants"][:1]
    for segment in changed["variants"][0]["segments"]:
        for times in (segment["cpu_time"], *segment["batched"].values()):
            for name in ("alone_us", "busy_us"):
                times[name] = {width: OUT_OF_USE * time for width, time in times[name].items()}
    return written(folder, changed, machine)


def without_batches(plan, folder):
    changed = plan.read()
    for variant in changed["variants"]:
        for segment in variant["segments"]:
            segment["batched"] = {}
    return written(folder, changed, json.loads(plan.machine.read_text()))


def written(folder, plan, machine):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    (folder / "machine.json").write_text(json.dumps(machine))
    return Plan(folder, folder / "machine.json")
