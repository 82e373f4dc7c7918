"""Our .proto files describe the protocol that its public client, tritonclient, speaks: field by field."""

import pathlib
import subprocess

import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2
from tritonclient.grpc import model_config_pb2, service_pb2

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = {"model_config": model_config_pb2, "grpc_service": service_pb2, "health": health_pb2}


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """ours["model_config"] -> FileDescriptorProto"""
    out = tmp_path_factory.mktemp("protocol") / "set"
    sources = [f"staronnx/serve/proto/{name}.proto" for name in FILES]
    subprocess.run(["protoc", f"--proto_path={ROOT}", f"--descriptor_set_out={out}", *sources], cwd=ROOT, check=True)
    files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    return {pathlib.PurePosixPath(file.name).stem: file for file in files}


def theirs(name):
    file = descriptor_pb2.FileDescriptorProto()
    FILES[name].DESCRIPTOR.CopyToProto(file)
    return file


def described(file):
    """Each message, field, enum value and method -> what crosses the wire or is seen in text and JSON."""
    found = {"package": file.package, "syntax": file.syntax}

    def add_enum(scope, enum):
        found.update({f"{scope}{enum.name}.{value.name}": value.number for value in enum.value})

    def add_message(scope, message):
        here = f"{scope}{message.name}."
        found[here] = "map entry" if message.options.map_entry else "message"
        for field in message.field:
            oneof = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None
            found[here + field.name] = (field.number, field.type, field.type_name, field.label, oneof, field.proto3_optional)
        for enum in message.enum_type:
            add_enum(here, enum)
        for nested in message.nested_type:
            add_message(here, nested)

    for enum in file.enum_type:
        add_enum("", enum)
    for message in file.message_type:
        add_message("", message)
    for service in file.service:
        for method in service.method:
            found[f"{service.name}/{method.name}"] = (
                method.input_type, method.output_type, method.client_streaming, method.server_streaming)
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_name_number_and_type_is_the_protocols(ours, name):
    assert described(ours[name]) == described(theirs(name))


def test_the_comparison_sees_another_number():
    changed = theirs("grpc_service")
    changed.message_type[1].field[0].number += 1
    assert described(changed) != described(theirs("grpc_service"))
