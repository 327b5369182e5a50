"""Which addresses the service may be reached at, and what that asks for.

On the loopback address whoever sits at the machine needs no token, unless the settings ask for one. On any other
address everybody does, and the service does not start before there is one.
"""

import ipaddress
from typing import Final

from service.store.database import Database
from service.store.entities import now
from service.store.token_repository import TokenRepository

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class NoToken(Exception):
    """The service would be open to the network without anybody being able to use it.

    Make a token first: `cambrian token create --owner NAME`.
    """


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches an address that the service listens on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def known_hosts(host: str, allowed: tuple[str, ...]) -> frozenset[str]:
    """Return the names that a Host header may bear, without ports: loopback, the bound address, and those allowed."""
    return LOOPBACK_NAMES | {_as_host(name) for name in (host, *allowed) if not _unspecified(name)}


def require_token_to_start(database: Database, host: str) -> None:
    """Raise NoToken when `host` is no loopback address and no valid token is stored."""
    if is_loopback(host):
        return
    with database.read() as session:
        if TokenRepository(session).any_valid(now()):
            return
    raise NoToken(
        f"{host} can be reached from other machines, and the service has no valid token that would protect it: make "
        "one with `cambrian token create --owner NAME`, or listen on 127.0.0.1"
    )


def _as_host(name: str) -> str:
    return f"[{name}]" if ":" in name and not name.startswith("[") else name.lower()


def _unspecified(host: str) -> bool:
    """Say whether this is the address that stands for all: no browser may name it (0.0.0.0 is this machine)."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
