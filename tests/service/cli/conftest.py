from pathlib import Path

import pytest

from service.data.prepared import load_dataset


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with the small digits prepared, so that a service is quick with them."""
    directory = tmp_path / "data"
    load_dataset("digits-8x8", directory / "datasets")
    return directory
