"""The kinds of hidden layer, as frozen descriptions that know the shapes, the parameters and the cost of what they are.

A shape is what one sample looks like between two layers: (units,) for a vector, (channels, height, width) for an
image. Descriptions hold no arrays; what computes them stands in the file of the same name as the kind.
"""

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from core.errors import InvalidArchitecture
from core.json_fields import check_int, json_object

ActivationName = Literal["relu", "tanh", "sigmoid", "gelu"]
ACTIVATIONS: tuple[ActivationName, ...] = get_args(ActivationName)

Shape: TypeAlias = tuple[int, ...]

MAX_UNITS = 2**16
MAX_CHANNELS = 2**12
MAX_KERNEL = 63
# Dropout draws in float32: shares nearer to 0 or 1 than this could not be told from them.
MIN_RATE, MAX_RATE = 0.001, 0.999


def _check_activation(value: object, kind: str) -> None:
    if value not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise InvalidArchitecture(f"{kind} layer: unknown activation {value!r}; known are {known}"[:300])


def _check(value: object, what: str, low: int, high: int) -> None:
    check_int(value, what=what, low=low, high=high, error=InvalidArchitecture)


def _image(shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise InvalidArchitecture(f"takes an image (channels, height, width), gets {shape}")
    return shape[0], shape[1], shape[2]


def window_counts(shape: Shape, size: int, stride: int, padding: int = 0) -> tuple[int, int]:
    """Return how many windows of size x size fit into the rows and columns of a padded image, `stride` apart.

    What is left at the right and lower edge is not looked at. Raises InvalidArchitecture where none fits.
    """
    _, height, width = _image(shape)
    if size > min(height, width) + 2 * padding:
        padded = f" with padding {padding}" if padding else ""
        raise InvalidArchitecture(f"a window of {size}x{size} does not fit into {height}x{width}{padded}")
    return (height + 2 * padding - size) // stride + 1, (width + 2 * padding - size) // stride + 1


@dataclass(frozen=True, slots=True)
class Dense:
    """A fully connected layer followed by its activation; raises InvalidArchitecture."""

    kind: ClassVar[str] = "dense"
    units: int
    activation: ActivationName

    def __post_init__(self) -> None:
        _check(self.units, "dense layer: units", 1, MAX_UNITS)
        _check_activation(self.activation, self.kind)

    def output_shape(self, shape: Shape) -> Shape:
        """Return what one sample looks like behind the layer."""
        if len(shape) != 1:
            raise InvalidArchitecture(f"takes a vector, gets {shape}; put a flatten layer before it")
        return (self.units,)

    def weight_shape(self, shape: Shape) -> tuple[int, int] | None:
        """Return (inputs + 1, units); the last row is the bias."""
        return shape[0] + 1, self.units

    def describe(self) -> str:
        """Say it in a few words."""
        return f"{self.units} {self.activation}"


@dataclass(frozen=True, slots=True)
class Convolution:
    """A 2-D convolution with a square kernel, followed by its activation; raises InvalidArchitecture.

    The kernel moves by `stride`; `padding` zeros surround the image. It is a cross-correlation, as usual in this field.
    """

    kind: ClassVar[str] = "convolution"
    channels: int
    kernel: int
    activation: ActivationName
    stride: int = 1
    padding: int = 0

    def __post_init__(self) -> None:
        _check(self.channels, "convolution layer: channels", 1, MAX_CHANNELS)
        _check(self.kernel, "convolution layer: kernel", 1, MAX_KERNEL)
        _check(self.stride, "convolution layer: stride", 1, MAX_KERNEL)
        # More padding than that would give windows that see nothing but padding.
        _check(self.padding, "convolution layer: padding", 0, self.kernel - 1)
        _check_activation(self.activation, self.kind)

    def output_shape(self, shape: Shape) -> Shape:
        """Return what one sample looks like behind the layer."""
        return (self.channels, *window_counts(shape, self.kernel, self.stride, self.padding))

    def weight_shape(self, shape: Shape) -> tuple[int, int] | None:
        """Return (input channels * kernel * kernel + 1, channels); the last row is the bias."""
        return shape[0] * self.kernel**2 + 1, self.channels

    def describe(self) -> str:
        """Say it in a few words."""
        stride = f"/{self.stride}" if self.stride > 1 else ""
        padding = f"+{self.padding}" if self.padding else ""
        return f"{self.channels} conv {self.kernel}x{self.kernel}{stride}{padding} {self.activation}"


@dataclass(frozen=True, slots=True)
class _Pooling:
    size: int
    stride: int

    def __post_init__(self) -> None:
        kind = str(getattr(self, "kind", ""))
        _check(self.size, f"{kind} layer: size", 1, MAX_KERNEL)
        _check(self.stride, f"{kind} layer: stride", 1, MAX_KERNEL)

    def output_shape(self, shape: Shape) -> Shape:
        """Return what one sample looks like behind the layer."""
        return (shape[0], *window_counts(shape, self.size, self.stride))

    def weight_shape(self, shape: Shape) -> tuple[int, int] | None:  # noqa: ARG002 - every kind is asked alike
        """Return None: there are none."""
        return None

    def _describe(self, name: str) -> str:
        stride = f"/{self.stride}" if self.stride != self.size else ""
        return f"{name} {self.size}x{self.size}{stride}"


@dataclass(frozen=True, slots=True)
class MaxPooling(_Pooling):
    """The largest value of every window of size x size, `stride` apart, in each channel."""

    kind: ClassVar[str] = "max_pooling"

    def describe(self) -> str:
        """Say it in a few words."""
        return self._describe("max")


@dataclass(frozen=True, slots=True)
class AveragePooling(_Pooling):
    """The mean of every window of size x size, `stride` apart, in each channel."""

    kind: ClassVar[str] = "average_pooling"

    def describe(self) -> str:
        """Say it in a few words."""
        return self._describe("average")


@dataclass(frozen=True, slots=True)
class Flatten:
    """Makes a vector of an image: channel by channel, row by row."""

    kind: ClassVar[str] = "flatten"

    def output_shape(self, shape: Shape) -> Shape:
        """Return what one sample looks like behind the layer."""
        return (values(shape),)

    def weight_shape(self, shape: Shape) -> tuple[int, int] | None:  # noqa: ARG002 - every kind is asked alike
        """Return None: there are none."""
        return None

    def describe(self) -> str:
        """Say it in a few words."""
        return "flatten"


@dataclass(frozen=True, slots=True)
class Dropout:
    """In training sets each value to 0 with probability `rate` and divides the others by 1 - rate.

    Outside training it passes everything on. (Srivastava et al. 2014, in the form that scales in training.)
    """

    kind: ClassVar[str] = "dropout"
    rate: float

    def __post_init__(self) -> None:
        if type(self.rate) not in (int, float) or not MIN_RATE <= self.rate <= MAX_RATE:
            raise InvalidArchitecture(
                f"dropout layer: rate must be a number from {MIN_RATE} to {MAX_RATE}, got {self.rate!r}"[:300]
            )

    def output_shape(self, shape: Shape) -> Shape:
        """Return what one sample looks like behind the layer."""
        return shape

    def weight_shape(self, shape: Shape) -> tuple[int, int] | None:  # noqa: ARG002 - every kind is asked alike
        """Return None: there are none."""
        return None

    def describe(self) -> str:
        """Say it in a few words."""
        return f"dropout {self.rate:g}"


@dataclass(frozen=True, slots=True)
class LayerNormalization:
    """Gives the values of each sample mean 0 and variance 1, then a gain and a bias per unit or per channel.

    (Ba, Kiros and Hinton 2016, eq. 4, with gain and bias per channel where the input is an image.) Layer and not batch
    normalization, because it is the same function in training and outside it, carries no running averages that would
    have to be stored, resumed and exported, and does not make one row's output depend on the others in its batch.
    """

    kind: ClassVar[str] = "layer_normalization"

    def output_shape(self, shape: Shape) -> Shape:
        """Return what one sample looks like behind the layer."""
        if values(shape) < 2:
            raise InvalidArchitecture(f"needs at least two values per sample, gets {shape}")
        return shape

    def weight_shape(self, shape: Shape) -> tuple[int, int] | None:
        """Return (2, units or channels): the gain, then the bias."""
        return 2, shape[0]

    def describe(self) -> str:
        """Say it in a few words."""
        return "norm"


Layer: TypeAlias = Dense | Convolution | MaxPooling | AveragePooling | Flatten | Dropout | LayerNormalization
LAYERS: tuple[type[Layer], ...] = get_args(Layer)
IMAGE_LAYERS = (Convolution, MaxPooling, AveragePooling)


def values(shape: Shape) -> int:
    """Return how many numbers a sample of this shape holds."""
    product = 1
    for size in shape:
        product *= size
    return product


def layer_to_json(layer: Layer) -> dict[str, Any]:
    """Return plain JSON values: the kind and every field."""
    return {"kind": layer.kind, **{field.name: getattr(layer, field.name) for field in fields(layer)}}


def layer_from_json(value: object, *, what: str, kinds: tuple[type[Layer], ...]) -> Layer:
    """Read what `layer_to_json` wrote, one of these kinds; anything else raises InvalidArchitecture naming `what`."""
    if not isinstance(value, dict):
        raise InvalidArchitecture(f"{what}: expected a JSON object, got {type(value).__name__}")
    kind = value.get("kind")
    for known in kinds:
        if kind == known.kind:
            names = [field.name for field in fields(known)]
            found = json_object(value, what=what, keys=("kind", *names), error=InvalidArchitecture)
            try:
                return known(**{name: found[name] for name in names})
            except InvalidArchitecture as error:
                raise InvalidArchitecture(f"{what}: {error}") from None
    if "kind" not in value:
        raise InvalidArchitecture(f"{what}: the field 'kind' is missing")
    raise InvalidArchitecture(f"{what}: unknown kind {kind!r}; known are {', '.join(k.kind for k in kinds)}"[:300])
