import json
import math
from dataclasses import replace
from typing import Any

import pytest

from core.errors import InvalidTrainingConfig
from core.training_config import TrainingConfig


@pytest.mark.parametrize(
    "config",
    [
        TrainingConfig(),
        TrainingConfig(optimizer="adamw", schedule="cosine", clip_norm=1),
        TrainingConfig(label_smoothing=0.1, class_weights=(1, 2.5)),
        TrainingConfig(class_weights="balanced"),
        TrainingConfig(regression_loss="huber", huber_delta=0.5, schedule="step"),
    ],
)
def test_json_round_trip(config: TrainingConfig) -> None:
    assert TrainingConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    assert hash(TrainingConfig.from_json(config.to_json())) == hash(config)


def test_what_format_1_can_say_is_written_in_it() -> None:
    value = {
        "format": 1,
        "epochs": 3,
        "batch_size": 16,
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "schedule": "constant",
        "momentum": 0.9,
        "weight_decay": 0.01,
        "patience": 2,
    }
    config = TrainingConfig.from_json(value)

    assert config.to_json() == value
    assert config.clip_norm is None
    assert config.class_weights is None
    assert replace(config, optimizer="adamw").to_json()["format"] == 2
    assert replace(config, label_smoothing=0.1).to_json()["format"] == 2
    with pytest.raises(InvalidTrainingConfig, match="unknown field 'clip_norm'"):
        TrainingConfig.from_json({**value, "clip_norm": 1.0})
    with pytest.raises(InvalidTrainingConfig, match="'class_weights' is missing"):
        TrainingConfig.from_json({**value, "format": 2})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("clip_norm", 0),
        ("clip_norm", math.nan),
        ("clip_norm", "1"),
        ("clip_norm", True),
        ("clip_norm", 1e-9),
        ("label_smoothing", 1.0),
        ("label_smoothing", -0.1),
        ("label_smoothing", None),
        ("class_weights", ()),
        ("class_weights", [1.0, 2.0]),
        ("class_weights", "even"),
        ("class_weights", (1.0, math.nan)),
        ("class_weights", (1.0, -1.0)),
        ("class_weights", (0.0, 0.0)),
        ("class_weights", (True, 1.0)),
        ("regression_loss", "absolute"),
        ("huber_delta", 0.0),
        ("huber_delta", math.inf),
    ],
)
def test_refuses_naming_the_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidTrainingConfig, match=field):
        replace(TrainingConfig(), **{field: value})


def test_only_a_metric_needs_the_third_format() -> None:
    config = TrainingConfig(metric="balanced_accuracy")
    value = config.to_json()

    assert value["format"] == 3
    assert TrainingConfig.from_json(value) == config
    assert "metric" not in replace(TrainingConfig(), clip_norm=1.0).to_json()
    with pytest.raises(InvalidTrainingConfig, match="unknown field 'metric'"):
        TrainingConfig.from_json({**value, "format": 2})
    with pytest.raises(InvalidTrainingConfig, match="metric"):
        replace(config, metric="auc")  # type: ignore[arg-type]
