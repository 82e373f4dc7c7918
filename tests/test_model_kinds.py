"""Every kind of model that ONNX Runtime runs, cut in two where it can be, equals ONNX Runtime on the whole."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def value(name, kind=FLOAT, shape=(2, 4)):
    return helper.make_tensor_value_info(name, kind, shape)


def save(path, nodes, inputs, outputs, initializers=(), opset=17, ir_version=8, functions=(), domains=()):
    graph = helper.make_graph(nodes, "test", inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=ir_version, functions=list(functions))
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def chain(source, target, ops=("Relu", "Neg", "Abs", "Exp"), prefix="c"):
    """Nodes from `source` to `target`, so that there is something to cut before and after what is tested."""
    names = [source, *(f"{prefix}{i}" for i in range(len(ops) - 1)), target]
    return [helper.make_node(op, [a], [b]) for op, a, b in zip(ops, names[:-1], names[1:], strict=True)]


@pytest.fixture()
def verify(staronnx_json):
    def run(path, *options, segments=2):
        said = staronnx_json("run", path, "--segments", segments, "--verify", *options)
        assert said["equal"] is True and said["segments"] == segments
        return said

    return run


@pytest.fixture()
def run_files(staronnx, tmp_path):
    """run_files(model, {input: array}, [outputs], options...) -> arrays."""

    def run(path, feeds, names, *options):
        arguments = []
        for name, array in feeds.items():
            np.save(tmp_path / f"{name}.npy", array)
            arguments += ["--input", f"{name}={tmp_path / name}.npy"]
        for name in names:
            arguments += ["--output", f"{name}={tmp_path / name}.npy"]
        staronnx("run", path, "--segments", 2, *arguments, *options)
        return [np.load(tmp_path / f"{name}.npy") for name in names]

    return run


def test_several_inputs_and_outputs_of_several_segments(verify, tmp_path):
    nodes = [*chain("x", "early"), helper.make_node("Add", ["early", "w"], ["sum"]), *chain("sum", "late", prefix="d")]
    path = save(tmp_path / "m.onnx", nodes, [value("x"), value("w")], [value("early"), value("late"), value("sum")])
    for k in (2, 3, 4):
        assert [each["name"] for each in verify(path, segments=k)["outputs"]] == ["early", "late", "sum"]


def test_an_input_and_a_constant_as_outputs(run_files, tmp_path):
    constant = numpy_helper.from_array(np.arange(8, dtype=np.float32).reshape(2, 4), "k")
    path = save(tmp_path / "m.onnx", chain("x", "y"), [value("x")], [value("x"), value("y"), value("k")], [constant])
    x = np.full((2, 4), 0.5, np.float32)
    outputs = run_files(path, {"x": x}, ["k", "y"])
    np.testing.assert_array_equal(outputs[0], np.arange(8).reshape(2, 4))
    np.testing.assert_allclose(outputs[1], np.exp(x), rtol=1e-6)


def test_an_initializer_that_is_an_input_may_be_overridden(run_files, tmp_path):
    default = numpy_helper.from_array(np.full((2, 4), 2, np.float32), "scale")
    nodes = [*chain("x", "a"), helper.make_node("Mul", ["a", "scale"], ["b"]), *chain("b", "y", ("Neg", "Abs"), "d")]
    path = save(tmp_path / "m.onnx", nodes, [value("x"), value("scale")], [value("y")], [default])
    x = np.zeros((2, 4), np.float32)
    np.testing.assert_array_equal(run_files(path, {"x": x}, ["y"])[0], np.full((2, 4), 2))
    np.testing.assert_array_equal(run_files(path, {"x": x, "scale": x + 5}, ["y"])[0], np.full((2, 4), 5))


def test_old_models_list_their_weights_as_inputs(verify, tmp_path):
    weight = numpy_helper.from_array(np.eye(4, dtype=np.float32), "w")
    nodes = [*chain("x", "a"), helper.make_node("MatMul", ["a", "w"], ["y"])]
    path = save(tmp_path / "m.onnx", nodes, [value("x"), value("w", shape=(4, 4))], [value("y")], [weight], opset=9, ir_version=3)
    verify(path)


def branch(name, op, captured):
    return helper.make_graph([helper.make_node(op, [captured], [f"{name}_out"])], name, [], [value(f"{name}_out", shape=None)])


def test_an_if_captures_tensors_of_other_segments(run_files, tmp_path):
    nodes = [
        *chain("x", "a"),
        helper.make_node("ReduceSum", ["x"], ["total"], keepdims=0),
        helper.make_node("Greater", ["total", "zero"], ["positive"]),
        helper.make_node("If", ["positive"], ["b"], then_branch=branch("then", "Neg", "a"), else_branch=branch("else", "Sqrt", "a")),
        *chain("b", "y", ("Abs", "Neg"), "d"),
    ]
    zero = numpy_helper.from_array(np.array(0, np.float32), "zero")
    path = save(tmp_path / "m.onnx", nodes, [value("x")], [value("y")], [zero])
    x = np.full((2, 4), 0.25, np.float32)
    np.testing.assert_allclose(run_files(path, {"x": x}, ["y"])[0], -np.exp(x), rtol=1e-6)
    np.testing.assert_allclose(run_files(path, {"x": -x}, ["y"])[0], -np.ones((2, 4)), rtol=1e-6)


def test_nested_bodies_capture_through_each_other(verify, tmp_path):
    inner = helper.make_graph(
        [helper.make_node("Add", ["carried", "a"], ["inner_sum"]), helper.make_node("Add", ["inner_sum", "b"], ["inner_out"])],
        "inner", [], [value("inner_out", shape=None)],
    )  # fmt: skip
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("If", ["go"], ["next"], then_branch=inner, else_branch=branch("other", "Identity", "carried")),
        ],
        "body",
        [value("i", TensorProto.INT64, ()), value("go", TensorProto.BOOL, ()), value("carried")],
        [value("go_on", TensorProto.BOOL, ()), value("next")],
    )
    constants = [numpy_helper.from_array(np.array(3, np.int64), "trips"), numpy_helper.from_array(np.array(True), "yes")]
    nodes = [
        *chain("x", "a"),
        *chain("x", "b", prefix="e"),
        helper.make_node("Loop", ["trips", "yes", "x"], ["looped"], body=body),
        *chain("looped", "y", ("Tanh", "Neg"), "d"),
    ]
    path = save(tmp_path / "m.onnx", nodes, [value("x")], [value("y")], constants)
    for k in (2, 3, 5):
        verify(path, segments=k)


def test_a_scan_stays_whole(verify, tmp_path):
    body = helper.make_graph(
        [helper.make_node("Add", ["state", "row"], ["new_state"]), helper.make_node("Identity", ["new_state"], ["row_out"])],
        "body", [value("state", shape=(4,)), value("row", shape=(4,))], [value("new_state", shape=(4,)), value("row_out", shape=(4,))],
    )  # fmt: skip
    zero = numpy_helper.from_array(np.zeros(4, np.float32), "zero")
    nodes = [
        *chain("x", "a"),
        helper.make_node("Scan", ["zero", "a"], ["last", "rows"], body=body, num_scan_inputs=1),
        *chain("rows", "y", ("Neg", "Abs"), "d"),
    ]
    path = save(tmp_path / "m.onnx", nodes, [value("x")], [value("y"), value("last", shape=(4,))], [zero])
    verify(path)


def test_functions_are_inlined(verify, tmp_path):
    twice = helper.make_function(
        "own", "Twice", ["v"], ["w"], [helper.make_node("Add", ["v", "v"], ["w"])], [helper.make_opsetid("", 17)]
    )  # fmt: skip
    nodes = [*chain("x", "a"), helper.make_node("Twice", ["a"], ["b"], domain="own"), *chain("b", "y", ("Neg", "Abs"), "d")]
    verify(save(tmp_path / "m.onnx", nodes, [value("x")], [value("y")], functions=[twice], domains=["own"]))


def test_shapes_computed_from_dynamic_inputs(verify, run_files, tmp_path):
    nodes = [
        *chain("x", "a"),
        helper.make_node("Shape", ["a"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["batch"]),
        helper.make_node("Concat", ["batch", "rest"], ["target"], axis=0),
        helper.make_node("Reshape", ["a", "target"], ["r"]),
        *chain("r", "y", ("Neg", "Abs"), "d"),
    ]
    constants = [numpy_helper.from_array(np.array([0], np.int64), "zero"), numpy_helper.from_array(np.array([2, -1], np.int64), "rest")]
    path = save(tmp_path / "m.onnx", nodes, [value("x", shape=("n", 4))], [value("y", shape=("n", 2, 2))], constants)
    verify(path, "--shape", "x:3x4")
    for rows in (1, 3, 50):
        x = np.linspace(-1, 1, rows * 4, dtype=np.float32).reshape(rows, 4)
        (y,) = run_files(path, {"x": x}, ["y"], "--shape", "x:3x4")
        np.testing.assert_allclose(y, np.exp(np.maximum(x, 0) * 1).reshape(rows, 2, 2), rtol=1e-6)


def test_sizes_that_depend_on_the_data(run_files, tmp_path):
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("NonZero", ["a"], ["where"]),
        helper.make_node("Cast", ["where"], ["b"], to=FLOAT),
        *chain("b", "y", ("Neg", "Abs"), "d"),
    ]
    path = save(tmp_path / "m.onnx", nodes, [value("x", shape=("n",))], [value("y", shape=(1, "m"))])
    for x in ([1, 0, 2, 3], [0, 0, 0, 0], [1] * 40):
        (y,) = run_files(path, {"x": np.array(x, np.float32)}, ["y"], "--shape", "x:4")
        np.testing.assert_array_equal(y, np.nonzero(np.array(x))[0][None, :])


@pytest.mark.parametrize("kind", [
    "FLOAT", "DOUBLE", "FLOAT16", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "BOOL",
])  # fmt: skip
def test_tensors_of_every_numpy_type(run_files, tmp_path, kind):
    number = getattr(TensorProto, kind)
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[1, 0]),
        helper.make_node("Transpose", ["a"], ["b"], perm=[1, 0]),
        helper.make_node("Concat", ["b", "x"], ["c"], axis=0),
        helper.make_node("Reshape", ["c", "shape"], ["y"]),
    ]
    shape = numpy_helper.from_array(np.array([-1], np.int64), "shape")
    path = save(tmp_path / "m.onnx", nodes, [value("x", number, (2, 3))], [value("y", number, (12,))], [shape])
    dtype = helper.tensor_dtype_to_np_dtype(number)
    x = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    (y,) = run_files(path, {"x": x}, ["y"])
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, np.concatenate([x, x]).reshape(-1))


def test_strings(run_files, tmp_path):
    nodes = [
        helper.make_node("StringConcat", ["x", "suffix"], ["a"]),
        helper.make_node("StringConcat", ["a", "suffix"], ["b"]),
        helper.make_node("Reshape", ["b", "shape"], ["y"]),
    ]
    constants = [
        helper.make_tensor("suffix", TensorProto.STRING, [1], ["-é".encode()]),
        numpy_helper.from_array(np.array([3, 1], np.int64), "shape"),
    ]
    kind = TensorProto.STRING
    path = save(tmp_path / "m.onnx", nodes, [value("x", kind, (3,))], [value("y", kind, (3, 1))], constants, opset=20, ir_version=9)
    (y,) = run_files(path, {"x": np.array(["", "one", "a longer text"])}, ["y"])
    assert [str(each) for each in y.reshape(-1)] == ["-é-é", "one-é-é", "a longer text-é-é"]


def test_sequences_inside_stay_in_one_segment(verify, tmp_path):
    nodes = [
        *chain("x", "a"),
        helper.make_node("SplitToSequence", ["a"], ["parts"], axis=1),
        helper.make_node("ConcatFromSequence", ["parts"], ["b"], axis=0),
        *chain("b", "y", ("Neg", "Abs"), "d"),
    ]
    path = save(tmp_path / "m.onnx", nodes, [value("x")], [value("y", shape=(8, 1))])
    for k in (2, 3):
        verify(path, segments=k)


def test_a_sequence_as_output_is_refused_by_name(staronnx, tmp_path):
    graph = helper.make_graph(
        [helper.make_node("SplitToSequence", ["x"], ["parts"], axis=1)], "test", [value("x")],
        [helper.make_tensor_sequence_value_info("parts", FLOAT, None)],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    done = staronnx("run", tmp_path / "m.onnx", check=False)
    assert done.returncode == 1 and "'parts'" in done.stderr and "sequence" in done.stderr


def test_weights_in_files_beside_the_model(verify, tmp_path):
    rng = np.random.default_rng(1)
    weights = [numpy_helper.from_array(rng.standard_normal((64, 64), np.float32), f"w{i}") for i in range(4)]
    nodes = [helper.make_node("MatMul", [f"h{i}", f"w{i}"], [f"h{i + 1}"]) for i in range(4)]
    graph = helper.make_graph(nodes, "test", [value("h0", shape=(1, 64))], [value("h4", shape=(1, 64))], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "model").mkdir()
    onnx.save(model, tmp_path / "model/m.onnx", save_as_external_data=True, location="m.weights", size_threshold=0)
    verify(tmp_path / "model/m.onnx", segments=3)

    (tmp_path / "model/m.weights").unlink()


def test_weights_of_more_than_2_gib(run_files, tmp_path):
    """A table of 2.25 GiB, mostly a hole in the file, of which a few rows are real."""
    rows, width = 9 * 1024 * 1024, 64
    data = np.memmap(tmp_path / "table.bin", np.float32, "w+", shape=(rows, width))
    data[-1] = np.arange(width)
    data.flush()
    del data
    table = TensorProto(name="table", data_type=FLOAT, dims=[rows, width], data_location=TensorProto.EXTERNAL)
    for key, text in (("location", "table.bin"), ("offset", "0"), ("length", str(rows * width * 4))):
        table.external_data.add(key=key, value=text)
    nodes = [helper.make_node("Gather", ["table", "ids"], ["a"]), *chain("a", "y", ("Neg", "Abs", "Sqrt"), "d")]
    graph = helper.make_graph(nodes, "test", [value("ids", TensorProto.INT64, (2,))], [value("y", shape=(2, width))], [table])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "m.onnx")
    (y,) = run_files(tmp_path / "m.onnx", {"ids": np.array([rows - 1, 0])}, ["y"])
    np.testing.assert_allclose(y, np.stack([np.sqrt(np.arange(width)), np.zeros(width)]), rtol=1e-6)


@pytest.mark.parametrize("opset", [7, 13, 21, 23])
def test_opsets_old_and_new(verify, tmp_path, opset):
    if opset > onnxruntime_opset():
        pytest.skip(f"this ONNX Runtime stops before opset {opset}")
    weight = numpy_helper.from_array(np.ones((4, 4), np.float32), "w")
    nodes = [*chain("x", "a"), helper.make_node("MatMul", ["a", "w"], ["b"]), helper.make_node("Softmax", ["b"], ["y"], axis=-1)]
    ir_version = 3 if opset < 9 else 8 if opset < 20 else 10
    inputs = [value("x"), value("w", shape=(4, 4))] if ir_version == 3 else [value("x")]
    if opset == 7:
        nodes[-1] = helper.make_node("Softmax", ["b"], ["y"], axis=1)
    verify(save(tmp_path / "m.onnx", nodes, inputs, [value("y")], [weight], opset=opset, ir_version=ir_version))


def onnxruntime_opset():
    """The newest opset that the installed ONNX Runtime and onnx package both know."""
    return min(onnx.defs.onnx_opset_version(), 23 if onnxruntime.__version__ >= "1.22" else 21)


def test_zero_sized_tensors(run_files, tmp_path):
    path = save(tmp_path / "m.onnx", chain("x", "y"), [value("x", shape=("n", 4))], [value("y", shape=("n", 4))])
    (y,) = run_files(path, {"x": np.zeros((0, 4), np.float32)}, ["y"], "--shape", "x:1x4")
    assert y.shape == (0, 4)
