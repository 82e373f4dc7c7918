"""What a config.pbtxt says is what the server does."""

import http.client
import json
import select
import threading
import urllib.request

import numpy as np
import onnx
import pytest
import tritonclient.http
from onnx import TensorProto, helper
from prometheus_client.parser import text_string_to_metric_families
from serve_models import save, slow, two
from tritonclient.utils import InferenceServerException


def given(name, array, word="FP32"):
    return tritonclient.http.InferInput(name, list(array.shape), word).set_data_from_numpy(array)


@pytest.fixture
def served_with(serve, tmp_path):
    """served_with(make, config, *options): a context; `make(folder)` makes the model "m" of the repository."""

    def run(make, config, *options, **how):
        version = tmp_path / "models/m/1"
        version.mkdir(parents=True)
        make(version).rename(version / "model.onnx")
        (tmp_path / "models/m/config.pbtxt").write_text(config)
        return serve("--model-repository", tmp_path / "models", *options, **how)

    return run


@pytest.fixture
def client_of():
    made = []

    def client(served):
        made.append(tritonclient.http.InferenceServerClient(served.http, concurrency=4, connection_timeout=60, network_timeout=60))
        return made[-1]

    yield client
    for one in made:
        one.close()


def shapes_of(tensors):
    return {tensor["name"]: tensor["shape"] for tensor in tensors}


def rows(count, width=4):
    return np.arange(count * width, dtype=np.float32).reshape(count, width)


def test_batches_have_a_size_that_all_inputs_share(served_with, client_of):
    with served_with(two, "max_batch_size: 3") as served:
        client = client_of(served)
        metadata = client.get_model_metadata("m")
        assert shapes_of(metadata["inputs"]) == {"a": [-1, 4], "b": [-1, 4]} and client.get_model_config("m")["input"][0]["dims"] == [4]
        assert np.array_equal(client.infer("m", [given("a", rows(3)), given("b", rows(3))]).as_numpy("sum"), 2 * rows(3))
        with pytest.raises(InferenceServerException, match="inference request batch-size must be <= 3"):
            client.infer("m", [given("a", rows(4)), given("b", rows(4))])
        with pytest.raises(InferenceServerException, match="batch size does not match"):
            client.infer("m", [given("a", rows(1)), given("b", rows(2))])
        with pytest.raises(InferenceServerException, match=r"unexpected shape for input 'a' for model 'm'. Expected \[-1,4\], got \[1,5\]"):
            client.infer("m", [given("a", rows(1, 5)), given("b", rows(1))])


def test_dims_may_be_narrower_and_outputs_fewer(served_with, client_of):
    config = 'input { name: "a" data_type: TYPE_FP32 dims: [2, 4] } output { name: "difference" data_type: TYPE_FP32 dims: [-1, 4] }'
    with served_with(two, config) as served:
        client = client_of(served)
        metadata = client.get_model_metadata("m")
        assert shapes_of(metadata["inputs"]) == {"a": [2, 4], "b": [-1, 4]} and shapes_of(metadata["outputs"]) == {"difference": [-1, 4]}
        answer = client.infer("m", [given("a", rows(2)), given("b", rows(2))])
        assert [output["name"] for output in answer.get_response()["outputs"]] == ["difference"]
        assert np.array_equal(answer.as_numpy("difference"), np.zeros((2, 4)))
        with pytest.raises(InferenceServerException, match=r"Expected \[2,4\], got \[3,4\]"):
            client.infer("m", [given("a", rows(3)), given("b", rows(3))])
        with pytest.raises(InferenceServerException, match="unexpected inference output 'sum' for model 'm'"):
            client.infer("m", [given("a", rows(2)), given("b", rows(2))], outputs=[tritonclient.http.InferRequestedOutput("sum")])


def test_tensors_are_reshaped(served_with, client_of):
    config = """max_batch_size: 8
        input { name: "a" data_type: TYPE_FP32 dims: [2, 2] reshape { shape: [4] } }
        output { name: "sum" data_type: TYPE_FP32 dims: [4, 1] reshape { shape: [4] } }
        output { name: "difference" data_type: TYPE_FP32 dims: [4] }"""
    with served_with(two, config) as served:
        client = client_of(served)
        assert shapes_of(client.get_model_metadata("m")["inputs"]) == {"a": [-1, 2, 2], "b": [-1, 4]}
        answer = client.infer("m", [given("a", rows(3).reshape(3, 2, 2)), given("b", rows(3))])
        assert np.array_equal(answer.as_numpy("sum"), 2 * rows(3).reshape(3, 4, 1))
        assert answer.as_numpy("difference").shape == (3, 4)
        with pytest.raises(InferenceServerException, match=r"Expected \[-1,2,2\], got \[3,4\]"):
            client.infer("m", [given("a", rows(3)), given("b", rows(3))])


def with_default(folder):
    """m.onnx: "out" is "in" plus "more", which is 1 unless it is given."""
    path = save(folder / "m.onnx", [("in", TensorProto.FLOAT, ["n"]), ("more", TensorProto.FLOAT, [1])], [("out", TensorProto.FLOAT, ["n"])],
                [("Add", ["in", "more"], ["out"])])
    model = onnx.load(path)
    model.graph.initializer.append(helper.make_tensor("more", TensorProto.FLOAT, [1], [1.0]))
    onnx.save(model, path)
    return path


def test_optional_inputs(served_with, client_of):
    with served_with(with_default, 'input { name: "more" data_type: TYPE_FP32 dims: [1] optional: true }') as served:
        client = client_of(served)
        assert shapes_of(client.get_model_metadata("m")["inputs"]) == {"in": [-1], "more": [1]}
        one = np.ones(1, np.float32)
        assert client.infer("m", [given("in", one)]).as_numpy("out") == 2
        assert client.infer("m", [given("in", one), given("more", 5 * one)]).as_numpy("out") == 6
        with pytest.raises(InferenceServerException, match=r"missing required input\(s\) \['in'\]"):
            client.infer("m", [given("more", one)])


WARMUP = """max_batch_size: 4
    model_warmup { name: "zeros" batch_size: 2 count: 3
                   inputs { key: "a" value { data_type: TYPE_FP32 dims: [4] zero_data: true } }
                   inputs { key: "b" value { data_type: TYPE_FP32 dims: [%s] %s } } }"""


def test_models_warm_up_before_they_are_ready(served_with, client_of):
    with served_with(two, WARMUP % (4, "random_data: true")) as served:
        client = client_of(served)
        assert client.get_inference_statistics("m")["model_stats"][0]["inference_count"] == 0, "nobody asked for these"
        assert np.array_equal(client.infer("m", [given("a", rows(1)), given("b", rows(1))]).as_numpy("sum"), 2 * rows(1))


@pytest.mark.parametrize("dims, data, reason", [
    (5, "zero_data: true", r"model_warmup\[0\] 'zeros': unexpected shape for input 'b' for model 'm'"),
    (4, 'input_data_file: "none"', r"model_warmup\[0\] 'zeros', input 'b': '.*/m/warmup/none' cannot be read"),
])
def test_a_model_that_cannot_warm_up_is_not_ready(served_with, client_of, dims, data, reason):
    with served_with(two, WARMUP % (dims, data), ready=False) as served:
        served.wait_for("not ready, but serving: ")
        with pytest.raises(InferenceServerException, match=reason):
            client_of(served).infer("m", [given("a", rows(1)), given("b", rows(1))])


def test_metrics_have_the_tags(served_with):
    with served_with(two, 'metric_tags { key: "team" value: "vision" }') as served:
        with urllib.request.urlopen(served.metrics, timeout=30) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        labels = [sample.labels for family in families for sample in family.samples if "model" in sample.labels]
        assert labels and all(label["team"] == "vision" for label in labels)


def slow_inputs(rounds):
    return [given("rounds", np.array(rounds, np.int64), "INT64"), given("in", np.zeros((64, 64), np.float32))]


def test_queues_are_as_long_and_as_patient_as_the_policy_says(served_with, client_of):
    policy = "max_queue_size: 1 default_timeout_microseconds: 200000 allow_timeout_override: false timeout_action: REJECT"
    batching = "dynamic_batching { preferred_batch_size: [4] max_queue_delay_microseconds: 100 default_queue_policy { %s } }" % policy
    with served_with(slow, batching, "--exit-timeout-secs", 0) as served:
        client = client_of(served)

        def ask():
            try:
                with tritonclient.http.InferenceServerClient(served.http, network_timeout=600) as own:
                    own.infer("m", slow_inputs(200_000), timeout=600_000_000)
                return ""
            except InferenceServerException as error:
                return str(error)

        said = []
        threads = [threading.Thread(target=lambda: said.append(ask())) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        refused = [answer for answer in said if answer]
        assert refused and all("Exceeds maximum queue size" in answer or "Request timeout expired" in answer or "expected" in answer for answer in refused), said
        assert any("Exceeds maximum queue size" in answer for answer in refused), said
        assert client.is_server_live()


def asked(served, rounds):
    """A connection on which the model "m" is asked for so many rounds."""
    body = json.dumps({"inputs": [{"name": "rounds", "shape": [], "datatype": "INT64", "data": [rounds]},
                                  {"name": "in", "shape": [64, 64], "datatype": "FP32", "data": [0] * 4096}]})
    connection = http.client.HTTPConnection(served.http, timeout=600)
    connection.request("POST", "/v2/models/m/infer", body)
    return connection


def pending(served):
    with urllib.request.urlopen(served.metrics, timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return next(sample.value for family in families for sample in family.samples if sample.name == "nv_inference_pending_request_count")


def test_answers_leave_in_the_order_of_requests_over_all_clients(served_with):
    with served_with(slow, "dynamic_batching { preserve_ordering: true }") as served:
        first = asked(served, 100_000)
        while pending(served) < 1:
            pass
        quick = [asked(served, 1) for _ in range(5)]
        statuses = [connection.getresponse().status for connection in quick]
        assert statuses == [200] * 5 and select.select([first.sock], [], [], 0)[0], "the answer before them has left"
        assert first.getresponse().status == 200


def test_the_late_are_answered_where_they_go_last(served_with, client_of):
    with served_with(two, "dynamic_batching { default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 1 } }") as served:
        assert np.array_equal(client_of(served).infer("m", [given("a", rows(1)), given("b", rows(1))]).as_numpy("sum"), 2 * rows(1))


def test_levels_of_priority_have_policies_of_their_own(served_with, client_of):
    levels = "priority_levels: 2 default_priority_level: 2 priority_queue_policy { key: 1 value { default_timeout_microseconds: 1 } }"
    with served_with(two, "dynamic_batching { %s }" % levels) as served:
        inputs = [given("a", rows(1)), given("b", rows(1))]
        client_of(served).infer("m", inputs)
        with pytest.raises(InferenceServerException, match="Request timeout expired"):
            client_of(served).infer("m", inputs, priority=1)


def test_who_waits_for_a_batch_is_answered_with_its_own_result(served_with, client_of):
    batching = "dynamic_batching { max_queue_delay_microseconds: 20000 preferred_batch_size: [2] }"
    with served_with(two, "max_batch_size: 4 " + batching) as served:
        client = client_of(served)
        asked_for = [client.async_infer("m", [given("a", i + rows(1)), given("b", rows(1))]) for i in range(9)]
        for i, answer in enumerate(asked_for):
            assert np.array_equal(answer.get_result().as_numpy("sum"), i + 2 * rows(1))


@pytest.mark.parametrize("config, reason", [
    ("dynamic_batching { preserve_ordering: true default_queue_policy { timeout_action: DELAY } }", "does not go with timeout_action DELAY"),
    ("instance_group { count: 2 }", r"instance_group\[0\].count is not supported"),
    ("response_cache { enable: true }", "response_cache.enable is not supported"),
    ('input { name: "a" data_type: TYPE_FP32 dims: [-1, 3] }', r"input 'a' has shape \[-1,3\] by the configuration, but \[-1,4\] in the model"),
])
def test_what_is_not_done_is_refused_by_name(served_with, client_of, config, reason):
    with served_with(two, config, ready=False) as served:
        served.wait_for("not ready, but serving: ")
        with pytest.raises(InferenceServerException, match=reason):
            client_of(served).infer("m", [given("a", rows(1)), given("b", rows(1))])
