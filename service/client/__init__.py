"""The Python client: `from service.client import Client`."""

from service.client.client import DEFAULT_URL, Client, finished
from service.client.errors import ProblemError, ServiceUnavailable
from service.client.events import JobEvent

__all__ = ["DEFAULT_URL", "Client", "JobEvent", "ProblemError", "ServiceUnavailable", "finished"]
