"""`staronnx bench` and the page that is made of it, on a small model with rates that it holds with ease."""

import html.parser
import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parent.parent
QUANTILES = ["p50_ms", "p90_ms", "p95_ms", "p99_ms"]


@pytest.fixture(scope="module")
def plan(staronnx, tmp_path_factory):
    """Four matrix products, about a millisecond each, cut into two and three segments."""
    folder = tmp_path_factory.mktemp("bench")
    weights = np.eye(256, dtype=np.float32)
    nodes, tensor = [], "x"
    for i in range(4):
        nodes.append(helper.make_node("MatMul", [tensor, f"w{i}"], [f"m{i}"]))
        nodes.append(helper.make_node("Relu", [f"m{i}"], [f"r{i}" if i < 3 else "y"]))
        tensor = f"r{i}"
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [256, 256])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [256, 256])],
        [numpy_helper.from_array(weights + i, f"w{i}") for i in range(4)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "products.onnx")
    staronnx("plan", folder / "products.onnx", "-o", folder / "plan")
    return folder / "plan"


@pytest.fixture(scope="module")
def bench(staronnx, plan, tmp_path_factory):
    """One comparison, as the file that -o writes, as what --json prints, and as a page."""
    folder = tmp_path_factory.mktemp("result")
    done = staronnx("bench", plan, "--rates", "20:40:20", "--binary-search", "--duration", 0.25, "--slo", 5000, "--seed", 7, "--json", "-o", folder / "bench.json")
    assert json.loads(done.stdout) == json.loads((folder / "bench.json").read_text())
    return {"json": json.loads(done.stdout), "file": folder / "bench.json", "progress": done.stderr}


def test_json_has_the_agreed_names(bench):
    result = bench["json"]
    assert {"machine", "model", "seed", "seeds", "arrivals", "systems", "slo_ms", "percentile", "versions", "command", "conclusions", "warnings"} <= result.keys()
    assert result["model"] == "products.onnx" and result["seed"] == 7 and result["slo_ms"] == 5000
    for system in result["systems"]:
        assert {"name", "threshold_per_s", "saturated_per_s", "lone_p50_ms", "by_seed", "curve", "points"} <= system.keys()
        for point in system["points"]:
            assert {"rate_per_s", "served_per_s", "late_generator", *QUANTILES} <= point.keys()
            assert isinstance(point["late_generator"], bool)


def test_all_systems_are_compared_at_the_same_rates(bench):
    systems = bench["json"]["systems"]
    names = [system["name"] for system in systems]
    assert names == ["ORT all cores", "ORT 1 thread per core", "StarONNX whole", "StarONNX k2", "StarONNX k3"]
    for system in systems:
        assert [20, 40] == [point["rate_per_s"] for point in system["points"]][:2]


def test_easy_rates_are_held_and_every_request_is_answered(bench):
    for system in bench["json"]["systems"]:
        for point, requests in zip(system["points"], [5, 10]):
            assert point["held"] and point["answered"] == requests
            assert 0 < point["p50_ms"] <= point["p90_ms"] <= point["p95_ms"] <= point["p99_ms"] <= 5000
        assert system["threshold_per_s"] == 40  # the last rate of the range


def test_progress_is_told_apart_from_the_result(bench):
    for words in ("StarONNX k2 at 40/s", "s left"):
        assert words in bench["progress"]


def test_text_is_a_table(staronnx, plan):
    done = staronnx("bench", plan, "--budget", 3, "--slo", "20x")
    for words in ("p99 ms", "threshold", "saturated", "SLO: p99 within", "20 times the smallest lone p50", "StarONNX k3", "--seed 1"):
        assert words in done.stdout
    for words in ("one request at a time", "saturated"):
        assert words in done.stderr


def test_the_same_loads_drive_a_plan(staronnx, plan, tmp_path):
    (tmp_path / "gaps").write_text("25000\n")
    np.save(tmp_path / "x.npy", np.ones((256, 256), np.float32))
    common = ["bench", plan, "--slo", 5000, "--duration", 0.25, "--seeds", 2, "--deadline", 4000, "--input", tmp_path / "x.npy", "-f", tmp_path / "points.csv"]
    for load, word in [(["--rates", "40", "--request-distribution", "constant"], "constant"), (["--request-intervals", tmp_path / "gaps"], "gaps"),
                       (["--rates", "40", "--request-distribution", "bursts:2:0.2:0.05"], "bursts:2:0.2:0.05"), (["--concurrency-range", 2], "closed")]:  # fmt: skip
        result = json.loads(staronnx(*common, *load, "--json").stdout)
        assert word in result["arrivals"] and len(result["systems"]) == 5
        for system in result["systems"]:
            assert [point["seed"] for point in system["points"]] == [1, 2] and len(system["curve"]) == 1
            assert all(point["held"] and point["late"] == 0 and (word == "closed" or point["sent"] == 10) for point in system["points"])
        lines = (tmp_path / "points.csv").read_text().splitlines()
        assert lines[0].startswith("System,") and lines[1].startswith('"ORT all cores",') and len(lines) == 11


@pytest.mark.parametrize("options, part", [
    (["--rates", "20:10:1"], "20:10:1"),
    (["--input-data", "nowhere.json"], "nowhere.json"),
    (["--rates", "ten"], "ten"),
    (["--core-groups", "99"], "99"),
    (["--scheduler", "astrologer"], "astrologer"),
])  # fmt: skip
def test_impossible_requests_are_refused_with_the_reason(staronnx, plan, options, part):
    done = staronnx("bench", plan, *options, check=False)
    assert done.returncode == 1 and part in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_plan_that_is_not_there_is_named(staronnx, tmp_path):
    done = staronnx("bench", tmp_path / "nowhere", check=False)
    assert done.returncode == 1 and "nowhere" in done.stderr


class Page(html.parser.HTMLParser):
    """Counts elements and collects what a page would load from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "xlink:href") and not value.startswith("#"):
                self.links.append(value)

    def handle_data(self, data):
        self.words.append(data)


def report(*arguments):
    return subprocess.run([sys.executable, ROOT / "scripts/report.py", *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def page(staronnx, plan, bench, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    cuts = []
    for variant in ("k2", "k3"):
        staronnx("inspect", plan, "--variant", variant, "--svg", folder / f"{variant}.svg")
        cuts += ["--cut", f"{variant}={folder / variant}.svg"]
    done = report(bench["file"], *cuts, "-o", folder / "index.html")
    assert done.returncode == 0, done.stderr
    return (folder / "index.html").read_text()


def test_page_needs_nothing_from_elsewhere(page):
    assert Page(page).links == []
    assert not re.search(r"@import|url\((?!#)|<script", page)


def test_page_shows_curves_cuts_and_how_to_repeat_it(page, bench):
    parsed = Page(page)
    text = " ".join(parsed.words)
    assert parsed.tags.count("svg") >= 4  # two charts, two cuts
    assert len(parsed.ids) == len(set(parsed.ids))
    for system in bench["json"]["systems"]:
        assert system["name"] in text
    for sentence in bench["json"]["conclusions"] + bench["json"]["warnings"]:
        assert sentence in text
    for words in ("products.onnx", "poisson, seeds 7", bench["json"]["machine"], bench["json"]["command"], "rate, requests/s", "latency, ms", "SLO 5000 ms"):
        assert words in text


def test_page_escapes_names(bench, tmp_path):
    evil = bench["json"] | {"model": "<script>alert(1)</script>.onnx"}
    (tmp_path / "bench.json").write_text(json.dumps(evil))
    assert report(tmp_path / "bench.json", "-o", tmp_path / "page.html").returncode == 0
    assert "script" not in Page((tmp_path / "page.html").read_text()).tags


@pytest.mark.parametrize("content, part", [(None, "bench.json"), ("{", "line 1"), ("{}", "missing")])
def test_page_of_a_wrong_file_is_one_line(tmp_path, content, part):
    if content is not None:
        (tmp_path / "bench.json").write_text(content)
    done = report(tmp_path / "bench.json", "-o", tmp_path / "page.html")
    assert done.returncode == 1 and part in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "page.html").exists()


def test_demo_refuses_a_model_that_is_not_there(tmp_path):
    done = subprocess.run([ROOT / "scripts/demo", "nowhere.onnx"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "nowhere.onnx" in done.stderr and len(done.stderr.strip().splitlines()) == 1
