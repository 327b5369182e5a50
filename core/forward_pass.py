"""One pass through a network that keeps what each hidden layer put out, for whoever wants to look inside."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.architecture import Architecture
from core.arrays import Array, aligned
from core.chain import Chain, piece_rows
from core.forward import CHUNK_ROWS, Forward
from core.layers import Layer


@dataclass(frozen=True, slots=True, eq=False)
class HiddenOutput:
    """What a hidden layer put out: (n, units) for a vector, (n, channels, height, width) for images."""

    layer: Layer
    values: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ForwardPass:
    """The logits (n, outputs) of some rows, and what every hidden layer put out on the way, in order."""

    logits: npt.NDArray[np.float32]
    hidden: tuple[HiddenOutput, ...]


def forward_pass(architecture: Architecture, weights: Sequence[Array], inputs: Array) -> ForwardPass:
    """Return the pass of prepared inputs (n, inputs); its logits are those of `Network.logits`, bit for bit.

    Everything is kept, so it is for a few rows: n must not exceed what one pass takes. Raises ValueError.
    """
    rows = len(inputs)
    # As many at once as the plain pass takes, because matrix products of other sizes may round otherwise.
    most = CHUNK_ROWS if architecture.is_dense else piece_rows(architecture, rows)
    if not 1 <= rows <= most:
        raise ValueError(f"one pass takes 1 to {most} rows, got {rows}")
    batch = aligned((rows, architecture.inputs + 1), weights[0].dtype)
    batch[:, :-1], batch[:, -1] = inputs, 1
    if architecture.is_dense:
        forward = Forward(weights, architecture.activations, rows, training=False)
        logits, outputs = forward(batch.T), [output[:-1] for output in forward.hidden]
    else:
        chain = Chain(architecture, weights, rows)
        logits, outputs = chain.forward(batch.T), [output.values for output in chain.hidden]
    hidden = (
        HiddenOutput(layer, output.T.reshape(rows, *stage.after))
        for layer, stage, output in zip(architecture.layers, architecture.stages, outputs, strict=False)
    )
    return ForwardPass(logits.T.copy(), tuple(hidden))
