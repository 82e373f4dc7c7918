"""`staronnx bench` on servers: the real command puts a real server under load."""

import json

from serve_models import slow


def test_servers_are_compared_under_the_same_load(staronnx, served):
    url = f"http://{served.http}"
    done = staronnx("bench", url, url, "--model", "two", "--shape", "a:3x4", "--shape", "b:3x4", "--rates", "20:40:20", "--duration", 0.3, "--slo", 1000, "--json")
    result = json.loads(done.stdout)
    assert result["model"] == "two" and f"{url} {url}" in result["command"] and "--model two" in result["command"]
    assert [system["name"] for system in result["systems"]] == [url, url]
    for system in result["systems"]:
        assert system["saturated_per_s"] > 0 and system["lone_p50_ms"] > 0
        assert {point["rate_per_s"] for point in system["points"]} >= {20, 40}
        assert all(point["failed"] == 0 and point["served_per_s"] > 0 for point in system["points"])


def test_what_cannot_be_is_said(staronnx, served):
    url = f"http://{served.http}"
    for arguments, words in [
        ((url,), "add --model"),
        ((url, "--model", "nobody"), "'nobody' is not found"),
        ((url, "--model", "two"), "--shape"),
        (("http://127.0.0.1:1", "--model", "two"), "Connection refused"),
        (("127.0.0.1:8000", "--model", "two"), "write http://HOST:PORT"),
    ]:
        done = staronnx("bench", *arguments, check=False)
        assert done.returncode == 1 and words in done.stderr, (arguments, done.stderr)


def test_a_refusal_does_not_end_the_run(staronnx, serve, tmp_path):
    with serve(slow(tmp_path, at_least=3000)) as served:  # some 10 ms of a core: no machine does 10000 of them a second
        url = f"http://{served.http}"
        done = staronnx("bench", url, "--model", "slow", "--rates", "10000:10000:1", "--duration", 0.5, "--slo", 50, "--json")
    (system,) = json.loads(done.stdout)["systems"]
    assert any(point["refused"] + point["dropped"] > 0 for point in system["points"])
    assert all(point["failed"] == 0 for point in system["points"])
