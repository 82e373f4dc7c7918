"""`staronnx simulate`: a plan under load on machines that are not there, in virtual time."""

import csv
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import made_up_plan
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
MACHINES = sorted((ROOT / "machines").glob("*.json"))
WORKSTATION = ROOT / "machines/workstation-1gpu.json"


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan")
    made_up_plan.write_plan(folder)
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


def test_it_says_how_busy_processors_and_links_were(staronnx_json, plan):
    result = staronnx_json("simulate", plan, "--machine", WORKSTATION, "--variant", "whole", "--rates", "100:800:700", "--requests", 1000)
    few, many = (min(result["systems"][0]["points"], key=lambda point: abs(point["rate_per_s"] - rate))["busy"] for rate in (100, 800))
    gpu = "NVIDIA GeForce RTX 4090"
    assert set(many) == {"cores", gpu, "link to gpu0", "link from gpu0"}
    assert all(0 <= few[name] < many[name] for name in many)
    assert many[gpu] > 0.85 and many["cores"] > 0.6
    sent = 400_000 / 25e9 + 10e-6  # seconds, for a request's input
    assert few["link to gpu0"] == pytest.approx(100 * sent, rel=0.05), "all go to the GPU"


def test_all_given_rates_are_measured_and_the_threshold_is_found_between_them(staronnx_json, plan):
    result = staronnx_json("simulate", plan, "--machine", WORKSTATION, "--variant", "whole", "--rates", "200:1000:200", "--slo", "30ms", "--requests", 500)
    assert result["slo_ms"] == 30
    assert {200, 400, 600, 800, 1000} <= {point["rate_per_s"] for point in result["systems"][0]["points"]}
    assert 400 < result["systems"][0]["threshold_per_s"] < 1000


def test_a_lone_request_takes_what_the_plan_says(staronnx_json, plan, tmp_path):
    two_cores = machine_with(tmp_path, lambda machine: machine.update(cores=[{"ids": "0-1"}], l3_caches=[], gpus=[], links=[]))
    result = staronnx_json("simulate", plan, "--machine", two_cores, "--variant", "whole", "--variant", "k2", "--requests", 100)
    for system in systems(result).values():
        assert system["lone_p50_ms"] == pytest.approx(24, rel=0.03)


def test_who_will_be_late_is_refused_where_there_is_a_deadline(staronnx_json, plan):
    def point(*options):
        return staronnx_json("simulate", plan, "--machine", WORKSTATION, "--variant", "whole", "--rates", 3000, "--slo", 6, *options)["systems"][0]["points"][0]

    late, refused = point(), point("--deadline", 6)
    assert late["refused"] < refused["refused"]
    assert refused["good_per_s"] > 0.8 * 20 / 0.040 > late["good_per_s"], "the GPU's rate; without a deadline the queue makes all late"


@pytest.mark.parametrize("limit_ms", [5, 8, 12])
def test_who_is_taken_on_is_answered_in_time_however_long_the_queue_may_be(staronnx_json, plan, limit_ms):
    options = ("--rates", 3000, "--requests", 1500, "--slo", limit_ms, "--deadline", limit_ms)
    (system,) = staronnx_json("simulate", plan, "--machine", WORKSTATION, "--variant", "whole", *options)["systems"]
    (point,) = system["points"]
    assert point["good_per_s"] > 0.99 * point["served_per_s"], "six times what the GPU can do"
    assert point["served_per_s"] > 0.9 * 20 / 0.040


@pytest.mark.parametrize("machine", ["workstation-1gpu", "edge-1gpu"])
def test_chosen_variants_answer_as_many_in_time_as_the_best_of_them(staronnx_json, plan, machine):
    limit_ms = 2.2 * 40 / {"workstation-1gpu": 20, "edge-1gpu": 8}[machine]
    options = ("--rates", 3000, "--requests", 1500, "--slo", limit_ms, "--deadline", limit_ms)
    result = staronnx_json("simulate", plan, "--machine", ROOT / f"machines/{machine}.json", *options)
    whole, k2, chosen = (system["points"][0] for system in result["systems"])
    assert chosen["good_per_s"] > 0.95 * max(whole["good_per_s"], k2["good_per_s"])
    assert chosen["good_per_s"] > 0.95 * chosen["served_per_s"], "who is taken on is in time"


def test_batches_do_not_make_late_who_is_taken_on(staronnx_json, tmp_path):
    """Twelve times as many requests as the GPU answers one by one, which saves most of a run in a batch."""
    shutil.copy(ROOT / "bench/study/costs/dense-plan.json", tmp_path / "plan.json")
    options = ("--rates", 12000, "--requests", 1500, "--slo", 2, "--deadline", 2)
    (system,) = staronnx_json("simulate", tmp_path, "--machine", WORKSTATION, "--variant", "whole", *options)["systems"]
    (point,) = system["points"]
    assert point["good_per_s"] > 0.95 * point["served_per_s"] and point["served_per_s"] > 5000


def test_one_seed_gives_one_output(staronnx, plan):
    def output(seed):
        return staronnx("simulate", plan, "--machine", WORKSTATION, "--rates", "300:600:150", "--requests", 500, "--seed", seed).stdout

    assert output(1) == output(1)
    assert output(1) != output(2).replace("seed 2", "seed 1").replace("--seed 2", "--seed 1")


def test_the_output_does_not_depend_on_how_the_system_deals_out_memory(staronnx, plan, tmp_path):
    wide = machine_with(tmp_path, lambda machine: machine.update(cores=[{"ids": "0-23"}], l3_caches=[]))
    outputs = {staronnx("simulate", plan, "--machine", wide, "--requests", 100).stdout for _ in range(5)}
    assert len(outputs) == 1


def test_the_result_makes_a_page(staronnx, plan, tmp_path):
    staronnx("simulate", plan, "--machine", WORKSTATION, "--requests", 100, "-o", tmp_path / "result.json")
    done = subprocess.run([sys.executable, ROOT / "scripts/report.py", tmp_path / "result.json", "-o", tmp_path / "page.html"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.html").read_text()
    assert "(simulated)" in page and "Estimated: times on NVIDIA GeForce RTX 4090" in page
    assert all(f"StarONNX {variant}" in page for variant in ("whole", "k2")) and page.count("<svg") > 2


def test_the_points_are_written_as_bench_writes_them(staronnx, plan, tmp_path):
    staronnx("simulate", plan, "--machine", WORKSTATION, "--variant", "k2", "--rates", "100:300:100", "--slo", "1s", "--requests", 300, "-f", tmp_path / "points.csv")
    rows = list(csv.DictReader((tmp_path / "points.csv").open()))
    assert [float(row["Request Rate"]) for row in rows] == [100, 200, 300]
    assert all(0 < float(row["p50 latency"]) <= float(row["p99 latency"]) for row in rows)


def test_requests_come_as_they_are_told_to(staronnx, staronnx_json, plan, tmp_path):
    def p99(*arrivals):
        result = staronnx_json("simulate", plan, "--machine", WORKSTATION, "--variant", "whole", "--slo", "1s", *arrivals)
        return result["arrivals"], next(point["p99_ms"] for point in result["systems"][0]["points"] if point["rate_per_s"] == 400)

    (tmp_path / "gaps").write_text("0\n5000\n")
    kinds = {law: p99("--rates", "400", "--request-distribution", law) for law in ("constant", "poisson", "bursts")}
    assert [kind for kind, _ in kinds.values()] == ["constant", "poisson", "bursts:3:0.1:0.5"]
    assert kinds["constant"][1] < kinds["poisson"][1] < kinds["bursts"][1]
    assert p99("--arrivals", tmp_path / "gaps") == p99("--request-intervals", tmp_path / "gaps")
    assert kinds["constant"][1] < p99("--arrivals", tmp_path / "gaps")[1], "two at once"
    done = staronnx("simulate", plan, "--machine", WORKSTATION, "--arrivals", tmp_path / "none", check=False)
    assert done.returncode == 1 and f"{tmp_path}/none" in done.stderr


def test_batches_can_be_left_out(staronnx_json, plan, tmp_path):
    made = json.loads((plan / "plan.json").read_text())
    for tensor in (*made["inputs"], *made["outputs"]):
        tensor["shape"][0] = -1
    four = {"1": 60e3, "2": 40e3}  # microseconds: four requests in the time of one and a half
    made["variants"][0]["segments"][0]["batched"] = {"4": {"alone_us": four, "busy_us": four}}
    (tmp_path / "plan.json").write_text(json.dumps(made))

    def saturated(batching):
        result = staronnx_json("simulate", tmp_path, "--machine", WORKSTATION, "--gpus", "none", "--variant", "whole", "--batching", batching, "--requests", 1000)
        return result["systems"][0]["saturated_per_s"]

    assert saturated("none") == pytest.approx(16 / 0.040, rel=0.05)
    assert saturated("auto") > 1.5 * saturated("none")


def test_runs_vary_as_they_were_measured_to(staronnx_json, plan, tmp_path):
    made = json.loads((plan / "plan.json").read_text())
    for segment in (segment for variant in made["variants"] for segment in variant["segments"]):
        segment["cpu_time"]["variation"] = {"1": [0.5, 0.6, 0.8, 1, 1.2, 1.5, 2, 3, 4]}
    (tmp_path / "plan.json").write_text(json.dumps(made))

    def point(folder):
        result = staronnx_json("simulate", folder, "--machine", WORKSTATION, "--gpus", "none", "--core-groups", "auto", "--variant", "whole", "--rates", "10", "--slo", "1s")
        return result["systems"][0]["points"][0], result["estimates"]

    (assumed, estimates), (measured, fewer) = point(plan), point(tmp_path)
    assert any("runs vary" in estimate for estimate in estimates) and not any("runs vary" in estimate for estimate in fewer)
    assert measured["p50_ms"] == pytest.approx(assumed["p50_ms"], rel=0.05)
    assert assumed["p99_ms"] < 1.15 * 40 and measured["p99_ms"] == pytest.approx(3 * 40, rel=0.2)


def test_transfers_can_be_kept_from_overlapping(staronnx, staronnx_json, plan, tmp_path):
    slow = machine_with(tmp_path, lambda machine: [link.update(bandwidth_bytes_per_s=4e8) for link in machine["links"]])

    def whole(overlap):
        return staronnx_json("simulate", plan, "--machine", slow, "--variant", "whole", "--core-groups", "1", "--overlap", overlap, "--requests", 500)["systems"][0]

    on, off = whole("on"), whole("off")
    assert on["saturated_per_s"] > 1.2 * off["saturated_per_s"], "1 ms of transfer for 2 ms of computation"
    assert off["transfers"]["hidden_share"] < 0.1 < on["transfers"]["hidden_share"]
    done = staronnx("simulate", plan, "--machine", slow, "--overlap", "off", "--scheduler", "dmdas", check=False)
    assert done.returncode == 1 and "'dmdas' decides itself" in done.stderr


def test_a_transfer_is_expected_to_take_what_it_takes_alone(staronnx_json, plan, tmp_path):
    def four_gpus(machine):
        machine["gpus"] = [{**machine["gpus"][0], "id": number} for number in range(4)]
        slow = {"bandwidth_bytes_per_s": 4e7, "latency_us": 10}  # 10 ms for the input, 2 ms of computation; a core takes 40 ms
        machine["links"] = [{"from": a, "to": b, **slow} for gpu in range(4) for a, b in [("numa0", f"gpu{gpu}"), (f"gpu{gpu}", "numa0")]]

    result = staronnx_json("simulate", plan, "--machine", machine_with(tmp_path, four_gpus), "--variant", "whole", "--core-groups", "1", "--requests", 100)
    assert result["systems"][0]["lone_p50_ms"] == pytest.approx(12, rel=0.1), "on a GPU, also where there are four"


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


def with_node(cores=16, speed=1, bandwidth_bytes_per_s=1e9, latency_us=200):
    """The workstation without its GPU, and a node of its kind."""

    def change(machine):
        link = {"bandwidth_bytes_per_s": bandwidth_bytes_per_s, "latency_us": latency_us}
        machine.update(gpus=[], nodes=[{"id": 0, "cores": cores, "speed": speed}])
        machine["links"] = [{"from": "numa0", "to": "node0", **link}, {"from": "node0", "to": "numa0", **link}]

    return change


def test_a_node_takes_requests_as_far_as_its_speed_and_its_link_allow(staronnx_json, plan, tmp_path):
    def whole(change):
        words = ("--machine", machine_with(tmp_path, change), "--variant", "whole", "--core-groups", ",".join(["1"] * 16), "--requests", 1000)
        return staronnx_json("simulate", plan, *words)["systems"][0]

    cores = 16 / 0.040
    lone = 0.040 * (0.2 + 0.8 / 16)  # a fifth of the work is not divided: 24 ms on two cores, and 10 ms on the node's sixteen
    node, twice = whole(with_node()), whole(with_node(speed=2))
    assert 1.1 * cores < node["saturated_per_s"] < 1.03 * (cores + 1 / lone)
    assert 1.2 * cores < twice["saturated_per_s"] < 1.03 * (cores + 2 / lone)
    assert node["lone_p50_ms"] == pytest.approx(1e3 * lone + 1, abs=0.7), "the input's 400 kB, the run, messages"
    useless = whole(with_node(bandwidth_bytes_per_s=1e6))  # 0.4 s for an input
    assert useless["saturated_per_s"] == pytest.approx(cores, rel=0.05) and useless["lone_p50_ms"] == pytest.approx(40, rel=0.05)


def test_a_node_works_beside_a_gpu_and_says_how_busy_it_was(staronnx, staronnx_json, plan, tmp_path):
    def beside_the_gpu(machine):
        links = machine["links"]
        gpus = machine["gpus"]
        with_node()(machine)
        machine["gpus"], machine["links"] = gpus, links + machine["links"]

    words = ["simulate", plan, "--machine", machine_with(tmp_path, beside_the_gpu), "--requests", 500, "--rates", "1000"]
    result = staronnx_json(*words)
    busy = systems(result)["StarONNX whole"]["points"][0]["busy"]
    assert busy["NVIDIA GeForce RTX 4090"] > 0.8 and busy["node0"] > 0.5 and busy["link to node0"] > busy["link to gpu0"] > 0
    assert any("node0" in estimate for estimate in result["estimates"])
    assert staronnx(*words).stdout == staronnx(*words).stdout


def test_batches_run_on_nodes(staronnx_json, plan, tmp_path):
    made = json.loads((plan / "plan.json").read_text())
    for tensor in (*made["inputs"], *made["outputs"]):
        tensor["shape"][0] = -1
    times = {2: {"1": 50e3}, 4: {"1": 60e3}}  # a node tries two before four
    made["variants"][0]["segments"][0]["batched"] = {batch: {"alone_us": time, "busy_us": time} for batch, time in times.items()}
    (tmp_path / "plan.json").write_text(json.dumps(made))
    one_core = machine_with(tmp_path, lambda machine: [with_node(cores=1, speed=8)(machine), machine.update(cores=[{"ids": "0"}], l3_caches=[])])

    def saturated(batching):
        words = ("--machine", one_core, "--variant", "whole", "--core-groups", "1", "--batching", batching, "--requests", 500)
        return staronnx_json("simulate", tmp_path, *words)["systems"][0]["saturated_per_s"]

    assert saturated("auto") > 1.5 * saturated("none")


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda machine: machine["links"].pop(), "node0 to numa0"),
        (lambda machine: machine["nodes"][0].pop("speed"), "nodes[0].speed is missing"),
        (lambda machine: machine["nodes"][0].update(speed=0), "nodes[0].speed"),
        (lambda machine: machine["nodes"][0].update(gpus=1), "nodes[0].gpus"),
        (lambda machine: machine["nodes"].append({"id": 0, "cores": 1, "speed": 1}), "nodes[1].id"),
        (lambda machine: machine.update(nodes=[{"id": node, "cores": 1, "speed": 1} for node in range(9)]), "9 nodes"),
    ],
)
def test_a_wrong_node_is_refused_by_name(staronnx, plan, tmp_path, change, words):
    machine = machine_with(tmp_path, lambda machine: [with_node()(machine), change(machine)])
    done = staronnx("simulate", plan, "--machine", machine, check=False)
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
