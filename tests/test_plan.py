"""`staronnx plan`: what it keeps, what it foretells, and for which machine."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def plan(staronnx, light, tmp_path_factory):
    """SqueezeNet, whole and in two segments, chosen by measurement."""
    directory = tmp_path_factory.mktemp("plan") / "squeezenet"
    staronnx("plan", light("squeezenet"), "-o", directory, "--segments", 2, "--budget", "1s")
    return directory


def content(directory):
    return json.loads((directory / "plan.json").read_text())


def test_the_cut_says_how_it_was_found(plan):
    k2 = content(plan)["variants"][1]
    assert k2["method"] in ("metis", "order", "exact")
    assert 1 <= k2["cuts_measured"] <= 10
    assert 1 <= k2["period_over_bound"] < 1.2
    assert all(time > 0 for segment in k2["segments"] for time in segment["cpu_time"]["busy_us"].values())
    assert not list(plan.glob("candidate*")), "cuts that were not chosen stay behind"


def test_predictions_are_about_what_was_measured(plan):
    variants = {variant["name"]: variant for variant in content(plan)["variants"]}
    prediction = content(plan)["prediction"]
    for forecast in prediction["forecasts"]:
        width = forecast["core_groups"].split(",")[0]
        segments = variants[forecast["variant"]]["segments"]
        measured = sum(segment["cpu_time"]["alone_us"][width] for segment in segments) / 1000
        assert measured <= forecast["lone_ms"] <= measured + 0.1 * len(segments)
        assert 0 <= forecast["threshold_per_s"] < forecast["saturated_per_s"]
        latencies = [(point["p50_ms"], point["p99_ms"]) for point in forecast["points"]]
        assert latencies == sorted(latencies) and all(p50 <= p99 for p50, p99 in latencies)
    assert prediction["bound"]["rate_per_s"] >= prediction["bound_within_slo"]["rate_per_s"] > 0
    assert sum(part["rate_per_s"] for part in prediction["bound"]["mix"]) == pytest.approx(prediction["bound"]["rate_per_s"])


def test_words_say_what_it_will_do(staronnx, plan):
    text = staronnx("inspect", plan).stdout
    assert re.search(r"k2: .* period / bound 1", text)
    assert "k2 on core groups 1" in text and "the machine's bound: " in text


def test_the_same_again_from_the_cache(staronnx, light, plan, tmp_path):
    staronnx("plan", light("squeezenet"), "-o", tmp_path / "again", "--segments", 2, "--budget", "1s")
    assert (tmp_path / "again/plan.json").read_bytes() == (plan / "plan.json").read_bytes()


def test_a_limit_is_predicted_for(staronnx, light, tmp_path):
    staronnx("plan", light("squeezenet"), "-o", tmp_path / "plan", "--segments", 2, "--budget", 0, "--slo", "0.01ms")
    prediction = content(tmp_path / "plan")["prediction"]
    assert prediction["slo_ms"] == 0.01
    assert prediction["bound_within_slo"] == {"rate_per_s": 0, "mix": []}


@pytest.fixture(scope="session")
def has_openvino(plan):
    """Whether the ONNX Runtime in use offers it: then every segment was measured with both."""
    segments = [segment for variant in content(plan)["variants"] for segment in variant["segments"]]
    assert {segment["provider"] for segment in segments} <= {"cpu", "openvino"}
    return all(segment["other_provider_time"]["busy_us"] for segment in segments)


def loop_body():
    nodes = [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Add", ["s", "s"], ["twice"])]
    info = helper.make_tensor_value_info
    return helper.make_graph(nodes, "body", [info("i", onnx.TensorProto.INT64, []), info("go", onnx.TensorProto.BOOL, []), info("s", onnx.TensorProto.FLOAT, [4])],
                             [info("go_on", onnx.TensorProto.BOOL, []), info("twice", onnx.TensorProto.FLOAT, [4])])


@pytest.mark.parametrize("nodes, reason", [
    ([("RandomUniformLike", ["x"], {})], "OpenVINO's results are not the same: its 'y' is "),
    ([("Exp", ["x"], {}), ("Cast", ["t0"], {"to": onnx.TensorProto.STRING}), ("Cast", ["t1"], {"to": onnx.TensorProto.FLOAT})], "OpenVINO does not take all nodes"),
    ([("Loop", ["trips", "go", "x"], {"body": loop_body()})], "OpenVINO cannot run it: "),
], ids=["other results", "fallback", "not loaded"])
def test_what_openvino_cannot_do_is_said(staronnx, has_openvino, tmp_path, nodes, reason):
    if not has_openvino:
        pytest.skip("this ONNX Runtime has no OpenVINO; scripts/build --openvino builds with one that has")
    outputs = [f"t{i}" for i in range(len(nodes) - 1)] + ["y"]
    made = [helper.make_node(op, inputs, [output], **attributes) for (op, inputs, attributes), output in zip(nodes, outputs)]
    info = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [4]) for name in ("x", "y")]
    constants = [numpy_helper.from_array(np.array(3), "trips"), numpy_helper.from_array(np.array(True), "go")] if nodes[0][0] == "Loop" else []
    graph = helper.make_graph(made, "odd", info[:1], info[1:], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "odd.onnx")
    assert reason in staronnx("plan", tmp_path / "odd.onnx", "-o", tmp_path / "plan").stdout


def test_segments_run_with_the_provider_that_the_plan_names(staronnx, plan, has_openvino, tmp_path):
    """Where the ONNX Runtime in use has OpenVINO, by its results; else the refusal says what to do."""
    shutil.copytree(plan, tmp_path / "plan")
    rewrite_providers(tmp_path / "plan", "openvino")
    done = staronnx("run", tmp_path / "plan", "--segments", 2, "--verify", check=has_openvino)
    assert has_openvino or (done.returncode == 1 and "scripts/build --openvino" in done.stderr)
    rewrite_providers(tmp_path / "plan", "magic")
    assert "'magic' is neither cpu nor openvino" in staronnx("run", tmp_path / "plan", check=False).stderr


def rewrite_providers(directory, name):
    plan = content(directory)
    for variant in plan["variants"]:
        for segment in variant["segments"]:
            segment["provider"] = name
    (directory / "plan.json").write_text(json.dumps(plan))


@pytest.fixture()
def dense_layers(tmp_path):
    """Two layers whose weights are far larger than what flows between: requests share the reading of weights when batched."""

    def make(axis_of_softmax=1):
        weights = [numpy_helper.from_array(np.full((1024, 1024), 0.001, np.float32), name) for name in ("w0", "w1")]
        nodes = [helper.make_node("MatMul", ["x", "w0"], ["a"]), helper.make_node("Relu", ["a"], ["b"]), helper.make_node("MatMul", ["b", "w1"], ["c"]),
                 helper.make_node("Softmax", ["c"], ["y"], axis=axis_of_softmax)]
        info = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 1024]) for name in ("x", "y")]
        graph = helper.make_graph(nodes, "dense", info[:1], info[1:], weights)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "dense.onnx")
        return tmp_path / "dense.onnx"

    return make


def test_batches_are_measured_and_bound_the_rate(staronnx, dense_layers, tmp_path):
    done = staronnx("plan", dense_layers(), "-o", tmp_path / "plan", "--segments", 2, "--shape", "x:1x1024")
    for variant in content(tmp_path / "plan")["variants"]:
        for segment in variant["segments"]:
            assert len(segment["batched"]) >= 2 and "2" in segment["batched"]
            largest = max(segment["batched"], key=int)
            assert segment["batched"][largest]["busy_us"]["1"] < int(largest) * segment["cpu_time"]["busy_us"]["1"]
    assert max(part["batch"] for part in content(tmp_path / "plan")["prediction"]["bound"]["mix"]) > 1
    assert "in batches of" in done.stdout and "batches on 1 core: 2 in " in done.stdout


def test_models_that_cannot_be_batched_are_not(staronnx, dense_layers, tmp_path):
    staronnx("plan", dense_layers(axis_of_softmax=0), "-o", tmp_path / "plan", "--shape", "x:1x1024")
    assert content(tmp_path / "plan")["variants"][0]["segments"][0]["batched"] == {}


def test_another_machine(staronnx, light, plan, tmp_path):
    done = staronnx("plan", light("squeezenet"), "-o", tmp_path / "other", "--segments", 2, "--machine",
                    ROOT / "machines/workstation-1gpu.json", "--profile", plan / "costs.json")
    other = content(tmp_path / "other")
    assert other["machine"].startswith("AMD Ryzen 9 7950X") and "16 cores" in other["machine"]
    assert any("NVIDIA GeForce RTX 4090" in part["processors"] for part in other["prediction"]["bound"]["mix"])
    assert other["prediction"]["bound"]["rate_per_s"] > content(plan)["prediction"]["bound"]["rate_per_s"]
    for estimate in ("RTX 4090: those of one core divided by its speed", "the sums of their nodes'"):
        assert estimate in done.stdout and any(estimate in said for said in other["prediction"]["estimates"])


def test_under_a_limit_that_a_core_alone_exceeds_an_unequal_cut_uses_the_cores(staronnx, light, plan, tmp_path):
    def plan_other(name, *more):
        staronnx("plan", light("squeezenet"), "-o", tmp_path / name, "--segments", "2,3", "--machine", ROOT / "machines/workstation-1gpu.json",
                 "--profile", plan / "costs.json", *more)
        return content(tmp_path / name)

    whole_ms = plan_other("unlimited")["variants"][0]["segments"][0]["cpu_time"]["alone_us"]["1"] / 1000
    other = plan_other("other", "--slo", f"{whole_ms / 3}ms")
    within = other["prediction"]["bound_within_slo"]
    gpu_alone = 20 * 1000 / whole_ms
    assert within["rate_per_s"] > 1.1 * gpu_alone
    mixed = [part for part in within["mix"] if len(set(part["processors"])) > 1]
    assert mixed, within
    names = [variant["name"] for variant in other["variants"]]
    assert {part["variant"] for part in within["mix"]} <= set(names)
    files = {segment["file"] for variant in other["variants"] for segment in variant["segments"]}
    assert {path.name for path in (tmp_path / "other").glob("*.onnx")} == files, "cuts that are not used stay behind"


def test_another_machine_without_its_costs_says_whose_they_are(staronnx, light, tmp_path):
    done = staronnx("plan", light("squeezenet"), "-o", tmp_path / "other", "--segments", 2, "--machine", ROOT / "machines/workstation-1gpu.json")
    assert re.search("estimated: times on a core of AMD Ryzen 9 7950X .*: those on a core of this machine\n", done.stdout)


def test_costs_of_another_model_are_refused(staronnx, light, plan, tmp_path):
    done = staronnx("plan", light("shufflenet"), "-o", tmp_path / "other", "--machine", ROOT / "machines/workstation-1gpu.json",
                    "--profile", plan / "costs.json", check=False)
    assert done.returncode == 1 and "costs given are those of another model" in done.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("arguments", [["--budget", "soon"], ["--slo", "-5"], ["--profile", "costs.json"]])
def test_wrong_usage_is_status_2(staronnx, light, tmp_path, arguments):
    assert staronnx("plan", light("squeezenet"), "-o", tmp_path / "plan", *arguments, check=False).returncode == 2


def test_the_page_needs_nothing_else(plan, command, tmp_path):
    subprocess.run([sys.executable, ROOT / "scripts/plan_page.py", plan, "-o", tmp_path / "page.html", "--curves", tmp_path / "curves.svg",
                    "--staronnx", command], check=True, capture_output=True)
    page = (tmp_path / "page.html").read_text()
    assert page.count("<svg") == 2 and "squeezenet" in page and "congested from" in page
    assert not re.search(r'(src|href)="(https?:|/)', page)
    assert (tmp_path / "curves.svg").read_text().count("requests/s") >= 1
