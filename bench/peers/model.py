"""An ONNX model as servers are told of it."""
import dataclasses
import functools
import hashlib
import pathlib

import onnx


@dataclasses.dataclass(frozen=True)
class Tensor:
    name: str
    type: str  # the protocol's word: FP32
    shape: list  # None where it is dynamic


@dataclasses.dataclass(frozen=True)
class Model:
    path: pathlib.Path
    shapes: dict = dataclasses.field(default_factory=dict)  # of requests, by input, for those that are dynamic

    @property
    def name(self):
        """As every server calls it."""
        return self.path.stem

    @functools.cached_property
    def hash(self):
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]

    @functools.cached_property
    def _graph(self):
        return onnx.load(self.path, load_external_data=False).graph

    @property
    def inputs(self):
        weights = {tensor.name for tensor in self._graph.initializer}
        return [tensor_of(value) for value in self._graph.input if value.name not in weights]

    @property
    def outputs(self):
        return [tensor_of(value) for value in self._graph.output]

    @property
    def batches(self):
        """Whether requests can be stacked."""
        return all(tensor.shape and tensor.shape[0] is None for tensor in self.inputs + self.outputs)

    def request_shape(self, tensor):
        return self.shapes.get(tensor.name) or [size or 1 for size in tensor.shape]

    @property
    def shape_options(self):
        """Of the staronnx command, for the inputs that are dynamic."""
        return [word for tensor in self.inputs if None in tensor.shape
                for word in ("--shape", f"{tensor.name}:{'x'.join(map(str, self.request_shape(tensor)))}")]


def tensor_of(value):
    described = value.type.tensor_type
    word = {"float": "FP32", "double": "FP64", "float16": "FP16"}.get(name := onnx.helper.tensor_dtype_to_string(described.elem_type)
                                                                     .removeprefix("TensorProto.").lower(), name.upper())
    return Tensor(value.name, word, [dim.dim_value if dim.HasField("dim_value") else None for dim in described.shape.dim])
