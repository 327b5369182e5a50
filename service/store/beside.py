"""The networks that a job keeps beside its winner's, for whoever asks them the same."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.architecture import Architecture
from evolution.arms import NO_HIDDEN_LAYER
from service.store.mapping import plain_text
from service.store.models import candidates, networks


@dataclass(frozen=True, slots=True)
class BesideNetwork:
    """A network of another arm of the verdict, without its file, whose digest is `sha256`.

    `validation_score` is what this very network reached on the validation rows.
    """

    id: str
    arm: str
    architecture: Architecture
    sha256: str
    validation_score: float | None

    @property
    def is_linear(self) -> bool:
        """Whether it is the arm without hidden layers; the runner-up otherwise."""
        return self.arm in NO_HIDDEN_LAYER


def beside_networks(session: Session, job_id: str) -> tuple[BesideNetwork, ...]:
    """Return what a job keeps beside its winner, the runner-up first; nothing for jobs of earlier releases.

    Whether the job belongs to who asks is for the caller to see.
    """
    rows = session.execute(
        select(networks.c.id, networks.c.arm, networks.c.architecture, networks.c.sha256, candidates.c.fitness)
        .join(
            candidates,
            (candidates.c.job_id == networks.c.job_id)
            & (candidates.c.phase == networks.c.phase)
            & (candidates.c.number == networks.c.number),
        )
        .where(networks.c.job_id == plain_text(job_id), networks.c.arm.is_not(None))
    )
    found = (
        BesideNetwork(row.id, row.arm, Architecture.from_json(row.architecture), row.sha256, row.fitness)
        for row in rows
    )
    return tuple(sorted(found, key=lambda one: one.is_linear))


def beside_content(session: Session, network_id: str) -> bytes | None:
    """Return the file of such a network; None where it is gone."""
    content: bytes | None = session.execute(
        select(networks.c.content).where(networks.c.id == network_id)
    ).scalar_one_or_none()
    return content
