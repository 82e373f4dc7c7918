"""NVIDIA Triton: the tritonserver of its PyPI wheel, with ONNX Runtime behind its Python backend; or one that the user has on the PATH,
with its own onnxruntime backend."""
import os
import pathlib
import shutil

from peers.peer import PEERS, Peer, installed, setting

# Else Triton makes a model without batches into one with batches of 4 where its first dimension is dynamic.
OPTIONS = ["--disable-auto-complete-config", "--allow-gpu-metrics", "false"]


def text_of(value):
    if isinstance(value, dict):
        return "{ " + " ".join(f"{key}: {text_of(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[ " + ", ".join(map(text_of, value)) + " ]"
    return value.word if isinstance(value, Word) else f'"{value}"' if isinstance(value, str) else str(value)


class Word:
    """A word of config.pbtxt that is no text."""

    def __init__(self, word):
        self.word = word


def config_of(model, settings, backend, parameters):
    """config.pbtxt. Where requests are stacked, its shapes are those of one of them."""
    def described(tensors):
        return [{"name": tensor.name, "data_type": Word(f"TYPE_{tensor.type}"),
                 "dims": [size or -1 for size in tensor.shape[1 if settings["max_batch"] else 0:]]} for tensor in tensors]

    fields = {"name": model.name, "backend": backend, "max_batch_size": settings["max_batch"], "input": described(model.inputs),
              "output": described(model.outputs), "instance_group": [{"kind": Word("KIND_CPU"), "count": settings["instances"]}],
              "parameters": [{"key": key, "value": {"string_value": str(value)}} for key, value in parameters.items()]}
    if settings["max_batch"]:
        fields["dynamic_batching"] = {"max_queue_delay_microseconds": 0}
    return "\n".join(f"{name}: {text_of(value)}" for name, value in fields.items()) + "\n"


def choices(cores, batches):
    """Instances that fill the cores with one thread each, one instance on all of them, and what lies between; then more threads than
    cores, which is near Triton's defaults, and batches."""
    sizes = sorted({cores // instances for instances in range(1, cores + 1) if cores % instances == 0}, key=lambda size: size not in (1, cores))
    exact = [setting(cores // size, size) for size in sizes]
    more = [setting(1, cores, spinning=1), setting(cores, cores)] if cores > 1 else []
    stacked = [{**one, "max_batch": 8} for one in exact[:2]] if batches else []
    return exact + more + stacked


class Triton(Peer):
    kind = "triton"
    title = "Triton"
    home = PEERS / "triton/tritonserver"

    def missing(self):
        return None if (self.home / "bin/tritonserver").exists() else "Triton is not here; run bench/peers/setup triton"

    def versions(self):
        return {"nvidia-pytriton": (PEERS / "triton/.version").read_text().strip(), "onnxruntime": installed(PEERS / "triton", "onnxruntime")}

    def choices(self, cores, batches):
        return choices(cores, batches)

    def command(self, model, settings, ports, folder):
        version = folder / "repository" / model.name / "1"
        version.mkdir(parents=True, exist_ok=True)
        shutil.copy(pathlib.Path(__file__).with_name("triton_model.py"), version / "model.py")
        parameters = {"FORCE_CPU_ONLY_INPUT_TENSORS": "yes", "file": model.path, "threads": settings["threads"], "spinning": settings["spinning"]}
        (version.parent / "config.pbtxt").write_text(config_of(model, settings, "python", parameters))
        words = [self.home / "bin/tritonserver", "--backend-directory", self.home / "backends", *options(folder, ports)]
        return words, {"PATH": f"{PEERS / 'triton/bin'}:{os.environ['PATH']}"}  # where its interpreters look for packages


class TritonOnnxRuntime(Peer):
    kind = "triton-onnxruntime"
    title = "Triton (onnxruntime backend)"

    def _backends(self):
        program = shutil.which("tritonserver")
        return pathlib.Path(program).resolve().parents[1] / "backends" if program else None

    def missing(self):
        backends = self._backends()
        if backends is None:
            return "there is no tritonserver on the PATH; add the one that has the onnxruntime backend"
        return None if (backends / "onnxruntime").is_dir() else f"the tritonserver on the PATH has no onnxruntime backend ({backends}/onnxruntime)"

    def versions(self):
        version = self._backends().parent / "TRITON_VERSION"
        return {"tritonserver": version.read_text().strip() if version.exists() else "unknown", "onnxruntime": "its own"}

    def choices(self, cores, batches):
        return [one for one in choices(cores, batches) if not one["spinning"]]

    def command(self, model, settings, ports, folder):
        version = folder / "repository" / model.name / "1"
        version.mkdir(parents=True, exist_ok=True)
        shutil.copy(model.path, version / "model.onnx")
        parameters = {"intra_op_thread_count": settings["threads"], "inter_op_thread_count": 1}
        (version.parent / "config.pbtxt").write_text(config_of(model, settings, "onnxruntime", parameters))
        return [shutil.which("tritonserver"), "--backend-directory", self._backends(), *options(folder, ports)], {}


def options(folder, ports):
    addresses = [word for protocol in ports for word in (f"--{protocol}-address", "127.0.0.1", f"--{protocol}-port", ports[protocol])]
    return ["--model-repository", folder / "repository", *addresses, *OPTIONS]
