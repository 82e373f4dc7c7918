"""`staronnx simulate`: a plan under load on machines that are not there, in virtual time."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
MACHINES = sorted((ROOT / "machines").glob("*.json"))
WORKSTATION = ROOT / "machines/workstation-1gpu.json"


def tensor(name, numbers):
    return {"name": name, "type": "float32", "shape": [1, numbers], "dimension_names": ["", ""], "optional": False}


def segment(file, reads, writes, one, two):
    """Times in milliseconds, on one core and on two."""
    times = {"alone_us": {"1": 1e3 * one, "2": 1e3 * two}, "busy_us": {"1": 1e3 * one, "2": 1e3 * two}}
    none = {"alone_us": {}, "busy_us": {}}
    return {"file": file, "nodes": 1, "inputs": [reads], "outputs": [writes], "processors": ["cpu"], "cpu_time": times,
            "batched": {}, "provider": "cpu", "other_provider_time": none, "provider_note": ""}  # fmt: skip


def variant(name, segments, shares):
    return {"name": name, "shares": shares, "work": shares, "cut_bytes": 0, "segments": segments, "node_segment": list(range(len(shares))),
            "method": "whole" if len(shares) == 1 else "metis", "period_over_bound": 1, "cuts_measured": 0}  # fmt: skip


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """Of a model that takes 40 ms on one core and 24 ms on two, whole and cut: times as if they had been measured. Nothing else is needed."""
    folder = tmp_path_factory.mktemp("plan")
    x, m, y = tensor("x", 100_000), tensor("m", 50_000), tensor("y", 1000)
    no_bound = {"rate_per_s": 0, "mix": []}
    plan = {
        "format": "staronnx-plan", "version": 4, "model": "made-up.onnx", "model_hash": "0" * 64, "machine": "CPU, 2 cores", "engine": "onnxruntime",
        "inputs": [x], "outputs": [y], "shapes": [x["shape"]],
        "tensors": [{**t, "bytes": 4 * t["shape"][1]} for t in (x, m, y)],
        "nodes": [{"label": str(i), "time_us": 2e4, "reads": []} for i in range(2)],
        "variants": [
            {**variant("whole", [segment("whole.onnx", "x", "y", 40, 24)], [1.0]), "node_segment": [0, 0]},
            variant("k2", [segment("k2-0.onnx", "x", "m", 30, 18), segment("k2-1.onnx", "m", "y", 10, 6)], [0.75, 0.25]),
        ],
        "prediction": {"slo_ms": 200, "bound": no_bound, "bound_within_slo": no_bound, "forecasts": [], "estimates": []},
    }  # fmt: skip
    (folder / "plan.json").write_text(json.dumps(plan))
    return folder


def machine_with(tmp_path, change):
    machine = json.loads(WORKSTATION.read_text())
    change(machine)
    file = tmp_path / "machine.json"
    file.write_text(json.dumps(machine))
    return file


def systems(result):
    return {system["name"]: system for system in result["systems"]}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda file: file.stem)
def test_every_machine_of_the_library_is_simulated(staronnx_json, plan, machine):
    result = staronnx_json("simulate", plan, "--machine", machine, "--variant", "k2", "--requests", 50)
    assert result["machine"].endswith("(simulated)") and result["model"] == "made-up.onnx"
    assert any("divided by its speed" in estimate for estimate in result["estimates"])
    for system in systems(result).values():
        assert system["saturated_per_s"] > 1000 / 24
        assert system["lone_p50_ms"] < 24, "the GPU is faster than all that was measured"


def test_cores_and_gpu_serve_more_than_either(staronnx_json, plan):
    def saturated(*options):
        return staronnx_json("simulate", plan, "--machine", WORKSTATION, "--variant", "whole", "--requests", 1000, *options)["systems"][0]["saturated_per_s"]

    cores, both = saturated("--gpus", "none"), saturated()
    assert cores == pytest.approx(16 / 0.040, rel=0.05)
    assert 1.2 * 20 / 0.040 < both < 1.05 * (20 / 0.040 + 15 / 0.040), "a core is the GPU's"


def test_a_lone_request_takes_what_the_plan_says(staronnx_json, plan, tmp_path):
    two_cores = machine_with(tmp_path, lambda machine: machine.update(cores=[{"ids": "0-1"}], l3_caches=[], gpus=[], links=[]))
    result = staronnx_json("simulate", plan, "--machine", two_cores, "--variant", "whole", "--variant", "k2", "--requests", 100)
    for system in systems(result).values():
        assert system["lone_p50_ms"] == pytest.approx(24, rel=0.03)


def test_who_will_be_late_is_refused_where_there_is_a_deadline(staronnx_json, plan):
    def point(*options):
        return staronnx_json("simulate", plan, "--machine", WORKSTATION, "--variant", "whole", "--rates", 3000, "--slo", 6, *options)["systems"][0]["points"][0]

    late, refused = point(), point("--deadline", 6)
    assert refused["good_per_s"] > 0.8 * 20 / 0.040 > late["good_per_s"], "the GPU's rate; without a deadline the queue makes all late"


def test_one_seed_gives_one_output(staronnx, plan):
    def output(seed):
        return staronnx("simulate", plan, "--machine", WORKSTATION, "--rates", "300:600:150", "--requests", 500, "--seed", seed).stdout

    assert output(1) == output(1)
    assert output(1) != output(2).replace("seed 2", "seed 1").replace("--seed 2", "--seed 1")


def test_the_result_makes_a_page(staronnx, plan, tmp_path):
    staronnx("simulate", plan, "--machine", WORKSTATION, "--requests", 100, "-o", tmp_path / "result.json")
    done = subprocess.run([sys.executable, ROOT / "scripts/report.py", tmp_path / "result.json", "-o", tmp_path / "page.html"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "(simulated)" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda machine: machine["links"].pop(1), "gpu0 to numa0"),
        (lambda machine: machine["gpus"][0].update(speed=0), "gpus[0].speed"),
        (lambda machine: machine["gpus"][0].pop("speed"), '"speed"'),
        (lambda machine: machine["gpus"][0].update(color="green"), "gpus[0].color"),
        (lambda machine: machine.update(cores=[{"ids": "0-7999"}], l3_caches=[]), "8000 cores"),
        (lambda machine: machine.update(cores=[{"ids": "0-9999"}], l3_caches=[]), "cores[0].ids"),
    ],
)
def test_a_wrong_machine_is_refused_by_name(staronnx, plan, tmp_path, change, words):
    done = staronnx("simulate", plan, "--machine", machine_with(tmp_path, change), check=False)
    assert done.returncode == 1 and words in done.stderr and "machine" in done.stderr, done.stderr


def test_nothing_is_left_behind(staronnx, environment, command, plan, tmp_path):
    subprocess.run([command, "simulate", plan, "--machine", WORKSTATION, "--requests", "50"], check=True, capture_output=True, timeout=600,
                   env={**environment, "TMPDIR": str(tmp_path)})  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_the_scheduler_that_is_simulated_is_the_engines_own(command):
    """Both programs are made of the same files."""
    commands = pathlib.Path(command).parent.parent / "compile_commands.json"
    objects = {}
    for entry in json.loads(commands.read_text()):
        source = os.path.relpath(entry["file"], ROOT)
        target = re.search(r"CMakeFiles/([^/]+)\.dir/", entry["command"])
        if source.startswith("staronnx/schedule/") and target:
            objects.setdefault(target[1], set()).add(source)
    only_with_cuda = {"staronnx/schedule/gpu_stream_cuda.cpp", "staronnx/schedule/gpu_stream_none.cpp"}
    assert len(objects["staronnx_schedule"]) > 20
    assert objects["staronnx_schedule"] - only_with_cuda == objects["staronnx_simulated"] - only_with_cuda
