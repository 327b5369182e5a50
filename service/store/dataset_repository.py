"""The data sets that jobs can name."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.errors import DatasetNotFound
from service.store.entities import DatasetRow
from service.store.mapping import dataset_from_row, dataset_values, plain_text
from service.store.models import datasets
from service.store.upsert import insert


class DatasetRepository:
    """The data sets, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, dataset: DatasetRow) -> None:
        """Add a data set, or replace what was told about the one of that name; it stays as old as it was."""
        values = dataset_values(dataset)
        changed = {name: value for name, value in values.items() if name not in {"name", "created_at"}}
        self._session.execute(
            insert(self._session.get_bind().dialect.name, datasets)
            .values(values)
            .on_conflict_do_update(index_elements=["name"], set_=changed)
        )

    def get(self, name: str) -> DatasetRow:
        """Return a data set. Raises DatasetNotFound."""
        row = self._session.execute(select(datasets).where(datasets.c.name == plain_text(name))).first()
        if row is None:
            raise DatasetNotFound(f"There is no data set {name[:80]!r}.")
        return dataset_from_row(row)

    def all(self) -> list[DatasetRow]:
        """Return all data sets, by name."""
        return [dataset_from_row(row) for row in self._session.execute(select(datasets).order_by(datasets.c.name))]
