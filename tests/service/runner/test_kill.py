"""Runners that are killed with SIGKILL at random moments, and two runners that want the same job."""

import random
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from service.store.database import Database
from service.store.models import candidates, evaluations, events, rivals
from service.store.rival_repository import RivalFit, RivalRepository
from tests.service.runner.jobs import Rows, execute, get, network_of, rows, settings_for, submit, without_seconds
from tests.service.runner.processes import runners, start_runner

pytestmark = pytest.mark.slow

KILLS = 15
"""On each of the two databases, so 30 in all."""

LONGER = {
    "dataset": "digits-16x16",
    "budget": {"evaluations": 60},
    "space": {"max_layers": 3, "min_units": 16, "max_units": 96},
    "training": {"epochs": 6},
    "final": {"finalists": 2, "seeds": 2},
    # Loading scikit-learn takes longer than most runners live here.
    "verdict": {"seeds": 5, "rivals": False},
}


def test_a_search_whose_runner_is_killed_at_random_moments_ends_as_the_undisturbed_one(
    database: Database, database_url: str, data_dir: Path
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    moments = random.Random(seed)
    kills = jobs_done = 0
    seen_rows = []
    while kills < KILLS:
        spec = LONGER | {"seed": jobs_done}
        undisturbed = execute(database, settings_for(database_url, data_dir), whole := submit(database, **spec))
        expected = rows(database, whole)
        job_id = submit(database, **spec)
        acknowledged: Rows = {}
        while not get(database, job_id).finished:
            process = start_runner(database_url, data_dir)
            try:
                if kills < KILLS:
                    deadline = time.monotonic() + moments.uniform(0.8, 3.0)
                    kills += 1
                else:
                    deadline = time.monotonic() + 120
                while time.monotonic() < deadline and not get(database, job_id).finished:
                    time.sleep(0.01)
            finally:
                process.kill()
                process.wait()
            found = rows(database, job_id)
            seen_rows.append(sum(len(outcomes) for _, outcomes in found.values()))
            assert not _lost(acknowledged, found), f"seed {seed}, kill {kills}"
            acknowledged = found
        jobs_done += 1

        ended = get(database, job_id)
        assert ended.status == "succeeded", ended.error
        assert rows(database, job_id) == expected, f"seed {seed}"
        assert network_of(database, job_id) == network_of(database, whole)
        assert without_seconds(ended.verdict) == without_seconds(undisturbed.verdict)
        _check_the_tables(database, job_id)
    # The kills really hit searches that were on their way.
    assert len(set(seen_rows)) > KILLS // 2, seen_rows


def test_what_was_fitted_before_a_kill_is_not_fitted_again(
    database: Database, database_url: str, data_dir: Path
) -> None:
    spec = {"verdict": {"seeds": 5, "rivals": True}}
    undisturbed = execute(database, settings_for(database_url, data_dir), submit(database, **spec))
    job_id = submit(database, **spec)
    process = start_runner(database_url, data_dir)
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not _fits(database, job_id):
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    before = _fits(database, job_id)
    ended = execute(database, settings_for(database_url, data_dir), job_id)

    assert before
    assert ended.status == "succeeded"
    after = _fits(database, job_id)
    # To the last digit of the CPU seconds, which no second fit would repeat.
    assert [fit for fit in after if fit in before] == before
    assert len(after) == 11
    assert without_seconds(ended.verdict) == without_seconds(undisturbed.verdict)
    _check_the_tables(database, job_id)


def test_two_runners_started_at_once_never_hold_one_job(database: Database, database_url: str, data_dir: Path) -> None:
    waiting = [submit(database, seed=seed) for seed in range(8)]

    with runners(2, database_url, data_dir):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not all(get(database, job_id).finished for job_id in waiting):
            time.sleep(0.05)

    holders = set()
    for job_id in waiting:
        assert get(database, job_id).status == "succeeded"
        claims = _events(database, job_id, "status", "runner")
        assert len(claims) == 1
        holders.update(claims)
        _check_the_tables(database, job_id)
    assert len(holders) == 2


def _fits(database: Database, job_id: str) -> list[RivalFit]:
    with database.read() as session:
        return RivalRepository(session).load(job_id)


def _lost(before: Rows, after: Rows) -> list[object]:
    """Return the outcomes that were there before and are not there after."""
    return [
        outcome for phase, (_, outcomes) in before.items() for outcome in outcomes if outcome not in after[phase][1]
    ]


def _check_the_tables(database: Database, job_id: str) -> None:
    """No candidate or evaluation is there twice, no event is missing, and every evaluation is told once."""
    of_job = candidates.c.job_id == job_id
    with database.read() as session:
        keys = session.execute(select(candidates.c.phase, candidates.c.number).where(of_job)).all()
        joined = evaluations.join(candidates, evaluations.c.candidate_id == candidates.c.id)
        evaluated = session.execute(select(func.count()).select_from(joined).where(of_job)).scalar_one()
        sequences = session.execute(
            select(events.c.sequence).where(events.c.job_id == job_id).order_by(events.c.sequence)
        ).scalars()
        assert list(sequences) == list(range(1, get(database, job_id).event_count + 1))
        told, fits_told = (
            session.execute(
                select(func.count()).where(events.c.job_id == job_id, events.c.type.in_(types))
            ).scalar_one()
            for types in (("evaluated", "failed"), ("rival",))
        )
        fits = session.execute(select(func.count()).where(rivals.c.job_id == job_id)).scalar_one()

    assert len(keys) == len(set(keys)) == evaluated == told
    assert fits == fits_told


def _events(database: Database, job_id: str, kind: str, field: str) -> list[object]:
    with database.read() as session:
        rows_ = session.execute(select(events.c.data).where(events.c.job_id == job_id, events.c.type == kind)).scalars()
        return [data[field] for data in rows_ if field in data]
