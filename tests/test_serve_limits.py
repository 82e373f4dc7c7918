"""What strangers may take of the server at once."""

import contextlib
import gzip
import http.client
import json
import queue
import socket
import urllib.request

import grpc
import numpy as np
import pytest
import tritonclient.grpc
from prometheus_client.parser import text_string_to_metric_families
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

MOST = 100_000
HELD = "staronnx_in_flight_bytes", ""  # of the metrics


@pytest.fixture
def limited(serve, served_models):
    """limited(*options): a server whose model is identity_fp32."""
    return lambda *options: serve(served_models["identity_fp32"], *options)


def metrics(served):
    with urllib.request.urlopen(served.metrics, timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {(sample.name, sample.labels.get("limit", "")): sample.value for family in families for sample in family.samples}


def wait_until(served, holds):
    """Until it holds for the metrics: the server sees a client go, or an answer sent, a moment after the client."""
    while not holds(metrics(served)):
        pass


def said(served, head, body=b""):
    """The answer to a request of which only `head` and `body` are sent."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer, answer.read()


@contextlib.contextmanager
def promised(served, size):
    """A connection on which a body of so many bytes is promised, and does not come."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
        connection.sendall(f"POST /v2/models/identity_fp32/infer HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {size}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        yield


def is_refused(answer, body, why):
    assert answer.status == 503 and int(answer.headers["Retry-After"]) >= 1 and answer.headers["Connection"] == "close", body
    return why in json.loads(body)["error"]


def infer_over_grpc(served, floats):
    with tritonclient.grpc.InferenceServerClient(served.grpc) as client:
        tensor = tritonclient.grpc.InferInput("in", [floats], "FP32").set_data_from_numpy(np.zeros(floats, np.float32))
        return client.infer("identity_fp32", [tensor]).as_numpy("out").size


def test_more_connections_than_allowed_are_told_so_and_closed(limited):
    with limited("--http-max-connections", 2) as served:
        first, second = (http.client.HTTPConnection(served.http, timeout=60) for _ in range(2))
        for connection in (first, second):
            connection.request("GET", "/v2/health/live")
            assert connection.getresponse().read() == b""
        assert is_refused(*said(served, "GET /v2/health/live HTTP/1.1\nHost: x"), "there are more than 2 connections")
        seen = metrics(served)
        assert seen["staronnx_http_connections", ""] == 2 and seen["staronnx_refused_total", "connections"] == 1
        first.close()
        while said(served, "GET /v2/health/live HTTP/1.1\nHost: x")[0].status != 200:  # until the server has seen that one go
            pass
        second.request("GET", "/v2/health/live")
        assert second.getresponse().status == 200
        second.close()


POST = "POST /v2/models/identity_fp32/infer HTTP/1.1\nHost: x\n"
JSON = json.dumps({"inputs": [{"name": "in", "shape": [10_000], "datatype": "FP32", "data": [0] * 10_000}]}).encode()
TOO_MUCH = f"more than {MOST} bytes"


def test_bodies_are_refused_before_they_are_read_while_others_hold_all_bytes(limited):
    with limited("--max-in-flight-size", MOST) as served:
        with promised(served, MOST - 10_000):
            assert is_refused(*said(served, POST + "Content-Length: 10001"), TOO_MUCH)
            with pytest.raises(InferenceServerException, match=f"UNAVAILABLE.*{TOO_MUCH}"):
                infer_over_grpc(served, 5_000)
            assert infer_over_grpc(served, 1_000) == 1_000, "there is room for that"
            assert said(served, "GET /v2/health/live HTTP/1.1\nHost: x\nConnection: close")[0].status == 200
            wait_until(served, lambda seen: seen[HELD] == MOST - 10_000)
            assert metrics(served)["staronnx_refused_total", "bytes"] == 2
        wait_until(served, lambda seen: seen[HELD] == 0)
        assert said(served, POST + f"Connection: close\nContent-Length: {len(JSON)}", JSON)[0].status == 200
        assert infer_over_grpc(served, 5_000) == 5_000
        wait_until(served, lambda seen: seen[HELD] == 0)


def test_answers_over_grpc_count_until_the_client_takes_them(limited):
    floats = 75_000  # more than a client takes that does not read
    place = service_pb2.ModelInferRequest.InferInputTensor(name="in", datatype="FP32", shape=[floats])
    request = service_pb2.ModelInferRequest(model_name="identity_fp32", inputs=[place], raw_input_contents=[bytes(4 * floats)])
    with limited("--max-in-flight-size", MOST) as served:
        with grpc.insecure_channel(served.grpc, options=[("grpc.http2.bdp_probe", 0)]) as channel:
            stream = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelStreamInfer(iter([request]))
            wait_until(served, lambda seen: seen["nv_inference_count_total", ""] == 1 and seen[HELD] > 4 * floats)
            with pytest.raises(InferenceServerException, match=f"UNAVAILABLE.*{TOO_MUCH}"):
                infer_over_grpc(served, 1)
            assert is_refused(*said(served, POST + "Content-Length: 1"), TOO_MUCH)
            assert len(next(stream).infer_response.raw_output_contents[0]) == 4 * floats
            wait_until(served, lambda seen: seen[HELD] == 0)
        assert infer_over_grpc(served, 1) == 1


def test_bytes_count_as_they_come_and_unpacked(limited):
    with limited("--max-in-flight-size", MOST) as served:
        with promised(served, MOST - 10_000):
            assert is_refused(*said(served, POST + "Transfer-Encoding: chunked", b"2711\r\n" + b" " * 10_001), TOO_MUCH)
            packed = gzip.compress(JSON)
            answer, body = said(served, POST + f"Connection: close\nContent-Encoding: gzip\nContent-Length: {len(packed)}", packed)
            assert is_refused(answer, body, TOO_MUCH)


def test_who_is_alone_may_have_more(limited):
    with limited("--max-in-flight-size", 1000) as served:
        assert said(served, POST + f"Connection: close\nContent-Length: {len(JSON)}", JSON)[0].status == 200
        assert infer_over_grpc(served, 5_000) == 5_000
        with pytest.raises(InferenceServerException, match="RESOURCE_EXHAUSTED"):
            infer_over_grpc(served, 25_000_000)


def test_calls_beyond_those_of_a_connection_wait_with_the_client(limited):
    answers = queue.SimpleQueue()
    with limited("--grpc-max-concurrent-streams", 1) as served:
        with tritonclient.grpc.InferenceServerClient(served.grpc) as client:
            tensor = tritonclient.grpc.InferInput("in", [1], "FP32").set_data_from_numpy(np.zeros(1, np.float32))
            for _ in range(20):
                client.async_infer("identity_fp32", [tensor], lambda result, error: answers.put((result, error)))
            assert all(answers.get(timeout=60)[1] is None for _ in range(20))
