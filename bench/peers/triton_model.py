"""The model inside Triton: its Python backend runs this in a process for each instance, each with a session of ONNX Runtime. What the
dynamic batcher hands over at once runs as one, as in Triton's own onnxruntime backend."""
import json

import numpy as np
import onnxruntime
import triton_python_backend_utils as triton


class TritonPythonModel:
    def initialize(self, arguments):
        config = json.loads(arguments["model_config"])
        parameters = {name: value["string_value"] for name, value in config["parameters"].items()}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(parameters["threads"])
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", parameters["spinning"])
        self.session = onnxruntime.InferenceSession(parameters["file"], options, providers=["CPUExecutionProvider"])
        self.inputs = [value.name for value in self.session.get_inputs()]
        self.outputs = [value.name for value in self.session.get_outputs()]
        self.stacks = config["max_batch_size"] > 0

    def execute(self, requests):
        inputs = [{name: triton.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs} for request in requests]
        if self.stacks and len(requests) > 1:
            results = self.run_stacked(inputs)
        else:
            results = [self.session.run(self.outputs, one) for one in inputs]
        return [triton.InferenceResponse([triton.Tensor(name, value) for name, value in zip(self.outputs, result)]) for result in results]

    def run_stacked(self, inputs):
        ends = np.cumsum([len(one[self.inputs[0]]) for one in inputs])[:-1]
        outputs = self.session.run(self.outputs, {name: np.concatenate([one[name] for one in inputs]) for name in self.inputs})
        return zip(*([np.ascontiguousarray(part) for part in np.split(output, ends)] for output in outputs))
