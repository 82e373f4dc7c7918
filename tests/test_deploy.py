"""What deploy/ brings beside the unit: rules and dashboard over metrics that exist, read by a real Prometheus; manifest and image."""

import contextlib
import json
import pathlib
import re
import shlex
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus-rules.yaml"
PATIENCE = 60  # seconds


def get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read().decode()


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def dashboard():
    return json.loads((DEPLOY / "grafana-dashboard.json").read_text())


def shown():
    """The dashboard's expressions as Grafana sends them."""
    expressions = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    for variable, value in (("$__rate_interval", "1m"), ("$job", ".*"), ("$instance", ".*"), ("$model", ".*")):
        expressions = [expression.replace(variable, value) for expression in expressions]
    return expressions


def names(expression):
    return set(re.findall(r"\b(?:nv|staronnx)_\w+", expression))


@pytest.fixture(scope="module")
def watched(serve, served_models):
    """A server of which one request was answered and one refused."""
    with serve(served_models["two"]) as served:
        tensor = {"shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
        url = f"http://{served.http}/v2/models/two/infer"
        for inputs in ("a", "b"), ("a",):
            body = json.dumps({"inputs": [{"name": name, **tensor} for name in inputs]}).encode()
            with contextlib.suppress(urllib.error.HTTPError):
                urllib.request.urlopen(urllib.request.Request(url, body), timeout=PATIENCE).close()
        yield served


@pytest.fixture(scope="module")
def prometheus(watched, tmp_path_factory):
    """query("up") -> what a Prometheus that has scraped the server answers."""
    folder = tmp_path_factory.mktemp("prometheus")
    target = urllib.parse.urlsplit(watched.metrics)
    scrape = {"job_name": "staronnx", "static_configs": [{"targets": [target.netloc]}], "metrics_path": target.path}
    everything = {"global": {"scrape_interval": "200ms"}, "rule_files": [str(RULES)], "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(everything))
    words = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:0"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        port = next(found[1] for line in process.stderr if (found := re.search(r'msg="Listening on" address=127.0.0.1:(\d+)', line)))
        assert any("Server is ready" in line for line in process.stderr)

        def query(expression):
            return json.loads(get(f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})))["data"]["result"]

        give_up = time.monotonic() + PATIENCE
        # Rates need two readings.
        while not query('count_over_time(up{job="staronnx"}[1m]) >= 2'):
            assert time.monotonic() < give_up, "Prometheus has scraped nothing"
        yield query
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_prometheus_scrapes_the_server(prometheus):
    [up] = prometheus("up")
    assert up["value"][1] == "1" and up["metric"]["job"] == "staronnx"
    [success] = prometheus("nv_inference_request_success")
    assert success["value"][1] == "1" and success["metric"]["model"] == "two" and success["metric"]["version"] == "1"
    [failure] = prometheus('nv_inference_request_failure{model="two"} > 0')
    assert failure["value"][1] == "1" and failure["metric"]["reason"] == "OTHER"


def test_every_graph_of_the_dashboard_shows_something(prometheus):
    empty = [expression for expression in shown() if not prometheus(expression)]
    assert not empty


def test_rules_and_dashboard_name_metrics_that_exist(watched):
    served = set(re.findall(r"^# TYPE (\S+)", get(watched.metrics), re.M))
    for expression in [rule["expr"] for rule in rules()] + shown():
        assert names(expression) <= served and (names(expression) or expression.startswith("up{")), expression
    for variable in dashboard()["templating"]["list"]:
        assert names(json.dumps(variable["query"])) <= served


def test_the_rules_alert_when_they_should():
    for words in (["check", "rules", RULES], ["test", "rules", ROOT / "tests/prometheus_rules_test.yaml"]):
        done = subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested():
    played = (ROOT / "tests/prometheus_rules_test.yaml").read_text()
    for rule in rules():
        assert played.count(f"alertname: {rule['alert']}") == 2


def known_options(staronnx):
    return set(re.findall(r"--[a-z][a-z-]+", staronnx("serve", "--help").stdout))


def test_the_runtime_of_kserve_starts_the_server_as_its_probes_expect(staronnx):
    spec = yaml.safe_load((DEPLOY / "kserve-runtime.yaml").read_text())["spec"]
    [container] = spec["containers"]
    options = dict(word.split("=") for word in container["args"] if word.startswith("--"))
    assert set(options) <= known_options(staronnx)
    assert [port["containerPort"] for port in container["ports"]] == [int(options["--http-port"])]
    assert spec["annotations"]["prometheus.kserve.io/port"] == options["--metrics-port"]
    assert {container[probe]["httpGet"]["port"] for probe in ("readinessProbe", "livenessProbe")} == {int(options["--http-port"])}


def test_its_probes_are_answered(watched):
    spec = yaml.safe_load((DEPLOY / "kserve-runtime.yaml").read_text())["spec"]
    for probe in ("readinessProbe", "livenessProbe"):
        assert get(f"http://{watched.http}{spec['containers'][0][probe]['httpGet']['path']}") == ""
    assert spec["annotations"]["prometheus.kserve.io/path"] == urllib.parse.urlsplit(watched.metrics).path


def instructions():
    """(instruction, the rest) for each line of the Containerfile, continued lines joined."""
    lines = [line for line in (DEPLOY / "Containerfile").read_text().splitlines() if not line.startswith("#")]
    return [tuple(line.split(None, 1)) for line in "\n".join(lines).replace("\\\n", " ").splitlines()]


def test_the_image_runs_the_server_for_others_without_rights(staronnx):
    said = dict(instructions())
    assert said["FROM"].endswith("debian:12-slim") and said["USER"] not in ("0", "root")
    assert json.loads(said["ENTRYPOINT"]) == ["staronnx", "serve"]
    variables = dict(word.split("=") for word in shlex.split(said["ENV"]))
    options = {"--" + name.removeprefix("STARONNX_").lower().replace("_", "-") for name in variables if name.startswith("STARONNX_")}
    assert options and options <= known_options(staronnx)
    shell = said["RUN"].partition("target=/packages")[2]
    assert subprocess.run(["sh", "-n", "-c", shell], timeout=PATIENCE, check=False).returncode == 0
