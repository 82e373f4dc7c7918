"""Tensors in shared memory: tritonclient over HTTP and gRPC, with objects that tests make as clients do."""

import itertools
import os

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
import tritonclient.utils.shared_memory as shm
from tritonclient.utils import InferenceServerException

MODULES = {"http": tritonclient.http, "grpc": tritonclient.grpc}
NOT_FOUND = {"http": "404", "grpc": "StatusCode.NOT_FOUND"}
UNSUPPORTED = {"http": "501", "grpc": "StatusCode.UNIMPLEMENTED"}
INVALID = {"http": "400", "grpc": "StatusCode.INVALID_ARGUMENT"}
EXISTS = {"http": "400", "grpc": "StatusCode.ALREADY_EXISTS"}
numbers = itertools.count()


@pytest.fixture(scope="module")
def sharing(serve, served_models):
    with serve(served_models["two"], served_models["identity_bytes"], "--allow-system-shared-memory") as running:
        yield running
        assert running.end() == 0, running.errors()


@pytest.fixture(params=MODULES)
def protocol(request):
    return request.param


@pytest.fixture
def library(protocol):
    return MODULES[protocol]


@pytest.fixture
def client(sharing, protocol, library):
    made = library.InferenceServerClient(getattr(sharing, protocol))
    yield made
    made.unregister_system_shared_memory()
    made.close()


@pytest.fixture
def region():
    """region(bytes) -> handle of a new object, gone after the test."""
    made = []

    def make(size):
        name = f"staronnx_{os.getpid()}_{next(numbers)}"
        made.append(shm.create_shared_memory_region(name, f"/{name}", size))
        return made[-1]

    yield make
    for handle in made:
        shm.destroy_shared_memory_region(handle)


@pytest.fixture
def registered(client, region):
    """registered("r", bytes) -> handle."""

    def make(name, size):
        handle = region(size)
        client.register_system_shared_memory(name, handle._shm_key, size)
        return handle

    return make


def shared_input(library, name, shape, region, size, offset=0, word="FP32"):
    tensor = library.InferInput(name, shape, word)
    tensor.set_shared_memory(region, size, offset)
    return tensor


def shared_output(library, name, region, size, offset=0):
    output = library.InferRequestedOutput(name)
    output.set_shared_memory(region, size, offset)
    return output


def a_and_b(library, region="in", size=32):
    return [shared_input(library, "a", [2, 4], region, size), shared_input(library, "b", [2, 4], region, size, 32)]


A = np.arange(8, dtype=np.float32).reshape(2, 4)
B = A * 10


def refused(status, message, call, *arguments, **named):
    with pytest.raises(InferenceServerException) as failure:
        call(*arguments, **named)
    assert failure.value.status() == status and message in failure.value.message(), failure.value


def described(output):
    if isinstance(output, dict):
        return output["datatype"], output["shape"]
    return output.datatype, list(output.shape)


def test_tensors_go_both_ways(client, library, registered):
    given, taken = registered("in", 64), registered("out", 100)
    shm.set_shared_memory_region(given, [A, B])
    outputs = [shared_output(library, "sum", "out", 40, 60), library.InferRequestedOutput("difference")]
    answer = client.infer("two", a_and_b(library), outputs=outputs)
    np.testing.assert_array_equal(shm.get_contents_as_numpy(taken, np.float32, [2, 4], 60), A + B)
    np.testing.assert_array_equal(answer.as_numpy("difference"), A - B)
    assert described(answer.get_output("sum")) == ("FP32", [2, 4])


def test_one_input_in_shared_memory_and_one_sent(client, library, registered):
    shm.set_shared_memory_region(registered("in", 32), [A])
    b = library.InferInput("b", [2, 4], "FP32")
    b.set_data_from_numpy(B)
    answer = client.infer("two", [shared_input(library, "a", [2, 4], "in", 32), b])
    np.testing.assert_array_equal(answer.as_numpy("sum"), A + B)


def test_text(client, library, registered):
    text = np.array([b"", b"dog", b"x" * 100], np.object_)
    data = b"".join(len(one).to_bytes(4, "little") + one for one in text)
    shm.set_shared_memory_region(registered("in", len(data)), [np.frombuffer(data, np.uint8)])
    answer = client.infer("identity_bytes", [shared_input(library, "in", [3], "in", len(data), word="BYTES")])
    assert list(answer.as_numpy("out")) == list(text)


def test_status_and_removal(client, protocol, registered):
    one, two = registered("one", 10), registered("two", 20)
    every = client.get_system_shared_memory_status(**({"as_json": True} if protocol == "grpc" else {}))
    every = every["regions"].values() if protocol == "grpc" else every
    assert sorted((entry["name"], entry["key"], int(entry["byte_size"])) for entry in every) == [("one", one._shm_key, 10), ("two", two._shm_key, 20)]
    client.unregister_system_shared_memory("one")
    refused(NOT_FOUND[protocol], "Unable to find system shared memory region: 'one'", client.get_system_shared_memory_status, "one")
    client.unregister_system_shared_memory("one")
    client.unregister_system_shared_memory()
    refused(NOT_FOUND[protocol], "Unable to find system shared memory region: 'two'", client.get_system_shared_memory_status, "two")


def test_what_is_no_region_is_refused(client, protocol, region, registered):
    key = registered("taken", 10)._shm_key
    register = client.register_system_shared_memory
    refused(EXISTS[protocol], "shared memory region 'taken' already in manager", register, "taken", key, 10)
    refused(INVALID[protocol], "failed to register shared memory region 'r': invalid args", register, "r", key, 11)
    refused(INVALID[protocol], "failed to register shared memory region 'r': invalid args", register, "r", key, 10, offset=1)
    refused(NOT_FOUND[protocol], "Unable to open shared memory region: 'r'", register, "r", key + "x", 10)
    for odd in ("..", "/..", "../etc/passwd", "/a/b", ""):
        refused(INVALID[protocol], f"'{odd}' is no key", register, "r", odd, 1)


def test_what_is_outside_a_region_is_refused(client, protocol, library, registered):
    registered("in", 40), registered("out", 31)
    infer = client.infer
    refused(NOT_FOUND[protocol], "Unable to find shared memory region: 'nobody'", infer, "two", a_and_b(library, "nobody"))
    refused(INVALID[protocol], "Invalid offset + byte size for shared memory region: 'in'", infer, "two", a_and_b(library))
    far = [shared_input(library, "a", [2, 4], "in", 32, 41)]
    refused(INVALID[protocol], "Invalid offset for shared memory region: 'in'", infer, "two", far)
    small = [shared_input(library, name, [2, 4], "in", 28) for name in "ab"]
    refused(INVALID[protocol], "input byte size mismatch for input 'a' for model 'two'. Expected 32, got 28", infer, "two", small)
    good = [shared_input(library, name, [2, 4], "in", 32) for name in "ab"]
    outputs = [shared_output(library, "sum", "out", 31)]
    refused(INVALID[protocol], "should be at least 32 bytes to hold the results", infer, "two", good, outputs=outputs)
    outputs = [shared_output(library, "sum", "nobody", 32)]
    refused(NOT_FOUND[protocol], "Unable to find shared memory region: 'nobody'", infer, "two", good, outputs=outputs)


def test_objects_that_vanish_or_shrink(client, protocol, library, registered):
    given = registered("in", 64)
    shm.set_shared_memory_region(given, [A, B])
    path = f"/dev/shm{given._shm_key}"
    os.truncate(path, 40)
    refused(INVALID[protocol], "shared memory region 'in' has become shorter", client.infer, "two", a_and_b(library))
    os.truncate(path, 64)
    shm.set_shared_memory_region(given, [A, B])
    os.rename(path, path + "_gone")
    np.testing.assert_array_equal(client.infer("two", a_and_b(library)).as_numpy("sum"), A + B)
    os.rename(path + "_gone", path)


def test_cuda_regions_are_none_and_may_be_unregistered(client, protocol):
    client.unregister_cuda_shared_memory()
    client.unregister_cuda_shared_memory("r")
    status = client.get_cuda_shared_memory_status()
    assert (list(status) if protocol == "http" else list(status.regions)) == []
    refused(NOT_FOUND[protocol], "Unable to find cuda shared memory region: 'r'", client.get_cuda_shared_memory_status, "r")
    refused(UNSUPPORTED[protocol], "CUDA shared memory is not supported", client.register_cuda_shared_memory, "r", b"eA==", 0, 8)


def test_it_is_off_unless_asked_for(served, sharing, protocol, library, region):
    made = library.InferenceServerClient(getattr(served, protocol))
    handle = region(8)
    refused(UNSUPPORTED[protocol], "--allow-system-shared-memory", made.register_system_shared_memory, "r", handle._shm_key, 8)
    made.unregister_system_shared_memory()
    asked = library.InferenceServerClient(getattr(sharing, protocol))
    extensions = [set(extensions_of(one)) for one in (made, asked)]
    assert extensions[1] - extensions[0] == {"system_shared_memory"}
    made.close(), asked.close()


def extensions_of(client):
    metadata = client.get_server_metadata()
    return metadata["extensions"] if isinstance(metadata, dict) else metadata.extensions
