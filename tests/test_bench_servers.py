"""`staronnx bench` on servers: the real command puts real servers under load, ours and one that does what the test says."""

import csv
import itertools
import json
import pathlib
import subprocess
import sys

import foreign_server
import numpy as np
import pytest
from foreign_server import FAIL, OK, REFUSE, SLOW, SLOW_S, floats
from serve_models import slow

PROTOCOLS = ["http", "grpc"]
CSV = ("Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute Input,Server Compute Infer,Server Compute Output,"
       "Client Recv,p50 latency,p90 latency,p95 latency,p99 latency")  # fmt: skip
QUIET = ["--rates", "20", "--slo", 5000, "--duration", 0.5]  # one window of ten requests, and one before it that wakes the server
ROW = ["--shape", "x:1x2"]


def url(served, protocol):
    return f"{protocol}://{getattr(served, protocol)}"


@pytest.fixture
def one_point(staronnx, tmp_path):
    """one_point(url, options..) -> the only point, and the outcome of each request."""

    def run(url, *options):
        out = tmp_path / "requests.jsonl"
        done = staronnx("bench", url, "--model", "m", *options, "--json", "--requests-out", out)
        (system,) = json.loads(done.stdout)["systems"]
        (point,) = system["points"]
        lines = out.read_text().splitlines()
        assert len(lines) == point["sent"]
        return point, foreign_server.outcomes(lines)

    return run


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_servers_are_compared_under_the_same_load(staronnx, served, protocol):
    address = url(served, protocol)
    done = staronnx("bench", address, address, "--model", "two", "--shape", "a:3x4", "--shape", "b:3x4", "--rates", "20:40:20", "--duration", 0.3,
                    "--slo", "300x", "--json")  # fmt: skip
    result = json.loads(done.stdout)
    assert result["model"] == "two" and f"{address} {address}" in result["command"] and "--model two" in result["command"]
    assert [system["name"] for system in result["systems"]] == [address, address]
    for system in result["systems"]:
        assert system["lone_p50_ms"] > 0 and system["saturated_per_s"] is None
        assert [point["rate_per_s"] for point in system["points"]] == [20, 40]
        for point, requests in zip(system["points"], (6, 12)):
            assert point["failed"] == 0 and point["answered"] == point["sent"] == requests
            assert point["server"]["requests"] == requests and point["server"]["compute_infer_us"] > 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_threshold_of_a_server_is_found(staronnx, served, protocol):
    done = staronnx("bench", url(served, protocol), "--model", "squeezenet", "--budget", 4, "--slo", "20x", "--seeds", 2, "--json")
    result = json.loads(done.stdout)
    (system,) = result["systems"]
    assert system["saturated_per_s"] > 0 and [each["seed"] for each in system["by_seed"]] == result["seeds"] == [1, 2]
    assert all(each["threshold_per_s"] <= each["saturated_per_s"] for each in system["by_seed"])
    assert result["confidence"] == 0.5 and len(system["curve"]) >= 4


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_outcome_is_counted_apart(one_point, protocol):
    script = [OK, OK, REFUSE, OK, FAIL, SLOW, OK, OK, FAIL, REFUSE, REFUSE]  # the first wakes
    with foreign_server.running(protocol, lambda number: script[number]) as (address, counted):
        point, outcomes = one_point(address, "--rates", "20", "--duration", 0.5, "--slo", 1000 * SLOW_S * 0.75, *ROW)
        assert len(counted.seen) == len(script)
    assert (point["sent"], point["answered"], point["late"], point["refused"], point["failed"], point["dropped"]) == (10, 5, 1, 3, 2, 0)
    assert outcomes == {"answered": 4, "late": 1, "refused": 3, "failed": 2}
    assert point["served_per_s"] > point["good_per_s"] > 0 and not point["held"]
    assert "told to" in point["first_error"]
    assert point["server"] == {"requests": 5, "executions": 5, "queue_us": 1, "compute_input_us": 2, "compute_infer_us": 30, "compute_output_us": 4}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_without_statistics_is_measured_all_the_same(one_point, protocol):
    with foreign_server.running(protocol, statistics=False) as (address, _):
        point, _ = one_point(address, *QUIET, *ROW)
    assert point["server"] is None and point["answered"] == 10


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_closed_loop_goes_on_after_refusals_and_failures(one_point, protocol):
    with foreign_server.running(protocol, lambda number: [OK, REFUSE, FAIL][number % 3]) as (address, _):
        point, outcomes = one_point(address, "--concurrency-range", 2, "--duration", 0.3, "--slo", 5000, *ROW)
    assert point["concurrency"] == 2 and sum(outcomes.values()) == point["sent"]
    for name in ("answered", "refused", "failed"):
        assert abs(point[name] - point["sent"] / 3) <= 1
    assert point["served_per_s"] > 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_deadline_goes_with_each_request(one_point, protocol):
    with foreign_server.running(protocol, lambda number: SLOW if number == 4 else OK) as (address, counted):
        point, outcomes = one_point(address, *QUIET, *ROW, "--deadline", 1000 * SLOW_S * 0.75)
    assert [parameters["timeout"] for _, parameters, _ in counted.seen] == [int(1e6 * SLOW_S * 0.75)] * 11
    assert outcomes == {"answered": 9, "late": 1} and point["held"]  # by the SLO


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_requests_carry_what_was_asked_for(one_point, protocol, tmp_path):
    np.save(tmp_path / "x.npy", np.float32([[1, 2], [3, 4]]))
    (tmp_path / "data.json").write_text(json.dumps({"data": [{"x": {"content": [5, 6], "shape": [1, 2]}}, {"x": {"content": [7, 8], "shape": [1, 2]}}]}))
    with foreign_server.running(protocol) as (address, counted):
        for options, expected in [
            (["--input", f"x={tmp_path}/x.npy"], [("FP32", [2, 2], floats(1, 2, 3, 4))]),
            (["--input-data", "zero", *ROW], [("FP32", [1, 2], floats(0, 0))]),
            (["--input-data", tmp_path / "data.json"], [("FP32", [1, 2], floats(5, 6)), ("FP32", [1, 2], floats(7, 8))]),
        ]:
            counted.seen.clear()
            one_point(address, *QUIET, *options)
            expected = list(itertools.islice(itertools.cycle(expected), 11))
            assert sorted(inputs["x"] for _, _, inputs in counted.seen) == sorted(expected)
            assert {model for model, _, _ in counted.seen} == {"m"}
        counted.seen.clear()
        one_point(address, *QUIET, *ROW)
        (_, _, inputs), *others = counted.seen
        assert np.isfinite(np.frombuffer(inputs["x"][2], np.float32)).all() and all(other[2] == inputs for other in others)


def test_a_large_request_arrives_whole(one_point, tmp_path):
    x = np.arange(2_000_000, dtype=np.float32).reshape(-1, 2)  # more than a socket takes at once
    np.save(tmp_path / "x.npy", x)
    with foreign_server.running("http") as (address, counted):
        one_point(address, "--rates", "4", "--duration", 0.5, "--slo", 60_000, "--input", tmp_path / "x.npy")
    assert all(inputs["x"] == ("FP32", list(x.shape), x.tobytes()) for _, _, inputs in counted.seen) and len(counted.seen) == 3


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_large_tensors_travel_both_ways(staronnx, served, protocol):
    done = staronnx("bench", url(served, protocol), "--model", "identity_fp32", "--shape", "in:4000000", "--rates", "4", "--duration", 0.5, "--slo", 60_000,
                    "--json")  # fmt: skip
    (system,) = json.loads(done.stdout)["systems"]
    assert system["points"][0]["answered"] == 2, system["points"][0]["first_error"]


def test_the_csv_is_perf_analyzers(staronnx, tmp_path):
    file = tmp_path / "points.csv"
    with foreign_server.running("http") as (address, _):
        common = ["bench", address, "--model", "m", *ROW, "--slo", 5000, "-p", 250, "-f", file]
        staronnx(*common, "--request-rate-range", "20:40:20", "--request-distribution", "constant")
        lines = file.read_text().splitlines()
        assert lines[0] == f"Request Rate,{CSV}" and len(lines) == 3
        for row in csv.DictReader(lines):
            assert float(row["Inferences/Second"]) > 0 and int(row["Server Compute Infer"]) == 30 and int(row["Server Queue"]) == 1
            assert 0 < int(row["p50 latency"]) <= int(row["p99 latency"])
        staronnx(*common, "--concurrency-range", "1:3:2")
        lines = file.read_text().splitlines()
        assert lines[0] == f"Concurrency,{CSV}" and [line.split(",")[0] for line in lines[1:]] == ["1", "3"]


def test_binary_search_stays_in_its_range(staronnx):
    with foreign_server.running("grpc", lambda number: REFUSE if number > 60 else OK) as (address, _):
        done = staronnx("bench", address, "--model", "m", *ROW, "--rates", "40:80:10", "--binary-search", "--slo", 5000, "--duration", 0.5, "--json")
    (system,) = json.loads(done.stdout)["systems"]
    rates = [point["rate_per_s"] for point in system["points"]]
    assert min(rates) == 40 and max(rates) == 80 and len(rates) > 2
    assert system["threshold_per_s"] == 40  # the first window only was spared


def test_arrivals_are_replayed(one_point, tmp_path):
    (tmp_path / "gaps").write_text("50000\n150000\n")
    with foreign_server.running("http") as (address, _):
        out = tmp_path / "requests.jsonl"
        point, _ = one_point(address, "--request-intervals", tmp_path / "gaps", "--duration", 0.5, "--slo", 5000, *ROW)
    assert point["rate_per_s"] == 10 and [round(json.loads(line)["intended_s"], 3) for line in out.read_text().splitlines()] == [0, 0.05, 0.2, 0.25, 0.4, 0.45]


def test_windows_are_repeated_until_they_agree(one_point):
    with foreign_server.running("http") as (address, counted):
        point, _ = one_point(address, *QUIET, *ROW, "-s", 100_000)
        assert point["stable"] and len(counted.seen) == 3 * 11
        counted.seen.clear()
        point, _ = one_point(address, *QUIET, *ROW, "-s", 1e-9, "--max-trials", 4)
        assert not point["stable"] and len(counted.seen) == 4 * 11


def test_requests_wait_for_a_connection(one_point):
    with foreign_server.running("http", lambda number: SLOW if number == 1 else OK) as (address, _):
        point, _ = one_point(address, "--rates", "20", "--duration", 0.5, "--slo", 5000, *ROW, "--connections", 1)
    assert point["answered"] == 10 and point["p50_ms"] > 1000 * SLOW_S / 2  # all behind the slow one


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_system_that_answers_nothing_is_an_error(staronnx, protocol):
    with foreign_server.running(protocol, lambda number: FAIL) as (address, _):
        done = staronnx("bench", address, "--model", "m", *ROW, "--duration", 0.1, check=False)
    assert done.returncode == 1 and address in done.stderr and "told to" in done.stderr


def test_what_cannot_be_is_said(staronnx, served, tmp_path):
    (tmp_path / "gaps").write_text("1000\nten\n")
    (tmp_path / "data.json").write_text('{"data": [{"c": [1]}]}')
    http, grpc = url(served, "http"), url(served, "grpc")
    two = ("--model", "two")
    for arguments, words in [
        ((http,), "add --model"),
        ((grpc,), "add --model"),
        ((http, "--model", "nobody"), "'nobody' is not found"),
        ((grpc, "--model", "nobody"), "'nobody' is not found"),
        ((http, *two), "--shape"),
        (("http://127.0.0.1:1", *two), "Connection refused"),
        (("grpc://127.0.0.1:1", *two), "is the server there?"),
        (("127.0.0.1:8000", *two), "write http://HOST:PORT or grpc://HOST:PORT"),
        ((http, *two, "--request-intervals", tmp_path / "gaps"), "line 2: 'ten' is no interval"),
        ((http, *two, "--request-intervals", tmp_path / "none"), "none: the file cannot be read"),
        ((http, *two, "--input-data", tmp_path / "data.json"), "request 1: the model has no input 'c'"),
        ((http, *two, "--request-distribution", "uniform"), "there is no distribution 'uniform'"),
        ((http, *two, "--rates", "5", "--binary-search"), "--binary-search has nothing to search"),
        ((http, *two, "--concurrency-range", "1.5"), "--concurrency-range '1.5'"),
        ((http, *two, "--slo", "soon"), "--slo 'soon'"),
        ((http, *two, "--shape", "a:1x4", "--shape", "b:1x4", "--requests-out", tmp_path), "--requests-out"),
    ]:
        done = staronnx("bench", *arguments, check=False)
        assert done.returncode == 1 and words in done.stderr and len(done.stderr.strip().splitlines()) == 1, (arguments, done.stderr)


@pytest.mark.parametrize("options", [["--rates", "5", "--concurrency-range", "1"], ["--request-intervals", "f", "--rates", "5"],
                                     ["--max-trials", "3"], ["--binary-search"], ["--duration", "1", "-p", "5"], ["--percentile", "101"],
                                     ["--input", "a.npy", "--input-data", "zero"]])  # fmt: skip
def test_options_that_contradict_each_other_are_wrong_usage(staronnx, options):
    assert staronnx("bench", "http://127.0.0.1:1", "--model", "m", *options, check=False).returncode == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_refusal_does_not_end_the_run(staronnx, serve, tmp_path, protocol):
    with serve(slow(tmp_path, at_least=3000)) as served:  # some 10 ms of a core: no machine does 10000 of them a second
        done = staronnx("bench", url(served, protocol), "--model", "slow", "--rates", "10000", "--duration", 0.5, "--slo", 50, "--deadline", 50, "--json")
    (system,) = json.loads(done.stdout)["systems"]
    (point,) = system["points"]
    assert point["refused"] > 0 and point["failed"] == 0  # of some the deadline passed before there was a connection for them
    assert point["answered"] + point["refused"] + point["dropped"] == point["sent"] == 5000


def test_the_page_of_a_measurement_without_extremes(staronnx, served, tmp_path):
    staronnx("bench", url(served, "http"), "--model", "squeezenet", *QUIET, "-o", tmp_path / "bench.json")
    report = pathlib.Path(__file__).resolve().parent.parent / "scripts/report.py"
    done = subprocess.run([sys.executable, report, tmp_path / "bench.json", "-o", tmp_path / "page.html"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
