import math
import os
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from core.architecture import Architecture, Dense
from core.dataset import TASKS, Task
from core.export import from_bytes
from core.replicates import replicate_seeds
from core.training import TrainingConfig, predicted_flops, train
from evolution.candidate import Candidate
from evolution.errors import EvolutionError, SearchOrderError
from evolution.evaluation import SerialEvaluator, evaluate_candidate, failed_evaluation
from evolution.limits import OUT_OF_MEMORY
from tests.core.builders import task_data
from tests.evolution.builders import TRAINING, architecture, blobs, candidate, one_target


def test_the_fitness_is_the_validation_score_of_the_best_epoch() -> None:
    data = blobs()
    one = candidate(widths=(16,))
    result = train(one.architecture, data, one.training, seed=one.seed)
    evaluation = evaluate_candidate(one, data)

    assert evaluation.fitness == result.score == max(epoch.validation_score for epoch in evaluation.curve)
    assert evaluation.curve == result.curve
    assert evaluation.epochs == 3
    assert evaluation.flops == predicted_flops(one.architecture, 120, 3)
    assert evaluation.seconds > 0
    assert evaluation.network is None
    assert evaluation.test_predictions is None


def test_the_same_candidate_gives_the_same_outcome_in_any_thread() -> None:
    data = blobs()
    one = Candidate(0, (), "random", 7, architecture((32, 16)), TRAINING, keep_network=True)
    with ThreadPoolExecutor(2) as pool:
        evaluations = [*pool.map(lambda _: evaluate_candidate(one, data), range(4)), evaluate_candidate(one, data)]

    assert len({evaluation.outcome() for evaluation in evaluations}) == 1


def test_test_rows_are_predicted_when_told_as_the_kept_network_predicts_them() -> None:
    data = blobs(test=True)
    one = Candidate(0, (), "retrain", 7, architecture((8,)), TRAINING, keep_network=True, predict_test=True)
    evaluation = evaluate_candidate(one, data)

    assert data.test is not None
    assert data.standardization is not None
    assert evaluation.network is not None
    assert evaluation.test_predictions is not None
    classes = np.frombuffer(evaluation.test_predictions, "<u2")
    raw = data.test.flat_inputs * data.standardization.scale + data.standardization.mean

    assert np.array_equal(classes, from_bytes(evaluation.network).predict(raw))
    assert len(set(classes.tolist())) > 1


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_evaluated(task: Task) -> None:
    raw = task_data(task)
    described = Architecture(raw.input_shape, (Dense(8, "relu"),), raw.outputs)
    one = Candidate(0, (), "retrain", 7, described, TRAINING, keep_network=True)
    evaluation = evaluate_candidate(one, raw.standardized())

    assert evaluation.fitness == max(epoch.validation_score for epoch in evaluation.curve)
    assert evaluation.network is not None
    assert from_bytes(evaluation.network).task == task

    told = replace(one, predict_test=True)
    if task in ("multi_label", "regression"):
        with pytest.raises(EvolutionError, match=f"test rows of {task} with 2 outputs"):
            evaluate_candidate(told, raw.standardized())
        return
    predictions = evaluate_candidate(told, raw.standardized()).test_predictions

    assert predictions is not None
    assert raw.test is not None
    assert np.array_equal(np.frombuffer(predictions, "<u2"), from_bytes(evaluation.network).predict(raw.test.inputs))


def test_a_regression_answers_the_test_rows_in_the_units_of_its_target() -> None:
    raw = one_target()
    network = Architecture(raw.input_shape, (Dense(8, "relu"),), 1)
    one = Candidate(0, (), "retrain", 7, network, TRAINING, keep_network=True, predict_test=True)
    evaluation = evaluate_candidate(one, raw.standardized())

    assert raw.test is not None
    assert evaluation.network is not None
    assert evaluation.test_predictions is not None
    predicted = np.frombuffer(evaluation.test_predictions, "<f8")
    assert len(predicted) == len(raw.test)
    assert predicted == pytest.approx(from_bytes(evaluation.network).predict(raw.test.inputs)[:, 0], rel=1e-5)
    assert abs(predicted.mean() - 1000) < 50


def test_a_regression_that_errs_wildly_is_scored_no_lower_than_minus_one() -> None:
    wild = TrainingConfig(epochs=1, optimizer="sgd", learning_rate=3.0, schedule="constant")
    data = one_target().standardized()
    one = Candidate(0, (), "random", 7, Architecture(data.input_shape, (Dense(8, "tanh"),), 1), wild)
    evaluation = evaluate_candidate(one, data)

    assert evaluation.fitness == -1.0
    assert evaluation.curve[0].validation_loss > 10


def test_predicting_test_rows_without_any_is_a_fault_of_the_program() -> None:
    one = Candidate(0, (), "retrain", 7, architecture((8,)), TRAINING, predict_test=True)

    with pytest.raises(EvolutionError, match="dataset has none"):
        evaluate_candidate(one, blobs())


def test_a_diverged_training_is_a_failed_evaluation() -> None:
    wild = TrainingConfig(epochs=4, optimizer="sgd", learning_rate=1000.0, schedule="constant")
    one = Candidate(0, (), "random", 7, architecture((16, 16)), wild)
    evaluation = evaluate_candidate(one, blobs())

    assert evaluation.fitness is None
    assert evaluation.error is not None
    assert "diverged" in evaluation.error
    assert evaluation.epochs >= 1
    assert evaluation.flops == predicted_flops(one.architecture, 120, evaluation.epochs)
    assert evaluation.outcome() == evaluate_candidate(one, blobs()).outcome()


def test_the_fitness_of_replicates_is_the_mean_of_their_trainings() -> None:
    data = blobs()
    several = replace(candidate(widths=(16,)), replicates=3)
    results = [
        train(several.architecture, data, several.training, seed=seed) for seed in replicate_seeds(several.seed, 3)
    ]
    evaluation = evaluate_candidate(several, data)
    scores = [result.score for result in results]

    assert evaluation.scores == tuple(scores)
    assert evaluation.fitness == math.fsum(scores) / 3
    assert evaluation.standard_error == pytest.approx(statistics.stdev(scores) / math.sqrt(3))
    assert evaluation.curve == results[0].curve
    assert evaluation.epochs == several.planned_epochs == 9
    assert evaluation.flops == predicted_flops(several.architecture, 120, 9)


def test_one_replicate_that_diverges_fails_the_candidate() -> None:
    # With this rate some seeds diverge and others do not.
    shaky = TrainingConfig(epochs=3, optimizer="sgd", learning_rate=80.0, momentum=0.9, schedule="constant")
    some = [
        Candidate(0, (), "random", seed, architecture((16, 16)), shaky, replicates=4, keep_network=True)
        for seed in range(8)
    ]
    evaluations = [evaluate_candidate(one, blobs()) for one in some]
    partly = [one for one in evaluations if one.error is not None and not one.error.startswith("4 of 4")]

    assert len(partly) >= 2
    for evaluation in partly:
        assert evaluation.fitness is None
        assert evaluation.network is None
        assert "of 4 replicates: training diverged" in (evaluation.error or "")
        assert evaluation.epochs >= 4


def test_a_training_that_stops_early_is_the_beginning_of_the_whole_one() -> None:
    data = blobs()
    whole = candidate(widths=(16,))
    rung = replace(whole, stop_after=2)
    evaluation = evaluate_candidate(rung, data)

    assert evaluation.curve == evaluate_candidate(whole, data).curve[:2]
    assert evaluation.fitness == max(epoch.validation_score for epoch in evaluation.curve)
    assert evaluation.epochs == rung.planned_epochs == 2


def test_a_training_that_does_not_fit_into_memory_is_a_failed_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*args: object, **more: object) -> None:
        raise MemoryError("Unable to allocate 7 PiB")

    monkeypatch.setattr("evolution.evaluation.train_replicates", exhausted)
    evaluation = evaluate_candidate(candidate(), blobs())

    assert evaluation.error == OUT_OF_MEMORY


def test_data_that_do_not_fit_are_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="outputs"):
        evaluate_candidate(Candidate(0, (), "random", 7, Architecture((6,), (), 4), TRAINING), blobs())


def test_blas_is_pinned_to_one_thread() -> None:
    # In a process of its own: other tests load further libraries, after the one time that threads are set.
    program = """
from threadpoolctl import threadpool_info
from evolution.evaluation import evaluate_candidate
from tests.evolution.builders import blobs, candidate
evaluate_candidate(candidate(), blobs())
print({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
"""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == "{1}"


def test_the_serial_evaluator_trains_in_the_order_of_submission() -> None:
    with SerialEvaluator(blobs()) as evaluator:
        for number in (2, 0, 1):
            evaluator.submit(candidate(number))

        assert evaluator.in_flight == 3
        assert [evaluator.wait(0)[0].candidate.number for _ in range(3)] == [2, 0, 1]
        assert evaluator.in_flight == 0
        assert evaluator.wait(0) == []


def test_the_serial_evaluator_drops_what_it_has() -> None:
    evaluator = SerialEvaluator(blobs())
    evaluator.submit(candidate())
    evaluator.cancel()

    assert evaluator.in_flight == 0
    evaluator.submit(candidate())

    assert len(evaluator.wait(0)) == 1
    evaluator.close()
    evaluator.close()


def test_the_dataset_changes_between_trainings_only() -> None:
    evaluator = SerialEvaluator(blobs())
    evaluator.submit(candidate())
    with pytest.raises(SearchOrderError, match="being trained"):
        evaluator.use(blobs(test=True))
    evaluator.wait(0)
    evaluator.use(blobs(test=True))
    evaluator.submit(Candidate(0, (), "retrain", 7, architecture((8,)), TRAINING, predict_test=True))

    assert evaluator.wait(0)[0].test_predictions is not None


def test_a_failed_evaluation_costs_nothing() -> None:
    failed = failed_evaluation(candidate(), "worker died twice")

    assert (failed.error, failed.epochs, failed.flops, failed.seconds) == ("worker died twice", 0, 0, 0.0)
