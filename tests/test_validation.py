"""What scripts/validate-simulation makes of measurements and simulations."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "scripts")]

from validation import HEAD, rows_of, windows_of, write_into  # noqa: E402


def system(name, saturated, threshold, **points):
    """`points`: p50 and p99 in milliseconds, by rate, a pair for each seed."""
    made = [{"seed": seed, "rate_per_s": float(rate[1:]), "sent": 40, "p50_ms": p50, "p99_ms": p99}
            for rate, pairs in points.items() for seed, (p50, p99) in enumerate(pairs)]  # fmt: skip
    return {"name": name, "saturated_per_s": saturated, "threshold_per_s": threshold, "points": made}


def virtual_of(made):
    return {**made, "points": {(point["seed"], point["rate_per_s"]): point for point in made["points"]}}


MEASURED = {"systems": [system("ORT all cores", 90, 40, _10=[(1, 1)]),
                        system("StarONNX whole", 100, 80, _25=[(10, 20), (10, 20), (10, 20)], _50=[(11, 30)], _75=[(15, 60)])]}  # fmt: skip


def test_a_row_says_where_the_simulation_is_near_and_where_not():
    made = system("StarONNX whole", 104, 85, _25=[(9, 26), (8, 24), (20, 25)], _50=[(11, 33)], _75=[(30, 90)])
    (row,) = rows_of("A model", "1,1", MEASURED, {"whole": virtual_of(made)})
    assert dict(zip(HEAD, row)) == {
        "model": "A model",
        "core groups": "1,1",
        "variant": "whole",
        "saturated, /s: measured / simulated": "100 / 104",
        "ratio": "1.04",
        "measured threshold, /s": "80.0",
        "p50: median over the rates (range), within 15 %": "0.95 (0.90 to 1.00), 2 of 2",  # 75/s is beyond 0.9 of the threshold
        "p99: likewise": "1.18 (1.10 to 1.25), 1 of 2",
    }


def test_what_is_compared_is_simulated_with_the_same_arrivals():
    assert windows_of(MEASURED) == {(0, 25.0): 40, (1, 25.0): 40, (2, 25.0): 40, (0, 50.0): 40}


def test_nothing_is_compared_where_no_rate_was_held():
    measured = {"systems": [system("StarONNX k2", 100, 0, _25=[(10, 20)])]}
    (row,) = rows_of("A model", "2", measured, {"k2": virtual_of(system("StarONNX k2", 110, 50))})
    assert row[2:] == ["k2", "100 / 110", "1.10, missed", "0.00", "–", "–"]


def test_the_document_keeps_what_is_around_the_table(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- scripts/validate-simulation writes from here -->\nold\n<!-- to here -->\nafter\n")
    write_into(page, "new")
    assert page.read_text().replace("\n", " ").startswith("before ") and "old" not in page.read_text()
    assert "new" in page.read_text() and page.read_text().endswith("<!-- to here -->\nafter\n")
