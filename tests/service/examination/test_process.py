"""The process itself: what it is given, what it may take, and what becomes of one that does not behave."""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.examination.files import ExaminationFiles
from service.examination.limits import ProcessLimits
from service.examination.order import Order
from service.examination.process import ExaminationProcess, ProcessEnded
from tests.service.examination.test_examine import data_of, order_of, trained

pytestmark = pytest.mark.slow

ADDRESS = "postgresql://somebody:secret@nowhere/db"


def hear_nothing(said: Mapping[str, Any]) -> None:
    pytest.fail(f"it said {said}")


class Other(ExaminationProcess):
    """A program in the place of ours."""

    program = ""

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-c", self.program]


def running(program: str, folder: Path, limits: ProcessLimits | None = None) -> Other:
    process = Other({}, folder, folder, limits or ProcessLimits(5))
    process.program = program
    return process


class Short(ProcessLimits):
    """Ends what takes longer than a second."""

    @property
    def wall_seconds(self) -> float:
        return 1.0


def examine(order: Order, folder: Path, limits: ProcessLimits | None = None) -> list[Mapping[str, Any]]:
    heard: list[Mapping[str, Any]] = []
    files = ExaminationFiles(folder)
    files.make(order.job_id)
    orders = {order.key: order}
    ExaminationProcess(orders, files.folder(order.job_id), folder, limits or ProcessLimits(20)).run(heard.append)
    return heard


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> Order:
    data = data_of("spirals", tmp_path_factory.mktemp("data"))
    return order_of(trained(data), data)


def test_it_writes_what_it_finds_and_says_so(order: Order, tmp_path: Path) -> None:
    assert examine(order, tmp_path)[-1] == {"key": order.key, "done": True}

    names = {path.name for path in (tmp_path / "examinations" / "a").iterdir()}
    assert names == {f"{order.key}.{kind}" for kind in ("json", "csv", "npz")}
    found = json.loads((tmp_path / "examinations" / "a" / f"{order.key}.json").read_bytes())
    assert found["reproduction"]["equal"] is True


def test_it_knows_no_secret_and_stands_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMBRIAN_DATABASE_URL", ADDRESS)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    heard: list[Mapping[str, Any]] = []

    running(
        "import json, os; print(json.dumps({'environment': dict(os.environ), 'folder': os.getcwd()}))", tmp_path
    ).run(heard.append)

    environment, folder = heard[0]["environment"], heard[0]["folder"]
    assert ADDRESS not in str(environment)
    assert not any(name.startswith("CAMBRIAN") for name in environment)
    assert environment["OPENBLAS_CORETYPE"] == "Haswell"
    assert environment["OPENBLAS_NUM_THREADS"] == "1"
    assert folder == "/"


def test_the_task_holds_no_secret_either(order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMBRIAN_DATABASE_URL", ADDRESS)
    process = Other({order.key: order}, tmp_path, tmp_path, ProcessLimits(5))
    process.program = "import sys; print(sys.stdin.read())"
    heard: list[Mapping[str, Any]] = []

    process.run(heard.append)

    assert ADDRESS not in str(heard)
    assert heard[0]["orders"][order.key]["dataset"] == "spirals"


def test_it_gives_way_to_everybody(order: Order, tmp_path: Path) -> None:
    niceness = (
        "import json, os, runpy, sys\n"
        "import service.examination.__main__ as program\n"
        "program._examine_all = lambda task, pipe: pipe.write(json.dumps({'nice': os.nice(0)}) + '\\n')\n"
        "program.main()\n"
    )
    process = Other({order.key: order}, tmp_path, tmp_path, ProcessLimits(5))
    process.program = niceness
    heard: list[Mapping[str, Any]] = []

    process.run(heard.append)

    assert heard[0]["nice"] >= min(19, os.nice(0) + 10)


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(ProcessEnded, match="was ended after 1 seconds"):
        running("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", tmp_path, Short(1)).run(hear_nothing)


def test_whatever_it_started_ends_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "grandchild"
    program = (
        "import pathlib, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)'])\n"
        f"pathlib.Path({str(mark)!r}).write_text(str(child.pid))\n"
        "time.sleep(100)\n"
    )

    with pytest.raises(ProcessEnded):
        running(program, tmp_path, Short(1)).run(hear_nothing)

    grandchild = int(mark.read_text())
    deadline = time.monotonic() + 10
    while alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.01)

    assert not alive(grandchild)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_one_that_is_killed_says_something_a_person_understands(tmp_path: Path) -> None:
    with pytest.raises(ProcessEnded, match="was killed, perhaps because memory ran out"):
        running(f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})", tmp_path).run(hear_nothing)


def test_one_that_fails_tells_no_trace(tmp_path: Path) -> None:
    with pytest.raises(ProcessEnded) as raised:
        running("raise RuntimeError('/secret/path')", tmp_path).run(hear_nothing)

    assert str(raised.value) == "the process that trains it again failed; the log of the service says how"


def test_memory_and_time_of_the_processor_are_bounded(order: Order, tmp_path: Path) -> None:
    heard = examine(order, tmp_path)

    assert heard[-1]["done"] is True

    with pytest.raises(ProcessEnded, match="memory"):
        examine(order, tmp_path, replace(ProcessLimits(20), memory_bytes=60_000_000))


class Second(ProcessLimits):
    """One second of the processor."""

    @property
    def processor_seconds(self) -> int:
        return 1

    @property
    def wall_seconds(self) -> float:
        return 120.0


def test_a_training_that_takes_too_long_is_ended(order: Order, tmp_path: Path) -> None:
    endless = replace(order, training=replace(order.training, epochs=100_000))

    with pytest.raises(ProcessEnded, match="more than the 1 seconds of processor time"):
        examine(endless, tmp_path, Second(1))


def test_stopping_ends_it_at_once(order: Order, tmp_path: Path) -> None:
    process = running("import time; print('{}', flush=True); time.sleep(100)", tmp_path)

    with pytest.raises(ProcessEnded, match="killed"):
        process.run(lambda _: process.stop())
