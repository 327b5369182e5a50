"""The numbers of the charts, against what can be worked out by hand or asked of the API's read model."""

import math
from dataclasses import replace
from datetime import datetime
from itertools import accumulate

import pytest
from sqlalchemy import update

from core.training import Epoch
from evolution.answers import answer
from evolution.candidate import Evaluation, Prediction
from evolution.verdict import Answer, Verdict
from service.store import chart_rows
from service.store.database import Database
from service.store.entities import Lease
from service.store.insights import Insights
from service.store.models import jobs
from tests.service.charts.samples import begin, chart_of, child, many, propose, record, trained
from tests.service.store.samples import get

pytestmark = pytest.mark.slow


def scored(evaluations: list[Evaluation]) -> list[tuple[int, float]]:
    return [(one.candidate.number, one.fitness) for one in evaluations if one.fitness is not None]


def step_by_step(database: Database) -> Lease:
    """A search whose candidates score 0.5, 0.4, fail, 0.7, 0.7 and 0.6."""
    lease = begin(database)
    scores = [0.5, 0.4, None, 0.7, 0.7, 0.6]
    record(database, lease, [trained(child(number, number + 4), score) for number, score in enumerate(scores)])
    propose(database, lease, [child(6)])
    return lease


def test_best_so_far_is_a_staircase(database: Database) -> None:
    chart = chart_of(database, step_by_step(database), "best-so-far")

    assert chart.records("candidate", "score", "best", "best_candidate", "improved") == [
        (0, 0.5, 0.5, 0, True),
        (1, 0.4, 0.5, 0, False),
        (2, None, 0.5, 0, False),
        (3, 0.7, 0.7, 3, True),
        (4, 0.7, 0.7, 3, False),
        (5, 0.6, 0.7, 3, False),
    ]
    assert chart.column("error")[2] == "diverged in epoch 2"
    assert chart.summary == "The best validation accuracy is 70.0 %, of candidate 3, after 6 of 64 candidates."
    assert "1 failed." in chart.note
    # One training each: nobody knows how far they spread.
    assert set(chart.column("standard_error")) == {None}


def test_a_best_of_replicates_has_their_standard_error(database: Database) -> None:
    lease = begin(database)
    of = replace(child(0, 4), replicates=3)
    record(database, lease, [trained(of, 0.6, scores=(0.5, 0.6, 0.7)), trained(child(1, 5), 0.4)])
    chart = chart_of(database, lease, "best-so-far")

    assert chart.column("standard_error") == pytest.approx([0.1 / math.sqrt(3)] * 2)
    assert "over the replicates" in chart.note


def test_a_best_of_one_training_has_the_noise_of_those_that_were_repeated(database: Database) -> None:
    lease = begin(database)
    again = replace(child(1, 4, parents=(0,)), operator="repeat")
    record(database, lease, [trained(child(0, 4), 0.5), trained(again, 0.7), trained(child(2, 9), 0.9)])
    chart = chart_of(database, lease, "best-so-far")

    assert chart.column("standard_error") == pytest.approx([0.2 / math.sqrt(2)] * 3)
    assert "trained more than once" in chart.note


def test_the_staircase_of_a_sample_is_exact(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = begin(database)
    evaluations = many(120)
    record(database, lease, evaluations)
    monkeypatch.setattr(chart_rows, "MOST_SPREAD", 8)
    monkeypatch.setattr(chart_rows, "MOST_BEST", 2)
    chart = chart_of(database, lease, "best-so-far")
    best = list(accumulate((-math.inf if one.fitness is None else one.fitness for one in evaluations), max))

    assert len(chart.rows) < 30
    assert chart.column("best") == [best[number] for number in chart.column("candidate")]
    assert {number for number, improved in chart.records("candidate", "improved") if improved} == {
        number for number, score in scored(evaluations) if number == 0 or score > best[number - 1]
    }
    assert chart.note.startswith("A sample of 120 candidates: 8 evenly spaced ones, the best 2 and")


@pytest.mark.parametrize("sampled", [False, True])
def test_candidates_are_those_of_the_api(database: Database, monkeypatch: pytest.MonkeyPatch, sampled: bool) -> None:
    lease = begin(database)
    evaluations = many(80)
    record(database, lease, evaluations)
    if sampled:
        monkeypatch.setattr(chart_rows, "MOST_SPREAD", 8)
        monkeypatch.setattr(chart_rows, "MOST_BEST", 2)
    chart = chart_of(database, lease, "candidates")
    with database.read() as session:
        lines = Insights(session).candidates(lease.job_id, page_size=200).lines
    known = {line.number: line for line in lines}

    for number, parameters, score, layers, operator in chart.records(
        "candidate", "parameters", "score", "layers", "operator"
    ):
        line = known[number]
        assert (parameters, score, layers, operator) == (line.parameters, line.fitness, line.layers, line.operator)
    by_size = sorted(
        (one for one in lines if one.fitness is not None), key=lambda one: (one.parameters, -(one.fitness or 0))
    )
    front, best = [], -math.inf
    for line in by_size:
        if line.fitness is not None and line.fitness > best:
            front.append(line.number)
            best = line.fitness

    assert sorted(number for number, on in chart.records("candidate", "on_front") if on) == sorted(front)
    assert [number for number, is_best in chart.records("candidate", "best") if is_best] == [front[-1]]
    assert (len(chart.rows) == len(scored(evaluations))) is not sampled
    assert chart.note.startswith("A sample of 80 candidates") is sampled


def test_learning_curves_are_the_best_and_some_others(database: Database) -> None:
    lease = begin(database)
    evaluations = many(60)
    record(database, lease, evaluations)
    chart = chart_of(database, lease, "learning-curves")
    ranked = sorted(scored(evaluations), key=lambda pair: -pair[1])
    shown = dict(chart.records("candidate", "group"))

    assert [number for number, group in shown.items() if group == "the best"] == [ranked[0][0]]
    assert {number for number, group in shown.items() if group != "other"} == {number for number, _ in ranked[:20]}
    assert len(shown) == 30
    for number in shown:
        rows = [
            row[1:]
            for row in chart.records("candidate", "epoch", "train_loss", "validation_loss", "score")
            if row[0] == number
        ]
        assert rows == [
            (place, epoch.train_loss, epoch.validation_loss, epoch.validation_score)
            for place, epoch in enumerate(evaluations[number].curve, start=1)
        ]


def test_a_loss_without_end_is_no_number(database: Database) -> None:
    lease = begin(database)
    record(database, lease, [trained(child(0, 4), 0.5, curve=(Epoch(math.inf, math.nan, 0.5),))])
    chart = chart_of(database, lease, "learning-curves")

    assert chart.records("train_loss", "validation_loss", "score") == [(None, None, 0.5)]


def test_workers_end_when_their_result_was_stored(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = begin(database)
    evaluations = many(20)
    record(database, lease, evaluations)
    monkeypatch.setattr("service.charts.workers.MOST", 12)
    chart = chart_of(database, lease, "workers")
    began = get(database, lease.job_id).started_at
    with database.read() as session:
        known = {line.number: line for line in Insights(session).candidates(lease.job_id).lines}

    assert began is not None
    assert chart.column("candidate") == list(range(8, 20))
    for number, worker, start, end, seconds, evaluated_at, status in chart.records(
        "candidate", "worker", "start", "end", "seconds", "evaluated_at", "status"
    ):
        line = known[number]
        assert line.evaluated_at is not None
        assert (worker, seconds, status) == (line.worker, line.seconds, line.status)
        assert end == (line.evaluated_at - began).total_seconds()
        assert start == end - seconds
        assert datetime.fromisoformat(evaluated_at) == line.evaluated_at
    assert chart.note.startswith("The last 12 of 20 evaluations.")
    assert chart.summary.startswith("3 workers trained for ")


def test_answers_are_what_the_verdict_would_say(database: Database) -> None:
    lease = begin(database)
    evaluations = many(60)
    record(database, lease, evaluations)
    expected = answer(evaluations)
    layers, neurons = (chart_of(database, lease, name) for name in ("layers", "neurons"))

    assert layers.records("least", "networks", "score", "low", "high", "behind", "adjusted_p_value") == [
        (one.least, one.networks, one.mean, one.low, one.high, one.behind, one.adjusted_p_value)
        for one in expected.layers
    ]
    assert neurons.records("least", "most", "networks", "score") == [
        (one.least, one.most, one.networks, one.mean) for one in expected.neurons
    ]


def test_short_trainings_say_nothing_of_layers(database: Database) -> None:
    lease = begin(database)
    short = replace(child(1, 4, 4), stop_after=1)
    record(database, lease, [trained(child(0, 4), 0.5), trained(short, 0.9)])

    assert chart_of(database, lease, "layers").records("least", "score") == [(1, 0.5)]
    assert chart_of(database, lease, "depth-width").records("layers", "least", "most", "score") == [(1, 4, 7, 0.5)]


def test_means_are_of_the_even_sample_alone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best ones of a sample would lift every mean."""
    lease = begin(database)
    record(database, lease, [trained(child(number, number + 1), number % 10 / 10) for number in range(50)])
    monkeypatch.setattr(chart_rows, "MOST_SPREAD", 8)
    monkeypatch.setattr(chart_rows, "MOST_BEST", 20)
    chart = chart_of(database, lease, "layers")
    even = [place * 49 // 7 for place in range(8)]

    assert chart.records("networks", "score") == [(8, pytest.approx(sum(number % 10 / 10 for number in even) / 8))]
    assert "From 8 of 50 candidates, evenly spaced." in chart.note
    assert sum(row[3] for row in chart_of(database, lease, "depth-width").rows if isinstance(row[3], int)) == 8


def test_depth_and_width_count_each_network_once(database: Database) -> None:
    lease = begin(database)
    again = replace(child(1, 8, parents=(0,)), operator="repeat")
    record(
        database,
        lease,
        [trained(child(0, 8), 0.5), trained(again, 0.7), trained(child(2, 9), 0.9), trained(child(3, 8, 8), 0.4)],
    )
    chart = chart_of(database, lease, "depth-width")

    assert chart.records("layers", "least", "most", "networks") == [(1, 8, 15, 2), (2, 16, 31, 1)]
    assert chart.column("score") == pytest.approx([0.75, 0.4])
    assert chart.summary.startswith(
        "The highest mean validation accuracy, 75.0 %, is that of 2 networks with 1 layer and 8 to 15"
    )


def test_what_matters_needs_ten_networks(database: Database) -> None:
    lease = begin(database)
    evaluations = many(40)
    record(database, lease, evaluations[:8])

    assert chart_of(database, lease, "importance").rows == ()
    assert "stays open" in chart_of(database, lease, "importance").summary

    record(database, lease, evaluations[8:])
    chart = chart_of(database, lease, "importance")

    assert [row[0] for row in chart.rows] == ["number of layers", "number of neurons", "activation"]
    assert all(0 <= share <= 1 for share in chart.column("share"))


def test_networks_from_elsewhere_leave_open_what_matters(database: Database) -> None:
    lease = begin(database)
    record(database, lease, [trained(child(number, *[9] * 9), number / 20) for number in range(2)])
    record(database, lease, [trained(child(number, number, 9, 9, 9, 9, 9), number / 20) for number in range(2, 20)])

    assert chart_of(database, lease, "importance").rows == ()


def test_parallel_has_the_properties_of_each(database: Database) -> None:
    lease = begin(database)
    evaluations = many(30)
    record(database, lease, evaluations)
    chart = chart_of(database, lease, "parallel")

    for number, layers, neurons, first, parameters, seconds, epochs, activation, score in chart.records(
        "candidate", "layers", "neurons", "first_width", "parameters", "seconds", "epochs", "activation", "score"
    ):
        one = evaluations[number]
        architecture = one.candidate.architecture
        assert (layers, neurons) == (len(architecture.widths), sum(architecture.widths))
        assert first == (architecture.widths[0] if architecture.widths else None)
        assert activation == (architecture.activations[0] if architecture.activations else "none")
        assert (parameters, seconds, epochs, score) == (
            architecture.parameter_count,
            one.seconds,
            one.epochs,
            one.fitness,
        )
    assert chart.column("candidate") == [number for number, _ in scored(evaluations)]


def test_operators_are_judged_as_the_lineage_does(database: Database) -> None:
    lease = begin(database)
    evaluations = [
        trained(replace(child(0, 4), operator="anchor"), 0.5),
        trained(replace(child(1, 5, parents=(0,)), operator="widen"), 0.75),
        trained(replace(child(2, 6, parents=(0,)), operator="widen"), 0.25),
        trained(replace(child(3, 7, parents=(1,)), operator="widen"), None),
        trained(replace(child(4, 4, parents=(0,)), operator="repeat"), 0.9),
    ]
    record(database, lease, evaluations)
    chart = chart_of(database, lease, "operators")

    assert chart.records("operator", "tried", "failed", "compared", "better", "better_share", "mean_change") == [
        ("widen", 3, 1, 2, 1, 0.5, 0.0),
        ("anchor", 1, 0, 0, 0, None, None),
        ("repeat", 1, 0, 1, 1, 1.0, 0.4),
    ]
    # A network trained again is not better, it was luckier.
    assert chart.summary == (
        "The most reliable operator is widen: it made a better network than the best parent in 1 of 2 cases."
    )


def test_calibration_compares_full_trainings_with_what_was_believed(database: Database) -> None:
    lease = begin(database)
    belief = Prediction(0.6, 0.1, 0.0)
    record(
        database,
        lease,
        [
            trained(child(0, 4), 0.5),
            trained(replace(child(1, 5), prediction=belief), 0.65),
            trained(replace(child(2, 6), prediction=belief, stop_after=1), 0.3),
            trained(replace(child(3, 7), prediction=belief), None),
            trained(replace(child(4, 8), prediction=belief), 0.85),
        ],
    )
    chart = chart_of(database, lease, "calibration")

    assert chart.records("candidate", "prediction", "deviation", "score") == [(1, 0.6, 0.1, 0.65), (4, 0.6, 0.1, 0.85)]
    assert chart.column("error") == pytest.approx([0.05, 0.25])
    assert chart.summary.startswith("Of 2 scores, 50 % lie within one standard deviation")
    assert "50 % within two" in chart.summary


def test_generations_are_the_steps_with_their_parents(database: Database) -> None:
    lease = begin(database)
    record(
        database,
        lease,
        [
            trained(replace(child(0, 4), operator="anchor"), 0.5),
            trained(replace(child(1, 5), operator="random"), 0.4),
            trained(replace(child(2, 6, 3, parents=(0, 1)), operator="crossover"), 0.75),
        ],
    )
    chart = chart_of(database, lease, "generations")

    assert chart.records("step", "candidate", "score", "gain", "parents", "operator", "layers", "neurons") == [
        (1, 0, 0.5, None, (), "anchor", 1, 4),
        (2, 2, 0.75, 0.25, (0, 1), "crossover", 2, 9),
    ]


def test_another_phase_has_charts_of_its_own(database: Database) -> None:
    lease = begin(database)
    record(database, lease, many(5))
    record(database, lease, [trained(child(0, 9), 0.125)], "baseline")

    assert chart_of(database, lease, "candidates", "baseline").records("candidate", "score") == [(0, 0.125)]
    assert chart_of(database, lease, "layers", "baseline").records("least", "networks", "score") == [(1, 1, 0.125)]
    assert chart_of(database, lease, "candidates", "final").rows == ()


def test_a_verdict_answers_for_its_search(database: Database) -> None:
    """What the pages say in words and what the charts show is one thing, also where sampling would tell another."""
    lease = begin(database)
    evaluations = many(40)
    record(database, lease, evaluations)
    record(database, lease, [trained(child(0, 9), 0.125)], "baseline")
    groups = answer(evaluations[:20]).layers
    verdict = Verdict(
        "evolution", 10, (), (), "One.", layers=Answer("Two layers did best.", groups), paragraph=("One.",)
    )
    with database.write() as session:
        session.execute(update(jobs).where(jobs.c.id == lease.job_id).values(verdict=verdict.to_json()))
    chart = chart_of(database, lease, "layers")

    assert chart.summary == "Two layers did best."
    assert chart.records("least", "networks", "score") == [(one.least, one.networks, one.mean) for one in groups]
    assert chart_of(database, lease, "layers", "baseline").records("networks") == [(1,)]
    # Verdicts of earlier formats have no answers: these come from the rows.
    assert chart_of(database, lease, "neurons").column("networks") == [
        one.networks for one in answer(evaluations).neurons
    ]
