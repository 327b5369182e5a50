"""Signing in on the pages: a token is given once, and a cookie stands for it from then on.

The cookie can be read by no script (HttpOnly) and is sent with nothing that another site asks for (SameSite=Strict);
the doorkeeper says what it is good for. Where the page itself came over https, the cookie is never sent without.
"""

from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from service.access.sessions import SESSION_SECONDS
from service.api.access import PUBLIC
from service.api.doorkeeper import COOKIE, cookie_of, door_of
from service.dashboard.templating import templates
from service.fields import StrictModel, Text

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[PUBLIC])


class SignIn(StrictModel):
    """What the form of the page sends."""

    token: Annotated[str, Text(200)]


def sign_in_page(request: Request) -> HTMLResponse:
    """Return the page that asks for a token; it is shown in the place of any page that needs one."""
    return templates.TemplateResponse(request, "sign_in.html", {}, headers={"Cache-Control": "no-store"})


@router.get("/sign-in")
async def show_sign_in(request: Request) -> HTMLResponse:
    """Ask for a token."""
    return sign_in_page(request)


@router.post("/sign-in")
async def sign_in(request: Request, given: Annotated[SignIn, Body()]) -> Response:
    """Begin a session for whoever brings a valid token."""
    door = door_of(request.app)
    caller = await door.bearer(request.scope, [f"Bearer {given.token}"])
    _end_session(request)
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE,
        door.sessions.open(int(str(caller.token_id))),
        max_age=SESSION_SECONDS,
        path="/",
        # The guard has found the Origin to be the service's own; behind a proxy that ends TLS it alone says https.
        secure=request.headers.get("origin", "").startswith("https://") or request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session."""
    _end_session(request)
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def _end_session(request: Request) -> None:
    value = cookie_of(request.headers)
    if value is not None:
        door_of(request.app).sessions.close(value)
