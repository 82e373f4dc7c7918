"""Puts a server under load with `staronnx bench`, the same client for all, and says what it cost the server."""
import json
import subprocess

from compare.machine import Watch
from peers.peer import Failure


class Client:
    """The command of one build of StarONNX."""

    def __init__(self, program):
        self.program = program

    def closed_loop(self, server, in_flight, seconds):
        """One point: so many requests unanswered at any time."""
        return self._point(server, "--concurrency-range", in_flight, "--duration", seconds)

    def window(self, server, rate, seconds, seed, slo_ms):
        """One point, open loop, with what it cost: cpu_ms_per_request of the server's whole process tree, and others_share, of the machine,
        that programs used which are neither the server nor the client."""
        for _ in range(2):  # a late generator says nothing of the server: once more
            before, watch = server.cpu_seconds(), Watch()
            point = self._point(server, "--rates", rate, "--duration", seconds, "--seed", seed, "--slo", slo_ms)
            spent = server.cpu_seconds() - before
            others_share = watch.others_share(spent)
            if not point["late_generator"]:
                break
        return {**point, "cpu_ms_per_request": 1000 * spent / max(1, point["sent"]), "others_share": others_share}

    def in_process(self, model, folder, slo_ms, seconds):
        """ONNX Runtime alone beside StarONNX, without a network: lone_p50_ms, saturated_per_s and threshold_per_s of each."""
        if not folder.exists():
            self._run("plan", model.path, "-o", folder, *model.shape_options)
        said = json.loads(self._run("bench", folder, "--slo", slo_ms, "--budget", seconds, "--json"))
        return [{name: system[name] for name in ("name", "lone_p50_ms", "saturated_per_s", "threshold_per_s")} for system in said["systems"]]

    def _point(self, server, *words):
        try:
            said = self._run("bench", f"grpc://{server.grpc}", "--model", server.model.name, *server.model.shape_options, *words, "--json")
        except Failure as failure:
            raise Failure(f"{failure} ({server.label}; its log: {server.log})") from None
        return json.loads(said)["systems"][0]["points"][0]

    def _run(self, *words):
        command = [str(word) for word in (self.program, *words)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()
            raise Failure(f"{' '.join(command)}: {said[-1] if said else f'ended with {done.returncode}'}")
        return done.stdout
