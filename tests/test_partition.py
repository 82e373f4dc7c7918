"""`staronnx partition`: cuts of graphs with given costs, checked by recomputing what they are worth."""

import itertools
import json
import random

import pytest


def diamonds(count, seed):
    """`count` diamonds in a row, each a node, two branches and a join; random times, transfers of a few percent."""
    draw = random.Random(seed)
    nodes, edges = [], []
    for node in range(3 * count + 1):
        time = draw.uniform(0.5, 2)
        nodes.append({"id": 10 + node, "cpuLatency": 5 * time, "fpgaLatency": time, "size": 1})
    for first in range(0, 3 * count, 3):
        for source, destination in ((0, 1), (0, 2), (1, 3), (2, 3)):
            edges.append({"sourceId": 10 + first + source, "destId": 10 + first + destination, "cost": 0.02 * (1 + (first + source) % 4)})
    return {"nodes": nodes, "edges": edges}


def period_of(graph, assignment, overlap):
    """By the definition: computation, and for accelerators each tensor received and sent once."""
    busy = []
    sources = {edge["sourceId"]: edge["cost"] for edge in graph["edges"]}
    for processor in set(assignment.values()):
        inside = {node["id"] for node in graph["nodes"] if assignment[str(node["id"])] == processor}
        time = "cpuLatency" if processor.startswith("cpu") else "fpgaLatency"
        compute = sum(node[time] for node in graph["nodes"] if node["id"] in inside)
        crossing = [(e["sourceId"], e["sourceId"] in inside) for e in graph["edges"]
                    if (e["sourceId"] in inside) != (e["destId"] in inside)]
        received = sum(sources[s] for s in {s for s, sends in crossing if not sends})
        sent = sum(sources[s] for s in {s for s, sends in crossing if sends})
        if processor.startswith("cpu"):
            busy.append(compute)
        else:
            busy.append(max(compute, received, sent) if overlap else compute + received + sent)
    return max(busy)


def is_acyclic(graph, assignment):
    after = {(assignment[str(e["sourceId"])], assignment[str(e["destId"])]) for e in graph["edges"]}
    left = set(assignment.values())
    while left:
        free = {p for p in left if not any(b == p and a in left and a != p for a, b in after)}
        if not free:
            return False
        left -= free
    return True


@pytest.mark.parametrize("accelerators, overlap", list(itertools.product((1, 2, 3), (False, True))))
def test_the_cut_is_worth_what_it_says(staronnx, tmp_path, accelerators, overlap):
    graph = diamonds(8, accelerators)
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(graph))
    answers = {}
    for method in ("metis", "order", "exact", "best"):
        done = staronnx("partition", "--graph", path, "--accelerators", accelerators, "--cpus", 1, "--method", method, "--json",
                        *(["--overlap"] if overlap else []))
        answer = answers[method] = json.loads(done.stdout)
        assert answer["period"] == pytest.approx(period_of(graph, answer["assignment"], overlap))
        assert is_acyclic(graph, answer["assignment"])
        assert answer["lower_bound"] <= answer["period"] * (1 + 1e-9)
        assert answer["seconds"] >= 0
    assert answers["exact"]["method"] == "exact"
    assert answers["best"]["proved_optimal"] and answers["exact"]["proved_optimal"]
    assert answers["best"]["period"] == pytest.approx(answers["exact"]["period"])
    assert all(answer["period"] <= answers["exact"]["period"] * 1.03 for answer in answers.values())


def test_words_for_people(staronnx, tmp_path):
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(diamonds(2, 1)))
    text = staronnx("partition", "--graph", path, "--segments", 2).stdout
    assert "proved optimal" in text and "segment 2 on " in text


@pytest.mark.parametrize("arguments, part", [
    (["--graph", "nowhere.json"], "nowhere.json"),
    (["--segments", "3"], "there are 2"),
    (["--method", "luck"], "metis, order, exact, best"),
    (["--accelerators", "0", "--cpus", "0"], "no processor"),
])
def test_refusals(staronnx, tmp_path, arguments, part):
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(diamonds(2, 1)))
    if "--graph" not in arguments:
        arguments = ["--graph", path, *arguments]
    done = staronnx("partition", *arguments, check=False)
    assert done.returncode == 1 and part in done.stderr
