"""What a search optimizes: the score alone, or the score together with a cost that is known before any training.

Costs are compared on a logarithmic scale: halving a network of a million parameters is worth as much as halving one of
a thousand.
"""

import math
from typing import Literal, assert_never, get_args

import numpy as np
import numpy.typing as npt

from core.architecture import Architecture
from evolution.space import SearchSpace

CostName = Literal["parameters", "inference_flops", "training_flops"]
ObjectiveName = Literal["score", CostName]
COSTS: tuple[CostName, ...] = get_args(CostName)


def cost(architecture: Architecture, name: CostName) -> int:
    """Return the cost, to be small: parameters, or FLOPs per sample."""
    match name:
        case "parameters":
            return architecture.parameter_count
        case "inference_flops":
            return architecture.inference_flops
        case "training_flops":
            return architecture.training_flops
        case _:
            assert_never(name)


def log_cost(architecture: Architecture, name: CostName) -> float:
    """Return the decimal logarithm of the cost."""
    return math.log10(cost(architecture, name))


def largest_log_cost(space: SearchSpace, name: CostName) -> float:
    """Return an upper bound of `log_cost` over the space: that of its widest network of any depth."""
    return max(log_cost(space.largest(blocks, depth), name) for blocks, depth in space.shapes())


def front(scores: npt.ArrayLike, costs: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Return the places of what is not dominated, by rising cost: no other has at most the cost and at least the score.

    Of equals the first stays.
    """
    score, price = np.asarray(scores, np.float64), np.asarray(costs, np.float64)
    order = np.lexsort((np.arange(len(score)), -score, price))
    kept, best = [], -math.inf
    for place in order:
        if score[place] > best:
            kept.append(int(place))
            best = float(score[place])
    return np.array(kept, np.intp)
