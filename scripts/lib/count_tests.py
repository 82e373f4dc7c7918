"""count_tests.py RUNNER:STATUS:REPORT...: what the test runners did, from their JUnit reports.

Names the failed and the skipped tests; the last line is `N passed, N failed` or `N passed, N failed, N skipped`. Ends with 0
when something passed and nothing failed. A runner that broke down without naming a test counts as one failure.
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

NOTHING_COLLECTED = 5  # pytest's exit status


def outcome(case: ElementTree.Element) -> tuple[str, str]:
    """'passed', 'failed' or 'skipped', and a word on why. ctest writes a test that it could not start as skipped, too."""
    for word in ("failure", "error"):
        found = case.find(word)
        if found is not None:
            return "failed", found.get("message") or ""
    status, skipped = case.get("status"), case.find("skipped")
    why = (skipped.get("message") or "") if skipped is not None else ""
    if status == "disabled":
        return "skipped", "disabled"
    if status == "notrun":
        return ("skipped", "skips itself") if why.startswith("SKIP_") else ("failed", f"not run: {why}")
    if status == "fail":
        return "failed", ""
    return ("passed", "") if skipped is None else ("skipped", why)


def cases_of(report: pathlib.Path) -> list[ElementTree.Element] | None:
    try:
        return list(ElementTree.parse(report).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return None


def count(runs: list[str]) -> int:
    names: dict[str, list[str]] = {"passed": [], "failed": [], "skipped": []}
    for run in runs:
        runner, status, report = run.split(":", 2)
        cases = cases_of(pathlib.Path(report))
        failed_before = len(names["failed"])
        for case in cases or []:
            what, why = outcome(case)
            name = "::".join(filter(None, (case.get("classname"), case.get("name")))) if runner == "pytest" else case.get("name")
            names[what].append(f"{runner} {name}" + (f" ({' '.join(why.split())[:120]})" if why else ""))
        nothing_to_do = runner == "pytest" and int(status) == NOTHING_COLLECTED and not cases
        broke_down = int(status) != 0 and not nothing_to_do and len(names["failed"]) == failed_before
        if broke_down or cases is None:
            names["failed"].append(f"{runner} itself: it ended with status {status} and named no failed test")
    for what in ("skipped", "failed"):
        for name in names[what]:
            print(f"{what}: {name}")
    passed, failed, skipped = (len(names[what]) for what in ("passed", "failed", "skipped"))
    if passed + failed == 0:
        print("no test ran")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(count(sys.argv[1:]))
