"""The data sets that users uploaded.

Rows and files are two things, and a process may be killed between them. A row is written before its file gets its
name, and taken away before the file is: what a kill leaves is a file without a row (`service/dataset_intake.py`).
"""

import secrets
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, collate, delete, insert, literal, select, text
from sqlalchemy.orm import Session

from service.errors import DatasetInUse, DatasetNotFound
from service.store.entities import UploadedDataset
from service.store.mapping import plain_text, uploaded_dataset_from_row
from service.store.models import jobs, uploaded_datasets

_UNFINISHED = ("queued", "running", "paused")
_JOBS_NAMED = 5


class UploadedDatasetRepository:
    """The uploaded data sets, within the transaction of `session`: those of `owner`, or everybody's for None."""

    def __init__(self, session: Session, owner: str | None = None) -> None:
        self._session = session
        self._owner = owner

    def create(self, dataset: UploadedDataset) -> None:
        """Add a data set."""
        self._session.execute(
            insert(uploaded_datasets).values(
                id=dataset.id,
                owner=dataset.owner,
                name=dataset.name,
                title=plain_text(dataset.title),
                file_sha256=dataset.file_sha256,
                file_bytes=dataset.file_bytes,
                prepared_key=dataset.prepared_key,
                options=dataset.options,
                description=dataset.description,
                fingerprint=dataset.fingerprint,
                created_at=dataset.created_at,
            )
        )

    def find(self, name: str) -> UploadedDataset | None:
        """Return the data set of this name, if there is one."""
        row = self._session.execute(self._one(uploaded_datasets.c.name == plain_text(name))).first()
        return None if row is None else uploaded_dataset_from_row(row)

    def locked(self, name: str) -> UploadedDataset | None:
        """Return the data set of this name, and keep it from being deleted before this transaction ends."""
        query = self._one(uploaded_datasets.c.name == plain_text(name)).with_for_update()
        row = self._session.execute(query).first()
        return None if row is None else uploaded_dataset_from_row(row)

    def get_by_id(self, dataset_id: str) -> UploadedDataset:
        """Return the data set with this id. Raises DatasetNotFound, also after it was deleted."""
        row = self._session.execute(self._one(uploaded_datasets.c.id == plain_text(dataset_id))).first()
        if row is None:
            raise DatasetNotFound("the data set was deleted")
        return uploaded_dataset_from_row(row)

    def page(self, page_size: int, after: str = "") -> list[UploadedDataset]:
        """Return up to `page_size` data sets by name, those after the name `after`."""
        name = self._by_bytes()
        query = self._one(name > literal(after)).order_by(name).limit(page_size)
        return [uploaded_dataset_from_row(row) for row in self._session.execute(query)]

    def delete(self, name: str) -> UploadedDataset:
        """Delete the data set of this name and return what it was. Raises DatasetNotFound and DatasetInUse."""
        dataset = self.locked(name)
        if dataset is None:
            raise DatasetNotFound("you have no data set of this name")
        busy = self._session.execute(
            select(jobs.c.id)
            .where(jobs.c.dataset_id == dataset.id, jobs.c.status.in_(_UNFINISHED))
            .order_by(jobs.c.created_at)
            .limit(_JOBS_NAMED + 1)
        ).scalars()
        names = list(busy)
        if names:
            more = " and others" if len(names) > _JOBS_NAMED else ""
            raise DatasetInUse(f"the data set is needed by job {', '.join(names[:_JOBS_NAMED])}{more}")
        self._session.execute(delete(uploaded_datasets).where(uploaded_datasets.c.id == dataset.id))
        return dataset

    def lock_files(self) -> None:
        """Let nobody add a data set before this transaction ends.

        Whoever wants to waits, and then brings the files along, even where equal ones were there.
        """
        # On SQLite this begins the transaction, and with it the time of its one writer.
        if self._session.connection().dialect.name == "postgresql":
            self._session.execute(text("LOCK TABLE uploaded_datasets IN SHARE ROW EXCLUSIVE MODE"))

    def unused_files(self, digests: Iterable[str]) -> list[str]:
        """Return those digests of files that no data set of anybody names."""
        return [digest for digest in digests if not self._is_named(uploaded_datasets.c.file_sha256 == digest)]

    def unused_prepared(self, keys: Iterable[str]) -> list[str]:
        """Return those keys of prepared arrays that no data set of anybody names."""
        return [key for key in keys if not self._is_named(uploaded_datasets.c.prepared_key == key)]

    def _one(self, condition: ColumnElement[bool]) -> Select[Any]:
        query = select(uploaded_datasets).where(condition)
        return query if self._owner is None else query.where(uploaded_datasets.c.owner == self._owner)

    def _is_named(self, condition: ColumnElement[bool]) -> bool:
        return self._session.execute(select(uploaded_datasets.c.id).where(condition).limit(1)).first() is not None

    def _by_bytes(self) -> ColumnElement[str]:
        """Return the name, ordered as Python orders it; a database's own order depends on its language."""
        c = uploaded_datasets.c.name
        return collate(c, "C") if self._session.get_bind().dialect.name == "postgresql" else c


def new_dataset_id() -> str:
    """Return an opaque id that no data set has had."""
    return secrets.token_hex(8)
