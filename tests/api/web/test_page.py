"""The page in a real browser, over the real app."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from search_service import jobs
from search_service.artifacts import Artifacts
from search_service.domain.job import Job, JobState
from search_service.queue import PollingWakeUps
from search_service.storage.base import Storage
from tests.support.waiting import PATIENCE_SECONDS

CHROMIUM = Path("/usr/bin/chromium")
Run = Callable[[Job], Any]

MILLISECONDS = 1000 * PATIENCE_SECONDS  # a machine that does other things draws late
expect.set_options(timeout=MILLISECONDS)

pytestmark = [
    pytest.mark.parametrize("storage", ["sqlite"], indirect=True),
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox"], timeout=MILLISECONDS
        )
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, client: httpx.Client) -> Iterator[Page]:
    """An empty page of the app's; what the console complains about fails the test."""
    complaints: list[str] = []
    opened = browser.new_page(base_url=str(client.base_url))
    opened.set_default_timeout(MILLISECONDS)
    opened.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    opened.close()
    assert complaints == []


def loaded(page: Page, selector: str) -> int:
    """How many pictures have come."""
    return int(
        page.evaluate(
            "s => [...document.querySelectorAll(s)].filter(i => i.naturalWidth > 0).length",
            selector,
        )
    )


def test_with_no_job_the_page_says_how_to_start_one(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#empty")).to_contain_text("gansearch search")


def test_a_running_job_is_followed_to_its_end(
    page: Page, submit: Callable[..., Job], run: Run
) -> None:
    job = submit()
    search = run(job)
    search.advance(5)
    page.goto(f"/?job={job.id}")
    expect(page.locator("#evaluations")).to_have_text("5 of 40")
    expect(page.locator("#state")).to_have_text("running")
    search.advance(7)
    expect(page.locator("#evaluations")).to_have_text("12 of 40")
    search.finish()
    expect(page.locator("#state")).to_have_text("succeeded: budget")
    expect(page.locator("#front-note")).to_contain_text("10,000 samples")


def test_the_front_is_drawn_with_its_images(page: Page, ended: Job, client: httpx.Client) -> None:
    size = len(client.get(f"/v1/jobs/{ended.id}/front").json()["points"])
    page.goto("/")  # the newest job opens by itself
    expect(page.locator("#gallery figure")).to_have_count(size)
    expect(page.locator("#table tbody tr")).to_have_count(size)
    expect(page.locator("#front .trace").nth(1).locator(".point")).to_have_count(size)
    page.locator("#gallery").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#gallery img').naturalWidth === 128")
    assert loaded(page, "#gallery img") >= 1
    page.locator("#front .trace").nth(1).locator(".point").first.hover(force=True)
    expect(page.locator("#hover img")).to_be_visible()


def test_a_front_that_is_empty_says_how_near_the_nearest_came(
    page: Page, submit: Callable[..., Job], run: Run, storage: Storage
) -> None:
    job = submit()
    claim = run(job).claim
    page.goto(f"/?job={job.id}")
    expect(page.locator("#state")).to_have_text("running")
    nearest = {"evaluation": "evl_1", "values": {"latency_ms": 0.5}}
    unmet = {"evaluated": 12, "constraints": ["latency_ms<=0.001"], "nearest": nearest}
    storage.events.progress(
        claim, {"phase": "search", "done": 12, "budget": 40, "in_flight": 1, "unmet": unmet}
    )
    expect(page.locator("#front-note")).to_contain_text("None of 12 evaluated")
    expect(page.locator("#front-note")).to_contain_text("latency 0.5000\u00a0ms (evl_1)")


def test_the_reference_of_the_api_is_there_without_the_internet(page: Page) -> None:
    def only_from_here(route: Route) -> None:
        here = route.request.url.startswith(("http://127.0.0.1", "data:"))
        (route.continue_ if here else route.abort)()

    page.route("**/*", only_from_here)
    page.goto("/docs")
    expect(page.locator("#swagger-ui")).to_contain_text("/v1/jobs/{job_id}/front")


def test_the_best_under_a_constraint_is_answered_in_words(page: Page, ended: Job) -> None:
    page.goto(f"/?job={ended.id}")
    page.fill("#where", "latency_ms<=4")
    page.click("#best button")
    expect(page.locator("#answer")).to_contain_text("that qualify")
    page.fill("#where", "macs<=1")
    page.click("#best button")
    expect(page.locator("#answer")).to_contain_text("No stored evaluation meets this")


def test_what_is_asked_before_the_page_is_ready_waits_for_it(page: Page, ended: Job) -> None:
    """The browser would send the form itself, and the page begin anew without the job."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/v1/devices", hold)
    with page.expect_request("**/v1/devices"):
        page.goto(f"/?job={ended.id}")
    page.fill("#where", "latency_ms<=4")
    expect(page.locator("#find")).to_be_disabled()
    page.press("#where", "Enter")
    page.wait_for_timeout(200)  # in which the browser would have gone elsewhere
    assert f"job={ended.id}" in page.url
    for route in held:
        route.continue_()
    expect(page.locator("#find")).to_be_enabled()
    page.press("#where", "Enter")
    expect(page.locator("#answer")).to_contain_text("that qualify")


def test_a_training_is_followed_with_its_losses_and_pictures(
    page: Page, storage: Storage, artifacts: Artifacts
) -> None:
    recipe = {"method": "pix2pix", "dataset": "fashion-mnist-edges", "images": 800}
    wake_ups = PollingWakeUps()
    job = jobs.submit("train", {"recipe": recipe}, storage=storage, wake_ups=wake_ups)
    claim = storage.jobs.claim(worker="test", lease_seconds=600)
    assert claim is not None
    page.goto("/")  # the newest job opens by itself
    expect(page.locator("#jobs li")).to_contain_text("pix2pix")
    expect(page.locator("#training-state")).to_have_text("running")
    told = {"phase": "train", "done": 200, "total": 800}
    losses = {"losses": {"generator": 1.5}, "images_per_s": 50.0, "eta_seconds": 12.0}
    storage.events.progress(claim, told | losses)
    expect(page.locator("#images")).to_have_text("200 of 800")
    expect(page.locator("#losses")).to_have_text("generator 1.500")
    picture = io.BytesIO()
    Image.new("L", (64, 32)).save(picture, "PNG")
    grid = artifacts.put(picture.getvalue(), media_type="image/png")
    storage.events.progress(claim, told | {"artifact": grid, "name": "grid"})
    page.wait_for_function("document.querySelector('#grid img')?.naturalWidth === 64")
    made = {"artifacts": {"generator": grid}}
    storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="", result=made)
    expect(page.locator("#training-state")).to_have_text("succeeded")
    expect(page.locator("#outcome a")).to_have_attribute("href", f"/v1/artifacts/{grid}/content")
    assert job.id in page.locator("#training-subtitle").inner_text()


def test_a_scoring_is_followed_to_its_scores(
    page: Page, storage: Storage, artifacts: Artifacts, tmp_path: Path
) -> None:
    folder = tmp_path / "my-images"
    folder.mkdir()
    spec = {"images": str(folder), "reference": "fashion-mnist-32", "metrics": ["fid", "recall"]}
    jobs.submit("score", spec, storage=storage, wake_ups=PollingWakeUps())
    claim = storage.jobs.claim(worker="test", lease_seconds=600)
    assert claim is not None
    page.goto("/")  # the newest job opens by itself
    expect(page.locator("#jobs li")).to_contain_text("my-images")
    expect(page.locator("#scoring-title")).to_have_text("my-images")
    told = {"phase": "score", "side": "real", "done": 500, "budget": 60_000}
    storage.events.progress(claim, told)
    expect(page.locator("#scored")).to_have_text("500 of 60,000 real images")
    about = {"low": 1.5, "high": 2.5, "samples": 1_000}
    scores = {
        "fid": about | {"value": 2.0, "more_is_better": False, "limit": {"value": 1.875}},
        "recall": about | {"value": 0.25, "more_is_better": True},
    }
    storage.jobs.finish(claim, state=JobState.SUCCEEDED, reason="", result={"scores": scores})
    expect(page.locator("#scoring-state")).to_have_text("succeeded")
    expect(page.locator("#scores tr")).to_have_count(2)
    expect(page.locator("#scores tr").first).to_contain_text("less is better")
    expect(page.locator("#scores tr").first).to_contain_text("limit 1.875")


def test_axes_are_chosen(page: Page, ended: Job) -> None:
    page.goto(f"/?job={ended.id}")
    page.select_option("#x", "macs")
    expect(page.locator("#front .xtitle")).to_have_text(re.compile("MACs"))
