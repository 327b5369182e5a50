"""A candidate trained again is the same network, and what is told of it is true."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.architecture import Architecture, Dense
from core.export import from_bytes
from core.training import TrainingConfig
from evolution.candidate import Candidate, Evaluation
from evolution.evaluation import evaluate_candidate
from service.data.prepared import load_dataset
from service.examination.examine import Data, NotExamined, examine
from service.examination.order import Order

pytestmark = pytest.mark.slow


def data_of(name: str, folder: Path) -> Data:
    raw = load_dataset(name, folder).without_test()
    return Data(raw, raw.standardized(), None)


def order_of(evaluation: Evaluation, data: Data, **changes: Any) -> Order:
    candidate = evaluation.candidate
    plain = Order(
        owner="local",
        job_id="a",
        phase="search",
        number=candidate.number,
        architecture=candidate.architecture,
        training=candidate.training,
        seed=candidate.seed,
        stop_after=candidate.stop_after,
        dataset=data.raw.name,
        prepared=None,
        fingerprint=data.raw.fingerprint,
        score=evaluation.scores[0] if evaluation.scores else evaluation.fitness or 0.0,
        curve=evaluation.curve,
        flops=evaluation.flops,
        seconds=0.0,
    )
    return replace(plain, **changes)


def trained(data: Data, **changes: Any) -> Evaluation:
    plain = Candidate(
        0,
        (),
        "anchor",
        11,
        Architecture(data.raw.input_shape, (Dense(12, "relu"),), data.raw.outputs),
        TrainingConfig(epochs=4),
    )
    return evaluate_candidate(replace(plain, **changes), data.prepared)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("spirals", {}),
        ("digits-8x8", {"replicates": 3}),
        ("diabetes", {"stop_after": 2}),
        (
            "iris",
            {"training": TrainingConfig(epochs=6, optimizer="adamw", weight_decay=0.01, metric="balanced_accuracy")},
        ),
    ],
)
def test_it_comes_out_the_same_to_the_last_bit(name: str, changes: dict[str, Any], tmp_path: Path) -> None:
    data = data_of(name, tmp_path)
    evaluation = trained(data, keep_network=True, **changes)
    epochs: list[None] = []

    found = examine(order_of(evaluation, data), data, lambda: epochs.append(None))

    told = found.examination.reproduction
    assert told.equal
    assert told.score == told.stored_score
    assert told.sentence == "trained again just now: the same score to the last digit, and the same learning curve"
    assert len(epochs) == told.epochs == len(evaluation.curve)
    assert found.network == evaluation.network


def test_what_is_told_of_a_classifier_is_what_its_network_answers(tmp_path: Path) -> None:
    data = data_of("digits-8x8", tmp_path)

    found = examine(order_of(trained(data), data), data, lambda: None)

    rows = data.raw.validation
    answers = from_bytes(found.network).predict(rows.inputs)
    told = found.examination
    assert told.rows == len(rows)
    assert told.right == int((answers == rows.targets).sum()) == round(told.reproduction.score * told.rows)
    assert told.confusion is not None
    assert np.trace(np.array(told.confusion)) == told.right
    assert np.array(told.confusion).sum() == told.rows
    assert told.worst
    for worst in told.worst:
        assert worst.true == str(rows.targets[worst.row])
        assert worst.predicted == str(answers[worst.row]) != worst.true
        assert worst.pixels is not None
        assert len(worst.pixels) == 64
    assert [one.loss for one in told.worst] == sorted((one.loss for one in told.worst), reverse=True)
    assert told.first_layer is not None
    assert (told.first_layer.kind, told.first_layer.count) == ("neurons", 12)
    assert told.regions is None
    assert len(found.predictions.splitlines()) == told.rows + 1


def test_what_is_told_of_a_regression_is_in_the_units_of_its_target(tmp_path: Path) -> None:
    data = data_of("diabetes", tmp_path)

    found = examine(order_of(trained(data), data), data, lambda: None)

    told = found.examination
    assert told.regression is not None
    assert told.regression.r2 == pytest.approx(told.reproduction.score, abs=1e-6)
    assert [point.true for point in told.regression.points] == data.raw.validation.targets[:, 0].tolist()
    assert [told.confusion, told.by_class, told.right, told.calibration] == [None] * 4
    assert told.worst[0].loss == max(abs(point.true - point.predicted) for point in told.regression.points)


def test_two_features_make_a_map(tmp_path: Path) -> None:
    data = data_of("spirals", tmp_path)

    regions = examine(order_of(trained(data), data), data, lambda: None).examination.regions

    assert regions is not None
    assert len(regions.answers) == regions.side**2
    assert len(regions.points) == 400


def test_another_score_or_curve_is_told(tmp_path: Path) -> None:
    data = data_of("iris", tmp_path)
    evaluation = trained(data)
    order = order_of(evaluation, data)
    third = replace(order.curve[2], train_loss=order.curve[2].train_loss + 1e-12)

    for other in (
        replace(order, score=order.score - 1e-9),
        replace(order, curve=(*order.curve[:2], third, *order.curve[3:])),
        replace(order, curve=order.curve[:-1]),
    ):
        told = examine(other, data, lambda: None).examination.reproduction

        assert not told.equal
        assert "This machine calculates otherwise" in told.sentence
    assert "the learning curve from epoch 4 on" in told.sentence


def test_a_network_that_was_kept_is_not_trained_again(tmp_path: Path) -> None:
    data = data_of("spirals", tmp_path)
    evaluation = trained(data, keep_network=True)

    found = examine(order_of(evaluation, data, network=evaluation.network), data, lambda: pytest.fail("trained"))

    told = found.examination.reproduction
    assert (told.source, told.equal, told.epochs) == ("stored_network", True, 0)
    assert found.network == evaluation.network


def test_data_that_have_changed_are_refused(tmp_path: Path) -> None:
    data = data_of("iris", tmp_path)

    with pytest.raises(NotExamined, match="has changed since the job ran"):
        examine(order_of(trained(data), data, fingerprint="0" * 64), data, lambda: None)


def test_a_training_that_diverges_only_here_is_told(tmp_path: Path) -> None:
    data = data_of("iris", tmp_path)
    order = order_of(trained(data), data, training=TrainingConfig(epochs=4, learning_rate=1000.0, optimizer="sgd"))

    with pytest.raises(NotExamined, match="diverged in epoch"):
        examine(order, data, lambda: None)
