import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from service.store import lease
from service.store.lease import RunnerIdentity, boot_id, known_dead, seconds_since_boot


@pytest.fixture
def process() -> "Iterator[subprocess.Popen[bytes]]":
    """A process that does nothing until it is killed."""
    started = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    yield started
    started.kill()
    started.communicate()


def identity_of(pid: int) -> RunnerIdentity:
    found = lease._process(pid)

    assert found is not None

    return replace(RunnerIdentity.of_this_process(), pid=pid, started=found[1])


def test_this_process_is_not_dead() -> None:
    identity = RunnerIdentity.of_this_process()

    assert identity.pid == os.getpid()
    assert not identity.known_dead()
    assert RunnerIdentity.of_this_process() == identity


def test_an_identity_survives_its_text_form() -> None:
    identity = RunnerIdentity.of_this_process()

    assert RunnerIdentity.parse(str(identity)) == identity


@pytest.mark.parametrize("text", ["", "runner-1", "a boot b pid c started 1", "a boot b pid 1 started 1 "])
def test_other_texts_are_no_identity_and_nobody_dead(text: str) -> None:
    with pytest.raises(ValueError, match="text form of a runner"):
        RunnerIdentity.parse(text)

    assert not known_dead(text)


def test_a_killed_process_is_dead_before_and_after_its_parent_noticed(process: "subprocess.Popen[bytes]") -> None:
    identity = identity_of(process.pid)

    assert not identity.known_dead()

    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert identity.known_dead()

    process.wait()

    assert identity.known_dead()


def test_a_number_that_was_given_to_another_process_is_dead(process: "subprocess.Popen[bytes]") -> None:
    identity = identity_of(process.pid)

    assert replace(identity, started=identity.started - 1).known_dead()


def test_a_process_whose_start_is_unknown_is_judged_by_its_number(process: "subprocess.Popen[bytes]") -> None:
    identity = replace(identity_of(process.pid), started=0)

    assert not identity.known_dead()

    process.kill()
    process.wait()

    assert identity.known_dead()


def test_nothing_is_known_of_other_hosts_and_boots() -> None:
    gone = replace(RunnerIdentity.of_this_process(), pid=2**22 + 1)

    assert gone.known_dead()
    assert not replace(gone, host="elsewhere").known_dead()
    assert not replace(gone, boot="another").known_dead()


def test_without_proc_the_number_decides(process: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_process", lambda _pid: None)
    identity = replace(RunnerIdentity.of_this_process(), pid=process.pid)

    assert identity.started == 0
    assert not identity.known_dead()

    process.kill()
    process.wait()

    assert identity.known_dead()


def test_the_clock_goes_on_and_the_boot_stays() -> None:
    first = seconds_since_boot()
    time.sleep(0.01)

    assert seconds_since_boot() > first
    assert boot_id() == boot_id() != ""
