"""What whole-system tests share: the real command, a cache folder per test session, models."""

import glob
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def command():
    path = os.environ.get("STARONNX_BIN", str(ROOT / "build/release/bin/staronnx"))
    assert os.access(path, os.X_OK), f"{path} is not there; run scripts/build first"
    return path


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """The user's own cache stays out of the tests. A command whose tasks stand still for a minute crashes."""
    cache = str(tmp_path_factory.mktemp("cache"))
    return {**os.environ, "XDG_CACHE_HOME": cache, "STARPU_WATCHDOG_TIMEOUT": "60000000", "STARPU_WATCHDOG_CRASH": "1"}


@pytest.fixture(scope="session")
def staronnx(command, environment):
    """staronnx("plan", model, ...) -> CompletedProcess with text output."""

    def run(*arguments, check=True, **options):
        done = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True, env=environment, timeout=600, **options)
        assert not check or done.returncode == 0, f"staronnx {arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def staronnx_json(staronnx):
    """The same with --json, parsed."""

    def run(*arguments, **options):
        return json.loads(staronnx(*arguments, "--json", **options).stdout)

    return run


@pytest.fixture(scope="session")
def light():
    """light("resnet50") -> path of the model in the onnx package."""

    def path(name):
        import onnx

        return pathlib.Path(onnx.__file__).parent / f"backend/test/data/light/light_{name}.onnx"

    return path


@pytest.fixture(scope="session")
def wheel_model():
    """wheel_model("silero-vad", "silero_vad.onnx") -> path of a trained model that scripts/setup unpacked."""

    def path(wheel, name):
        found = glob.glob(str(ROOT / f".deps/models/{wheel}/**/{name}"), recursive=True)
        assert found, f"{name} of {wheel} is not in .deps/models; run scripts/setup"
        return found[0]

    return path
