"""A server of the KServe v2 protocol that is not ours, over HTTP or gRPC, and does to each request what a test says, in their order."""

import collections
import contextlib
import http.server
import json
import struct
import threading
import time
from concurrent import futures

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

# What happens to a request. The first request of a window wakes the server and does not count.
OK, REFUSE, FAIL, SLOW = "ok", "refuse", "fail", "slow"
SLOW_S = 2


class Counted:
    """What was asked, and what is to be done about it."""

    def __init__(self, script, statistics=True):
        self.script = script  # the number of a request -> what to do
        self.has_statistics = statistics
        self.lock = threading.Lock()
        self.seen = []  # (model, parameters, {input: (datatype, shape, bytes)})
        self.answers = 0

    def take(self, model, parameters, inputs):
        with self.lock:
            self.seen.append((model, parameters, inputs))
            what = self.script(len(self.seen) - 1)
        if what == SLOW:
            time.sleep(SLOW_S)
        if what in (OK, SLOW):
            with self.lock:
                self.answers += 1
        return what

    def statistics(self):
        """Each answered request: 1 us in the queue, 2 of input, 30 of inference, 4 of output."""
        with self.lock:
            each = {"success": 40_000, "queue": 1_000, "compute_input": 2_000, "compute_infer": 30_000, "compute_output": 4_000}
            return self.answers, {name: {"count": self.answers, "ns": ns * self.answers} for name, ns in each.items()}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, code, body):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        counted = self.server.counted
        if self.path == "/v2/models/m":
            self.answer(200, json.dumps({"name": "m", "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}],
                                         "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]}).encode())
        elif self.path == "/v2/models/m/stats" and counted.has_statistics:
            count, times = counted.statistics()
            self.answer(200, json.dumps({"model_stats": [{"name": "m", "version": "1", "inference_count": count, "execution_count": count,
                                                          "inference_stats": times}]}).encode())
        else:
            self.answer(404, b'{"error": "no such thing"}')

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        length = int(self.headers["Inference-Header-Content-Length"])
        head, blobs = json.loads(body[:length]), body[length:]
        inputs = {}
        for tensor in head["inputs"]:
            size = tensor["parameters"]["binary_data_size"]
            inputs[tensor["name"]] = (tensor["datatype"], tensor["shape"], blobs[:size])
            blobs = blobs[size:]
        what = self.server.counted.take(self.path.split("/")[3], head["parameters"], inputs)
        code = {OK: 200, SLOW: 200, REFUSE: 503, FAIL: 500}[what]
        self.answer(code, b'{"outputs": []}' if code == 200 else b'{"error": "told to"}')

    def log_message(self, *_):
        pass


class Service(service_pb2_grpc.GRPCInferenceServiceServicer):
    def __init__(self, counted):
        self.counted = counted

    def ModelMetadata(self, request, context):
        if request.name != "m":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
        tensor = service_pb2.ModelMetadataResponse.TensorMetadata
        return service_pb2.ModelMetadataResponse(name="m", inputs=[tensor(name="x", datatype="FP32", shape=[-1, 2])],
                                                 outputs=[tensor(name="y", datatype="FP32", shape=[-1, 2])])

    def ModelStatistics(self, request, context):
        if not self.counted.has_statistics:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "no statistics")
        count, times = self.counted.statistics()
        model = service_pb2.ModelStatistics(name="m", version="1", inference_count=count, execution_count=count)
        for name, time_of in times.items():
            getattr(model.inference_stats, name).count = time_of["count"]
            getattr(model.inference_stats, name).ns = time_of["ns"]
        return service_pb2.ModelStatisticsResponse(model_stats=[model])

    def ModelInfer(self, request, context):
        inputs = {tensor.name: (tensor.datatype, list(tensor.shape), raw)
                  for tensor, raw in zip(request.inputs, request.raw_input_contents)}  # fmt: skip
        parameters = {name: value.int64_param for name, value in request.parameters.items()}
        what = self.counted.take(request.model_name, parameters, inputs)
        if what == REFUSE:
            context.abort(grpc.StatusCode.UNAVAILABLE, "told to")
        if what == FAIL:
            context.abort(grpc.StatusCode.INTERNAL, "told to")
        return service_pb2.ModelInferResponse(model_name="m")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextlib.contextmanager
def running(protocol, script=lambda number: OK, statistics=True):
    """with running("grpc", script) as (url, counted): ..."""
    counted = Counted(script, statistics)
    if protocol == "http":
        server = Server(("127.0.0.1", 0), Handler)
        server.counted = counted
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", counted
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
    else:
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=64))
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(Service(counted), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"grpc://127.0.0.1:{port}", counted
        finally:
            server.stop(None).wait()


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def outcomes(lines):
    """Of the file that --requests-out wrote: how many requests ended how."""
    return collections.Counter(json.loads(line)["outcome"] for line in lines)
