"""Inputs and first-layer weights as pictures, where the input is one."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.layers import Convolution, Dense, Dropout, Flatten
from core.network import Network
from service.examination.limits import SHOWN_NEURONS, SHOWN_VALUES
from service.examination.result import FirstLayer, Picture, WeightImage

_LEAST_SIDE: Final = 3
_COLORS: Final = 3

Array = npt.NDArray[Any]


def picture_of(input_shape: tuple[int, ...]) -> Picture | None:
    """Return how a row makes a picture: (height, width) or (channels, height, width); None where it makes none."""
    if len(input_shape) not in (2, 3) or min(input_shape[-2:]) < _LEAST_SIDE:
        return None
    channels = input_shape[0] if len(input_shape) == 3 else 1
    return Picture(height=input_shape[-2], width=input_shape[-1], channels=channels)


def pixels_of(row: Array, low: float, high: float) -> list[int]:
    """Return the values of a row as whole numbers from 0 (`low` and below) to 255 (`high` and above)."""
    spread = high - low
    if not spread > 0:
        return [0] * row.size
    scaled = np.clip((row.astype(np.float64).ravel() - low) / spread, 0.0, 1.0)
    pixels: list[int] = np.rint(scaled * 255).astype(int).tolist()
    return pixels


def first_layer(network: Network, class_names: tuple[str, ...]) -> FirstLayer | None:
    """Return the weights of the first layer that has any; None where it does not look at a picture directly.

    The strongest neurons come first, by the norm of their weights; outputs stay in the order of the classes. Weights
    are those of standardized inputs.
    """
    architecture = network.architecture
    picture = picture_of(architecture.input_shape)
    if picture is None:
        return None
    matrices = iter(network.weights)
    for stage in architecture.stages:
        match stage.layer:
            case Flatten() | Dropout():
                continue
            case Dense() | None if stage.weight_shape is not None and stage.weight_shape[0] == architecture.inputs + 1:
                weights = np.asarray(next(matrices))[:-1].T
                outputs = stage.layer is None
                labels = class_names if outputs and len(class_names) == len(weights) else None
                images = weights.reshape(-1, picture.channels, picture.height, picture.width)
                return _layer("outputs" if outputs else "neurons", images, labels)
            case Convolution(kernel=size):
                weights = np.asarray(next(matrices))[:-1].T
                return _layer("kernels", weights.reshape(len(weights), -1, size, size), None)
            case _:
                # Behind anything else the weights look at something that is no picture any more.
                return None
    return None


def _layer(kind: str, images: Array, labels: tuple[str, ...] | None) -> FirstLayer:
    """Describe images (n, channels, height, width); channels are put side by side."""
    flat = images.transpose(0, 2, 1, 3).reshape(len(images), images.shape[2], -1)
    order = np.argsort(-np.square(flat.astype(np.float64)).sum(axis=(1, 2)), kind="stable")
    shown = min(SHOWN_NEURONS, max(1, SHOWN_VALUES // flat[0].size))
    chosen = range(min(shown, len(flat))) if labels is not None else order[:shown].tolist()
    return FirstLayer(
        kind=kind,  # type: ignore[arg-type] # one of the three words
        height=flat.shape[1],
        width=flat.shape[2],
        count=len(flat),
        largest=float(np.abs(flat[list(chosen)]).max()),
        images=[
            WeightImage(label=str(index) if labels is None else labels[index], values=_short(flat[index]))
            for index in chosen
        ],
    )


def _short(values: Array) -> list[float]:
    """Return the numbers with three digits, enough for a color."""
    return [float(f"{value:.3g}") for value in values.ravel().tolist()]
