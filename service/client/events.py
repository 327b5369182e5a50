"""The events of a job, as they come over the line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One event of a job; `sequence` is None for `end`, which closes the stream."""

    sequence: int | None
    type: str
    data: dict[str, Any]


def parsed(lines: Iterator[str]) -> Iterator[JobEvent]:
    """Read server-sent events; one that the connection broke off in the middle is dropped, as the standard says."""
    fields: dict[str, str] = {}
    for line in lines:
        if line == "":
            if "data" in fields:
                number = fields.get("id")
                yield JobEvent(
                    None if number is None else int(number), fields.get("event", "message"), json.loads(fields["data"])
                )
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and "data" in fields else value
