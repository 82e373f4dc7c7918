"""The server over HTTP, as its clients meet it: tritonclient, curl and bare sockets."""

import asyncio
import contextlib
import gzip
import http.client
import io
import json
import signal
import socket
import subprocess
import time
import zlib

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
import pytest
import tritonclient.http
import tritonclient.http.aio
from serve_models import TYPES
from tritonclient.utils import InferenceServerException

SAMPLES = {
    "BOOL": np.array([True, False]),
    "FP16": np.array([1.5, -65504], np.float16),
    "FP32": np.array([0.1, -3.4e38, 1e-45], np.float32),
    "FP64": np.array([0.1, 1e308]),
    "BYTES": np.array([b"", "dog ä".encode(), b"x" * 1000], np.object_),
    "BF16": np.array([1.5, -2], ml_dtypes.bfloat16),
} | {
    f"{'U' if not low else ''}INT{bits}": np.array([-(2 ** (bits - 1)) if low else 0, 2 ** (bits - low) - 1], f"{'' if low else 'u'}int{bits}")
    for bits in (8, 16, 32, 64) for low in (1, 0)
}  # fmt: skip
BINARY_ONLY = ("FP16", "BF16")


@pytest.fixture()
def client(served):
    with contextlib.closing(tritonclient.http.InferenceServerClient(served.http, connection_timeout=60, network_timeout=60)) as made:
        yield made


def inputs_of(arrays, words, binary=True, module=tritonclient.http):
    inputs = []
    for name, array in arrays.items():
        made = module.InferInput(name, list(array.shape), words[name])
        inputs.append(made.set_data_from_numpy(array, binary_data=binary and True or words[name] in BINARY_ONLY))
    return inputs


def same(one, other):
    """Bit for bit, whatever the type is called."""
    if one.dtype == np.object_:
        return [x if isinstance(x, bytes) else x.encode() for x in one.flat] == list(other.flat)
    return one.astype(other.dtype).tobytes() == other.tobytes()


# ---- what the server says of itself and its models ----


def test_health_and_metadata(client):
    assert client.is_server_live() and client.is_server_ready()
    metadata = client.get_server_metadata()
    assert metadata["name"] == "staronnx" and metadata["version"]
    assert {"statistics", "binary_tensor_data", "classification"} <= set(metadata["extensions"])


def test_model_metadata_and_config_come_from_the_file(client):
    metadata = client.get_model_metadata("two")
    assert metadata["platform"] == "onnxruntime_onnx" and metadata["versions"] == ["1"]
    assert metadata["inputs"] == [{"name": name, "datatype": "FP32", "shape": [-1, 4]} for name in "ab"]
    assert [output["name"] for output in metadata["outputs"]] == ["sum", "difference"]
    config = client.get_model_config("two", "1")
    assert config["name"] == "two" and config["max_batch_size"] == 0 and config["backend"] == "onnxruntime"
    assert config["input"][0]["data_type"] == "TYPE_FP32" and config["input"][0]["dims"] == [-1, 4]


def test_every_model_is_in_the_index(client, served_models):
    index = client.get_model_repository_index()
    assert {model["name"]: model["state"] for model in index} == dict.fromkeys(served_models, "READY")
    assert all(client.is_model_ready(name) for name in served_models)
    assert not client.is_model_ready("nobody") and not client.is_model_ready("two", "7")


# ---- inference ----


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_every_type_comes_back(client, binary_in, binary_out):
    arrays = {f"in_{word}": array for word, array in SAMPLES.items()}
    outputs = [tritonclient.http.InferRequestedOutput(f"out_{word}", binary_data=binary_out or word in BINARY_ONLY) for word in TYPES]
    result = client.infer("types", inputs_of(arrays, {f"in_{word}": word for word in TYPES}, binary_in), outputs=outputs, request_id="42")
    assert result.get_response()["id"] == "42" and result.get_response()["model_version"] == "1"
    for word, array in SAMPLES.items():
        if word == "BF16":  # the client shows it as FP32
            assert np.array_equal(result.as_numpy("out_BF16").astype(np.float32), array.astype(np.float32))
        else:
            assert same(result.as_numpy(f"out_{word}"), array), word


def test_tensors_without_elements(client):
    arrays = {name: np.zeros((0, 4), np.float32) for name in "ab"}
    result = client.infer("two", inputs_of(arrays, dict.fromkeys("ab", "FP32")))
    assert result.as_numpy("sum").shape == (0, 4)


@pytest.mark.parametrize("packed", [None, "gzip", "deflate"])
def test_answers_are_those_of_onnxruntime(client, served_models, packed):
    image = np.random.default_rng(7).standard_normal((1, 3, 224, 224), np.float32)
    session = onnxruntime.InferenceSession(served_models["squeezenet"])
    name = session.get_inputs()[0].name
    (expected,) = session.run(None, {name: image})
    inputs = inputs_of({name: image}, {name: "FP32"})
    result = client.infer("squeezenet", inputs, request_compression_algorithm=packed, response_compression_algorithm=packed)
    np.testing.assert_allclose(result.as_numpy(session.get_outputs()[0].name), expected, rtol=1e-4, atol=1e-6)


def test_classification(client):
    array = np.array([0.5, -1, 2.25, 0.5], np.float32)
    output = tritonclient.http.InferRequestedOutput("out", class_count=2)
    result = client.infer("identity_fp32", inputs_of({"in": array}, {"in": "FP32"}), outputs=[output])
    assert result.as_numpy("out").tolist() == [b"2.250000:2", b"0.500000:0"]


def test_the_asynchronous_clients(served):
    array = np.arange(4, dtype=np.float32)

    async def many():
        async with tritonclient.http.aio.InferenceServerClient(served.http) as client:
            inputs = inputs_of({"in": array}, {"in": "FP32"}, module=tritonclient.http.aio)
            results = await asyncio.gather(*(client.infer("identity_fp32", inputs, request_id=str(i)) for i in range(50)))
            return [(result.get_response()["id"], result.as_numpy("out").tolist()) for result in results]

    assert asyncio.run(many()) == [(str(i), [0, 1, 2, 3]) for i in range(50)]


def test_several_threads_answer_many_connections(serve, served_models):
    with serve(served_models["two"], "--http-thread-count", 3) as running, contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(running)) for _ in range(60)]
        for _ in range(5):
            for wire in wires:
                wire.send(post(SUM))
            assert all(wire.answer()[1]["outputs"][0]["data"] == SUM_IS for wire in wires)
        assert running.end() == 0, running.errors()


def test_outputs_may_be_some_and_mixed(client):
    arrays = {"a": np.full((2, 4), 3, np.float32), "b": np.ones((2, 4), np.float32)}
    outputs = [tritonclient.http.InferRequestedOutput("difference", binary_data=False)]
    result = client.infer("two", inputs_of(arrays, dict.fromkeys("ab", "FP32")), outputs=outputs)
    assert [output["name"] for output in result.get_response()["outputs"]] == ["difference"]
    assert result.as_numpy("difference").tolist() == [[2] * 4] * 2


def test_statistics_count_each_request_once(serve, served_models):
    with serve(served_models["two"]) as alone, contextlib.closing(tritonclient.http.InferenceServerClient(alone.http)) as client:
        inputs = inputs_of({name: np.ones((2, 4), np.float32) for name in "ab"}, dict.fromkeys("ab", "FP32"))
        for _ in range(3):
            client.infer("two", inputs)
        with pytest.raises(InferenceServerException):
            client.infer("two", inputs[:1])
        (stats,) = client.get_inference_statistics("two")["model_stats"]
        assert (stats["inference_count"], stats["execution_count"]) == (3, 3) and stats["last_inference"] > 1e12
        counts = {part: sums["count"] for part, sums in stats["inference_stats"].items()}
        served_parts = dict.fromkeys(["success", "queue", "compute_input", "compute_infer", "compute_output"], 3)
        assert counts == served_parts | {"fail": 1, "cache_hit": 0, "cache_miss": 0}
        assert stats["inference_stats"]["compute_infer"]["ns"] > 0
        assert client.get_inference_statistics()["model_stats"] == [stats]


# ---- curl ----


def curl(served, path, *arguments, data=None):
    done = subprocess.run(["curl", "-sS", "--max-time", "60", "-w", "\n%{http_code}", *arguments, f"http://{served.http}{path}"], input=data,
                          capture_output=True, check=True)  # fmt: skip
    body, status = done.stdout.rsplit(b"\n", 1)
    return int(status), body


SUM = b'{"inputs":[{"name":"a","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]},{"name":"b","shape":[1,4],"datatype":"FP32","data":[[1,1,1,1]]}],"outputs":[{"name":"sum"}]}'
SUM_IS = [2, 3, 4, 5]


@pytest.mark.parametrize("arguments", [
    [],
    ["-H", "Expect: 100-continue"],
    ["-H", "Transfer-Encoding: chunked"],
    ["--http1.0"],
    ["--compressed"],
])  # fmt: skip
def test_curl_infers(served, arguments):
    status, body = curl(served, "/v2/models/two/infer?any=thing", "--data-binary", "@-", *arguments, data=SUM)
    answer = json.loads(body)
    assert status == 200 and answer["outputs"] == [{"name": "sum", "datatype": "FP32", "shape": [1, 4], "data": SUM_IS}]
    assert answer["model_name"] == "two" and "id" not in answer and "parameters" not in answer


@pytest.mark.parametrize("encode, name", [(gzip.compress, "gzip"), (zlib.compress, "deflate")])
def test_compressed_requests(served, encode, name):
    status, body = curl(served, "/v2/models/two/infer", "-H", f"Content-Encoding: {name}", "--data-binary", "@-", data=encode(SUM))
    assert status == 200 and json.loads(body)["outputs"][0]["data"] == SUM_IS


def test_a_body_without_json(served):
    header = ["-H", "Inference-Header-Content-Length: 0", "--data-binary", "@-"]
    status, body = curl(served, "/v2/models/identity_bytes/infer", *header, data=b"hello")
    assert status == 200 and body.endswith(b"\x05\x00\x00\x00hello")
    numbers = np.arange(5, dtype=np.float32).tobytes()
    status, body = curl(served, "/v2/models/identity_fp32/infer", *header, data=numbers)
    assert status == 200 and body.endswith(numbers) and b'"shape":[5]' in body


# ---- bare sockets ----


class KeptOpen(io.BufferedReader):
    """For answers one after the other: what is read ahead of one belongs to the next."""

    def close(self):
        pass


class Wire:
    """A connection that sends what it is told, byte for byte."""

    def __init__(self, served):
        self.socket = socket.create_connection(("127.0.0.1", served.port), timeout=60)
        self.reader = KeptOpen(socket.SocketIO(self.socket, "r"))

    def makefile(self, _mode):
        return self.reader

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def makefile(self, mode):
        """For HTTPResponse: reads nothing of the next answer."""
        return self.socket.makefile(mode, 1)

    def answer(self):
        """(status, parsed body, closes)"""
        response = http.client.HTTPResponse(self)
        response.begin()
        body = response.read()
        return response.status, json.loads(body) if body else None, response.will_close


def post(body, path="/v2/models/two/infer", **fields):
    lines = [f"POST {path} HTTP/1.1", "Host: x", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    if not any(field.lower() in ("content_length", "transfer_encoding") for field in fields):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def get(path, method="GET"):
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def infer(**changes):
    """A request for `two` with fields of its first input changed; None takes one away."""
    request = json.loads(SUM)
    request["inputs"][0] = {name: value for name, value in (request["inputs"][0] | changes).items() if value is not None}
    return post(json.dumps(request).encode())


def top(**changes):
    request = {name: value for name, value in (json.loads(SUM) | changes).items() if value is not None}
    return post(json.dumps(request).encode())


def two_inputs(a, b):
    return top(inputs=[{"name": name, "shape": shape, "datatype": "FP32", "data": [0] * int(np.prod(shape))} for name, shape in zip("ab", (a, b))])


def binary(json_length, tail, size=16):
    request = json.loads(SUM)
    request["inputs"][0] = {"name": "a", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": size}}
    text = json.dumps(request).encode()
    length = {"exact": len(text), "over": len(text) + len(tail) + 1}.get(json_length, json_length)
    return post(text + tail, Inference_Header_Content_Length=length)


REGISTER = "/v2/systemsharedmemory/region/r/register"


def region(**fields):
    return post(json.dumps(fields).encode(), REGISTER)


def shared(**parameters):
    return infer(data=None, parameters=parameters)


def output(**parameters):
    return top(outputs=[{"name": "sum", "parameters": parameters}])


KEEPS, CLOSES = False, True
MALFORMED = {
    # not HTTP
    "noise": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS\r\n\r\n", 400, "this is no HTTP request: bad method", CLOSES),
    "no version": (b"GET /v2\r\n\r\n", 400, "this is no HTTP request: bad target", CLOSES),
    "http/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "this is no HTTP request: bad version", CLOSES),
    "space in a name": (b"GET /v2 HTTP/1.1\r\nBad Name: x\r\n\r\n", 400, "this is no HTTP request: bad field", CLOSES),
    "no colon": (b"GET /v2 HTTP/1.1\r\nBad\r\n\r\n", 400, "this is no HTTP request: bad field", CLOSES),
    "bare line feed": (b"GET /v2 HTTP/1.1\nHost: x\n\n", 400, "this is no HTTP request: bad version", CLOSES),
    "control in target": (b"GET /v2\x01 HTTP/1.1\r\n\r\n", 400, "this is no HTTP request: bad target", CLOSES),
    "negative length": (post(b"", Content_Length="-1"), 400, "this is no HTTP request: bad Content-Length", CLOSES),
    "length no number": (post(b"", Content_Length="ten"), 400, "this is no HTTP request: bad Content-Length", CLOSES),
    "length too large": (post(b"", Content_Length="99999999999999999999"), 400, "this is no HTTP request: bad Content-Length", CLOSES),
    "two lengths": (b"POST /v2/models/two/infer HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400,
        "this is no HTTP request: bad Content-Length", CLOSES),
    "length and chunks": (post(b"0\r\n\r\n", Content_Length=3, Transfer_Encoding="chunked"), 400, "this is no HTTP request: bad Transfer-Encoding", CLOSES),
    "bad chunk": (post(b"xyz\r\n\r\n", Transfer_Encoding="chunked"), 400, "this is no HTTP request: bad chunk", CLOSES),
    "chunk too large": (post(b"ffffffffffffffffff\r\n", Transfer_Encoding="chunked"), 400, "this is no HTTP request: bad chunk", CLOSES),
    "huge header": (b"GET /v2 HTTP/1.1\r\nX: " + b"x" * 70000 + b"\r\n\r\n", 431, "the header has more than 65536 bytes", CLOSES),
    "endless target": (b"GET /" + b"x" * 70000, 431, "the header has more than 65536 bytes", CLOSES),
    "huge body": (post(b"", Content_Length=100 << 20), 413, "the body has more than 67108864 bytes; raise --http-max-input-size to allow it", CLOSES),
    "huge body, expecting": (post(b"", Content_Length=100 << 20, Expect="100-continue"), 413,
        "the body has more than 67108864 bytes; raise --http-max-input-size to allow it", CLOSES),
    "other expectation": (post(b"", Expect="a miracle"), 417, "'Expect: a miracle' is not met here; only 100-continue is", CLOSES),
    # no such place
    "root": (get("/"), 404, "there is nothing at '/'; paths begin with /v2", KEEPS),
    "unknown path": (get("/v2/nothing"), 404, "there is nothing at '/v2/nothing'; paths begin with /v2", KEEPS),
    "unknown path below a model": (get("/v2/models/two/nothing"), 404, "there is nothing at '/v2/models/two/nothing'; paths begin with /v2", KEEPS),
    "version no number": (get("/v2/models/two/versions/one"), 404, "there is nothing at '/v2/models/two/versions/one'; paths begin with /v2", KEEPS),
    "version negative": (get("/v2/models/two/versions/-1"), 404, "there is nothing at '/v2/models/two/versions/-1'; paths begin with /v2", KEEPS),
    "empty name": (get("/v2/models//ready"), 404, "there is nothing at '/v2/models//ready'; paths begin with /v2", KEEPS),
    "half a percent sign": (get("/v2/models/a%2"), 400, "'/v2/models/a%2' has a percent sign without two hexadecimal digits", KEEPS),
    "GET infer": (get("/v2/models/two/infer"), 405, "'/v2/models/two/infer' takes POST, not GET", KEEPS),
    "POST metadata": (post(b"", "/v2"), 405, "'/v2' takes GET, not POST", KEEPS),
    "PUT infer": (get("/v2/models/two/infer", "PUT"), 405, "'/v2/models/two/infer' takes POST, not PUT", KEEPS),
    "unknown method": (get("/v2", "FLY"), 405, "'/v2' takes GET, not FLY", KEEPS),
    # models
    "unknown model": (post(SUM, "/v2/models/x/infer"), 400, "Request for unknown model: 'x' is not found", KEEPS),
    "unknown version": (post(SUM, "/v2/models/two/versions/99/infer"), 404, "Request for unknown model: 'two' version 99 is not found", KEEPS),
    "metadata of unknown": (get("/v2/models/x"), 400, "Request for unknown model: 'x' is not found", KEEPS),
    "config of unknown version": (get("/v2/models/two/versions/9/config"), 404, "Request for unknown model: 'two' version 9 is not found", KEEPS),
    "statistics of unknown": (get("/v2/models/x/stats"), 400, "Request for unknown model: 'x' is not found", KEEPS),
    "readiness of unknown": (get("/v2/models/x/ready"), 400, "Request for unknown model: 'x' is not found", KEEPS),
    "readiness of unknown version": (get("/v2/models/two/versions/9/ready"), 400, "Request for unknown model: 'two' version 9 is not found", KEEPS),
    # bodies
    "empty body": (post(b""), 400, "the JSON cannot be read: ...", KEEPS),
    "no JSON": (post(b"hello"), 400, "the JSON cannot be read: ...", KEEPS),
    "half JSON": (post(SUM[:-1]), 400, "the JSON cannot be read: ...", KEEPS),
    "JSON and more": (post(SUM + b"{}"), 400, "the JSON cannot be read: ...", KEEPS),
    "bad UTF-8": (post(b'{"id":"\xff"}'), 400, "the JSON cannot be read: ...", KEEPS),
    "deep JSON": (post(b"[" * 101 + b"]" * 101), 400, "the JSON is nested deeper than 100 levels", KEEPS),
    "very deep JSON": (post(b"[" * 1000000), 400, "the JSON is nested deeper than 100 levels", KEEPS),
    "a list": (post(b"[]"), 400, "the request must be an object", KEEPS),
    "unknown encoding": (post(SUM, Content_Encoding="br"), 501,
        "Content-Encoding 'br' is not supported; use gzip or deflate, or send the body as it is", KEEPS),
    "gzip that is none": (post(SUM, Content_Encoding="gzip"), 400, "the compressed body is damaged or cut short", KEEPS),
    "gzip cut short": (post(gzip.compress(SUM)[:-3], Content_Encoding="gzip"), 400, "the compressed body is damaged or cut short", KEEPS),
    "gzip bomb": (post(gzip.compress(bytes(65 << 20), 1), Content_Encoding="gzip"), 400,
        "the body has more than 67108864 bytes when unpacked; raise --http-max-input-size to allow it", KEEPS),
    "index with a list": (post(b"[]", "/v2/repository/index"), 400, 'the request must be an object, such as {"ready": true}', KEEPS),
    "index with a word": (post(b'{"ready":"yes"}', "/v2/repository/index"), 400, "'ready' must be true or false", KEEPS),
    # fields of the request
    "no inputs": (top(inputs=None), 400, "the request has no 'inputs'", KEEPS),
    "inputs an object": (top(inputs={}), 400, "'inputs' must be a list", KEEPS),
    "inputs empty": (top(inputs=[]), 400,
        "expected 2 inputs but got 0 inputs for model 'two'. Got input(s) [], but missing required input(s) ['a','b']. Please provide all required input(s).", KEEPS),
    "an input that is a number": (top(inputs=[1]), 400, "inputs[0] must be an object", KEEPS),
    "id a number": (top(id=7), 400, "'id' of the request must be text", KEEPS),
    "parameters a list": (top(parameters=[]), 400, "'parameters' of the request must be an object", KEEPS),
    "negative timeout": (top(parameters={"timeout": -1}), 400, "'timeout' of the request must be a whole number of at least 0", KEEPS),
    "timeout a word": (top(parameters={"timeout": "1s"}), 400, "'timeout' of the request must be a whole number of at least 0", KEEPS),
    "priority half": (top(parameters={"priority": 0.5}), 400, "'priority' of the request must be a whole number of at least 0", KEEPS),
    "binary_data_output a number": (top(parameters={"binary_data_output": 1}), 400, "'binary_data_output' of the request must be true or false", KEEPS),
    "outputs an object": (top(outputs={}), 400, "'outputs' must be a list", KEEPS),
    "an output without name": (top(outputs=[{}]), 400, "outputs[0] has no 'name'", KEEPS),
    "unknown output": (top(outputs=[{"name": "x"}]), 400, "unexpected inference output 'x' for model 'two'", KEEPS),
    "an output twice": (top(outputs=[{"name": "sum"}] * 2), 400, "output 'sum' already exists in request", KEEPS),
    "no classes": (top(outputs=[{"name": "sum", "parameters": {"classification": 0}}]), 400,
        "'classification' of output 'sum' must be from 1 to 4294967295", KEEPS),
    "negative classes": (top(outputs=[{"name": "sum", "parameters": {"classification": -1}}]), 400,
        "'classification' of output 'sum' must be a whole number of at least 0", KEEPS),
    "region without size": (infer(data=None, parameters={"shared_memory_region": "r"}), 400,
        "input 'a' has 'shared_memory_region', but no 'shared_memory_byte_size'", KEEPS),
    "region and data": (infer(parameters={"shared_memory_region": "r", "shared_memory_byte_size": 16}), 400,
        "input 'a' has both 'shared_memory_region' and data of its own; give one", KEEPS),
    "unknown region": (infer(data=None, parameters={"shared_memory_region": "r", "shared_memory_byte_size": 16}), 404,
        "Unable to find shared memory region: 'r'", KEEPS),
    # inputs
    "input without name": (infer(name=None), 400, "inputs[0] has no 'name'", KEEPS),
    "input without shape": (infer(shape=None), 400, "input 'a' has no 'shape'", KEEPS),
    "input without datatype": (infer(datatype=None), 400, "input 'a' has no 'datatype'", KEEPS),
    "input without data": (infer(data=None), 400, "input 'a' has neither 'data' nor the parameter 'binary_data_size'", KEEPS),
    "unknown input": (infer(name="x"), 400, "unexpected inference input 'x' for model 'two'", KEEPS),
    "an input twice": (infer(name="b"), 400, "input 'b' already exists in request", KEEPS),
    "an input missing": (top(inputs=json.loads(SUM)["inputs"][:1]), 400,
        "expected 2 inputs but got 1 inputs for model 'two'. Got input(s) ['a'], but missing required input(s) ['b']. Please provide all required input(s).", KEEPS),
    "unknown datatype": (infer(datatype="FLOAT"), 400, "'datatype' of input 'a' is 'FLOAT', which is no type of the protocol, such as FP32", KEEPS),
    "other datatype": (infer(datatype="INT32"), 400, "inference input 'a' data-type is 'INT32', but model 'two' expects 'FP32'", KEEPS),
    "FP16 as JSON": (infer(datatype="FP16"), 400, "receiving FP16 data via JSON is not supported. Please use the binary data format for input 'a'", KEEPS),
    "other width": (infer(shape=[1, 2], data=[1, 2]), 400, "unexpected shape for input 'a' for model 'two'. Expected [-1,4], got [1,2]", KEEPS),
    "other rank": (infer(shape=[4]), 400, "unexpected shape for input 'a' for model 'two'. Expected [-1,4], got [4]", KEEPS),
    "negative size": (infer(shape=[-1, 4]), 400, "'shape' of input 'a' must be a list of whole numbers of at least 0", KEEPS),
    "shape a number": (infer(shape=4), 400, "'shape' of input 'a' must be a list of whole numbers", KEEPS),
    "shape too large": (infer(shape=[2**62, 4]), 400, "'shape' of input 'a' has more elements than there can be", KEEPS),
    "too few elements": (infer(data=[1, 2, 3]), 400, "input 'a': 'data' has 3 elements, but the shape has 4", KEEPS),
    "too many elements": (infer(data=[1, 2, 3, 4, 5]), 400, "input 'a': 'data' has 5 elements, but the shape has 4", KEEPS),
    "a word among numbers": (infer(data=[1, 2, 3, "4"]), 400, "input 'a': 'data' has \"4\", which is no element of type FP32", KEEPS),
    "a number too large": (infer(data=[1, 2, 3, 1e300]), 400, "input 'a': 'data' has 1e+300, which is no element of type FP32", KEEPS),
    "data and binary data": (infer(parameters={"binary_data_size": 16}), 400, "input 'a' has both 'data' and 'binary_data_size'; give one", KEEPS),
    "shapes that the model cannot add": (two_inputs([3, 4], [2, 4]), 500, "whole.onnx: ONNX Runtime: ...", KEEPS),
    # shared memory, which is off here
    "GET registers": (get("/v2/systemsharedmemory/region/r/register"), 405, "'/v2/systemsharedmemory/region/r/register' takes POST, not GET", KEEPS),
    "POST asks for regions": (post(b"", "/v2/systemsharedmemory/status"), 405, "'/v2/systemsharedmemory/status' takes GET, not POST", KEEPS),
    "region without name": (get("/v2/systemsharedmemory/region//status"), 404,
        "there is nothing at '/v2/systemsharedmemory/region//status'; paths begin with /v2", KEEPS),
    "unknown kind of memory": (get("/v2/sharedmemory/status"), 404, "there is nothing at '/v2/sharedmemory/status'; paths begin with /v2", KEEPS),
    "status of an unknown region": (get("/v2/systemsharedmemory/region/r/status"), 404, "Unable to find system shared memory region: 'r'", KEEPS),
    "status of an unknown CUDA region": (get("/v2/cudasharedmemory/region/r/status"), 404, "Unable to find cuda shared memory region: 'r'", KEEPS),
    "registering a CUDA region": (post(b'{"raw_handle": {"b64": "eHg="}, "device_id": 0, "byte_size": 8}', "/v2/cudasharedmemory/region/r/register"), 501,
        "CUDA shared memory is not supported by this build, so region 'r' is not registered; use system shared memory, or send the bytes", KEEPS),
    "registering a CUDA list": (post(b"[]", "/v2/cudasharedmemory/region/r/register"), 400,
        'the request must be an object, such as {"raw_handle": {"b64": ".."}, "device_id": 0, "byte_size": 64}', KEEPS),
    "registering without handle": (post(b"{}", "/v2/cudasharedmemory/region/r/register"), 400,
        """'raw_handle' of the region must be {"b64": TEXT}, with the handle's bytes in base64""", KEEPS),
    "registering what is not base64": (post(b'{"raw_handle": {"b64": "x!!!"}}', "/v2/cudasharedmemory/region/r/register"), 400,
        """'raw_handle' of the region must be {"b64": TEXT}, with the handle's bytes in base64""", KEEPS),
    "registering on no GPU": (post(b'{"raw_handle": {"b64": "eHg="}, "device_id": -1, "byte_size": 8}', "/v2/cudasharedmemory/region/r/register"), 400,
        "'device_id' of the region must be the number of a GPU", KEEPS),
    "registering": (region(key="/k", offset=0, byte_size=1), 501,
        "system shared memory is off on this server, so region 'r' is not registered; start it with --allow-system-shared-memory, or send the bytes", KEEPS),
    "registering a list": (post(b"[]", REGISTER), 400, 'the request must be an object, such as {"key": "/frames", "byte_size": 64}', KEEPS),
    "registering without key": (region(byte_size=1), 400, "'key' of the region must be text", KEEPS),
    "registering a number as key": (region(key=1, byte_size=1), 400, "'key' of the region must be text", KEEPS),
    "registering without size": (region(key="/k"), 400, "'byte_size' of the region must be a whole number of at least 0", KEEPS),
    "registering a negative size": (region(key="/k", byte_size=-1), 400, "'byte_size' of the region must be a whole number of at least 0", KEEPS),
    "registering half an offset": (region(key="/k", byte_size=1, offset=0.5), 400, "'offset' of the region must be a whole number of at least 0", KEEPS),
    "region a number": (shared(shared_memory_region=1, shared_memory_byte_size=16), 400, "'shared_memory_region' of input 'a' must be text", KEEPS),
    "region of negative size": (shared(shared_memory_region="r", shared_memory_byte_size=-16), 400,
        "'shared_memory_byte_size' of input 'a' must be a whole number of at least 0", KEEPS),
    "region at a word": (shared(shared_memory_region="r", shared_memory_byte_size=16, shared_memory_offset="x"), 400,
        "'shared_memory_offset' of input 'a' must be a whole number of at least 0", KEEPS),
    "region and binary data": (shared(shared_memory_region="r", shared_memory_byte_size=16, binary_data_size=16), 400,
        "input 'a' has both 'shared_memory_region' and data of its own; give one", KEEPS),
    "output to a region without size": (output(shared_memory_region="r"), 400,
        "output 'sum' has 'shared_memory_region', but no 'shared_memory_byte_size'", KEEPS),
    "output to a region that is a number": (output(shared_memory_region=1, shared_memory_byte_size=16), 400,
        "'shared_memory_region' of output 'sum' must be text", KEEPS),
    "output to an unknown region": (output(shared_memory_region="r", shared_memory_byte_size=16), 404, "Unable to find shared memory region: 'r'", KEEPS),
    # further fields
    "binary_data a number": (output(binary_data=1), 400, "'binary_data' of output 'sum' must be true or false", KEEPS),
    "too many classes": (output(classification=2**32), 400, "'classification' of output 'sum' must be from 1 to 4294967295", KEEPS),
    "name of an input a number": (infer(name=7), 400, "'name' of inputs[0] must be text", KEEPS),
    "datatype a number": (infer(datatype=7), 400, "'datatype' of input 'a' must be text", KEEPS),
    "half a size": (infer(shape=[0.5, 4]), 400, "'shape' of input 'a' must be a list of whole numbers of at least 0", KEEPS),
    "data a number": (infer(data=7), 400, "input 'a': 'data' must be a list, not 7", KEEPS),
    "null among numbers": (infer(data=[1, 2, 3, None]), 400, "input 'a': 'data' has null, which is no element of type FP32", KEEPS),
    "name of an output a number": (top(outputs=[{"name": 7}]), 400, "'name' of outputs[0] must be text", KEEPS),
    "parameters of an output a list": (top(outputs=[{"name": "sum", "parameters": []}]), 400, "'parameters' of output 'sum' must be an object", KEEPS),
    # binary tensors
    "header longer than the body": (binary("over", b""), 400,
        "Inference-Header-Content-Length must be a whole number from 0 to the body's 210 bytes, not '211'", KEEPS),
    "negative header": (binary(-1, b""), 400, "Inference-Header-Content-Length must be a whole number from 0 to the body's 210 bytes, not '-1'", KEEPS),
    "header no number": (binary("x", b""), 400, "Inference-Header-Content-Length must be a whole number from 0 to the body's 210 bytes, not 'x'", KEEPS),
    "missing bytes": (binary("exact", bytes(15)), 400, "input 'a' has 'binary_data_size' 16, but only 15 bytes follow the JSON", KEEPS),
    "left-over bytes": (binary("exact", bytes(17)), 400, "1 bytes follow the JSON that belong to no input", KEEPS),
    "size unlike the shape": (binary("exact", bytes(12), 12), 400, "input byte size mismatch for input 'a' for model 'two'. Expected 16, got 12", KEEPS),
    "size negative": (binary("exact", b"", -4), 400, "'binary_data_size' of input 'a' must be a whole number of at least 0", KEEPS),
    "no JSON, two inputs": (post(bytes(16), Inference_Header_Content_Length=0), 400,
        "a request without JSON (Inference-Header-Content-Length is 0) is for models with one input of known rank", KEEPS),
    "no JSON, odd size": (post(bytes(3), "/v2/models/identity_fp32/infer", Inference_Header_Content_Length=0), 400,
        "a request without JSON (Inference-Header-Content-Length is 0) has 3 bytes, which do not say the shape of input 'in' [-1]", KEEPS),
}  # fmt: skip


def is_said(message, text):
    """Word for word; "..." at the end stands for what a library says."""
    return text.startswith(message.removesuffix("...")) if message.endswith("...") else text == message


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_requests_disturb_nobody(served, name):
    request, status, message, closes = MALFORMED[name]
    good = post(SUM)
    with Wire(served) as neighbour, Wire(served) as wire:
        neighbour.send(good[:-20])
        wire.send(request)
        answered, body, closed = wire.answer()
        assert (answered, closed) == (status, closes) and list(body) == ["error"] and is_said(message, body["error"]), (answered, body)
        if not closed:
            wire.send(get("/v2/health/live"))
            assert wire.answer() == (200, None, False)
        neighbour.send(good[-20:])
        assert neighbour.answer()[1]["outputs"][0]["data"] == SUM_IS


def test_a_refused_method_says_which_is_right(served):
    connection = http.client.HTTPConnection(served.http, timeout=60)
    connection.request("DELETE", "/v2/models/two/infer")
    assert connection.getresponse().headers["Allow"] == "POST"
    connection.close()


def test_pipelined_requests_are_answered_in_their_order(served):
    requests = [post(json.dumps(json.loads(SUM) | {"id": str(i)}).encode()) for i in range(20)] + [get("/v2/health/live")]
    with Wire(served) as wire:
        wire.send(b"".join(requests))
        assert [wire.answer()[1]["id"] for _ in range(20)] == [str(i) for i in range(20)]
        assert wire.answer() == (200, None, False)


def test_requests_in_many_pieces(served):
    with Wire(served) as wire:
        for byte in post(SUM):
            wire.send(bytes([byte]))
        assert wire.answer()[1]["outputs"][0]["data"] == SUM_IS
        for piece in (b"5\r\n", SUM[:5], b"\r\n", f"{len(SUM) - 5:x};x=y\r\n".encode(), SUM[5:], b"\r\n0\r\nTrailer: x\r\n\r\n"):
            wire.send(post(b"", Transfer_Encoding="chunked") if piece == b"5\r\n" else b"")
            wire.send(piece)
        assert wire.answer()[1]["outputs"][0]["data"] == SUM_IS


def test_expect_continue_is_answered_before_the_body(served):
    with Wire(served) as wire:
        wire.send(post(SUM, Expect="100-continue")[: -len(SUM)])
        assert wire.socket.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.send(SUM)
        assert wire.answer()[0] == 200


def numbers(wire):
    """The first output of an answer, which is binary."""
    response = http.client.HTTPResponse(wire)
    response.begin()
    body = response.read()
    assert response.status == 200 and len(body) == int(response.getheader("Content-Length"))
    return np.frombuffer(body[int(response.getheader("Inference-Header-Content-Length")) :], np.float32)


def test_an_answer_stays_until_its_client_reads_it(served):
    """It is longer than what the system takes at once, and others use the memory that the model wrote it to."""

    def ask(wire, value):
        wire.send(post(np.full(4_000_000, value, np.float32).tobytes(), "/v2/models/identity_fp32/infer", Inference_Header_Content_Length=0))

    with Wire(served) as late, Wire(served) as other:
        ask(late, 0)
        assert late.socket.recv(1, socket.MSG_PEEK) == b"H"
        for value in range(1, 6):
            ask(other, value)
            assert (numbers(other) == value).all()
        answer = numbers(late)
        assert len(answer) == 4_000_000 and (answer == 0).all()


def test_tensors_wherever_they_lie(served):
    """Behind JSON of any length, and behind each other: few are aligned as the model's memory is."""
    arrays = {word: array for word, array in SAMPLES.items() if word != "BYTES"}
    inputs = [{"name": f"in_{word}", "datatype": word, "shape": [len(array)], "parameters": {"binary_data_size": array.nbytes}} for word, array in arrays.items()]
    inputs.append({"name": "in_BYTES", "datatype": "BYTES", "shape": [1], "data": ["a"]})
    outputs = [{"name": f"out_{word}", "parameters": {"binary_data": True}} for word in arrays]
    raw = b"".join(array.tobytes() for array in arrays.values())
    with Wire(served) as wire:
        for padding in range(0, 130, 13):
            text = json.dumps({"id": "x" * padding, "inputs": inputs, "outputs": outputs}).encode()
            wire.send(post(text + raw, "/v2/models/types/infer", Inference_Header_Content_Length=len(text)))
            response = http.client.HTTPResponse(wire)
            response.begin()
            assert response.read()[int(response.getheader("Inference-Header-Content-Length")) :] == raw


# ---- load, cancellation, the end ----


def slow_request(rounds, **parameters):
    eye = np.eye(64, dtype=np.float32).tolist()
    return post(json.dumps({"parameters": parameters, "inputs": [
        {"name": "rounds", "shape": [], "datatype": "INT64", "data": [rounds]},
        {"name": "in", "shape": [64, 64], "datatype": "FP32", "data": eye}]}).encode(), "/v2/models/slow/infer")  # fmt: skip


LONG = 300_000  # rounds: some seconds


def test_requests_of_clients_that_went_away_are_cancelled(serve, served_models):
    with serve(served_models["slow"]) as alone:
        wires = [Wire(alone) for _ in range(20)]
        for wire in wires:
            wire.send(slow_request(10**12))  # would take days, and few run at once
        for wire in wires:
            wire.socket.close()
        cancelled, deadline = 0, time.monotonic() + 60
        while cancelled < 10 and time.monotonic() < deadline:
            (stats,) = json.loads(curl(alone, "/v2/models/slow/stats")[1])["model_stats"]
            cancelled = stats["inference_stats"]["fail"]["count"]
        assert cancelled >= 10


def test_a_request_that_cannot_be_in_time_is_refused(serve, served_models):
    with serve(served_models["slow"]) as alone, contextlib.ExitStack() as stack:
        with Wire(alone) as wire:
            wire.send(slow_request(1))
            assert wire.answer()[0] == 200
        for _ in range(8):
            stack.enter_context(Wire(alone)).send(slow_request(10**12))
        with Wire(alone) as wire:
            wire.send(slow_request(1, timeout=1000))
            response = http.client.HTTPResponse(wire.socket)
            response.begin()
            assert response.status == 503 and int(response.headers["Retry-After"]) >= 1
            assert "error" in json.loads(response.read())


def test_a_request_may_come_before_the_last_is_answered(serve, served_models):
    with serve(served_models["slow"]) as alone, Wire(alone) as wire:
        wire.send(slow_request(30_000))
        with Wire(alone) as other:  # behind the first
            other.send(get("/v2/health/ready"))
            assert other.answer()[0] == 200
        wire.send(get("/v2/health/ready"))
        assert wire.answer()[0] == 200 and wire.answer() == (200, None, False)
        wire.send(slow_request(1))
        assert wire.answer()[0] == 200


def test_the_end_waits_for_what_is_under_way(serve, served_models):
    with serve(served_models["slow"]) as alone, Wire(alone) as busy, Wire(alone) as idle:
        idle.send(get("/v2/health/ready"))
        assert idle.answer()[0] == 200
        busy.send(slow_request(LONG))
        with Wire(alone) as other:  # behind the first
            other.send(get("/v2/health/ready"))
            assert other.answer()[0] == 200
        alone.process.terminate()
        assert idle.socket.recv(1) == b""  # closed
        status, body, closes = busy.answer()
        assert status == 200 and closes
        assert np.array_equal(np.reshape(body["outputs"][0]["data"], (64, 64)), np.eye(64))
        assert alone.process.wait(timeout=60) == 0


def test_the_end_has_a_deadline(serve, served_models):
    with serve(served_models["slow"], "--exit-timeout-secs", 0) as alone, Wire(alone) as busy:
        busy.send(slow_request(LONG))
        with Wire(alone) as other:
            other.send(get("/v2/health/ready"))
            assert other.answer()[0] == 200
        assert alone.end() == 1
        assert "still busy" in alone.errors()


def test_a_second_signal_ends_at_once(serve, served_models):
    with serve(served_models["slow"], "--exit-timeout-secs", 1000) as alone, Wire(alone) as busy, Wire(alone) as idle:
        idle.send(get("/v2/health/ready"))
        assert idle.answer()[0] == 200
        busy.send(slow_request(10**12))
        with Wire(alone) as other:
            other.send(get("/v2/health/ready"))
            assert other.answer()[0] == 200
        alone.process.send_signal(signal.SIGINT)
        assert idle.socket.recv(1) == b""  # the first has come
        alone.process.send_signal(signal.SIGINT)
        assert alone.process.wait(timeout=60) == 128 + signal.SIGINT


# ---- starting ----




def test_the_server_answers_while_a_model_loads(serve, served, served_models, tmp_path):
    late = onnx.load(served_models["squeezenet"])
    late.doc_string = "Its plan is in no cache, and takes seconds to make, other than that of the one that `served` has."
    onnx.save(late, late := tmp_path / "late.onnx")
    with serve(served_models["two"], late, ready=False) as running:
        assert curl(running, "/v2/health/live")[0] == 200
        status, body = curl(running, "/v2/health/ready")
        assert status == 400 and json.loads(body) == {"error": "the server is not ready"}
        assert json.loads(curl(running, "/v2/repository/index", "-X", "POST")[1])[0] == {
            "name": "late", "version": "1", "state": "LOADING", "reason": ""}  # fmt: skip
        status, body = curl(running, "/v2/models/late/infer", "--data-binary", "@-", data=SUM)
        assert status == 503 and "'late' has no available versions: version 1 is LOADING" in json.loads(body)["error"]
        deadline = time.monotonic() + 60
        while curl(running, "/v2/models/two/ready")[0] != 200 and time.monotonic() < deadline:
            pass
        assert json.loads(curl(running, "/v2/models/two/infer", "--data-binary", "@-", data=SUM)[1])["outputs"][0]["data"] == SUM_IS
        only_ready = json.loads(curl(running, "/v2/repository/index", "--data-binary", '{"ready":true}')[1])
        assert [model["name"] for model in only_ready] == ["two"]
        assert running.end() == 0


def test_an_unknown_model_ends_the_server(staronnx, tmp_path):
    done = staronnx("serve", "--http-port", "0", "--grpc-port", "0", tmp_path / "nowhere.onnx", check=False)
    assert done.returncode == 1 and "nowhere" in done.stderr


def test_a_port_that_is_taken(staronnx, served, served_models):
    done = staronnx("serve", "--http-port", served.port, "--grpc-port", "0", served_models["two"], check=False)
    assert done.returncode == 1 and f"127.0.0.1:{served.port}" in done.stderr and "--http-port" in done.stderr


def test_two_models_of_one_name(staronnx, served_models):
    done = staronnx("serve", served_models["two"], served_models["two"], check=False)
    assert done.returncode == 1 and "'two'" in done.stderr


def test_a_plan_is_served_as_it_is(serve, staronnx, served_models, tmp_path):
    staronnx("plan", served_models["two"], "-o", tmp_path / "halves", "--segments", "2", "--shape", "a:1x4", "--shape", "b:1x4")
    with serve(tmp_path / "halves", "--id", "mine") as running:
        assert json.loads(curl(running, "/v2")[1])["name"] == "mine"
        status, body = curl(running, "/v2/models/halves/infer", "--data-binary", "@-", data=SUM)
        assert status == 200 and json.loads(body)["outputs"][0]["data"] == SUM_IS


def test_listening_beyond_this_machine_is_said_loudly(serve, served_models):
    with serve(served_models["two"], "--http-address", "0.0.0.0") as open_to_all:
        assert "WARNING" in open_to_all.errors() and "other machines" in open_to_all.errors()
        assert curl(open_to_all, "/v2/health/live")[0] == 200


def test_larger_bodies_when_asked_for(serve, served_models):
    with serve(served_models["identity_fp32"], "--http-max-input-size", 1000) as small:
        path, header = "/v2/models/identity_fp32/infer", ["-H", "Inference-Header-Content-Length: 0", "--data-binary", "@-"]
        assert curl(small, path, *header, data=bytes(1000))[0] == 200
        for arguments in ([], ["-H", "Transfer-Encoding: chunked"]):
            status, body = curl(small, path, *header, *arguments, data=bytes(1004))
            assert status == 413 and "more than 1000 bytes" in json.loads(body)["error"]
