"""The server under perf_analyzer, the load generator of Triton's own: both protocols, both modes, with and without shared memory."""

import csv
import pathlib
import shutil
import subprocess

import numpy as np
import pytest

ANALYZER = pathlib.Path(__file__).resolve().parent.parent / ".deps/perf_analyzer/perf_analyzer"
pytestmark = pytest.mark.skipif(not ANALYZER.exists(), reason=f"{ANALYZER} is not there; on x86-64 scripts/setup puts it there")


@pytest.fixture(scope="module")
def sharing(serve, served_models):
    with serve(served_models["two"], served_models["squeezenet"], "--allow-system-shared-memory") as running:
        yield running
        assert running.end() == 0, running.errors()


@pytest.fixture
def analyze(sharing, tmp_path):
    """analyze("grpc", "two", options...) -> the lines of its report."""

    def run(protocol, model, *options):
        table = tmp_path / "table.csv"
        done = subprocess.run([ANALYZER, "-m", model, "-i", protocol, "-u", getattr(sharing, protocol), "-f", table, "--verbose-csv",
                               "--measurement-mode", "count_windows", "--measurement-request-count", "20", "--stability-percentage", "100000",
                               *map(str, options)], capture_output=True, text=True, timeout=120)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return list(csv.DictReader(table.open()))

    return run


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize("memory", ["none", "system"])
@pytest.mark.parametrize("load", [["--concurrency-range", "1:3:2"], ["--request-rate-range", "50:100:50", "--request-distribution", "poisson"]],
                         ids=["concurrency", "rate"])
def test_it_measures(analyze, tmp_path, protocol, memory, load):
    for name in "ab":
        np.ones((2, 4), np.float32).tofile(tmp_path / name)
    lines = analyze(protocol, "two", "--shared-memory", memory, "--output-shared-memory-size", 32, "--shape", "a:2,4", "--shape", "b:2,4",
                    "--input-data", tmp_path, *load)  # fmt: skip
    assert len(lines) == 2
    for line in lines:
        assert float(line["Inferences/Second"]) > 0 and float(line["p99 latency"]) > 0
        assert float(line["Server Compute Infer"]) > 0  # out of the statistics before and after


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_ensembles(serve, served_models, tmp_path, protocol):
    """It asks for the configurations and the statistics of the models of the steps, too."""
    for model in ("two", "sum_and_difference"):
        (tmp_path / "models" / model / "1").mkdir(parents=True)
    shutil.copy(served_models["two"], tmp_path / "models/two/1/model.onnx")
    tensors = ['{ name: "%s" data_type: TYPE_FP32 dims: [-1, 4] }' % name for name in ("a", "b", "difference")]
    maps = ['{ key: "%s" value: "%s" }' % pair for pair in (("a", "a"), ("b", "b"), ("sum", "s"), ("b", "s"), ("difference", "difference"))]
    (tmp_path / "models/sum_and_difference/config.pbtxt").write_text(
        f'platform: "ensemble" input [{tensors[0]}, {tensors[1]}] output [{tensors[2]}] ensemble_scheduling {{ '
        f'step {{ model_name: "two" model_version: -1 input_map {maps[0]} input_map {maps[1]} output_map {maps[2]} }} '
        f'step {{ model_name: "two" model_version: -1 input_map {maps[0]} input_map {maps[3]} output_map {maps[4]} }} }}')
    (tmp_path / "data").mkdir()
    for name in "ab":
        np.ones((2, 4), np.float32).tofile(tmp_path / "data" / name)
    with serve("--model-repository", tmp_path / "models") as served:
        table = tmp_path / "table.csv"
        done = subprocess.run([ANALYZER, "-m", "sum_and_difference", "-i", protocol, "-u", getattr(served, protocol), "-f", table, "--verbose-csv",
                               "--measurement-mode", "count_windows", "--measurement-request-count", "20", "--stability-percentage", "100000",
                               "--concurrency-range", "2", "--shape", "a:2,4", "--shape", "b:2,4", "--input-data", tmp_path / "data"],
                              capture_output=True, text=True, timeout=120)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Composing models:" in done.stdout and "two, version: 1" in done.stdout
        (line,) = csv.DictReader(table.open())
        assert float(line["Inferences/Second"]) > 0 and float(line["Server Compute Infer"]) > 0


def test_streams(analyze, tmp_path):
    for name in "ab":
        np.ones((2, 4), np.float32).tofile(tmp_path / name)
    (line,) = analyze("grpc", "two", "--streaming", "--async", "--concurrency-range", 4, "--shape", "a:2,4", "--shape", "b:2,4", "--input-data",
                      tmp_path)  # fmt: skip
    assert float(line["Inferences/Second"]) > 0


def test_a_model_of_600_kilobytes_of_input(analyze):
    (line,) = analyze("grpc", "squeezenet", "--concurrency-range", 2, "--input-data", "zero", "--shared-memory", "system",
                      "--output-shared-memory-size", 4000)  # fmt: skip
    assert float(line["Inferences/Second"]) > 0
