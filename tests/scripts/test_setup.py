"""scripts/setup from the outside: what it says, what it leaves behind, and how it fails."""
import fcntl
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OWN = ["scripts/setup", "scripts/build", "scripts/test", "scripts/lib", ".ci/run", "requirements.txt"]


def scripts() -> list[pathlib.Path]:
    shell = [ROOT / name for name in ("scripts/setup", "scripts/build", "scripts/test", ".ci/run", "bench/peers/setup")]
    return shell + sorted((ROOT / "scripts/lib").rglob("*.sh"))


@pytest.fixture
def clone(tmp_path: pathlib.Path) -> pathlib.Path:
    """A fresh clone as far as set-up is concerned."""
    for name in OWN:
        source, target = ROOT / name, tmp_path / "clone" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
    return tmp_path / "clone"


def setup(folder: pathlib.Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([folder / "scripts/setup", *arguments], env={**os.environ, **environment}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=300)


# What a user might bring changes what set-up has to do.
for brought in ("STARPU_ROOT", "STARPU_SIMGRID_ROOT", "ONNXRUNTIME_ROOT", "METIS_ROOT"):
    os.environ.pop(brought, None)

# No address answers here: whatever needs the network fails at once.
OFFLINE = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "PIP_RETRIES": "0",
           "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}


def assert_one_clear_line(result: subprocess.CompletedProcess, *words: str) -> None:
    assert result.returncode == 1, result.stdout + result.stderr
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("setup: FAILED: "), result.stderr
    for word in words:
        assert word in lines[0]


def parts_of(clone: pathlib.Path) -> list[str]:
    return sorted(link.name for link in (clone / ".deps").iterdir() if link.is_symlink())


def test_scripts_are_clean():
    subprocess.run(["shellcheck", "-x", *scripts()], cwd=ROOT, check=True)


def test_no_registry_is_named():
    for path in [*scripts(), ROOT / "requirements.txt", *sorted((ROOT / "scripts/lib").rglob("*.txt"))]:
        assert not re.search(r"(https?|ftp)://", path.read_text()), path


def test_a_second_run_changes_nothing_and_needs_no_network(tmp_path):
    before = {link.name: link.readlink() for link in (ROOT / ".deps").iterdir() if link.is_symlink()}
    result = setup(ROOT, XDG_CACHE_HOME=str(tmp_path), **OFFLINE)
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 1 and result.stdout.startswith("setup: in place: ")
    assert before == {link.name: link.readlink() for link in (ROOT / ".deps").iterdir() if link.is_symlink()}


def test_an_unreachable_registry_is_one_clear_line(clone, tmp_path):
    result = setup(clone, XDG_CACHE_HOME=str(tmp_path / "cache"), **OFFLINE)
    assert_one_clear_line(result, "Python environment", "cannot be reached", "proxy")
    assert parts_of(clone) == []


@pytest.fixture
def cache_of_wheels(tmp_path: pathlib.Path) -> pathlib.Path:
    """A user's cache that holds the Python environment and ONNX Runtime's wheel, and nothing out of Debian's archive."""
    kept = tmp_path / "cache/staronnx/deps"
    (kept / "parts").mkdir(parents=True)
    (kept / "wheels").mkdir()
    part = (ROOT / ".deps/venv").resolve()
    subprocess.run(["cp", "-a", "--reflink=auto", part, kept / "parts" / part.name], check=True)
    wheel = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "staronnx/deps/wheels"
    found = list(wheel.glob("onnxruntime-*.whl"))
    if not found:
        pytest.skip("no wheel of ONNX Runtime in the cache of this user")
    shutil.copy2(found[0], kept / "wheels")
    return tmp_path / "cache"


def test_what_the_cache_has_needs_no_network_and_an_unreachable_mirror_is_one_clear_line(clone, cache_of_wheels):
    result = setup(clone, XDG_CACHE_HOME=str(cache_of_wheels), **OFFLINE)
    assert "Python environment 3.11: taken from the cache" in result.stdout
    assert_one_clear_line(result, "ONNX Runtime", "Debian mirror", "cannot be reached")
    assert parts_of(clone) == ["venv"]
    pytest_script = clone / ".deps/venv/bin/pytest"
    assert subprocess.run([pytest_script, "--version"], capture_output=True, check=True)
    assert str(clone) in pytest_script.read_text(), "the scripts of a copied environment name their new place"


def test_two_set_ups_in_one_clone_take_turns(clone, tmp_path):
    (clone / ".deps").mkdir()
    with open(clone / ".deps/.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen([clone / "scripts/setup"], env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), **OFFLINE},
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert "waiting" in second.stdout.readline()
        assert parts_of(clone) == [] and second.poll() is None
    assert "Python environment: making it" in second.communicate(timeout=120)[0]


def test_a_folder_that_cannot_be_written_is_one_clear_line(clone):
    (clone / ".deps").write_text("a file where the folder should be")
    assert_one_clear_line(setup(clone), "cannot write to", ".deps")


def test_a_root_that_is_no_folder_is_one_clear_line(clone):
    assert_one_clear_line(setup(clone, STARPU_ROOT="/no/such/folder"), "STARPU_ROOT", "/no/such/folder")


def test_a_blank_in_the_path_is_one_clear_line(clone):
    clone = clone.rename(clone.with_name("my clone"))
    assert_one_clear_line(setup(clone), "my clone", "move the clone")


def test_an_unknown_argument_is_one_clear_line(clone):
    assert_one_clear_line(setup(clone, "--frobnicate"), "--frobnicate", "--help")


def test_what_is_half_made_never_counts(clone, tmp_path):
    """A set-up that was killed leaves a partial folder; the next one does not take it for a part."""
    (clone / ".deps/venv.partial/bin").mkdir(parents=True)
    (clone / ".deps/venv.partial/.version").write_text("3.11\n")
    result = setup(clone, XDG_CACHE_HOME=str(tmp_path / "cache"), **OFFLINE)
    assert_one_clear_line(result, "Python environment")
    assert parts_of(clone) == []


def test_help_names_every_option():
    text = setup(ROOT, "--help").stdout
    for word in ("--gpu", "--no-gpu", "--openvino", "--no-openvino", "--no-cuda", "--bare", "STARPU_ROOT", "ONNXRUNTIME_ROOT", "METIS_ROOT", "XDG_CACHE_HOME"):
        assert word in text
