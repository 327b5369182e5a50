"""All metrics of one application, in a registry of its own."""

import platform
from dataclasses import dataclass
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge, Info, PlatformCollector, ProcessCollector

from service.api.event_feed import EventFeed
from service.metrics.requests import RequestMetrics
from service.metrics.store import StoreCollector
from service.store.database import Database


@dataclass(frozen=True, slots=True)
class Metrics:
    """The registry that `/metrics` shows, and what counts into it."""

    registry: CollectorRegistry
    requests: RequestMetrics


def make_metrics(database: Database, feed: EventFeed) -> Metrics:
    """Make the metrics of one application; nothing is opened or read before they are asked for."""
    registry = CollectorRegistry(auto_describe=False)
    Info("cambrian_build", "What runs here", registry=registry).info(
        {"version": version("cambrian"), "python": platform.python_version(), "database": database.dialect}
    )
    Gauge("cambrian_event_streams", "Event streams that are open", registry=registry).set_function(
        lambda: float(feed.streams)
    )
    StoreCollector(database, registry)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return Metrics(registry, RequestMetrics(registry))
