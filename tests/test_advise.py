"""`staronnx advise`: whether a machine holds a rate, and what a little more of it would change."""

import json
import pathlib
import subprocess

import made_up_plan
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORKSTATION = ROOT / "machines/workstation-1gpu.json"
GPU = "NVIDIA GeForce RTX 4090"
QUICK = ["--requests", 500]


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan")
    made_up_plan.write_plan(folder)
    return folder


@pytest.fixture(scope="module")
def advice(staronnx, plan, tmp_path_factory):
    """The text and the JSON for a rate that the GPU alone cannot serve: 2 ms a request."""
    file = tmp_path_factory.mktemp("advice") / "advice.json"
    text = staronnx("advise", plan, "--machine", WORKSTATION, "--slo", "80ms", "--rate", 600, *QUICK, "-o", file).stdout
    return text, json.loads(file.read_text())


def changes(advice):
    return {change["change"]: change for change in advice["changes"]}


def test_it_says_whether_the_rate_holds_and_with_what_margin(advice):
    text, result = advice
    assert result["holds"] and result["p99_ms"] < result["slo_ms"] == 80
    assert result["threshold_per_s"] > 600 and result["threshold_over_rate"] == pytest.approx(result["threshold_per_s"] / 600)
    assert result["bound_per_s"] > 0.95 * result["threshold_per_s"], "no scheduler is above the bound but by the search's step"
    assert "Yes: at 600 requests/s p99 is" in text and "the congestion threshold is" in text and "Again: staronnx advise" in text


def test_it_names_the_bottleneck(advice):
    text, result = advice
    assert result["bottleneck"] in result["busy"] and result["busy"][result["bottleneck"]] == max(result["busy"].values())
    assert result["busy"][GPU] > 0.8
    assert f"Bottleneck: {result['bottleneck']}, at work" in text


def test_it_says_what_a_little_more_would_change(advice):
    text, result = advice
    assert set(changes(result)) == {f"one more {GPU}", "8 more cores", "links twice as fast"}
    gpu, cores = changes(result)[f"one more {GPU}"], changes(result)["8 more cores"]
    assert gpu["threshold_per_s"] > 1.4 * result["threshold_per_s"]
    assert 1.05 * result["threshold_per_s"] < cores["threshold_per_s"] < gpu["threshold_per_s"]
    assert gpu["bound_per_s"] > result["bound_per_s"] and gpu["p99_ms"] < result["p99_ms"]
    assert f"One more {GPU}: holds; threshold" in text and "8 more cores: holds; threshold" in text


def test_a_rate_that_is_too_much_does_not_hold(staronnx, plan):
    done = staronnx("advise", plan, "--machine", WORKSTATION, "--slo", "50ms", "--rate", 1500, *QUICK)
    assert "No: at 1500 requests/s p99 is" in done.stdout and " times the rate" in done.stdout
    assert "the machine as it is" in done.stderr and "8 more cores" in done.stderr, "progress"


def test_without_a_gpu_what_one_would_change_is_not_made_up(staronnx, staronnx_json, plan):
    asked = ["advise", plan, "--machine", WORKSTATION, "--gpus", "none", "--slo", "5ms", "--rate", 10, "--requests", 100]
    result = staronnx_json(*asked)
    assert not result["holds"] and result["threshold_per_s"] == 0
    assert result["bottleneck"] == "a lone request" and result["lone_p50_ms"] > 5
    assert "add one to its file" in changes(result)["a GPU"]["unknown"] and changes(result)["links twice as fast"]["unknown"]
    assert changes(result)["8 more cores"]["unknown"] is None
    text = staronnx(*asked).stdout
    assert "Bottleneck: a lone request takes" in text and "A GPU: not known, the machine has no GPU" in text


def test_a_node_is_part_of_the_machine(staronnx_json, plan, tmp_path):
    machine = json.loads(WORKSTATION.read_text())
    machine.update(gpus=[], nodes=[{"id": 0, "cores": 4, "speed": 4}])
    link = {"bandwidth_bytes_per_s": 1e8, "latency_us": 200}
    machine["links"] = [{"from": "numa0", "to": "node0", **link}, {"from": "node0", "to": "numa0", **link}]
    (tmp_path / "machine.json").write_text(json.dumps(machine))
    result = staronnx_json("advise", plan, "--machine", tmp_path / "machine.json", "--slo", "100ms", "--rate", 100, *QUICK)
    assert result["holds"] and result["busy"]["node0"] > 0.1 and "link to node0" in result["busy"]
    assert result["bound_per_s"] > 0.95 * result["threshold_per_s"]
    assert changes(result)["links twice as fast"]["bound_per_s"] >= result["bound_per_s"]


def test_what_cannot_be_simulated_is_said(staronnx_json, plan, tmp_path):
    machine = json.loads((ROOT / "machines/edge-1gpu.json").read_text())
    machine["gpus"] = [{**machine["gpus"][0], "id": number} for number in range(8)]
    machine["cores"] = [{"ids": "0-11"}]
    machine["l3_caches"] = []
    machine["links"] = [{**link, end: f"gpu{number}"} for link in machine["links"] for end in ("from", "to") if link[end] == "gpu0" for number in range(8)]
    (tmp_path / "machine.json").write_text(json.dumps(machine))
    result = staronnx_json("advise", plan, "--machine", tmp_path / "machine.json", "--slo", "50ms", "--rate", 100, "--requests", 50)
    assert result["holds"] and "gpu8" in changes(result)[f"one more {machine['gpus'][0]['name']}"]["unknown"]


def test_the_limit_is_the_same_for_all(staronnx_json, plan):
    result = staronnx_json("advise", plan, "--machine", WORKSTATION, "--slo", "3x", "--rate", 100, "--requests", 100)
    assert result["slo_ms"] == pytest.approx(3 * result["lone_p50_ms"])
    for change in result["changes"]:
        assert change["p99_over_slo"] == pytest.approx(change["p99_ms"] / result["slo_ms"])


def test_the_same_question_has_the_same_answer(staronnx, plan):
    def answer(seed):
        return staronnx("advise", plan, "--machine", WORKSTATION, "--rate", 300, "--requests", 200, "--seed", seed).stdout

    assert answer(1) == answer(1)
    assert answer(1) != answer(2).replace("seed 2", "seed 1")


def test_nothing_is_left_behind(environment, command, plan, tmp_path):
    subprocess.run([command, "advise", plan, "--machine", WORKSTATION, "--rate", "100", "--requests", "50"], check=True, capture_output=True, timeout=600,
                   env={**environment, "TMPDIR": str(tmp_path)})  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options, status, words",
    [
        (["--slo", "20ms"], 2, "--rate"),
        (["--rate", 0], 2, "--rate"),
        (["--rate", 100, "--slo", "soon"], 1, "--slo 'soon'"),
        (["--rate", 100, "--variant", "k9"], 1, "'k9'"),
        (["--rate", 100, "--scheduler", "fifo9"], 1, "'fifo9'"),
        (["--rate", 100, "--machine", "nowhere.json"], 1, "nowhere.json"),
    ],
)
def test_bad_input_is_named(staronnx, plan, options, status, words):
    machine = [] if "--machine" in options else ["--machine", WORKSTATION]
    done = staronnx("advise", plan, *machine, *options, check=False)
    assert done.returncode == status and words in done.stderr, done.stderr


def test_failures_are_json_where_wanted(staronnx, plan, tmp_path):
    done = staronnx("advise", plan, "--machine", WORKSTATION, "--rate", 100, "--variant", "k9", "--json", check=False)
    assert done.returncode == 1 and "'k9'" in json.loads(done.stdout)["error"]["message"]
    done = staronnx("advise", tmp_path, "--machine", WORKSTATION, "--rate", 100, "--json", check=False)
    assert done.returncode == 1 and json.loads(done.stdout)["error"]["code"] == "not_found"
