from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from service.store.database import Database
from tests.service.api.serving import InProcess, Running, calling, serving


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests that only ask, or whose jobs disturb nobody."""
    with serving(tmp_path_factory.mktemp("shared")) as running:
        yield running


@pytest.fixture
def client(shared: Running) -> httpx.Client:
    return shared.client


@pytest.fixture(scope="package")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as opened:
        yield opened


@pytest.fixture
def running(database: Database, tmp_path: Path, portal: BlockingPortal) -> Iterator[InProcess]:
    """The application on an empty database, once on SQLite and once on PostgreSQL."""
    with calling(tmp_path, database, portal) as called:
        yield called


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Iterator[Running]:
    """A server on an empty database, once on SQLite and once on PostgreSQL."""
    with serving(tmp_path, database) as started:
        yield started
