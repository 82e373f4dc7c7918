"""scripts/study: the thesis's questions on simulated machines."""

import json
import pathlib
import shlex
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "scripts")]

from compare.tables import END  # noqa: E402
from peers.peer import Failure  # noqa: E402
from study import document  # noqa: E402
from study.plans import amdahl  # noqa: E402


@pytest.fixture(scope="module")
def studied(tmp_path_factory, command, environment, light):
    """SqueezeNet on the edge box."""
    folder = tmp_path_factory.mktemp("study")
    words = [ROOT / "scripts/study", "--quick", light("squeezenet"), "-m", "edge-1gpu", "-o", folder, "--staronnx", command]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=environment, timeout=600)
    assert done.returncode == 0, done.stderr
    return folder, [str(word) for word in words], done


def test_the_page_has_every_section_and_picture(studied):
    folder, _, done = studied
    page = (folder / "study.md").read_text()
    assert done.stdout.strip() == page.strip()
    for section in ("The goals", "Answered in time", "Thresholds", "Saturated rates", "Splits", "Core groups", "Overlap"):
        assert f"## {section}\n" in page
    for system in (*document.ENGINE, "dmdas", "elastic"):
        assert system in page
    for picture in folder.glob("*.svg"):
        assert picture.read_text().count("<svg") == 1 and picture.stat().st_size < 200_000
    assert {picture.name.partition("-")[0] for picture in folder.glob("*.svg")} == {"curve", "in", "schedulers.svg"}


def test_its_numbers_are_those_that_simulate_gives(studied, environment, command):
    folder, _, _ = studied
    (comparison,) = json.loads((folder / "report.json").read_text())["comparisons"]
    assert comparison["slo_ms"] == pytest.approx(2 * comparison["lone_ms"], rel=0.01)
    page = (folder / "study.md").read_text()
    for system in comparison["systems"][:3]:
        words = [command, *shlex.split(system["command"])[1:]]
        said = json.loads(subprocess.run(words, check=True, capture_output=True, text=True, env=environment).stdout)
        point = said["systems"][0]["points"][0]
        assert system["in_time_per_s"] == point["good_per_s"]
        assert document.share(system, comparison, "in_time_per_s") in page


def test_the_same_command_goes_on_and_ends_the_same(studied, environment):
    folder, words, _ = studied
    before = {file.name: file.read_bytes() for file in folder.glob("*.*")}
    again = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=600)
    assert again.returncode == 0 and "runs" not in again.stderr
    assert {file.name: file.read_bytes() for file in folder.glob("*.*")} == before


def test_wrong_words_are_said():
    done = subprocess.run([ROOT / "scripts/study", "-m", "no-such-machine"], capture_output=True, text=True)
    assert done.returncode == 1 and "there is no machine no-such-machine" in done.stderr


def test_a_document_without_a_place_is_refused(studied, tmp_path):
    folder, _, _ = studied
    report = json.loads((folder / "report.json").read_text())
    (tmp_path / "study.md").write_text(f"# The study\n\n{document.begin('the goals')}\n{END}\n")
    with pytest.raises(Failure, match="no place for 'answered in time'"):
        document.write_into(tmp_path / "study.md", report)


def test_wider_groups_divide_what_two_cores_divide():
    assert amdahl(100, 60, 4) == pytest.approx(20 + 80 / 4)
    assert amdahl(100, 40, 4) == pytest.approx(25), "no more than all of it"
    assert amdahl(100, 120, 4) == 100 and amdahl(0, 0, 4) == 0
