"""The API's reference, to be read and tried in a browser that need not reach the internet."""

import importlib.util
from pathlib import Path

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse

FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
router = APIRouter(include_in_schema=False)


@router.get("/docs")
def docs() -> HTMLResponse:
    """Swagger UI over /openapi.json; FastAPI's own page has its files from elsewhere."""
    script, style = (f"/docs/{name}" for name in FILES)
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="gansearch: the API",
        swagger_js_url=script,
        swagger_css_url=style,
        swagger_favicon_url="/static/icon.svg",
    )


def _serve(name: str, media_type: str) -> None:
    """Enter the route of one file, as the fastapi-offline package ships it."""

    @router.get(f"/docs/{name}")
    def file() -> FileResponse:
        return FileResponse(
            _folder() / name,
            media_type=media_type,
            headers={"Cache-Control": "public, max-age=86400"},
        )


for _name, _media_type in FILES.items():
    _serve(_name, _media_type)


def _folder() -> Path:
    """Only the files are wanted of that package, so it is found and not imported."""
    spec = importlib.util.find_spec("fastapi_offline")
    assert spec is not None, "fastapi-offline is a dependency of the api extra"
    assert spec.origin is not None
    return Path(spec.origin).parent / "static"
