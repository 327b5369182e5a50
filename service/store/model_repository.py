"""The networks that jobs ended with, as their users see them: models, with what is proven of their downloads.

A model is a network whose job has succeeded; its id is the network's. What it computes is in the file, and what its
outputs mean is in the row, so a model can be used when its data set is gone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, and_, func, literal, select, tuple_
from sqlalchemy.orm import Session

from core.architecture import Architecture
from service.errors import ModelNotFound
from service.store.entities import DownloadFormat, JobCursor
from service.store.mapping import plain_text
from service.store.models import UtcDateTime, candidates, jobs, networks
from service.store.proof_repository import Proof, ProofRepository


@dataclass(frozen=True, slots=True)
class Model:
    """A network that a job ended with, without its file; `bytes` and `sha256` are those of the `.npz` file.

    `task` and `classes` are None in what releases before proofs stored. `validation_score` is what this very network
    reached on the validation rows; `verdict` is the job's.
    """

    id: str
    job_id: str
    job_name: str
    dataset: str
    dataset_fingerprint: str | None
    architecture: Architecture
    task: str | None
    classes: tuple[str, ...] | None
    sha256: str
    bytes: int
    validation_score: float | None
    verdict: dict[str, Any] | None
    created_at: datetime
    proofs: tuple[Proof, ...]

    @property
    def cursor(self) -> JobCursor:
        """The place of this model in a list, newest first; written as those of jobs are."""
        return JobCursor(self.created_at, self.id)

    def proof(self, format: DownloadFormat) -> Proof | None:  # noqa: A002 - the word of the API
        """Return what was found for one format; None where it was never tried."""
        return next((proof for proof in self.proofs if proof.format == format), None)


@dataclass(frozen=True, slots=True)
class ModelPage:
    """Models, newest first; `next` is the place to go on from, None on the last page."""

    models: tuple[Model, ...]
    next: JobCursor | None


class ModelRepository:
    """The models, within the transaction of `session`: those of `owner`, or everybody's for None."""

    def __init__(self, session: Session, owner: str | None = None) -> None:
        self._session = session
        self._owner = owner

    def page(self, page_size: int, before: JobCursor | None = None) -> ModelPage:
        """Return up to `page_size` models, newest first; those after the one whose cursor is `before`."""
        query = self._models().order_by(networks.c.created_at.desc(), networks.c.id.desc()).limit(page_size + 1)
        if before is not None:
            place = tuple_(literal(before.created_at, UtcDateTime()), literal(before.id))
            query = query.where(and_(tuple_(networks.c.created_at, networks.c.id) < place))
        rows = list(self._session.execute(query))
        shown = rows[:page_size]
        proofs = ProofRepository(self._session).load([row.id for row in shown])
        models = tuple(_model(row, proofs.get(row.id, ())) for row in shown)
        return ModelPage(models, models[-1].cursor if len(rows) > page_size else None)

    def get(self, model_id: str) -> Model:
        """Return a model. Raises ModelNotFound."""
        return self._found(self._models().where(networks.c.id == plain_text(model_id)), model_id)

    def of_job(self, job_id: str) -> Model | None:
        """Return the model that a job ended with; None where it has none."""
        row = self._session.execute(self._models().where(networks.c.job_id == plain_text(job_id))).first()
        return None if row is None else self._with_proofs(row)

    def content(self, model: Model, format: DownloadFormat) -> bytes | None:  # noqa: A002 - the word of the API
        """Return a download; None for one that is not there."""
        if format != "npz":
            return ProofRepository(self._session).content(model.id, format)
        content: bytes | None = self._session.execute(
            select(networks.c.content).where(networks.c.id == model.id)
        ).scalar_one_or_none()
        return content

    def encoder(self, model: Model) -> dict[str, Any] | None:
        """Return the JSON of what makes inputs of rows of columns; None for a model whose rows are the inputs."""
        encoder: dict[str, Any] | None = self._session.execute(
            select(networks.c.encoder).where(networks.c.id == model.id)
        ).scalar_one_or_none()
        return encoder

    def _models(self) -> Select[Any]:
        query = (
            select(*_COLUMNS)
            .join(jobs, jobs.c.id == networks.c.job_id)
            .outerjoin(
                candidates,
                (candidates.c.job_id == networks.c.job_id)
                & (candidates.c.phase == networks.c.phase)
                & (candidates.c.number == networks.c.number),
            )
            # Before its end a job keeps the networks of several trainings, none of which is its result; nor is what it
            # keeps of other arms.
            .where(jobs.c.status == "succeeded", networks.c.arm.is_(None))
        )
        return query if self._owner is None else query.where(jobs.c.owner == self._owner)

    def _found(self, query: Select[Any], model_id: str) -> Model:
        row = self._session.execute(query).first()
        if row is None:
            raise ModelNotFound(f"There is no model {model_id[:40]!r}.")
        return self._with_proofs(row)

    def _with_proofs(self, row: Row[Any]) -> Model:
        return _model(row, ProofRepository(self._session).load([row.id]).get(row.id, ()))


_COLUMNS: Final = (
    networks.c.id,
    networks.c.job_id,
    networks.c.architecture,
    networks.c.task,
    networks.c.classes,
    networks.c.sha256,
    networks.c.created_at,
    func.length(networks.c.content).label("bytes"),
    jobs.c.name.label("job_name"),
    jobs.c.dataset,
    jobs.c.dataset_fingerprint,
    jobs.c.verdict,
    candidates.c.fitness.label("validation_score"),
)


def _model(row: Row[Any], proofs: tuple[Proof, ...]) -> Model:
    return Model(
        id=row.id,
        job_id=row.job_id,
        job_name=row.job_name,
        dataset=row.dataset,
        dataset_fingerprint=row.dataset_fingerprint,
        architecture=Architecture.from_json(row.architecture),
        task=row.task,
        classes=None if row.classes is None else tuple(row.classes),
        sha256=row.sha256,
        bytes=row.bytes,
        validation_score=row.validation_score,
        verdict=row.verdict,
        created_at=row.created_at,
        proofs=proofs,
    )
