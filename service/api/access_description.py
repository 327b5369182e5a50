"""What the OpenAPI description says about access: the token, the scope of each operation, and how it refuses."""

from typing import Any, Final

from service.api.access import Entrances
from service.api.problems import responses
from service.errors import (
    AddressTooLong,
    CambrianError,
    HeadersTooLarge,
    HostNotAllowed,
    RateLimited,
    ScopeMissing,
    Unauthorized,
)

_SCHEME: Final = "token"
# What the guard and the doorkeeper may answer before any operation is reached.
_OF_EVERY_REQUEST: Final = (HostNotAllowed, AddressTooLong, RateLimited, HeadersTooLarge)


def describe_access(description: dict[str, Any], entrances: Entrances, *, optional: bool) -> None:
    """Add to every operation which scope it needs, and to its answers those of guard and doorkeeper.

    `optional` says that this service, on its loopback address, also serves those who bring no token.
    """
    description.setdefault("components", {})["securitySchemes"] = {
        _SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "description": (
                "A token made by `cambrian token create`. On the loopback address none is needed, unless the service "
                "is set to ask for one there too."
            ),
        }
    }
    for entrance in entrances.all:
        if not entrance.in_schema:
            continue
        for method in entrance.methods:
            operation = description["paths"][entrance.path][method.lower()]
            scopes = entrance.scopes(method)
            operation["security"] = [] if entrance.public else [{_SCHEME: list(scopes)}, *([{}] if optional else [])]
            refusals: list[type[CambrianError]] = [*_OF_EVERY_REQUEST]
            if not entrance.public:
                refusals.append(Unauthorized)
            if scopes:
                refusals.append(ScopeMissing)
            for status, answer in responses(*refusals).items():
                operation["responses"].setdefault(str(status), answer)
