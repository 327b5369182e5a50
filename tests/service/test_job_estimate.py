from dataclasses import replace
from typing import Any

import pytest

from service.job_estimate import JobEstimate, estimate
from service.job_spec import JobSpec
from service.store.entities import Job, Phase
from service.store.pace import Pace
from service.store.progress import Progress

# 10 of 40 networks were trained in 8 epochs each, 100 FLOPs an epoch.
SEARCH = Progress("search", proposed=12, evaluated=9, failed=1, epochs=80, flops=8000.0)
# 2 searches, 5 finalists of each on 4 seeds, 7 arms on 5 seeds, 16 epochs each.
AFTER_BASELINE = (2 * 5 * 4 + 7 * 5) * 16


def job(**changes: Any) -> Job:
    fields: dict[str, Any] = dict.fromkeys(Job.__dataclass_fields__)
    return Job(**fields | {"status": "running", "phase": "search", "search_seconds": 20.0} | changes)


def told(spec: dict[str, Any], *phases: Progress, recent: Pace | None = None, **changes: Any) -> JobEstimate | None:
    known: dict[Phase, Progress] = {one.phase: one for one in phases}
    return estimate(
        job(**changes),
        JobSpec.model_validate({"dataset": "iris", "budget": {"evaluations": 40}} | spec),
        lambda phase: known.get(phase, Progress(phase)),
        recent,
    )


def seconds(found: JobEstimate | None) -> tuple[float, float]:
    assert found is not None
    return found.search_seconds, found.rest_seconds


def test_the_search_and_what_follows_it() -> None:
    # 30 networks of 800 FLOPs at 400 FLOPs per second, then as many epochs at random, then the rest.
    found = told({}, SEARCH)

    assert seconds(found) == pytest.approx((60, (320 + AFTER_BASELINE) * 100 / 400))
    assert found is not None
    assert "the pace of the search so far" in found.explanation


def test_the_pace_of_the_last_trainings_is_preferred() -> None:
    found = told({}, SEARCH, recent=Pace(800.0, 50))

    assert seconds(found) == pytest.approx((30, (320 + AFTER_BASELINE) * 100 / 800))
    assert found is not None
    assert "the last 50 trainings" in found.explanation


def test_a_budget_in_epochs_and_a_limit_in_seconds() -> None:
    assert seconds(told({"budget": {"epochs": 200}}, SEARCH))[0] == pytest.approx(120 * 100 / 400)
    found = told({"budget": {"evaluations": 40, "max_seconds": 50}}, SEARCH)
    # 30 s more are 120 epochs more, and so many of the rival.
    assert seconds(found) == pytest.approx((30, (200 + AFTER_BASELINE) * 100 / 400))


def test_later_phases_count_what_they_have_done() -> None:
    ended = replace(SEARCH, proposed=10)
    baseline = Progress("baseline", proposed=3, evaluated=3, epochs=30, flops=3000.0)
    finalists = Progress("finalists", proposed=10, evaluated=10, epochs=160, flops=16_000.0)
    final = Progress("final", proposed=7, evaluated=6, failed=1, epochs=112, flops=11_200.0)

    found = told({}, ended, baseline, phase="baseline", stopped_at=10)
    assert seconds(found) == pytest.approx((0, (50 + AFTER_BASELINE) / 4))
    found = told({}, ended, baseline, finalists, phase="finalists", stopped_at=10)
    assert seconds(found) == pytest.approx((0, (AFTER_BASELINE - 160) / 4))
    found = told({}, ended, baseline, finalists, final, phase="final", stopped_at=10)
    assert seconds(found) == pytest.approx((0, (35 - 7) * 16 / 4))


def test_a_search_that_was_stopped_only_trains_what_is_begun() -> None:
    assert seconds(told({}, SEARCH, stopped_at=12))[0] == pytest.approx(2 * 800 / 400)


def test_a_random_search_has_no_rival() -> None:
    found = told({"strategy": "random"}, SEARCH)

    assert seconds(found)[1] == pytest.approx((5 * 4 + 6 * 5) * 16 / 4)


def test_what_cannot_be_known_is_not_told() -> None:
    assert told({}) is None
    assert told({}, SEARCH, status="paused") is None
    assert told({}, SEARCH, search_seconds=0.0) is None
    assert told({}, Progress("search", proposed=3, failed=3)) is None
