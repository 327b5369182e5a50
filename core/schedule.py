"""Learning rates over a training: the rate of step i of n, as a fraction of the configured one."""

from typing import Literal, assert_never, get_args

import numpy as np
import numpy.typing as npt

ScheduleName = Literal["constant", "one_cycle", "cosine", "step"]
SCHEDULES: tuple[ScheduleName, ...] = get_args(ScheduleName)

WARM_UP = 0.3
# Where "step" lowers the rate, as shares of the training, and by how much.
STEP_PLACES = (0.5, 0.75)
STEP_FACTOR = 0.1


def schedule(name: ScheduleName, first: int, count: int, total: int) -> npt.NDArray[np.float64]:
    """Return the fractions for steps `first` (from 0) to `first + count - 1` of `total`.

    "one_cycle" (Smith and Topin 2018) rises in a straight line from near 0 to 1 over the first 30 % of the steps and
    falls in a straight line to near 0 with the last; momentum stays as it is. "cosine" falls from 1 to near 0 in half a
    wave (Loshchilov and Hutter 2017, eq. 5, without restarts). "step" falls to a tenth after half and to a hundredth
    after three quarters of the steps (He et al. 2016, section 4.2).
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
        case "cosine":
            return np.asarray(0.5 * (1 + np.cos(np.pi * steps / total)))
        case "step":
            falls = sum((steps >= place * total).astype(np.float64) for place in STEP_PLACES)
            return np.asarray(STEP_FACTOR**falls)
        case _:
            assert_never(name)
