"""`scripts/loadgen`: MLPerf's LoadGen drives a real server for a moment."""

import json
import pathlib
import platform
import subprocess

import foreign_server
import pytest

LOADGEN = pathlib.Path(__file__).resolve().parent.parent / "scripts/loadgen"
pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="LoadGen's wheel is for x86-64")


def loadgen(*arguments, **options):
    return subprocess.run([LOADGEN, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)


def test_it_measures_a_server(served, tmp_path):
    done = loadgen(f"grpc://{served.grpc}", "--model", "squeezenet", "--rates", 20, "--slo", 5000, "--percentile", 50, "--seconds", 2, "-o", tmp_path / "figures.json")
    assert done.returncode == 0, done.stderr
    assert "not an MLPerf result" in done.stdout and "VALID" in done.stdout
    figures = json.loads((tmp_path / "figures.json").read_text())
    (point,) = figures["points"]
    assert point["valid"] and point["errors"] == 0 and point["rate_per_s"] == 20
    assert 0 < point["p50_ms"] <= point["p99_ms"] <= 5000 and "Scenario : Server" in point["summary"]


def test_it_serves_a_model_by_itself(served_models, environment, command):
    done = loadgen(served_models["two"], "--shape", "a:1x4", "--shape", "b:1x4", "--rates", 50, "--slo", 5000, "--percentile", 50, "--seconds", 1,
                   env={**environment, "STARONNX_BIN": command})  # fmt: skip
    assert done.returncode == 0 and "50/s  VALID" in done.stdout, done.stderr


def test_errors_make_a_rate_invalid():
    with foreign_server.running("grpc", lambda number: foreign_server.FAIL if number > 15 else foreign_server.OK) as (url, _):
        done = loadgen(url, "--model", "m", "--shape", "x:1x2", "--rates", 20, "--slo", 5000, "--seconds", 1)
    assert done.returncode == 0 and "INVALID" in done.stdout and "told to" in done.stdout


def test_what_cannot_be_is_said():
    for arguments, words in [(["grpc://127.0.0.1:1"], "--model"), (["grpc://127.0.0.1:1", "--model", "m"], "loadgen: grpc://127.0.0.1:1"),
                             (["nowhere.onnx"], "nowhere.onnx"), (["x.onnx", "--shape", "a"], "INPUT:1x3x224x224")]:  # fmt: skip
        done = loadgen(*arguments)
        assert done.returncode != 0 and words in done.stderr
