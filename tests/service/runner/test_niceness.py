import subprocess
import sys
from pathlib import Path

import pytest

from service.runner.niceness import NICENESS, SESSION_NICENESS

PROGRAM = (
    "import os\n"
    "from pathlib import Path\n"
    "from service.runner.niceness import give_way\n"
    "before = os.nice(0)\n"
    "give_way()\n"
    "print(os.nice(0) - before, Path('/proc/self/autogroup').read_text().split()[-1])\n"
)


def session_niceness() -> str | None:
    """Return the niceness of this session; None where the kernel groups by none: no such file, or an empty one."""
    try:
        return Path("/proc/self/autogroup").read_text(encoding="ascii").split()[-1]
    except (OSError, IndexError):
        return None


@pytest.mark.skipif(session_niceness() is None, reason="the kernel does not group by session")
@pytest.mark.parametrize("alone", [True, False])
def test_a_session_of_its_own_gives_way_as_a_whole(alone: bool) -> None:
    here = session_niceness()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], start_new_session=alone, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [str(NICENESS), str(SESSION_NICENESS) if alone else here]


def test_the_runner_gives_way_where_the_kernel_does_not_group_by_session() -> None:
    program = (
        "import os\n"
        "from pathlib import Path\n"
        "from service.runner import niceness\n"
        "niceness._AUTOGROUP = Path('/nowhere/autogroup')\n"
        "before = os.nice(0)\n"
        "niceness.give_way()\n"
        "print(os.nice(0) - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], start_new_session=True, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [str(NICENESS)]
