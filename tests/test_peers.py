"""bench/peers: servers beside StarONNX, and StarONNX itself as one of them."""

import os
import pathlib
import re
import socket
import subprocess
import sys

import numpy as np
import psutil
import pytest
import serve_models

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from compare.load import Client  # noqa: E402
from peers.catalogue import all_peers  # noqa: E402
from peers.mlserver_peer import MLServer  # noqa: E402
from peers.model import Model  # noqa: E402
from peers.peer import Failure, Server, free_ports, setting  # noqa: E402
from peers.staronnx import StarOnnx  # noqa: E402
from peers.triton import Triton, TritonOnnxRuntime, choices, config_of  # noqa: E402


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def staronnx(command):
    return StarOnnx(pathlib.Path(command).parent.parent)


@pytest.fixture
def model(tmp_path):
    """"sum" and "difference" of "a" and "b"."""
    return Model(serve_models.two(tmp_path))


def ask(server, rows):
    """What the server says that "sum" is, over gRPC, of that many rows."""
    from tritonclient.grpc import InferenceServerClient, InferInput

    values = {name: np.full((rows, 4), value, np.float32) for name, value in (("a", 1.5), ("b", 2.0))}
    inputs = []
    for name, value in values.items():
        inputs.append(InferInput(name, value.shape, "FP32"))
        inputs[-1].set_data_from_numpy(value)
    with InferenceServerClient(server.grpc) as client:
        return client.infer(server.model.name, inputs).as_numpy("sum")


def serves(peer, model, settings, folder):
    """It answers, is measured, and is gone afterwards with all that it had started."""
    with Server(peer, model, settings, folder) as server:
        for rows in (1, 3):
            np.testing.assert_array_equal(ask(server, rows), np.full((rows, 4), 3.5, np.float32))
        assert server.cpu_seconds() > 0 and server.memory_bytes() > 1e6
        tree = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
        address = server.grpc.split(":")
    assert not any(process.is_running() for process in tree) and server.log.exists()
    with pytest.raises(OSError):
        socket.create_connection((address[0], int(address[1])), timeout=5)


def test_staronnx_is_a_peer_like_others(staronnx, model, tmp_path):
    serves(staronnx, model, staronnx.choices(2, True)[0], tmp_path / "run")
    assert set(staronnx.versions()) >= {"staronnx", "onnxruntime"}


def test_load_is_put_on_a_server_and_says_what_it_cost(staronnx, model, tmp_path):
    client = Client(staronnx.program)
    with Server(staronnx, model, {}, tmp_path / "run") as server:
        assert client.closed_loop(server, 4, 0.3)["answered"] > 0
        point = client.window(server, 100, 0.5, seed=7, slo_ms=1000)
        assert point["seed"] == 7 and point["rate_per_s"] == 100 and point["sent"] == point["answered"] > 20
        assert point["cpu_ms_per_request"] > 0 and 0 <= point["others_share"] <= 1
        assert point["held"] and point["p50_ms"] <= point["p99_ms"] < 1000
        server.model = Model(model.path, {"a": [9, 9]})
        with pytest.raises(Failure, match="StarONNX; its log"):
            client.window(server, 10, 0.1, seed=1, slo_ms=1000)


def installed_peers():
    for peer in (Triton(), MLServer(), TritonOnnxRuntime()):
        missing = peer.missing()
        for settings in [{}] if missing else [peer.choices(2, True)[which] for which in (0, -1)]:
            yield pytest.param(peer, settings, id=peer.label(settings) if settings else peer.title,
                               marks=pytest.mark.skipif(bool(missing), reason=missing or ""))


@pytest.mark.parametrize(("peer", "settings"), list(installed_peers()))
def test_peers_answer_the_same(peer, settings, model, tmp_path):
    serves(peer, model, settings, tmp_path / "run")


def test_a_server_that_ends_says_why(staronnx, tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(Failure) as said, Server(staronnx, Model(broken), {}, tmp_path / "run"):
        pass
    assert "ended with status 1 instead of serving broken" in str(said.value) and str(tmp_path / "run/log") in str(said.value)
    assert "broken.onnx" in str(said.value).partition("ends with:")[2], "the end of its log is part of the message"


def test_a_server_that_never_is_ready_is_given_up_and_ended(staronnx, model, tmp_path, monkeypatch):
    monkeypatch.setattr(Server, "_ready", lambda self: False)
    server = Server(staronnx, model, {}, tmp_path / "run", patience_s=0)
    with pytest.raises(Failure, match="not ready after 0 s"):
        server.__enter__()
    assert server.process.poll() is not None


def test_what_is_not_there_is_said_with_what_to_do(model, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(Triton, "home", tmp_path)
    monkeypatch.setattr(MLServer, "python", tmp_path / "python")
    for peer, words in ((Triton(), "bench/peers/setup triton"), (MLServer(), "bench/peers/setup mlserver"), (TritonOnnxRuntime(), "on the PATH")):
        with pytest.raises(Failure, match=words), Server(peer, model, setting(1, 1), tmp_path / "run"):
            pass


def test_ports_are_free_and_different():
    ports = free_ports()
    assert len(set(ports.values())) == len(ports)
    for port in ports.values():
        socket.create_server(("127.0.0.1", port)).close()


def test_triton_s_configuration_is_of_one_request_where_it_stacks_them(model):
    whole = config_of(model, setting(2, 1), "python", {"threads": 1})
    assert "max_batch_size: 0" in whole and 'name: "a" data_type: TYPE_FP32 dims: [ -1, 4 ]' in whole and "dynamic_batching" not in whole
    assert "count: 2" in whole and 'key: "threads" value: { string_value: "1" }' in whole
    stacked = config_of(model, setting(1, 2, max_batch=8), "python", {})
    assert "max_batch_size: 8" in stacked and 'name: "a" data_type: TYPE_FP32 dims: [ 4 ]' in stacked and "dynamic_batching" in stacked


def test_a_triton_of_the_user_runs_its_own_backend(model, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/tritonserver").touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    assert "no onnxruntime backend" in TritonOnnxRuntime().missing()
    (tmp_path / "backends/onnxruntime").mkdir(parents=True)
    assert TritonOnnxRuntime().missing() is None
    words, _ = TritonOnnxRuntime().command(model, setting(2, 1), free_ports(), tmp_path / "run")
    assert str(words[0]) == f"{tmp_path}/bin/tritonserver" and tmp_path / "backends" in words and "--disable-auto-complete-config" in words
    config = (tmp_path / "run/repository/two/config.pbtxt").read_text()
    assert 'backend: "onnxruntime"' in config and 'key: "intra_op_thread_count" value: { string_value: "1" }' in config
    assert (tmp_path / "run/repository/two/1/model.onnx").read_bytes() == model.path.read_bytes()


def test_triton_is_tried_from_one_thread_each_to_all_for_one():
    found = choices(4, True)
    assert found[:2] == [setting(4, 1), setting(1, 4)] and setting(2, 2) in found and setting(4, 4) in found
    assert all(one["instances"] * one["threads"] == 4 for one in found if one != setting(4, 4))
    assert [one for one in found if one["max_batch"]] and not [one for one in choices(4, False) if one["max_batch"]]
    assert choices(1, False) == [setting(1, 1)]


def test_onnx_runtime_is_the_same_on_every_side():
    def pinned(path):
        return re.findall(r"^onnxruntime==(\S+)", (ROOT / path).read_text(), re.M)

    for name in ("triton", "mlserver"):
        assert pinned(f"scripts/lib/wheels/{name}.txt") == pinned("requirements.txt") != []


def test_the_command_serves_until_its_input_ends(model):
    process = subprocess.Popen([ROOT / "bench/peers/serve", "staronnx", model.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    lines = [process.stdout.readline() for _ in range(4)]
    assert lines[0].startswith("HTTP: http://127.0.0.1:") and lines[1].startswith("gRPC: 127.0.0.1:") and lines[3] == "ready: StarONNX\n", lines
    process.stdin.close()
    assert process.wait(timeout=60) == 0, process.stderr.read()


def test_the_command_names_all_kinds():
    done = subprocess.run([ROOT / "bench/peers/serve", "--help"], capture_output=True, text=True, check=True, timeout=60)
    assert all(kind in done.stdout for kind in all_peers())
    done = subprocess.run([ROOT / "bench/peers/setup", "nobody"], capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 1 and "there is no peer nobody" in done.stderr
