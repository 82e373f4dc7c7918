"""The models of the study, made on the spot, and what their nodes cost on the machine on which that was measured once: the files in costs/, of which
every plan of the study is made, so that it comes out the same wherever it is made."""
import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from compare.models import made, model_of
from peers.model import Model

COSTS = pathlib.Path(__file__).with_name("costs")
BATCHED = COSTS / "dense-plan.json"  # the plan of a model whose batches save time on a core, too: eight layers of weights that are larger than all caches
TITLES = {"resnet50": "ResNet-50", "bert": "BERT-base encoder", "densenet121": "DenseNet-121"}

# BERT-base, without the table of words: 128 embedded tokens go in.
LAYERS, TOKENS, WIDTH, HEADS, INNER = 12, 128, 768, 12, 3072


def study_model(word, folder) -> Model:
    """A model by its name above, or an ONNX file."""
    own = {"bert": transformer, "dense": dense}
    return made(folder, word, own[word]) if word in own else model_of(word, folder)


def costs_of(word):
    """The file with what was measured of a model named above, or None."""
    file = COSTS / f"{word}.json"
    return file if file.exists() else None


class Layers:
    """A graph that grows: each method adds nodes and returns the name of what they give."""

    def __init__(self):
        self.nodes, self.weights, self.draw = [], [], np.random.default_rng(1)

    def add(self, operator, *inputs, **attributes):
        output = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def constant(self, values):
        name = f"constant_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def model(self, name, data, given, result):
        """`given`, `result`: name and shape; `data` is what is given back."""
        self.nodes.append(helper.make_node("Identity", [data], result[:1]))
        values = [helper.make_tensor_value_info(tensor, TensorProto.FLOAT, shape) for tensor, shape in (given, result)]
        graph = helper.make_graph(self.nodes, name, values[:1], values[1:], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def linear(self, data, rows, columns):
        """The signal keeps its size."""
        weights = self.draw.normal(0, 1 / np.sqrt(rows), [rows, columns]).astype(np.float32)
        return self.add("Add", self.add("MatMul", data, self.constant(weights)), self.constant(np.zeros(columns, np.float32)))

    def normalized(self, data):
        scale, bias = (self.constant(np.full(WIDTH, value, np.float32)) for value in (1, 0))
        return self.add("LayerNormalization", data, scale, bias, axis=-1)

    def heads(self, data, order):
        shape = self.constant(np.array([0, TOKENS, HEADS, WIDTH // HEADS]))
        return self.add("Transpose", self.add("Reshape", data, shape), perm=order)

    def attention(self, data):
        queries, keys, values = (self.heads(self.linear(data, WIDTH, WIDTH), order) for order in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
        scale = self.constant(np.float32(np.sqrt(WIDTH // HEADS)))
        shares = self.add("Softmax", self.add("Div", self.add("MatMul", queries, keys), scale), axis=-1)
        joined = self.add("Transpose", self.add("MatMul", shares, values), perm=[0, 2, 1, 3])
        return self.linear(self.add("Reshape", joined, self.constant(np.array([0, TOKENS, WIDTH]))), WIDTH, WIDTH)

    def gelu(self, data):
        half, one, root = (self.constant(np.float32(value)) for value in (0.5, 1, np.sqrt(2)))
        grown = self.add("Add", self.add("Erf", self.add("Div", data, root)), one)
        return self.add("Mul", self.add("Mul", data, grown), half)

    def layer(self, data):
        data = self.normalized(self.add("Add", data, self.attention(data)))
        inner = self.linear(self.gelu(self.linear(data, WIDTH, INNER)), INNER, WIDTH)
        return self.normalized(self.add("Add", data, inner))


def dense(name):
    layers = Layers()
    data = "x"
    for _ in range(8):
        data = layers.add("Relu", layers.linear(data, 2048, 2048))
    return layers.model(name, data, ("x", ["N", 2048]), ("y", ["N", 2048]))


def transformer(name):
    """Gives the first token's vector, as classifiers read it."""
    layers = Layers()
    data = "embedded"
    for _ in range(LAYERS):
        data = layers.layer(data)
    first = layers.add("Gather", data, layers.constant(np.array(0)), axis=1)
    return layers.model(name, first, ("embedded", ["N", TOKENS, WIDTH]), ("pooled", ["N", WIDTH]))
