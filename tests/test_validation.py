"""What scripts/validate-simulation makes of measurements and simulations."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "scripts")]

from validation import HEAD, rows_of, write_into  # noqa: E402


def system(name, saturated, threshold, **curve):
    """`curve`: p50 and p99 in milliseconds, by rate."""
    points = [{"rate_per_s": float(rate[1:]), "p50_ms": {"median": p50}, "p99_ms": {"median": p99}} for rate, (p50, p99) in curve.items()]
    return {"name": name, "saturated_per_s": saturated, "threshold_per_s": threshold, "curve": points}


def test_a_row_says_where_the_simulation_is_near_and_where_not():
    measured = {"systems": [system("ORT all cores", 90, 40, _10=(1, 1)), system("StarONNX whole", 100, 80, _25=(10, 20), _50=(11, 30), _75=(15, 60))]}
    virtual = {"whole": system("StarONNX whole", 104, 85, _25=(9, 26), _50=(11, 33), _75=(30, 90))}
    (row,) = rows_of("A model", "1,1", measured, virtual)
    assert dict(zip(HEAD, row)) == {
        "model": "A model",
        "core groups": "1,1",
        "variant": "whole",
        "saturated, /s: measured / simulated": "100 / 104",
        "ratio": "1.04",
        "measured threshold, /s": "80.0",
        "p50, simulated over measured": "25.0/s: 0.90; 50.0/s: 1.00",  # 75/s is beyond 0.9 of the threshold
        "p99, simulated over measured": "25.0/s: 1.30, missed; 50.0/s: 1.10",
    }


def test_nothing_is_compared_where_no_rate_was_held():
    measured = {"systems": [system("StarONNX k2", 100, 0, _25=(10, 20))]}
    (row,) = rows_of("A model", "2", measured, {"k2": system("StarONNX k2", 110, 50, _25=(10, 20))})
    assert row[2:] == ["k2", "100 / 110", "1.10, missed", "0.00", "–", "–"]


def test_the_document_keeps_what_is_around_the_table(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- scripts/validate-simulation writes from here -->\nold\n<!-- to here -->\nafter\n")
    write_into(page, "new")
    assert page.read_text().replace("\n", " ").startswith("before ") and "old" not in page.read_text()
    assert "new" in page.read_text() and page.read_text().endswith("<!-- to here -->\nafter\n")
