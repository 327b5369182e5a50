"""How often somebody may ask: a token bucket per key, in the memory of this process.

A bucket holds `burst` requests and fills at `per_minute`; it is full again after `window` seconds of silence. Keys that
have been silent for so long are forgotten, and of too many keys the one that was seen the longest ago.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_KEYS: Final = 10_000
_IPV6_NETWORK: Final = 64
"""One customer has a whole network of so many bits, and could send every request from another address."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key may do now: `left` more requests at once, or none before `wait_seconds`; full in `reset_seconds`."""

    left: int
    wait_seconds: float
    reset_seconds: float

    @property
    def granted(self) -> bool:
        """Whether the request that was asked for may be made."""
        return self.wait_seconds == 0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """Counts requests by key; not for several threads."""

    def __init__(self, per_minute: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.burst = burst
        self._rate = per_minute / 60
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    @property
    def window(self) -> float:
        """Seconds in which an empty bucket fills."""
        return self.burst / self._rate

    def take(self, key: str) -> Allowance:
        """Count one request, unless the bucket is empty."""
        now = self._clock()
        bucket = self._buckets.pop(key, None) or _Bucket(self.burst, now)
        self._buckets[key] = bucket
        self._forget(now)
        bucket.tokens = min(self.burst, bucket.tokens + (now - bucket.at) * self._rate)
        bucket.at = now
        # A wait that was told to the second must be enough, whatever the rounding.
        granted = bucket.tokens >= 1 - 1e-9
        if granted:
            bucket.tokens -= 1
        wait = 0.0 if granted else (1 - bucket.tokens) / self._rate
        return Allowance(max(math.floor(bucket.tokens), 0), wait, (self.burst - bucket.tokens) / self._rate)

    def __len__(self) -> int:
        return len(self._buckets)

    def _forget(self, now: float) -> None:
        while self._buckets:
            key, oldest = next(iter(self._buckets.items()))
            if len(self._buckets) <= MOST_KEYS and now - oldest.at < self.window:
                return
            del self._buckets[key]


def network_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the network of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False))
