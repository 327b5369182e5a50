from pathlib import Path

import pytest

from service.data.prepared import load_dataset


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which the built-in data sets are prepared."""
    directory = tmp_path_factory.mktemp("data")
    for name in ("digits-16x16", "digits-8x8"):
        load_dataset(name, directory / "datasets")
    return directory
