"""The machine that a comparison is from."""
import json
import os
import platform
import subprocess

from compare.load import CLIENT

CORES = len(os.sched_getaffinity(0))


def machine():
    """In words that mean the same elsewhere: the processor, its cores, memory and system; no names."""
    said = json.loads(subprocess.run([CLIENT, "machine", "--json"], capture_output=True, text=True, check=True).stdout)
    gib = sum(node["memory_bytes"] for node in said["numa_nodes"]) / 2**30
    return {"id": f"{said['cpu_model']}, {CORES} cores", "memory_gib": round(gib), "system": platform.freedesktop_os_release()["PRETTY_NAME"]}
