"""scripts/bench-gate: which pairs of figures are a loss."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from compare.gate import Values, verdict  # noqa: E402
from peers.peer import Failure  # noqa: E402


def rounds(*values):
    return dict(enumerate(values))


OLD = rounds(*[10.0] * 9)


@pytest.mark.parametrize(("new", "word"), [
    ([10.8] * 8 + [10.0], "LOSS"),  # one round may be a hiccup
    ([10.8] * 7 + [10.0] * 2, "no loss shown"),
    ([10.3] * 9, "no loss"),
    ([9.0] * 9, "gain"),
    ([12.0, 8.0] * 4 + [10.0], "no loss shown"),
])
def test_a_loss_is_one_beyond_doubt(new, word):
    found = verdict("p50", OLD, rounds(*new))
    assert found.word == word and found.failed == (word == "LOSS")


def test_of_some_figures_more_is_better():
    found = verdict("threshold", OLD, rounds(*[9.0] * 9), more_is_better=True)
    assert found.failed and found.loss.median == pytest.approx(10 / 9) and (found.old, found.new) == (10, 9)
    assert verdict("threshold", OLD, rounds(*[11.0] * 9), more_is_better=True).word == "gain"


def test_a_build_that_holds_no_rate_any_more_has_lost():
    assert verdict("threshold", OLD, rounds(*[0.0] * 9), more_is_better=True).failed


def test_ratios_are_of_rounds_so_that_a_drift_of_the_machine_is_no_loss():
    drift = [1.0, 1.2, 1.5, 1.9, 2.4, 3.0, 3.7, 4.5, 5.4]
    assert verdict("p50", rounds(*drift), rounds(*drift)).word == "no loss"


def test_figures_are_kept_apart_by_build_and_round():
    values = Values()
    for which in range(9):
        for build, factor in (("old", 1), ("new", 2)):
            values.add("p50", build, which, factor * (1 + which))
            values.add("threshold", build, which, factor * (1 + which), more_is_better=True)
    assert {one.figure: one.word for one in values.verdicts()} == {"p50": "LOSS", "threshold": "gain"}


def test_a_figure_that_one_build_lacks_is_no_silent_pass():
    with pytest.raises(Failure, match="p50: not measured in both builds"):
        verdict("p50", OLD, {})


def gate(*arguments):
    return subprocess.run([ROOT / "scripts/bench-gate", *map(str, arguments)], capture_output=True, text=True, timeout=60)


def test_wrong_words_are_said(tmp_path):
    done = gate(tmp_path, tmp_path)
    assert done.returncode == 2 and "has no bin/staronnx" in done.stderr
    for name in ("staronnx", "pipeline_bench", "protocol_bench"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).touch()
    assert "there is no latenc" in gate(tmp_path, tmp_path, "latenc").stderr
    assert "fewer than 6 rounds" in gate(tmp_path, tmp_path, "--rounds", 3).stderr
