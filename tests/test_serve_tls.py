"""Encrypted connections, over HTTP and gRPC, with certificates as a user makes them and clients as users have them."""

import contextlib
import json
import shutil
import signal
import socket
import ssl
import subprocess
import time

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException
from waiting import wait_until

PROTOCOLS = ("http", "grpc")


class Certificates:
    """An authority, and what it has signed, as files: of.pem, of.key."""

    def __init__(self, folder, name):
        self.folder = folder / name
        self.folder.mkdir()
        self.root = self.folder / "root.pem"
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", f"/CN={name}", "-keyout", "root.key", "-out", "root.pem")

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, cwd=self.folder, timeout=60)

    def sign(self, name, *extensions):
        (self.folder / f"{name}.ext").write_text("\n".join(extensions))
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", 2,
                     "-extfile", f"{name}.ext", "-out", f"{name}.pem")  # fmt: skip

    def pair(self, name):
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    made = Certificates(tmp_path_factory.mktemp("ours"), "ours")
    made.sign("server", "subjectAltName=IP:127.0.0.1", "extendedKeyUsage=serverAuth")
    made.sign("client", "extendedKeyUsage=clientAuth")
    return made


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Another authority, which the server does not trust."""
    made = Certificates(tmp_path_factory.mktemp("theirs"), "theirs")
    made.sign("client", "extendedKeyUsage=clientAuth")
    return made


def flags(protocol, certificates, mutual=False):
    certificate, key = certificates.pair("server")
    words = [f"--{protocol}-use-ssl", f"--{protocol}-server-cert", certificate, f"--{protocol}-server-key", key]
    return words + ([f"--{protocol}-use-ssl-mutual", f"--{protocol}-root-cert", certificates.root] if mutual else [])


@pytest.fixture(scope="module")
def encrypted(serve, served_models, ours):
    """Clients need no certificate."""
    with serve(*(served_models[name] for name in ("two", "identity_fp32")), *flags("http", ours), *flags("grpc", ours)) as served:
        yield served
        assert served.end() == 0, served.errors()


@pytest.fixture(scope="module")
def mutual(serve, served_models, ours):
    with serve(served_models["identity_fp32"], *flags("http", ours, True), *flags("grpc", ours, True)) as served:
        yield served
        assert served.end() == 0, served.errors()


@contextlib.contextmanager
def triton(protocol, served, trusted, identity=None):
    """tritonclient, which trusts `trusted` and is who `identity`, (certificate, key), says."""
    certificate, key = map(str, identity) if identity else (None, None)
    if protocol == "http":
        options = {"ca_certs": str(trusted)} | ({"certfile": certificate, "keyfile": key} if identity else {})
        made = tritonclient.http.InferenceServerClient(served.http, ssl=True, ssl_options=options, network_timeout=60, connection_timeout=60)
    else:
        made = tritonclient.grpc.InferenceServerClient(served.grpc, ssl=True, root_certificates=str(trusted), private_key=key,
                                                       certificate_chain=certificate)
    with contextlib.closing(made):
        yield made


def echo(protocol, client, array):
    module = {"http": tritonclient.http, "grpc": tritonclient.grpc}[protocol]
    tensor = module.InferInput("in", list(array.shape), "FP32").set_data_from_numpy(array)
    return client.infer("identity_fp32", [tensor]).as_numpy("out")


def is_refused(protocol, served, trusted, identity=None):
    with triton(protocol, served, trusted, identity) as client:
        try:
            client.is_server_live()
        except (OSError, InferenceServerException):
            return True
    return False


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tensors_small_and_large_travel_encrypted(encrypted, ours, protocol):
    with triton(protocol, encrypted, ours.root) as client:
        for size in (1, 1000, 3_000_000):
            array = np.random.default_rng(size).standard_normal(size, np.float32)
            np.testing.assert_array_equal(echo(protocol, client, array), array)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_clients_see_that_the_server_is_another(encrypted, theirs, protocol):
    assert is_refused(protocol, encrypted, theirs.root)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_only_clients_with_a_certificate_of_ours_are_let_in(mutual, ours, theirs, protocol):
    array = np.arange(7, dtype=np.float32)
    assert is_refused(protocol, mutual, ours.root)
    assert is_refused(protocol, mutual, ours.root, theirs.pair("client"))
    with triton(protocol, mutual, ours.root, ours.pair("client")) as client:
        np.testing.assert_array_equal(echo(protocol, client, array), array)


def curl(url, *words):
    return subprocess.run(["curl", "-sS", "--max-time", "60", *map(str, words), url], capture_output=True, text=True, check=False)


def test_curl_connects_as_it_is_told(encrypted, ours):
    url = f"https://{encrypted.http}/v2"
    assert json.loads(curl(url, "--cacert", ours.root).stdout)["name"] == "staronnx"
    for version in ("1.2", "1.3"):
        assert curl(url, "--cacert", ours.root, f"--tlsv{version}", "--tls-max", version).returncode == 0
    assert curl(url, "--cacert", ours.root, "--tlsv1.1", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0").returncode == 35
    done = curl(url, "--cacert", ours.root, "-H", "Connection: close", "-v", "--http1.0")
    assert done.returncode == 0 and "unexpected eof" not in done.stderr


def test_a_client_with_a_certificate_may_come_back(mutual, ours):
    """Over a second connection that takes up the session of the first."""
    context = ssl.create_default_context(cafile=ours.root)
    context.load_cert_chain(*ours.pair("client"))
    session = None
    for again in (False, True):
        with socket.create_connection(("127.0.0.1", mutual.port), timeout=60) as raw, context.wrap_socket(
                raw, server_hostname="127.0.0.1", session=session) as wire:  # fmt: skip
            wire.sendall(b"GET /v2/health/live HTTP/1.1\r\n\r\n")
            assert wire.recv(100).startswith(b"HTTP/1.1 200")
            assert wire.session_reused is again
            session = wire.session


def wire_to(served, certificates, version=ssl.TLSVersion.TLSv1_3):
    context = ssl.create_default_context(cafile=certificates.root)
    context.maximum_version = version
    return context.wrap_socket(socket.create_connection(("127.0.0.1", served.port), timeout=60), server_hostname="127.0.0.1")


def test_requests_may_be_pipelined_and_the_end_is_said(encrypted, ours):
    with wire_to(encrypted, ours) as wire:
        request = b"GET /v2/health/live HTTP/1.1\r\n"
        wire.sendall((request + b"\r\n") * 9 + request + b"Connection: close\r\n\r\n")
        received = b""
        while piece := wire.recv(10000):  # a cut connection would be an ssl.SSLEOFError
            received += piece
        assert received.count(b"HTTP/1.1 200") == 10


def test_who_does_not_speak_tls_harms_nobody(encrypted, ours):
    for sent in (b"GET /v2 HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 1000, b""):
        with socket.create_connection(("127.0.0.1", encrypted.port), timeout=60) as wire:
            wire.sendall(sent)
            wire.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                assert b"HTTP" not in wire.recv(100)
    assert curl(f"https://{encrypted.http}/v2", "--cacert", ours.root).returncode == 0


@pytest.mark.parametrize("version, politely", [
    (ssl.TLSVersion.TLSv1_2, True),
    (ssl.TLSVersion.TLSv1_2, False),
    (ssl.TLSVersion.TLSv1_3, True),  # impolitely, the system takes back what the server has not read yet
])  # fmt: skip
def test_requests_of_clients_that_went_away_are_cancelled(serve, served_models, ours, version, politely):
    """Whether they say so first, as TLS has it, or just close."""
    eye = np.eye(64).tolist()
    body = json.dumps({"inputs": [{"name": "rounds", "shape": [], "datatype": "INT64", "data": [10**12]},
                                  {"name": "in", "shape": [64, 64], "datatype": "FP32", "data": eye}]}).encode()  # fmt: skip
    with serve(served_models["slow"], *flags("http", ours)) as alone:
        wires = [wire_to(alone, ours, version) for _ in range(20)]
        for wire in wires:  # few run at once, for days; those that wait can be cancelled
            wire.sendall(b"POST /v2/models/slow/infer HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        for wire in wires:
            if politely:
                wire.setblocking(False)
                with contextlib.suppress(ssl.SSLWantReadError):
                    wire.unwrap()
            wire.close()
        cancelled, give_up = 0, time.monotonic() + 60
        while cancelled < 10 and time.monotonic() < give_up:
            stats = json.loads(curl(f"https://{alone.http}/v2/models/slow/stats", "--cacert", ours.root).stdout)
            cancelled = stats["model_stats"][0]["inference_stats"]["fail"]["count"]
        assert cancelled >= 10


def test_the_end_does_not_wait_for_a_handshake(serve, served_models, ours):
    with serve(served_models["two"], *flags("http", ours)) as served:
        with socket.create_connection(("127.0.0.1", served.port), timeout=60), wire_to(served, ours) as idle:
            idle.sendall(b"GET /v2/health/live HTTP/1.1\r\n\r\n")
            assert idle.recv(100).startswith(b"HTTP/1.1 200")
            assert served.end() == 0


# ---- what is refused at the start ----


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_files_that_do_not_fit_are_named(staronnx, served_models, ours, theirs, tmp_path, protocol):
    (tmp_path / "empty.pem").write_text("")
    certificate, key = ours.pair("server")
    base = {"server-cert": certificate, "server-key": key, "root-cert": ours.root}
    for option, file in (("server-cert", tmp_path / "none.pem"), ("server-cert", tmp_path / "empty.pem"), ("server-cert", key),
                         ("server-key", tmp_path / "none.pem"), ("server-key", theirs.pair("client")[1]), ("server-key", certificate),
                         ("root-cert", tmp_path / "none.pem"), ("root-cert", tmp_path / "empty.pem")):  # fmt: skip
        words = [word for name, value in (base | {option: file}).items() for word in (f"--{protocol}-{name}", value)]
        ports = [word for each in ("http", "grpc", "metrics") for word in (f"--{each}-port", 0)]
        done = staronnx("serve", served_models["two"], *ports, f"--{protocol}-use-ssl", f"--{protocol}-use-ssl-mutual", *words, check=False)
        assert done.returncode == 1 and f"--{protocol}-{option} {file}" in done.stderr, (option, file, done.stderr)


@pytest.mark.parametrize("words, part", [
    (["--http-use-ssl"], "--http-server-"),
    (["--http-server-cert", "x.pem"], "--http-use-ssl"),
    (["--grpc-use-ssl", "--grpc-server-cert", "x.pem"], "--grpc-server-key"),
    (["--grpc-use-ssl", "--grpc-server-cert", "x", "--grpc-server-key", "x", "--grpc-use-ssl-mutual"], "--grpc-root-cert"),
    (["--grpc-use-ssl", "--grpc-server-cert", "x", "--grpc-server-key", "x", "--grpc-root-cert", "x"], "--grpc-use-ssl-mutual"),
])  # fmt: skip
def test_half_an_encryption_is_refused(staronnx, served_models, words, part):
    done = staronnx("serve", served_models["two"], *words, check=False)
    assert done.returncode == 2 and part in done.stderr.splitlines()[0]


def test_an_open_address_is_warned_of_as_it_is(serve, served_models, ours):
    addresses = ["--http-address", "0.0.0.0", "--grpc-address", "0.0.0.0"]
    with serve(served_models["two"], *addresses, *flags("http", ours), *flags("grpc", ours, True)) as served:
        assert served.end() == 0
        [warning] = [line for line in served.errors().splitlines() if " WARNING " in line]
        assert "https://" in warning and "without passwords" in warning


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_new_certificate_is_shown_after_sighup(serve, served_models, ours, theirs, tmp_path, protocol):
    theirs.sign("server", "subjectAltName=IP:127.0.0.1", "extendedKeyUsage=serverAuth")
    place = Certificates(tmp_path, "place")

    def put(certificates):
        for name in ("server.pem", "server.key"):
            shutil.copy(certificates.folder / name, place.folder / name)

    put(ours)
    array = np.arange(3, dtype=np.float32)
    with serve(served_models["identity_fp32"], *flags(protocol, place)) as served, triton(protocol, served, ours.root) as before:
        assert echo(protocol, before, array).tolist() == array.tolist()
        put(theirs)
        assert is_refused(protocol, served, theirs.root), "nobody has asked for it yet"
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not is_refused(protocol, served, theirs.root), served)
        assert is_refused(protocol, served, ours.root)
        assert echo(protocol, before, array).tolist() == array.tolist(), "connections that are there go on"
        shutil.copy(ours.folder / "server.key", place.folder / "server.key")
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: f"--{protocol}-server-key" in served.errors(), served)
        with triton(protocol, served, theirs.root) as after:
            assert echo(protocol, after, array).tolist() == array.tolist(), "what is wrong leaves what is there"
        assert " ERROR what was there stays: " in served.errors()
        assert served.end() == 0
