"""A collector of traces, as OpenTelemetry has it: takes OTLP over HTTP as JSON, and checks it against OTLP's schema."""

import base64
import contextlib
import http.server
import json
import queue
import ssl
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PATIENCE = 60  # seconds


class Collector:
    """`answers`: statuses, first to last, and then 200; `body` with each of these."""

    def __init__(self, answers=(), body="{}", scheme="http"):
        self.answers, self.body, self.scheme = list(answers), body, scheme
        self.messages = queue.Queue()  # those that were taken
        self.tries = 0
        self.address = None

    @property
    def options(self):
        """For a server that traces every request to it, at once."""
        words = (f"opentelemetry,url={self.scheme}://{self.address}/v1/traces", "mode=opentelemetry", "level=TIMESTAMPS", "rate=1", "opentelemetry,bsp_schedule_delay=1")
        return [word for setting in words for word in ("--trace-config", setting)]

    def take(self, request, body):
        self.tries += 1
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.messages.put(message_of(request, body))
        return status

    def spans(self, count):
        """The next spans, at least so many requests', in the order in which they were sent."""
        spans = []
        while sum(span.name == "InferRequest" for span in spans) < count:
            message = self.messages.get(timeout=PATIENCE)
            if isinstance(message, Exception):
                raise message
            [resource] = message.resource_spans
            [scope] = resource.scope_spans
            assert scope.scope.name == "staronnx"
            self.resource = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
            spans += scope.spans
        return spans


def message_of(request, body):
    """What the request says; or what is wrong with it."""
    try:
        assert request.path == "/v1/traces" and request.headers["Content-Type"] == "application/json"
        return json_format.ParseDict(with_base64(json.loads(body)), ExportTraceServiceRequest())
    except Exception as wrong:  # noqa: BLE001, for the test's own thread
        return wrong


def with_base64(value):
    """OTLP has identifiers in hexadecimal digits, unlike other JSON of protobuf."""
    if isinstance(value, list):
        return [with_base64(each) for each in value]
    if not isinstance(value, dict):
        return value
    ids = ("traceId", "spanId", "parentSpanId")
    return {key: base64.b64encode(bytes.fromhex(each)).decode() if key in ids else with_base64(each) for key, each in value.items()}


@contextlib.contextmanager
def collector(answers=(), body="{}", identity=None):
    """with collector() as running: ..., on a port of its own. `identity`: (certificate, key) of one that is encrypted."""
    running = Collector(answers, body, "https" if identity else "http")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            status = running.take(self, self.rfile.read(int(self.headers["Content-Length"])))
            answer = running.body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running.address = f"127.0.0.1:{server.server_address[1]}"
        if identity:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*identity)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()
