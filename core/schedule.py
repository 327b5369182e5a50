"""Learning rates over a training: the rate of step i of n, as a fraction of the configured one."""

from typing import Literal, assert_never, get_args

import numpy as np
import numpy.typing as npt

ScheduleName = Literal["constant", "one_cycle"]
SCHEDULES: tuple[ScheduleName, ...] = get_args(ScheduleName)

WARM_UP = 0.3


def schedule(name: ScheduleName, first: int, count: int, total: int) -> npt.NDArray[np.float64]:
    """Return the fractions for steps `first` (from 0) to `first + count - 1` of `total`.

    "one_cycle" (Smith and Topin 2018) rises in a straight line from near 0 to 1 over the first 30 % of the steps and
    falls in a straight line to near 0 with the last; momentum stays as it is.
    """
    steps = np.arange(first, first + count, dtype=np.float64)
    match name:
        case "constant":
            return np.ones(count)
        case "one_cycle":
            peak = WARM_UP * total
            rise, fall = (steps + 1) / peak, (total - steps) / (total - peak)
            # Neither line is 0 at any step; with few steps both may pass 1 between two of them.
            return np.minimum(np.minimum(rise, fall), 1)
        case _:
            assert_never(name)
