"""How to train, as a value that is stored with every candidate."""

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from core.errors import InvalidTrainingConfig
from core.json_fields import check_format, check_int, json_object
from core.metrics import METRICS, MetricName
from core.optimizer import OPTIMIZERS, OptimizerName
from core.schedule import SCHEDULES, ScheduleName

RegressionLoss = Literal["squared_error", "huber"]
REGRESSION_LOSSES: tuple[RegressionLoss, ...] = get_args(RegressionLoss)

# Format 1 has the first eight fields and the first two names each, format 2 all but the metric; what an older format
# can say is still written in it.
FIRST_FORMAT, SECOND_FORMAT, FORMAT = 1, 2, 3
FIRST_FIELDS = (
    "epochs",
    "batch_size",
    "optimizer",
    "learning_rate",
    "schedule",
    "momentum",
    "weight_decay",
    "patience",
)
MAX_EPOCHS = 100_000
MAX_BATCH_SIZE = 2**20
MAX_LEARNING_RATE = 1000.0
MAX_WEIGHT = 1e6


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How to train; raises InvalidTrainingConfig.

    `learning_rate` is the schedule's peak. `momentum` is SGD's Nesterov momentum and Adam's decay of the first
    moment. `weight_decay` is added to the gradient (L2; with "adamw" the weights shrink by it instead), biases and
    normalizations excepted. After `patience` epochs in a row without a new best epoch training stops; None means
    never. `clip_norm` is the largest Euclidean norm of the mean gradient that a step may use.

    For classification, `label_smoothing` is the share of each target that is spread over all classes (for binary and
    multi_label, halves of it over yes and no), and `class_weights` multiply the losses of each class's rows in training
    (not in validation): numbers, or "balanced" for rows / (classes * rows of the class). For regression,
    `regression_loss` is the squared error or Huber's loss, whose `huber_delta` counts in the targets' deviations when
    they are standardized.

    `metric` is what the validation score is, by which the best epoch is chosen; None for the task's default, accuracy
    or R2 (`core.metrics.METRICS_OF`).
    """

    epochs: int = 8
    batch_size: int = 32
    optimizer: OptimizerName = "adam"
    learning_rate: float = 0.01
    schedule: ScheduleName = "one_cycle"
    momentum: float = 0.9
    weight_decay: float = 0.0
    patience: int | None = None
    clip_norm: float | None = None
    label_smoothing: float = 0.0
    class_weights: Literal["balanced"] | tuple[float, ...] | None = None
    regression_loss: RegressionLoss = "squared_error"
    huber_delta: float = 1.0
    metric: MetricName | None = None

    def __post_init__(self) -> None:
        error = InvalidTrainingConfig
        check_int(self.epochs, what="epochs", low=1, high=MAX_EPOCHS, error=error)
        check_int(self.batch_size, what="batch_size", low=1, high=MAX_BATCH_SIZE, error=error)
        for name, known in (
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("regression_loss", REGRESSION_LOSSES),
        ):
            if getattr(self, name) not in known:
                raise error(f"unknown {name} {getattr(self, name)!r}; known are {', '.join(known)}"[:300])
        if self.metric is not None and self.metric not in METRICS:
            raise error(f"unknown metric {self.metric!r}; known are {', '.join(METRICS)}"[:300])
        for name in ("learning_rate", "momentum", "weight_decay", "label_smoothing", "huber_delta"):
            self._check_number(name)
        if self.clip_norm is not None:
            self._check_number("clip_norm")
        # NaN fails every comparison, so these refuse it as well.
        if not 0 < self.learning_rate <= MAX_LEARNING_RATE:
            raise error(
                f"learning_rate must be above 0 and at most {MAX_LEARNING_RATE}, got {self.learning_rate}"[:300]
            )
        for name in ("momentum", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise error(f"{name} must be from 0 to below 1, got {getattr(self, name)}"[:300])
        if not 0 <= self.weight_decay <= 1:
            raise error(f"weight_decay must be from 0 to 1, got {self.weight_decay}"[:300])
        for name in ("huber_delta", "clip_norm"):
            value = getattr(self, name)
            if value is not None and not 1e-6 <= value <= MAX_WEIGHT:
                raise error(f"{name} must be from 1e-06 to {MAX_WEIGHT}, got {value}"[:300])
        for name in ("learning_rate", "momentum", "weight_decay", "label_smoothing", "huber_delta", "clip_norm"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, float(getattr(self, name)))
        if self.patience is not None:
            check_int(self.patience, what="patience", low=1, high=MAX_EPOCHS, error=error)
        self._check_class_weights()

    def _check_number(self, name: str) -> None:
        value = getattr(self, name)
        if type(value) not in (int, float):
            raise InvalidTrainingConfig(f"{name} must be a number, got {value!r}"[:300])

    def _check_class_weights(self) -> None:
        weights = self.class_weights
        if weights is None or weights == "balanced":
            return
        if not isinstance(weights, tuple) or not weights:
            raise InvalidTrainingConfig(f'class_weights must be None, "balanced" or numbers, got {weights!r}'[:300])
        for index, weight in enumerate(weights):
            if type(weight) not in (int, float) or not 0 <= weight <= MAX_WEIGHT or not math.isfinite(weight):
                raise InvalidTrainingConfig(
                    f"class_weights[{index}] must be a number from 0 to {MAX_WEIGHT}, got {weight!r}"[:300]
                )
        if not any(weights):
            raise InvalidTrainingConfig("class_weights: at least one must be above 0")
        object.__setattr__(self, "class_weights", tuple(float(weight) for weight in weights))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, with a format number."""
        if self._first_format_says_it():
            return {"format": FIRST_FORMAT, **{name: getattr(self, name) for name in FIRST_FIELDS}}
        written = FORMAT if self.metric is not None else SECOND_FORMAT
        value = {"format": written, **{name: getattr(self, name) for name in _names(written)}}
        if isinstance(self.class_weights, tuple):
            value["class_weights"] = list(self.class_weights)
        return value

    def _first_format_says_it(self) -> bool:
        plain = TrainingConfig(**{name: getattr(self, name) for name in FIRST_FIELDS})
        return plain == self and self.optimizer in ("sgd", "adam") and self.schedule in ("constant", "one_cycle")

    @classmethod
    def from_json(cls, value: object) -> "TrainingConfig":
        """Read what `to_json` wrote, now or in an earlier release; anything else raises InvalidTrainingConfig."""
        error = InvalidTrainingConfig
        names = _names(value.get("format") if isinstance(value, dict) else None)
        fields = json_object(value, what="training", keys=("format", *names), error=error)
        check_format(fields, what="training", known=FORMAT, oldest=FIRST_FORMAT, error=error)
        settings = {name: fields[name] for name in names}
        if isinstance(settings.get("class_weights"), list):
            settings["class_weights"] = tuple(settings["class_weights"])
        return cls(**settings)


def _names(written: object) -> tuple[str, ...]:
    """Return the fields that a format has."""
    if written == FIRST_FORMAT:
        return FIRST_FIELDS
    every = tuple(TrainingConfig.__slots__)
    return tuple(name for name in every if name != "metric") if written == SECOND_FORMAT else every
