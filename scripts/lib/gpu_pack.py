"""gpu_pack.py FILE.tar.gz [--without-cuda]: builds the preset cuda and packs what scripts/gpu-check needs on another machine.

  gpu-check/scripts/gpu-check   to be run there
  gpu-check/bin                 the command, tests and a benchmark
  gpu-check/lib/staronnx        every shared library but the driver's and the C library's; programs look here first, relative to themselves
  gpu-check/deps                models
  gpu-check/licences            of what is not StarONNX's own
  gpu-check/manifest.json       the commit, and a checksum of every file
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPS = ROOT / ".deps"
BIN = ROOT / "build/cuda/bin"
PROGRAMS = ["staronnx", "machine_test", "execute_test", "schedule_test", "gpu_overlap_bench"]
# The driver's, and those that belong to the system's C library: a program takes the target's.
OF_THE_TARGET = re.compile(r"(ld-linux.*|libc|libm|libdl|librt|libpthread|libresolv|libutil|libanl|libnss_.*|libcuda|libnvidia-.*)\.so(\.|$)")
OF_CUDA = re.compile(r"lib(cublas|cublasLt|cudart|cudnn.*|cufft|curand|cusolver|cusparse|nvrtc.*|nvJitLink)\.so(\.|$)")
# What the CUDA provider and cuDNN load by name, when they need it.
LOADED_BY_NAME = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so", "libcudnn*.so.9", "libnvrtc.so.13", "libnvrtc-builtins.so.13.*"]  # fmt: skip


def library_folders():
    """Where this build's programs find CUDA and ONNX Runtime: their RPATH."""
    said = subprocess.run(["readelf", "-d", BIN / "execute_test"], capture_output=True, text=True, check=True).stdout
    rpath = re.search(r"\(RPATH\).*\[(.*)\]", said).group(1).split(":")
    return [pathlib.Path(folder) for folder in rpath if not folder.startswith("$")]


def needed_by(file, folders):
    """Name -> path of all libraries that a file needs, and theirs."""
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, folders))}
    said = subprocess.run(["ldd", file], capture_output=True, text=True, check=True, env=environment).stdout
    needed = dict(re.findall(r"^\s*(\S+) => (\S+)", said, re.M))
    missing = [name for name, path in needed.items() if path == "not" and not OF_THE_TARGET.match(name)]
    if missing:
        sys.exit(f"gpu-check: {file} needs {', '.join(missing)}, which this machine lacks")
    return {name: pathlib.Path(path) for name, path in needed.items() if not OF_THE_TARGET.match(name)}


def all_libraries():
    folders = library_folders()
    found = {}
    for pattern in LOADED_BY_NAME:
        files = {file.name: file for folder in reversed(folders) for file in folder.glob(pattern)}
        if not files:
            sys.exit(f"gpu-check: {pattern} is in none of {', '.join(map(str, folders))}")
        found.update(files)
    for file in [*(BIN / name for name in PROGRAMS), *found.values()]:
        found |= needed_by(file, folders)
    return found


def copy_models(to):
    light = "onnx/onnx/backend/test/data/light"
    shutil.copytree(DEPS / light, to / light)
    for file in sorted((DEPS / "models").rglob("*.onnx")):
        target = to / file.relative_to(DEPS)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)


def copy_licences(to):
    """The project's, and those that scripts/setup kept of each part."""
    to.mkdir()
    shutil.copy(ROOT / "LICENSE", to)
    for part in ("starpu", "onnxruntime-gpu", "onnx", "models"):
        for pattern in ("LICENSE*", "COPYING*", "ThirdParty*", "License*", "METADATA"):
            for file in sorted((DEPS / part).rglob(pattern)):
                shutil.copy(file, to / "-".join([part, *file.relative_to(DEPS / part).parts]))


def fill(folder, without_cuda):
    libraries = folder / "lib/staronnx"
    for name in ("scripts", "bin", "lib/staronnx"):
        (folder / name).mkdir(parents=True)
    shutil.copy(ROOT / "scripts/gpu-check", folder / "scripts")
    for name in PROGRAMS:
        shutil.copy(BIN / name, folder / "bin")
    for name, path in sorted(all_libraries().items()):
        if not (without_cuda and OF_CUDA.match(name)):
            shutil.copy(path, libraries / name)
    copy_models(folder / "deps")
    copy_licences(folder / "licences")
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=True).stdout.strip()
    checksums = {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    (folder / "manifest.json").write_text(json.dumps({"commit": commit, "files": checksums}, indent=1) + "\n")
    return sum(file.stat().st_size for file in files)


def main(arguments):
    without_cuda = "--without-cuda" in arguments
    (file,) = [pathlib.Path(argument) for argument in arguments if argument != "--without-cuda"]
    subprocess.run([ROOT / "scripts/build", "--gpu"], check=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as scratch:
        size = fill(pathlib.Path(scratch, "gpu-check"), without_cuda)
        subprocess.run(["tar", "-C", scratch, "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-czf", file.resolve(), "gpu-check"], check=True)
    print(f"gpu-check: {file}, {file.stat().st_size / 1e6:.0f} MB ({size / 1e6:.0f} MB unpacked)"
          f"{', without the libraries of CUDA 13 and cuDNN 9' if without_cuda else ''}")  # fmt: skip
    print(f"gpu-check: on the other machine: tar -xzf {file.name} && gpu-check/scripts/gpu-check; where a transfer has a limit: split -b")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(f"gpu-check: {' '.join(map(str, error.cmd))} ended with {error.returncode}")
