"""The Debian package: what is in it, and that the command in it works wherever it is put."""

import pathlib
import re
import subprocess
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def package(command, tmp_path_factory):
    build = pathlib.Path(command).parent.parent
    folder = tmp_path_factory.mktemp("package")
    made = subprocess.run(["cpack", "-G", "DEB", "--config", build / "CPackConfig.cmake", "-B", folder], capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stdout + made.stderr
    [path] = folder.glob("*.deb")
    return path


@pytest.fixture(scope="module")
def root(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("root")
    subprocess.run(["dpkg-deb", "-x", package, folder], check=True, timeout=60)
    return folder


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", package, name], check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def verbs(staronnx):
    section = staronnx("--help").stdout.partition("Subcommands:\n")[2].partition("\n\n")[0]
    return [line.split()[0] for line in section.splitlines() if re.match(r"  \w", line)]


def options(staronnx, *words):
    lines = [line for line in staronnx(*words, "--help").stdout.splitlines() if line.startswith("  -")]
    return {option for line in lines for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", line.partition("   ")[0])}


def test_the_package_says_what_it_needs(package, staronnx):
    assert field(package, "Package") == "staronnx"
    assert field(package, "Version") == staronnx("--version").stdout.split()[1].rstrip(",")
    needed = field(package, "Depends")
    for library in ("libc6", "libgrpc++", "libhwloc15", "libmetis5", "libsystemd0"):
        assert library in needed
    assert "starpu" not in needed and "onnxruntime" not in needed


def test_the_package_has_what_an_operator_looks_for_and_no_headers(root):
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    assert {"usr/bin/staronnx", "usr/lib/systemd/system/staronnx.service", "usr/share/bash-completion/completions/staronnx",
            "usr/share/doc/staronnx/copyright", "usr/share/man/man1/staronnx.1", "usr/share/man/man1/staronnx-serve.1"} <= files  # fmt: skip
    assert not [name for name in files if name.endswith((".h", ".cmake", ".a"))]
    providers = {name.rpartition("_")[2] for name in files if "libonnxruntime_providers_" in name}
    assert ("cuda.so" in providers) == ("tensorrt.so" in providers), "of a build with CUDA, both"
    assert all(name.startswith("usr/") for name in files)


def test_the_command_in_it_says_its_version(root, staronnx):
    done = subprocess.run([root / "usr/bin/staronnx", "--version"], capture_output=True, text=True, timeout=60, env={})
    assert done.returncode == 0 and done.stdout == staronnx("--version").stdout, done.stderr


def test_the_command_in_it_serves_with_its_own_libraries(root, serve, served_models):
    with serve(served_models["two"], binary=root / "usr/bin/staronnx") as served:
        body = b'{"inputs": [{"name": "%s", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}, '
        request = body % b"a" + (body % b"b").partition(b"[")[2].replace(b"}, ", b"}]}")
        with urllib.request.urlopen(f"http://{served.http}/v2/models/two/infer", data=request, timeout=60) as answer:
            assert b"[2.0,4.0,6.0,8.0]" in answer.read()
        mapped = pathlib.Path(f"/proc/{served.process.pid}/maps").read_text()
        own = set(re.findall(r"/\S*/lib(?:onnxruntime|starpu|cudart)[^/\s]*", mapped))
        assert len(own) >= 2 and all(name.startswith(str(root)) for name in own), own
        assert served.end() == 0


def test_every_option_is_in_the_manual(root, staronnx):
    for verb in verbs(staronnx):
        page = (root / f"usr/share/man/man1/staronnx-{verb}.1").read_text().replace("\\-", "-")
        missing = {option for option in options(staronnx, verb) if f"\\fB{option}\\fR" not in page}
        assert not missing, (verb, missing)
        assert f"staronnx {verb} - " in page
    assert all(f"\n{verb}\n" in (root / "usr/share/man/man1/staronnx.1").read_text() for verb in verbs(staronnx))


def complete(command, *words):
    script = 'source "$1"; COMP_WORDS=("${@:2}"); COMP_CWORD=$(($# - 2)); _staronnx; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", script, "bash", ROOT / "apps/completion.bash", command, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split()


def test_bash_completes_verbs_and_options(command, staronnx):
    known = verbs(staronnx)
    assert {"serve", "plan"} <= set(known)
    assert complete(command, "") == known
    assert complete(command, "se") == ["serve"]
    assert set(complete(command, "--")) == {name for name in options(staronnx) if name.startswith("--")}
    for verb in known:
        assert set(complete(command, verb, "-")) == options(staronnx, verb)
    assert "--http-port" in complete(command, "serve", "x.onnx", "--http")
    assert complete(command, "serve", "model") == []  # bash then offers files
