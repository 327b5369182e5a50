"""Reads a user's file in a process of its own, so that a hostile file can cost no more than that process."""

from pathlib import Path

from service.data.description import Description, ReadOptions
from service.data.limits import ChildLimits


def read_in_child(
    path: Path, options: ReadOptions, output: Path, *, limits: ChildLimits = ChildLimits()
) -> Description:
    """Read the file at `path`, write the prepared arrays to `output` (`.npz`, atomically) and describe them.

    Raises InvalidFile, also when the process was ended because it reached one of its limits.
    """
    raise NotImplementedError
