"""A plan of a model that nobody has, with times as if they had been measured: enough for the simulator."""

import json


def tensor(name, numbers):
    return {"name": name, "type": "float32", "shape": [1, numbers], "dimension_names": ["", ""], "optional": False}


def segment(file, reads, writes, one, two):
    """Times in milliseconds, on one core and on two."""
    times = {"alone_us": {"1": 1e3 * one, "2": 1e3 * two}, "busy_us": {"1": 1e3 * one, "2": 1e3 * two}}
    none = {"alone_us": {}, "busy_us": {}}
    return {"file": file, "nodes": 1, "inputs": [reads], "outputs": [writes], "processors": ["cpu"], "cpu_time": times,
            "batched": {}, "provider": "cpu", "other_provider_time": none, "provider_note": ""}  # fmt: skip


def variant(name, segments, shares):
    return {"name": name, "shares": shares, "work": shares, "cut_bytes": 0, "segments": segments, "node_segment": list(range(len(shares))),
            "method": "whole" if len(shares) == 1 else "metis", "period_over_bound": 1, "cuts_measured": 0}  # fmt: skip


def write_plan(folder):
    """Of a model that takes 40 ms on one core and 24 ms on two, whole and cut."""
    x, m, y = tensor("x", 100_000), tensor("m", 50_000), tensor("y", 1000)
    no_bound = {"rate_per_s": 0, "mix": []}
    plan = {
        "format": "staronnx-plan", "version": 4, "model": "made-up.onnx", "model_hash": "0" * 64, "machine": "CPU, 2 cores", "engine": "onnxruntime",
        "inputs": [x], "outputs": [y], "shapes": [x["shape"]],
        "tensors": [{**t, "bytes": 4 * t["shape"][1]} for t in (x, m, y)],
        "nodes": [{"label": str(i), "time_us": 2e4, "reads": []} for i in range(2)],
        "variants": [
            {**variant("whole", [segment("whole.onnx", "x", "y", 40, 24)], [1.0]), "node_segment": [0, 0]},
            variant("k2", [segment("k2-0.onnx", "x", "m", 30, 18), segment("k2-1.onnx", "m", "y", 10, 6)], [0.75, 0.25]),
        ],
        "prediction": {"slo_ms": 200, "bound": no_bound, "bound_within_slo": no_bound, "forecasts": [], "estimates": []},
    }  # fmt: skip
    (folder / "plan.json").write_text(json.dumps(plan))
