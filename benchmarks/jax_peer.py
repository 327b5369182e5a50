"""JAX as a peer: all steps of an epoch compiled as one program for one architecture, Adam written out.

Called step by step the program is two to four times slower where networks are small.
"""

import importlib
import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cases import CLASSES, LEARNING_RATE, Case

# Parameters, both moments and the number of steps.
State = tuple[Any, Any, Any, Any]
FIRST_DECAY, SECOND_DECAY, EPSILON = 0.9, 0.999, 1e-8
# XLA would share the work of one product out among all cores.
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"


def _parameters(case: Case) -> list[tuple[Any, Any]]:
    jnp = importlib.import_module("jax.numpy")
    rng = np.random.default_rng(0)
    sizes = (case.inputs, *case.widths, CLASSES)
    layers = []
    for before, units in itertools.pairwise(sizes):
        weights = rng.standard_normal((before, units)) * np.sqrt(2 / before)
        layers.append((jnp.asarray(weights.astype(np.float32)), jnp.zeros(units, np.float32)))
    return layers


def _logits(layers: list[tuple[Any, Any]], inputs: Any) -> Any:
    jnp = importlib.import_module("jax.numpy")
    for weights, bias in layers[:-1]:
        inputs = jnp.maximum(inputs @ weights + bias, 0)
    return inputs @ layers[-1][0] + layers[-1][1]


def _loss(layers: list[tuple[Any, Any]], inputs: Any, targets: Any) -> Any:
    jax, jnp = importlib.import_module("jax"), importlib.import_module("jax.numpy")
    logarithms = jax.nn.log_softmax(_logits(layers, inputs))
    return -jnp.take_along_axis(logarithms, targets[:, None], axis=1).mean()


def _step(state: State, inputs: Any, targets: Any) -> State:
    """Take one step of Adam (Kingma and Ba 2015, algorithm 1)."""
    jax, jnp = importlib.import_module("jax"), importlib.import_module("jax.numpy")
    parameters, first, second, count = state
    gradients = jax.grad(_loss)(parameters, inputs, targets)
    count = count + 1
    first = jax.tree.map(lambda m, g: FIRST_DECAY * m + (1 - FIRST_DECAY) * g, first, gradients)
    second = jax.tree.map(lambda v, g: SECOND_DECAY * v + (1 - SECOND_DECAY) * g * g, second, gradients)
    first_correction, second_correction = 1 - FIRST_DECAY**count, 1 - SECOND_DECAY**count

    def updated(parameter: Any, m: Any, v: Any) -> Any:
        return parameter - LEARNING_RATE * m / first_correction / (jnp.sqrt(v / second_correction) + EPSILON)

    return jax.tree.map(updated, parameters, first, second), first, second, count


def _epoch(state: State, batches: tuple[Any, Any], rest: tuple[Any, Any] | None) -> State:
    lax = importlib.import_module("jax.lax")
    state, _ = lax.scan(lambda carried, batch: (_step(carried, *batch), None), state, batches)
    return state if rest is None else _step(state, *rest)


def jax_jit(case: Case) -> Callable[[], object]:
    """Prepare a training that is compiled once, in its first run, and then reused."""
    jax, jnp = importlib.import_module("jax"), importlib.import_module("jax.numpy")
    # The old state's memory becomes the new one's.
    epoch = jax.jit(_epoch, donate_argnums=0)
    predict = jax.jit(lambda layers, rows: _logits(layers, rows).argmax(axis=1))
    inputs, targets = case.data()
    rows = jnp.asarray(inputs[: case.rows // 5])
    full = case.rows // case.batch * case.batch

    def run() -> None:
        rng = np.random.default_rng(0)
        parameters = _parameters(case)
        state = (parameters, *(jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)), jnp.float32(0))
        for _ in range(case.epochs):
            order = rng.permutation(case.rows)
            shuffled, wanted = inputs[order], targets[order]
            batches = (
                shuffled[:full].reshape(-1, case.batch, case.inputs),
                wanted[:full].reshape(-1, case.batch),
            )
            state = epoch(state, batches, (shuffled[full:], wanted[full:]) if full < case.rows else None)
        predict(state[0], rows).block_until_ready()

    return run


def jax_compile_seconds(case: Case) -> float:
    """Return the CPU seconds that a new architecture costs before its first step: a first run less a second.

    A search tries architectures that nobody has compiled yet, so this comes with each of its candidates.
    """
    # JAX remembers what it compiled for these shapes, also where another call asked for it.
    importlib.import_module("jax").clear_caches()
    run = jax_jit(case)
    seconds = []
    for _ in range(2):
        started = time.process_time()
        run()
        seconds.append(time.process_time() - started)
    return seconds[0] - seconds[1]
