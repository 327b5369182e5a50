"""The documented exit codes of every `cambrian` command."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script can rely on; the command's own help lists the same."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    JOB_FAILED = 5
    JOB_CANCELLED = 6
    DIFFERENT = 7
    NOT_COMPARABLE = 8
    INTERRUPTED = 130
