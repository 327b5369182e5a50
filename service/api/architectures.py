"""How the API writes the description of a network."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from core.architecture import ActivationName, Architecture


class LayerResponse(BaseModel):
    """A fully connected hidden layer and its activation."""

    kind: Literal["dense"]
    units: int
    activation: ActivationName


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
