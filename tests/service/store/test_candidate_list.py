"""Lists of candidates as they are when there are very many: every page follows an index, in its order."""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from service.store.candidate_list import CandidateFilter, CandidateSort
from service.store.database import Database
from service.store.insights import CandidateLine, Insights
from tests.service.store.many_candidates import job_with

pytestmark = pytest.mark.slow

# With fewer PostgreSQL reads all evaluations at once, which is then sooner done.
ROWS = {"sqlite": 20_000, "postgresql": 60_000}
FILTERS = [
    CandidateFilter(),
    CandidateFilter(status="evaluated"),
    CandidateFilter(status="pending"),
    CandidateFilter(status="failed"),
    CandidateFilter(layers=2),
    CandidateFilter(operator="widen"),
    CandidateFilter(min_parameters=20, max_parameters=500),
    CandidateFilter("evaluated", 2, "widen", 20, 500),
    CandidateFilter(max_parameters=0),
    CandidateFilter(layers=9),
]
SORTS: list[CandidateSort] = ["number", "fitness", "parameters"]
SCANS = ("SCAN candidates", "SCAN evaluations", "Seq Scan")
SORTED = ("TEMP B-TREE", "Sort")


def explained(database: Database, job_id: str, wanted: CandidateFilter, sort: CandidateSort) -> list[str]:
    """Return the plans of all queries of a first page and of a later one."""
    plans: list[str] = []
    word = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"

    def explain(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "candidates" in statement and not statement.startswith("EXPLAIN"):
            plans.extend(str(row) for row in connection.exec_driver_sql(f"{word} {statement}", parameters))

    with database.read() as session:
        event.listen(Engine, "before_cursor_execute", explain)
        try:
            for after in (None, ROWS[database.dialect] // 3):
                Insights(session).candidates(job_id, page_size=200, after=after, sort=sort, wanted=wanted)
        finally:
            event.remove(Engine, "before_cursor_execute", explain)
    return plans


def test_no_page_scans_or_sorts_the_candidates(database: Database) -> None:
    job_id = job_with(database, ROWS[database.dialect])

    for sort in SORTS:
        for wanted in FILTERS:
            plan = explained(database, job_id, wanted, sort)

            # These are few, and sorting them is the shorter way.
            few = wanted.status in {"pending", "failed"} or wanted.max_parameters == 0 or wanted.layers == 9
            slow = SCANS if few else SCANS + SORTED

            assert plan
            assert not [step for step in plan if any(word in step for word in slow)], (sort, wanted, plan)


def lets_through(wanted: CandidateFilter, line: CandidateLine) -> bool:
    return (
        wanted.status in {None, line.status}
        and wanted.layers in {None, line.layers}
        and wanted.operator in {None, line.operator}
        and (wanted.min_parameters is None or line.parameters >= wanted.min_parameters)
        and (wanted.max_parameters is None or line.parameters <= wanted.max_parameters)
    )


def test_every_page_is_what_a_filter_leaves_of_the_whole_in_its_order(database: Database) -> None:
    job_id = job_with(database, 600)
    with database.read() as session:
        insights = Insights(session)
        everything = insights.candidates(job_id, page_size=600).lines
        orders: dict[CandidateSort, Any] = {
            "number": lambda line: line.number,
            "parameters": lambda line: (line.parameters, line.number),
            "fitness": lambda line: (
                (False, -line.fitness, line.parameters, line.number)
                if line.fitness is not None
                else (True, 0, 0, line.number)
            ),
        }
        for sort, key in orders.items():
            for wanted in FILTERS:
                expected = [line for line in sorted(everything, key=key) if lets_through(wanted, line)]
                seen: list[CandidateLine] = []
                after: int | None = None
                more = True
                while more:
                    page = insights.candidates(job_id, page_size=37, after=after, sort=sort, wanted=wanted)
                    seen += page.lines
                    after = page.next
                    more = after is not None

                assert [line.number for line in seen] == [line.number for line in expected], (sort, wanted)
