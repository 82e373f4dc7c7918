"""StarONNX's own server, as one of the peers: one configuration, the default."""
import functools
import hashlib
import subprocess

from peers.peer import Peer


class StarOnnx(Peer):
    def __init__(self, build, kind="staronnx", title="StarONNX"):
        self.program, self.kind, self.title = build / "bin/staronnx", kind, title

    def missing(self):
        return None if self.program.exists() else f"{self.program} is not there; run scripts/build"

    @functools.cached_property
    def _said(self):
        return subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True).stdout

    def versions(self):
        return dict(pair.split(" ", 1) for pair in self._said.strip().split(", "))

    @functools.cached_property
    def identity(self):
        return {**self.versions(), "build": hashlib.sha256(self.program.read_bytes()).hexdigest()[:16]}

    def provider(self):
        return "CPUExecutionProvider" if self.kind == "staronnx" else "CPUExecutionProvider or OpenVINO, whichever a segment's plan found faster"

    def choices(self, cores, batches):
        return [{}]

    def label(self, settings):
        return self.title

    def command(self, model, settings, ports, folder):
        words = [word for protocol, port in ports.items() for word in (f"--{protocol}-port", port)]
        return [self.program, "serve", model.path, *words], {}
