"""Where the server's options come from, and how it ends when they are wrong."""

import json
import os
import signal
import socket
import urllib.request

import pytest


def name_of(served):
    with urllib.request.urlopen(f"http://{served.http}/v2", timeout=60) as answer:
        return json.load(answer)["name"]


@pytest.fixture()
def model(served_models):
    return served_models["identity_fp32"]


@pytest.fixture()
def file(tmp_path):
    """file("id = 'x'") -> path of a file that says so."""

    def write(text):
        (tmp_path / "serve.toml").write_text(text)
        return tmp_path / "serve.toml"

    return write


FILE = '# who we are\nid = "of the file"\n'


@pytest.mark.parametrize("text, variables, flags, name", [
    (FILE, {}, [], "of the file"),
    (FILE, {"STARONNX_ID": "of the environment"}, [], "of the environment"),
    (FILE, {"STARONNX_ID": "of the environment"}, ["--id", "of the command line"], "of the command line"),
    (FILE, {"STARONNX_ID": ""}, [], "of the file"),
    ('id = "number #1" # "not this"\n', {}, [], "number #1"),
    ("id = 'a \"#' # it\'s said\n", {}, [], 'a "#'),
    ("#id = 'no'\nid = plain#comment\nmodels = [ # several\n]\n", {}, [], "plain"),
])  # fmt: skip
def test_flags_come_before_the_environment_before_the_file(serve, model, file, text, variables, flags, name):
    with serve(model, "--config", file(text), *flags, variables=variables) as served:
        assert name_of(served) == name
        assert served.end() == 0


def test_a_file_says_every_kind_of_option(serve, model, file, served_models):
    two = served_models["two"]
    text = f'models = ["{model}", "{two}"]\nallow-metrics = false\nhttp-max-input-size = 100\ncore-groups = "1"\nexit-timeout-secs = 2.5\n'
    with serve(variables={"STARONNX_CONFIG": str(file(text))}) as served:
        assert served.said[-1] == "ready: identity_fp32, two"
        assert not any(line.startswith("metrics: ") for line in served.said)
        request = urllib.request.Request(f"http://{served.http}/v2/models/two/infer", data=b" " * 101)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.code == 413
        assert served.end() == 0
        assert "at most 2.5 s" in served.errors()


def test_flags_come_out_of_the_environment(serve, model):
    with serve(model, variables={"STARONNX_ALLOW_METRICS": "false"}) as served:
        assert not any(line.startswith("metrics: ") for line in served.said)


@pytest.mark.parametrize("text, parts", [
    ("http-prot = 8000", ["'http-prot'", "serve --help"]),
    ("just some words", ["'just some words'"]),
    ("http-port = many", ["--http-port", "many"]),
    ("http-port = 65536", ["--http-port", "65536"]),
    ("http-port = 1\nid = x\nhttp-port = 2", ["'http-port'", "twice"]),
    ("http-thread-count = 0", ["--http-thread-count", "0"]),
    ("[http]\nport = 8000", ["[http]"]),
    ("http.port = 8000", ["[http]"]),
    ("config = other.toml", ["'config'"]),
    ("allow-metrics = perhaps", ["perhaps"]),
])  # fmt: skip
def test_what_a_file_cannot_say_is_refused_by_name(staronnx, model, file, text, parts):
    path = file(text)
    done = staronnx("serve", model, "--config", path, check=False)
    assert done.returncode == 2
    said = done.stderr.splitlines()[0]
    assert str(path) in said and all(part in said for part in parts), said


def test_a_file_that_is_not_there_is_named(staronnx, model, tmp_path):
    done = staronnx("serve", model, "--config", tmp_path / "none.toml", check=False)
    assert done.returncode == 2 and "none.toml" in done.stderr.splitlines()[0]


def test_the_environment_is_checked_as_flags_are(environment, staronnx, model, monkeypatch):
    monkeypatch.setitem(environment, "STARONNX_HTTP_THREAD_COUNT", "many")
    done = staronnx("serve", model, check=False)
    assert done.returncode == 2 and "--http-thread-count" in done.stderr.splitlines()[0]
    assert staronnx("machine", "--help").returncode == 0  # other verbs do not care


def test_help_is_there_whatever_the_file_says(staronnx, file):
    text = staronnx("serve", "--config", file("nonsense = 1"), "--help").stdout
    for part in ("\nHTTP:\n", "\ngRPC:\n", "\nMetrics:\n", "\nProcessors:\n", "--http-port", "STARONNX_HTTP_PORT", "Exit status"):
        assert part in text
    assert max(map(len, text.splitlines())) <= 120


# ---- exit statuses ----


@pytest.mark.parametrize("arguments, says", [
    ([], "name a model, a plan or a --model-repository"),
    (["--http-port", "no"], "--http-port"),
    (["model.onnx", "--no-such-option"], "--no-such-option"),
])  # fmt: skip
def test_wrong_options_are_status_2(staronnx, arguments, says):
    done = staronnx("serve", *arguments, check=False)
    assert done.returncode == 2 and says in done.stderr


def test_a_taken_port_is_status_1(staronnx, model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = staronnx("serve", model, "--http-port", port, check=False)
    assert done.returncode == 1 and f":{port}" in done.stderr and "--http-port" in done.stderr


def test_a_model_that_is_not_there_is_status_1(staronnx, tmp_path):
    ports = ["--http-port", 0, "--grpc-port", 0, "--metrics-port", 0]
    done = staronnx("serve", tmp_path / "none.onnx", *ports, check=False)
    assert done.returncode == 1 and "none.onnx" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0(serve, model, number):
    with serve(model) as served:
        os.kill(served.process.pid, number)
        assert served.process.wait(timeout=60) == 0
