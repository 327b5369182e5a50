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


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="the kernel does not group by session")
@pytest.mark.parametrize("alone", [True, False])
def test_a_session_of_its_own_gives_way_as_a_whole(alone: bool) -> None:
    here = Path("/proc/self/autogroup").read_text(encoding="ascii").split()[-1]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], start_new_session=alone, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [str(NICENESS), str(SESSION_NICENESS) if alone else here]
