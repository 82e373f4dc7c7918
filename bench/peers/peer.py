"""What can be put beside StarONNX: each kind of server says how it is started, a Server is one that runs."""
import abc
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

import psutil

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / ".deps/peers"
PROTOCOLS = ("grpc", "http", "metrics")


class Failure(Exception):
    """What cannot be done, and what to do about it, in a sentence for the user."""


class Peer(abc.ABC):
    """A kind of server. Settings are a dictionary with numbers by name, the same names for all: instances, threads of each, max_batch
    (0: requests are not stacked), spinning (whether idle threads of ONNX Runtime spin)."""

    kind: str  # as the command line has it
    title: str

    @abc.abstractmethod
    def missing(self):
        """Why it cannot be started, and what to do; None where it can."""

    @abc.abstractmethod
    def versions(self):
        """By name: the server's, and that of the library that computes."""

    @property
    def identity(self):
        """What must be the same for an earlier measurement to hold."""
        return self.versions()

    def provider(self):
        """Whose code computes, in ONNX Runtime's words."""
        return "CPUExecutionProvider"

    @abc.abstractmethod
    def choices(self, cores, batches):
        """The settings that are worth trying on so many cores; the first few are those that have been best."""

    @abc.abstractmethod
    def command(self, model, settings, ports, folder):
        """(words, variables of the environment); what else the server reads is written into the folder."""

    def label(self, settings):
        words = f"{self.title} {settings['instances']}x{settings['threads']}"
        return words + (f" batch {settings['max_batch']}" if settings.get("max_batch") else "") + (" spinning" if settings.get("spinning") else "")


def setting(instances, threads, max_batch=0, spinning=0):
    return {"instances": instances, "threads": threads, "max_batch": max_batch, "spinning": spinning}


def installed(environment, package):
    """The version of a package in a Python environment."""
    [found] = environment.glob(f"lib/python*/site-packages/{package}-*.dist-info")
    return found.name.removeprefix(f"{package}-").removesuffix(".dist-info")


def free_ports():
    """Ports of the loopback that nobody listens at now, by protocol; these servers do not say which one they took when told to choose."""
    with_sockets = {}
    for protocol in PROTOCOLS:
        with_sockets[protocol] = socket.create_server(("127.0.0.1", 0))
    ports = {protocol: taken.getsockname()[1] for protocol, taken in with_sockets.items()}
    for taken in with_sockets.values():
        taken.close()
    return ports


class Server:
    """with Server(peer, model, settings, folder) as server: ..., ready inside the block, ended after it by its own id. What it says is in
    folder/log, which stays."""

    def __init__(self, peer, model, settings, folder, patience_s=300):
        self.peer, self.model, self.settings, self.folder, self.patience_s = peer, model, settings, pathlib.Path(folder), patience_s
        self.log = self.folder / "log"

    @property
    def label(self):
        return self.peer.label(self.settings)

    def __enter__(self):
        if reason := self.peer.missing():
            raise Failure(reason)
        self.folder.mkdir(parents=True, exist_ok=True)
        ports = free_ports()
        words, variables = self.peer.command(self.model, self.settings, ports, self.folder)
        with self.log.open("wb") as log:
            process = subprocess.Popen([str(word) for word in words], env={**os.environ, **variables}, cwd=self.folder, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log)
        self.process = process
        self.grpc, self.http = (f"127.0.0.1:{ports[protocol]}" for protocol in ("grpc", "http"))
        try:
            self._wait_until_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        self._end()

    def _wait_until_ready(self):
        """Asks, again and again; between two questions it waits for the process, whose end would be the answer."""
        give_up = time.monotonic() + self.patience_s
        while not self._ready():
            try:
                status = self.process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                status = None
            if status is not None or time.monotonic() > give_up:
                happened = f"not ready after {self.patience_s} s" if status is None else f"ended with status {status}"
                raise Failure(f"{self.label}: {happened} instead of serving {self.model.name}; its log, {self.log}, ends with:\n{self._last_words()}")

    def _ready(self):
        try:
            with urllib.request.urlopen(f"http://{self.http}/v2/models/{self.model.name}/ready", timeout=10) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _last_words(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def _tree(self):
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def _end(self):
        if self.process.poll() is not None:
            return
        tree = self._tree()
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        _, left = psutil.wait_procs(tree[1:], timeout=10)
        for process in left:
            process.kill()

    def cpu_seconds(self):
        """Of the whole process tree, from its start."""
        times = [process.cpu_times() for process in self._tree()]
        return sum(time.user + time.system for time in times) + times[0].children_user + times[0].children_system

    def memory_bytes(self):
        """Of the whole process tree, pages that several processes share counted once (PSS)."""
        return sum(process.memory_full_info().pss for process in self._tree())
