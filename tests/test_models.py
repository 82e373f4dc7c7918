"""Real models give the results that others computed: the onnx package's expected outputs, and ONNX Runtime on the whole model."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

LIGHT = ["bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19", "zfnet512"]
SPLITS = ["1", "0.5,0.5", "0.8,0.2", "0.34,0.33,0.33", "0.6,0.3,0.1"]


def split_options(shares):
    return ["--segments", "1"] if shares == "1" else ["--shares", shares]


def segments_of(shares):
    return str(shares.count(",") + 1)


def onnx_test_input(model):
    """The input that the onnx package's expected outputs belong to: 0, 1/n, 2/n ... (onnx.backend.test.runner)."""
    constants = {each.name for each in model.graph.initializer}
    (info,) = [each for each in model.graph.input if each.name not in constants]
    shape = [dim.dim_value for dim in info.type.tensor_type.shape.dim]
    count = int(np.prod(shape))
    return (np.arange(count).reshape(shape) / count).astype(np.float32)


def reference_outputs(path, feeds):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


@pytest.mark.parametrize("shares", SPLITS)
@pytest.mark.parametrize("name", LIGHT)
def test_light_models_give_the_expected_outputs(name, shares, light, staronnx, staronnx_json, tmp_path):
    path = light(name)
    plan = staronnx_json("plan", path, "-o", tmp_path / "plan", "--budget", 0, *split_options(shares))
    assert len(plan["variants"][-1]["segments"]) == int(segments_of(shares))

    np.save(tmp_path / "x.npy", onnx_test_input(onnx.load(path)))
    said = staronnx_json(
        "run", tmp_path / "plan", "--segments", segments_of(shares),
        "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy", "--verify",
    )  # fmt: skip
    assert said["equal"] is True and said["segments"] == int(segments_of(shares))

    expected = numpy_helper.to_array(onnx.load_tensor(str(path).replace(".onnx", "_output_0.pb")))
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), expected, rtol=1e-3, atol=1e-7)


def speech_inputs():
    """silero-vad: 36 ms of a made-up voice, its recurrent state, the sampling rate."""
    time = np.arange(576, dtype=np.float32) / 16000
    wave = (0.3 * np.sin(2 * np.pi * 180 * time) + 0.1 * np.sin(2 * np.pi * 720 * time)).astype(np.float32)
    return {"input": wave[None, :], "state": np.zeros((2, 1, 128), np.float32), "sr": np.array(16000, np.int64)}


SPEECH_SHAPES = ["--shape", "input:1x576", "--shape", "state:2x1x128"]


def picture_input(height, width):
    return np.random.default_rng(7).uniform(-1, 1, (1, 3, height, width)).astype(np.float32)


def run_on_files(staronnx_json, tmp_path, target, feeds, names, *options):
    """Runs the command on .npy files; returns the outputs in the order of `names`, and what was said."""
    arguments = []
    for name, value in feeds.items():
        file = tmp_path / f"in-{len(arguments)}.npy"
        np.save(file, value)
        arguments += ["--input", f"{name}={file}"]
    for i, name in enumerate(names):
        arguments += ["--output", f"{name}={tmp_path / f'out-{i}.npy'}"]
    said = staronnx_json("run", target, *arguments, *options)
    return [np.load(tmp_path / f"out-{i}.npy") for i in range(len(names))], said


def check_against_onnxruntime(staronnx_json, tmp_path, target, model, feeds, *options):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    got, said = run_on_files(staronnx_json, tmp_path, target, feeds, names, *options)
    assert said["equal"] is True
    for mine, theirs in zip(got, session.run(names, feeds), strict=True):
        assert mine.shape == theirs.shape and mine.dtype == theirs.dtype
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_transformer_with_dynamic_width(k, wheel_model, staronnx, staronnx_json, tmp_path):
    """PP-OCRv6's recogniser (attention blocks over a text line of any width), planned at one width, run at others too."""
    model = wheel_model("rapidocr", "PP-OCRv6_rec_small.onnx")
    staronnx("plan", model, "-o", tmp_path / "plan", "--shape", "x:1x3x48x320", "--segments", "2,3", "--budget", 0)
    for width in (320, 160, 640):
        feeds = {"x": picture_input(48, width)}
        check_against_onnxruntime(staronnx_json, tmp_path, tmp_path / "plan", model, feeds, "--segments", k, "--verify")


@pytest.mark.parametrize("shares", ["1", "0.5,0.5", "0.7,0.2,0.1"])
def test_a_speech_model_with_control_flow(shares, wheel_model, staronnx, staronnx_json, tmp_path):
    """silero-vad: several Ifs between convolutions and a recurrent layer."""
    model = wheel_model("silero-vad", "silero_vad_16k_op15.onnx")
    assert sum(node.op_type == "If" for node in onnx.load(model).graph.node) > 1
    staronnx("plan", model, "-o", tmp_path / "plan", "--budget", 0, *SPEECH_SHAPES, *split_options(shares))
    options = ["--segments", segments_of(shares), "--verify"]
    check_against_onnxruntime(staronnx_json, tmp_path, tmp_path / "plan", model, speech_inputs(), *options)


def test_a_model_that_is_one_if_runs_whole(wheel_model, staronnx, staronnx_json, tmp_path):
    """The sampling rate chooses one of two networks: there is nothing to cut outside, and that is said."""
    model = wheel_model("silero-vad", "silero_vad.onnx")
    check_against_onnxruntime(staronnx_json, tmp_path, model, model, speech_inputs(), "--segments", 1, "--verify")
    # A made-up sampling rate takes the branch for another length of input: the message says how to do better.
    refused = staronnx("plan", model, "-o", tmp_path / "plan", *SPEECH_SHAPES, check=False)
    assert refused.returncode == 1 and "--input" in refused.stderr
    files = ["--input", tmp_path / "in-0.npy", "--input", tmp_path / "in-2.npy", "--input", tmp_path / "in-4.npy"]
    refused = staronnx("plan", model, "-o", tmp_path / "plan", *files, "--segments", 4, check=False)
    assert refused.returncode == 1 and "4" in refused.stderr and "node" in refused.stderr


@pytest.mark.parametrize("wheel, name, shape", [
    ("rapidocr-onnxruntime", "ch_PP-OCRv4_det_infer.onnx", "x:1x3x320x320"),
    ("magika", "model.onnx", "bytes:1x2048"),
    ("pipecat-ai", "smart-turn-v3.2-cpu.onnx", "input_features:1x80x800"),
])  # fmt: skip
def test_other_trained_models(wheel, name, shape, wheel_model, staronnx_json):
    said = staronnx_json("run", wheel_model(wheel, name), "--shape", shape, "--segments", 3, "--random", "--verify")
    assert said["equal"] is True and said["segments"] == 3


def test_what_onnxruntime_itself_rounds_differently_is_equal_and_a_wrong_segment_is_not(wheel_model, staronnx, staronnx_json, tmp_path):
    """PP-OCRv6's detector on noise: tiny probabilities, in which ONNX Runtime's own fusions of operators show."""
    plan = tmp_path / "plan"
    staronnx("plan", wheel_model("rapidocr", "PP-OCRv6_det_small.onnx"), "-o", plan, "--shape", "x:1x3x320x320", "--segments", 2, "--budget", 0)
    said = staronnx_json("run", plan, "--random", "--verify")
    assert said["equal"] is True
    assert said["max_rel_error"] <= 1e-5 or said["max_rel_error"] <= 2 * said["max_rel_error_unoptimized"]

    second = plan / json.loads((plan / "plan.json").read_text())["variants"][1]["segments"][1]["file"]
    model = onnx.load(second, load_external_data=False)
    (output,) = model.graph.output
    model.graph.node[-1].output[0] = "nearly"
    model.graph.initializer.append(numpy_helper.from_array(np.float32(1.001), "factor"))
    model.graph.node.append(onnx.helper.make_node("Mul", ["nearly", "factor"], [output.name]))
    onnx.save(model, second)
    done = staronnx("run", plan, "--random", "--verify", check=False)
    assert done.returncode == 1 and "NOT equal" in done.stdout and "its own without optimisations" in done.stdout


def test_a_plan_is_portable(light, staronnx, staronnx_json, tmp_path):
    """The directory may be moved, and holds all that a run needs."""
    staronnx("plan", light("squeezenet"), "-o", tmp_path / "here", "--budget", 0)
    (tmp_path / "here").rename(tmp_path / "there")
    assert staronnx_json("run", tmp_path / "there", "--verify")["equal"] is True


def test_segments_are_models_that_onnx_accepts(light, staronnx, tmp_path):
    staronnx("plan", light("inception_v1"), "-o", tmp_path / "plan", "--budget", 0)
    plan = json.loads((tmp_path / "plan/plan.json").read_text())
    for variant in plan["variants"][1:]:
        for segment in variant["segments"]:
            onnx.checker.check_model(str(tmp_path / "plan" / segment["file"]))
