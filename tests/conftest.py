"""What whole-system tests share: the real command, a cache folder per test session, models."""

import contextlib
import glob
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
import serve_models

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


class Served:
    """A running `staronnx serve`: its addresses, and what it has said."""

    def __init__(self, process):
        self.process = process
        self.said = []
        self.http = self.wait_for("HTTP: http").partition("://")[2]
        self.grpc = self.wait_for("gRPC: ").removeprefix("gRPC: ")
        self.port = int(self.http.rsplit(":", 1)[1])

    @property
    def metrics(self):
        """Where Prometheus reads, once the server is ready."""
        return next(line.removeprefix("metrics: ") for line in self.said if line.startswith("metrics: "))

    def wait_for(self, begin):
        """The next line on standard output that begins so."""
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if line.startswith(begin):
                return line.rstrip()
        raise AssertionError(f"the server ended with {self.process.wait()} and said: {self.said}\n{self.errors()}")

    def errors(self):
        """What it has said on standard error. Where the server writes stays as it is."""
        return os.pread(self.process.errors.fileno(), 1 << 20, 0).decode()

    def end(self):
        """Asks for the end; returns the exit status."""
        self.process.terminate()
        return self.process.wait(timeout=60)


@pytest.fixture(scope="session")
def serve(command, environment):
    """with serve(model, "--http-max-input-size", 100) as served: ..., ready unless told otherwise."""

    @contextlib.contextmanager
    def run(*arguments, ready=True, binary=command, variables=(), **options):
        ports = [word for protocol in ("http", "grpc", "metrics") for word in (f"--{protocol}-port", "0")]
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen([binary, "serve", *ports, *map(str, arguments)], stdout=subprocess.PIPE, stderr=errors,
                                       text=True, env={**environment, **dict(variables)}, **options)
            process.errors = errors
            try:
                served = Served(process)
                if ready:
                    served.wait_for("ready: ")
                yield served
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
                process.stdout.close()

    return run


@pytest.fixture(scope="session")
def served_models(tmp_path_factory, light):
    """name -> path of the models that `served` serves."""
    folder = tmp_path_factory.mktemp("served_models")
    made = [serve_models.types(folder), serve_models.identity(folder, "FP32"), serve_models.identity(folder, "BYTES"),
            serve_models.two(folder), serve_models.slow(folder)]
    shutil.copy(light("squeezenet"), folder / "squeezenet.onnx")
    return {path.stem: path for path in [*made, folder / "squeezenet.onnx"]}


@pytest.fixture(scope="session")
def served(serve, served_models):
    """A server that tests share: none may harm it."""
    with serve(*served_models.values()) as running:
        yield running
        assert running.end() == 0, running.errors()
