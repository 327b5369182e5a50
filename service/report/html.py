"""The report as one HTML file that needs no network: text, drawings and charts, with what draws them inside.

The file may lie anywhere and be opened by anybody, and it holds names that users gave. So it has a policy of its own:
no request leaves it, and the only scripts and styles that run are those whose hashes the policy names.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from service.api.envelope import PLOTLY_STYLES
from service.dashboard.assets import STATIC, plotly_file
from service.dashboard.templating import templates
from service.errors import NotFound
from service.report.blocks import Chart, Section
from service.report.sections import sections, title_of

_STYLES: Final = ("style.css", "charts.css", "answers.css", "report.css")
_SCRIPT: Final = Path(__file__).parent / "file.js"


def to_html(document: Mapping[str, Any]) -> str:
    """Write the report as one file; where the package that draws charts is not installed, their numbers stand alone."""
    parts = sections(document)
    style = _style()
    used = scripts() if any(isinstance(block, Chart) for part in parts for block in part.blocks) else ()
    return templates.env.get_template("report_file.html").render(
        root="",
        title=title_of(document),
        sections=parts,
        policy=_policy(style, used),
        style=style,
        figures=_figures(parts),
        scripts=used,
    )


def _policy(style: str, used: Sequence[str]) -> str:
    allowed = " ".join(_hash(script) for script in used) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)} {PLOTLY_STYLES}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _style() -> Markup:
    return Markup("".join((STATIC / name).read_text(encoding="utf-8") for name in _STYLES))  # noqa: S704 - ours


@cache
def scripts() -> tuple[Markup, ...]:
    """Return the scripts that draw the charts; none where the package that carries the first is not installed."""
    try:
        paths = (plotly_file(), _SCRIPT)
    except NotFound:
        return ()
    # An end tag would end the script wherever it stands; in JavaScript's strings and patterns "\/" is "/".
    texts = [path.read_text(encoding="utf-8").replace("</script", "<\\/script") for path in paths]
    return tuple(Markup(text) for text in texts)  # noqa: S704 - of the package, and ours


@cache
def _hash(text: str) -> str:
    """Return how a policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _figures(parts: Sequence[Section]) -> Markup:
    """Return the figures as JSON that nothing in them can end: neither a tag nor a comment begins without "<"."""
    charts = [block for part in parts for block in part.blocks if isinstance(block, Chart)]
    text = json.dumps({chart.name: chart.figure for chart in charts}, ensure_ascii=True, allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - no markup can be in it
