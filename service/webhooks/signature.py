"""How a receiver knows that a delivery is ours and fresh: `Cambrian-Signature: t=SECONDS,v1=HEX`.

`v1` is the HMAC-SHA256, under the webhook's secret, of the time, a dot and the body as it was sent. The time is within
what is signed, so that a delivery that somebody recorded is worth nothing later.
"""

import hashlib
import hmac
import secrets
from typing import Final

HEADER: Final = "Cambrian-Signature"
PREFIX: Final = "whsec_"


def new_secret() -> str:
    """Return a secret for a webhook: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def signature(secret: str, time: int, body: bytes) -> str:
    """Return the value of the header for a body that is sent at `time`, in seconds since 1970."""
    digest = hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={time},v1={digest}"
