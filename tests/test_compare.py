"""scripts/compare without servers: what is made of measurements, and that none is made twice."""

import copy
import json
import math
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

import pytest
import serve_models

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "scripts")]

from compare import models, page, tables  # noqa: E402
from compare.course import Course, contenders_of, reference_of  # noqa: E402
from compare.figures import model_figures, overhead_figures  # noqa: E402
from compare.interval import median_interval, ratio_interval  # noqa: E402
from compare.progress import Progress  # noqa: E402
from compare.record import Record  # noqa: E402
from compare.scale import FULL, QUICK  # noqa: E402
from compare.search import next_rate, threshold_of  # noqa: E402
from peers.peer import Failure, Peer, setting  # noqa: E402


# ---- statistics ----


def test_of_three_values_the_range_is_the_interval_and_says_how_sure_it_is():
    found = median_interval([3, 1, 2])
    assert (found.median, found.low, found.high, found.confidence) == (2, 1, 3, 0.75)


@pytest.mark.parametrize(("count", "low", "high"), [(6, 1, 6), (9, 2, 8), (20, 6, 15)])
def test_of_more_values_the_interval_is_the_narrowest_that_is_sure_enough(count, low, high):
    """As tables of the sign test have it."""
    found = median_interval(range(1, count + 1))
    assert (found.low, found.high) == (low, high) and found.confidence >= 0.95


def test_ratios_are_of_pairs():
    found = ratio_interval({1: 2.0, 2: 30.0, 3: 5.0, 4: None}, {1: 1.0, 2: 10.0, 3: 5.0, 4: 1.0, 5: 1.0})
    assert (found.median, found.low, found.high, found.count) == (2, 1, 3, 3)
    assert ratio_interval({1: 1.0}, {2: 1.0}) is None


def test_what_held_no_rate_at_all_is_not_left_out():
    assert ratio_interval({1: 5.0, 2: 5.0, 3: 5.0}, {1: 0.0, 2: 0.0, 3: 5.0}).median == math.inf
    assert ratio_interval({1: 0.0}, {1: 0.0}).median == 1


def test_the_search_comes_near_what_a_server_holds():
    held = {}
    while rate := next_rate(held, 100):
        held[rate] = rate <= 63
    assert 61 <= threshold_of(held) <= 63 and len(held) <= 7


def test_a_rate_that_held_above_one_that_failed_is_no_threshold():
    assert threshold_of({10: True, 20: False, 30: True}) == 10
    assert threshold_of({10: False, 20: True}) == 0


# ---- the record ----


def test_what_was_measured_is_not_measured_again(tmp_path):
    path = tmp_path / "record.jsonl"
    assert Record(path).get({"rate": 1}, lambda: {"p50_ms": 2.5}) == {"p50_ms": 2.5}
    again = Record(path)
    assert again.has({"rate": 1}) and not again.has({"rate": 2})
    assert again.get({"rate": 1}, lambda: pytest.fail("measured again")) == {"p50_ms": 2.5}


def test_a_line_that_was_not_finished_is_forgotten(tmp_path):
    path = tmp_path / "record.jsonl"
    Record(path).get({"rate": 1}, lambda: 1)
    whole = path.read_text()
    path.write_text(whole + '{"of": {"rate": 2}, "i')
    record = Record(path)
    assert record.has({"rate": 1}) and record.get({"rate": 2}, lambda: 2) == 2
    assert path.read_text().startswith(whole) and len(path.read_text().splitlines()) == 2


# ---- canned measurements ----


class Canned(Peer):
    """A kind of server that answers as a formula says."""

    def __init__(self, kind, title, choices):
        self.kind, self.title, self._choices = kind, title, choices

    def missing(self):
        return None

    def versions(self):
        return {self.kind: "1", "onnxruntime": "1.32.0"}

    def choices(self, cores, batches):
        return self._choices

    def label(self, settings):
        return self.title if not settings else super().label(settings)

    def command(self, model, settings, ports, folder):
        raise AssertionError("nothing is started here")


OURS = Canned("staronnx", "StarONNX", [{}])
TRITON = Canned("triton", "Triton", [setting(2, 1), setting(1, 2)])
HELD = {"StarONNX": 110, "Triton 2x1": 100, "Triton 1x2": 90}  # requests/s
LONE = {"StarONNX": 5.0, "Triton 2x1": 10.0, "Triton 1x2": 6.0}  # ms


class CannedClient:
    """Latency grows a little with rate and seed, and beyond what is held a lot."""

    def __init__(self):
        self.calls = 0

    def closed_loop(self, server, in_flight, seconds):
        self.calls += 1
        return {"p50_ms": LONE[server.label], "p90_ms": 1, "p99_ms": 1, "served_per_s": 1.1 * HELD[server.label]}

    def window(self, server, rate, seconds, seed, slo_ms):
        self.calls += 1
        held = rate <= HELD[server.label]
        lone = LONE[server.label] * (1 + 0.01 * seed)
        return {"seed": seed, "rate_per_s": rate, "served_per_s": min(rate, HELD[server.label]), "p50_ms": lone, "p90_ms": 2 * lone,
                "p99_ms": 3 * lone if held else 99 * lone, "sent": 100, "refused": 0, "dropped": 0, "failed": 0, "late_generator": False, "held": held,
                "cpu_ms_per_request": 2 * lone, "others_share": 0.01}


class CannedServer:
    def __init__(self, peer, settings, model):
        self.label, self.model = peer.label(settings), model

    def memory_bytes(self):
        return 60_000_000 if self.label == "StarONNX" else 100_000_000

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of canned servers: course.client.calls is how much was measured."""
    monkeypatch.setattr(Course, "server", lambda self, peer, settings, model: CannedServer(peer, settings, model))
    monkeypatch.setattr("compare.course.CORES", 2)
    return Course(CannedClient(), [OURS, TRITON], FULL, Record(tmp_path / "record.jsonl"), Progress(60, lambda _: None), tmp_path, "a machine", 2.0)


@pytest.fixture
def model(tmp_path):
    return models.model_of(models.NOTHING, tmp_path / "models")


YARDSTICKS = [{"engine": "onnxruntime", "threads": threads, "lone_ms": 8.0 / threads, "cpu_ms": 8.0, "version": "1.32.0", "provider": "CPUExecutionProvider"}
              for threads in (1, 2)]


def figures_of(course, model):
    visits = course.visits(model, 40.0)
    rounds = course.rounds(model, contenders_of(visits), reference_of(visits), 40.0)
    return model_figures(model, "Nothing", 40.0, YARDSTICKS, [], visits, rounds)


@pytest.fixture
def report(course, model):
    return {"machine": {"id": "a <machine>, 2 cores", "memory_gib": 8, "system": "Debian"}, "versions": {"staronnx": "1"}, "seeds": [1, 2, 3], "window_s": 2,
            "slo_of_lone": 10, "quick": False, "command": "scripts/compare nothing", "models": [figures_of(course, model)],
            "overhead": overhead_figures(course.overhead(), 100)}


def test_the_limit_is_a_multiple_of_the_lone_latency_on_all_cores(course):
    assert course.slo_ms(YARDSTICKS) == 10 * YARDSTICKS[1]["lone_ms"]


def test_of_triton_the_highest_threshold_and_the_least_latency_take_part(course, model):
    assert [contender.label for contender in contenders_of(course.visits(model, 40.0))] == ["StarONNX", "Triton 2x1", "Triton 1x2"]


def test_figures_are_those_of_the_measurements(report):
    (found,) = report["models"]
    goals = {goal["what"].split(",")[0]: goal for goal in found["goals"]}
    assert goals["p50 at low load"]["median"] == pytest.approx(0.5) and goals["p50 at low load"]["met"]
    assert goals["congestion threshold"]["median"] == pytest.approx(1.1, abs=0.04)
    tail = goals["p99 at 80 % of Triton's threshold"]
    assert tail["median"] == pytest.approx(5 / 6) and not tail["met"] and tail["sure"], "over the better of Triton's settings"
    assert goals["memory"]["median"] == pytest.approx(0.6)
    ours = found["systems"][0]
    assert ours["lone_p50_ms"] == 5 and ours["memory_bytes"] == 60_000_000
    assert ours["threshold_per_s"]["median"] == pytest.approx(110, rel=0.03) and ours["threshold_per_s"]["median"] <= 110
    low = ours["curve"][0]
    assert low["rate_per_s"] == pytest.approx(0.25 * found["reference_per_s"], rel=0.01) and low["seeds"] == low["held"] == 3
    assert low["cpu_ms_per_request"]["median"] == pytest.approx(2 * low["p50_ms"]["median"])
    assert low["beyond_ort_ms_per_request"]["median"] == pytest.approx(low["cpu_ms_per_request"]["median"] - 8.0)
    (overhead,) = report["overhead"]["goals"]
    assert overhead["median"] == pytest.approx(0.5)


def test_a_comparison_goes_on_where_it_was_stopped(course, model):
    first = figures_of(course, model)
    measured = course.client.calls
    course.record = Record(course.record.path)
    assert figures_of(course, model) == first and course.client.calls == measured


def test_measurements_hold_beside_the_same_contenders_only(course, model, monkeypatch):
    figures_of(course, model)
    before = course.client.calls
    monkeypatch.setattr(OURS, "versions", lambda: {"staronnx": "2"})
    figures_of(course, model)
    rounds = FULL.seeds * len(FULL.curve) * 3
    assert course.client.calls - before >= rounds, "Triton's turns are measured anew beside another StarONNX"


def test_the_page_shows_them(report):
    text = page.page_of(report)
    assert "a &lt;machine&gt;" in text and "$" not in text
    for words in ("StarONNX", "Triton 2x1", "Triton 1x2", "0.50", "met", "missed", "CPUExecutionProvider", "scripts/compare nothing"):
        assert words in text
    pictures = re.findall(r"<svg.*?</svg>", text, re.S)
    assert len(pictures) == 2 + 3  # two charts, three marks of the key
    for picture in pictures:
        xml.etree.ElementTree.fromstring(picture)
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_what_is_not_to_be_trusted_is_said_on_the_page(report):
    busy = copy.deepcopy(report)
    busy["models"][0]["others_share"] = 0.2
    busy["models"][0]["systems"][1]["curve"][0]["failed"] = 3
    assert "other programs used 20 %" in page.page_of(busy) and "requests failed at Triton 2x1" in page.page_of(busy)
    assert "class=\"box warnings\"" not in page.page_of(report)


def test_the_document_s_tables_stand_between_its_marks(report, tmp_path):
    file = tmp_path / "comparison.md"
    file.write_text(f"by hand\n\n{tables.BEGIN}\nstale\n{tables.END}\n\nby hand, too\n")
    tables.write_into(file, report)
    text = file.read_text()
    assert text.startswith("by hand\n") and text.endswith("by hand, too\n") and "stale" not in text
    assert "| Nothing | p50 at low load, over Triton's setting with the highest threshold | 0.50 | at most 0.75 | met |" in text
    assert "scripts/compare nothing" in text
    tables.write_into(file, report)
    assert file.read_text() == text
    for line in text.splitlines():
        assert not line.startswith("|") or line.endswith("|")


def test_the_document_has_its_marks():
    text = (ROOT / "docs/comparison.md").read_text()
    assert text.count(tables.BEGIN) == text.count(tables.END) == 1


# ---- time ----


def test_four_models_fit_the_time_that_is_promised():
    assert FULL.budget_s <= 40 * 60 and FULL.window_s(4, 11, 4) >= 2
    assert QUICK.budget_s <= 8 * 60 and QUICK.window_s(4, 3, 3) >= 1


def test_too_little_time_is_said_with_how_much_would_do():
    with pytest.raises(Failure, match="too few for 40 models; give --minutes"):
        QUICK.window_s(40, 3, 3)


# ---- models ----


@pytest.mark.parametrize("name", ["squeezenet", "densenet121"])
def test_models_are_the_same_each_time_and_take_batches(tmp_path, name):
    import numpy as np
    import onnxruntime

    first, second = (models.model_of(name, tmp_path / folder) for folder in ("a", "b"))
    assert first.hash == second.hash and first.batches and first.name == name
    session = onnxruntime.InferenceSession(first.path)
    draw = np.random.default_rng(1)
    (given,) = first.inputs
    stacked = draw.standard_normal([2, *given.shape[1:]]).astype(np.float32)
    (both,), (one,) = (session.run(None, {given.name: value}) for value in (stacked, stacked[:1]))
    assert np.isfinite(both).all() and both.std() > 0
    np.testing.assert_allclose(both[:1], one, rtol=1e-3, atol=1e-5)


# ---- the command ----


def compare(*arguments):
    return subprocess.run([ROOT / "scripts/compare", *arguments], capture_output=True, text=True, timeout=600)


def test_the_command_measures_reports_and_goes_on(tmp_path):
    """StarONNX alone, as no other server need be here."""
    model = serve_models.save(tmp_path / "two.onnx", [("x", 1, ["N", 4])], [("y", 1, ["N", 4])], [("Relu", ["x"], ["y"])])
    words = (str(model), "--peers", "staronnx", "--quick", "--seeds", "1", "--minutes", "0.75", "-o", str(tmp_path / "out"))
    done = compare(*words)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out/report.json").read_text())
    (found,) = report["models"]
    (system,) = found["systems"]
    assert system["label"] == "StarONNX" and system["provider"] == "CPUExecutionProvider" and system["memory_bytes"] > 0
    assert len(system["curve"]) == 3 and all(point["served_per_s"]["median"] > 0 for point in system["curve"])
    assert {one["engine"] for one in found["yardsticks"]} >= {"onnxruntime"} and found["goals"] == []
    assert "StarONNX" in (tmp_path / "out/index.html").read_text() and "s left)" in done.stderr
    measured = (tmp_path / "out/measurements.jsonl").read_text()
    again = compare(*words)
    assert again.returncode == 0 and "left)" not in again.stderr
    assert (tmp_path / "out/measurements.jsonl").read_text() == measured


def test_wrong_words_are_said():
    done = compare("--peers", "nobody")
    assert done.returncode == 2 and "there is no peer nobody" in done.stderr
    done = compare("no-such-model.onnx", "--peers", "staronnx")
    assert done.returncode == 1 and "there is no model no-such-model.onnx" in done.stderr
