"""The server on a model repository: what is served of it, and how that changes under clients that go on asking."""

import contextlib
import json
import shutil
import signal
import threading

import grpc
import numpy as np
import onnx
import pytest
import tritonclient.grpc
import tritonclient.http
from grpc_health.v1 import health_pb2, health_pb2_grpc
from onnx import TensorProto
from serve_models import save
from tritonclient.utils import InferenceServerException
from waiting import wait_until


def scaled(path, factor):
    """A model whose "out" is "in", of any number of rows of 4, times `factor`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = [(name, TensorProto.FLOAT, ["batch", 4]) for name in ("in", "out")]
    beside = path.with_suffix(".new")
    save(beside, tensors[:1], tensors[1:], [("Constant", [], ["factor"], {"value_float": float(factor)}), ("Mul", ["in", "factor"], ["out"])])
    beside.rename(path)


@pytest.fixture
def repository(tmp_path):
    """Two models: "a" multiplies by 1 in its version 1 and by 2 in 2, "b" by 10."""
    folder = tmp_path / "models"
    scaled(folder / "a/1/model.onnx", 1)
    scaled(folder / "a/2/model.onnx", 2)
    scaled(folder / "b/1/model.onnx", 10)
    return folder


@contextlib.contextmanager
def client_of(protocol, served):
    module, address = {"http": (tritonclient.http, served.http), "grpc": (tritonclient.grpc, served.grpc)}[protocol]
    with module.InferenceServerClient(address) as client:
        client.module = module
        yield client


def factor_of(client, model, version=""):
    given = client.module.InferInput("in", [1, 4], "FP32")
    given.set_data_from_numpy(np.ones((1, 4), np.float32))
    return client.infer(model, [given], version).as_numpy("out")[0, 0]


def index_of(client):
    """(name, version) -> (state, reason)"""
    if client.module is tritonclient.http:
        rows = client.get_model_repository_index()
    else:
        rows = client.get_model_repository_index(as_json=True).get("models", [])
    return {(row["name"], row.get("version", "")): (row.get("state"), row.get("reason", "")) for row in rows}


def test_the_latest_version_of_every_model_is_served(serve, repository):
    with serve("--model-repository", repository) as served, client_of("http", served) as client:
        assert "model_repository" in client.get_server_metadata()["extensions"]
        assert index_of(client) == {("a", "2"): ("READY", ""), ("b", "1"): ("READY", "")}
        assert factor_of(client, "a") == 2 and factor_of(client, "b") == 10
        with pytest.raises(InferenceServerException, match="unknown model: 'a' version 1 is not found"):
            factor_of(client, "a", "1")
        assert served.end() == 0


def test_versions_are_those_of_the_policy(serve, repository, light, tmp_path):
    (repository / "a/config.pbtxt").write_text("version_policy { all {} }")
    other = tmp_path / "more"
    scaled(other / "c/7/model.onnx", 7)
    scaled(tmp_path / "d.onnx", 4)
    with serve(tmp_path / "d.onnx", "--model-repository", repository, "--model-repository", other) as served, client_of("grpc", served) as client:
        assert set(index_of(client)) == {("a", "1"), ("a", "2"), ("b", "1"), ("c", "7"), ("d", "1")}
        assert (factor_of(client, "a", "1"), factor_of(client, "a"), factor_of(client, "c"), factor_of(client, "d")) == (1, 2, 7, 4)
        assert client.get_model_metadata("a").versions == ["1", "2"]


def test_broken_models_are_in_the_index_and_others_serve(serve, repository):
    (repository / "b/config.pbtxt").write_text("max_batch_size: many")
    (repository / "c/1").mkdir(parents=True)
    (repository / "d/1").mkdir(parents=True)
    (repository / "d/1/model.onnx").write_text("no model")
    with serve("--model-repository", repository, ready=False) as served, client_of("http", served) as client:
        assert served.wait_for("not ready, but serving: ") == "not ready, but serving: a"
        assert not client.is_server_ready() and client.is_server_live() and factor_of(client, "a") == 2
        index = index_of(client)
        assert "config.pbtxt:1:17" in index["b", ""][1] and index["b", ""][0] == "UNAVAILABLE"
        assert index["c", "1" if ("c", "1") in index else ""][1].endswith("default_model_filename")
        assert index["d", "1"][0] == "UNAVAILABLE" and "model.onnx" in index["d", "1"][1]
        with pytest.raises(InferenceServerException, match="'b' has no available versions: .*config.pbtxt:1:17"):
            factor_of(client, "b")
        assert "model 'b': " in served.errors() and "d" in served.errors()
        assert served.end() == 0


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_clients_load_and_unload(serve, repository, protocol):
    with serve("--model-repository", repository, "--model-control-mode", "explicit", "--load-model", "b") as served, \
            client_of(protocol, served) as client:
        assert client.is_server_ready() and factor_of(client, "b") == 10
        assert index_of(client)["a", ""] == ("UNAVAILABLE", "not loaded")
        with pytest.raises(InferenceServerException, match="Request for unknown model: 'a' is not found"):
            factor_of(client, "a")
        client.load_model("a")
        assert factor_of(client, "a") == 2 and client.is_model_ready("a")
        client.load_model("a", config=json.dumps({"version_policy": {"specific": {"versions": [1]}}}))
        assert factor_of(client, "a") == 1
        wait_until(lambda: index_of(client)["a", "2"] == ("UNAVAILABLE", "unloaded"), served)
        client.unload_model("b", unload_dependents=True)
        wait_until(lambda: index_of(client)["b", "1"] == ("UNAVAILABLE", "unloaded"), served)
        with pytest.raises(InferenceServerException, match="'b' has no available versions"):
            factor_of(client, "b")
        assert client.is_server_ready()
        client.unload_model("b")  # is as it is wanted
        client.load_model("b")
        assert factor_of(client, "b") == 10


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_clients_send_models_of_their_own(serve, repository, tmp_path, protocol):
    scaled(tmp_path / "sent.onnx", 7)
    sent = {"file:3/model.onnx": (tmp_path / "sent.onnx").read_bytes()}
    with serve("--model-repository", repository, "--model-control-mode", "explicit", "--load-model", "b") as served, \
            client_of(protocol, served) as client:
        for name in ("new", "b"):
            client.load_model(name, config="{}", files=sent)
            assert factor_of(client, name) == 7 and index_of(client)[name, "3"] == ("READY", "")
        assert ("b", "1") not in index_of(client) or index_of(client)["b", "1"][0] != "READY", "instead of what is there"
        scaled(repository / "a/2/model.onnx", 20)
        client.load_model("a")
        scaled(repository / "a/2/model.onnx", 30)
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: factor_of(client, "a") == 30, served)
        assert factor_of(client, "new") == factor_of(client, "b") == 7, "what was sent stays"
        client.load_model("b")
        assert factor_of(client, "b") == 10, "as it is in the repository"
        client.unload_model("new")
        with pytest.raises(InferenceServerException, match="there is no model 'new'"):
            client.load_model("new")


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_refusals_to_load(serve, repository, protocol):
    scaled(repository / "c/1/model.onnx", 3)
    with serve("--model-repository", repository, "--model-control-mode", "explicit", "--load-model", "c") as served, \
            client_of(protocol, served) as client:
        for name in ("x", "..", "a\\..\\b", ""):
            with pytest.raises(InferenceServerException):
                client.load_model(name)
        with pytest.raises(InferenceServerException, match="failed to load 'x', failed to poll from model repository"):
            client.load_model("x")
        with pytest.raises(InferenceServerException, match="parameter 'config'"):
            client.load_model("a", config="{")
        with pytest.raises(InferenceServerException, match="sequence_batching is not supported"):
            client.load_model("a", config='{"sequence_batching": {}}')
        with pytest.raises(InferenceServerException, match="'1/../../x' is no place in a model's folder"):
            client.load_model("a", config="{}", files={"file:1/../../x": b"x"})
        with pytest.raises(InferenceServerException, match="send the parameter 'config', too"):
            client.load_model("a", files={"file:1/model.onnx": b"x"})
        with pytest.raises(InferenceServerException, match="load failed for model 'a': version 1 is at UNAVAILABLE state"):
            client.load_model("a", config="{}", files={"file:1/model.onnx": b"x"})
        (repository / "c/1/model.onnx").write_text("no model")
        with pytest.raises(InferenceServerException, match="load failed for model 'c': version 1 is at UNAVAILABLE state: .*model.onnx"):
            client.load_model("c")
        assert factor_of(client, "c") == 3, "what was ready stays"
        assert index_of(client)["c", "1"][0] == "READY" and "model.onnx" in index_of(client)["c", "1"][1]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_clients_may_not_load_unless_told_so(serve, repository, protocol):
    with serve("--model-repository", repository) as served, client_of(protocol, served) as client:
        for ask in (client.load_model, client.unload_model):
            with pytest.raises(InferenceServerException, match="explicit model load / unload is not allowed if polling is enabled") as refused:
                ask("a")
            assert refused.value.status() in ("503", "StatusCode.UNAVAILABLE")
        assert factor_of(client, "a") == 2


def test_no_request_is_lost_while_models_change(serve, repository):
    options = ("--model-control-mode", "poll", "--repository-poll-secs", 0.05)
    with serve("--model-repository", repository, *options) as served, client_of("http", served) as client:
        seen = {protocol: [] for protocol in ("http", "grpc")}
        enough = threading.Event()

        def go_on_asking(protocol):
            with client_of(protocol, served) as asking:
                while not enough.is_set():
                    try:
                        seen[protocol].append(factor_of(asking, "a"))
                    except InferenceServerException as error:
                        seen[protocol].append(error)

        threads = [threading.Thread(target=go_on_asking, args=(protocol,)) for protocol in seen]
        for thread in threads:
            thread.start()
        try:
            scaled(repository / "a/3/model.onnx", 3)  # a new version
            wait_until(lambda: factor_of(client, "a") == 3, served)
            scaled(repository / "a/3/model.onnx", 30)  # another file
            wait_until(lambda: factor_of(client, "a") == 30, served)
            (repository / "a/3/model.onnx").write_text("no model")
            wait_until(lambda: "model.onnx" in index_of(client)["a", "3"][1], served)
            (repository / "a/config.pbtxt").write_text("nonsense")
            wait_until(lambda: "config.pbtxt" in served.errors(), served)
            assert factor_of(client, "a") == 30 and client.is_server_ready(), "what was ready stays"
            (repository / "a/config.pbtxt").unlink()
            shutil.rmtree(repository / "a/3")  # back to the version before
            wait_until(lambda: factor_of(client, "a") == 2, served)
        finally:
            enough.set()
            for thread in threads:
                thread.join()
        for answers in seen.values():
            assert {answer for answer in answers if isinstance(answer, InferenceServerException)} == set()
            assert set(answers) <= {2, 3, 30} and len(answers) > 10


def test_models_come_and_go(serve, repository):
    options = ("--model-control-mode", "poll", "--repository-poll-secs", 0.05)
    with serve("--model-repository", repository, *options) as served, client_of("grpc", served) as client:
        scaled(repository.parent / "c/1/model.onnx", 5)
        (repository.parent / "c").rename(repository / "c")
        wait_until(lambda: client.is_model_ready("c"), served)
        assert factor_of(client, "c") == 5
        shutil.rmtree(repository / "b")
        wait_until(lambda: index_of(client)["b", "1"] == ("UNAVAILABLE", "unloaded"), served)
        assert client.is_server_ready()


@pytest.mark.parametrize("arguments, says", [
    (["--model-repository", "REPOSITORY/none"], "REPOSITORY/none' cannot be read"),
    (["--model-repository", "REPOSITORY", "--load-model", "a"], "--model-control-mode explicit"),
    (["--model-repository", "REPOSITORY", "--model-control-mode", "explicit", "--load-model", "x"], "there is no model 'x'"),
    (["REPOSITORY/b/1/a.onnx", "--model-repository", "REPOSITORY"], "two models are called 'a'"),
])
def test_what_cannot_be_served_ends_the_command(staronnx, repository, arguments, says):
    onnx.save(onnx.load(repository / "a/1/model.onnx"), repository / "b/1/a.onnx")
    arguments = [argument.replace("REPOSITORY", str(repository)) for argument in arguments]
    done = staronnx("serve", *arguments, "--http-port", 0, "--grpc-port", 0, "--metrics-port", 0, check=False)
    assert done.returncode == 1 and says.replace("REPOSITORY", str(repository)) in done.stderr


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_end_does_not_wait_for_what_loads(serve, repository, wheel_model, protocol):
    (repository / "big/1").mkdir(parents=True)
    shutil.copy(wheel_model("silero-vad", "silero_vad.onnx"), repository / "big/1/model.onnx")
    with serve("--model-repository", repository, "--model-control-mode", "explicit", "--exit-timeout-secs", 0.1) as served:
        said = []

        def load():
            with client_of(protocol, served) as client:
                try:
                    client.load_model("big")
                except Exception as error:  # whatever the library makes of a connection that ends
                    said.append(error)

        asking = threading.Thread(target=load)
        asking.start()
        with client_of(protocol, served) as client:
            wait_until(lambda: ("big", "1") in index_of(client), served)
        served.process.terminate()
        served.process.wait(timeout=60)
        asking.join(timeout=60)
        assert not asking.is_alive() and served.process.returncode in (0, 1)


@pytest.mark.parametrize("mode, options", [
    ("none", []),
    ("explicit", ["--load-model", "a"]),
    ("poll", ["--repository-poll-secs", "3600"]),
])  # fmt: skip
def test_models_are_looked_at_again_at_sighup(serve, repository, mode, options):
    with serve("--model-repository", repository, "--model-control-mode", mode, *options) as served, client_of("grpc", served) as client:
        if mode == "explicit":
            client.load_model("b")
        assert factor_of(client, "a") == 2 and factor_of(client, "b") == 10
        scaled(repository / "a/2/model.onnx", 20)
        scaled(repository / "b/2/model.onnx", 100)
        scaled(repository / "c/1/model.onnx", 5)
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: factor_of(client, "a") == 20 and factor_of(client, "b") == 100, served)
        if mode == "poll":
            wait_until(lambda: client.is_model_ready("c"), served)
        else:
            assert not client.is_model_ready("c"), "what was not loaded stays so"
        (repository / "a/config.pbtxt").write_text("nonsense")
        shutil.rmtree(repository / "b")
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "config.pbtxt" in served.errors(), served)
        assert factor_of(client, "a") == 20 and client.is_server_ready(), "what was ready stays"
        assert mode == "poll" or factor_of(client, "b") == 100
        (repository / "a/config.pbtxt").write_text("version_policy { specific { versions: 1 } }")
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: factor_of(client, "a") == 1, served)
        assert served.end() == 0


def test_watches_hear_of_models_that_come_and_go(serve, repository):
    with serve("--model-repository", repository, "--model-control-mode", "explicit", "--load-model", "a") as served, \
            client_of("grpc", served) as client, grpc.insecure_channel(served.grpc) as channel:  # fmt: skip
        stub = health_pb2_grpc.HealthStub(channel)
        of_a, of_b, of_all = (stub.Watch(health_pb2.HealthCheckRequest(service=service), timeout=60) for service in ("a", "b", ""))

        def hear(watch):
            return health_pb2.HealthCheckResponse.ServingStatus.Name(next(watch).status)

        assert (hear(of_a), hear(of_b), hear(of_all)) == ("SERVING", "SERVICE_UNKNOWN", "SERVING")
        client.load_model("b")
        while (heard := hear(of_b)) != "SERVING":  # perhaps not, while it loads
            assert heard == "NOT_SERVING"
        client.unload_model("a")
        assert hear(of_a) == "NOT_SERVING"
        client.load_model("a")
        assert hear(of_a) == "SERVING"
        (repository / "a/2/model.onnx").write_text("no model")
        client.unload_model("a")
        with pytest.raises(InferenceServerException):
            client.load_model("a")
        while hear(of_all) != "NOT_SERVING":
            pass
        for watch in (of_a, of_b, of_all):
            watch.cancel()
        assert served.end() == 0


def test_sighup_leaves_alone_what_was_unloaded(serve, repository):
    with serve("--model-repository", repository, "--model-control-mode", "explicit", "--load-model", "*") as served, \
            client_of("http", served) as client:  # fmt: skip
        client.unload_model("a")
        scaled(repository / "a/2/model.onnx", 20)
        scaled(repository / "b/1/model.onnx", 11)
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: factor_of(client, "b") == 11, served)
        assert not client.is_model_ready("a")
        assert served.end() == 0
