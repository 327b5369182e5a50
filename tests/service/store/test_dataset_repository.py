from dataclasses import replace
from datetime import timedelta

import pytest

from service.errors import DatasetNotFound
from service.store.database import Database
from service.store.dataset_repository import DatasetRepository
from service.store.entities import DatasetRow

DIGITS = DatasetRow(
    name="digits-8x8",
    title="Handwritten digits",
    task="classification",
    input_shape=(8, 8),
    classes=("0", "eins", "zwölf"),
    train_rows=2**40,
    validation_rows=200,
    test_rows=0,
    fingerprint="f" * 64,
    source="scikit-learn",
)


def test_a_data_set_comes_back_equal(database: Database) -> None:
    with database.write() as session:
        DatasetRepository(session).save(DIGITS)
    with database.read() as session:
        assert DatasetRepository(session).get("digits-8x8") == DIGITS


def test_saving_again_replaces_all_but_the_age(database: Database) -> None:
    later = replace(DIGITS, title="New", train_rows=5, created_at=DIGITS.created_at + timedelta(days=1))
    with database.write() as session:
        DatasetRepository(session).save(DIGITS)
        DatasetRepository(session).save(later)
    with database.read() as session:
        assert DatasetRepository(session).all() == [replace(later, created_at=DIGITS.created_at)]


def test_all_are_listed_by_name(database: Database) -> None:
    with database.write() as session:
        for name in ("c", "a", "b"):
            DatasetRepository(session).save(replace(DIGITS, name=name))
    with database.read() as session:
        assert [dataset.name for dataset in DatasetRepository(session).all()] == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["", "digits", "a\0b", "\ud800", "x" * 5000])
def test_an_unknown_data_set_is_not_found(database: Database, name: str) -> None:
    with pytest.raises(DatasetNotFound) as refused, database.read() as session:
        DatasetRepository(session).get(name)

    assert len(refused.value.detail) < 120
