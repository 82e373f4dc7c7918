"""Parts of the protocol that only clients with a key may use, over HTTP and gRPC."""

import contextlib
import json
import pathlib
import urllib.error
import urllib.request

import grpc
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.utils import InferenceServerException

MODULES = {"http": tritonclient.http, "grpc": tritonclient.grpc}
OPTION = {"http": "--http-restricted-api", "grpc": "--grpc-restricted-protocol"}
KEY = "s3cret#key"
HEADER = {"http": "Admin-Key", "grpc": "triton-grpc-protocol-admin-key"}


def client_of(served, protocol):
    return MODULES[protocol].InferenceServerClient(getattr(served, protocol))


def infer(client, protocol, headers=None):
    module = MODULES[protocol]
    array = np.ones(3, np.float32)
    return client.infer("identity_fp32", [module.InferInput("in", [3], "FP32").set_data_from_numpy(array)], headers=headers)


def stream(client, headers):
    """One inference on a stream -> the error it ended with."""
    answers = []
    client.start_stream(lambda result, error: answers.append(error), headers=headers)
    with contextlib.suppress(InferenceServerException):  # the stream may have ended
        client.async_stream_infer("identity_fp32", [tritonclient.grpc.InferInput("in", [1], "FP32").set_data_from_numpy(np.ones(1, np.float32))])
    client.stop_stream()
    return answers[0]


# The API and a call of it, for both protocols.
CALLS = {
    "health": lambda client, headers: client.is_model_ready("identity_fp32", headers=headers),
    "metadata": lambda client, headers: client.get_model_metadata("identity_fp32", headers=headers),
    "shared-memory": lambda client, headers: client.get_system_shared_memory_status(headers=headers),
    "model-config": lambda client, headers: client.get_model_config("identity_fp32", headers=headers),
    "model-repository": lambda client, headers: client.get_model_repository_index(headers=headers),
    "statistics": lambda client, headers: client.get_inference_statistics(headers=headers),
    "trace": lambda client, headers: client.get_trace_settings(headers=headers),
    "logging": lambda client, headers: client.get_log_settings(headers=headers),
}


def may(call, client, headers):
    try:
        return call(client, headers) is not False
    except InferenceServerException as refused:
        assert refused.status() in ("403", "StatusCode.PERMISSION_DENIED") and "This API is restricted, expecting header" in refused.message()
        return False


@pytest.fixture(scope="module", params=MODULES)
def protocol(request):
    return request.param


@pytest.fixture(scope="module")
def restricted(serve, served_models, protocol):
    """Everything but inferences and metadata."""
    names = ",".join(name for name in CALLS if name != "metadata")
    with serve(served_models["identity_fp32"], OPTION[protocol], f"{names}:{'Admin-Key'}={KEY}", "--log-verbose", "1") as served:
        yield served
        assert served.end() == 0
        assert KEY not in served.errors()


@pytest.mark.parametrize("api", CALLS)
def test_what_is_restricted_takes_the_key(restricted, protocol, api):
    with client_of(restricted, protocol) as client:
        assert may(CALLS[api], client, {HEADER[protocol]: KEY})
        for wrong in ({}, {HEADER[protocol]: KEY + "x"}, {HEADER[protocol]: ""}, {"other": KEY}):
            assert may(CALLS[api], client, wrong) == (api == "metadata")


def test_what_is_not_restricted_needs_no_key(restricted, protocol):
    with client_of(restricted, protocol) as client:
        assert infer(client, protocol).as_numpy("out").tolist() == [1, 1, 1]


def test_the_other_protocol_is_open(restricted, protocol):
    other = "grpc" if protocol == "http" else "http"
    with client_of(restricted, other) as client:
        assert all(may(call, client, None) for call in CALLS.values())


def test_inferences_can_be_restricted(serve, served_models, protocol):
    with serve(served_models["identity_fp32"], OPTION[protocol], f"inference:Admin-Key={KEY}") as served, client_of(served, protocol) as client:
        with pytest.raises(InferenceServerException, match="This API is restricted, expecting header '" + HEADER[protocol]) as refused:
            infer(client, protocol)
        assert refused.value.status() in ("403", "StatusCode.PERMISSION_DENIED")
        assert infer(client, protocol, {HEADER[protocol]: KEY}).as_numpy("out").tolist() == [1, 1, 1]
        if protocol == "grpc":
            assert stream(client, {HEADER[protocol]: KEY}) is None
            assert "This API is restricted" in stream(client, None).message()
        statistics = client.get_inference_statistics("identity_fp32", **({"as_json": True} if protocol == "grpc" else {}))
        assert int(statistics["model_stats"][0]["inference_count"]) == (2 if protocol == "grpc" else 1)


def test_grpcs_own_health_check_is_of_health(serve, served_models):
    with serve(served_models["two"], OPTION["grpc"], f"health:Admin-Key={KEY}") as served, grpc.insecure_channel(served.grpc) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        with pytest.raises(grpc.RpcError) as refused:
            stub.Check(health_pb2.HealthCheckRequest())
        assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
        with pytest.raises(grpc.RpcError) as refused:
            next(stub.Watch(health_pb2.HealthCheckRequest()))
        assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
        assert stub.Check(health_pb2.HealthCheckRequest(), metadata=[(HEADER["grpc"], KEY)]).status == health_pb2.HealthCheckResponse.SERVING


def test_models_are_loaded_by_those_with_the_key(serve, served_models, tmp_path, protocol):
    place = tmp_path / "identity_fp32" / "1"
    place.mkdir(parents=True)
    (place / "model.onnx").write_bytes(pathlib.Path(served_models["identity_fp32"]).read_bytes())
    options = ["--model-repository", tmp_path, "--model-control-mode", "explicit", OPTION[protocol], f"model-repository:Admin-Key={KEY}"]
    with serve(*options) as served, client_of(served, protocol) as client:
        with pytest.raises(InferenceServerException, match="restricted"):
            client.load_model("identity_fp32")
        assert not client.is_model_ready("identity_fp32")
        client.load_model("identity_fp32", headers={HEADER[protocol]: KEY})
        assert client.is_model_ready("identity_fp32")


def test_keys_come_out_of_the_environment_and_files(serve, served_models, tmp_path):
    """So that the list of processes does not show them."""
    file = tmp_path / "serve.toml"
    file.write_text(f'http-restricted-api = ["health:one={KEY}", "metadata,statistics:two=other"]\n')
    with serve(served_models["two"], "--config", file, variables={"STARONNX_GRPC_RESTRICTED_PROTOCOL": f"health:x={KEY}"}) as served:
        with client_of(served, "grpc") as client:
            live = lambda headers: may(lambda *_: client.is_server_live(headers=headers), client, headers)  # noqa: E731
            assert live({"triton-grpc-protocol-x": KEY}) and not live({})
        for path, header, key in (("/v2/health/live", "one", KEY), ("/v2", "two", "other"), ("/v2/models/stats", "two", "other")):
            url = f"http://{served.http}{path}"
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(url, timeout=60)
            assert refused.value.code == 403
            assert json.load(refused.value) == {"error": f"This API is restricted, expecting header '{header}'"}
            urllib.request.urlopen(urllib.request.Request(url, headers={header.upper(): key}), timeout=60).close()


@pytest.mark.parametrize("texts, part", [
    (["helth:key=secret"], "'helth'"),
    (["health,metadata:key=secret", "metadata:other=secret"], "'metadata' is in two groups"),
    (["health:secret"], "API[,API..]:HEADER=KEY"),
])  # fmt: skip
def test_wrong_groups_are_refused_and_no_key_is_shown(staronnx, served_models, protocol, texts, part):
    done = staronnx("serve", served_models["two"], *(word for text in texts for word in (OPTION[protocol], text)), check=False)
    assert done.returncode == 2 and OPTION[protocol] in done.stderr.splitlines()[0] and part in done.stderr and "secret" not in done.stderr
