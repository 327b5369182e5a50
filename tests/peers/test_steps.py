"""Fifty steps of training beside torch's: same data, same order, same settings, for every optimizer and loss."""

from typing import Any

import numpy as np
import pytest
import torch

from core.architecture import Architecture
from core.arrays import Array, aligned
from core.chain_step import ChainBuffer, ChainStepper
from core.layers import Convolution, Dense, Flatten, LayerNormalization, MaxPooling
from core.network import Network, weight_views
from core.optimizer import clip_calls, decay_vector
from core.schedule import SCHEDULES, schedule
from core.step import EpochBuffer, Stepper
from core.training import TrainingConfig, make_optimizer
from tests.core.builders import architecture
from tests.peers.losses import LOSSES, loss_targets
from tests.peers.torch_twin import from_flat, twin

# Fifty steps of both take seconds in all.
pytestmark = pytest.mark.slow

STEPS, ROWS = 50, 16
DENSE = architecture(12, [16, 8], 4, "tanh")
IMAGES = Architecture(
    (2, 6, 6),
    (Convolution(4, 3, "tanh", padding=1), LayerNormalization(), MaxPooling(2, 2), Flatten(), Dense(8, "gelu")),
    4,
)


def _data(described: Architecture, loss: str) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((STEPS * ROWS, described.inputs)).astype(np.float32)
    return inputs, loss_targets(loss, len(inputs))


def _peer_optimizer(peer: Any, config: TrainingConfig) -> Any:
    """Biases, and normalizations as a whole, get no weight decay."""
    normalizations = {id(p) for m in peer.modules() if isinstance(m, torch.nn.GroupNorm) for p in m.parameters()}
    decayed = [p for p in peer.parameters() if p.ndim > 1 and id(p) not in normalizations]
    spared = [p for p in peer.parameters() if p.ndim == 1 or id(p) in normalizations]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": spared, "weight_decay": 0.0}]
    match config.optimizer:
        case "sgd":
            nesterov = config.momentum > 0
            return torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.momentum, nesterov=nesterov)
        case "adam":
            return torch.optim.Adam(groups, lr=config.learning_rate, betas=(config.momentum, 0.999))
        case "adamw":
            return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(config.momentum, 0.999))


def _follow(described: Architecture, config: TrainingConfig, loss: str = "softmax", fast: bool = False) -> None:
    inputs, targets = _data(described, loss)
    network = Network(described)
    network.initialize(np.random.default_rng(1))
    peer = twin(described, network.weights)
    gradient = aligned(network.parameters.shape, np.float32)
    gradients = weight_views(described, gradient)
    spared = [
        index
        for index, stage in enumerate(stage for stage in described.stages if stage.weight_shape)
        if isinstance(stage.layer, LayerNormalization)
    ]
    decay_rows = 1 if config.optimizer == "adamw" else ROWS
    decay = decay_vector(network.weights, config.weight_decay, decay_rows, spared=spared)
    optimizer = make_optimizer(config, network.parameters, gradient, decay, ROWS)
    if config.clip_norm is not None:
        optimizer.calls[:0] = clip_calls(gradient, config.clip_norm, ROWS)
    rates = config.learning_rate * schedule(config.schedule, 0, STEPS, STEPS)
    if fast:
        dense = EpochBuffer(inputs, targets, 4, ROWS, np.float32)
        dense.shuffle(rng=np.random.default_rng(2))
        order = dense.order
        Stepper(network.weights, gradients, network.activations, optimizer, ROWS).run(dense.batches, rates)
    else:
        buffer = ChainBuffer(inputs, targets, None, ROWS, np.float32)
        buffer.shuffle(rng=np.random.default_rng(2))
        order = buffer.order
        stepper = ChainStepper(described, network.weights, gradient, LOSSES[loss][0], optimizer, ROWS)
        stepper.run(buffer.batches, rates)

    peer_optimizer = _peer_optimizer(peer, config)
    for step in range(STEPS):
        chosen = order[step * ROWS : (step + 1) * ROWS]
        for group in peer_optimizer.param_groups:
            group["lr"] = rates[step]
        peer_optimizer.zero_grad()
        LOSSES[loss][1](peer(torch.tensor(inputs[chosen])), torch.tensor(targets[chosen])).backward()
        if config.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(peer.parameters(), config.clip_norm)
        peer_optimizer.step()
    for ours, parameter in zip(from_flat(peer, network.weights), peer.parameters(), strict=True):
        np.testing.assert_allclose(ours, parameter.detach().numpy(), rtol=1e-5, atol=1e-5)


def _config(**changes: Any) -> TrainingConfig:
    return TrainingConfig(**{"learning_rate": 0.003, "schedule": "constant", **changes})


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.05])
def test_the_dense_step(optimizer: str, weight_decay: float) -> None:
    _follow(DENSE, _config(optimizer=optimizer, weight_decay=weight_decay), fast=True)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("clip_norm", [None, 0.1])
@pytest.mark.parametrize("described", [DENSE, IMAGES], ids=["dense", "images"])
def test_optimizers_with_decay_and_clipping(optimizer: str, clip_norm: float | None, described: Architecture) -> None:
    _follow(described, _config(optimizer=optimizer, weight_decay=0.05, clip_norm=clip_norm))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("described", [DENSE, IMAGES], ids=["dense", "images"])
def test_losses(loss: str, described: Architecture) -> None:
    _follow(described, _config(), loss)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name: str) -> None:
    _follow(IMAGES, _config(schedule=name, optimizer="adamw", weight_decay=0.01))


def test_plain_descent() -> None:
    _follow(IMAGES, _config(optimizer="sgd", momentum=0.0, learning_rate=0.05))


def test_cosine_is_torch_s() -> None:
    parameter = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    annealing = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20)
    rates = []
    for _ in range(20):
        rates.append(annealing.get_last_lr()[0])
        optimizer.step()
        annealing.step()

    np.testing.assert_allclose(schedule("cosine", 0, 20, 20), rates, rtol=1e-6, atol=1e-9)
