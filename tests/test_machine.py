"""`staronnx machine`: the machine in words, as JSON and as a file."""

import json
import os
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
MACHINES = sorted((ROOT / "machines").glob("*.json"))


def test_it_says_what_there_is(staronnx):
    text = staronnx("machine").stdout
    first = re.match(r"(\d+) cores? \(([-\d,]+)\), .+", text)
    assert first and 0 < int(first[1]) <= len(os.sched_getaffinity(0))
    assert re.search(r"numa\d+ to numa\d+: \S+ GB/s, \S+ us", text)


def test_json_has_measured_links_with_units(staronnx_json):
    machine = staronnx_json("machine")
    assert machine["format"] == "staronnx-machine" and machine["version"] == 1
    nodes = {core["numa_node"] for core in machine["cores"]}
    between = {(link["from"], link["to"]) for link in machine["links"]}
    assert {(f"numa{a}", f"numa{b}") for a in nodes for b in nodes} <= between
    for link in machine["links"]:
        assert link["bandwidth_bytes_per_s"] > 0 and link["latency_us"] > 0


def test_the_affinity_is_obeyed(staronnx_json):
    core = max(os.sched_getaffinity(0))
    machine = staronnx_json("machine", preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    assert [entry["ids"] for entry in machine["cores"]] == [str(core)]


def test_the_file_is_what_was_printed_and_reads_back(staronnx, tmp_path):
    file = tmp_path / "new/folder/machine.json"
    printed = staronnx("machine", "-o", file, "--json").stdout
    assert file.read_text() == printed
    assert staronnx("machine", file, "--json").stdout == printed
    assert [entry.name for entry in file.parent.iterdir()] == ["machine.json"]


@pytest.mark.parametrize("file", ["/dev/full/machine.json", "/proc/machine.json", "."])
def test_a_file_that_cannot_be_written_is_named(staronnx, file):
    done = staronnx("machine", "-o", file, check=False)
    assert done.returncode == 1 and f"'{file}' cannot be written" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("file", MACHINES, ids=lambda file: file.stem)
def test_the_machines_that_come_with_the_project_are_described(staronnx, file):
    machine = json.loads(file.read_text())
    text = staronnx("machine", file).stdout
    assert machine["cpu_model"] in text
    for gpu in machine["gpus"]:
        assert gpu["name"] in text


@pytest.mark.parametrize("spoil, part", [
    (lambda m: m["gpus"][0].pop("memory_bytes"), "gpus[0].memory_bytes is missing"),
    (lambda m: m["gpus"][0].update(sped=3), "gpus[0].sped is not a field"),
    (lambda m: m["links"][0].update(latency_us=-1), "links[0].latency_us"),
    (lambda m: m["links"][0].update(to="gpu1"), "links[0].to names 'gpu1'"),
    (lambda m: m.update(version=2), "version is 2"),
])  # fmt: skip
def test_a_wrong_file_is_refused_by_the_field(staronnx, tmp_path, spoil, part):
    machine = json.loads((ROOT / "machines/workstation-1gpu.json").read_text())
    spoil(machine)
    (tmp_path / "machine.json").write_text(json.dumps(machine))
    done = staronnx("machine", tmp_path / "machine.json", check=False)
    assert done.returncode == 1 and "machine.json" in done.stderr and part in done.stderr


def test_a_file_that_is_not_there_is_an_error_in_json_when_asked(staronnx, tmp_path):
    done = staronnx("machine", tmp_path / "none.json", "--json", check=False)
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 1 and error["code"] == "not_found" and "none.json" in error["message"]


def test_the_example_in_the_documentation_is_the_file():
    shown = re.search(r"```json\n(.*?)```", (ROOT / "docs/machine-files.md").read_text(), re.S)
    assert shown[1] == (ROOT / "machines/workstation-1gpu.json").read_text()
