from sqlalchemy import text

from service.store import runner_repository
from service.store.database import Database
from service.store.lease import RunnerIdentity
from service.store.runner_repository import RunnerRepository
from tests.service.store.samples import ELSEWHERE, FAR_AWAY


def report(database: Database, runner: RunnerIdentity, workers: int | None = None, trouble: str | None = None) -> None:
    with database.write() as session:
        RunnerRepository(session).report(runner, workers, trouble)


def alive(database: Database) -> dict[str, tuple[int | None, str | None]]:
    with database.read() as session:
        return {row.id: (row.workers, row.trouble) for row in RunnerRepository(session).alive()}


def test_a_runner_says_how_it_is_until_it_leaves(database: Database) -> None:
    report(database, ELSEWHERE)
    report(database, FAR_AWAY, 2)
    report(database, ELSEWHERE, 8, "no cluster\x00")

    assert alive(database) == {str(ELSEWHERE): (8, "no cluster\ufffd"), str(FAR_AWAY): (2, None)}

    with database.write() as session:
        RunnerRepository(session).leave(ELSEWHERE)

    assert set(alive(database)) == {str(FAR_AWAY)}


def test_a_runner_that_is_silent_is_not_alive_and_later_forgotten(database: Database) -> None:
    report(database, ELSEWHERE)
    with database.write() as session:
        session.execute(text("UPDATE runners SET seen = seen - :gap"), {"gap": runner_repository.SILENT_SECONDS + 1})

    assert alive(database) == {}

    report(database, ELSEWHERE)

    assert set(alive(database)) == {str(ELSEWHERE)}

    with database.write() as session:
        session.execute(text("UPDATE runners SET seen = seen - 4000"))
    report(database, FAR_AWAY)
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM runners")).scalar_one() == 1


def test_a_process_that_is_known_to_be_gone_is_not_alive(database: Database) -> None:
    here = RunnerIdentity.of_this_process()
    report(database, here)
    # No process has this number: the kernel's largest is lower.
    report(database, RunnerIdentity(here.host, here.boot, 2**30, 1))

    assert set(alive(database)) == {str(here)}
