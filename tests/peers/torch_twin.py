"""The same network in torch, with the same parameters."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from core.architecture import Architecture
from core.arrays import Array
from core.layers import AveragePooling, Convolution, Dense, Dropout, Flatten, LayerNormalization, MaxPooling
from core.normalization import EPSILON

ACTIVATIONS = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": lambda: nn.GELU(approximate="tanh"),
}


def twin(architecture: Architecture, weights: tuple[Array, ...], dtype: Any = torch.float32) -> Any:
    """Build the network; parameters in the order of `weights`, each weight followed by its bias."""
    modules: list[Any] = [nn.Unflatten(1, architecture.entry_shape)]
    for stage in architecture.stages:
        match stage.layer:
            case Convolution() as layer:
                modules.append(nn.Conv2d(stage.before[0], layer.channels, layer.kernel, layer.stride, layer.padding))
                modules.append(ACTIVATIONS[layer.activation]())
            case Dense() as layer:
                modules.append(nn.Linear(stage.before[0], layer.units))
                modules.append(ACTIVATIONS[layer.activation]())
            case MaxPooling() as layer:
                modules.append(nn.MaxPool2d(layer.size, layer.stride))
            case AveragePooling() as layer:
                modules.append(nn.AvgPool2d(layer.size, layer.stride))
            case Flatten():
                modules.append(nn.Flatten())
            case Dropout():
                raise ValueError("dropout draws its own numbers and cannot be compared")
            case LayerNormalization():
                # One group is layer normalization with a gain per channel.
                modules.append(nn.GroupNorm(1, stage.before[0], eps=EPSILON))
            case None:
                modules.append(nn.Linear(stage.before[0], architecture.outputs))
    network = nn.Sequential(*modules).to(dtype)
    with torch.no_grad():
        for parameter, values in zip(network.parameters(), from_flat(network, weights), strict=True):
            parameter.copy_(torch.tensor(values))
    return network


def from_flat(network: Any, weights: tuple[Array, ...]) -> list[npt.NDArray[Any]]:
    """Return our weights (or their gradient) as torch shapes them: one array per parameter of the twin."""
    result = []
    shapes = [tuple(parameter.shape) for parameter in network.parameters()]
    for matrix, shape in zip(weights, shapes[::2], strict=True):
        result.append(np.ascontiguousarray(matrix[:-1].T).reshape(shape))
        result.append(matrix[-1].copy())
    return result


def with_ones(inputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return (inputs + 1, rows), the last row ones, as a chain reads it, for inputs (rows, inputs)."""
    return np.concatenate([inputs, np.ones((len(inputs), 1), inputs.dtype)], axis=1).T
