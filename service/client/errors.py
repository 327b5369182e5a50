"""What a client may hear instead of an answer."""

from collections.abc import Mapping
from typing import Any

import httpx


class ServiceUnavailable(Exception):
    """The service cannot be reached; start it with `cambrian serve`."""


class ProblemError(Exception):
    """The service refused a request; the fields are those of its problem (RFC 9457)."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", ""))
        self.title = str(body.get("title", "")) or f"Status {status}"
        self.detail = str(body.get("detail", ""))
        self.errors: list[dict[str, str]] = [
            {"pointer": str(error.get("pointer", "")), "detail": str(error.get("detail", ""))}
            for error in body.get("errors", [])
        ]
        self.request_id = str(body.get("request_id", ""))
        super().__init__(f"{self.title}: {self.detail}" if self.detail else self.title)


def require_success(answer: httpx.Response) -> None:
    """Raise ProblemError for an answer other than success."""
    if answer.is_success:
        return
    try:
        body = answer.json()
    except ValueError:
        body = {}
    raise ProblemError(answer.status_code, body if isinstance(body, dict) else {})
