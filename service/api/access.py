"""What each route asks of its caller, declared where the route is made.

A router declares it for all of its routes, and a route may add to that:

    router = APIRouter(tags=["jobs"], dependencies=[READ_OR_SUBMIT])

    @router.post("/jobs/{job_id}/cancel", dependencies=[ADMIN])

An application with a route that declares nothing is not made. The declaration is itself the check, a dependency; the
doorkeeper (`doorkeeper.py`) makes the same check before the body of a request is read.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette._utils import get_route_path
from starlette.routing import Match

from service.access.caller import Caller, Scope
from service.errors import ScopeMissing, Unauthorized

ADMISSION: Final = "cambrian.admission"
"""Where the ASGI scope of a request holds its `Admission`."""

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

# Starlette's own routes take no dependencies; these are open to everybody, and no other one may exist.
PLAIN_PUBLIC: Final = frozenset({"/openapi.json", "/static"})


class AccessUndeclared(Exception):
    """A route does not say what it asks of its caller, or says that it is public and more."""


@dataclass(frozen=True, slots=True)
class Needs:
    """A dependency that refuses callers without a scope: `to_look` for GET and HEAD, `to_change` for the rest.

    None asks for no scope, but still for a caller, unless the route is `public`.
    """

    to_look: Scope | None = None
    to_change: Scope | None = None
    public: bool = False

    def scope(self, method: str) -> Scope | None:
        """Return the scope that a request with this method needs."""
        return self.to_look if method in SAFE_METHODS else self.to_change

    async def __call__(self, request: Request) -> None:
        """Check the request once more where it has arrived: it was let in for this route, and may do this."""
        admission: Admission | None = request.scope.get(ADMISSION)
        if self.public:
            return
        if admission is None or admission.caller is None or admission.route is not request.scope["route"]:
            raise Unauthorized("this address needs a token")
        require(admission.caller, self.scope(request.method))


PUBLIC: Final = Depends(Needs(public=True))
"""Nothing: whoever reaches the service."""

ANY_TOKEN: Final = Depends(Needs())
"""A caller, whatever they may do."""

READ: Final = Depends(Needs("read", "read"))
SUBMIT: Final = Depends(Needs("submit", "submit"))
ADMIN: Final = Depends(Needs("admin", "admin"))

READ_OR_SUBMIT: Final = Depends(Needs("read", "submit"))
"""The scope `read` to look, `submit` to change."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What was decided about a request: the route that it was let in for, and who makes it (None: nobody is known)."""

    route: APIRoute
    caller: Caller | None


def require(caller: Caller, *scopes: Scope | None) -> None:
    """Raise ScopeMissing for the first of the scopes that the caller lacks."""
    for scope in scopes:
        if scope is not None and scope not in caller.scopes:
            raise ScopeMissing(f"this needs the scope {scope}; the token has {', '.join(sorted(caller.scopes))}", scope)


class Entrance:
    """One route as the door sees it."""

    def __init__(self, context: RouteContext, route: APIRoute, needs: tuple[Needs, ...]) -> None:
        self.route = route
        self.operation_id: str | None = context.operation_id
        self.in_schema: bool = context.include_in_schema
        self.path: str = str(context.path_format)
        self.methods: frozenset[str] = frozenset(context.methods or ())
        self.needs = needs
        self._pattern = context.path_regex

    @property
    def public(self) -> bool:
        """Whether it is open to everybody."""
        return any(need.public for need in self.needs)

    def scopes(self, method: str) -> tuple[Scope, ...]:
        """Return all scopes that a request with this method needs."""
        return tuple(dict.fromkeys(scope for need in self.needs if (scope := need.scope(method)) is not None))

    def parameters(self, path: str, method: str) -> Mapping[str, str] | None:
        """Return the path parameters of a request that is for this route; None for one that is not."""
        found = self._pattern.match(path) if method in self.methods else None
        return None if found is None else found.groupdict()


class Entrances:
    """All routes of an application, in the order in which its router tries them.

    Raises AccessUndeclared for a route that declares nothing; makes the door of the application from its routes and not
    from patterns of paths of its own, which a differently spelled address could pass by.
    """

    def __init__(self, app: FastAPI) -> None:
        self.all = tuple(_entrances(app))
        self._plain = tuple(
            context.original_route for context in iter_route_contexts(app.routes) if context.path in PLAIN_PUBLIC
        )

    def find(self, scope: MutableMapping[str, Any]) -> tuple[Entrance, Mapping[str, str]] | None:
        """Return the route that a request of this ASGI scope is for, with its path parameters."""
        path = get_route_path(scope)
        for entrance in self.all:
            parameters = entrance.parameters(path, scope["method"])
            if parameters is not None:
                return entrance, parameters
        return None

    def plain(self, scope: MutableMapping[str, Any]) -> bool:
        """Say whether a request is for the description of the API or a file of the pages."""
        return any(route.matches(dict(scope))[0] is Match.FULL for route in self._plain)


def _entrances(app: FastAPI) -> Iterator[Entrance]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute):
            if context.path not in PLAIN_PUBLIC:
                raise AccessUndeclared(f"{context.path} is a route that cannot say what it asks of its caller")
            continue
        declared = tuple(one.call for one in context.dependant.dependencies if isinstance(one.call, Needs))
        if not declared:
            raise AccessUndeclared(
                f"{context.path} does not say what it asks of its caller; declare one of service/api/access.py on its "
                "router or on the route, for example dependencies=[READ_OR_SUBMIT]"
            )
        if len(declared) > 1 and any(need.public for need in declared):
            raise AccessUndeclared(f"{context.path} is declared public and more; one of them is a mistake")
        yield Entrance(context, route, declared)
