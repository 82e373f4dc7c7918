"""What Prometheus reads from the server."""

import subprocess
import urllib.error
import urllib.request

import numpy as np
import pytest
import tritonclient.http
from prometheus_client.parser import text_string_to_metric_families


def scrape(served):
    with urllib.request.urlopen(served.metrics, timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        # The parser gives counters the ending that OpenMetrics wants, whatever they are called.
        return {
            (sample.name if sample.name.startswith("staronnx_") else sample.name.removesuffix("_total"), tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(answer.read().decode())
            for sample in family.samples
        }


def ask(served, model, count, **parameters):
    client = tritonclient.http.InferenceServerClient(served.http, connection_timeout=60, network_timeout=60)
    inputs = [tritonclient.http.InferInput(name, [1, 4], "FP32").set_data_from_numpy(np.ones((1, 4), np.float32)) for name in "ab"]
    for _ in range(count):
        client.infer(model, inputs, **parameters)
    client.close()


def test_requests_are_counted_and_timed(serve, served_models):
    with serve(served_models["two"]) as served:
        ask(served, "two", 7)
        with pytest.raises(tritonclient.utils.InferenceServerException):
            ask(served, "two", 1, outputs=[tritonclient.http.InferRequestedOutput("no_such_output")])
        seen = scrape(served)
    own = (("model", "two"), ("version", "1"))
    assert seen["nv_inference_request_success", own] == 7
    assert seen["nv_inference_count", own] == 7 and seen["nv_inference_exec_count", own] == 7
    assert seen["nv_inference_request_failure", (own[0], ("reason", "OTHER"), own[1])] == 1
    parts = [seen[f"nv_inference_{part}_duration_us", own] for part in ("queue", "compute_input", "compute_infer", "compute_output")]
    assert all(part >= 0 for part in parts) and sum(parts) == pytest.approx(seen["nv_inference_request_duration_us", own], rel=1e-6)
    assert seen["nv_inference_pending_request_count", own] == 0
    assert seen["nv_model_load_duration_secs", own] > 0
    assert seen["staronnx_expected_wait_seconds", own] == 0
    assert not any("_summary_us" in name for name, _ in seen), "nobody asked for them"


def test_quantiles_are_told_where_they_are_asked_for(serve, served_models):
    settings = ("--metrics-config", "summary_latencies=true", "--metrics-config", "summary_quantiles=0.5:0.05,0.99:0.001")
    with serve(served_models["two"], *settings) as served:
        ask(served, "two", 7)
        seen = scrape(served)
    own = (("model", "two"), ("version", "1"))
    for part in ("request", "queue", "compute_input", "compute_infer", "compute_output"):
        name = f"nv_inference_{part}_summary_us"
        assert seen[f"{name}_count", own] == 7
        assert seen[f"{name}_sum", own] == pytest.approx(seen[f"nv_inference_{part}_duration_us", own], rel=1e-6)
        median, most = (seen[name, (own[0], ("quantile", at), own[1])] for at in ("0.5", "0.99"))
        assert 0 <= median <= most


def test_a_setting_of_metrics_that_is_none_is_refused(staronnx, served_models):
    done = staronnx("serve", served_models["two"], "--metrics-config", "counter_latencies=true", check=False)
    assert done.returncode == 2 and "is no setting of metrics" in done.stderr


def test_segments_are_told_apart_by_processor(serve, staronnx, light, tmp_path):
    plan = tmp_path / "squeezenet"
    staronnx("plan", light("squeezenet"), "-o", plan, "--segments", "2", "--budget", 1)
    (plan / "config.pbtxt").write_text("")
    with serve(plan, "--core-groups", "1") as served:
        client = tritonclient.http.InferenceServerClient(served.http, connection_timeout=60, network_timeout=60)
        name = client.get_model_metadata("squeezenet")["inputs"][0]["name"]
        image = tritonclient.http.InferInput(name, [1, 3, 224, 224], "FP32").set_data_from_numpy(np.zeros((1, 3, 224, 224), np.float32))
        for _ in range(3):
            client.infer("squeezenet", [image])
        client.close()
        seen = scrape(served)
    runs = {labels: value for (name, labels), value in seen.items() if name == "staronnx_segment_requests_total"}
    busy = [value for (name, _), value in seen.items() if name == "staronnx_segment_busy_seconds_total"]
    assert [value for value in runs.values()] == [3] and busy[0] > 0
    (labels,) = runs
    assert dict(labels) == {"model": "squeezenet", "version": "1", "variant": "whole", "segment": "1", "processor": dict(labels)["processor"]}
    assert dict(labels)["processor"].startswith("core")


def test_the_machine_is_described(served):
    first, second = scrape(served), scrape(served)
    assert 0 < second["nv_cpu_memory_used_bytes", ()] < second["nv_cpu_memory_total_bytes", ()]
    assert all(0 <= seen["nv_cpu_utilization", ()] <= 1 for seen in (first, second))


@pytest.mark.parametrize("path, method, status", [("/", "GET", 404), ("/metrics", "POST", 405), ("/v2", "GET", 404)])
def test_nothing_else_is_there(served, path, method, status):
    request = urllib.request.Request(served.metrics.removesuffix("/metrics") + path, method=method, data=b"" if method == "POST" else None)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert refused.value.code == status


def test_metrics_may_be_off(command, environment, served_models):
    process = subprocess.Popen([command, "serve", "--http-port", "0", "--grpc-port", "0", "--no-metrics", served_models["two"]],
                               stdout=subprocess.PIPE, text=True, env=environment)
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("ready: "):
            break
    process.terminate()
    assert process.wait(timeout=60) == 0
    process.stdout.close()
    assert not any("metrics" in line for line in said)
