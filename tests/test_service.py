"""The server under a service manager: what it is told, and the unit file."""

import pathlib
import shutil
import socket
import subprocess
import tempfile
import urllib.request

import pytest

UNIT = pathlib.Path(__file__).resolve().parent.parent / "deploy/staronnx.service"


@pytest.fixture()
def manager():
    """A socket as systemd has; its path fits an address."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"{folder}/notify")
        listening.settimeout(60)
        yield listening


def test_the_manager_hears_of_readiness_and_of_the_end(serve, served_models, manager):
    with serve(served_models["two"], ready=False, variables={"NOTIFY_SOCKET": manager.getsockname()}) as served:
        assert manager.recv(1000) == b"READY=1"
        with urllib.request.urlopen(f"http://{served.http}/v2/health/ready", timeout=60) as answer:
            assert answer.status == 200
        served.process.terminate()
        assert manager.recv(1000) == b"STOPPING=1"
        assert served.process.wait(timeout=60) == 0


def test_a_server_whose_model_is_missing_is_never_ready(serve, tmp_path, manager):
    with serve(tmp_path / "none.onnx", ready=False, variables={"NOTIFY_SOCKET": manager.getsockname()}) as served:
        assert served.process.wait(timeout=60) == 1
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(1000)


def test_a_manager_that_is_gone_is_warned_of(serve, served_models, tmp_path):
    with serve(served_models["two"], variables={"NOTIFY_SOCKET": str(tmp_path / "gone")}) as served:
        assert served.end() == 0
        assert "NOTIFY_SOCKET" in served.errors() and "No such file" in served.errors()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_accepts_the_unit(command, tmp_path):
    unit = tmp_path / "staronnx.service"
    unit.write_text(UNIT.read_text().replace("ExecStart=staronnx ", f"ExecStart={command} "))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "staronnx" not in done.stderr, done.stderr


def test_the_unit_reloads_by_the_signal_that_the_server_knows():
    assert "ExecReload=kill -HUP $MAINPID" in UNIT.read_text().splitlines()


def test_the_unit_runs_a_command_that_exists(staronnx, tmp_path):
    """Its words are taken by the command, up to the file that is not here."""
    start = next(line for line in UNIT.read_text().splitlines() if line.startswith("ExecStart="))
    words = start.removeprefix("ExecStart=staronnx ").replace("/etc/staronnx", str(tmp_path)).split()
    done = staronnx(*words, check=False)
    assert done.returncode == 2 and str(tmp_path / "serve.toml") in done.stderr.splitlines()[0]
