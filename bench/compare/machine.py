"""The machine that a comparison is from."""
import json
import os
import platform
import resource
import subprocess
import time

import psutil

CORES = len(os.sched_getaffinity(0))


def machine(program):
    """As a command of StarONNX sees it, in words that mean the same elsewhere: the processor, its cores, memory and system; no names."""
    said = json.loads(subprocess.run([program, "machine", "--json"], capture_output=True, text=True, check=True).stdout)
    gib = psutil.virtual_memory().total / 2**30
    return {"id": f"{said['cpu_model']}, {CORES} cores", "memory_gib": round(gib), "system": platform.freedesktop_os_release()["PRETTY_NAME"]}


class Watch:
    """Of what the machine does beside this program and what it has started and ended."""

    def __init__(self):
        self._busy, self._own, self._at = busy_seconds(), own_seconds(), time.monotonic()

    def others_share(self, servers_s=0.0):
        """Of the machine, since the watch began, without the seconds that servers used which still run."""
        others = busy_seconds() - self._busy - (own_seconds() - self._own) - servers_s
        return max(0.0, others / (time.monotonic() - self._at) / psutil.cpu_count())


def busy_seconds():
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq + times.softirq


def own_seconds():
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
