import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.architecture import Architecture
from core.archive import write_archive
from core.errors import InvalidTrainingState
from core.layers import Convolution, Dense, Dropout, Flatten, LayerNormalization, MaxPooling
from core.training import Training, TrainingConfig, TrainingResult, train
from core.training_state import TrainingState
from tests.core.builders import architecture, blobs, images

SMALL = architecture(6, [8], 3)
IMAGES = Architecture(
    (6, 6),
    (
        Convolution(3, 3, "relu", padding=1),
        MaxPooling(2, 2),
        Flatten(),
        Dropout(0.2),
        LayerNormalization(),
        Dense(5, "tanh"),
    ),
    3,
)


def _same(first: TrainingResult, second: TrainingResult) -> bool:
    return (
        first.network.parameters.tobytes() == second.network.parameters.tobytes()
        and first.curve == second.curve
        and (first.best_epoch, first.epochs, first.flops) == (second.best_epoch, second.epochs, second.flops)
    )


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("schedule", ["constant", "one_cycle", "cosine", "step"])
@pytest.mark.parametrize("described", [SMALL, IMAGES], ids=["dense", "images"])
def test_stopping_after_every_epoch_changes_no_bit(optimizer: Any, schedule: Any, described: Architecture) -> None:
    dataset = (blobs() if described is SMALL else images()).standardized()
    config = TrainingConfig(
        epochs=5, batch_size=16, optimizer=optimizer, schedule=schedule, weight_decay=0.01, clip_norm=0.5
    )
    unbroken = train(described, dataset, config, seed=3)
    training = Training(described, dataset, config, seed=3)
    while not training.finished:
        training.run(1)
        training = Training.resume(TrainingState.from_bytes(training.state().to_bytes()), dataset)

    assert _same(training.result(), unbroken)


def test_patience_is_remembered() -> None:
    dataset = blobs(spread=1.5).standardized()
    config = TrainingConfig(epochs=200, learning_rate=0.5, batch_size=8, schedule="constant", patience=3)
    unbroken = train(SMALL, dataset, config, seed=2)
    training = Training(SMALL, dataset, config, seed=2)
    while not training.finished:
        training.run(2)
        training = Training.resume(training.state(), dataset)

    assert unbroken.epochs < 200
    assert _same(training.result(), unbroken)


def test_a_constant_rate_can_be_trained_further_than_planned() -> None:
    dataset = blobs().standardized()
    config = TrainingConfig(epochs=3, schedule="constant")
    training = Training(SMALL, dataset, config, seed=1)
    training.run()
    short = training.result()
    longer = Training.resume(training.state(), dataset, epochs=7)
    longer.run()

    assert _same(longer.result(), train(SMALL, dataset, replace(config, epochs=7), seed=1))
    assert short.epochs == 3


def test_a_planned_rate_cannot() -> None:
    training = Training(SMALL, blobs().standardized(), TrainingConfig(epochs=3, schedule="cosine"), seed=1)
    training.run(1)

    with pytest.raises(InvalidTrainingState, match="'cosine' is planned for 3 epochs"):
        Training.resume(training.state(), blobs().standardized(), epochs=4)


def test_what_was_handed_out_stays_as_it_is() -> None:
    dataset = blobs(spread=1.5).standardized()
    training = Training(SMALL, dataset, TrainingConfig(epochs=6), seed=1)
    with pytest.raises(InvalidTrainingState, match="no epoch"):
        training.result()
    training.run(1)
    early, state = training.result(), training.state()
    before, kept = early.network.parameters.tobytes(), state.parameters.tobytes()
    training.run()

    assert early.network.parameters.tobytes() == before
    assert state.parameters.tobytes() == kept
    assert training.result().network.parameters.tobytes() != before
    assert (early.epochs, state.epochs, training.epochs) == (1, 1, 6)


def test_bytes_are_repeatable_and_complete() -> None:
    training = Training(SMALL, blobs().standardized(), TrainingConfig(epochs=2), seed=2**127 + 1)
    training.run(1)
    state = training.state()
    copy = TrainingState.from_bytes(state.to_bytes())

    assert copy.to_bytes() == state.to_bytes()
    assert (copy.seed, copy.curve, copy.config) == (state.seed, state.curve, state.config)


def test_a_state_before_the_first_epoch_is_one_too() -> None:
    dataset = blobs().standardized()
    training = Training(SMALL, dataset, TrainingConfig(epochs=2), seed=5)
    training = Training.resume(TrainingState.from_bytes(training.state().to_bytes()), dataset)
    training.run()

    assert _same(training.result(), train(SMALL, dataset, TrainingConfig(epochs=2), seed=5))


def test_states_of_other_data_are_refused() -> None:
    training = Training(SMALL, blobs().standardized(), TrainingConfig(), seed=0)
    training.run(1)
    state = training.state()

    with pytest.raises(InvalidTrainingState, match="belongs to the dataset"):
        Training.resume(state, blobs(seed=1).standardized())
    with pytest.raises(InvalidTrainingState, match="optimizer does not fit"):
        Training.resume(replace(state, moments=state.moments[:1]), blobs().standardized())
    with pytest.raises(InvalidTrainingState, match="optimizer does not fit"):
        Training.resume(replace(state, steps=1000), blobs().standardized())


def _parts() -> tuple[dict[str, Any], dict[str, Any]]:
    training = Training(SMALL, blobs().standardized(), TrainingConfig(epochs=2), seed=0)
    training.run(1)
    state = training.state()
    header = {
        "format": 1,
        "architecture": SMALL.to_json(),
        "config": state.config.to_json(),
        "seed": "0",
        "fingerprint": state.fingerprint,
        "curve": [[e.train_loss, e.validation_loss, e.validation_score] for e in state.curve],
        "best_epoch": 1,
        "steps": state.steps,
        "moments": 2,
    }
    vectors = {
        "parameters": state.parameters,
        "best_parameters": state.best_parameters,
        "moment_0": state.moments[0],
        "moment_1": state.moments[1],
    }
    assert write_archive(header, vectors) == state.to_bytes()
    return header, vectors


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format 2"),
        ({"seed": 0}, "seed must be"),
        ({"seed": "-1"}, "seed must be"),
        ({"seed": "9" * 40}, "seed must be"),
        ({"seed": "٣"}, "seed must be"),
        ({"fingerprint": 3}, "fingerprint"),
        ({"curve": [[1.0, 2.0]]}, r"curve\[0\]"),
        ({"curve": [[1.0, 2.0, float("nan")]]}, r"curve\[0\]"),
        ({"curve": [[1.0, 2.0, 0.5]] * 3}, "at most 2 epochs"),
        ({"best_epoch": 2}, "best_epoch must be from 1 to 1"),
        ({"best_epoch": 0}, "best_epoch must be from 1 to 1"),
        ({"steps": -1}, "steps must be"),
        ({"moments": 3}, "moments must be"),
        ({"moments": 1}, "expected members"),
        ({"architecture": architecture(6, [9], 3).to_json()}, "bytes, expected"),
        ({"architecture": {}}, "is missing"),
        ({"config": None}, "expected a JSON object"),
        ({"extra": 1}, "unknown field 'extra'"),
    ],
)
def test_damaged_headers_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    header, vectors = _parts()

    with pytest.raises(InvalidTrainingState, match=message):
        TrainingState.from_bytes(write_archive({**header, **change}, vectors))


@pytest.mark.parametrize("name", ["parameters", "best_parameters", "moment_0"])
def test_nan_is_refused_by_name(name: str) -> None:
    header, vectors = _parts()
    damaged = vectors[name].copy()
    damaged[3] = np.nan

    with pytest.raises(InvalidTrainingState, match=rf"{name}.npy holds NaN"):
        TrainingState.from_bytes(write_archive(header, {**vectors, name: damaged}))


def test_truncated_anywhere_is_refused() -> None:
    header, vectors = _parts()
    content = write_archive(header, vectors)
    for length in range(0, len(content), 97):
        with pytest.raises(InvalidTrainingState):
            TrainingState.from_bytes(content[:length])


def test_the_header_is_plain_json() -> None:
    header, _ = _parts()

    assert json.loads(json.dumps(header)) == header
