"""MLServer with ONNX Runtime behind it."""
import json
import pathlib
import shutil

from peers.peer import PEERS, Peer, installed, setting


class MLServer(Peer):
    kind = "mlserver"
    title = "MLServer"
    python = PEERS / "mlserver/bin/python"

    def missing(self):
        return None if self.python.exists() else "MLServer is not here; run bench/peers/setup mlserver"

    def versions(self):
        return {"mlserver": installed(PEERS / "mlserver", "mlserver"), "onnxruntime": installed(PEERS / "mlserver", "onnxruntime")}

    def choices(self, cores, batches):
        """Instances are its parallel workers; with one it computes in the process that listens."""
        found = [setting(1, cores), setting(cores, 1)] if cores > 1 else [setting(1, 1)]
        return found + ([{**found[-1], "max_batch": 8}] if batches else [])

    def command(self, model, settings, ports, folder):
        workers = settings["instances"] if settings["instances"] > 1 else 0
        place = folder / "models" / model.name
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(pathlib.Path(__file__).with_name("mlserver_runtime.py"), place)
        (folder / "models/settings.json").write_text(json.dumps({
            "host": "127.0.0.1", "http_port": ports["http"], "grpc_port": ports["grpc"], "metrics_port": ports["metrics"], "debug": False,
            "parallel_workers": workers, "grpc_max_message_length": 64 << 20, "environments_dir": str(folder / "environments")}))
        batching = {"max_batch_size": settings["max_batch"], "max_batch_time": 0.001} if settings["max_batch"] else {}
        (place / "model-settings.json").write_text(json.dumps({
            "name": model.name, "implementation": "mlserver_runtime.OnnxModel", **batching,
            "parameters": {"uri": str(model.path), "extra": {"threads": settings["threads"], "spinning": settings["spinning"]}}}))
        return [self.python, PEERS / "mlserver/bin/mlserver", "start", folder / "models"], {}
