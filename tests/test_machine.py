"""`staronnx machine`: the machine in words, as JSON and as a file."""

import json
import os
import pathlib
import re
import subprocess

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


def first_of_two_cores():
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("needs two cores")
    return cores[0]


def test_reserved_cores_are_not_of_the_machine(staronnx_json, staronnx):
    reserved = first_of_two_cores()
    left = [core for core in os.sched_getaffinity(0) if core != reserved]
    listed = ",".join(entry["ids"] for entry in staronnx_json("machine", "--reserve-cores", reserved)["cores"])
    assert listed == ",".join(entry["ids"] for entry in staronnx_json("machine", preexec_fn=lambda: os.sched_setaffinity(0, left))["cores"])


def allowed_cores(status):
    listed = re.search(r"Cpus_allowed_list:\s*(\S+)", status)[1]
    ranges = [part.split("-") for part in listed.split(",")]
    return {core for ends in ranges for core in range(int(ends[0]), int(ends[-1]) + 1)}


def test_no_thread_runs_on_a_reserved_core(command, environment, light):
    reserved = first_of_two_cores()
    arguments = ["run", light("squeezenet"), "--segments", "2", "--verify", "--reserve-cores", reserved]
    cores = {}
    with subprocess.Popen([command, *map(str, arguments)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        while run.poll() is None:
            for status in pathlib.Path(f"/proc/{run.pid}/task").glob("[0-9]*/status"):
                try:
                    cores[status.parent.name] = allowed_cores(status.read_text())
                except (OSError, TypeError):
                    pass  # the thread has just ended
        assert "equal to ONNX Runtime" in run.stdout.read() and run.returncode == 0
    assert len(cores) > 2 and all(reserved not in allowed for allowed in cores.values()), cores


def test_groups_have_no_reserved_core(staronnx, light):
    reserved = first_of_two_cores()
    all_cores = len(os.sched_getaffinity(0))
    done = staronnx("run", light("squeezenet"), "--core-groups", all_cores, "--reserve-cores", reserved, check=False)
    assert done.returncode == 1 and f"core groups '{all_cores}': more cores than the" in done.stderr


@pytest.mark.parametrize("verb", [["machine"], ["plan", "m.onnx", "-o", "p"], ["run", "m.onnx"], ["bench", "p"]])
@pytest.mark.parametrize("cores, part", [
    ("8191", "may not use core 8191"),
    ("some", "is not a list of cores"),
    ("all", "leave one of"),
])  # fmt: skip
def test_cores_that_cannot_be_reserved_are_refused(staronnx, verb, cores, part):
    if cores == "all":
        cores = ",".join(map(str, os.sched_getaffinity(0)))
    done = staronnx(*verb, "--reserve-cores", cores, check=False)
    assert done.returncode == 1 and "reserved cores" in done.stderr and part in done.stderr


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
    (lambda m: m.update(reserved_cores="0,16"), "reserved_cores names core 16"),
])  # fmt: skip
def test_a_wrong_file_is_refused_by_the_field(staronnx, tmp_path, spoil, part):
    machine = json.loads((ROOT / "machines/workstation-1gpu.json").read_text())
    spoil(machine)
    (tmp_path / "machine.json").write_text(json.dumps(machine))
    done = staronnx("machine", tmp_path / "machine.json", check=False)
    assert done.returncode == 1 and "machine.json" in done.stderr and part in done.stderr


def test_a_file_may_reserve_cores(staronnx, staronnx_json, tmp_path):
    machine = json.loads((ROOT / "machines/workstation-1gpu.json").read_text())
    machine["reserved_cores"] = "0,8-15"
    (tmp_path / "machine.json").write_text(json.dumps(machine))
    assert staronnx("machine", tmp_path / "machine.json").stdout.startswith("7 cores (1-7)")
    read = staronnx_json("machine", tmp_path / "machine.json")
    assert [entry["ids"] for entry in read["cores"]] == ["1-7"] and [entry["cores"] for entry in read["l3_caches"]] == ["1-7"]


def test_a_file_that_is_not_there_is_an_error_in_json_when_asked(staronnx, tmp_path):
    done = staronnx("machine", tmp_path / "none.json", "--json", check=False)
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 1 and error["code"] == "not_found" and "none.json" in error["message"]


def test_the_example_in_the_documentation_is_the_file():
    shown = re.search(r"```json\n(.*?)```", (ROOT / "docs/machine-files.md").read_text(), re.S)
    assert shown[1] == (ROOT / "machines/workstation-1gpu.json").read_text()
