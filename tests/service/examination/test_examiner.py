"""Who waits for which examination; the processes are real ones."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import CandidateNotExaminable, ExaminationFailed, TooManyExaminations
from service.examination import examiner as module
from service.examination.examiner import Examiner, Waiting
from service.examination.limits import BATCH, MAX_WAITING_PER_OWNER, ProcessLimits
from service.examination.order import Order
from service.examination.process import ExaminationProcess, Hear
from service.settings import Settings
from tests.service.examination.test_examine import data_of, order_of, trained

pytestmark = pytest.mark.slow

PATIENCE = 60.0


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Order:
    data = data_of("spirals", tmp_path_factory.mktemp("data"))
    return order_of(trained(data), data)


@pytest.fixture
def examiner(tmp_path: Path) -> Iterator[Examiner]:
    opened = Examiner(Settings(data_dir=tmp_path))
    yield opened
    opened.close()


class Sleeping(ExaminationProcess):
    """Does nothing until it is stopped."""

    @property
    def command(self) -> list[str]:
        return ["sleep", "100"]


class Counted(ExaminationProcess):
    """Notes what each process was given."""

    batches: list[int] = []  # noqa: RUF012 - emptied by the test

    def run(self, hear: Hear) -> None:
        Counted.batches.append(len(self._task["orders"]))  # type: ignore[arg-type]
        super().run(hear)


def wait_for(examiner: Examiner, order: Order) -> bytes:
    deadline = time.monotonic() + PATIENCE
    while isinstance(found := examiner.find(order), Waiting):
        assert time.monotonic() < deadline

        time.sleep(0.02)
    return found


def test_it_is_made_once_and_kept(examiner: Examiner, plain: Order) -> None:
    first = examiner.find(plain)

    assert isinstance(first, Waiting)
    assert (first.state, first.ahead, first.epochs) == ("training", 0, 4)

    found = wait_for(examiner, plain)

    assert b'"equal":true' in found
    assert examiner.find(plain) == found
    assert Examiner(Settings(data_dir=examiner.files.folder("a").parents[1])).find(plain) == found
    assert isinstance(examiner.find(plain, "npz"), bytes)


def test_candidates_of_one_job_are_made_by_one_process(
    examiner: Examiner, plain: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ExaminationProcess", Counted)
    Counted.batches = []
    orders = [replace(plain, number=number) for number in range(BATCH + 3)]
    for order in orders:
        examiner.find(order)
    for order in orders:
        wait_for(examiner, order)

    # The first one began alone, before the others were asked for.
    assert Counted.batches == [1, BATCH, 2]


def test_a_batch_is_no_longer_than_one_examination_may_be(
    examiner: Examiner, plain: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ExaminationProcess", Counted)
    Counted.batches = []
    orders = [replace(plain, number=number, seconds=25.0) for number in range(4)]
    for order in orders:
        examiner.find(order)
    for order in orders:
        wait_for(examiner, order)

    assert Counted.batches == [1, 2, 1]


def test_two_run_at_once_but_one_for_each_owner(
    examiner: Examiner, plain: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ExaminationProcess", Sleeping)

    told = [
        examiner.find(replace(plain, owner=owner, job_id=job_id))
        for owner, job_id in (("ann", "a"), ("ann", "b"), ("bob", "c"), ("cid", "d"))
    ]

    assert [(one.state, one.ahead) for one in told if isinstance(one, Waiting)] == [
        ("training", 0),
        ("waiting", 1),
        ("training", 0),
        ("waiting", 3),
    ]


def test_nobody_may_fill_the_queue(examiner: Examiner, plain: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ExaminationProcess", Sleeping)
    monkeypatch.setattr(module, "MAX_WAITING", MAX_WAITING_PER_OWNER + 2)
    for number in range(MAX_WAITING_PER_OWNER + 1):
        examiner.find(replace(plain, number=number))

    with pytest.raises(TooManyExaminations, match="60 examinations of yours wait already"):
        examiner.find(replace(plain, number=1000))

    # What waits is not refused, and others still find room, until it is full.
    assert isinstance(examiner.find(replace(plain, number=5)), Waiting)
    for owner in ("bob", "cid", "dan"):
        examiner.find(replace(plain, owner=owner, job_id=owner))
    with pytest.raises(TooManyExaminations, match="62 examinations wait already"):
        examiner.find(replace(plain, owner="eve", job_id="eve"))


def test_what_fails_is_told_and_not_tried_again_at_once(
    tmp_path: Path, plain: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(ExaminationProcess):
        @property
        def command(self) -> list[str]:
            return ["sh", "-c", "kill -9 $$"]

    monkeypatch.setattr(module, "ExaminationProcess", Killed)
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.5)
    examiner = Examiner(Settings(data_dir=tmp_path))

    with pytest.raises(ExaminationFailed, match="was killed") as first:
        wait_for(examiner, plain)
    assert first.value.headers == {"Retry-After": "1"}
    with pytest.raises(ExaminationFailed, match="was killed"):
        examiner.find(plain)

    # After the pause it is tried again, and then works.
    monkeypatch.setattr(module, "ExaminationProcess", ExaminationProcess)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            examiner.find(plain)
            break
        except ExaminationFailed:
            assert time.monotonic() < deadline

            time.sleep(0.05)

    assert b'"equal":true' in wait_for(examiner, plain)

    examiner.close()


def test_the_others_of_a_batch_do_not_fail_with_one(
    tmp_path: Path, plain: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fatal(ExaminationProcess):
        """Dies of candidate 1 alone."""

        @property
        def command(self) -> list[str]:
            orders = self._task["orders"]
            assert isinstance(orders, dict)

            if next(iter(orders.values()))["number"] == 1:
                return ["sh", "-c", "kill -9 $$"]
            return super().command

    monkeypatch.setattr(module, "ExaminationProcess", Fatal)
    examiner = Examiner(Settings(data_dir=tmp_path))
    orders = [replace(plain, number=number) for number in range(4)]
    for order in orders:
        examiner.find(order)

    for number in (0, 2, 3):
        wait_for(examiner, orders[number])
    with pytest.raises(ExaminationFailed):
        examiner.find(orders[1])

    examiner.close()


def test_what_cannot_succeed_is_refused(examiner: Examiner, plain: Order) -> None:
    with pytest.raises(CandidateNotExaminable, match="has changed since the job ran"):
        wait_for(examiner, replace(plain, fingerprint="0" * 64))
    with pytest.raises(CandidateNotExaminable, match="its prepared file is missing"):
        wait_for(examiner, replace(plain, prepared="/nowhere/at/all.npz"))


def test_a_job_that_goes_takes_everything_with_it(
    examiner: Examiner, plain: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(examiner, plain)
    monkeypatch.setattr(module, "ExaminationProcess", Sleeping)
    examiner.find(replace(plain, number=1))
    examiner.find(replace(plain, number=2))

    examiner.forget(plain.job_id)

    for thread in examiner._threads:
        thread.join(PATIENCE)

    assert not examiner._processes
    assert not examiner._queue
    assert examiner.files.jobs() == []


def test_nothing_outlives_the_service(tmp_path: Path, plain: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ExaminationProcess", Sleeping)
    examiner = Examiner(Settings(data_dir=tmp_path), ProcessLimits(1))
    examiner.find(plain)
    examiner.find(replace(plain, number=1))

    examiner.close()

    assert not examiner._processes
    assert not [thread for thread in examiner._threads if thread.is_alive()]
