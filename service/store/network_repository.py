"""The trained networks that were worth keeping."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from core.architecture import Architecture
from service.errors import NetworkNotFound
from service.store.entities import Lease, Phase, StoredNetwork, now
from service.store.guard import lock
from service.store.mapping import network_from_row, plain_text
from service.store.models import networks
from service.store.upsert import insert


class NetworkRepository:
    """The networks, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(
        self,
        lease: Lease,
        phase: Phase,
        number: int,
        architecture: Architecture,
        content: bytes,
        *,
        arm: str | None = None,
    ) -> None:
        """Keep the network of a candidate, an .npz file; the first one of a candidate stays. Raises LeaseLost.

        `arm` names what it stands for beside the winner, which it then is not.
        """
        lock(self._session, lease)
        self._session.execute(
            insert(self._session.get_bind().dialect.name, networks)
            .values(
                id=secrets.token_hex(8),
                job_id=lease.job_id,
                phase=phase,
                number=number,
                architecture=architecture.to_json(),
                content=content,
                sha256=hashlib.sha256(content).hexdigest(),
                arm=arm,
                created_at=now(),
            )
            .on_conflict_do_nothing(index_elements=["job_id", "phase", "number"])
        )

    def get_for_job(self, job_id: str) -> StoredNetwork:
        """Return the network of a job: that of its latest phase with the lowest number. Raises NetworkNotFound.

        What is kept of other arms beside it is no result of the job.
        """
        # "search" comes last in the alphabet and first in time; a job keeps one such network in the end.
        row = self._session.execute(
            select(networks)
            .where(networks.c.job_id == plain_text(job_id), networks.c.arm.is_(None))
            .order_by(networks.c.phase == "search", networks.c.phase == "baseline", networks.c.number)
            .limit(1)
        ).first()
        if row is None:
            raise NetworkNotFound(f"Job {job_id[:40]!r} has no network.")
        return network_from_row(row)

    def of_candidate(self, job_id: str, phase: Phase, number: int) -> StoredNetwork:
        """Return the network of a candidate. Raises NetworkNotFound."""
        row = self._session.execute(
            select(networks).where(
                networks.c.job_id == plain_text(job_id), networks.c.phase == phase, networks.c.number == number
            )
        ).first()
        if row is None:
            raise NetworkNotFound(f"Job {job_id[:40]!r} has no network of candidate {number} in phase {phase}.")
        return network_from_row(row)

    def explain(
        self,
        lease: Lease,
        phase: Phase,
        number: int,
        task: str,
        classes: Sequence[str],
        encoder: dict[str, Any] | None = None,
    ) -> None:
        """Note what a candidate's network takes and gives, so that it can be used without its data set.

        `encoder` is the JSON of `service.data.encoder`, None where rows are the inputs. Raises LeaseLost.
        """
        lock(self._session, lease)
        self._session.execute(
            update(networks)
            .where(networks.c.job_id == lease.job_id, networks.c.phase == phase, networks.c.number == number)
            .values(task=task, classes=[plain_text(name) for name in classes], encoder=encoder)
        )

    def beside_winner(self, job_id: str) -> dict[str, int]:
        """Return the numbers of the final candidates whose networks are kept beside the winner's, by their arms."""
        rows = self._session.execute(
            select(networks.c.arm, networks.c.number).where(networks.c.job_id == job_id, networks.c.arm.is_not(None))
        )
        return {row.arm: row.number for row in rows}

    def keep_only(self, lease: Lease, phase: Phase, number: int) -> None:
        """Delete all networks of the job but this one and those of other arms.

        Raises LeaseLost, and ValueError when this one is not there.
        """
        lock(self._session, lease)
        kept = select(networks.c.id).where(
            networks.c.job_id == lease.job_id, networks.c.phase == phase, networks.c.number == number
        )
        if self._session.execute(kept).first() is None:
            raise ValueError(f"job {lease.job_id} has no network of candidate {number} in phase {phase} to keep")
        self._session.execute(
            delete(networks).where(
                networks.c.job_id == lease.job_id,
                networks.c.arm.is_(None),
                or_(networks.c.phase != phase, networks.c.number != number),
            )
        )

    def delete_all(self, lease: Lease) -> None:
        """Delete all networks of the job, which ends without one. Raises LeaseLost."""
        lock(self._session, lease)
        self._session.execute(delete(networks).where(networks.c.job_id == lease.job_id))
