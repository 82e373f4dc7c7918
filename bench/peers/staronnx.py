"""StarONNX's own server, as one of the peers: one configuration, the default."""
import subprocess

from peers.peer import Peer


class StarOnnx(Peer):
    def __init__(self, build, kind="staronnx", title="StarONNX"):
        self.program, self.kind, self.title = build / "bin/staronnx", kind, title

    def missing(self):
        return None if self.program.exists() else f"{self.program} is not there; run scripts/build"

    def versions(self):
        done = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True)
        return {"staronnx": done.stdout.strip()}

    def choices(self, cores, batches):
        return [{}]

    def label(self, settings):
        return self.title

    def command(self, model, settings, ports, folder):
        words = [word for protocol, port in ports.items() for word in (f"--{protocol}-port", port)]
        return [self.program, "serve", model.path, *words], {}
