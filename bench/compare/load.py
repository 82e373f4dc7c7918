"""Puts a server under load with `staronnx bench`, the same client for all, and says what it cost the server."""
import json
import resource
import subprocess
import time

import psutil

from peers.peer import ROOT, Failure

CLIENT = ROOT / "build/release/bin/staronnx"


def bench(targets, *words):
    """What `staronnx bench` says, parsed."""
    command = [str(word) for word in (CLIENT, "bench", *targets, *words, "--json")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f'ended with {done.returncode}'}")
    return json.loads(done.stdout)


def of_server(server, *words):
    shapes = [word for name, shape in server.model.shapes.items() for word in ("--shape", f"{name}:{'x'.join(map(str, shape))}")]
    return bench([f"grpc://{server.grpc}"], "--model", server.model.name, *shapes, *words)["systems"][0]


def closed_loop(server, in_flight, seconds):
    """One point: so many requests unanswered at any time."""
    return of_server(server, "--concurrency-range", in_flight, "--duration", seconds)["points"][0]


def window(server, rate, seconds, seed, slo_ms):
    """One point, open loop, with what it cost: cpu_ms_per_request of the server's whole process tree, and others_share, of the machine, that
    programs used which are neither the server nor the client."""
    for _ in range(2):  # a late generator says nothing of the server: once more
        before = Spent(server)
        point = of_server(server, "--rates", rate, "--duration", seconds, "--seed", seed, "--slo", slo_ms)["points"][0]
        used = Spent(server).since(before)
        if not point["late_generator"]:
            break
    return {**point, "cpu_ms_per_request": 1000 * used["server_s"] / max(1, point["sent"]), "others_share": used["others_share"]}


class Spent:
    """Processor time until now: of a server, of its client, of the machine."""

    def __init__(self, server):
        self.server = server.cpu_seconds()
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.client = children.ru_utime + children.ru_stime
        machine = psutil.cpu_times()
        self.machine = machine.user + machine.nice + machine.system + machine.irq + machine.softirq
        self.at = time.monotonic()

    def since(self, before):
        server = self.server - before.server
        others = self.machine - before.machine - server - (self.client - before.client)
        return {"server_s": server, "others_share": max(0.0, others / (self.at - before.at) / psutil.cpu_count())}
