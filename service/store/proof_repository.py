"""What was found when a network's downloads were tried in fresh processes, and the files that passed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from service.store.entities import DownloadFormat, Lease, now
from service.store.event_repository import EventRepository
from service.store.guard import lock
from service.store.mapping import plain_text
from service.store.models import proofs
from service.store.upsert import insert


@dataclass(frozen=True, slots=True)
class Proof:
    """How a file behaved on the test rows: `error` says why it is not handed out, None when it is.

    `largest_difference` is the largest one from what the network itself answers: of probabilities, or of a regression's
    values. `versions` are those of the packages that computed it in the fresh process; `seconds` are those of the wall.
    """

    format: DownloadFormat
    sha256: str | None
    bytes: int | None
    compared_rows: int | None
    largest_difference: float | None
    versions: dict[str, str]
    seconds: float
    error: str | None
    created_at: datetime


_COLUMNS = [column for column in proofs.c if column.name != "content"]


class ProofRepository:
    """The proofs, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, lease: Lease, network_id: str, proof: Proof, content: bytes | None = None) -> None:
        """Store a proof with its event, and the file where it is kept nowhere else; the first one of a format stays.

        Raises LeaseLost.
        """
        lock(self._session, lease)
        error = None if proof.error is None else plain_text(proof.error)
        added = self._session.execute(
            insert(self._session.get_bind().dialect.name, proofs)
            .values(
                network_id=network_id,
                format=proof.format,
                sha256=proof.sha256,
                bytes=proof.bytes,
                compared_rows=proof.compared_rows,
                largest_difference=proof.largest_difference,
                versions=proof.versions,
                seconds=proof.seconds,
                error=error,
                content=content if proof.error is None else None,
                created_at=proof.created_at,
            )
            .on_conflict_do_nothing(index_elements=["network_id", "format"])
            .returning(proofs.c.format)
        ).first()
        if added is not None:
            told = {
                "format": proof.format,
                "sha256": proof.sha256,
                "compared_rows": proof.compared_rows,
                "largest_difference": proof.largest_difference,
                "seconds": proof.seconds,
                "error": error,
            }
            EventRepository(self._session).append(lease.job_id, "proof", told)

    def load(self, network_ids: list[str]) -> dict[str, tuple[Proof, ...]]:
        """Return the proofs of networks by the networks' ids, without the files."""
        rows = self._session.execute(
            select(*_COLUMNS).where(proofs.c.network_id.in_(network_ids)).order_by(proofs.c.network_id, proofs.c.format)
        )
        found: dict[str, tuple[Proof, ...]] = {}
        for row in rows:
            found[row.network_id] = (*found.get(row.network_id, ()), _proof(row))
        return found

    def content(self, network_id: str, format: DownloadFormat) -> bytes | None:  # noqa: A002 - the word of the API
        """Return a file that was proven; None where there is none, and for `npz`, which the network itself holds."""
        content: bytes | None = self._session.execute(
            select(proofs.c.content).where(proofs.c.network_id == network_id, proofs.c.format == format)
        ).scalar_one_or_none()
        return content


def failed(format: DownloadFormat, error: str, seconds: float = 0.0) -> Proof:  # noqa: A002 - the word of the API
    """Return the proof of a file that could not even be compared."""
    return Proof(format, None, None, None, None, {}, seconds, error, now())


def _proof(row: Row[Any]) -> Proof:
    return Proof(
        format=row.format,
        sha256=row.sha256,
        bytes=row.bytes,
        compared_rows=row.compared_rows,
        largest_difference=row.largest_difference,
        versions=row.versions,
        seconds=row.seconds,
        error=row.error,
        created_at=row.created_at,
    )
