"""What a job leaves for its users: a model whose downloads are proven, and a record; with real searches."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from evolution.candidate import Evaluation
from service.runner import downloads
from service.runner import proof as proof_module
from service.runner.endings import JobStopped
from service.runner.environment import describe_environment
from service.runner.proof import prove
from service.settings import Settings
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import DOWNLOAD_FORMATS, PHASES, DownloadFormat, Phase
from service.store.model_repository import ModelRepository
from service.store.record_repository import RecordRepository
from service.store.row_digest import digest_rows
from tests.service.runner.jobs import execute, settings_for, submit

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(sqlite_url: str, data_dir: Path) -> Settings:
    return settings_for(sqlite_url, data_dir)


@pytest.fixture
def database(sqlite_url: str) -> Database:
    return Database(sqlite_url)


def test_a_job_ends_with_a_model_whose_downloads_are_proven_and_with_a_record(
    database: Database, settings: Settings
) -> None:
    job = execute(database, settings, submit(database))
    with database.read() as session:
        model = ModelRepository(session).of_job(job.id)
        record = RecordRepository(session).get(job.id)
        files = {format_: ModelRepository(session).content(model, format_) for format_ in DOWNLOAD_FORMATS if model}

    assert model is not None
    assert (model.task, model.classes) == ("classification", tuple("0123456789"))
    assert [(proof.format, proof.error, proof.compared_rows) for proof in model.proofs] == [
        ("npz", None, 355),
        ("onnx", None, 355),
        ("snippet", None, 355),
    ]
    for proof in model.proofs:
        assert hashlib.sha256(files[proof.format] or b"").hexdigest() == proof.sha256
    assert not list((settings.data_dir / "proofs").iterdir())
    (segment,) = record.segments
    assert segment.environment == describe_environment(settings)
    every_row: dict[Phase, list[Evaluation]] = {}
    for phase in PHASES:
        with database.read() as session:
            every_row[phase] = CandidateRepository(session).load(job.id, phase)[1]
    assert record.rows == digest_rows(every_row)


def test_a_job_whose_downloads_fail_has_its_verdict_all_the_same(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof_module, "write_download", lambda _format, _content: b"garbage")
    job = execute(database, settings, submit(database))
    with database.read() as session:
        model = ModelRepository(session).of_job(job.id)

    assert (job.status, job.error) == ("succeeded", None)
    assert job.verdict is not None
    assert model is not None
    assert all("could not be used in a fresh process" in str(one.error) for one in model.proofs)


def test_a_runner_that_stops_among_the_proofs_leaves_them_to_the_next_one(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(database)
    tried: list[str] = []

    def stop_after_the_first(format_: DownloadFormat, *rest: Any) -> Any:
        tried.append(format_)
        if len(tried) == 2:
            raise JobStopped
        return prove(format_, *rest)

    monkeypatch.setattr(downloads, "prove", stop_after_the_first)
    job = execute(database, settings, job_id)
    with database.read() as session:
        segments = RecordRepository(session).get(job_id).segments

    assert job.status == "succeeded"
    assert tried == ["npz", "onnx", "onnx", "snippet"]
    assert [segment.lease_number for segment in segments] == [1, 2]
