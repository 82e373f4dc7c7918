"""Small models for tests of the server."""

import onnx
from onnx import TensorProto, helper

# The protocol's word -> ONNX's.
TYPES = {
    "BOOL": TensorProto.BOOL,
    "UINT8": TensorProto.UINT8,
    "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64,
    "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16,
    "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64,
    "FP16": TensorProto.FLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "BYTES": TensorProto.STRING,
    "BF16": TensorProto.BFLOAT16,
}


def save(path, inputs, outputs, nodes, opset=17):
    """`inputs`, `outputs`: (name, ONNX type, shape)."""
    described = [[helper.make_tensor_value_info(*tensor) for tensor in tensors] for tensors in (inputs, outputs)]
    graph = helper.make_graph([helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {})) for node in nodes], path.stem, *described)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    return path


def identity(folder, word):
    """identity_fp32.onnx: "in" of one dimension comes back as "out"."""
    return save(folder / f"identity_{word.lower()}.onnx", [("in", TYPES[word], ["n"])], [("out", TYPES[word], ["n"])],
                [("Identity", ["in"], ["out"])])


def types(folder):
    """types.onnx: for each type "in_FP32" of one dimension comes back as "out_FP32"."""
    tensors = [[(f"{side}_{word}", TYPES[word], [f"n_{word}"]) for word in TYPES] for side in ("in", "out")]
    return save(folder / "types.onnx", *tensors, [("Identity", [f"in_{word}"], [f"out_{word}"]) for word in TYPES])


def two(folder):
    """two.onnx: "sum" and "difference" of "a" and "b", of any number of rows of 4."""
    tensors = [(name, TensorProto.FLOAT, ["batch", 4]) for name in ("a", "b", "sum", "difference")]
    return save(folder / "two.onnx", tensors[:2], tensors[2:], [("Add", ["a", "b"], ["sum"]), ("Sub", ["a", "b"], ["difference"])])


def reshape(folder):
    """reshape.onnx: "out" is "in" in the shape "shape"; it fails where the shape does not fit."""
    return save(folder / "reshape.onnx", [("in", TensorProto.FLOAT, ["n"]), ("shape", TensorProto.INT64, ["rank"])],
                [("out", TensorProto.FLOAT, None)], [("Reshape", ["in", "shape"], ["out"])])


def slow(folder, name="slow", at_least=0):
    """slow.onnx: "out" is "in" after as many rounds of a matrix product as "rounds" says (`at_least` so many); a round takes some microseconds."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("MatMul", ["x", "eye"], ["y"]),
        ],
        "round",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info("go", TensorProto.BOOL, []),
         helper.make_tensor_value_info("x", TensorProto.FLOAT, [64, 64])],
        [helper.make_tensor_value_info("go_on", TensorProto.BOOL, []), helper.make_tensor_value_info("y", TensorProto.FLOAT, [64, 64])],
    )
    eye = helper.make_tensor("eye", TensorProto.FLOAT, [64, 64], [float(i % 65 == 0) for i in range(64 * 64)])
    fewest = helper.make_tensor("fewest", TensorProto.INT64, [], [at_least])
    graph = helper.make_graph(
        [helper.make_node("Max", ["rounds", "fewest"], ["trips"]), helper.make_node("Loop", ["trips", "", "in"], ["out"], body=body)], name,
        [helper.make_tensor_value_info("rounds", TensorProto.INT64, []), helper.make_tensor_value_info("in", TensorProto.FLOAT, [64, 64])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [64, 64])], [eye, fewest])
    path = folder / f"{name}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path
