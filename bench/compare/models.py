"""The models of the comparison, made on the spot: the pictures' models of the onnx package with seeded weights instead of constants, and
with a batch dimension, MiniLM as it was trained, and one that computes next to nothing."""
import dataclasses
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from peers.model import Model
from peers.peer import PEERS, Failure

PICTURES = {"resnet50": "ResNet-50", "squeezenet": "SqueezeNet", "densenet121": "DenseNet-121"}
TITLES = {**PICTURES, "minilm": "MiniLM"}
NOTHING = "nothing"  # the mean of a picture's channels: what is left is what a server costs
IDENTITY = "identity"  # floats of any number come back: what is left is what the protocol costs
PICTURE = [1, 3, 224, 224]
TOKENS = [1, 128]


def model_of(word, folder):
    """A model by its name above, or an ONNX file with fixed shapes or a batch dimension."""
    if word in PICTURES:
        return made(folder, word, seeded_picture_model)
    if word == "minilm":
        return dataclasses.replace(made(folder, word, minilm), shapes={"input_ids": TOKENS, "attention_mask": TOKENS})
    if word in (NOTHING, IDENTITY):
        return made(folder, word, nothing if word == NOTHING else identity)
    if not pathlib.Path(word).is_file():
        raise Failure(f"there is no model {word}; name a file, or {', '.join(TITLES)}")
    model = Model(pathlib.Path(word).resolve())
    for tensor in model.inputs:
        if None in tensor.shape[1:]:
            raise Failure(f"{word}: the input {tensor.name} is dynamic beyond its first dimension; fix it (onnxruntime.tools.make_dynamic_shape_fixed)")
    return model


def made(folder, name, make):
    path = folder / f"{name}.onnx"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        model = make(name)
        onnx.checker.check_model(model)
        partial = path.with_suffix(".partial")
        onnx.save(model, partial)
        partial.rename(path)
    return Model(path)


def nothing(name):
    return one_node(name, "GlobalAveragePool", ("picture", ["N", *PICTURE[1:]]), ("mean", ["N", 3, 1, 1]))


def identity(name):
    return one_node(name, "Identity", ("in", ["n"]), ("out", ["n"]))


def one_node(name, operator, given, made_of_it):
    values = [helper.make_tensor_value_info(tensor, TensorProto.FLOAT, shape) for tensor, shape in (given, made_of_it)]
    graph = helper.make_graph([helper.make_node(operator, given[:1], made_of_it[:1])], name, values[:1], values[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def minilm(_):
    """The sentence's embedding alone, of the model's four outputs."""
    source = PEERS / "minilm/paraphrase-MiniLM-L3-v2.onnx"
    if not source.exists():
        raise Failure("MiniLM is not here; run bench/peers/setup minilm")
    whole = onnx.load(source)
    model = onnx.utils.Extractor(whole).extract_model([value.name for value in whole.graph.input], ["461"])
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("461", TensorProto.FLOAT, ["batch_size", 384]))
    return model


def seeded_picture_model(name):
    model = onnx.load(pathlib.Path(onnx.__file__).parent / f"backend/test/data/light/light_{name}.onnx")
    graph = model.graph
    give_weights(graph)
    forget_inputs_with_values(graph)
    for value in [*graph.input, *graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    keep_the_batch_when_reshaping(graph)
    del graph.value_info[:]
    model.ir_version = 8
    return model


def give_weights(graph):
    """Each ConstantOfShape becomes an initializer of random numbers that suit who reads it."""
    draw = np.random.default_rng(1)
    sizes = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    readers = {name: (node, place) for node in graph.node for place, name in enumerate(node.input)}
    for node in [node for node in graph.node if node.op_type == "ConstantOfShape"]:
        weights = suitable(draw, *reader_of(node.output[0], readers), [int(size) for size in sizes[node.input[0]]])
        graph.initializer.append(numpy_helper.from_array(weights.astype(np.float32), node.output[0]))
        graph.node.remove(node)


def reader_of(name, readers):
    """Who computes with it, and as which input; a new shape is not a use."""
    node, place = readers[name]
    return reader_of(node.output[0], readers) if node.op_type in ("Unsqueeze", "Reshape") else (node, place)


def suitable(draw, node, place, shape):
    """Keeps the signal's size through the layers, so that no run meets infinities or denormals."""
    if node.op_type == "BatchNormalization":
        low, high = {1: (0.8, 1.2), 2: (-0.1, 0.1), 3: (-0.1, 0.1), 4: (0.5, 1.5)}[place]
        return draw.uniform(low, high, shape)
    if node.op_type in ("Conv", "Gemm") and place == 1:
        return draw.normal(0, np.sqrt(2 / max(1, np.prod(shape[1:]))), shape)
    return draw.uniform(0.8, 1.2, shape) if node.op_type == "Mul" else draw.normal(0, 0.05, shape)


def forget_inputs_with_values(graph):
    """Old models list their weights among the inputs, and these their shapes among the weights."""
    read = {name for node in graph.node for name in node.input}
    values = [tensor for tensor in graph.initializer if tensor.name in read]
    named = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in named]
    del graph.initializer[:], graph.input[:]
    graph.initializer.extend(values)
    graph.input.extend(inputs)


def keep_the_batch_when_reshaping(graph):
    shapes = {node.input[1] for node in graph.node if node.op_type == "Reshape"}
    for tensor in graph.initializer:
        if tensor.name in shapes and (shape := numpy_helper.to_array(tensor).copy())[0] == 1 and len(shape) > 1:
            shape[0] = 0  # ONNX's word for: as it was
            tensor.CopyFrom(numpy_helper.from_array(shape, tensor.name))
