"""The last line of scripts/test: what it counts, and when it is a failure."""
import importlib.util
import pathlib

import pytest

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "scripts/lib/count_tests.py"
spec = importlib.util.spec_from_file_location("count_tests", PROGRAM)
count_tests = importlib.util.module_from_spec(spec)
spec.loader.exec_module(count_tests)

PASSED = '<testcase name="a" classname="a" status="run"/>'
FAILED = '<testcase name="b" classname="b" status="fail"><failure message="boom"/></testcase>'
SKIPPED = '<testcase name="c" classname="c" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>'
DISABLED = '<testcase name="d" classname="d" status="disabled"/>'
NOT_FOUND = '<testcase name="e" classname="e" status="notrun"><skipped message="Unable to find executable"/></testcase>'
PYTEST_SKIPPED = '<testcase name="f" classname="tests.f"><skipped type="pytest.skip" message="no GPU"/></testcase>'
PYTEST_ERROR = '<testcase name="g" classname="tests.g"><error message="fixture failed"/></testcase>'


@pytest.fixture
def count(tmp_path, capsys):
    def run(*runs: tuple[str, int, str]) -> tuple[int, list[str]]:
        arguments = []
        for number, (runner, status, cases) in enumerate(runs):
            report = tmp_path / f"{number}.xml"
            if cases is not None:
                report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
            arguments.append(f"{runner}:{status}:{report}")
        result = count_tests.count(arguments)
        return result, capsys.readouterr().out.splitlines()

    return run


def test_all_passed(count):
    assert count(("ctest", 0, PASSED * 3), ("pytest", 0, PASSED)) == (0, ["4 passed, 0 failed"])


def test_skipped_are_named_and_counted(count):
    status, lines = count(("ctest", 0, PASSED + SKIPPED + DISABLED), ("pytest", 0, PYTEST_SKIPPED))
    assert status == 0
    assert lines[-1] == "1 passed, 0 failed, 3 skipped"
    assert "skipped: pytest tests.f::f (no GPU)" in lines


def test_a_failure_fails(count):
    status, lines = count(("ctest", 8, PASSED + FAILED), ("pytest", 1, PYTEST_ERROR))
    assert status == 1
    assert lines[-1] == "1 passed, 2 failed"
    assert "failed: ctest b (boom)" in lines


def test_a_test_that_could_not_start_is_a_failure(count):
    assert count(("ctest", 8, PASSED + NOT_FOUND))[1][-1] == "1 passed, 1 failed"


def test_a_runner_that_broke_down_is_a_failure(count):
    assert count(("ctest", 0, PASSED), ("pytest", 2, None))[0] == 1
    assert count(("ctest", 0, PASSED), ("pytest", 3, PASSED))[1][-1] == "2 passed, 1 failed"


def test_nothing_ran_is_a_failure(count):
    assert count(("ctest", 0, ""), ("pytest", 5, "")) == (1, ["no test ran", "0 passed, 0 failed"])


def test_no_whole_system_test_yet_is_no_failure(count):
    assert count(("ctest", 0, PASSED), ("pytest", 5, "")) == (0, ["1 passed, 0 failed"])
