"""scripts/gpu-check from the outside, in a made-up tarball whose programs are small scripts: steps, budgets, the report, failures."""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def module(name, file):
    loader = importlib.machinery.SourceFileLoader(name, str(ROOT / file))
    made = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(made)
    return made


gpu_check = module("gpu_check", "scripts/gpu-check")
gpu_pack = module("gpu_pack", "scripts/lib/gpu_pack.py")

STEPS = ["machine", "files", "GPU tests", "correctness", "overlap", "batches", "TensorRT", "latency and thresholds"]

# What a program does is what the environment says for it: HANG, CRASH, or another text in place of what it prints.
STARONNX = """#!/usr/bin/env python3
import json, os, pathlib, sys
verb, target = sys.argv[1], sys.argv[-2 if sys.argv[1] == "machine" else 2]
with open(os.environ["CALLS"], "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
system = {"name": "StarONNX k2", "lone_p50_ms": 1.5, "threshold_per_s": 700}
said = {
    "machine": {"gpus": [{"id": 0, "name": "Made-up GPU"}]},
    "run": {"equal": "WRONG" not in os.environ or os.environ["WRONG"] not in target, "max_rel_error": 0.25},
    "plan": {},
    "bench": {"systems": [system] + [{**system, "name": "ORT on the GPU", "threshold_per_s": 600}] * ("all" in sys.argv)},
}[verb]
if os.environ.get("CRASH") == verb:
    os.kill(os.getpid(), 11)
if verb == "plan":
    plan = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
    plan.mkdir()
    (plan / "plan.json").write_text(json.dumps({"variants": [{"segments": [{"batched": {"2": {}}}]}]}))
if verb == "bench" and (pathlib.Path(target) / "plan.json").read_text().count('"2"'):
    print(os.environ.get("NOTE", ""), file=sys.stderr)
if "--tensorrt" in sys.argv:
    print("whole.onnx on gpu 0: TensorRT (TensorRT takes 0.2 ms, CUDA 0.3 ms)", file=sys.stderr)
print(json.dumps(said))
sys.exit(verb == "run" and not said["equal"])
"""
TEST = """#!/usr/bin/env python3
import json, os, pathlib, sys, time
if os.environ.get("HANG") == pathlib.Path(sys.argv[0]).name:
    if os.fork() == 0:
        pathlib.Path(os.environ["CALLS"] + ".pid").write_text(str(os.getpid()))
    time.sleep(600)
result = os.environ.get("TENSORRT", "SKIPPED") if "TensorRt" in sys.argv[1] else os.environ.get("RESULT", "COMPLETED")
test = {"name": "Computes", "result": result} | ({"failures": [{}]} if result == "FAILED" else {})
report = sys.argv[2].removeprefix("--gtest_output=json:")
pathlib.Path(report).write_text(json.dumps({"testsuites": [{"name": "Gpu0", "testsuite": [test]}]}))
sys.exit(result == "FAILED")
"""
BENCH = """#!/usr/bin/env python3
import json, os, pathlib
pathlib.Path(os.environ["STARONNX_TRACE"]).write_text("[]")
one = {"run_name": "overlap/resnet50/one_stream/real_time", "aggregate_name": "median", "items_per_second": 500, "enqueue_us": 90, "compute_us": 1900,
       "copy_us": 60, "hidden_share": 0}
three = {**one, "run_name": "overlap/resnet50/three_streams/real_time", "items_per_second": float(os.environ.get("RATE", 520)), "hidden_share": 0.9}
print(json.dumps({"benchmarks": [one, three]}))
"""


@pytest.fixture
def tarball(tmp_path):
    """An unpacked tarball."""
    folder = tmp_path / "gpu-check"
    (folder / "scripts").mkdir(parents=True)
    (folder / "bin").mkdir()
    shutil.copy2(ROOT / "scripts/gpu-check", folder / "scripts")
    programs = {"staronnx": STARONNX, "gpu_overlap_bench": BENCH} | dict.fromkeys(["machine_test", "execute_test", "schedule_test"], TEST)
    for name, text in programs.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    light = [f"onnx/onnx/backend/test/data/light/light_{name}.onnx" for name in gpu_check.LIGHT]
    for name in [*light, *(f"models/{name}" for name in gpu_check.TRAINED)]:
        (folder / "deps" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "deps" / name).write_text(name)
    files = {str(file.relative_to(folder)): gpu_check.sha256(file) for file in folder.rglob("*") if file.is_file()}
    (folder / "manifest.json").write_text(json.dumps({"files": files}))
    return folder


@pytest.fixture
def check(tarball, tmp_path):
    """check(...) -> what the script did, and its report by step."""

    def run(*options, **environment):
        done = subprocess.run([tarball / "scripts/gpu-check", "--out", tmp_path / "out", *map(str, options)], text=True, capture_output=True,
                              timeout=120, env={**os.environ, "CALLS": str(tmp_path / "calls"), **environment})  # fmt: skip
        report = tmp_path / "out/report.json"
        done.steps = {step["name"]: step for step in json.loads(report.read_text())["steps"]} if report.exists() else {}
        return done

    return run


def failed(done):
    return [name for name, step in done.steps.items() if not step["passed"] and not step["skipped"]]


def test_all_steps_pass_and_are_reported(check, tmp_path):
    done = check()
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(done.steps) == STEPS and failed(done) == [] and done.steps["TensorRT"]["skipped"]
    assert "7 of 8 steps passed; skipped: TensorRT;" in done.stdout
    assert done.steps["GPU tests"]["results"]["passed"] == 3 and done.steps["machine"]["results"]["machine"]["gpus"][0]["name"] == "Made-up GPU"
    assert len(done.steps["correctness"]["results"]["models"]) == len(gpu_check.LIGHT) + len(gpu_check.TRAINED)
    summary = (tmp_path / "out/summary.txt").read_text()
    for words in ("passed  correctness", "skipped TensorRT (", "TensorRT does not load on this machine", "StarONNX k2, batches: p50", "StarONNX k2, one by one: p50", "ORT on the GPU: p50 1.5 ms alone, congested past 600/s", "StarONNX k2, no GPU: ", "90 % of 60 us of copies hidden"):
        assert words in summary
    calls = (tmp_path / "calls").read_text().splitlines()
    assert sum(call.startswith("run ") and "--gpus all --verify" in call for call in calls) == len(done.steps["correctness"]["results"]["models"])
    assert [call.split("--gpus ")[1].split()[0] for call in calls if call.startswith("bench ")] == ["all", "all", "all", "none"]
    for step in done.steps.values():
        for command in step["commands"]:
            assert (tmp_path / "out" / step["name"].replace(" ", "-") / command["log"]).exists()


def test_the_budgets_leave_room_below_eight_minutes():
    assert gpu_check.BUDGET + 20 <= 8 * 60


def test_a_wrong_result_is_named_and_the_next_steps_run(check):
    done = check(WRONG="light_resnet50")
    assert done.returncode == 1 and failed(done) == ["correctness"]
    reason = done.steps["correctness"]["reason"]
    assert "1 of 20 models: light_resnet50; the first: max_rel_error 0.25" in reason
    assert f"FAILED: {reason}" in done.stdout and "failed: correctness" in done.stdout


def test_a_command_that_crashes_is_named(check):
    done = check(CRASH="bench")
    assert done.returncode == 1 and failed(done) == ["batches", "latency and thresholds"]
    assert "killed by signal 11" in done.steps["latency and thresholds"]["reason"]


def test_a_command_that_hangs_is_ended_with_its_children_when_its_step_has_no_time_left(check, tmp_path):
    began = time.monotonic()
    done = check("--budget", 30, HANG="machine_test")  # 30 s of 440: 3.8 s for that step
    assert done.returncode == 1 and failed(done) == ["GPU tests"]
    assert "machine_test" in done.steps["GPU tests"]["reason"] and "out of time" in done.steps["GPU tests"]["reason"]
    assert time.monotonic() - began < 30
    child = int((tmp_path / "calls.pid").read_text())
    assert not pathlib.Path(f"/proc/{child}").exists() or "Z" in pathlib.Path(f"/proc/{child}/stat").read_text().split()[2]


@pytest.mark.parametrize("result", ["FAILED", "SKIPPED"])
def test_a_gpu_test_that_failed_or_was_skipped_fails_the_step(check, result):
    done = check(RESULT=result)
    assert done.returncode == 1 and failed(done) == ["GPU tests"]
    assert f"Gpu0.Computes {result.lower()}" in done.steps["GPU tests"]["reason"]


def test_streams_that_get_in_each_others_way_fail_the_step(check):
    done = check(RATE="400")
    assert failed(done) == ["overlap"] and "resnet50/three_streams" in done.steps["overlap"]["reason"]


def test_batches_that_give_other_results_fail_the_step(check):
    done = check(NOTE="StarONNX whole, whole on gpu 0: requests run one by one: batches fail, or give other results than single requests")
    assert failed(done) == ["batches"] and "whole on gpu 0: requests run one by one" in done.steps["batches"]["reason"]


def test_where_tensorrt_is_installed_it_is_tried(check):
    done = check(TENSORRT="COMPLETED")
    assert done.returncode == 0 and done.steps["TensorRT"]["passed"]
    assert done.steps["TensorRT"]["said"] == ["whole.onnx on gpu 0: TensorRT (TensorRT takes 0.2 ms, CUDA 0.3 ms)"]


def test_wrong_results_of_tensorrt_fail_its_step(check):
    assert failed(check(TENSORRT="FAILED")) == ["TensorRT"]


def test_a_damaged_file_is_named(check, tarball):
    (tarball / "deps/models/magika/model.onnx").write_text("half")
    done = check()
    assert done.returncode == 1 and failed(done) == ["files"]
    assert "deps/models/magika/model.onnx" in done.steps["files"]["reason"]


def test_without_a_gpu_there_is_one_clear_message(check, tarball, command):
    (tarball / "bin/staronnx").unlink()
    (tarball / "bin/staronnx").symlink_to(command)  # the real one, of a build without CUDA
    done = check()
    assert done.returncode == 2 and done.steps == {}
    assert done.stderr.splitlines() == ["gpu-check: there is no GPU that this process can use; see what nvidia-smi says"]


def test_without_a_build_there_is_one_clear_message(check, tarball):
    shutil.rmtree(tarball / "bin")
    done = check()
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "scripts/build --gpu" in done.stderr


def test_no_report_is_overwritten(check, tmp_path):
    (tmp_path / "out").mkdir()
    done = check()
    assert done.returncode == 2 and "exists" in done.stderr


def test_a_tarball_takes_all_libraries_but_those_of_the_c_library_and_the_driver(command):
    needed = gpu_pack.needed_by(command, [])
    assert all(path.is_file() for path in needed.values())
    names = " ".join(needed)
    for name in ("libonnxruntime.so", "libstarpu-1.4.so", "libprotobuf.so", "libstdc++.so"):
        assert name in names
    assert not any(name.startswith(("libc.so", "libm.so", "libpthread.so", "ld-linux")) for name in needed)
    driver, toolkit = ["libcuda.so.1", "libnvidia-ml.so.1"], ["libcublasLt.so.13", "libcudart.so.13", "libcudnn_ops.so.9", "libnvrtc-builtins.so.13.0"]
    assert [bool(gpu_pack.OF_THE_TARGET.match(name)) for name in driver + toolkit] == [True] * 2 + [False] * 4
    assert [bool(gpu_pack.OF_CUDA.match(name)) for name in toolkit + ["libcurl.so.4", "libonnxruntime_providers_cuda.so"]] == [True] * 4 + [False] * 2
