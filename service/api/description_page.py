"""The page that explains the API and lets one try it: Swagger UI, with every file from this service.

The scripts come from the package `fastapi-offline`, which is there for its files alone. The page starts them by a
script of our own, so that the policy of the pages holds here too: nothing inline, and nothing from elsewhere.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse

from service.api.access import PUBLIC
from service.errors import NotFound

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cambrian's interface</title>
<link rel="icon" href="static/icon.svg">
<link rel="stylesheet" href="docs/swagger-ui.css">
<script src="docs/swagger-ui-bundle.js" defer></script>
<script src="static/description.js" defer></script>
</head>
<body><div id="description"></div></body>
</html>
"""

_TYPES: Final = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}

# Swagger UI keeps its small pictures in its style sheet.
_POLICY: Final = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


@router.get("/docs")
def show_description() -> HTMLResponse:
    """Explain the API."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/{asset}")
def show_description_file(asset: str) -> FileResponse:
    """Answer with one of the two files of Swagger UI."""
    if asset not in _TYPES:
        raise NotFound("there is nothing at this address; /docs is the page")
    return FileResponse(_files() / asset, media_type=_TYPES[asset], headers={"Cache-Control": "public, max-age=86400"})


def _files() -> Path:
    # Found without being loaded: the package imports parts of FastAPI that this process has no use for.
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise NotFound("the package fastapi-offline, which holds the files of this page, is not installed")
    return Path(spec.origin).parent / "static"
