"""Small jobs for the runner's tests: submitted to the store, executed here or by a runner process, and compared."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from evolution.candidate import Candidate, Outcome
from service.job_spec import JobSpec
from service.runner.runner import Runner
from service.settings import Settings
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import PHASES, Job
from service.store.job_repository import JobRepository
from service.store.network_repository import NetworkRepository

Rows = dict[str, tuple[list[Candidate], list[Outcome]]]

SMALL: dict[str, Any] = {
    "dataset": "digits-8x8",
    "budget": {"evaluations": 12},
    "space": {"max_layers": 2, "min_units": 4, "max_units": 24},
    "training": {"epochs": 3},
    "final": {"finalists": 2, "seeds": 2},
    "verdict": {"seeds": 5, "rivals": False},
}


def submit(database: Database, **changes: Any) -> str:
    """Submit the small job with some fields changed, and return its id."""
    spec = JobSpec.model_validate(SMALL | changes)
    with database.write() as session:
        return JobRepository(session).create(spec.name, spec.dataset, spec.model_dump(), spec.seed).id


def get(database: Database, job_id: str) -> Job:
    """Return the job as it is stored."""
    with database.read() as session:
        return JobRepository(session).get(job_id)


def settings_for(database_url: str, data_dir: Path) -> Settings:
    """Return settings that train in the runner's own process."""
    return Settings(data_dir=data_dir, database_url=database_url, evaluator="serial")


def execute(database: Database, settings: Settings, job_id: str) -> Job:
    """Run a runner in a thread of this process until the job has ended."""
    stop = threading.Event()
    thread = threading.Thread(target=Runner(database, settings, stop).run)
    thread.start()
    try:
        while not (job := get(database, job_id)).finished and thread.is_alive():
            thread.join(0.05)
    finally:
        stop.set()
        thread.join()
    return job


def rows(database: Database, job_id: str) -> Rows:
    """Return everything of a job's rows that must be the same on every run, by phase."""
    found: Rows = {}
    for phase in PHASES:
        with database.read() as session:
            candidates, evaluations = CandidateRepository(session).load(job_id, phase)
        found[phase] = (
            sorted(candidates, key=lambda candidate: candidate.number),
            # The networks of the final phase are kept until the verdict only.
            [
                replace(evaluation, network=None).outcome()
                for evaluation in sorted(evaluations, key=lambda evaluation: evaluation.candidate.number)
            ],
        )
    return found


def network_of(database: Database, job_id: str) -> bytes:
    """Return the file of the network that the job found."""
    with database.read() as session:
        return NetworkRepository(session).get_for_job(job_id).content


def without_seconds(value: Any) -> Any:
    """Return a verdict's JSON without the CPU seconds, which differ from run to run."""
    if isinstance(value, dict):
        return {key: without_seconds(item) for key, item in value.items() if key != "seconds"}
    if isinstance(value, list):
        return [without_seconds(item) for item in value]
    return value
