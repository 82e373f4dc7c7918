"""A server whose nodes die: it begins again, and clients are told so."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import threading

import grpc
import numpy as np
import pytest
import tritonclient.grpc
from tritonclient.utils import InferenceServerException


class Node:
    def __init__(self, command, environment, address):
        self.process = subprocess.Popen([command, "node", "--join", address, "--core-groups", "1", "--name", "helper"], env=environment)

    def children(self):
        return [int(child) for child in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()]

    def kill_its_process(self):
        for child in self.children():
            os.kill(child, signal.SIGKILL)

    def end(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(timeout=30)


@contextlib.contextmanager
def served_with_a_node(command, environment, model):
    server = subprocess.Popen(
        [command, "serve", model, "--http-port", "0", "--grpc-port", "0", "--metrics-port", "0", "--nodes", "1", "--core-groups", "1"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    node = None
    try:
        for line in server.stderr:
            if found := re.search(r"--join (\S+)", line):
                node = Node(command, environment, found[1])
                break
        errors = []
        reader = threading.Thread(target=lambda: errors.extend(server.stderr))
        reader.start()
        yield server, node, errors
        server.terminate()
        assert server.wait(timeout=60) == 0
        reader.join()
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
        if node:
            node.end()
        server.stdout.close()
        server.stderr.close()


def until_ready(server):
    said = []
    for line in server.stdout:
        said.append(line.strip())
        if line.startswith("ready: "):
            return said
    raise AssertionError(f"the server ended and said {said}")


def ask(client, value):
    inputs = [tritonclient.grpc.InferInput(name, [1, 4], "FP32").set_data_from_numpy(np.full((1, 4), value, np.float32)) for name in "ab"]
    return client.infer("two", inputs, client_timeout=30).as_numpy("sum").tolist()


class Asking:
    """Asks on and on; notes with which codes it failed."""

    def __init__(self, address):
        self.failures, self.wrong, self.stop = set(), 0, threading.Event()
        self.failed = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(address,))
        self.thread.start()

    def run(self, address):
        with tritonclient.grpc.InferenceServerClient(address) as client:
            while not self.stop.is_set():
                try:
                    self.wrong += ask(client, 2) != [[4, 4, 4, 4]]
                except InferenceServerException as refused:
                    self.failures.add(refused.status())
                    self.failed.set()

    def end(self):
        self.stop.set()
        self.thread.join(timeout=60)
        assert not self.thread.is_alive()


@pytest.mark.parametrize("comes_back", [True, False])
def test_the_server_begins_again_where_it_was(command, environment, served_models, comes_back):
    with served_with_a_node(command, environment, served_models["two"]) as (server, node, errors):
        said = until_ready(server)
        address = next(line for line in said if line.startswith("gRPC: ")).removeprefix("gRPC: ")
        asking = Asking(address)
        if not comes_back:
            node.process.send_signal(signal.SIGSTOP)  # its supervisor does not begin it again
        node.kill_its_process()
        assert asking.failed.wait(60)
        assert [line for line in until_ready(server) if not line.startswith("ready")] == [line for line in said if not line.startswith("ready")]
        # A connection of its own: others are tried again only after a while.
        with tritonclient.grpc.InferenceServerClient(address, channel_args=[("grpc.use_local_subchannel_pool", 1)]) as client:
            assert ask(client, 3) == [[6, 6, 6, 6]]
        asking.end()
        assert asking.wrong == 0 and asking.failures == {str(grpc.StatusCode.UNAVAILABLE)}
    assert any("node helper is gone" in line for line in errors)
    assert any("going on without them" in line for line in errors) != comes_back
