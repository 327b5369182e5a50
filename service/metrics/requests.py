"""What the metrics count while requests are answered."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# From what a page that is already there takes to what makes people leave.
_LATENCIES: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class RequestMetrics:
    """Counters of HTTP requests, kept in `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answered = Counter(
            "cambrian_http_requests",
            "HTTP requests that were answered",
            ("operation", "method", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "cambrian_http_request_duration_seconds",
            "From the head of a request to the end of its answer, or to the first byte of an event stream",
            ("operation", "method"),
            buckets=_LATENCIES,
            registry=registry,
        )
        self._running = Gauge(
            "cambrian_http_requests_in_progress", "HTTP requests that are being answered now", registry=registry
        )

    def begin(self) -> None:
        """Note that a request has arrived."""
        self._running.inc()

    def end(self, operation: str, method: str, status: int, seconds: float) -> None:
        """Note how a request was answered. A method that nobody knows is counted as "other": names are not endless."""
        method = method if method in _METHODS else "other"
        self._running.dec()
        self._answered.labels(operation, method, str(status)).inc()
        self._seconds.labels(operation, method).observe(seconds)
