"""What the server's log says, and how clients read and change what it does."""

import json
import re
import signal
import socket

import numpy as np
import pytest
import serve_models
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

LEVEL = "log_verbose_level"
MODULES = {"http": tritonclient.http, "grpc": tritonclient.grpc}


def client_of(served, protocol):
    return MODULES[protocol].InferenceServerClient(getattr(served, protocol))


def settings(client, protocol, changes=None):
    """All settings, after these changes; as a dictionary, whatever the protocol."""
    answer = client.get_log_settings() if changes is None else client.update_log_settings(changes)
    if protocol == "http":
        return answer
    return {name: getattr(value, value.WhichOneof("parameter_choice")) for name, value in answer.settings.items()}


def infer(client, protocol, request_id, columns=4):
    module = MODULES[protocol]
    inputs = [module.InferInput(name, [1, columns], "FP32") for name in "ab"]
    for tensor in inputs:
        tensor.set_data_from_numpy(np.zeros((1, columns), np.float32))
    return client.infer("two", inputs, request_id=request_id)


def entries(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("protocol", MODULES)
def test_clients_read_and_change_the_settings(serve, served_models, protocol, tmp_path):
    with serve(served_models["two"], "--log-warning", "0", "--log-file", tmp_path / "log") as served, client_of(served, protocol) as client:
        before = {"log_file": str(tmp_path / "log"), "log_info": True, "log_warning": False, "log_error": True, LEVEL: 0, "log_format": "default"}
        assert settings(client, protocol) == before
        changes = {"log_info": False, "log_warning": True, LEVEL: 1, "log_format": "ISO8601"}
        assert settings(client, protocol, changes) == before | changes
        for wrong, part in (({"log_file": "other"}, "log file location"), ({"log_format": "red"}, "ISO8601"), ({"colour": True}, "'colour'"),
                            ({LEVEL: 3, "log_info": None}, "'log_info'")):  # fmt: skip
            with pytest.raises(InferenceServerException, match=part):
                settings(client, protocol, wrong)
        assert settings(client, protocol) == before | changes
        assert "logging" in dict(client.get_server_metadata(**({"as_json": True} if protocol == "grpc" else {})))["extensions"]
        lines = (tmp_path / "log").read_text().splitlines()
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z VERBOSE answered protocol=", lines[-1]), lines
        settings(client, protocol, {LEVEL: 0})
        count = len((tmp_path / "log").read_text().splitlines())
        settings(client, protocol)
        assert len((tmp_path / "log").read_text().splitlines()) == count


def test_every_request_has_a_line_that_programs_read(serve, served_models, tmp_path):
    log = tmp_path / "log"
    with serve(served_models["two"], "--log-verbose", "1", "--log-format", "json", "--log-file", log) as served:
        with client_of(served, "http") as client:
            infer(client, "http", "of http")
            with pytest.raises(InferenceServerException):
                infer(client, "http", "of http, wrong", columns=3)
        with client_of(served, "grpc") as client:
            infer(client, "grpc", "of grpc")
            with pytest.raises(InferenceServerException):
                infer(client, "grpc", "of grpc, wrong", columns=3)
            with pytest.raises(InferenceServerException):
                client.get_model_metadata("none")
            answers = []
            client.start_stream(lambda result, error: answers.append(error))
            infer_on_stream(client, "of a stream")
            client.stop_stream()
            assert answers == [None]
        assert served.end() == 0
    lines = entries(log)
    requests = [line for line in lines if line["message"] == "answered"]
    assert all(line["level"] == "verbose" and line["microseconds"] >= 0 for line in requests)
    said = [(line.get("path", line.get("rpc")), line["status"], line.get("request_id")) for line in requests]
    path = "/v2/models/two/infer"
    assert said == [(path, "200", "of http"), (path, "400", "of http, wrong"), ("ModelInfer", "OK", "of grpc"),
                    ("ModelInfer", "INVALID_ARGUMENT", "of grpc, wrong"), ("ModelMetadata", "INVALID_ARGUMENT", None),
                    ("ModelStreamInfer", "OK", "of a stream")]
    assert {line.get("model") for line in requests if line.get("rpc", "").endswith("Infer")} == {"two"}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["time"]) for line in lines)
    assert "ending" in lines[-1]["message"] and lines[-1]["level"] == "info"


def infer_on_stream(client, request_id):
    inputs = [tritonclient.grpc.InferInput(name, [1, 4], "FP32") for name in "ab"]
    for tensor in inputs:
        tensor.set_data_from_numpy(np.zeros((1, 4), np.float32))
    client.async_stream_infer("two", inputs, request_id=request_id)


def test_what_is_no_http_has_a_line_too(serve, served_models, tmp_path):
    log = tmp_path / "log"
    with serve(served_models["two"], "--log-verbose", "1", "--log-format", "json", "--log-file", log) as served:
        with socket.create_connection(("127.0.0.1", served.port), timeout=60) as wire:
            wire.sendall(b"nonsense\r\n\r\n")
            while wire.recv(1000):
                pass
        assert served.end() == 0
    [line] = [line for line in entries(log) if line["message"] == "answered"]
    assert line["status"] == "400" and "path" not in line


def test_without_more_ado_requests_leave_no_line(serve, served_models):
    with serve(served_models["two"]) as served:
        with client_of(served, "http") as client:
            infer(client, "http", "quiet")
        assert served.end() == 0
        assert "quiet" not in served.errors() and " INFO ending: " in served.errors()


@pytest.mark.parametrize("protocol", MODULES)
def test_a_fault_is_logged_with_the_requests_id(serve, tmp_path, protocol):
    with serve(serve_models.reshape(tmp_path), "--log-format", "json", "--log-file", tmp_path / "log") as served:
        with client_of(served, protocol) as client:
            inputs = [MODULES[protocol].InferInput("in", [4], "FP32").set_data_from_numpy(np.zeros(4, np.float32)),
                      MODULES[protocol].InferInput("shape", [1], "INT64").set_data_from_numpy(np.array([3]))]
            with pytest.raises(InferenceServerException) as fault:
                client.infer("reshape", inputs, request_id="seven")
            assert fault.value.status() in ("500", "StatusCode.INTERNAL")
            assert "Reshape" in fault.value.message() and "onnxruntime_src" not in fault.value.message()
        assert served.end() == 0
    [error] = [line for line in entries(tmp_path / "log") if line["level"] == "error"]
    assert (error["model"], error["version"], error["request_id"]) == ("reshape", 1, "seven") and "Reshape" in error["message"]


def test_a_log_that_was_moved_begins_anew_at_sighup(serve, served_models, tmp_path):
    log = tmp_path / "log"
    with serve(served_models["two"], "--log-verbose", "1", "--log-file", log) as served, client_of(served, "http") as client:
        infer(client, "http", "before")
        log.rename(tmp_path / "old")
        infer(client, "http", "between")
        while "=between\n" not in (tmp_path / "old").read_text():  # a line follows its answer
            assert client.is_server_live()
        served.process.send_signal(signal.SIGHUP)
        while not log.exists():
            assert client.is_server_live()
        infer(client, "http", "after")
        assert served.end() == 0
    old, new = (tmp_path / "old").read_text(), log.read_text()
    assert "=before\n" in old and "=between\n" in old and "=after\n" not in old
    assert "=after\n" in new and "=before\n" not in new and " INFO SIGHUP: " in new


@pytest.mark.parametrize("words, part", [
    (["--log-format", "red"], "--log-format"),
    (["--log-verbose", "-1"], "--log-verbose"),
    (["--log-info", "perhaps"], "--log-info"),
])  # fmt: skip
def test_wrong_options_are_named(staronnx, served_models, words, part):
    done = staronnx("serve", served_models["two"], *words, check=False)
    assert done.returncode == 2 and part in done.stderr.splitlines()[0]


def test_a_file_that_cannot_be_written_ends_the_server_at_once(staronnx, served_models, tmp_path):
    done = staronnx("serve", served_models["two"], "--log-file", tmp_path, check=False)
    assert done.returncode == 1 and f"--log-file {tmp_path}" in done.stderr
