"""Secrets in files, as Docker and systemd hand them over: not seen in the environment, nor in a list of processes."""

import logging
import stat
from pathlib import Path
from typing import Final

LARGEST_BYTES: Final = 10_000

log = logging.getLogger(__name__)


class SecretUnreadable(ValueError):
    """A file that should hold a secret does not; the message names the file and never its content."""


def read_secret(path: Path) -> str:
    """Return the first line of a file. Raises SecretUnreadable.

    A file that every user of this machine may read gives a warning.
    """
    path = path.expanduser()
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            text = file.read(LARGEST_BYTES)
    except UnicodeDecodeError:
        raise SecretUnreadable(f"the file {path} is not text") from None
    except OSError as error:
        raise SecretUnreadable(f"the file {path} cannot be read: {error.strerror}") from error
    lines = text.splitlines()
    if not lines or not lines[0].strip():
        raise SecretUnreadable(f"the file {path} has nothing in its first line")
    if mode & stat.S_IROTH:
        log.warning("every user of this machine can read %s; keep it to its owner: chmod 600 %s", path, path)
    return lines[0].strip()
