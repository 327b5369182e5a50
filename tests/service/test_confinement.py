import os
import subprocess
import sys

PROGRAM = """
import resource, sys
from service.confinement import end_with_parent, limit
end_with_parent(int(sys.argv[1]))
limit(2_000_000_000, 7)
print(*(resource.getrlimit(name) for name in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)))
"""


def run(parent: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(parent)], capture_output=True, text=True, check=False, timeout=60
    )


def test_a_process_bounds_what_it_takes() -> None:
    assert run(os.getpid()).stdout == "(2000000000, 2000000000) (7, 12) (0, 0)\n"


def test_a_process_whose_parent_is_gone_already_ends() -> None:
    ended = run(1 if os.getpid() != 1 else 2)

    assert (ended.returncode, ended.stdout) == (1, "")
