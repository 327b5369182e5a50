"""How an uploaded file becomes a data set, and how a data set goes.

Files and rows are changed in one order that a kill cannot spoil. A data set comes: its files are put in their places
within the transaction that adds the row, and the last thing is the commit. A data set goes: the row first, and then,
in a transaction during which nobody can add one, the files that no row names any more. What a kill of an upload leaves
is a file without a row, with a note of it, and `tidy` removes it at the next start.
"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy.exc import IntegrityError

from service.data.built_in import BUILT_IN
from service.data.child import read_in_child
from service.data.description import Description, ReadOptions
from service.data.file_store import FileStore, IncomingFile, prepared_key, room_needed
from service.errors import DatasetExists, StorageFull
from service.settings import Settings
from service.store.database import Database
from service.store.entities import UploadedDataset
from service.store.uploaded_dataset_repository import UploadedDatasetRepository, new_dataset_id

_OTHER: Final = "you have another data set of this name; give this one another name, or delete the old one first"

log = logging.getLogger(__name__)


class DatasetIntake:
    """Takes uploaded files in and lets data sets go; its methods block."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._store = dataset_files(settings)
        self.max_bytes = settings.max_upload_bytes

    def tidy(self) -> None:
        """Remove what uploads of dead processes left behind."""
        for directory in self._store.abandoned():
            noted = self._store.noted(directory)
            if noted is not None:
                self._remove_unused(*noted)
            self._store.discard(directory)
            log.info("removed what was left of an unfinished upload")

    def receive(self) -> IncomingFile:
        """Return a file to write an upload to; a context manager that leaves nothing behind. Raises StorageFull."""
        return self._store.receive()

    def require_free(self, name: str) -> None:
        """Raise DatasetExists for the name of a built-in data set."""
        if name in BUILT_IN:
            raise DatasetExists("this is the name of a built-in data set; give yours another name")

    def accept(
        self, owner: str, name: str, title: str, options: ReadOptions, incoming: IncomingFile
    ) -> tuple[UploadedDataset, bool]:
        """Read a whole file and keep it as the owner's data set `name`; the answer also says whether it is a new one.

        The same file with the same options is the data set that is there. Raises DatasetExists, InvalidFile and
        StorageFull.
        """
        self.require_free(name)
        existing = self._find(owner, name)
        if existing is not None:
            options = _require_same(existing, options, incoming.sha256)
            if self._is_whole(existing):
                return existing, False
        with room_needed():
            description = read_in_child(incoming.path, options, incoming.prepared_path)
        options = replace(options, kind=description.kind)
        dataset = UploadedDataset(
            id=new_dataset_id(),
            owner=owner,
            name=name,
            title=title,
            file_sha256=incoming.sha256,
            file_bytes=incoming.size,
            prepared_key=prepared_key(incoming.sha256, options),
            options=options.to_json(),
            description=description.to_json(),
            fingerprint=description.fingerprint,
        )
        try:
            return self._add(dataset, incoming)
        except IntegrityError:
            # Another upload of the name was faster; now it is there to be compared with.
            return self._add(dataset, incoming)
        except StorageFull:
            self._remove_unused(dataset.file_sha256, dataset.prepared_key)
            incoming.settle()
            raise

    def delete(self, owner: str, name: str) -> None:
        """Delete the owner's data set `name`, with its files. Raises DatasetNotFound and DatasetInUse."""
        with self._database.write() as session:
            deleted = UploadedDatasetRepository(session, owner).delete(name)
        self._remove_unused(deleted.file_sha256, deleted.prepared_key)

    def _find(self, owner: str, name: str) -> UploadedDataset | None:
        with self._database.read() as session:
            return UploadedDatasetRepository(session, owner).find(name)

    def _add(self, dataset: UploadedDataset, incoming: IncomingFile) -> tuple[UploadedDataset, bool]:
        with self._database.write() as session:
            datasets = UploadedDatasetRepository(session, dataset.owner)
            existing = datasets.locked(dataset.name)
            if existing is None:
                # The row comes first: its lock keeps others from taking the files for unused.
                datasets.create(dataset)
            elif existing.prepared_key != dataset.prepared_key:
                raise DatasetExists(_OTHER)
            self._store.keep(incoming, dataset.prepared_key)
        incoming.settle()
        return (dataset, True) if existing is None else (existing, False)

    def _is_whole(self, dataset: UploadedDataset) -> bool:
        paths = (self._store.file_path(dataset.file_sha256), self._store.prepared_path(dataset.prepared_key))
        return all(path.is_file() for path in paths)

    def _remove_unused(self, digest: str, key: str) -> None:
        with self._database.write() as session:
            datasets = UploadedDatasetRepository(session)
            datasets.lock_files()
            self._store.remove(files=datasets.unused_files([digest]), prepared=datasets.unused_prepared([key]))


def dataset_files(settings: Settings) -> FileStore:
    """Return the files of all uploaded data sets."""
    return FileStore(Path(settings.data_dir) / "datasets")


def description_of(dataset: UploadedDataset) -> Description:
    """Return what was found in a data set's file."""
    return Description.from_json(dataset.description)


def _require_same(existing: UploadedDataset, options: ReadOptions, sha256: str) -> ReadOptions:
    """Return the options with the kind of file that was found; raise DatasetExists unless they make `existing`."""
    known = ReadOptions.from_json(existing.options)
    told = options if options.kind is not None else replace(options, kind=known.kind)
    if existing.file_sha256 != sha256 or told != known:
        raise DatasetExists(_OTHER)
    return told
