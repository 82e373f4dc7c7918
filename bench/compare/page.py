"""The page of a comparison: one HTML file with its curves."""
import html
import pathlib
import string

from compare.figures import LOW, NEAR
from compare.tables import at, goal_words, megabytes, spread
from report import STYLE, key_item, latency_axes, number, set_style, style_of, svg_of

TEMPLATE = pathlib.Path(__file__).with_suffix(".html")
PLACES = (2, 1, 0, *range(3, 10))  # of the colours, in the order of a model's systems: StarONNX has the blue of its other pages


def page_of(report):
    set_style()
    here = report["machine"]
    values = {"machine": html.escape(f"{here['id']}, {here['memory_gib']} GiB, {here['system']}"), "seeds": ", ".join(map(str, report["seeds"])),
              "versions": html.escape(", ".join(f"{name} {version}" for name, version in report["versions"].items())), "window": number(report["window_s"]),
              "slo": f"{report['slo_of_lone']:g}", "command": html.escape(report["command"]), "warnings": warnings(report),
              "style": STYLE.read_text(),
              "goals": goal_rows(report), "models": "\n".join(section(model, place) for place, model in enumerate(report["models"])),
              "overhead": overhead_rows(report["overhead"]), "overhead_rate": str(report["overhead"]["rate_per_s"]), "systems": provider_rows(report)}
    return string.Template(TEMPLATE.read_text()).substitute(values)


def cells(*words):
    return "".join(f"<td>{html.escape(str(word))}</td>" for word in words)


def row(title, *words):
    return f'<tr><th scope="row">{html.escape(title)}</th>{cells(*words)}</tr>'


def goal_rows(report):
    parts = [(model["title"], model["goals"]) for model in report["models"]] + [("a mean of a picture", report["overhead"]["goals"])]
    rows = []
    for title, goals in parts:
        for goal in goals:
            bound, verdict = goal_words(goal)
            rows.append(f'<tr><th scope="row">{html.escape(title)}</th><td class="note">{html.escape(goal["what"])}</td>'
                        f'{cells(spread(goal), bound)}<td class="{"met" if goal["met"] else "missed"}">{verdict}</td></tr>')
    return "\n".join(rows)


def warnings(report):
    said = []
    for model in report["models"]:
        if model["others_share"] > 0.03:
            said.append(f"{model['title']}: other programs used {100 * model['others_share']:.0f} % of the machine.")
        late = sum(point["late_generator"] for system in model["systems"] for point in system["curve"])
        if late:
            said.append(f"{model['title']}: in {late} measurements the client fell behind, twice; their latencies hold its own delay.")
        failed = [system["label"] for system in model["systems"] if any(point["failed"] for point in system["curve"])]
        if failed:
            said.append(f"{model['title']}: requests failed at {', '.join(failed)}.")
    if report["quick"]:
        said.append("A quick comparison: few settings of the peers, short measurements, thresholds read off the curve.")
    return f'<div class="box warnings">{"".join(f"<p>{html.escape(one)}</p>" for one in said)}</div>' if said else ""


def curve(axes, system, quantile, style):
    """The line goes through the rates that every seed has; what one seed met while it searched the threshold is a faint mark."""
    colour, mark = style
    points = [point for point in system["curve"] if point[quantile]]
    seeds = max(point["seeds"] for point in system["curve"])
    common = [point for point in points if point["seeds"] == seeds]
    rates = [point["rate_per_s"] for point in common]
    axes.plot(rates, [point[quantile]["median"] for point in common], color=colour, linewidth=1.6)
    axes.fill_between(rates, [point[quantile]["low"] for point in common], [point[quantile]["high"] for point in common], color=colour, alpha=0.12, linewidth=0)
    for point in points:
        held = 2 * point["held"] > point["seeds"]
        axes.plot(point["rate_per_s"], point[quantile]["median"], mark, color=colour, markersize=5, markerfacecolor=colour if held else "none",
                  alpha=1 if point["seeds"] == seeds else 0.35)


def chart(model, quantile, title, prefix):
    figure, axes = latency_axes(title, model["slo_ms"])
    for place, system in zip(PLACES, model["systems"]):
        curve(axes, system, quantile, style_of(place))
    axes.set_xlim(left=0)
    return svg_of(figure, prefix)


def section(model, place):
    low, near = (share * model["reference_per_s"] for share in (LOW, NEAR))
    systems = [row(system["label"], spread(at(system, low)["p50_ms"]), spread(at(system, near)["p99_ms"]),
                   spread(system["threshold_per_s"]), spread(at(system, near)["cpu_ms_per_request"]),
                   spread(at(system, near)["beyond_ort_ms_per_request"]), megabytes(system)) for system in model["systems"]]
    sweep = [row(one["label"], number(one["lone_p50_ms"]), number(one["saturated_per_s"]), number(one["threshold_per_s"]), megabytes(one),
                 "chosen" if one["chosen"] else "") for one in model["sweep"]]
    alone = [row(f"{one['engine']} {one['version']}", one["provider"], one["threads"], number(one["lone_ms"]), number(one["cpu_ms"]))
             for one in model["yardsticks"]]
    inside = [row(one["name"], number(one["lone_p50_ms"]), number(one["saturated_per_s"]), number(one["threshold_per_s"])) for one in model["in_process"]]
    charts = "".join(f"<figure>{chart(model, quantile, title, f'{quantile}-{place}')}</figure>"
                     for quantile, title in (("p99_ms", "p99: the slowest of a hundred"), ("p50_ms", "p50: half of all requests")))
    return "\n".join([
        f"<h2>{html.escape(model['title'])}</h2>",
        f"<p>p99 within {number(model['slo_ms'])} ms. Other programs used {100 * model['others_share']:.0f} % of the machine.</p>",
        f'<ul class="key">{"".join(key_item(system["label"], place) for place, system in zip(PLACES, model["systems"]))}</ul>',
        f'<div class="charts">{charts}</div>',
        table(("System", f"p50 at {number(low)}/s\nms", f"p99 at {number(near)}/s\nms", "Threshold\nrequests/s",
               f"CPU at {number(near)}/s\nms a request", "beyond ONNX\nRuntime alone", "Memory\nMB"), systems),
        details("Each setting of each server, alone on the machine", ("Setting", "Lone p50, ms", "Saturated, /s", "Threshold, /s", "Memory, MB", ""), sweep),
        details("Engines alone in a process, one request at a time", ("Engine", "Provider", "Threads", "Median, ms", "CPU, ms"), alone),
        details("ONNX Runtime alone and StarONNX in one process, without a network", ("System", "Lone p50, ms", "Saturated, /s", "Threshold, /s"), inside)])


def table(head, rows):
    heads = "".join(f'<th scope="col">{html.escape(word)}</th>' for word in head).replace("\n", "<br>")
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def details(title, head, rows):
    return f"<details><summary>{html.escape(title)}</summary>{table(head, rows)}</details>" if rows else ""


def overhead_rows(overhead):
    return "\n".join(row(system["label"], spread(system["cpu_ms_per_request"]), spread(system["p50_ms"])) for system in overhead["systems"])


def provider_rows(report):
    rows = {system["label"]: row(system["label"], ", ".join(f"{name} {version}" for name, version in system["versions"].items()), system["provider"])
            for model in report["models"] for system in model["systems"]}
    return "\n".join(rows.values())
