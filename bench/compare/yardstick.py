"""What the processor can do with a model: one engine alone in this process, float32, no server. Run in the environment of the engine.

  yardstick.py onnxruntime|openvino MODEL.onnx THREADS SECONDS INPUTS     INPUTS: JSON, [[name, type, shape], ..]

Prints JSON: lone_ms, the median of one request at a time; cpu_ms, of the whole process for one request; its version and provider.
"""
import json
import sys
import time

import numpy as np


def onnxruntime_run(model, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, inputs), onnxruntime.__version__, "CPUExecutionProvider"


def openvino_run(model, threads):
    import openvino

    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}  # else bfloat16 where there is any
    request = openvino.Core().compile_model(model, "CPU", options).create_infer_request()
    return request.infer, openvino.__version__, "OpenVINO, f32"


def main():
    engine, model, threads, seconds, described = sys.argv[1:]
    run, version, provider = {"onnxruntime": onnxruntime_run, "openvino": openvino_run}[engine](model, int(threads))
    draw = np.random.default_rng(1)
    inputs = {name: draw.standard_normal(shape).astype(np.float32) if word == "FP32" else np.ones(shape, word.lower())
              for name, word, shape in json.loads(described)}
    for _ in range(3):
        run(inputs)
    times, cpu, end = [], time.process_time(), time.monotonic() + float(seconds)
    while time.monotonic() < end or len(times) < 5:
        begin = time.monotonic()
        run(inputs)
        times.append(time.monotonic() - begin)
    print(json.dumps({"engine": engine, "threads": int(threads), "lone_ms": 1000 * float(np.median(times)),
                      "cpu_ms": 1000 * (time.process_time() - cpu) / len(times), "version": version.split("-")[0], "provider": provider}))


if __name__ == "__main__":
    main()
