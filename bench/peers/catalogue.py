"""All kinds of servers there are, by the name that the command line has."""
from peers.mlserver_peer import MLServer
from peers.peer import ROOT
from peers.staronnx import StarOnnx
from peers.triton import Triton, TritonOnnxRuntime


def all_peers():
    """StarONNX first; with its build for OpenVINO, where there is one."""
    peers = [StarOnnx(ROOT / "build/release"), Triton(), TritonOnnxRuntime(), MLServer()]
    if (ROOT / "build/release-openvino/bin/staronnx").exists():
        peers.insert(1, StarOnnx(ROOT / "build/release-openvino", "staronnx-openvino", "StarONNX with OpenVINO"))
    return {peer.kind: peer for peer in peers}
