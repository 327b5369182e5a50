import threading
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from service.errors import DatasetInUse, DatasetNotFound
from service.store.database import Database
from service.store.entities import UploadedDataset
from service.store.job_repository import JobRepository
from service.store.uploaded_dataset_repository import UploadedDatasetRepository, new_dataset_id
from tests.service.store import samples

FLOWERS = UploadedDataset(
    id="1f" * 8,
    owner="ann",
    name="flowers",
    title="Flowers \N{TULIP}.csv",
    file_sha256="ab" * 32,
    file_bytes=2**33,
    prepared_key="cd" * 32,
    options={"format": 1, "target": None},
    description={"format": 1, "rows": 7, "preview": [[0.1, None, "x"]]},
    fingerprint="ef" * 32,
)


def create(database: Database, **changes: Any) -> UploadedDataset:
    dataset = replace(FLOWERS, **{"id": new_dataset_id(), **changes})
    with database.write() as session:
        UploadedDatasetRepository(session, dataset.owner).create(dataset)
    return dataset


def test_what_goes_in_comes_out(database: Database) -> None:
    dataset = create(database)

    with database.read() as session:
        assert UploadedDatasetRepository(session, "ann").find("flowers") == dataset
        assert UploadedDatasetRepository(session, "ann").get_by_id(dataset.id) == dataset


def test_everybody_sees_their_own_alone(database: Database) -> None:
    dataset = create(database)
    other = create(database, owner="bob")

    with database.write() as session:
        of_bob = UploadedDatasetRepository(session, "bob")
        assert of_bob.find("flowers") == other
        assert of_bob.page(10) == [other]
        with pytest.raises(DatasetNotFound):
            of_bob.get_by_id(dataset.id)
        with pytest.raises(DatasetNotFound):
            UploadedDatasetRepository(session, "cy").delete("flowers")


def test_a_name_is_unique_for_its_owner(database: Database) -> None:
    create(database)

    with pytest.raises(IntegrityError):
        create(database)


def test_pages_are_in_the_order_of_python(database: Database) -> None:
    names = ["a", "a-b", "a.b", "a_b", "ab", "b0", "0a"]
    for name in names:
        create(database, name=name)

    with database.read() as session:
        datasets = UploadedDatasetRepository(session, "ann")
        found = [dataset.name for dataset in datasets.page(3)]
        found += [dataset.name for dataset in datasets.page(100, found[-1])]

    assert found == sorted(names)


@pytest.mark.parametrize("name", ["", "\0", "FLOWERS", "flowers\n", "\ud800", "f%"])
def test_names_that_nothing_has(database: Database, name: str) -> None:
    create(database)

    with database.read() as session:
        assert UploadedDatasetRepository(session, "ann").find(name) is None


@pytest.mark.parametrize("status", ["queued", "running", "paused"])
def test_what_jobs_need_cannot_be_deleted(database: Database, status: str) -> None:
    dataset = create(database)
    with database.write() as session:
        job = JobRepository(session, "ann").create("job", "flowers", samples.SPEC, 1, uploaded=dataset)
    samples.set_status(database, job.id, status)

    with pytest.raises(DatasetInUse, match=job.id), database.write() as session:
        UploadedDatasetRepository(session, "ann").delete("flowers")


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_what_finished_jobs_needed_can(database: Database, status: str) -> None:
    dataset = create(database)
    with database.write() as session:
        job = JobRepository(session, "ann").create("job", "flowers", samples.SPEC, 1, uploaded=dataset)
    samples.set_status(database, job.id, status)

    with database.write() as session:
        assert UploadedDatasetRepository(session, "ann").delete("flowers") == dataset

    assert samples.get(database, job.id).dataset_id == dataset.id


def test_files_that_no_data_set_names(database: Database) -> None:
    create(database)
    create(database, owner="bob", name="other", file_sha256="01" * 32, prepared_key="02" * 32)

    with database.write() as session:
        datasets = UploadedDatasetRepository(session)
        datasets.lock_files()
        assert datasets.unused_files(["ab" * 32, "99" * 32, "01" * 32]) == ["99" * 32]
        assert datasets.unused_prepared(["cd" * 32, "02" * 32, "88" * 32]) == ["88" * 32]


def test_nobody_adds_a_data_set_while_the_files_are_locked(database: Database) -> None:
    order = []

    def add() -> None:
        create(database)
        order.append("added")

    with database.write() as session:
        UploadedDatasetRepository(session).lock_files()
        thread = threading.Thread(target=add)
        thread.start()
        thread.join(0.3)
        order.append("unlocked")
    thread.join()

    assert order == ["unlocked", "added"]
