"""How much memory a training takes, told before any of it is taken.

Counted is what a training makes: vectors as long as the parameters, the train rows as the steps read them, the arrays
of the layers for each number of rows that passes through them, and what validation computes with. The data set itself
is there before, and Python and its libraries take their 35 MB or so whatever is trained.
"""

import math
from collections.abc import Collection

from core.architecture import ActivationName, Architecture
from core.chain import piece_rows
from core.dataset import Task
from core.epoch_rows import block_batches
from core.forward import CHUNK_ROWS
from core.layers import AveragePooling, Convolution, Dense, Dropout, Flatten, LayerNormalization, MaxPooling, values
from core.replicates import group_size
from core.training import TrainingConfig, takes_the_dense_path

FLOAT, INDEX, DOUBLE = 4, 8, 8
# Python's objects: a batch's views and what is bound to them, and those of the training as a whole.
BATCH_OBJECTS = 1000
TRAINING_OBJECTS = 50_000
# Arrays as large as a layer's output that its activation keeps besides the output, and besides its gradient.
ACTIVATION_ARRAYS: dict[ActivationName, int] = {"relu": 1, "tanh": 0, "sigmoid": 1, "gelu": 3}
# Numbers in double precision per validation output while its loss and its score are computed.
VALIDATION_DOUBLES: dict[Task, int] = {"classification": 2, "binary": 4, "multi_label": 4, "regression": 3}
# Arrays as large as a batch's outputs that its loss keeps.
LOSS_ARRAYS: dict[Task, int] = {"classification": 0, "binary": 3, "multi_label": 3, "regression": 1}


def training_bytes(
    architecture: Architecture,
    config: TrainingConfig,
    *,
    rows: int,
    validation_rows: int,
    task: Task = "classification",
    replicates: int = 1,
) -> int:
    """Return the bytes that `core.replicates.train_replicates` takes at its peak; one replicate is a plain training.

    `rows` are the train rows. Measured peaks lie within a fifth of it: docs/performance.md states the formula.
    """
    batch = min(config.batch_size, rows)
    members = group_size(architecture, task, config, rows, replicates)
    parameters = FLOAT * architecture.parameter_count
    finished = (replicates - members) * parameters
    if members > 1:
        return finished + _stack(architecture, config, rows, validation_rows, batch, members)
    steps = math.ceil(rows / batch)
    # Parameters, their gradient, the best epoch's; two moments, or velocity and change.
    vectors = 5 + (2 if config.weight_decay else 0)
    dense = takes_the_dense_path(architecture, task, config)
    if dense:
        data = _rows(architecture, rows, batch) + rows * (6 * INDEX + 2 * FLOAT + architecture.outputs * FLOAT)
        trained = sum(_dense_pass(architecture, part, training=True) for part in _parts(rows, batch))
    else:
        data = _rows(architecture, rows, batch) + rows * (_target_bytes(architecture, task, config) + FLOAT)
        piece = piece_rows(architecture, batch)
        vectors += piece < batch
        parts = {part for whole in _parts(rows, batch) for part in _parts(whole, piece)}
        trained = sum(
            _chain_pass(architecture, part, training=True) + _loss(architecture, task, part) for part in parts
        )
    chunk = CHUNK_ROWS if architecture.is_dense else piece_rows(architecture, CHUNK_ROWS)
    one_pass = _dense_pass if architecture.is_dense else _chain_pass
    validated = sum(
        one_pass(architecture, part, training=False) + FLOAT * part * (architecture.inputs + 1)
        for part in _parts(validation_rows, chunk)
    )
    scored = validation_rows * (architecture.outputs * (FLOAT + DOUBLE * VALIDATION_DOUBLES[task]) + 2 * DOUBLE)
    objects = TRAINING_OBJECTS + steps * BATCH_OBJECTS
    return finished + vectors * parameters + data + trained + validated + scored + objects


def _parts(rows: int, size: int) -> Collection[int]:
    """Return the different numbers of rows of the parts of at most `size` that rows are cut into."""
    return {part for part in (min(size, rows), rows % size) if part}


def _rows(architecture: Architecture, rows: int, batch: int) -> int:
    """Return the bytes of the inputs with their ones, of one block of them, and of their order."""
    row = FLOAT * (architecture.inputs + 1)
    return row * (rows + min(rows, batch * block_batches(batch * row))) + rows * 2 * INDEX


def _target_bytes(architecture: Architecture, task: Task, config: TrainingConfig) -> int:
    """Return the bytes of one row's target and weight in the chain path: as they came, and in the epoch's order."""
    target = INDEX if task == "classification" else FLOAT * architecture.outputs
    return 2 * (target + (FLOAT if config.class_weights is not None else 0))


def _loss(architecture: Architecture, task: Task, rows: int) -> int:
    return rows * (FLOAT * LOSS_ARRAYS[task] * architecture.outputs + 2 * INDEX + 2 * FLOAT)


def _dense_pass(architecture: Architecture, rows: int, *, training: bool) -> int:
    """Return the bytes of the arrays of `core.forward.Forward`."""
    units = sum(
        layer.units * (1 + training + ACTIVATION_ARRAYS[layer.activation]) + 1
        for layer in architecture.layers
        if isinstance(layer, Dense)
    )
    return FLOAT * rows * (units + architecture.outputs + 1)


def _chain_pass(architecture: Architecture, rows: int, *, training: bool) -> int:
    """Return the bytes of the arrays of `core.chain.Chain`."""
    first = architecture.stages[0].layer
    numbers = architecture.outputs
    if not (first is None or isinstance(first, Dense)):
        numbers += architecture.inputs + 1
    # Whether a layer hands a gradient back: only where something before it has parameters.
    passes_on = False
    for stage in architecture.stages[:-1]:
        output = values(stage.after)
        match stage.layer:
            case Dense() as layer:
                numbers += output * (1 + training + ACTIVATION_ARRAYS[layer.activation]) + 1
            case Convolution() as layer:
                numbers += output * (1 + training + ACTIVATION_ARRAYS[layer.activation]) + 1
                gathered = stage.before[0] * layer.kernel**2 * values(stage.after[1:])
                numbers += gathered * (2 if training and passes_on else 1) + values(stage.after[1:])
            case MaxPooling():
                # Besides output, gradient and a part of it one byte per value: where the largest stands.
                numbers += output * 13 // 4 if training and passes_on else output
            case AveragePooling():
                numbers += output * (2 if training and passes_on else 1)
            case Dropout():
                numbers += output * 2 if training else 0
            case LayerNormalization():
                numbers += output * (3 + training) + output // stage.before[0] + 4
            case Flatten() | None:
                pass
        passes_on = training and (passes_on or stage.weight_shape is not None)
    return FLOAT * rows * numbers


def _stack(
    architecture: Architecture, config: TrainingConfig, rows: int, validation_rows: int, batch: int, members: int
) -> int:
    """Return the bytes of `core.stack.train_stack` with that many members of one architecture."""
    row, outputs = FLOAT * (architecture.inputs + 1), architecture.outputs
    # A network's own, and those of the stack as in a single training.
    vectors = 6 + (2 if config.weight_decay else 0)
    parameters = members * FLOAT * architecture.parameter_count * vectors
    steps = rows // batch
    # Order, targets' cells and places; what the losses are made of; while an epoch is arranged twice the order.
    data = rows * (row + INDEX) + members * rows * (4 * INDEX + 2 * FLOAT + 2 * INDEX)
    slot = members * batch * (row + FLOAT * outputs + INDEX + 3 * FLOAT)
    block = min(steps, block_batches(members * batch * row)) * (slot + BATCH_OBJECTS)
    if rows % batch:
        block += members * (rows % batch) * (row + FLOAT * outputs + INDEX + 3 * FLOAT) + BATCH_OBJECTS
    trained = sum(_dense_pass(architecture, part, training=True) for part in _parts(rows, batch))
    validated = sum(_dense_pass(architecture, part, training=True) for part in _parts(validation_rows, CHUNK_ROWS))
    scored = validation_rows * outputs * (FLOAT + DOUBLE * VALIDATION_DOUBLES["classification"])
    seen = validation_rows * row
    objects = TRAINING_OBJECTS
    return parameters + data + block + members * (trained + validated + scored) + seen + objects
