"""Traces of requests: what clients set, what is in the file and what a collector gets."""

import asyncio
import json
import socket
import urllib.error
import urllib.request

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio
from test_serve_metrics import scrape
from test_serve_tls import Certificates
from trace_collector import collector
from tritonclient.utils import InferenceServerException

MODULES = {"http": tritonclient.http, "grpc": tritonclient.grpc}
AIO = {"http": tritonclient.http.aio, "grpc": tritonclient.grpc.aio}
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
DROPPED = ("staronnx_trace_dropped_spans_total", ())


def options(*settings):
    return [word for setting in settings for word in ("--trace-config", str(setting))]


def to_file(file, *settings):
    return options(f"triton,file={file}", "level=TIMESTAMPS", "rate=1", *settings)


def client_of(served, protocol):
    return MODULES[protocol].InferenceServerClient(getattr(served, protocol))


def inputs_of(protocol, columns=4, modules=MODULES):
    return [modules[protocol].InferInput(name, [1, columns], "FP32").set_data_from_numpy(np.ones((1, columns), np.float32)) for name in "ab"]


def infer(served, protocol, request_id="", headers=None, columns=4):
    with client_of(served, protocol) as client:
        return client.infer("two", inputs_of(protocol, columns), request_id=request_id, headers=dict(headers or {}))


def infer_on_stream(served, request_ids, headers=None):
    answers = []
    with client_of(served, "grpc") as client:
        client.start_stream(lambda result, error: answers.append(error), headers=headers)
        for request_id in request_ids:
            client.async_stream_infer("two", inputs_of("grpc"), request_id=request_id)
        client.stop_stream()
    assert answers == [None] * len(request_ids)


def plain(answer):
    """Settings as a dictionary, whatever the protocol."""
    if isinstance(answer, dict):
        return answer
    return {name: list(value.value) if name == "trace_level" else value.value[0] for name, value in answer.settings.items()}


# ---- settings ----


@pytest.fixture(scope="module")
def traceable(serve, served_models, tmp_path_factory):
    """A server with two models that traces nothing until it is told to."""
    file = tmp_path_factory.mktemp("trace") / "trace.json"
    with serve(served_models["two"], served_models["identity_fp32"], *options(f"triton,file={file}", "rate=6")) as served:
        served.file = file
        yield served
        assert served.end() == 0
        assert not file.exists()


def at_start(served):
    return {"trace_level": ["OFF"], "trace_rate": "6", "trace_count": "-1", "log_frequency": "0", "trace_mode": "triton", "trace_file": str(served.file)}


CLEAR = {"trace_level": None, "trace_rate": None, "trace_count": None, "log_frequency": None}


@pytest.mark.parametrize("protocol", MODULES)
def test_clients_read_and_change_what_is_traced(traceable, protocol):
    before = at_start(traceable)
    with client_of(traceable, protocol) as client:
        get = lambda model=None: plain(client.get_trace_settings(model))  # noqa: E731
        update = lambda model, settings: plain(client.update_trace_settings(model, settings))  # noqa: E731
        assert get() == get("two") == before
        of_two = {"trace_rate": "12", "log_frequency": "34"}
        assert update("two", of_two) == before | of_two
        whole = {"trace_level": ["TIMESTAMPS"], "trace_rate": "56", "trace_count": "78"}
        assert update(None, whole) == before | whole
        assert get("two") == before | whole | of_two and get("identity_fp32") == before | whole
        assert update(None, {"trace_rate": None, "trace_count": None, "trace_level": "OFF"}) == before
        assert get("two") == before | of_two
        assert update("two", {"trace_rate": None, "trace_level": None}) == before | {"log_frequency": "34"}
        assert update("two", {}) == before | {"log_frequency": "34"}
        assert update("two", CLEAR) == before and update(None, CLEAR) == before


@pytest.mark.parametrize("protocol", AIO)
def test_so_do_asynchronous_clients(traceable, protocol):
    async def use():
        async with AIO[protocol].InferenceServerClient(getattr(traceable, protocol)) as client:
            changed = await client.update_trace_settings("identity_fp32", {"trace_count": "5"})
            read = await client.get_trace_settings("identity_fp32")
            cleared = await client.update_trace_settings("identity_fp32", {"trace_count": None})
            return [plain(answer) for answer in (changed, read, cleared)]

    before = at_start(traceable)
    assert asyncio.run(use()) == [before | {"trace_count": "5"}] * 2 + [before]


@pytest.mark.parametrize("protocol", MODULES)
def test_clients_choose_no_files_and_only_models_that_are_there(traceable, protocol):
    with client_of(traceable, protocol) as client:
        for wrong, part in (({"trace_file": "mine"}, "trace file location can not be updated through network protocol"),
                            ({"trace_mode": "opentelemetry"}, "trace mode can not be updated through network protocol"),
                            ({"trace_level": ["TENSORS"]}, "TENSORS is not supported")):  # fmt: skip
            with pytest.raises(InferenceServerException, match=part) as refused:
                client.update_trace_settings("two", {"trace_rate": "9", **wrong})
            assert refused.value.status() in ("501", "StatusCode.UNIMPLEMENTED")
        for call in (lambda: client.get_trace_settings("none"), lambda: client.update_trace_settings("none", {"trace_rate": "9"})):
            with pytest.raises(InferenceServerException, match="Request for unknown model: 'none' is not found"):
                call()
        assert plain(client.get_trace_settings("two")) == at_start(traceable)
        assert "trace" in dict(client.get_server_metadata(**({"as_json": True} if protocol == "grpc" else {})))["extensions"]


@pytest.mark.parametrize("body, status, message", [
    (b"", 400, "the JSON cannot be read"),
    (b"[]", 400, 'the request must be an object, such as {"trace_level": ["TIMESTAMPS"]}'),
    (b'{"trace_rate": "-1"}', 400, "'trace_rate' must be a whole number from 0 to 4294967295, not '-1'"),
    (b'{"trace_rate": "fast"}', 400, "'trace_rate' must be a whole number from 0 to 4294967295, not 'fast'"),
    (b'{"trace_rate": "4294967296"}', 400, "'trace_rate' must be a whole number from 0 to 4294967295, not '4294967296'"),
    (b'{"trace_rate": 1.5}', 400, "trace setting 'trace_rate' must be text, a list of texts, or null"),
    (b'{"trace_rate": {}}', 400, "trace setting 'trace_rate' must be text, a list of texts, or null"),
    (b'{"trace_rate": ["1", "2"]}', 400, "expect only 1 value for 'trace_rate'"),
    (b'{"trace_count": "-2"}', 400, "'trace_count' must be a whole number from -1 to 2147483647, not '-2'"),
    (b'{"log_frequency": ""}', 400, "'log_frequency' must be a whole number from 0 to 4294967295, not ''"),
    (b'{"trace_level": ["LOUD"]}', 400, "there is no trace level 'LOUD'; there are OFF and TIMESTAMPS"),
    (b'{"trace_level": ["TIMESTAMPS", "OFF"]}', 400, "the trace level OFF must stand alone"),
    (b'{"trace_level": ["TENSORS"]}', 501, "the trace level TENSORS is not supported: traces have no tensors; use TIMESTAMPS"),
    (b'{"trace_file": null}', 501, "trace file location can not be updated through network protocol; start the server with --trace-config triton,file=FILE"),
    (b'{"colour": "red"}', 400, "there is no trace setting 'colour'; there are trace_level, trace_rate, trace_count and log_frequency, "
                                "and trace_mode and trace_file to be read"),
])  # fmt: skip
def test_what_is_no_setting_is_refused_by_name(traceable, body, status, message):
    for path in ("/v2/trace/setting", "/v2/models/two/trace/setting"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(f"http://{traceable.http}{path}", body, method="POST"), timeout=60)
        assert refused.value.code == status
        said = json.load(refused.value)["error"]
        assert said == message or (message.endswith("read") and said.startswith(message))
        with urllib.request.urlopen(f"http://{traceable.http}{path}", timeout=60) as answer:
            assert json.load(answer) == at_start(traceable)


@pytest.mark.parametrize("words, part", [
    (options("level=TIMESTAMPS"), "triton,file=FILE"),
    (options("colour=red"), "'colour'"),
    (options("rate=fast"), "'rate'"),
    (options("level=TENSORS"), "TENSORS is not supported"),
    (options("opentelemetry,url=ftp://collector"), "ftp://collector"),
])  # fmt: skip
def test_wrong_options_are_named(staronnx, served_models, words, part):
    done = staronnx("serve", served_models["two"], *words, check=False)
    said = done.stderr.splitlines()[0]
    assert done.returncode == 2 and "--trace-config: " in said and part in said


def test_a_file_that_cannot_be_written_ends_the_server_at_once(staronnx, served_models, tmp_path):
    done = staronnx("serve", served_models["two"], *to_file(tmp_path / "none" / "trace.json"), check=False)
    assert done.returncode == 1 and f"the trace file {tmp_path}/none/trace.json cannot be written: No such file" in done.stderr


def test_settings_come_out_of_files_and_the_environment(serve, served_models, tmp_path):
    file = tmp_path / "serve.toml"
    file.write_text(f'trace-config = ["triton,file={tmp_path}/a", "rate=7"]\n')
    with serve(served_models["two"], "--config", file) as served, client_of(served, "http") as client:
        assert client.get_trace_settings()["trace_rate"] == "7" and client.get_trace_settings()["trace_file"] == f"{tmp_path}/a"
    variables = {"STARONNX_TRACE_CONFIG": f"triton,file={tmp_path}/b c;level=TIMESTAMPS;count=3"}
    with serve(served_models["two"], "--config", file, variables=variables) as served, client_of(served, "http") as client:
        settings = client.get_trace_settings()
    assert settings["trace_file"] == f"{tmp_path}/b c" and settings["trace_level"] == ["TIMESTAMPS"] and settings["trace_rate"] == "1000"
    assert json.loads((tmp_path / "b c").read_text()) == []


# ---- the file ----


class Request:
    """One request of a trace file: its whole, and its parts in order, as (name, begin, end)."""

    def __init__(self, events):
        self.args = events[0]["args"]
        opened = []
        spans = []
        for event in events:
            if event["ph"] == "b":
                opened.append(event)
            else:
                begin = opened.pop()
                assert begin["name"] == event["name"]
                spans.append((event["name"], begin["ts"], event["ts"]))
        assert not opened
        self.parts, self.whole = spans[:-1], spans[-1]


def read(file):
    """(requests by number, processors' names by track, segments)."""
    events = json.loads(file.read_text())
    numbers = {event["id"] for event in events if event["ph"] in "be"}
    requests = {int(number): Request([event for event in events if event.get("id") == number]) for number in numbers}
    processors = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    return requests, processors, [event for event in events if event["ph"] == "X"]


def check_times(requests, segments):
    """A request's parts follow each other from its begin to its end; segments run where it computes."""
    for number, request in requests.items():
        edges = [request.whole[1]] + [end for _, _, end in request.parts]
        assert [begin for _, begin, _ in request.parts] == edges[:-1] and edges == sorted(edges)
        own = sorted((run for run in segments if run["args"]["request"] == number), key=lambda run: run["ts"])
        assert bool(own) == (edges[-1] == request.whole[2] and request.parts[-1][0] == "output")
        for run in own:
            begin, end = run["ts"], run["ts"] + run["dur"]
            assert any(name == "compute" and first <= begin and end <= last + 0.001 for name, first, last in request.parts)
        computed = sum(end - begin for name, begin, end in request.parts if name == "compute")
        assert computed <= sum(run["dur"] for run in own) + 0.01


def test_the_file_shows_each_request_and_what_each_processor_did(serve, served_models, tmp_path):
    file = tmp_path / "trace.json"
    with serve(served_models["two"], "--core-groups", "1,1", *to_file(file)) as served:
        with tritonclient.http.InferenceServerClient(served.http, concurrency=5) as client:
            waiting = [client.async_infer("two", inputs_of("http"), request_id=f"r{i}") for i in range(20)]
            assert all(one.get_result() for one in waiting)
        assert served.end() == 0
    requests, processors, segments = read(file)
    check_times(requests, segments)
    assert {request.args["request_id"] for request in requests.values()} == {f"r{i}" for i in range(20)}
    assert len({request.args["trace_id"] for request in requests.values()}) == 20
    for number, request in requests.items():
        assert request.whole[0] == request.args["model"] == "two" and len(request.args["trace_id"]) == 32
        assert (request.args["version"], request.args["protocol"], request.args["variant"]) == (1, "HTTP", "whole")
        [run] = [run for run in segments if run["args"]["request"] == number]
        assert processors[run["tid"]].startswith("core") and run["args"]["request_id"] == request.args["request_id"]
        assert (run["args"]["segment"], run["args"]["variant"]) == (1, "whole") and run["args"]["batch"] >= 1
        assert run["args"]["transfer_us"] == run["args"]["exposed_us"] == 0  # there is one memory


def test_the_file_is_whole_while_the_server_runs(serve, served_models, tmp_path):
    file = tmp_path / "trace.json"
    with serve(served_models["two"], *to_file(file)) as served, client_of(served, "http") as client:
        for count in (1, 2, 3):
            infer(served, "http")
            while len(read(file)[0]) < count:
                assert client.is_server_live()


@pytest.mark.parametrize("protocol", [*MODULES, "stream"])
def test_requests_that_fail_say_why(serve, served_models, tmp_path, protocol):
    file = tmp_path / "trace.json"
    with serve(served_models["two"], *to_file(file)) as served:
        if protocol == "stream":
            infer_on_stream(served, ["one", "two"])
        else:
            infer(served, protocol, "good")
            with pytest.raises(InferenceServerException) as refused:
                infer(served, protocol, "bad", columns=3)
        assert served.end() == 0
    requests, _, segments = read(file)
    check_times(requests, segments)
    by_id = {request.args["request_id"]: request.args for request in requests.values()}
    assert len(by_id) == 2
    assert {request["protocol"] for request in by_id.values()} == {"HTTP" if protocol == "http" else "gRPC"}
    if protocol == "stream":
        assert not any("error" in request for request in by_id.values())
    else:
        assert by_id["bad"]["error"] == refused.value.message() and "error" not in by_id["good"]


def test_rate_count_and_log_frequency_are_tritons(serve, served_models, tmp_path):
    file = tmp_path / "trace.json"
    with serve(served_models["two"], *to_file(file, "rate=2", "triton,log-frequency=2")) as served, client_of(served, "http") as client:
        for _ in range(7):
            infer(served, "http")  # three are traced
        client.update_trace_settings("two", {"trace_rate": "1", "trace_count": "2", "log_frequency": "0"})
        for _ in range(5):
            infer(served, "http")  # two are
        assert client.get_trace_settings("two")["trace_count"] == "0"
        client.update_trace_settings(settings={"trace_level": "OFF"})
        infer(served, "http")
        assert served.end() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trace.json", "trace.json.0", "trace.json.1"]
    assert [len(read(tmp_path / name)[0]) for name in ("trace.json.0", "trace.json.1", "trace.json")] == [2, 1, 2]


def test_the_file_names_the_callers_trace(serve, served_models, tmp_path):
    file = tmp_path / "trace.json"
    with serve(served_models["two"], *to_file(file)) as served:
        infer(served, "http", headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
        assert served.end() == 0
    [request] = read(file)[0].values()
    assert (request.args["trace_id"], request.args["parent_span_id"]) == (TRACE, SPAN)


# ---- the collector ----


def attributes(span):
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def test_a_collector_gets_the_callers_trace(serve, served_models):
    """From the caller's header to the collector, over every protocol."""
    with collector() as running, serve(served_models["two"], *running.options, *options("opentelemetry,resource=service.name=here")) as served:
        headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"}
        for protocol in MODULES:
            infer(served, protocol, protocol, headers)
        infer_on_stream(served, ["stream"], headers)
        spans = running.spans(3)
        assert running.resource["service.name"] == "here"
    roots = [span for span in spans if span.name == "InferRequest"]
    assert [attributes(root)["triton.trace_request_id"] for root in roots] == ["http", "grpc", "stream"]
    assert [attributes(root)["staronnx.protocol"] for root in roots] == ["HTTP", "gRPC", "gRPC"]
    assert len({span.span_id for span in spans}) == len(spans)
    for root in roots:
        assert (root.trace_id.hex(), root.parent_span_id.hex(), root.trace_state, root.kind) == (TRACE, SPAN, headers["tracestate"], root.SPAN_KIND_SERVER)
        assert attributes(root)["triton.model_name"] == "two" and attributes(root)["triton.model_version"] == 1 and root.status.code == 0
        children = [span for span in spans if span.parent_span_id == root.span_id]
        assert sorted(span.name for span in children) == ["input", "output", "queue", "segment 1"]
        assert all(root.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano <= root.end_time_unix_nano for span in children)
        assert sum(span.end_time_unix_nano - span.start_time_unix_nano for span in children) == root.end_time_unix_nano - root.start_time_unix_nano
        [segment] = [span for span in children if span.name == "segment 1"]
        assert attributes(segment)["staronnx.processor"].startswith("core") and attributes(segment)["staronnx.batch"] == 1


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Signs for a collector at 127.0.0.1; no system trusts it."""
    made = Certificates(tmp_path_factory.mktemp("authority"), "ours")
    made.sign("collector", "subjectAltName=IP:127.0.0.1", "extendedKeyUsage=serverAuth")
    return made


@pytest.mark.parametrize("known_by", ["option", "system"])
def test_an_encrypted_collector_that_is_known(serve, served_models, authority, known_by):
    words, variables = options(f"opentelemetry,certificate={authority.root}"), {"SSL_CERT_FILE": str(authority.root)}
    with collector(identity=authority.pair("collector")) as running, \
            serve(served_models["two"], *running.options, *(words if known_by == "option" else []),
                  variables=variables if known_by == "system" else ()) as served:  # fmt: skip
        infer(served, "http", "secret")
        assert attributes(running.spans(1)[0])["triton.trace_request_id"] == "secret"
        assert served.end() == 0


@pytest.mark.parametrize("wrong", ["unknown", "another name"])
def test_an_encrypted_collector_that_is_not_gets_nothing(serve, served_models, authority, wrong):
    words = options(f"opentelemetry,certificate={authority.root}") if wrong == "another name" else []
    with collector(identity=authority.pair("collector")) as running:
        if wrong == "another name":
            running.address = running.address.replace("127.0.0.1", "localhost")
        with serve(served_models["two"], *running.options, *words) as served:
            infer(served, "http")
            assert served.end() == 0
            [line] = [line for line in served.errors().splitlines() if "traces: " in line]
            assert f"5 spans were lost: the collector https://{running.address}/v1/traces: certificate verify failed" in line
    assert running.tries == 0


def test_a_file_of_authorities_that_is_none_ends_the_server_at_once(staronnx, served_models, tmp_path):
    for file, why in ((tmp_path / "none.pem", "none.pem: "), (served_models["two"], "two.onnx: ")):
        words = options("mode=opentelemetry", "opentelemetry,url=https://localhost", f"opentelemetry,certificate={file}")
        done = staronnx("serve", served_models["two"], *words, check=False)
        assert done.returncode == 1 and "opentelemetry,certificate: " in done.stderr and why in done.stderr


def test_callers_decide_what_of_theirs_is_traced(serve, served_models):
    with collector() as running, serve(served_models["two"], *running.options, *options("rate=0")) as served:
        infer(served, "http", "of nobody")
        infer(served, "http", "not sampled", {"traceparent": f"00-{TRACE}-{SPAN}-00"})
        infer(served, "grpc", "not sampled", {"traceparent": f"00-{TRACE}-{SPAN}-00"})
        infer(served, "http", "sampled", {"traceparent": f"00-{TRACE}-{SPAN}-01"})
        assert served.end() == 0
        [root] = [span for span in running.spans(1) if span.name == "InferRequest"]
    assert attributes(root)["triton.trace_request_id"] == "sampled" and running.messages.empty()


@pytest.mark.parametrize("protocol", MODULES)
@pytest.mark.parametrize("damaged", ["nonsense", f"00-{TRACE}-{SPAN}-0", f"00-{TRACE.upper()}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01"])
def test_a_damaged_context_begins_a_new_trace(tracing, protocol, damaged):
    served, running = tracing
    infer(served, protocol, headers={"traceparent": damaged, "tracestate": "a=1"})
    [root] = [span for span in running.spans(1) if span.name == "InferRequest"]
    assert root.trace_id.hex() not in (TRACE, "0" * 32) and not root.parent_span_id and not root.trace_state


@pytest.fixture(scope="module")
def tracing(serve, served_models):
    """(A server that traces all, its collector)"""
    with collector() as running, serve(served_models["two"], *running.options) as served:
        yield served, running
        assert served.end() == 0


def test_several_lines_of_a_context_are_read_as_one(tracing):
    """Two traceparents are none; tracestate may have several lines."""
    served, running = tracing
    body = json.dumps({"inputs": [{"name": name, "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]} for name in "ab"]})
    parent = f"traceparent: 00-{TRACE}-{SPAN}-01\r\n"
    roots = []
    for fields in (parent + "tracestate: a=1\r\nTraceState: b=2\r\n", parent + parent):
        with socket.create_connection(("127.0.0.1", served.port), timeout=60) as wire:
            wire.sendall(f"POST /v2/models/two/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            assert wire.makefile("rb").read().startswith(b"HTTP/1.1 200 ")
        roots += [span for span in running.spans(1) if span.name == "InferRequest"]
    assert roots[0].trace_id.hex() == TRACE and roots[0].trace_state == "a=1,b=2"
    assert roots[1].trace_id.hex() != TRACE


def test_what_the_collector_does_not_take_now_is_sent_again(serve, served_models):
    with collector(answers=[503, 429]) as running, serve(served_models["two"], *running.options) as served:
        infer(served, "http", "later")
        assert attributes(running.spans(1)[0])["triton.trace_request_id"] == "later" and running.tries == 3
        assert scrape(served)[DROPPED] == 0


@pytest.mark.parametrize("answers, body, lost", [
    ([400], "{}", "answers with status 400"),
    ([], '{"partialSuccess": {"rejectedSpans": "3", "errorMessage": "too old"}}', "too old"),
])  # fmt: skip
def test_what_the_collector_refuses_is_lost_and_told(serve, served_models, answers, body, lost):
    with collector(answers, body) as running, serve(served_models["two"], *running.options) as served:
        infer(served, "http")
        while scrape(served)[DROPPED] == 0:
            pass
        assert scrape(served)[DROPPED] == (5 if answers else 3) and running.tries == 1
        assert served.end() == 0
        [line] = [line for line in served.errors().splitlines() if "traces: " in line]
        assert f"WARNING traces: {5 if answers else 3} spans were lost: the collector http://{running.address}/v1/traces " in line and lost in line


def test_nobody_waits_for_a_collector(serve, served_models):
    """It takes connections, and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"opentelemetry,url=http://127.0.0.1:{silent.getsockname()[1]}/v1/traces"
        small = ("opentelemetry,bsp_max_queue_size=10", "opentelemetry,bsp_max_export_batch_size=5", "opentelemetry,bsp_schedule_delay=1")
        with serve(served_models["two"], *options("mode=opentelemetry", "level=TIMESTAMPS", "rate=1", url, *small)) as served:
            for _ in range(10):
                infer(served, "http")
            assert scrape(served)[DROPPED] >= 25
            assert served.end() == 0
            assert "they came faster" in served.errors() or "127.0.0.1" in served.errors()


def test_a_collector_that_is_not_there_is_told_once_in_a_while(serve, served_models):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"opentelemetry,url=http://127.0.0.1:{port}/v1/traces"
    with serve(served_models["two"], *options("mode=opentelemetry", "level=TIMESTAMPS", "rate=1", url)) as served:
        for protocol in MODULES:
            infer(served, protocol)
        assert served.end() == 0
        [line] = [line for line in served.errors().splitlines() if "traces: " in line]
        assert f"10 spans were lost: the collector http://127.0.0.1:{port}/v1/traces: Connection refused" in line
