import hashlib
import io

import httpx
import numpy as np

from core.export import load_network, to_bytes
from core.network import Network
from service.api.attachments import file_name
from service.store.database import Database
from service.store.job_repository import JobRepository
from service.store.network_repository import NetworkRepository
from tests.service.api.serving import InProcess, problem_of, submit
from tests.service.store.samples import architecture, claim, create


def _network() -> bytes:
    network = Network(architecture(5))
    network.initialize(np.random.default_rng(1))
    return to_bytes(network)


def _finished(running: InProcess, database: Database, content: bytes | None) -> str:
    job = submit(running.client, name="../../etc/Ä “quoted”\u2003name")
    lease = claim(database)
    assert lease is not None
    with database.write() as session:
        if content is not None:
            NetworkRepository(session).save(lease, "final", 0, architecture(5), content)
        JobRepository(session).finish(lease, "succeeded" if content is not None else "failed")
    return str(job["id"])


def test_the_network_is_a_file_that_can_be_loaded(running: InProcess, database: Database) -> None:
    content = _network()
    job_id = _finished(running, database, content)

    answer = running.client.get(f"/v1/jobs/{job_id}/network")

    assert answer.content == content
    assert answer.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert answer.headers["Content-Disposition"] == f'attachment; filename="cambrian-etc-a-quoted-name-{job_id}.npz"'
    assert load_network(io.BytesIO(answer.content)).architecture == architecture(5)


def test_it_is_not_sent_twice(running: InProcess, database: Database) -> None:
    path = f"/v1/jobs/{_finished(running, database, _network())}/network"
    etag = running.client.get(path).headers["ETag"]

    for matching in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = running.client.get(path, headers={"If-None-Match": matching})

        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["ETag"] == etag
    assert running.client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_range_is_answered_with_the_whole(running: InProcess, database: Database) -> None:
    path = f"/v1/jobs/{_finished(running, database, _network())}/network"
    ranges = "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(1_000))

    assert running.client.get(path, headers={"Range": ranges}).status_code in {200, 416}


def test_a_job_on_its_way_has_none(client: httpx.Client) -> None:
    job = submit(client)

    body = problem_of(client.get(f"/v1/jobs/{job['id']}/network"), 409, "job-not-finished")

    assert "queued" in body["detail"]


def test_a_job_that_failed_has_none(running: InProcess, database: Database) -> None:
    job_id = _finished(running, database, None)

    problem_of(running.client.get(f"/v1/jobs/{job_id}/network"), 404, "network-not-found")
    problem_of(running.client.get(f"/v1/jobs/{job_id}/verdict"), 404, "verdict-not-found")


def test_names_of_files_are_safe_everywhere(database: Database) -> None:
    for name, words in (("CON", "con-"), ("日本", ""), ('a"\r\nX: y', "a-x-y-"), ("x" * 200, "x" * 60 + "-")):
        job = create(database, name)

        assert file_name(job.name, job.id, "npz") == f"cambrian-{words}{job.id}.npz"
