"""What examinations found, kept on the disk: bounded, and gone with the job that it belongs to.

Each has three files in the folder of its job, under its key: `.json` for pages, `.npz` the network, `.csv` the answer
to every validation row. The JSON is written last, and its time is that of the last look.
"""

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from service.examination.limits import CACHE_BYTES

if TYPE_CHECKING:
    from service.examination.examine import Examined

Kind = Literal["json", "npz", "csv"]
_KINDS: Final[tuple[Kind, ...]] = ("json", "csv", "npz")


class ExaminationFiles:
    """The folder of all examinations, below the data directory; made when the first one comes."""

    def __init__(self, data_dir: Path, most_bytes: int = CACHE_BYTES) -> None:
        self._folder = data_dir / "examinations"
        self._most_bytes = most_bytes

    def folder(self, job_id: str) -> Path:
        """Return the folder of a job, which may not be there."""
        return self._folder / job_id

    def make(self, job_id: str) -> None:
        """Make the folder of a job. Raises OSError."""
        self.folder(job_id).mkdir(mode=0o700, parents=True, exist_ok=True)

    def read(self, job_id: str, key: str, kind: Kind) -> bytes | None:
        """Return a file of an examination, and note that it was looked at; None where it is not there."""
        folder = self.folder(job_id)
        try:
            content = (folder / f"{key}.{kind}").read_bytes()
            os.utime(folder / f"{key}.json")
        except OSError:
            return None
        return content

    def forget(self, job_id: str) -> None:
        """Remove all examinations of a job."""
        shutil.rmtree(self.folder(job_id), ignore_errors=True)

    def jobs(self) -> list[str]:
        """Return the ids of the jobs that have a folder."""
        with suppress(FileNotFoundError):
            return sorted(path.name for path in self._folder.iterdir())
        return []

    def trim(self) -> None:
        """Remove what was looked at the longest ago until the rest fits."""
        found = []
        for path in self._folder.glob("*/*.json"):
            # Another process may remove it meanwhile.
            with suppress(FileNotFoundError):
                size = sum(each.stat().st_size for each in _siblings(path) if each.exists())
                found.append((path.stat().st_mtime, size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._most_bytes:
                break
            remove_examined(path.parent, path.stem)
            total -= size


def write_examined(folder: Path, key: str, examined: "Examined") -> None:
    """Write the files of an examination into the folder of its job, which must exist. Raises OSError."""
    contents: dict[Kind, bytes] = {
        "npz": examined.network,
        "csv": examined.predictions.encode("utf-8"),
        "json": examined.examination.model_dump_json().encode("utf-8"),
    }
    for kind, content in contents.items():
        temporary = folder / f".{key}.{secrets.token_hex(4)}.tmp"
        try:
            temporary.write_bytes(content)
            os.replace(temporary, folder / f"{key}.{kind}")
        finally:
            temporary.unlink(missing_ok=True)


def remove_examined(folder: Path, key: str) -> None:
    """Remove the files of an examination, the JSON first."""
    for kind in _KINDS:
        (folder / f"{key}.{kind}").unlink(missing_ok=True)


def _siblings(path: Path) -> list[Path]:
    return [path.with_suffix(f".{kind}") for kind in _KINDS]
