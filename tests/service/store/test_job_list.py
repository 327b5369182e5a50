from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from service.errors import JobNotFound
from service.store.database import Database
from service.store.entities import Job
from service.store.job_details import change_details
from service.store.job_list import JobFilter, JobPlace, JobSort, list_jobs
from service.store.models import jobs, progress
from tests.service.store.samples import create

COUNTS: dict[str, Any] = dict.fromkeys(("proposed", "evaluated", "failed", "epochs", "flops", "seconds"), 0)
SCORES = [0.5, None, 0.9, 0.5, -0.25, None, 0.7]
NAMES = ["b", "a", "B", "a", "100 % é", "c_d", "zz"]


@pytest.fixture
def ids(database: Database) -> list[str]:
    """Jobs with names, scores and labels, three of each minute."""
    created = [create(database, name).id for name in NAMES]
    with database.write() as session:
        first = None
        for number, job_id in enumerate(created):
            first = first or list_jobs(session, None, 1, JobFilter(), "oldest")[0][0].created_at
            moment = first + timedelta(minutes=number // 3)
            session.execute(update(jobs).where(jobs.c.id == job_id).values(created_at=moment))
            if SCORES[number] is not None:
                session.execute(
                    insert(progress).values(
                        job_id=job_id, phase="search", best_fitness=SCORES[number], improvements=[], **COUNTS
                    )
                )
        change_details(session, created[0], {"labels": ["x", "y"]})
        change_details(session, created[3], {"labels": ["x"], "archived": True})
        session.execute(update(jobs).where(jobs.c.id == created[1]).values(status="failed", dataset="iris"))
        session.execute(update(jobs).where(jobs.c.id == created[2]).values(status="paused", owner="ada"))
    return created


def found(database: Database, wanted: JobFilter, owner: str | None = None) -> set[str]:
    with database.read() as session:
        return {job.name for job in list_jobs(session, owner, 100, wanted)[0]}


@pytest.mark.parametrize("sort", ["newest", "oldest", "name", "best_score"])
def test_every_order_is_paged_without_gaps(database: Database, ids: list[str], sort: JobSort) -> None:
    everything = JobFilter(archived=None)
    with database.read() as session:
        whole, none = list_jobs(session, None, 100, everything, sort)
        for page_size in (1, 2, 3, 7):
            seen: list[Job] = []
            after: JobPlace | None = None
            while not seen or after is not None:
                page, after = list_jobs(session, None, page_size, everything, sort, after)
                seen += page
                # As it travels in a token.
                after = None if after is None else JobPlace.parse(str(after), sort)

            assert seen == whole

    assert none is None
    assert {job.id for job in whole} == set(ids)

    created = [job.created_at for job in whole]
    scores = dict(zip(ids, SCORES, strict=True))
    match sort:
        case "newest":
            assert created == sorted(created, reverse=True)
        case "oldest":
            assert created == sorted(created)
        case "name":
            assert [job.name for job in whole if job.name in {"a", "b", "zz"}] == ["a", "a", "b", "zz"]
        case "best_score":
            assert [scores[job.id] for job in whole] == [0.9, 0.7, 0.5, 0.5, -0.25, None, None]


def test_filters(database: Database, ids: list[str]) -> None:
    assert found(database, JobFilter()) == {"b", "a", "B", "100 % é", "c_d", "zz"}
    assert found(database, JobFilter(archived=True)) == {"a"}
    assert found(database, JobFilter(statuses=("failed", "paused"))) == {"a", "B"}
    assert found(database, JobFilter(dataset="iris")) == {"a"}
    assert found(database, JobFilter(label="x")) == {"b"}
    assert found(database, JobFilter(label="x", archived=None)) == {"b", "a"}
    assert found(database, JobFilter(name="B")) == {"b", "B"}
    assert found(database, JobFilter(), "ada") == {"B"}
    # What SQL takes for a wildcard is text here, and what PostgreSQL cannot store matches nothing.
    assert found(database, JobFilter(name="% É".lower())) == {"100 % é"}
    assert found(database, JobFilter(name="_")) == {"c_d"}
    assert found(database, JobFilter(name="\0", dataset="\0", label="\ud800")) == set()


def test_moments_are_not_included(database: Database, ids: list[str]) -> None:
    with database.read() as session:
        oldest = list_jobs(session, None, 1, JobFilter(archived=None), "oldest")[0][0].created_at

    assert found(database, JobFilter(created_after=oldest)) == {"100 % é", "c_d", "zz"}
    assert found(database, JobFilter(created_after=oldest, created_before=oldest + timedelta(minutes=2))) == {
        "100 % é",
        "c_d",
    }
    assert found(database, JobFilter(created_before=oldest)) == set()


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("", "newest"),
        ("5", "newest"),
        ("[" * 100_000, "newest"),
        ('["a", "b"]', "newest"),
        ('[-1, "b"]', "newest"),
        ('[10000000000000000, "b"]', "newest"),
        ('[5, "b"]', "name"),
        ('[5, "b"]', "best_score"),
        ('[NaN, "b"]', "best_score"),
        ('["a", "b"]', "name"),
        ("[null, 5]", "name"),
        ('[null, "b", "c"]', "name"),
        ('[null, "b"]', "newest"),
    ],
)
def test_places_of_no_known_form(text: str, sort: JobSort) -> None:
    with pytest.raises(ValueError, match="what an earlier page gave"):
        JobPlace.parse(text, sort)


def test_a_page_by_name_begins_behind_a_job_that_is_there(database: Database, ids: list[str]) -> None:
    with database.read() as session:
        found, _ = list_jobs(session, None, 5, JobFilter(), "name", JobPlace(None, ids[6]))

        assert found == []
        for gone in ("none", JobPlace.parse('[null, "\\u0000\\ud800"]', "name").id):
            with pytest.raises(JobNotFound):
                list_jobs(session, None, 5, JobFilter(), "name", JobPlace(None, gone))
        with pytest.raises(JobNotFound):
            list_jobs(session, "ada", 5, JobFilter(), "name", JobPlace(None, ids[6]))
