"""Saying that nothing a search found meets its constraints, and how near the nearest came."""

from search_service.cli.output import number
from search_service.client import Client, Record
from search_service.domain.evaluation import EvaluationState
from search_service.domain.spec import SearchSpec
from search_service.domain.unmet import Reach, Unmet


def unmet_of(client: Client, job: Record) -> Unmet | None:
    """Of a stored job, by its evaluations so far; None where there is nothing of the kind to say.

    They are read only where the front is empty.
    """
    if job["kind"] != "search" or job["front_size"] or not job["evaluations"]:
        return None
    constraints = SearchSpec.from_json(job["spec"]).constraints
    if not constraints:
        return None
    reach = Reach(constraints)
    for evaluation in client.evaluations(job["id"]):
        values = {name: value["value"] for name, value in evaluation["values"].items()}
        reach.add(evaluation["id"], EvaluationState(evaluation["state"]), values)
    return reach.unmet()


def unmet_text(unmet: Unmet) -> str:
    """`none of 300 evaluated architectures meets latency_ms<=2; the nearest has latency_ms 2.3`."""
    bounds = " and ".join(unmet.constraints)
    values = ", ".join(f"{name} {number(value)}" for name, value in unmet.values.items())
    of = "architecture" if unmet.evaluated == 1 else "architectures"
    return f"none of {unmet.evaluated} evaluated {of} meets {bounds}; the nearest has {values}"
