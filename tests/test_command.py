"""The command as its users meet it: help, errors that say what to do, files that are kept."""

import itertools
import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper


@pytest.fixture()
def chain(tmp_path):
    """x -> Relu -> Neg -> Abs -> y, of any batch size."""
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Neg", ["a"], ["b"]),
        helper.make_node("Abs", ["b"], ["y"]),
    ]
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 4]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "chain", [info[0]], [info[1]])
    path = tmp_path / "chain.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_help_names_every_verb(staronnx):
    text = staronnx("--help").stdout
    for verb in ("plan", "inspect", "partition", "run", "bench", "serve", "machine"):
        assert verb in text


def test_version_names_onnxruntime(staronnx):
    assert "onnxruntime 1." in staronnx("--version").stdout


@pytest.mark.parametrize("arguments", [[], ["fly"], ["plan"], ["run", "x", "--segments", "two"]])
def test_wrong_usage_is_status_2(staronnx, arguments):
    done = staronnx(*arguments, check=False)
    assert done.returncode == 2
    assert "plan" in done.stdout + done.stderr


def test_dynamic_inputs_ask_back(staronnx, chain, tmp_path):
    done = staronnx("plan", chain, "-o", tmp_path / "plan", check=False)
    assert done.returncode == 1
    assert "'x'" in done.stderr and "--shape x:" in done.stderr and "batch" in done.stderr
    assert not (tmp_path / "plan").exists()


def test_errors_are_json_when_asked(staronnx, tmp_path):
    done = staronnx("plan", tmp_path / "nowhere.onnx", "-o", tmp_path / "plan", "--json", check=False)
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "not_found" and "nowhere.onnx" in error["message"]


@pytest.mark.parametrize("options, part", [
    (["--segments", "99"], "99"),
    (["--shares", "0.5,0.6"], "1.1"),
    (["--shares", "1.5,-0.5"], "-0.5"),
    (["--shares", "0.5,0.5", "--segments", "3"], "--segments"),
    (["--shape", "y:1x4"], "'y'"),
    (["--shape", "x:1x5"], "'x'"),
    (["--shape", "x"], "x"),
])  # fmt: skip
def test_impossible_requests_are_refused_with_the_reason(staronnx, chain, tmp_path, options, part):
    if "--shape" not in options:
        options = ["--shape", "x:1x4", *options]
    done = staronnx("plan", chain, "-o", tmp_path / "plan", *options, check=False)
    assert done.returncode == 1 and part in done.stderr, done.stderr
    assert not (tmp_path / "plan").exists()


def test_a_model_too_small_to_cut_is_planned_whole(staronnx_json, tmp_path):
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "one", [info[0]], [info[1]])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "one.onnx")
    plan = staronnx_json("plan", tmp_path / "one.onnx", "-o", tmp_path / "plan")
    assert [variant["name"] for variant in plan["variants"]] == ["whole"]
    assert staronnx_json("run", tmp_path / "plan", "--verify")["equal"] is True


def test_files_already_there_are_kept(staronnx, chain, tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work/notes.txt").write_text("mine")
    done = staronnx("plan", chain, "-o", tmp_path / "work", "--shape", "x:1x4", check=False)
    assert done.returncode == 1 and "work" in done.stderr
    assert (tmp_path / "work/notes.txt").read_text() == "mine"


def test_run_plans_in_passing_and_verifies(staronnx_json, chain):
    said = staronnx_json("run", chain, "--shape", "x:2x4", "--segments", 3, "--verify")
    assert said["model"] == "chain.onnx" and said["segments"] == 3 and said["equal"] is True
    assert said["max_abs_error"] == 0 and said["max_rel_error"] == 0
    assert said["outputs"] == [{"name": "y", "type": "float32", "shape": [2, 4]}]


@pytest.mark.parametrize("kind", ["npy", "pb"])
def test_run_reads_and_writes_files(staronnx, chain, tmp_path, kind):
    value = np.array([[-1, 2, -3, 4]], np.float32)
    x, y = tmp_path / f"x.{kind}", tmp_path / f"y.{kind}"
    if kind == "npy":
        np.save(x, value)
    else:
        onnx.save_tensor(onnx.numpy_helper.from_array(value), x)
    staronnx("run", chain, "--shape", "x:1x4", "--segments", 2, "--input", x, "--output", y)
    got = np.load(y) if kind == "npy" else onnx.numpy_helper.to_array(onnx.load_tensor(y))
    np.testing.assert_array_equal(got, [[0, 2, 0, 4]])


@pytest.mark.parametrize("value, part", [
    (np.zeros((1, 4), np.float64), "float64"),
    (np.zeros((1, 5), np.float32), "1x5"),
    (np.zeros(4, np.float32), "4"),
])  # fmt: skip
def test_inputs_that_do_not_fit_are_named(staronnx, chain, tmp_path, value, part):
    np.save(tmp_path / "x.npy", value)
    done = staronnx("run", chain, "--shape", "x:1x4", "--input", tmp_path / "x.npy", check=False)
    assert done.returncode == 1 and "'x'" in done.stderr and part in done.stderr


def test_a_truncated_tensor_file_is_named(staronnx, chain, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((1, 4), np.float32))
    content = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(content[:-3])
    done = staronnx("run", chain, "--shape", "x:1x4", "--input", tmp_path / "x.npy", check=False)
    assert done.returncode == 1 and "x.npy" in done.stderr


@pytest.mark.parametrize("options, part", [
    (["--core-groups", "99"], "99"),
    (["--core-groups", "one"], "one"),
    (["--scheduler", "clairvoyant"], "dmdas"),
    (["--scheduler", "lws", "--core-groups", "elastic"], "need the scheduler 'staronnx'"),
])  # fmt: skip
def test_a_machine_that_is_not_there_is_refused(staronnx, chain, options, part):
    done = staronnx("run", chain, "--shape", "x:1x4", *options, check=False)
    assert done.returncode == 1 and part in done.stderr


@pytest.mark.parametrize("scheduler, groups", [("staronnx", "elastic"), *itertools.product(["staronnx", "dmdas", "lws", "eager"], ["1", "auto"])])
def test_every_scheduler_and_grouping_gives_the_same(staronnx_json, light, scheduler, groups):
    said = staronnx_json("run", light("squeezenet"), "--segments", 2, "--core-groups", groups, "--scheduler", scheduler, "--verify")
    assert said["equal"] is True


def test_inspect_explains_in_words_and_as_a_picture(staronnx, light, tmp_path):
    staronnx("plan", light("squeezenet"), "-o", tmp_path / "plan", "--budget", 0)
    done = staronnx("inspect", tmp_path / "plan", "--svg", tmp_path / "cut.svg", "--variant", "k3")
    assert "light_squeezenet.onnx" in done.stdout and "k3" in done.stdout
    svg = (tmp_path / "cut.svg").read_text()
    assert "<svg" in svg and svg.rstrip().endswith("</svg>")
    missing = staronnx("inspect", tmp_path / "plan", "--svg", tmp_path / "no.svg", "--variant", "k9", check=False)
    assert missing.returncode == 1 and "k3" in missing.stderr and not (tmp_path / "no.svg").exists()


def test_a_damaged_plan_is_refused(staronnx, chain, tmp_path):
    staronnx("plan", chain, "-o", tmp_path / "plan", "--shape", "x:1x4", "--segments", "2")
    (tmp_path / "plan/plan.json").write_text("{")
    done = staronnx("run", tmp_path / "plan", check=False)
    assert done.returncode == 1 and "plan.json" in done.stderr


def test_a_plan_without_a_segment_file_is_refused(staronnx, chain, tmp_path):
    staronnx("plan", chain, "-o", tmp_path / "plan", "--shape", "x:1x4", "--segments", "2")
    (tmp_path / "plan/k2-2.onnx").unlink()
    done = staronnx("run", tmp_path / "plan", check=False)
    assert done.returncode == 1 and "k2-2.onnx" in done.stderr


def test_a_full_disk_is_said_and_leaves_nothing(staronnx, light):
    done = staronnx("plan", light("squeezenet"), "-o", "/dev/full/plan", check=False)
    assert done.returncode == 1 and "/dev/full" in done.stderr
