"""Files of the pages: ours from a folder, and the script that draws charts from the package that carries it."""

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse

from service.api.access import PUBLIC
from service.errors import NotFound

STATIC: Final = Path(__file__).parent / "static"

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])


@cache
def plotly_version() -> str:
    """Return the version of the charts' script; a part of its address, so that browsers may keep it for ever."""
    return version("plotly")


@cache
def plotly_file() -> Path:
    """Return the charts' script. Raises NotFound where its package is not installed."""
    # Found without being loaded: the package itself, with pandas and the like, is for programs.
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise NotFound("the package plotly, which holds the charts' script, is not installed")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


@router.get("/plotly-{release}.js")
def show_plotly(release: str) -> FileResponse:
    """Answer with the script that draws the charts."""
    if release != plotly_version():
        raise NotFound("there is no such script; reload the page")
    return FileResponse(
        plotly_file(), media_type="text/javascript", headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )
