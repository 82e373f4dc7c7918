"""Nodes: `staronnx node` processes that lend their cores to a server, here all on this machine."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import threading

import pytest


@pytest.fixture(scope="module")
def plan(staronnx, light, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nodes") / "plan"
    staronnx("plan", light("squeezenet"), "-o", folder, "--budget", 5)
    return folder


class Server:
    """A server process, and the address where it waits for nodes."""

    def __init__(self, command, environment, *arguments):
        self.process = subprocess.Popen(
            [command, *map(str, arguments)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.errors = []
        self.listening, self.measuring = threading.Event(), threading.Event()
        self.address = None
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        assert self.listening.wait(60), "the server does not say where to join"

    def read(self):
        for line in self.process.stderr:
            self.errors.append(line)
            if found := re.search(r"staronnx node --join (\S+)", line):
                self.address = found[1]
                self.listening.set()
            if "one request at a time" in line:
                self.measuring.set()

    def end(self):
        output = self.process.stdout.read()
        status = self.process.wait(timeout=120)
        self.reader.join()
        return status, output, "".join(self.errors)


@contextlib.contextmanager
def node(command, environment, address, *arguments):
    process = subprocess.Popen(
        [command, "node", "--join", address, "--core-groups", "1", *arguments], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stderr.close()


def listening_addresses(pid):
    """The local addresses, in hex, of the sockets at which a process listens."""
    sockets = {os.readlink(f) for f in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    rows = [line.split() for line in pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}


def test_a_node_joins_and_the_answer_is_right(command, environment, plan):
    server = Server(command, environment, "run", plan, "--nodes", 1, "--verify", "--json")
    assert listening_addresses(server.process.pid) == {"0100007F"}  # 127.0.0.1
    with node(command, environment, server.address, "--name", "helper", "--once") as helper:
        status, output, errors = server.end()
        assert helper.wait(timeout=30) == 0
    assert status == 0, errors
    assert re.search(r"node helper, core \d+, has come", errors)
    answer = json.loads(output)
    assert answer["equal"] and len(answer["runs"]) == answer["segments"]


def test_under_load_the_node_takes_part(command, environment, plan):
    server = Server(
        command, environment, "bench", plan, "--nodes", 1, "--core-groups", "1", "--rates", "20:20:20", "--duration", 0.3, "--slo", 1000, "--json"
    )
    with node(command, environment, server.address, "--once") as helper:
        status, output, errors = server.end()
        assert helper.wait(timeout=30) == 0
    assert status == 0, errors
    comparison = json.loads(output)
    assert "--nodes 1" in comparison["command"]
    whole = next(system for system in comparison["systems"] if system["name"] == "StarONNX whole")
    assert whole["transfers"]["total_ms"] > 0 and 0 <= whole["transfers"]["hidden_share"] <= 1
    assert all(point["failed"] == 0 for system in comparison["systems"] for point in system["points"])


def test_a_node_waits_for_the_next_server_and_leaves_nothing(command, environment, plan, tmp_path):
    first = Server(command, environment, "run", plan, "--nodes", 1)
    with node(command, {**environment, "TMPDIR": str(tmp_path)}, first.address):
        assert first.end()[0] == 0
        second = Server(command, environment, "run", plan, "--nodes", 1, "--listen", first.address)
        status, _, errors = second.end()
        assert status == 0, errors
    assert list(tmp_path.glob("staronnx*")) == []


def test_the_server_ends_at_once_when_a_node_dies(command, environment, plan):
    server = Server(command, environment, "bench", plan, "--nodes", 1, "--budget", 300)
    with node(command, environment, server.address, "--name", "helper", "--once") as helper:
        assert server.measuring.wait(60), "".join(server.errors)
        for child in pathlib.Path(f"/proc/{helper.pid}/task/{helper.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        assert server.process.wait(timeout=10) == 69
        assert helper.wait(timeout=10) == 1
        _, _, errors = server.end()
    assert "node helper is gone" in errors


def test_too_few_nodes_and_wrong_addresses_are_errors(staronnx, plan):
    done = staronnx("run", plan, "--nodes", 1, "--listen", "here", check=False)
    assert done.returncode == 1 and "'here' is no address; write HOST:PORT" in done.stderr
    done = staronnx("run", plan, "--nodes", 16, check=False)
    assert done.returncode == 1 and "16 nodes are more than the 15" in done.stderr
    done = staronnx("node", "--join", "127.0.0.1:1", "--once", check=False)
    assert done.returncode == 1 and "no server listens for nodes at 127.0.0.1:1" in done.stderr
    done = staronnx("node", "--join", "127.0.0.1:1", "--core-groups", "0", check=False)
    assert done.returncode == 1 and "0" in done.stderr
