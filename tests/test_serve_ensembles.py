"""Ensembles of a model repository, under real clients: what they compute, how they fail, and how they follow their models."""

import collections
import contextlib
import os
import re
import shutil
import signal
import socket
import threading
import urllib.request

import numpy as np
import onnx
import onnxruntime
import pytest
import serve_models
import tritonclient.grpc
import tritonclient.http
import tritonclient.utils.shared_memory as shm
from onnx import TensorProto, helper
from serve_models import save
from test_serve_trace import read, to_file
from trace_collector import collector
from tritonclient.utils import InferenceServerException
from waiting import wait_until

MODULES = {"http": tritonclient.http, "grpc": tritonclient.grpc}
FLOAT = TensorProto.FLOAT


def put(repository, name, make):
    """The model that `make(folder)` makes, as version 1 of `name`; moved there whole."""
    (repository / name / "1").mkdir(parents=True, exist_ok=True)
    beside = repository / name / "1" / ".new"
    beside.mkdir()
    make(beside).rename(repository / name / "1/model.onnx")
    beside.rmdir()


def scaled(factor, width=4):
    def make(folder):
        tensors = [(name, FLOAT, ["batch", width]) for name in ("in", "out")]
        return save(folder / "scaled.onnx", tensors[:1], tensors[1:],
                    [("Constant", [], ["factor"], {"value_float": float(factor)}), ("Mul", ["in", "factor"], ["out"])])

    return make


def softmax(folder):
    tensors = [(name, FLOAT, ["batch", 4]) for name in ("in", "out")]
    return save(folder / "softmax.onnx", tensors[:1], tensors[1:], [("Softmax", ["in"], ["out"])])


def tensors_text(kind, tensors):
    return "".join(f'{kind} {{ name: "{name}" data_type: TYPE_{word} dims: {list(dims)} {more} }}\n' for name, word, dims, more in tensors)


def ensemble(repository, name, inputs, outputs, steps, head=""):
    """`inputs`, `outputs`: (name, type, dims[, more of the field]). `steps`: (model, {input: tensor}, {output: tensor}[, version])."""
    (repository / name / "1").mkdir(parents=True, exist_ok=True)
    text = head + "".join(tensors_text(kind, [(*tensor, "")[:4] for tensor in tensors])
                          for kind, tensors in (("input", inputs), ("output", outputs)))
    text += 'platform: "ensemble" ensemble_scheduling {\n'
    for model, reads, writes, *version in steps:
        text += f'  step {{ model_name: "{model}" model_version: {version[0] if version else -1}'
        text += "".join(f' input_map {{ key: "{key}" value: "{tensor}" }}' for key, tensor in reads.items())
        text += "".join(f' output_map {{ key: "{key}" value: "{tensor}" }}' for key, tensor in writes.items()) + " }\n"
    (repository / name / "config.new").write_text(text + "}\n")
    (repository / name / "config.new").rename(repository / name / "config.pbtxt")


def diamond(repository, name="diamond", head=""):
    """probabilities = softmax(sum and difference of x and 3 x, one after the other scaled)"""
    ensemble(repository, name, [("x", "FP32", [4] if head else [-1, 4])], [("p", "FP32", [4] if head else [-1, 4])], [
        ("triple", {"in": "x"}, {"out": "x3"}),
        ("two", {"a": "x", "b": "x3"}, {"sum": "s", "difference": "d"}),
        ("triple", {"in": "s"}, {"out": "s3"}),
        ("half", {"in": "d"}, {"out": "d2"}),
        ("two", {"a": "s3", "b": "d2"}, {"sum": "all"}),
        ("softmax", {"in": "all"}, {"out": "p"}),
    ], head)  # fmt: skip


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "models"
    put(folder, "triple", scaled(3))
    put(folder, "half", scaled(0.5))
    put(folder, "two", serve_models.two)
    put(folder, "softmax", softmax)
    diamond(folder)
    return folder


def computed(repository, model, **inputs):
    """What ONNX Runtime makes of it, by name."""
    session = onnxruntime.InferenceSession(repository / model / "1/model.onnx")
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs)))


def diamond_of(repository, x):
    first = computed(repository, "two", a=x, b=computed(repository, "triple", **{"in": x})["out"])
    s3 = computed(repository, "triple", **{"in": first["sum"]})["out"]
    d2 = computed(repository, "half", **{"in": first["difference"]})["out"]
    return computed(repository, "softmax", **{"in": computed(repository, "two", a=s3, b=d2)["sum"]})["out"]


@contextlib.contextmanager
def client_of(protocol, served):
    with MODULES[protocol].InferenceServerClient(getattr(served, protocol)) as client:
        client.module = MODULES[protocol]
        yield client


def given(module, name, array, word="FP32"):
    return module.InferInput(name, list(array.shape), word).set_data_from_numpy(array)


def ask(client, model, output="p", word="FP32", **inputs):
    return client.infer(model, [given(client.module, name, array, word) for name, array in inputs.items()]).as_numpy(output)


def index_of(client):
    if client.module is tritonclient.http:
        rows = client.get_model_repository_index()
    else:
        rows = client.get_model_repository_index(as_json=True).get("models", [])
    return {row["name"]: (row.get("state"), row.get("reason", "")) for row in rows}


def statistics(client, model):
    rows = client.get_inference_statistics(model) if client.module is tritonclient.http else client.get_inference_statistics(model, as_json=True)
    (row,) = rows["model_stats"]
    return {word: int(row["inference_stats"].get(word, {}).get("count", 0)) for word in ("success", "fail", "compute_infer")}


def metrics_of(served):
    with urllib.request.urlopen(served.metrics) as answer:
        return answer.read().decode()


def under_way(served, model):
    return int(re.search(f'nv_inference_pending_request_count{{model="{model}",version="1"}} ([0-9]+)', metrics_of(served))[1])


def rows(count):
    return np.random.default_rng(count).standard_normal((count, 4), np.float32)


@pytest.mark.parametrize("protocol", MODULES)
def test_models_run_step_by_step(serve, repository, protocol):
    with serve("--model-repository", repository) as served, client_of(protocol, served) as client:
        for count in (1, 5):
            assert np.allclose(ask(client, "diamond", x=rows(count)), diamond_of(repository, rows(count)))
        assert statistics(client, "diamond") == {"success": 2, "fail": 0, "compute_infer": 2}
        assert statistics(client, "two")["success"] == statistics(client, "triple")["success"] == 4
        as_json = {} if protocol == "http" else {"as_json": True}
        assert client.get_model_metadata("diamond", **as_json)["platform"] == "ensemble"
        config = client.get_model_config("diamond", **as_json)
        config = config.get("config", config)
        assert config["platform"] == "ensemble" and not config.get("backend")
        assert [step["model_name"] for step in config["ensemble_scheduling"]["step"]] == ["triple", "two", "triple", "half", "two", "softmax"]
        assert index_of(client)["diamond"] == ("READY", "")
        assert served.end() == 0, served.errors()


def test_metrics_count_ensembles_and_their_models(serve, repository):
    with serve("--model-repository", repository) as served, client_of("http", served) as client:
        ask(client, "diamond", x=rows(2))
        text = metrics_of(served)
        assert 'nv_inference_request_success{model="diamond",version="1"} 1' in text
        assert 'nv_inference_exec_count{model="diamond",version="1"} 1' in text
        assert 'nv_inference_count{model="two",version="1"} 2' in text
        assert 'staronnx_segment_requests_total{model="diamond"' not in text


@pytest.mark.parametrize("protocol", MODULES)
def test_batches(serve, repository, protocol):
    for model in ("triple", "half", "two"):
        (repository / model / "config.pbtxt").write_text("max_batch_size: 8")  # softmax stays without
    diamond(repository, "batched", "max_batch_size: 6\n")
    ensemble(repository, "too_many", [("x", "FP32", [4])], [("y", "FP32", [4])], [("triple", {"in": "x"}, {"out": "y"})], "max_batch_size: 9\n")
    ensemble(repository, "one", [("x", "FP32", [4])], [("y", "FP32", [4])], [("triple", {"in": "x"}, {"out": "y"})])
    with serve("--model-repository", repository, ready=False) as served, client_of(protocol, served) as client:
        served.wait_for("not ready, but serving: batched, diamond, half, one, softmax, triple, two")
        for count in (1, 6):
            assert np.allclose(ask(client, "batched", x=rows(count)), diamond_of(repository, rows(count)))
        with pytest.raises(InferenceServerException, match="inference request batch-size must be <= 6 for 'batched'"):
            ask(client, "batched", x=rows(7))
        assert np.array_equal(ask(client, "one", "y", x=rows(1)[0]), 3 * rows(1)[0]), "a batch of one is put before it, and taken off"
        assert index_of(client)["too_many"][1].startswith("max_batch_size is 9, but ensemble_scheduling.step[0] has model 'triple', which takes 8")


@pytest.mark.parametrize("protocol", MODULES)
def test_ensembles_within_ensembles(serve, repository, protocol):
    ensemble(repository, "a_outer", [("x", "FP32", [-1, 4])], [("p", "FP32", [-1, 4]), ("q", "FP32", [-1, 4])], [
        ("z_inner", {"in": "x"}, {"out": "p"}), ("diamond", {"x": "p"}, {"p": "q"})])  # fmt: skip
    ensemble(repository, "z_inner", [("in", "FP32", [-1, 4])], [("out", "FP32", [-1, 4])], [
        ("half", {"in": "in"}, {"out": "t"}), ("diamond", {"x": "t"}, {"p": "out"})])  # fmt: skip
    with serve("--model-repository", repository) as served, client_of(protocol, served) as client:
        answer = client.infer("a_outer", [given(client.module, "x", rows(3))])
        p = diamond_of(repository, rows(3) / 2)
        assert np.allclose(answer.as_numpy("p"), p) and np.allclose(answer.as_numpy("q"), diamond_of(repository, p))
        assert statistics(client, "diamond")["success"] == 2
        only = client.infer("a_outer", [given(client.module, "x", rows(3))], outputs=[client.module.InferRequestedOutput("p")])
        assert only.as_numpy("q") is None and np.allclose(only.as_numpy("p"), p)
        assert statistics(client, "diamond")["success"] == 3, "what nobody asks for does not run"


DIAMOND_STEPS = ["half", "softmax", "triple", "triple", "two", "two"]


def test_the_trace_file_shows_each_step(serve, repository, tmp_path):
    """Also of an ensemble within another: each with its own times and processors, within those of what it is a step of."""
    file = tmp_path / "trace.json"
    ensemble(repository, "outer", [("x", "FP32", [-1, 4])], [("p", "FP32", [-1, 4])], [
        ("triple", {"in": "x"}, {"out": "x3"}), ("diamond", {"x": "x3"}, {"p": "p"})])  # fmt: skip
    with serve("--model-repository", repository, *to_file(file)) as served:
        for protocol in MODULES:
            with client_of(protocol, served) as client:
                ask(client, "outer", x=rows(2))
                counted = {model: statistics(client, model)["success"] for model in ("outer", "diamond", *DIAMOND_STEPS)}
        assert served.end() == 0
    requests, _, segments = read(file)
    assert collections.Counter(request.args["model"] for request in requests.values()) == counted
    steps_of = lambda number: {own: step for own, step in requests.items() if step.args.get("parent_id") == number}  # noqa: E731
    for number, whole in requests.items():
        steps = steps_of(number)
        names = {"outer": ["diamond", "triple"], "diamond": DIAMOND_STEPS}.get(whole.args["model"], [])
        assert sorted(step.args["model"] for step in steps.values()) == names
        assert len([run for run in segments if run["args"]["request"] == number]) == (0 if names else 1)
        assert {"input", "compute", "output"} <= {name for name, _, _ in whole.parts}
        for step in steps.values():
            assert step.args["trace_id"] == whole.args["trace_id"] and whole.whole[1] <= step.whole[1] <= step.whole[2] <= whole.whole[2]


def test_a_collector_gets_each_step(serve, repository):
    with collector() as running, serve("--model-repository", repository, *running.options) as served:
        with client_of("grpc", served) as client:
            ask(client, "diamond", x=rows(2))
        spans = running.spans(1)
    [root] = [span for span in spans if span.name == "InferRequest"]
    steps = [span for span in spans if span.name in DIAMOND_STEPS]
    assert sorted(step.name for step in steps) == DIAMOND_STEPS and {step.parent_span_id for step in steps} == {root.span_id}
    assert {span.trace_id for span in spans} == {root.trace_id} and len({span.span_id for span in spans}) == len(spans)
    for step in steps:
        assert {"input", "output", "segment 1"} <= {span.name for span in spans if span.parent_span_id == step.span_id}


def test_streams(serve, repository):
    answers = []
    with serve("--model-repository", repository) as served, client_of("grpc", served) as client:
        client.start_stream(lambda result, error: answers.append((result, error)))
        for count in range(1, 9):
            client.async_stream_infer("diamond", [given(client.module, "x", rows(count))], request_id=str(count))
        client.stop_stream()
    assert [error for _, error in answers if error] == [] and [result.get_response().id for result, _ in answers] == [str(n) for n in range(1, 9)]
    for count, (result, _) in enumerate(answers, 1):
        assert np.allclose(result.as_numpy("p"), diamond_of(repository, rows(count)))


@pytest.mark.parametrize("protocol", MODULES)
def test_classification_with_labels(serve, repository, protocol):
    ensemble(repository, "labelled", [("x", "FP32", [4])], [("p", "FP32", [4], 'label_filename: "words.txt"')],
             [("triple", {"in": "x"}, {"out": "t"}), ("softmax", {"in": "t"}, {"out": "p"})], "max_batch_size: 4\n")  # fmt: skip
    (repository / "labelled/words.txt").write_text("ant\nbee\ncat\ndog\n")
    with serve("--model-repository", repository) as served, client_of(protocol, served) as client:
        wanted = client.module.InferRequestedOutput("p", class_count=1)
        answer = client.infer("labelled", [given(client.module, "x", np.float32([[0, 1, 9, 2], [9, 0, 0, 0]]))], outputs=[wanted])
        assert [row[0].split(b":")[1:] for row in answer.as_numpy("p")] == [[b"2", b"cat"], [b"0", b"ant"]]


@pytest.mark.parametrize("protocol", MODULES)
def test_shared_memory(serve, repository, protocol):
    name = f"staronnx_ensemble_{os.getpid()}"
    region = shm.create_shared_memory_region(name, f"/{name}", 96)
    try:
        with serve("--model-repository", repository, "--allow-system-shared-memory") as served, client_of(protocol, served) as client:
            client.register_system_shared_memory(name, f"/{name}", 96)
            shm.set_shared_memory_region(region, [rows(3)])
            x = client.module.InferInput("x", [3, 4], "FP32")
            x.set_shared_memory(name, 48)
            p = client.module.InferRequestedOutput("p")
            p.set_shared_memory(name, 48, 48)
            client.infer("diamond", [x], outputs=[p])
            assert np.allclose(shm.get_contents_as_numpy(region, np.float32, [3, 4], 48), diamond_of(repository, rows(3)))
    finally:
        shm.destroy_shared_memory_region(region)


def slow_repository(folder):
    """ "slow_first": the slow model, then another; "reshaped": a model that fails where the shape does not fit, then another."""
    put(folder, "slow", serve_models.slow)
    put(folder, "after", scaled(2, 64))
    put(folder, "reshape", serve_models.reshape)
    ensemble(folder, "slow_first", [("rounds", "INT64", []), ("in", "FP32", [64, 64])], [("out", "FP32", [64, 64])],
             [("slow", {"rounds": "rounds", "in": "in"}, {"out": "t"}), ("after", {"in": "t"}, {"out": "out"})])  # fmt: skip
    ensemble(folder, "reshaped", [("in", "FP32", [-1]), ("shape", "INT64", [-1])], [("out", "FP32", [-1, 64])],
             [("reshape", {"in": "in", "shape": "shape"}, {"out": "t"}), ("after", {"in": "t"}, {"out": "out"})])  # fmt: skip
    return folder


def slow_inputs(module, rounds):
    eye = np.eye(64, dtype=np.float32)
    return [given(module, "rounds", np.array(rounds, np.int64), "INT64"), given(module, "in", eye)]


@pytest.mark.parametrize("protocol", MODULES)
def test_a_failing_step_is_named(serve, tmp_path, protocol):
    with serve("--model-repository", slow_repository(tmp_path)) as served, client_of(protocol, served) as client:
        flat = given(client.module, "in", np.ones(128, np.float32))

        def run(*shape):
            return client.infer("reshaped", [flat, given(client.module, "shape", np.int64(shape), "INT64")]).as_numpy("out")

        assert np.array_equal(run(2, 64), np.full((2, 64), 2))
        with pytest.raises(InferenceServerException, match="^.*in ensemble 'reshaped', model 'reshape': ") as failed:
            run(3, 64)
        assert failed.value.status() in ("500", "StatusCode.INTERNAL")
        with pytest.raises(InferenceServerException, match=r"in ensemble 'reshaped', model 'after': unexpected shape for input 'in'") as failed:
            run(4, 32)
        assert failed.value.status() in ("400", "StatusCode.INVALID_ARGUMENT")
        assert statistics(client, "reshaped") == {"success": 1, "fail": 2, "compute_infer": 1}
        assert statistics(client, "after") == {"success": 1, "fail": 1, "compute_infer": 1}


@pytest.mark.parametrize("protocol", MODULES)
def test_a_client_that_goes_away_cancels_the_steps(serve, tmp_path, protocol):
    with serve("--model-repository", slow_repository(tmp_path)) as served, client_of(protocol, served) as client:
        calls = []
        for _ in range(20):
            if protocol == "grpc":
                calls.append(client.async_infer("slow_first", slow_inputs(client.module, 10**12), lambda result, error: None))
                continue
            body, json_size = tritonclient.http.InferenceServerClient.generate_request_body(slow_inputs(client.module, 10**12))
            calls.append(socket.create_connection(("127.0.0.1", served.port)))
            calls[-1].sendall(b"POST /v2/models/slow_first/infer HTTP/1.1\r\nHost: x\r\nInference-Header-Content-Length: %d\r\n"
                              b"Content-Length: %d\r\n\r\n" % (json_size, len(body)) + body)  # fmt: skip
        wait_until(lambda: under_way(served, "slow_first") == 20, served)
        for call in calls:
            call.cancel() if protocol == "grpc" else call.close()
        wait_until(lambda: statistics(client, "slow_first")["fail"] >= 10, served)
        assert statistics(client, "slow")["fail"] >= 10
        assert statistics(client, "after") == {"success": 0, "fail": 0, "compute_infer": 0}


@pytest.mark.parametrize("protocol", MODULES)
def test_a_timeout_holds_for_all_steps(serve, tmp_path, protocol):
    with serve("--model-repository", slow_repository(tmp_path)) as served, client_of(protocol, served) as client:
        client.infer("slow_first", slow_inputs(client.module, 1))
        with pytest.raises(InferenceServerException, match="in ensemble 'slow_first', model 'after': .*Request timeout expired") as late:
            client.infer("slow_first", slow_inputs(client.module, 30_000), timeout=20_000)
        assert late.value.status() in ("503", "StatusCode.UNAVAILABLE")
        assert statistics(client, "after")["success"] == 1


def test_what_cannot_be_in_time_is_refused_before_its_first_step(serve, tmp_path):
    repository = slow_repository(tmp_path)
    ensemble(repository, "slow_last", [("rounds", "INT64", []), ("in", "FP32", [64, 64])], [("out", "FP32", [64, 64])],
             [("after", {"in": "in"}, {"out": "t"}), ("slow", {"rounds": "rounds", "in": "t"}, {"out": "out"})])  # fmt: skip
    with serve("--model-repository", repository) as served, client_of("grpc", served) as client:
        for _ in range(40):  # so many that some wait, from which is learnt how long they do
            client.async_infer("slow_last", slow_inputs(client.module, 3000), lambda result, error: None)
        wait_until(lambda: statistics(client, "slow_last")["success"] == 40, served)
        for _ in range(20):
            client.async_infer("slow", slow_inputs(client.module, 10**12), lambda result, error: None)
        wait_until(lambda: under_way(served, "slow") == 20, served)
        with pytest.raises(InferenceServerException, match="the answer is expected in more than .* ms, the deadline is in 1 ms") as refused:
            client.infer("slow_last", slow_inputs(client.module, 1), timeout=1000)
        assert refused.value.status() == "StatusCode.UNAVAILABLE"
        assert statistics(client, "after")["success"] == 40


def test_optional_inputs_may_be_left_out(serve, tmp_path):
    def times(folder):
        tensors = [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in (("in", ["n"]), ("factor", [1]), ("out", ["n"]))]
        graph = helper.make_graph([helper.make_node("Mul", ["in", "factor"], ["out"])], "times", tensors[:2], tensors[2:],
                                  [helper.make_tensor("factor", FLOAT, [1], [2])])  # fmt: skip
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "times.onnx")
        return folder / "times.onnx"

    put(tmp_path, "times", times)
    (tmp_path / "times/config.pbtxt").write_text('input { name: "factor" data_type: TYPE_FP32 dims: [1] optional: true }')
    ensemble(tmp_path, "twice", [("x", "FP32", [-1]), ("f", "FP32", [1], "optional: true")], [("y", "FP32", [-1])], [
        ("times", {"in": "x", "factor": "f"}, {"out": "t"}), ("times", {"in": "t"}, {"out": "y"})])  # fmt: skip
    with serve("--model-repository", tmp_path) as served, client_of("http", served) as client:
        x = np.float32([1, 2, 3])
        assert np.array_equal(ask(client, "twice", "y", x=x), 4 * x)
        assert np.array_equal(ask(client, "twice", "y", x=x, f=np.float32([5])), 10 * x)


# What is wrong with an ensemble, and how the index says it.
MISTAKES = {
    "missing model": ([("x", "FP32", [4])], [("y", "FP32", [4])], [("gone", {"in": "x"}, {"out": "y"})],
                      "ensemble_scheduling.step[0]: Request for unknown model: 'gone' is not found"),
    "missing version": ([("x", "FP32", [4])], [("y", "FP32", [4])], [("triple", {"in": "x"}, {"out": "y"}, 7)],
                        "ensemble_scheduling.step[0]: Request for unknown model: 'triple' version 7 is not found"),
    "unknown input": ([("x", "FP32", [-1, 4])], [("y", "FP32", [-1, 4])], [("triple", {"inn": "x"}, {"out": "y"})],
                      "ensemble_scheduling.step[0]: input 'in' of model 'triple' is mapped to no tensor; write it in input_map"),
    "unknown output": ([("x", "FP32", [-1, 4])], [("y", "FP32", [-1, 4])], [("triple", {"in": "x"}, {"outt": "y"})],
                       "ensemble_scheduling.step[0]: 'outt' is no output of model 'triple'; it has 'out'"),
    "other type": ([("x", "INT32", [-1, 4])], [("y", "FP32", [-1, 4])], [("triple", {"in": "x"}, {"out": "y"})],
                   "ensemble_scheduling.step[0]: tensor 'x' is INT32 as input 'x' of model 'wrong', but FP32 as input 'in' of model 'triple'"),
    "other shape": ([("x", "FP32", [-1, 4])], [("y", "FP32", [-1, 5])], [("triple", {"in": "x"}, {"out": "y"})],
                    "tensor 'y' is [-1,4] as output 'out' of model 'triple', but [-1,5] as output 'y' of model 'wrong'"),
    "a circle": ([("x", "FP32", [-1, 4])], [("y", "FP32", [-1, 4])], [("two", {"a": "x", "b": "y"}, {"sum": "y"})],
                 "ensemble_scheduling.step[0] waits for itself: what it reads comes of tensor 'y', which it writes; break the circle"),
    "itself": ([("x", "FP32", [-1, 4])], [("y", "FP32", [-1, 4])], [("wrong", {"x": "x"}, {"y": "y"})],
               "ensemble_scheduling.step[0].model_name is the ensemble itself; write another model"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_in_the_index(serve, repository, mistake):
    inputs, outputs, steps, says = MISTAKES[mistake]
    ensemble(repository, "wrong", inputs, outputs, steps)
    with serve("--model-repository", repository, ready=False) as served, client_of("http", served) as client:
        served.wait_for("not ready, but serving: diamond")
        state, reason = index_of(client)["wrong"]
        assert state == "UNAVAILABLE" and reason.endswith(says)
        with pytest.raises(InferenceServerException) as refused:
            ask(client, "wrong", x=rows(1))
        assert says in refused.value.message()


def test_an_ensemble_has_a_version_and_no_circle(serve, repository):
    for name, other in (("tick", "tock"), ("tock", "tick")):
        ensemble(repository, name, [("x", "FP32", [-1, 4])], [("y", "FP32", [-1, 4])], [(other, {"x": "x"}, {"y": "y"})])
    shutil.rmtree(repository / "diamond/1")
    with serve("--model-repository", repository, ready=False) as served, client_of("http", served) as client:
        served.wait_for("not ready, but serving: half, softmax, triple, two")
        index = index_of(client)
        assert index["diamond"][1].endswith("has no version, which an ensemble needs, too; make an empty folder '1' there")
        assert "an ensemble cannot be among the models of its own steps" in index["tick"][1] + index["tock"][1]


@pytest.mark.parametrize("protocol", MODULES)
def test_clients_load_and_unload_with_what_is_needed(serve, repository, protocol):
    ensemble(repository, "outer", [("x", "FP32", [-1, 4])], [("p", "FP32", [-1, 4])], [
        ("diamond", {"x": "x"}, {"p": "t"}), ("half", {"in": "t"}, {"out": "p"})])  # fmt: skip
    with serve("--model-repository", repository, "--model-control-mode", "explicit", "--load-model", "diamond") as served, \
            client_of(protocol, served) as client:  # fmt: skip
        assert np.allclose(ask(client, "diamond", x=rows(2)), diamond_of(repository, rows(2)))
        assert index_of(client)["outer"] == ("UNAVAILABLE", "not loaded") and index_of(client)["half"] == ("READY", "")
        client.unload_model("half")  # and nothing else
        wait_until(lambda: index_of(client)["half"] == ("UNAVAILABLE", "unloaded"), served)
        assert "model: 'half' has no available versions" in index_of(client)["diamond"][1] and not client.is_server_ready()
        client.load_model("outer")  # which needs it
        assert client.is_server_ready()
        assert np.allclose(ask(client, "outer", x=rows(2)), diamond_of(repository, rows(2)) / 2)
        client.unload_model("softmax", unload_dependents=True)
        for gone in ("softmax", "diamond", "outer"):
            wait_until(lambda: index_of(client)[gone] == ("UNAVAILABLE", "unloaded"), served)
        assert client.is_model_ready("half") and client.is_server_ready()
        shutil.rmtree(repository / "softmax")
        with pytest.raises(InferenceServerException, match="failed to load 'diamond', which needs 'softmax': there is no model 'softmax'"):
            client.load_model("diamond")


@pytest.mark.parametrize("protocol", MODULES)
def test_no_request_is_lost_while_models_change(serve, repository, protocol):
    ensemble(repository, "outer", [("x", "FP32", [-1, 4])], [("y", "FP32", [-1, 4])], [
        ("inner", {"x": "x"}, {"y": "t"}), ("two", {"a": "t", "b": "x"}, {"sum": "y"})])  # fmt: skip
    ensemble(repository, "inner", [("x", "FP32", [-1, 4])], [("y", "FP32", [-1, 4])], [("triple", {"in": "x"}, {"out": "y"})])
    seen, enough = [], threading.Event()
    with serve("--model-repository", repository, "--model-control-mode", "poll", "--repository-poll-secs", 0.05) as served:

        def go_on_asking():
            with client_of(protocol, served) as client:
                while not enough.is_set():
                    try:
                        seen.append(ask(client, "outer", "y", x=np.ones((1, 4), np.float32))[0, 0])
                    except InferenceServerException as error:
                        seen.append(error)

        asking = [threading.Thread(target=go_on_asking) for _ in range(3)]
        for thread in asking:
            thread.start()
        try:
            with client_of(protocol, served) as client:

                def factor():
                    return ask(client, "outer", "y", x=np.ones((1, 4), np.float32))[0, 0]

                put(repository, "triple", scaled(30))  # another file of a model
                wait_until(lambda: factor() == 31, served)
                ensemble(repository, "inner", [("x", "FP32", [-1, 4])], [("y", "FP32", [-1, 4])], [("half", {"in": "x"}, {"out": "y"})])
                wait_until(lambda: factor() == 1.5, served)
                put(repository, "half", scaled(9, 5))  # does not fit any more
                wait_until(lambda: "tensor 'x' is [-1,4]" in index_of(client)["inner"][1], served)
                assert factor() == 1.5 and client.is_server_ready(), "what was ready stays"
                put(repository, "half", scaled(7))
                wait_until(lambda: factor() == 8, served)
                assert index_of(client)["inner"] == ("READY", "")
        finally:
            enough.set()
            for thread in asking:
                thread.join()
        assert [answer for answer in seen if isinstance(answer, InferenceServerException)] == []
        assert set(seen) <= {4, 31, 1.5, 8} and len(seen) > 10
        with client_of(protocol, served) as client:
            shutil.rmtree(repository / "half")
            wait_until(lambda: index_of(client)["inner"][0] == "UNAVAILABLE", served)
            assert index_of(client)["outer"][0] == "UNAVAILABLE" and index_of(client)["diamond"][0] == "UNAVAILABLE"
            put(repository, "half", scaled(0.5))
            wait_until(lambda: client.is_model_ready("outer"), served)
            assert np.allclose(ask(client, "outer", "y", x=np.ones((1, 4), np.float32)), 1.5)
        assert served.end() == 0, served.errors()


@pytest.mark.parametrize("protocol", MODULES)
def test_the_end_waits_for_ensembles_under_way(serve, tmp_path, protocol):
    with serve("--model-repository", slow_repository(tmp_path)) as served, client_of(protocol, served) as client:
        answers, came = [], threading.Event()

        def run():
            with client_of(protocol, served) as asking:
                answers.append(asking.infer("slow_first", slow_inputs(asking.module, 100_000)).as_numpy("out"))
                came.set()

        thread = threading.Thread(target=run)
        thread.start()

        wait_until(lambda: under_way(served, "slow_first") == 1, served)
        served.process.send_signal(signal.SIGTERM)
        thread.join(timeout=60)
        assert came.is_set() and np.array_equal(answers[0], 2 * np.eye(64))
        assert served.process.wait(timeout=60) == 0, served.errors()
