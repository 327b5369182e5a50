"""Ray gives the same rows as the serial evaluator, whatever dies.

The tests share one head node, which is joined by every evaluator in turn; a local cluster runs in a process of its own.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

import core
from core.dataset import Dataset
from evolution.candidate import Candidate, Evaluation, best
from evolution.errors import EvaluatorUnavailable, EvolutionError, SearchOrderError
from evolution.evaluation import Evaluator, SerialEvaluator
from evolution.evolutionary_search import EvolutionarySearch
from evolution.limits import OUT_OF_MEMORY, Limits
from evolution.loop import Evaluated, run_search
from evolution.ray_cluster import RayCluster
from evolution.ray_evaluator import Evaluate, RayEvaluator
from evolution.search import Budget
from tests.evolution.builders import SPACE, TRAINING, architecture, blobs, candidate
from tests.evolution.ray_nodes import RayNodes, descendants, ray_nodes

pytestmark = [pytest.mark.slow]

DATA = blobs()
ROOT = Path(__file__).parents[2]
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayNodes]:
    # Not pytest's temporary folder: its path is too long for the names of Ray's sockets.
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    with ray_nodes(folder, cpus=4) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def serial() -> list[Evaluation]:
    return run(SerialEvaluator(DATA))


def joined(nodes: RayNodes, cpus: int | None = None) -> RayCluster:
    return RayCluster(address=nodes.address, cpus=cpus, token_path=nodes.token_path)


def search(evaluations: int = 40) -> EvolutionarySearch:
    budget = Budget(evaluations=evaluations)
    return EvolutionarySearch(SPACE, TRAINING, rows=len(DATA.train), seed=2, parallelism=6, budget=budget)


def run(evaluator: Evaluator) -> list[Evaluation]:
    with evaluator:
        rows = [event.evaluation for event in run_search(search(), evaluator) if isinstance(event, Evaluated)]
    return sorted(rows, key=lambda row: row.candidate.number)


def outcomes(rows: list[Evaluation]) -> list[object]:
    return [row.outcome() for row in rows]


def workers(rows: list[Evaluation]) -> set[str]:
    return {row.worker for row in rows}


@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_any_number_of_workers_gives_the_rows_of_the_serial_evaluator(
    nodes: RayNodes, serial: list[Evaluation], cpus: int
) -> None:
    evaluator = RayEvaluator(DATA, joined(nodes, cpus))
    evaluator.wait_until_ready(60)
    rows = run(evaluator)

    assert outcomes(rows) == outcomes(serial)
    assert all(not worker.endswith(f"/{os.getpid()}") for worker in workers(rows))


def test_training_starts_before_ray_has(nodes: RayNodes, serial: list[Evaluation]) -> None:
    rows = run(RayEvaluator(DATA, joined(nodes)))

    assert outcomes(rows) == outcomes(serial)
    assert any(worker.endswith(f"/{os.getpid()}") for worker in workers(rows))


def killing(number: int, folder: Path, deaths: int) -> Evaluate:
    """Return an evaluate function that kills its own process so many times for one candidate."""

    def evaluate(candidate: Candidate, dataset: Dataset) -> Evaluation:
        import os  # noqa: PLC0415 - the function travels by value, so it brings its imports along
        import signal  # noqa: PLC0415

        from evolution.evaluation import evaluate_candidate  # noqa: PLC0415

        died = len(list(folder.iterdir()))
        if candidate.number == number and died < deaths:
            (folder / str(died)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return evaluate_candidate(candidate, dataset)

    return evaluate


def test_a_worker_that_dies_once_changes_nothing(nodes: RayNodes, serial: list[Evaluation], tmp_path: Path) -> None:
    evaluator = RayEvaluator(DATA, joined(nodes), evaluate=killing(7, tmp_path, deaths=1))
    evaluator.wait_until_ready(60)

    assert outcomes(run(evaluator)) == outcomes(serial)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_candidate_whose_worker_dies_twice_has_failed_and_the_search_goes_on(
    nodes: RayNodes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    evaluator = RayEvaluator(DATA, joined(nodes), evaluate=killing(7, tmp_path, deaths=99))
    evaluator.wait_until_ready(60)
    rows = run(evaluator)

    assert len(rows) == 40
    assert rows[7].error == "worker died twice"
    assert [row.candidate.number for row in rows if row.error is not None] == [7]
    assert len(list(tmp_path.iterdir())) == 2
    assert capfd.readouterr() == ("", "")


def sleeping(folder: Path) -> Evaluate:
    """Return an evaluate function that says where it runs and then trains until it is stopped."""

    def evaluate(candidate: Candidate, dataset: Dataset) -> Evaluation:
        import os  # noqa: PLC0415
        import time  # noqa: PLC0415

        if candidate.number < 10:
            (folder / str(os.getpid())).touch()
            time.sleep(600)
        from evolution.evaluation import evaluate_candidate  # noqa: PLC0415

        return evaluate_candidate(candidate, dataset)

    return evaluate


def test_a_cancelled_evaluator_frees_its_workers_and_goes_on(nodes: RayNodes, tmp_path: Path) -> None:
    with RayEvaluator(DATA, joined(nodes), evaluate=sleeping(tmp_path)) as evaluator:
        evaluator.wait_until_ready(60)
        for number in range(6):
            evaluator.submit(candidate(number))
        started = monotonic()
        while len(list(tmp_path.iterdir())) < 4:
            assert monotonic() - started < 60
            assert evaluator.wait(0.1) == []
        with pytest.raises(SearchOrderError, match="being trained"):
            evaluator.use(DATA)
        evaluator.cancel()

        assert evaluator.in_flight == 0
        evaluator.use(blobs(test=True))
        evaluator.submit(Candidate(10, (), "retrain", 7, architecture((8,)), TRAINING, predict_test=True))
        finished: list[Evaluation] = []
        while not finished:
            finished = evaluator.wait(1)
            assert monotonic() - started < 60

        assert finished[0].test_predictions is not None
        assert not any(Path(f"/proc/{one.name}").exists() for one in tmp_path.iterdir())


def test_waiting_takes_no_longer_than_it_may(nodes: RayNodes, tmp_path: Path) -> None:
    with RayEvaluator(DATA, joined(nodes), evaluate=sleeping(tmp_path)) as evaluator:
        evaluator.wait_until_ready(60)
        evaluator.submit(candidate())
        for timeout in (0.0, 0.3):
            started = monotonic()

            assert evaluator.wait(timeout) == []
            assert timeout <= monotonic() - started < timeout + 0.5


def test_a_fault_of_the_program_is_raised_here(nodes: RayNodes) -> None:
    with RayEvaluator(DATA, joined(nodes)) as evaluator:
        evaluator.wait_until_ready(60)
        evaluator.submit(Candidate(0, (), "retrain", 7, architecture((8,)), TRAINING, predict_test=True))
        with pytest.raises(EvolutionError, match="the dataset has none"):
            evaluator.wait(60)


def test_a_cluster_that_is_not_there_is_named(nodes: RayNodes) -> None:
    evaluator = RayEvaluator(DATA, RayCluster(address="127.0.0.1:9", token_path=nodes.token_path))
    with pytest.raises(EvaluatorUnavailable, match=r"cluster at 127\.0\.0\.1:9 could not be joined"):
        evaluator.wait_until_ready(60)
    with pytest.raises(EvaluatorUnavailable):
        evaluator.submit(candidate())
    evaluator.close()
    evaluator.close()


def test_logs_that_cannot_be_kept_are_named(tmp_path: Path) -> None:
    evaluator = RayEvaluator(DATA, RayCluster(directory=Path("/no/such/folder")))
    with pytest.raises(EvaluatorUnavailable, match="no/such/folder"):
        evaluator.wait_until_ready(60)
    evaluator.close()


def test_a_node_killed_in_mid_search_changes_nothing(
    nodes: RayNodes, serial: list[Evaluation], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The second node is killed while it is training; its candidates are trained again on the first."""
    second = nodes.add(cpus=2)

    def slow(folder: Path) -> Evaluate:
        def evaluate(candidate: Candidate, dataset: Dataset) -> Evaluation:
            import os  # noqa: PLC0415
            import time  # noqa: PLC0415

            from evolution.evaluation import evaluate_candidate  # noqa: PLC0415

            result = evaluate_candidate(candidate, dataset)
            (folder / f"{os.getpid()}-{candidate.number}").touch()
            time.sleep(0.15)
            return result

        return evaluate

    evaluator = RayEvaluator(DATA, joined(nodes), evaluate=slow(tmp_path))
    evaluator.wait_until_ready(60)
    rows: list[Evaluation] = []
    killed = False
    with evaluator:
        for event in run_search(search(), evaluator, wait_seconds=0.05):
            if isinstance(event, Evaluated):
                rows.append(event.evaluation)
            there = descendants(second.pid) if not killed else set()
            started = [one.name for one in tmp_path.iterdir() if int(one.name.split("-")[0]) in there]
            if not killed and started and len(rows) >= 5:
                nodes.kill(second)
                killed = True
    rows.sort(key=lambda row: row.candidate.number)
    winner = best(serial)

    assert killed
    assert winner is not None
    assert outcomes(rows) == outcomes(serial)
    assert best(rows) == next(row for row in rows if row.outcome() == winner.outcome())
    assert capfd.readouterr() == ("", "")


def test_a_local_cluster_keeps_to_itself_and_leaves_nothing(tmp_path: Path) -> None:
    """Started in a folder that holds a package named core, as a user's own project may."""
    shadow = tmp_path / "core"
    shadow.mkdir()
    (shadow / "__init__.py").write_text("raise RuntimeError('this is not the core you are looking for')")
    script = Path(__file__).with_name("ray_local_script.py")
    done = subprocess.run(
        [sys.executable, "-P", str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    facts = json.loads(done.stdout)
    remote = [one for one in facts["facts"] if one["pid"] != facts["driver"]]

    assert facts["ready"]
    assert facts["fitness"] == facts["serial"]
    # The first ones were trained while Ray was starting.
    assert [one["pid"] for one in facts["facts"]].count(facts["driver"]) >= 1
    assert len({one["pid"] for one in remote}) == 2
    assert facts["first"] < 3
    assert max(facts["waits"]) < 2
    assert all(one["core"] == str(Path(str(core.__file__)).with_name("dataset.py")) for one in remote)
    assert all(str(tmp_path) not in one["path"] for one in remote)
    assert all(one["nice"] >= 10 for one in remote)
    assert all("plasma" in one["memory"] and not one["writable"] for one in remote)
    assert facts["addresses"]
    assert set(facts["addresses"]) <= LOOPBACK
    assert facts["modes"] == ["0o600", "0o700"]
    assert facts["children"] > 2
    assert facts["left"] == 0
    assert not facts["folder_left"]


SIGNALLED = """
import os, signal, threading
from evolution.ray_cluster import RayCluster
from evolution.ray_evaluator import RayEvaluator
from tests.evolution.builders import blobs

heard, over = [], threading.Event()
signal.signal(signal.SIGTERM, lambda *_: heard.append(1))

def ask_to_end():
    while not over.wait(0.002):
        os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=ask_to_end).start()
# Twice: a runner starts a cluster for each of its jobs.
for _ in range(2):
    before = len(heard)
    evaluator = RayEvaluator(blobs(), RayCluster(cpus=1))
    evaluator.wait_until_ready(60)
    started = len(heard)
    evaluator.close()
    print(started - before, len(heard) - started)
over.set()
"""


def test_one_cluster_follows_another_and_a_request_to_end_is_heard_at_every_moment() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED], capture_output=True, text=True, timeout=120, check=False, cwd=ROOT
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    heard = [int(word) for word in done.stdout.split()]

    assert len(heard) == 4
    assert min(heard) > 20


def hanging(folder: Path) -> Evaluate:
    """Return an evaluate function that stops its own process for one candidate."""

    def evaluate(candidate: Candidate, dataset: Dataset) -> Evaluation:
        import os  # noqa: PLC0415
        import signal  # noqa: PLC0415

        from evolution.evaluation import evaluate_candidate  # noqa: PLC0415

        if candidate.number == 7:
            (folder / str(os.getpid())).touch()
            os.kill(os.getpid(), signal.SIGSTOP)
        return evaluate_candidate(candidate, dataset)

    return evaluate


def test_a_worker_that_hangs_is_replaced_and_only_its_candidate_fails(
    nodes: RayNodes, serial: list[Evaluation], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    limits = Limits(seconds=1.0, epochs=TRAINING.epochs)
    evaluator = RayEvaluator(DATA, joined(nodes), limits, evaluate=hanging(tmp_path))
    evaluator.wait_until_ready(60)
    rows = run(evaluator)
    (stopped,) = tmp_path.iterdir()

    assert len(rows) == 40
    assert [(row.candidate.number, row.error) for row in rows if row.error is not None] == [
        (7, "timeout: the training was not over after 1 s")
    ]
    assert outcomes(rows[:7]) == outcomes(serial[:7])
    deadline = monotonic() + 20
    while Path(f"/proc/{stopped.name}").exists():
        assert monotonic() < deadline
    assert capfd.readouterr() == ("", "")


def leaking(candidate: Candidate, dataset: Dataset) -> Evaluation:
    """Keep more and more memory for one candidate."""
    import numpy as np  # noqa: PLC0415

    from evolution.evaluation import evaluate_candidate  # noqa: PLC0415

    kept = [np.ones(2**20, np.uint8) for _ in range(4_000 if candidate.number == 7 else 1)]
    assert kept
    return evaluate_candidate(candidate, dataset)


def test_a_candidate_that_leaks_fails_alone(nodes: RayNodes, serial: list[Evaluation]) -> None:
    evaluator = RayEvaluator(DATA, joined(nodes), Limits(memory_bytes=100_000_000), evaluate=leaking)
    evaluator.wait_until_ready(60)
    rows = run(evaluator)

    assert [(row.candidate.number, row.error) for row in rows if row.error is not None] == [(7, OUT_OF_MEMORY)]
    assert outcomes(rows[:7]) == outcomes(serial[:7])


def test_limits_give_the_same_rows_on_ray_as_in_one_process(nodes: RayNodes) -> None:
    limits = Limits(seconds=60, memory_bytes=135_000, epochs=TRAINING.epochs)
    evaluator = RayEvaluator(DATA, joined(nodes), limits)
    evaluator.wait_until_ready(60)
    rows = run(evaluator)

    assert outcomes(rows) == outcomes(run(SerialEvaluator(DATA, limits)))
    assert {row.error is None for row in rows} == {True, False}
