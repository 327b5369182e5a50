"""Sends one delivery: a POST to the very address that was checked, within seconds, without following anything."""

import http.client
import socket
import ssl
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from service.webhooks.address import AddressRefused, Target, parse, resolve

TIMEOUT_SECONDS: Final = 5.0
"""For the whole exchange, however slowly the other side talks."""

MOST_ANSWER_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt: the status of the answer, or why there is none."""

    status: int | None
    error: str | None

    @property
    def delivered(self) -> bool:
        """Whether the receiver took the delivery."""
        return self.error is None


def send(url: str, body: bytes, headers: Mapping[str, str], allowed: Collection[str]) -> Answer:
    """Post a body to a webhook's URL and tell what came of it; never raises for what the other side does."""
    try:
        target = parse(url, allowed)
        address = resolve(target, allowed)
    except AddressRefused as refused:
        return Answer(None, f"the address {refused}" if str(refused).startswith(("must", "leads")) else str(refused))
    connection = _Pinned(target, address)
    timer = threading.Timer(TIMEOUT_SECONDS, connection.abort)
    timer.daemon = True
    timer.start()
    try:
        connection.request("POST", target.path, body, {"Host": target.authority, **headers})
        answer = connection.getresponse()
        # The connection ends here; what the receiver says beyond this much nobody reads.
        answer.read(MOST_ANSWER_BYTES)
        status = answer.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        if connection.aborted:
            return Answer(None, f"no whole answer within {TIMEOUT_SECONDS:g} s")
        return Answer(None, _reason(error))
    finally:
        timer.cancel()
        connection.close()
    if connection.aborted:
        return Answer(None, f"no whole answer within {TIMEOUT_SECONDS:g} s")
    if 200 <= status < 300:
        return Answer(status, None)
    return Answer(status, f"answered {status}" + (", redirects are not followed" if 300 <= status < 400 else ""))


class _Pinned(http.client.HTTPConnection):
    """A connection to a numeric address under the name that it was resolved from, which TLS verifies."""

    def __init__(self, target: Target, address: str) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT_SECONDS)
        self._target = target
        self._address = address
        self.aborted = False

    def connect(self) -> None:
        """Connect to the address that was checked, and to no other."""
        self.sock = socket.create_connection((self._address, self._target.port), TIMEOUT_SECONDS)
        if self._target.secure:
            # The handshake comes afterwards, so that `abort` finds the socket while it goes on.
            secured = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self._target.host, do_handshake_on_connect=False
            )
            self.sock = secured
            secured.do_handshake()

    def abort(self) -> None:
        """End the exchange, from another thread."""
        self.aborted = True
        sock: socket.socket | None = self.sock
        if sock is not None:
            with suppress(OSError):
                # Not the method of TLS: that would take the connection apart under the thread that reads from it.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _reason(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"the certificate was not accepted: {error.verify_message}"
        case TimeoutError():
            return f"no answer within {TIMEOUT_SECONDS:g} s"
        case ConnectionRefusedError():
            return "the connection was refused"
        case _:
            return f"the connection failed ({type(error).__name__})"
