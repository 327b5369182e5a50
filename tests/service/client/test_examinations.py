from pathlib import Path

import pytest

from core.export import from_bytes
from service.client import Client, ProblemError
from service.store.database import Database
from tests.service.api.serving import serving
from tests.service.examination.searches import lay_out, searched

pytestmark = pytest.mark.slow


def test_an_examination_is_waited_for(database: Database, tmp_path: Path) -> None:
    job = searched(database)
    lay_out(tmp_path)
    with serving(tmp_path, database) as running, Client(running.url) as client:
        with pytest.raises(TimeoutError, match="the examination of candidate 2 is not there after 0 seconds"):
            client.examination(job.id, 2, patience=0)

        found = client.examination(job.id, 2)
        network = from_bytes(client.candidate_network(job.id, 2))

        with pytest.raises(ProblemError, match="the job has no candidate 99"):
            client.examination(job.id, 99)

    assert found["reproduction"]["equal"]
    assert found["right"] == round(found["reproduction"]["score"] * found["rows"])
    assert network.architecture == job.evaluations[2].candidate.architecture
