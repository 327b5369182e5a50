"""What must be known of a data set before a job on it is queued."""

from dataclasses import dataclass
from typing import Final, Self

from sqlalchemy.orm import Session

from service.data.built_in import BUILT_IN, BuiltIn
from service.dataset_intake import description_of
from service.errors import DatasetNotFound, FieldError
from service.store.entities import Job, UploadedDataset
from service.store.uploaded_dataset_repository import UploadedDatasetRepository

_NAMES_TOLD: Final = 10


@dataclass(frozen=True, slots=True)
class JobData:
    """The shape of a job's data; `rows` are the numbers of train, validation and test rows.

    `uploaded` is None for a built-in data set.
    """

    task: str
    input_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    rows: tuple[int, int, int]
    uploaded: UploadedDataset | None = None

    @property
    def outputs(self) -> int:
        """Numbers that a network answers with: one per class, or the one that is predicted."""
        return 1 if self.task == "regression" else len(self.class_names)

    @classmethod
    def named(cls, session: Session, owner: str, name: str) -> Self:
        """Return the built-in data set, or the owner's, of this name. Raises DatasetNotFound."""
        own = UploadedDatasetRepository(session, owner).find(name)
        if own is not None:
            return cls._of_uploaded(own)
        if name not in BUILT_IN:
            raise _unknown(session, owner)
        return cls._of_built_in(BUILT_IN[name])

    @classmethod
    def of_job(cls, session: Session, job: Job) -> Self:
        """Return the data that a job was submitted for. Raises DatasetNotFound where they were deleted."""
        if job.dataset_id is None:
            return cls._of_built_in(BUILT_IN[job.dataset])
        return cls._of_uploaded(UploadedDatasetRepository(session, job.owner).get_by_id(job.dataset_id))

    def hold(self, session: Session) -> None:
        """Keep the data set from being deleted before this transaction ends. Raises DatasetNotFound if it was."""
        if self.uploaded is None:
            return
        still = UploadedDatasetRepository(session, self.uploaded.owner).locked(self.uploaded.name)
        if still is None or still.id != self.uploaded.id:
            raise _unknown(session, self.uploaded.owner)

    @classmethod
    def _of_built_in(cls, dataset: BuiltIn) -> Self:
        return cls(dataset.task, dataset.input_shape, dataset.class_names, dataset.rows)

    @classmethod
    def _of_uploaded(cls, dataset: UploadedDataset) -> Self:
        known = description_of(dataset)
        rows = (known.split.train, known.split.validation, known.split.test)
        return cls(known.task, known.input_shape, known.class_names, rows, dataset)


def _unknown(session: Session, owner: str) -> DatasetNotFound:
    own = [dataset.name for dataset in UploadedDatasetRepository(session, owner).page(_NAMES_TOLD)]
    known = ", ".join([*sorted(BUILT_IN), *own])
    return DatasetNotFound(
        f"there is no data set of this name; known are {known}",
        errors=[FieldError("/dataset", f"must be the name of a data set; known are {known}")],
    )
