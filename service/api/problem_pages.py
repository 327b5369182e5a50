"""The pages behind the `type` of each problem: one table, shown by the service and kept in docs/problems.md."""

import inspect
from html import escape
from typing import Final

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from service.api.access import PUBLIC
from service.errors import CambrianError, NotFound

DOCUMENT_HEAD: Final = """\
# Problems

Every answer other than success is `application/problem+json` (RFC 9457). Its `type` is the address of a page of the
service, `/problems/{code}`; this document shows the same text. Branch on `code`: it never changes its meaning.
"""


def _family(root: type[CambrianError]) -> list[type[CambrianError]]:
    members = [root] if "code" in vars(root) else []
    for child in root.__subclasses__():
        members.extend(_family(child))
    return members


CATALOG: Final[dict[str, type[CambrianError]]] = {
    kind.code: kind for kind in sorted(_family(CambrianError), key=lambda kind: (kind.status, kind.code))
}
"""Every problem by its code, in the order of their status."""

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])


def meaning(kind: type[CambrianError]) -> list[str]:
    """Return the explanation of a problem as paragraphs of running text."""
    return [" ".join(paragraph.split()) for paragraph in (inspect.getdoc(kind) or "").split("\n\n")]


def document() -> str:
    """Return docs/problems.md."""
    sections = [DOCUMENT_HEAD]
    for code, kind in CATALOG.items():
        text = "\n\n".join(meaning(kind))
        sections.append(f"## {code}\n\n**{kind.status} {kind.title}.** {text}\n\n*Way out:* {kind.advice}\n")
    return "\n".join(sections)


@router.get("/problems")
def problems() -> HTMLResponse:
    """List all problems."""
    items = "".join(
        f'<li><a href="problems/{code}">{code}</a>: {kind.status} {escape(kind.title)}</li>'
        for code, kind in CATALOG.items()
    )
    return _page("Problems", f"<h1>Problems</h1><ul>{items}</ul>")


@router.get("/problems/{code}")
def problem_page(code: str) -> HTMLResponse:
    """Explain one problem."""
    if code not in CATALOG:
        raise NotFound("there is no problem with this code; /problems lists them")
    kind = CATALOG[code]
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in meaning(kind))
    return _page(
        kind.title,
        f"<h1>{escape(kind.title)}</h1><p>Status {kind.status}, code <code>{code}</code></p>{text}"
        f'<p>Way out: {escape(kind.advice)}</p><p><a href="../problems">All problems</a></p>',
    )


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} - Cambrian</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
        f"<body><main>{body}</main></body></html>"
    )
