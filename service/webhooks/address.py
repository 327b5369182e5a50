"""Where a webhook may lead: to public addresses over https, unless the operator has named the host.

A service that calls any address that users give it reaches what they cannot: its own machine, its neighbors, the
metadata of a cloud (server-side request forgery). So a name is resolved once, all of its addresses are looked at, and
the connection goes to one of those that were looked at; a name that answers differently the next time (DNS rebinding)
gains nothing.
"""

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

LONGEST_URL: Final = 2_000
PORTS: Final = {"https": 443, "http": 80}

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Public by their number, and yet a cloud's own: Azure's, and the metadata of others that are not private everywhere.
_CLOUDS: Final = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "192.0.0.192")))
# IPv6 addresses that lead to an IPv4 one which they hold.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
_TRANSLATED: Final = ipaddress.IPv6Network("::ffff:0:0:0/96")


class AddressRefused(Exception):
    """The address is not one that a webhook may lead to; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: where to connect, and what to ask for there."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == PORTS["https" if self.secure else "http"] else f"{shown}:{self.port}"


def parse(url: str, allowed: Collection[str]) -> Target:
    """Read the URL of a webhook. Raises AddressRefused for one that may not be called whatever its name stands for.

    `allowed` are hosts, or host:port, that the operator trusts: they may be private, and without TLS.
    """
    parts = _split(url)
    host, port = _host_and_port(parts)
    trusted = is_allowed(host, port, allowed)
    if parts.scheme != "https" and not (trusted and parts.scheme == "http"):
        raise AddressRefused("must begin with https://")
    if not trusted:
        literal = _literal(host)
        if literal is not None:
            require_public(literal)
        elif host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or "." not in host:
            raise AddressRefused("must name a public host")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", host, port, path)


def resolve(target: Target, allowed: Collection[str]) -> str:
    """Return the numeric address to connect to. Raises AddressRefused where any address of the name is not public."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"the name {target.host[:80]} cannot be resolved") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not is_allowed(target.host, target.port, allowed):
        for address in addresses:
            # A link-local address comes with its interface.
            require_public(ipaddress.ip_address(address.partition("%")[0]))
    return addresses[0]


def is_allowed(host: str, port: int, allowed: Collection[str]) -> bool:
    """Whether the operator trusts this host, on this port or on any."""
    shown = f"[{host}]" if ":" in host else host
    return not {host, shown, f"{shown}:{port}"}.isdisjoint(allowed)


def require_public(address: IpAddress) -> None:
    """Raise AddressRefused for an address that is not everybody's: loopback, private, link-local, a cloud's, and so on.

    An IPv6 address that holds an IPv4 one is as public as that is.
    """
    held = _held(address)
    # Networks that know IPv6 only reach all the others in this way.
    translated = isinstance(address, ipaddress.IPv6Address) and address in _NAT64
    for one in held if translated else (address, *held):
        if not one.is_global or one.is_multicast or one.is_reserved or one.is_unspecified or one in _CLOUDS:
            raise AddressRefused("leads to an address that is not public")


def _held(address: IpAddress) -> list[IpAddress]:
    """Return the IPv4 addresses that an IPv6 address may stand for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    held: list[IpAddress] = [one for one in (address.ipv4_mapped, address.sixtofour) if one is not None]
    if address.teredo is not None:
        held += address.teredo
    if any(address in network for network in (_NAT64, _LOCAL_NAT64, _COMPATIBLE, _TRANSLATED)):
        held.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return held


def _split(url: str) -> SplitResult:
    # Letters beyond ASCII may turn into others on their way to the name server.
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url or len(url) > LONGEST_URL:
        raise AddressRefused(f"must be a URL of at most {LONGEST_URL:,} printable ASCII characters without spaces")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise AddressRefused("is not a URL") from None
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("must not hold a user or a password; deliveries are signed instead")
    if parts.fragment:
        raise AddressRefused("must not have a fragment")
    return parts


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("must have a port from 1 to 65535") from None
    if not host or port == 0 or "%" in host:
        raise AddressRefused("must name a host, and a port from 1 to 65535 if any")
    return host.rstrip(".").lower(), port if port is not None else PORTS.get(parts.scheme, 443)


def _literal(host: str) -> IpAddress | None:
    """Return the address that a host is a number for, in any spelling that a resolver takes; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        # 127.1, 2130706433, 0x7f.1 and 0177.0.0.1 are all read as the address that they stand for.
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
