"""What an examination finds, as the process writes it and as the API answers it. All rows are validation rows."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from service.store.entities import Phase


class Reproduction(BaseModel):
    """Whether the network is the one that was scored: repeated bit for bit, a training gives both again."""

    source: Annotated[
        Literal["trained_again", "stored_network"], Field(description="Where the network came from this time")
    ]
    equal: Annotated[
        bool, Field(description="Whether score, and curve where it was trained again, are the stored ones")
    ]
    stored_score: Annotated[float, Field(description="Of the first training of the candidate")]
    score: float
    sentence: Annotated[str, Field(description="The same in words")]
    epochs: Annotated[int, Field(description="That were run this time")]
    cpu_seconds: float


class ClassShare(BaseModel):
    """How many rows of a class were answered with it."""

    name: str
    rows: int
    right: int


class Mistake(BaseModel):
    """Rows of one class that were taken for another."""

    true: str
    predicted: str
    rows: int


class ReliabilityBin(BaseModel):
    """Rows whose answer was given a probability within (low, high], and how often it was right."""

    low: float
    high: float
    rows: int
    probability: Annotated[float, Field(description="Mean")]
    right: Annotated[float, Field(description="Share of right answers")]


class Reliability(BaseModel):
    """Whether probabilities mean what they say."""

    bins: list[ReliabilityBin]
    error: Annotated[float, Field(description="Expected calibration error: mean distance of probability and share")]


class Cell(BaseModel):
    """One column of a row of a table, in words."""

    name: str
    value: str


class WorstRow(BaseModel):
    """A row that the network is the most wrong about."""

    row: Annotated[int, Field(description="Counted from 0 among the validation rows")]
    true: str
    predicted: str
    probability: Annotated[float | None, Field(description="Of the answer; null for regression")]
    loss: Annotated[
        float, Field(description="-log of the probability of the right answer; for regression the distance")
    ]
    pixels: Annotated[
        list[int] | None, Field(description="Row by row, channel after channel, 0 to 255; null where it is no picture")
    ]
    cells: Annotated[list[Cell] | None, Field(description="null where the input is a picture")]


class Picture(BaseModel):
    """How numbers make a picture."""

    height: int
    width: int
    channels: int


class WeightImage(BaseModel):
    """The weights of one neuron, or one kernel, as a picture."""

    label: str
    values: Annotated[list[float], Field(description="Row by row")]


class FirstLayer(BaseModel):
    """The first layer that has weights. What has several channels is shown side by side."""

    kind: Literal["neurons", "kernels", "outputs"]
    height: int
    width: int
    count: Annotated[int, Field(description="How many there are; the strongest are shown")]
    largest: Annotated[float, Field(description="The largest absolute value of all that are shown")]
    images: list[WeightImage]


class Axis(BaseModel):
    """One of two features, in its own unit."""

    name: str
    low: float
    high: float


class RegionPoint(BaseModel):
    """A validation row on the map of two features."""

    x: float
    y: float
    true: Annotated[float, Field(description="Index of the class, or the value")]
    predicted: float


class Regions(BaseModel):
    """What the network answers everywhere in the plane of two features, and the validation rows in it."""

    x: Axis
    y: Axis
    side: Annotated[int, Field(description="Points along each side; the lowest y first, the lowest x first in each")]
    answers: Annotated[list[float], Field(description="Index of the class at each point, or the value")]
    certainty: Annotated[list[int] | None, Field(description="Of the class, in percent; null for regression")]
    points: list[RegionPoint]


class NumberPair(BaseModel):
    """A number and what the network made of it."""

    true: float
    predicted: float


class RegressionFit(BaseModel):
    """How near predicted numbers are to the true ones; at most 1,000 rows are shown."""

    rmse: float
    mae: float
    r2: float
    points: list[NumberPair]


class Examination(BaseModel):
    """A candidate under the magnifying glass."""

    job_id: str
    phase: Phase
    number: int
    task: str
    classes: Annotated[list[str], Field(description="What the outputs stand for, in their order")]
    rows: Annotated[int, Field(description="Validation rows; the test rows are never looked at")]
    reproduction: Reproduction
    right: Annotated[int | None, Field(description="Rows that were answered correctly; null for regression")]
    by_class: list[ClassShare] | None
    confusion: Annotated[
        list[list[int]] | None,
        Field(description="Row: the class it is, column: what it was taken for; null above 60 classes"),
    ]
    mistakes: Annotated[list[Mistake] | None, Field(description="The most frequent ones")]
    calibration: Reliability | None
    regression: RegressionFit | None
    picture: Annotated[Picture | None, Field(description="null where the input is no picture")]
    worst: list[WorstRow]
    first_layer: Annotated[FirstLayer | None, Field(description="null where its weights make no pictures")]
    regions: Annotated[Regions | None, Field(description="null unless there are two features")]
