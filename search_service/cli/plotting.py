"""A front from the API into a picture."""

from pathlib import Path

from search_service.client import Client, Record
from search_service.errors import Refused
from search_service.figures import draw_front, first_images
from search_service.figures.images import Uint8

IMAGES = 3  # of each subnet
ROWS = 2  # of the grid they are cut from


def plot_front(client: Client, front: Record, path: Path) -> None:
    """Fetch the images of a front's points and the other evaluations, and draw them all."""
    supernet = client.supernet(front["supernet"])
    jobs = (
        [front["job"]] if front["job"] else [j["id"] for j in client.jobs(supernet=supernet["id"])]
    )
    evaluations = [evaluation for job in jobs for evaluation in client.evaluations(job)]
    measured = [e for e in evaluations if e["state"] == "measured"]
    draw_front(
        front,
        images={p["evaluation"]: _images(client, p["evaluation"]) for p in front["points"]},
        others=measured,
        path=path,
        title=f"{supernet['name']}: the front of {len(evaluations):,} evaluated architectures",
    )


def _images(client: Client, evaluation: str) -> list[Uint8]:
    """Empty for a point that was not judged by its images."""
    try:
        png = client.samples(evaluation, rows=ROWS)
    except Refused as error:
        if error.status == 404:
            return []
        raise
    return list(first_images(png, rows=ROWS, count=IMAGES))
