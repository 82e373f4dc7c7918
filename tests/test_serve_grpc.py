"""The server over gRPC: the real command, the protocol's public client, and gRPC's own tools."""

import asyncio
import queue
import re
import socket

import grpc
import ml_dtypes
import numpy as np
import onnxruntime
import pytest
import tritonclient.grpc as client_library
import tritonclient.grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import service_pb2 as messages
from tritonclient.grpc import service_pb2_grpc
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

NUMPY = {"BOOL": bool, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64, "INT8": np.int8,
         "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64,
         "BF16": ml_dtypes.bfloat16}


@pytest.fixture
def client(served):
    with client_library.InferenceServerClient(served.grpc) as client:
        yield client


@pytest.fixture
def stub(served):
    with grpc.insecure_channel(served.grpc, options=[("grpc.max_receive_message_length", -1)]) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def given(name, array, word=None):
    tensor = client_library.InferInput(name, list(array.shape), word or np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(array)
    return tensor


def two_inputs(rows=2):
    a = np.arange(rows * 4, dtype=np.float32).reshape(rows, 4)
    return a, a * 10


def raw_request(model="two", **fields):
    a, b = two_inputs()
    tensor = messages.ModelInferRequest.InferInputTensor
    inputs = [tensor(name=name, datatype="FP32", shape=[2, 4]) for name in "ab"]
    return messages.ModelInferRequest(model_name=model, inputs=inputs, raw_input_contents=[a.tobytes(), b.tobytes()], **fields)


def slow_request(rounds):
    tensor = messages.ModelInferRequest.InferInputTensor
    inputs = [tensor(name="rounds", datatype="INT64", shape=[]), tensor(name="in", datatype="FP32", shape=[64, 64])]
    contents = [np.int64(rounds).tobytes(), np.zeros((64, 64), np.float32).tobytes()]
    return messages.ModelInferRequest(model_name="slow", inputs=inputs, raw_input_contents=contents)


def of_slow(client):
    """How many requests to the slow model have succeeded and failed."""
    stats = client.get_inference_statistics("slow").model_stats[0].inference_stats
    return np.array([stats.success.count, stats.fail.count])


def test_it_says_what_it_is(client):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("two") and client.is_model_ready("two", "1")
    assert not client.is_model_ready("none") and not client.is_model_ready("two", "9")
    server = client.get_server_metadata()
    assert server.name == "staronnx" and {"statistics", "binary_tensor_data"} <= set(server.extensions)
    model = client.get_model_metadata("two")
    assert (model.name, model.versions, model.platform) == ("two", ["1"], "onnxruntime_onnx")
    assert [(tensor.name, tensor.datatype, list(tensor.shape)) for tensor in model.inputs] == [("a", "FP32", [-1, 4]), ("b", "FP32", [-1, 4])]
    assert {entry.name: entry.state for entry in client.get_model_repository_index().models}["two"] == "READY"


def test_the_configuration_is_complete(client):
    config = client.get_model_config("two", as_json=True)["config"]
    assert config["name"] == "two" and config["backend"] == "onnxruntime" and "max_batch_size" not in config
    assert [(tensor["name"], tensor["data_type"], tensor["dims"]) for tensor in config["output"]] == [
        ("sum", "TYPE_FP32", ["-1", "4"]), ("difference", "TYPE_FP32", ["-1", "4"])]


def test_answers_are_onnx_runtimes(client, served_models):
    session = onnxruntime.InferenceSession(served_models["squeezenet"])
    place = session.get_inputs()[0]
    image = np.random.default_rng(1).standard_normal(place.shape, dtype=np.float32)
    wanted = session.run(None, {place.name: image})[0]
    answer = client.infer("squeezenet", [given(place.name, image)], request_id="seven")
    np.testing.assert_allclose(answer.as_numpy(session.get_outputs()[0].name), wanted, rtol=1e-4, atol=1e-5)
    assert answer.get_response().id == "seven" and answer.get_response().model_version == "1"


def test_every_type_passes_raw(client):
    arrays = {word: np.array([0, 1, 1], kind) for word, kind in NUMPY.items()}
    arrays["BYTES"] = np.array([b"", b"a\0b", "\u00fc".encode()], object)
    inputs = [given(f"in_{word}", array, word) for word, array in arrays.items()]
    answer = client.infer("types", inputs)
    for word, array in arrays.items():
        np.testing.assert_array_equal(answer.as_numpy(f"out_{word}"), array)
    assert len(answer.get_response().raw_output_contents) == len(answer.get_response().outputs) == 14


def test_typed_contents_are_the_same(stub):
    tensor = messages.ModelInferRequest.InferInputTensor
    contents = messages.InferTensorContents
    a, b = two_inputs()
    inputs = [tensor(name=name, datatype="FP32", shape=[2, 4], contents=contents(fp32_contents=array.ravel()))
              for name, array in (("a", a), ("b", b))]
    answer = stub.ModelInfer(messages.ModelInferRequest(model_name="two", inputs=inputs))
    assert answer.raw_output_contents[0] == (a + b).tobytes()
    text = tensor(name="in", datatype="BYTES", shape=[2], contents=contents(bytes_contents=[b"x", b"yz"]))
    answer = stub.ModelInfer(messages.ModelInferRequest(model_name="identity_bytes", inputs=[text]))
    assert answer.raw_output_contents[0] == b"\1\0\0\0x\2\0\0\0yz"


def test_empty_tensors_pass(client):
    answer = client.infer("identity_fp32", [given("in", np.zeros(0, np.float32))])
    assert answer.as_numpy("out").shape == (0,)


def test_outputs_are_those_asked_for(client):
    a, b = two_inputs()
    asked = [client_library.InferRequestedOutput("difference"), client_library.InferRequestedOutput("sum", class_count=2)]
    answer = client.infer("two", [given("a", a), given("b", b)], outputs=asked)
    assert [output.name for output in answer.get_response().outputs] == ["difference", "sum"]
    np.testing.assert_array_equal(answer.as_numpy("difference"), a - b)
    assert answer.as_numpy("sum")[0].startswith(b"77.0")


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_requests_may_be_compressed(client, algorithm):
    a, b = two_inputs(1000)
    answer = client.infer("two", [given("a", a), given("b", b)], compression_algorithm=algorithm)
    np.testing.assert_array_equal(answer.as_numpy("sum"), a + b)


def test_large_tensors_pass(stub):
    """Larger than what gRPC takes unless it is told to."""
    data = np.random.default_rng(2).bytes(80 << 20)
    place = messages.ModelInferRequest.InferInputTensor(name="in", datatype="FP32", shape=[len(data) // 4])
    answer = stub.ModelInfer(messages.ModelInferRequest(model_name="identity_fp32", inputs=[place], raw_input_contents=[data]))
    assert answer.raw_output_contents[0] == data


def changed(change, **fields):
    request = raw_request(**fields)
    change(request)
    return request


def repeat_output(request):
    for _ in range(2):
        request.outputs.add(name="sum")


INVALID, NOT_FOUND, UNIMPLEMENTED = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNIMPLEMENTED
def put(tensor, **parameters):
    for name, value in parameters.items():
        setattr(tensor.parameters[name], "string_param" if isinstance(value, str) else "int64_param", value)
    return tensor


def without_bytes(request):
    """Of its first input."""
    request.raw_input_contents.pop(0)
    return request


WRONG = [
    (lambda r: setattr(r, "model_name", "none"), INVALID, "Request for unknown model: 'none' is not found"),
    (lambda r: setattr(r, "model_name", ""), INVALID, "Request for unknown model: '' is not found"),
    (lambda r: setattr(r, "model_version", "99"), NOT_FOUND, "Request for unknown model: 'two' version 99 is not found"),
    (lambda r: setattr(r, "model_version", "x"), INVALID,
     "failed to get model version from specified version string 'x'; version should be an integer value > 0"),
    (lambda r: setattr(r, "model_version", "0"), INVALID,
     "failed to get model version from specified version string '0'; version should be an integer value > 0"),
    (lambda r: r.raw_input_contents.pop(), INVALID, "raw_input_contents has 1 entries, but there are 2 inputs"),
    (lambda r: r.raw_input_contents.append(b""), INVALID, "raw_input_contents has 3 entries, but there are 2 inputs"),
    (lambda r: (r.inputs.pop(), r.raw_input_contents.pop()), INVALID,
     "expected 2 inputs but got 1 inputs for model 'two'. Got input(s) ['a'], but missing required input(s) ['b']. Please provide all required input(s)."),
    (lambda r: r.inputs[0].contents.fp32_contents.append(1), INVALID, "contents field must not be specified when using raw_input_contents for input 'a'"),
    (lambda r: r.raw_input_contents.__setitem__(0, b"1234"), INVALID, "input byte size mismatch for input 'a' for model 'two'. Expected 32, got 4"),
    (lambda r: setattr(r.inputs[0], "name", "c"), INVALID, "unexpected inference input 'c' for model 'two'"),
    (lambda r: setattr(r.inputs[1], "name", "a"), INVALID, "input 'a' already exists in request"),
    (lambda r: setattr(r.inputs[0], "datatype", "FP64"), INVALID, "inference input 'a' data-type is 'FP64', but model 'two' expects 'FP32'"),
    (lambda r: setattr(r.inputs[0], "datatype", "float"), INVALID, "input 'a' has the datatype 'float', which the protocol does not know"),
    (lambda r: setattr(r.inputs[0], "datatype", ""), INVALID, "input 'a' has the datatype '', which the protocol does not know"),
    (lambda r: r.inputs[0].shape.append(1), INVALID, "unexpected shape for input 'a' for model 'two'. Expected [-1,4], got [2,4,1]"),
    (lambda r: r.inputs[0].shape.__setitem__(1, 5), INVALID, "unexpected shape for input 'a' for model 'two'. Expected [-1,4], got [2,5]"),
    (lambda r: r.inputs[0].shape.__setitem__(0, -2), INVALID, "'shape' of input 'a' must be a list of whole numbers of at least 0"),
    (lambda r: r.inputs[0].shape.__setitem__(0, 2**62), INVALID, "'shape' of input 'a' has more elements than there can be"),
    (lambda r: r.outputs.add(name="product"), INVALID, "unexpected inference output 'product' for model 'two'"),
    (repeat_output, INVALID, "output 'sum' already exists in request"),
    (lambda r: r.parameters["priority"].__setattr__("string_param", "1"), INVALID, "parameter 'priority' must be a whole number of at least 0"),
    (lambda r: r.parameters["timeout"].__setattr__("int64_param", -1), INVALID, "parameter 'timeout' must be a whole number of at least 0"),
    (lambda r: r.inputs[0].parameters["shared_memory_region"].__setattr__("string_param", "x"), INVALID,
     "raw_input_contents has 2 entries, but there are 1 inputs that are not in shared memory"),
    (lambda r: (r.raw_input_contents.pop(), r.inputs[0].parameters["shared_memory_region"].__setattr__("string_param", "x")), INVALID,
     "input 'a' has 'shared_memory_region', but no 'shared_memory_byte_size'"),
    (lambda r: setattr(r, "model_version", "1.5"), INVALID,
     "failed to get model version from specified version string '1.5'; version should be an integer value > 0"),
    (lambda r: r.parameters["priority"].__setattr__("int64_param", -1), INVALID, "parameter 'priority' must be a whole number of at least 0"),
    (lambda r: r.parameters["timeout"].__setattr__("double_param", 0.5), INVALID, "parameter 'timeout' must be a whole number of at least 0"),
    (lambda r: put(r.outputs.add(name="sum"), classification=-1), INVALID, "output 'sum': parameter 'classification' must be a whole number of at least 0"),
    (lambda r: put(r.outputs.add(name="sum"), classification=2**40), INVALID,
     "output 'sum' has the classification 1099511627776, more than any output has values"),
    (lambda r: put(r.outputs.add(name="sum"), shared_memory_region="r"), INVALID, "output 'sum' has 'shared_memory_region', but no 'shared_memory_byte_size'"),
    (lambda r: put(r.outputs.add(name="sum"), shared_memory_region="r", shared_memory_byte_size=32), NOT_FOUND, "Unable to find shared memory region: 'r'"),
    (lambda r: put(without_bytes(r).inputs[0], shared_memory_region=1, shared_memory_byte_size=32), INVALID,
     "'shared_memory_region' of input 'a' must be text"),
    (lambda r: put(without_bytes(r).inputs[0], shared_memory_region="r", shared_memory_byte_size="x"), INVALID,
     "input 'a': parameter 'shared_memory_byte_size' must be a whole number of at least 0"),
    (lambda r: put(without_bytes(r).inputs[0], shared_memory_region="r", shared_memory_byte_size=32, shared_memory_offset=-1), INVALID,
     "input 'a': parameter 'shared_memory_offset' must be a whole number of at least 0"),
    (lambda r: put(without_bytes(r).inputs[0], shared_memory_region="r", shared_memory_byte_size=32), NOT_FOUND, "Unable to find shared memory region: 'r'"),
    (lambda r: (put(without_bytes(r).inputs[0], shared_memory_region="r", shared_memory_byte_size=32).contents.fp32_contents.append(1)), INVALID,
     "input 'a' has both 'shared_memory_region' and contents; give one"),
    (lambda r: (r.ClearField("raw_input_contents"), r.inputs[0].contents.int_contents.append(1)), INVALID,
     "input 'a': contents has elements in another list than that for FP32"),
]


@pytest.mark.parametrize("change,code,message", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_said_and_disturbs_nobody(stub, change, code, message):
    beside = stub.ModelInfer.future(raw_request())
    with pytest.raises(grpc.RpcError) as refused:
        stub.ModelInfer(changed(change))
    assert refused.value.code() == code
    assert refused.value.details() == message
    a, b = two_inputs()
    assert beside.result().raw_output_contents[0] == (a + b).tobytes()


def test_what_is_no_message_is_refused(served):
    with grpc.insecure_channel(served.grpc) as channel:
        infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for bytes_sent in (b"\xff", b"\x3a\xff\xff\xff\x7f", b"\x0a\x05two", raw_request().SerializeToString()[:-1]):
            with pytest.raises(grpc.RpcError) as refused:
                infer(bytes_sent)
            assert refused.value.code() == INVALID and refused.value.details() == "the message is no ModelInferRequest"


def test_what_is_no_message_of_other_calls_ends_these_alone(served, client):
    with grpc.insecure_channel(served.grpc) as channel:
        for call in (channel.unary_unary("/inference.GRPCInferenceService/ModelReady"), channel.unary_unary("/grpc.health.v1.Health/Check")):
            with pytest.raises(grpc.RpcError) as refused:
                call(b"\xff")
            assert refused.value.code() == grpc.StatusCode.INTERNAL
        for name in ("ModelInfer", "ModelReady"):
            with pytest.raises(grpc.RpcError) as refused:
                channel.stream_unary(f"/inference.GRPCInferenceService/{name}")(iter([]))  # no message at all
            assert refused.value.code() == grpc.StatusCode.INTERNAL
    assert client.is_model_ready("two")


def test_streams_answer_in_order_with_errors_in_band(client):
    answers = queue.SimpleQueue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for number in range(40):
        rows = number % 3 + 1
        a, b = two_inputs(rows)
        client.async_stream_infer("none" if number % 5 == 4 else "two", [given("a", a), given("b", b)], request_id=str(number))
    client.stop_stream()
    for number in range(40):
        result, error = answers.get_nowait()
        if number % 5 == 4:
            assert "unknown model: 'none'" in str(error)
        else:
            assert result.get_response().id == str(number) and result.as_numpy("sum").shape == (number % 3 + 1, 4)
            assert not result.get_response().parameters
    assert answers.empty()


def test_streams_say_which_answer_is_the_last_when_asked(stub):
    asking = raw_request(id="x", parameters={"triton_enable_empty_final_response": messages.InferParameter(bool_param=True)})
    failing = changed(lambda r: setattr(r, "model_name", "none"), id="y")
    good, bad = stub.ModelStreamInfer(iter([asking, failing]))
    assert good.infer_response.parameters["triton_final_response"].bool_param and good.error_message == ""
    assert bad.infer_response.id == "y" and "unknown model" in bad.error_message


def test_asyncio_clients_work(served):
    async def use():
        async with tritonclient.grpc.aio.InferenceServerClient(served.grpc) as client:
            a, b = two_inputs()

            async def requests():
                for number in range(5):
                    yield {"model_name": "two", "inputs": [given("a", a), given("b", b)], "request_id": str(number)}

            single = await asyncio.gather(*(client.infer("two", [given("a", a), given("b", b)]) for _ in range(20)))
            streamed = [result async for result, error in client.stream_infer(requests()) if error is None]
            return [answer.as_numpy("sum") for answer in single], [answer.get_response().id for answer in streamed]

    sums, ids = asyncio.run(use())
    a, b = two_inputs()
    assert len(sums) == 20 and all((sum == a + b).all() for sum in sums)
    assert ids == list("01234")


def test_statistics_count(client, serve, served_models):
    a, b = two_inputs()
    with serve(served_models["two"]) as own, client_library.InferenceServerClient(own.grpc) as only:
        for _ in range(3):
            only.infer("two", [given("a", a), given("b", b)])
        with pytest.raises(InferenceServerException):
            only.infer("two", [given("a", a)])
        stats = only.get_inference_statistics("two", "1").model_stats[0]
        assert (stats.inference_count, stats.execution_count, stats.inference_stats.success.count, stats.inference_stats.fail.count) == (3, 3, 3, 1)
        times = stats.inference_stats
        assert times.compute_input.count == times.compute_infer.count == times.compute_output.count == times.queue.count == 3
        assert 0 < times.compute_infer.ns <= times.success.ns


def test_cancelled_requests_are_not_computed(client, stub):
    before = of_slow(client)
    running = [stub.ModelInfer.future(slow_request(30_000)) for _ in range(40)]
    stub.ModelInfer(raw_request())  # comes over the same connection, behind them
    for call in running[1:]:
        call.cancel()
    assert len(running[0].result().raw_output_contents) == 1
    stub.ModelInfer(slow_request(1))  # has its turn behind those that are left
    succeeded, failed = of_slow(client) - before
    assert succeeded < 20 < failed


def test_a_stream_that_is_cancelled_ends_its_inferences(client, stub):
    before = of_slow(client)
    stream = stub.ModelStreamInfer(iter([slow_request(1), *(slow_request(30_000) for _ in range(40))]))
    next(stream)
    stream.cancel()
    assert stream.code() == grpc.StatusCode.CANCELLED
    stub.ModelInfer(slow_request(1))  # has its turn behind them
    succeeded, _ = of_slow(client) - before
    assert succeeded < 20


def test_a_client_that_waits_no_longer_is_let_go(client, stub):
    with pytest.raises(grpc.RpcError) as late:
        stub.ModelInfer(slow_request(300_000), timeout=0.05)
    assert late.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    a, b = two_inputs()
    assert client.infer("two", [given("a", a), given("b", b)]).as_numpy("sum").shape == (2, 4)


def test_calls_that_are_not_there_say_so(served):
    with grpc.insecure_channel(served.grpc) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary("/inference.GRPCInferenceService/NoSuchCall")(b"")
    assert refused.value.code() == UNIMPLEMENTED


def test_health_is_grpcs(served):
    with grpc.insecure_channel(served.grpc) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", "inference.GRPCInferenceService"):
            assert health.Check(health_pb2.HealthCheckRequest(service=service)).status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as unknown:
            health.Check(health_pb2.HealthCheckRequest(service="other"))
        assert unknown.value.code() == NOT_FOUND


def test_health_is_of_models_too(served):
    with grpc.insecure_channel(served.grpc) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        assert health.Check(health_pb2.HealthCheckRequest(service="two")).status == health_pb2.HealthCheckResponse.SERVING


def test_watches_end_with_the_server_and_do_not_hold_it(serve, served_models):
    with serve(served_models["two"], "--exit-timeout-secs", "3600") as running, grpc.insecure_channel(running.grpc) as channel:
        watches = [watch(channel, service) for service in ("", "two", "none")]
        assert [next(each) for each in watches] == ["SERVING", "SERVING", "SERVICE_UNKNOWN"]
        assert running.end() == 0
        assert [list(each) for each in watches] == [["NOT_SERVING"], [], []]


def watch(channel, service):
    """What a watch of grpc.health.v1 says, in words, until it ends."""
    for answer in health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=service), timeout=60):
        yield health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def test_a_watch_that_goes_disturbs_nobody(served):
    with grpc.insecure_channel(served.grpc) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        gone, stays = (stub.Watch(health_pb2.HealthCheckRequest()) for _ in range(2))
        assert next(gone).status == next(stays).status == health_pb2.HealthCheckResponse.SERVING
        gone.cancel()
        assert stub.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
        assert stays.is_active()
        stays.cancel()


def test_reflection_shows_the_services(served):
    with grpc.insecure_channel(served.grpc) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert {"inference.GRPCInferenceService", "grpc.health.v1.Health"} <= set(database.get_services())
        file = database.FindFileContainingSymbol("inference.GRPCInferenceService")
        assert "ModelStreamInfer" in [method.name for method in file.service[0].method]


def test_clients_may_ping_as_often_as_they_like(served):
    """HTTP/2 by hand: every ping is acknowledged, and the connection stays."""
    settings, ping, goaway = 4, 6, 7
    frame = lambda kind, payload=b"": len(payload).to_bytes(3, "big") + bytes([kind, 0, 0, 0, 0, 0]) + payload
    host, port = served.grpc.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=60) as connection, connection.makefile("rb") as answers:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings) + 100 * frame(ping, bytes(8)))
        acknowledged = 0
        while acknowledged < 100:
            head = answers.read(9)
            assert len(head) == 9 and head[3] != goaway
            answers.read(int.from_bytes(head[:3], "big"))
            acknowledged += head[3] == ping and head[4] == 1


def test_a_port_that_is_taken_is_one_clear_line(staronnx, served, served_models):
    port = served.grpc.rsplit(":", 1)[1]
    done = staronnx("serve", served_models["two"], "--http-port", 0, "--grpc-port", port, check=False)
    assert done.returncode != 0
    assert re.search(rf"gRPC cannot listen at 127.0.0.1:{port}", done.stderr)


def test_what_is_under_way_is_answered_at_the_end(serve, served_models):
    with serve(served_models["slow"]) as own, grpc.insecure_channel(own.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        call = stub.ModelInfer.future(slow_request(100_000))
        stub.ModelInfer(slow_request(0))  # comes over the same connection, behind it
        assert own.end() == 0
        assert len(call.result().raw_output_contents) == 1


def test_a_stream_that_is_under_way_is_answered_at_the_end(serve, served_models):
    with serve(served_models["slow"]) as own, grpc.insecure_channel(own.grpc) as channel:
        stream = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelStreamInfer(iter([slow_request(0), slow_request(100_000)]))
        assert len(next(stream).infer_response.raw_output_contents) == 1
        assert own.end() == 0
        assert [len(answer.infer_response.raw_output_contents) for answer in stream] == [1]


def test_at_the_deadline_of_the_end_calls_are_cancelled(serve, served_models):
    with serve(served_models["slow"], "--exit-timeout-secs", 0) as own, grpc.insecure_channel(own.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        held = queue.SimpleQueue()
        calls = [stub.ModelInfer.future(slow_request(300_000)), stub.ModelStreamInfer(iter(held.get, None))]
        held.put(slow_request(0))
        next(calls[1])
        assert own.end() == 0
        assert all(call.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED) for call in calls)
        held.put(None)
