"""One thread for BLAS, wherever numbers are computed that must come out the same on every run.

The bits of a matrix product may depend on how many threads share it, and so would those of a network that is trained,
of what a surrogate believes, and at last of what a search proposes.
"""

from functools import cache

from threadpoolctl import threadpool_limits


@cache
def pin_blas() -> None:
    """Give BLAS one thread in this process, once.

    It is no loss either: two processes with two BLAS threads each on two cores are slower than one.
    """
    threadpool_limits(limits=1, user_api="blas")
