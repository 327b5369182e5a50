"""What the audit log says about one change."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A request that changed something or wanted to; `owner` is None where nobody was known.

    `action` is the operation id; `object_kind` and `object_id` name what it was about, as far as the request said.
    """

    action: str
    object_kind: str
    object_id: str | None
    status: int
    request_id: str
    client: str
    owner: str | None
    token_id: str | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A change as it was noted."""

    id: int
    created_at: datetime
    change: Change
