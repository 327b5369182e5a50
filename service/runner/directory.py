"""The directory in which candidates are trained: an empty one of ours."""

import os
from pathlib import Path

from service.settings import Settings


def enter_own_directory(settings: Settings) -> None:
    """Make the process's current directory one that holds nothing.

    Ray hands the current directory to its workers as an import path. An empty one of ours cannot hold a folder named
    core/ that shadows Cambrian's.
    """
    directory = Path(settings.data_dir).resolve() / "runner"
    directory.mkdir(parents=True, exist_ok=True)
    os.chdir(directory)
