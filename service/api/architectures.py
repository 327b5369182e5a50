"""How the API writes the description of a network."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from core.architecture import ActivationName, Architecture


class DenseResponse(BaseModel):
    """A fully connected hidden layer and its activation."""

    kind: Literal["dense"]
    units: int
    activation: ActivationName


class ConvolutionResponse(BaseModel):
    """A convolution with a square kernel and its activation; `padding` zeros surround the image."""

    kind: Literal["convolution"]
    channels: int
    kernel: int
    activation: ActivationName
    stride: int
    padding: int


class PoolingResponse(BaseModel):
    """The largest value or the mean of every window of size x size, in each channel."""

    kind: Literal["max_pooling", "average_pooling"]
    size: int
    stride: int


class FlattenResponse(BaseModel):
    """Makes a vector of an image."""

    kind: Literal["flatten"]


class DropoutResponse(BaseModel):
    """In training sets each value to 0 with probability `rate`."""

    kind: Literal["dropout"]
    rate: float


class LayerNormalizationResponse(BaseModel):
    """Gives each row mean 0 and variance 1, then a gain and a bias per unit or per channel."""

    kind: Literal["layer_normalization"]


LayerResponse = Annotated[
    DenseResponse
    | ConvolutionResponse
    | PoolingResponse
    | FlattenResponse
    | DropoutResponse
    | LayerNormalizationResponse,
    Field(discriminator="kind"),
]


class ArchitectureResponse(BaseModel):
    """A feedforward network without its parameters; without hidden layers it is logistic regression."""

    format: int
    input_shape: Annotated[list[int], Field(examples=[[16, 16]])]
    layers: list[LayerResponse]
    outputs: int

    @classmethod
    def of(cls, architecture: Architecture) -> "ArchitectureResponse":
        """Render an architecture."""
        return cls.model_validate(architecture.to_json())
