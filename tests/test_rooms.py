"""The rooms' table in ARCHITECTURE.md holds for every include of the code."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SYSTEM_WITHOUT_FOLDER = {
    "hwloc.h": "hwloc",
    "cuda_runtime_api.h": "cuda",
    "metis.h": "metis",
    "starpu.h": "starpu",
    "zlib.h": "zlib",
    "onnxruntime_c_api.h": "onnxruntime",
    "onnxruntime_cxx_api.h": "onnxruntime",
    "onnxruntime_session_options_config_keys.h": "onnxruntime",
    "onnxruntime_run_options_config_keys.h": "onnxruntime",
}
TEST_LIBRARIES = {"gtest", "gmock", "benchmark"}


def rooms():
    """Room -> third-party names allowed, in the table's order."""
    table = re.findall(r"^\| `([a-z/]+)` \| (.+?) \|$", (ROOT / "ARCHITECTURE.md").read_text(), re.M)
    assert len(table) > 5, "ARCHITECTURE.md has lost its table of rooms"
    return {room: set() if names == "-" else set(names.split(", ")) for room, names in table}


def room_of(path):
    """'staronnx/plan/plan.h' -> 'staronnx/plan'; None outside the rooms."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[0] == "staronnx":
        return "/".join(parts[:2])
    return parts[0] if parts[0] in ("apps", "onnx") else None


def includes(path):
    return re.findall(r'^\s*#\s*include\s+(["<])([^">]+)[">]', path.read_text(), re.M)


def sources():
    for folder in ("staronnx", "apps"):
        for pattern in ("*.h", "*.cpp"):
            yield from (ROOT / folder).rglob(pattern)


def third_party(name):
    """The library a system include belongs to; None for the standard library and the operating system."""
    folder, slash, _ = name.partition("/")
    if slash:
        return None if folder in ("sys", "linux", "netinet") else folder
    return SYSTEM_WITHOUT_FOLDER.get(name)


def complaints(path, allowed):
    here = path.relative_to(ROOT).as_posix()
    room = room_of(here)
    order = list(allowed)
    if room not in allowed:
        return [f"{here}: its room is not in ARCHITECTURE.md"]
    test_only = path.stem.endswith(("_test", "_bench")) or "testing" in path.parts or "fuzz" in path.parts
    found = []
    for mark, name in includes(path):
        target = room_of(name) if mark == '"' else None
        if target and target != "onnx":
            if target not in allowed or order.index(target) > order.index(room):
                found.append(f"{here} includes {name}: against the direction of the rooms")
            continue
        library = third_party(name)
        if library is None or (test_only and library in TEST_LIBRARIES | set().union(*allowed.values())):
            continue
        if library not in allowed[room]:
            found.append(f"{here} includes {name}: {library} is not allowed in {room}")
        elif path.suffix == ".h" and path.name in public_headers():
            found.append(f"{here} includes {name}: a public header shows a third-party type")
    return found


def public_headers():
    """Headers that other rooms include."""
    names = set()
    for path in sources():
        room = room_of(path.relative_to(ROOT).as_posix())
        for mark, name in includes(path):
            if mark == '"' and room_of(name) != room:
                names.add(pathlib.PurePosixPath(name).name)
    return names


def test_includes_follow_the_table():
    allowed = rooms()
    found = [complaint for path in sources() for complaint in complaints(path, allowed)]
    assert not found, "\n".join(found)


def test_every_room_in_the_table_exists():
    assert [room for room in rooms() if not (ROOT / room / "CMakeLists.txt").exists()] == []


@pytest.mark.parametrize("file", ["staronnx/plan/compile.cpp", "staronnx/serve/request_path.cpp"])
def test_the_ways_stay_short(file):
    assert len((ROOT / file).read_text().splitlines()) < 200


def test_the_checker_sees_a_wrong_include(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "ARCHITECTURE.md").write_text("| `staronnx/base` | - |\n| `staronnx/machine` | hwloc |\n")
    for room in ("base", "machine"):
        (tmp_path / "staronnx" / room).mkdir(parents=True)
    bad = tmp_path / "staronnx/base/x.cpp"
    bad.write_text('#include "staronnx/machine/m.h"\n#include <hwloc.h>\n#include <vector>\n#include <sys/wait.h>\n')
    good = tmp_path / "staronnx/machine/m.cpp"
    good.write_text('#include "staronnx/base/b.h"\n#include <hwloc.h>\n')
    allowed = {"staronnx/base": set(), "staronnx/machine": {"hwloc"}}
    assert len(complaints(bad, allowed)) == 2
    assert complaints(good, allowed) == []
