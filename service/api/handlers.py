"""Turns every exception that reaches the edge into a problem."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Final, Union, cast, get_args, get_origin

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from service.api.problems import printable, problem
from service.api.query import nearest
from service.errors import BadRequest, CambrianError, FieldError, InvalidSpec, MethodNotAllowed, NotFound, Unprocessable

_METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_MAX_ERRORS: Final = 20


def add_handlers(app: FastAPI) -> None:
    """Install the handlers; `Envelope` answers for whatever is left."""
    # Starlette's type of a handler takes any exception; it calls each only for the class that it was added for.

    def cambrian_error(request: Request, error: Exception) -> Response:
        return problem(request.scope, cast("CambrianError", error))

    def http_exception(request: Request, error: Exception) -> Response:
        status = cast("HTTPException", error).status_code
        if status == MethodNotAllowed.status:
            allowed = _allowed(app, request)
            detail = f"this address answers to {', '.join(allowed)}"
            return problem(request.scope, MethodNotAllowed(detail), {"Allow": ", ".join(allowed)})
        if status == NotFound.status:
            return problem(
                request.scope, NotFound("there is nothing at this address; /openapi.json lists what there is")
            )
        return problem(request.scope, BadRequest("the request could not be read"))

    def validation_error(request: Request, error: Exception) -> Response:
        errors = cast("RequestValidationError", error).errors()
        return problem(request.scope, refusal(errors, _body_model(request)))

    app.add_exception_handler(CambrianError, cambrian_error)
    app.add_exception_handler(HTTPException, http_exception)
    app.add_exception_handler(RequestValidationError, validation_error)


def refusal(errors: Sequence[Mapping[str, Any]], body_model: type[BaseModel] | None) -> Unprocessable:
    """Translate pydantic's errors into one problem; field texts name the limit, never the input."""
    fields: list[FieldError] = []
    for error in errors:
        fields.extend(_field_errors(error, body_model))
    fields = list(dict.fromkeys(fields))[:_MAX_ERRORS] or [FieldError("", "is not acceptable")]
    first = fields[0]
    detail = f"{first.pointer}: {first.detail}" if first.pointer else f"the body {first.detail}"
    if len(fields) > 1:
        detail += f" (and {len(fields) - 1} more)"
    in_body = all(error["loc"][:1] == ("body",) for error in errors)
    kind: type[Unprocessable] = getattr(body_model, "refused_as", InvalidSpec) if in_body else Unprocessable
    return kind(detail, errors=fields)


def _field_errors(error: Mapping[str, Any], body_model: type[BaseModel] | None) -> list[FieldError]:
    location: tuple[str | int, ...] = tuple(error["loc"])
    kind: str = error["type"]
    if location[:1] != ("body",):
        name = printable(str(location[-1]))
        pointer = f"?{name}" if location[:1] == ("query",) else name
        return [FieldError(pointer, _detail(error))]
    path = location[1:]
    pointer = "".join(f"/{_escaped(part)}" for part in path)
    if kind == "default_factory_not_called":
        return []
    if kind == "disagreement":
        return [FieldError(pointer + below, detail) for below, detail in error["ctx"]["errors"]]
    if kind == "extra_forbidden":
        known = _names(body_model, path[:-1])
        return [FieldError(pointer, f"is not a known field{_meant(body_model, str(path[-1]), known)}")]
    if kind == "dict_type" and body_model is None:
        return [FieldError(pointer, "must be an object")]
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        names = _names(body_model, path)
        kind_of_object = f"an object with the fields {', '.join(names)}" if names else "an empty object"
        return [FieldError(pointer, f"must be {kind_of_object}")]
    if kind == "missing" and not path:
        return [FieldError("", "is missing; send one JSON object")]
    return [FieldError(pointer, _detail(error))]


def _detail(error: Mapping[str, Any]) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "explained" | "distinct":
            return str(error["msg"])
        case "missing":
            return "is required"
        case "literal_error" | "enum":
            return f"must be {context['expected']}"
        case "list_type":
            return "must be a list"
        case "too_short":
            return f"must have at least {context['min_length']} item{'s' * (context['min_length'] != 1)}"
        case "too_long":
            return f"must have at most {context['max_length']} items"
        case "string_too_long":
            return f"must be at most {context['max_length']} characters long"
        case "string_type":
            return "must be text"
        case "bool_type" | "bool_parsing":
            return "must be true or false"
        case _:
            # Messages of other kinds are pydantic's own; those texts name limits but could repeat input.
            return "is not acceptable here; /openapi.json describes what is"


def _names(model: type[BaseModel] | None, path: Sequence[str | int]) -> list[str]:
    """Return the fields of the model at `path` below `model`."""
    for part in path:
        if model is None or part not in model.model_fields:
            return []
        model = _model_of(model.model_fields[str(part)].annotation)
    return list(model.model_fields) if model is not None else []


def _meant(model: type[BaseModel] | None, name: str, known: list[str]) -> str:
    """Return a hint at the same level, or else at the place below where a field of such a name is."""
    hint = nearest(name, known)
    if "did you mean" in hint or model is None:
        return hint
    places: dict[str, str] = {}
    for outer, field in model.model_fields.items():
        below = _model_of(field.annotation)
        for inner in below.model_fields if below is not None else ():
            places.setdefault(inner, f"/{outer}/{inner}")
    close = get_close_matches(name[:80], places, n=1)
    return f"; did you mean {places[close[0]]}? known are {', '.join(known)}" if close else hint


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if get_origin(annotation) in {Union, UnionType}:
        arms = [arm for arm in get_args(annotation) if arm is not NoneType]
        annotation = arms[0] if len(arms) == 1 else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _body_model(request: Request) -> type[BaseModel] | None:
    route = request.scope.get("route")
    body = getattr(route, "body_field", None)
    return _model_of(body.field_info.annotation) if body is not None else None


def _escaped(part: str | int) -> str:
    return printable(str(part)).replace("~", "~0").replace("/", "~1")


def _allowed(app: FastAPI, request: Request) -> list[str]:
    """Return all methods of an address; the router itself knows only those of the first route that fits."""
    allowed = []
    for method in _METHODS:
        scope = {**request.scope, "method": method}
        if any(route.matches(dict(scope))[0] is Match.FULL for route in app.routes):
            allowed.append(method)
    return allowed
