"""Front points as text: a table for people, CSV for programs."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import typer

from search_service.cli.output import number, print_table
from search_service.client import Record
from search_service.domain.objective import OBJECTIVES, Source

ALWAYS = ("macs", "params")  # shown when they are there, minimised or not


def print_front(front: Record) -> None:
    """A table, best first objective first, and a line with the hypervolume."""
    names, again = _shown(front), _measured_again(front)
    alike = _ties(front)
    rows = [
        [
            str(place),
            *(value_text(point["values"][name]) for name in names),
            *(value_text(point["search_values"][name]) for name in again),
            *(alike[name][place - 1] for name in alike),
            architecture_text(point["architecture"]),
            point["evaluation"],
        ]
        for place, point in enumerate(front["points"], 1)
    ]
    searched = [f"{name} in the search>" for name in again]
    tied = [f"{name} tied with" for name in alike]
    titles = [
        "#>",
        *(f"{name}>" for name in names),
        *searched,
        *tied,
        "architecture",
        "evaluation",
    ]
    print_table(titles, rows)
    volume = volume_text(front["hypervolume"], front["reference_point"])
    typer.echo(f"{len(rows)} on the front{volume}")


def volume_text(hypervolume: float | None, reference_point: Mapping[str, float]) -> str:
    """`, hypervolume 8.5 up to fid 20, macs 1.2e+08`: without its reference point it says nothing,
    and that of a job is another than that of its supernet. Empty when there is none."""
    if hypervolume is None:
        return ""
    point = ", ".join(f"{name} {number(worst)}" for name, worst in reference_point.items())
    return f", hypervolume {number(hypervolume)} up to {point}"


def _ties(front: Record) -> dict[str, list[str]]:
    """By objective in which any are: the places of the points that noise cannot tell from each."""
    places = {point["evaluation"]: str(i) for i, point in enumerate(front["points"], 1)}
    found = {
        named["name"]: [
            " ".join(places[other] for other in point["tied"][named["name"]] if other in places)
            for point in front["points"]
        ]
        for named in front["objectives"]
    }
    return {name: texts for name, texts in found.items() if any(texts)}


def front_csv(front: Record) -> str:
    """A line per point; an interval is two columns, an architecture one per choice."""
    names, again = _shown(front), _measured_again(front)
    choices = list(dict.fromkeys(c for point in front["points"] for c in point["architecture"]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [name + part for name in names for part in ("", "_low", "_high")]
    columns += [f"{name}_in_search" for name in again]
    writer.writerow(["evaluation", *columns, *choices])
    for point in front["points"]:
        cells = [
            point["values"][name].get(part, "")
            for name in names
            for part in ("value", "low", "high")
        ]
        cells += [point["search_values"][name]["value"] for name in again]
        options = [point["architecture"].get(choice, "") for choice in choices]
        writer.writerow([point["evaluation"], *cells, *options])
    return text.getvalue()


def value_text(value: Mapping[str, Any]) -> str:
    """A value with its interval where it has one: `21.4 [20.9, 22]`."""
    low, high = value.get("low"), value.get("high")
    text = number(value["value"])
    return text if low is None or high is None else f"{text} [{number(low)}, {number(high)}]"


def architecture_text(architecture: Mapping[str, Any]) -> str:
    """The options by what they are of: `resolution 32, channels 0.5 1 0.25`."""
    groups: dict[str, list[str]] = {}
    for choice, option in architecture.items():
        groups.setdefault(choice.partition(".")[0], []).append(f"{option:g}")
    return ", ".join(f"{name} {' '.join(options)}" for name, options in groups.items())


def _shown(front: Record) -> list[str]:
    """The objectives, then what else every point has."""
    objectives = [named["name"] for named in front["objectives"]]
    common = [n for n in ALWAYS if all(n in point["values"] for point in front["points"])]
    return [*objectives, *(name for name in common if name not in objectives)]


def _measured_again(front: Record) -> list[str]:
    """The objectives estimated from images whose values at the end are not those of the search."""
    points = front["points"]
    return [
        name
        for name in (named["name"] for named in front["objectives"])
        if OBJECTIVES[name].source is Source.IMAGES
        and any(point["values"][name] != point["search_values"][name] for point in points)
    ]
