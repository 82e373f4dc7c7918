"""The model inside MLServer: one session of ONNX Runtime in each worker."""
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse, MetadataTensor

WORDS = {"tensor(float)": "FP32", "tensor(double)": "FP64", "tensor(int64)": "INT64", "tensor(int32)": "INT32"}


def described(values):
    return [MetadataTensor(name=value.name, datatype=WORDS[value.type], shape=[size if isinstance(size, int) else -1 for size in value.shape])
            for value in values]


class OnnxModel(MLModel):
    async def load(self):
        extra = self.settings.parameters.extra
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = extra["threads"]
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", str(extra["spinning"]))
        self.session = onnxruntime.InferenceSession(self.settings.parameters.uri, options, providers=["CPUExecutionProvider"])
        self.inputs, self.outputs = described(self.session.get_inputs()), described(self.session.get_outputs())
        self.names = [output.name for output in self.outputs]
        return True

    async def predict(self, request):
        results = self.session.run(self.names, {given.name: NumpyCodec.decode_input(given) for given in request.inputs})
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output(*pair) for pair in zip(self.names, results)])
