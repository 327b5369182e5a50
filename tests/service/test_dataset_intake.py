"""Files and rows stay in step, whatever comes between them."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from service import dataset_intake
from service.data.child import read_in_child
from service.data.description import ReadOptions
from service.data.errors import InvalidFile
from service.data.file_store import FileStore, IncomingFile
from service.dataset_intake import DatasetIntake
from service.errors import DatabaseUnavailable, DatasetExists, StorageFull
from service.settings import Settings
from service.store.database import Database
from service.store.entities import UploadedDataset
from service.store.uploaded_dataset_repository import UploadedDatasetRepository
from tests.service.data.tables import flowers

FLOWERS = flowers()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def intake(database: Database, settings: Settings) -> DatasetIntake:
    return DatasetIntake(database, settings)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, ReadOptions, Path], object]:
    """Reads the flowers as the child does, but once for all tests."""
    directory = tmp_path_factory.mktemp("read")
    (directory / "flowers").write_bytes(FLOWERS)
    description = read_in_child(directory / "flowers", ReadOptions(), directory / "arrays")

    def read_again(path: Path, options: ReadOptions, output: Path) -> object:
        output.write_bytes((directory / "arrays").read_bytes())
        return description

    return read_again


def upload(
    intake: DatasetIntake, name: str = "flowers", owner: str = "ann", content: bytes = FLOWERS
) -> tuple[UploadedDataset, bool]:
    with intake.receive() as incoming:
        incoming.write(content)
        return intake.accept(owner, name, "Flowers.csv", ReadOptions(), incoming)


def files(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.data_dir.glob("datasets/**/*") if path.is_file())


def names(database: Database) -> list[str]:
    with database.read() as session:
        return [dataset.name for dataset in UploadedDatasetRepository(session).page(100)]


def test_what_a_kill_left_is_removed_at_the_next_start(
    intake: DatasetIntake, settings: Settings, monkeypatch: pytest.MonkeyPatch, read: object
) -> None:
    monkeypatch.setattr(dataset_intake, "read_in_child", read)
    upload(intake)
    kept = files(settings)
    store = dataset_intake.dataset_files(settings)
    for content in (b"never committed", FLOWERS):
        with store.receive() as incoming:
            incoming.write(content)
            incoming.prepared_path.write_bytes(b"arrays")
            store.keep(incoming, "ab" * 32)
    assert len(files(settings)) == 6

    intake.tidy()

    assert files(settings) == kept


def test_files_that_another_database_knows_are_left_alone(
    intake: DatasetIntake, settings: Settings, monkeypatch: pytest.MonkeyPatch, read: object
) -> None:
    monkeypatch.setattr(dataset_intake, "read_in_child", read)
    upload(intake)
    kept = files(settings)
    other = Database(f"sqlite:///{settings.data_dir / 'other.db'}")
    other.upgrade()

    DatasetIntake(other, settings).tidy()

    other.close()
    assert files(settings) == kept


def test_a_database_that_fails_at_the_commit_leaves_a_note(
    intake: DatasetIntake, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, read: object
) -> None:
    monkeypatch.setattr(dataset_intake, "read_in_child", read)
    whole = FileStore.keep

    def keep_and_fail(store: FileStore, incoming: IncomingFile, key: str) -> None:
        whole(store, incoming, key)
        raise DatabaseUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "keep", keep_and_fail)
        with pytest.raises(DatabaseUnavailable):
            upload(intake)

    assert names(database) == []
    assert len(files(settings)) == 3

    intake.tidy()

    assert files(settings) == []


def test_a_refused_file_leaves_nothing(intake: DatasetIntake, database: Database, settings: Settings) -> None:
    with pytest.raises(InvalidFile):
        upload(intake, content=b"a,b\n")

    assert files(settings) == []
    assert names(database) == []


def test_a_full_disk_at_the_last_step_leaves_nothing(
    intake: DatasetIntake, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, read: object
) -> None:
    monkeypatch.setattr(dataset_intake, "read_in_child", read)
    whole = FileStore.keep

    def keep_half(store: FileStore, incoming: IncomingFile, key: str) -> None:
        whole(store, incoming, key)
        raise StorageFull("no room")

    monkeypatch.setattr(FileStore, "keep", keep_half)

    with pytest.raises(StorageFull):
        upload(intake)

    assert files(settings) == []
    assert names(database) == []


def test_two_at_once_under_one_name_are_one(
    intake: DatasetIntake, settings: Settings, monkeypatch: pytest.MonkeyPatch, read: Callable[..., object]
) -> None:
    meeting = threading.Barrier(2)

    def read_together(*arguments: object) -> object:
        # Both have found the name free by now.
        meeting.wait(10)
        return read(*arguments)

    monkeypatch.setattr(dataset_intake, "read_in_child", read_together)
    outcomes: list[tuple[UploadedDataset, bool]] = []
    threads = [threading.Thread(target=lambda: outcomes.append(upload(intake))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(new for _, new in outcomes) == [False, True]
    assert outcomes[0][0] == outcomes[1][0]
    assert len(files(settings)) == 2


def test_deleting_and_uploading_the_same_file_at_once_never_loses_it(
    intake: DatasetIntake,
    database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    read: object,
) -> None:
    monkeypatch.setattr(dataset_intake, "read_in_child", read)

    def come_and_go(owner: str) -> None:
        for _ in range(10):
            dataset, _ = upload(intake, owner=owner)
            store = dataset_intake.dataset_files(settings)
            lost.extend(
                path
                for path in (store.file_path(dataset.file_sha256), store.prepared_path(dataset.prepared_key))
                if not path.is_file()
            )
            intake.delete(owner, "flowers")

    lost: list[Path] = []
    threads = [threading.Thread(target=come_and_go, args=(owner,)) for owner in ("ann", "bob", "cy")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert lost == []
    assert names(database) == []
    assert files(settings) == []


def test_built_in_names_are_taken(intake: DatasetIntake) -> None:
    with pytest.raises(DatasetExists):
        upload(intake, "iris")
