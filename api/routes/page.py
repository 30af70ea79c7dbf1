"""The web page and its files."""

import importlib.util
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

WEB = Path(__file__).parents[1] / "web"
router = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> FileResponse:
    """Jobs, and one job's front."""
    return FileResponse(WEB / "index.html", media_type="text/html")


@router.get("/static/plotly.min.js")
def plotly() -> FileResponse:
    """The chart library as the plotly package ships it."""
    return FileResponse(
        plotly_script(),
        media_type="text/javascript",
        headers={"Cache-Control": "public, max-age=86400"},
    )


def plotly_script() -> Path:
    """Found without importing plotly, which takes a second."""
    spec = importlib.util.find_spec("plotly")
    assert spec is not None, "plotly is a dependency of the api extra"
    assert spec.origin is not None
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"
