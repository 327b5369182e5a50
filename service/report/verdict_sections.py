"""The sections of a report that tell the verdict: the paragraph, who did how well, and what was learned."""

from collections.abc import Iterator

from evolution.metric_words import MINUS, quantity, words_of
from evolution.scoring import Rmse
from evolution.verdict import Answer, ArmVerdict, FloorTest, RivalVerdict, Verdict
from service.report.blocks import Block, Column, Paragraph, Section, Table
from service.report.wording import NOTHING, chance, count, interval, plain, points, score, share

LONG = 4_000
"""Paragraphs hold names of users, and the sentences around these must stay whole."""


def comparison_section(verdict: Verdict) -> Section:
    """Return what every network and method reached on the test rows, and how they differ."""
    blocks: list[Block] = [_arms(verdict)]
    blocks += [Paragraph(f"{plain(one.label)} was left out: {plain(one.reason)}.") for one in verdict.skipped]
    blocks += [Paragraph(text) for text in _failed(verdict)]
    if verdict.comparisons:
        blocks.append(_differences(verdict))
    blocks += _finalists(verdict)
    return Section("comparison", "Compared on the test rows", tuple(blocks))


def answer_sections(verdict: Verdict) -> Iterator[Section]:
    """Yield how many layers, how many neurons, and what matters, as far as the verdict answers it."""
    if verdict.layers is not None:
        yield Section("layers", "How many layers?", _answer(verdict, "Hidden layers", verdict.layers))
    if verdict.neurons is not None:
        yield Section("neurons", "How many neurons?", _answer(verdict, "Neurons in all", verdict.neurons))
    if verdict.importance is not None and verdict.importance_sentence:
        found = verdict.importance
        parts = (("depth", found.depth), ("total width", found.width), ("activation", found.activation))
        table = Table(
            f"Share of the variance of the score over the search space that one property explains alone; a model of "
            f"{count(found.networks)} networks, which predicts {share(found.fit_quality)} of the variance of networks "
            "left out of its fit",
            (Column("Property"), Column("Share", number=True)),
            tuple((name, share(part)) for name, part in parts),
        )
        yield Section("importance", "What matters?", (Paragraph(plain(verdict.importance_sentence, LONG)), table))


def _arms(verdict: Verdict) -> Table:
    words = words_of(verdict.metric)
    with_error = verdict.metric == "r2"
    caption = (
        f"{words.name[:1].upper()}{words.name[1:]} on {count(verdict.test_rows)} test rows, trained on fresh seeds"
    )
    if verdict.epochs:
        caption += f", {count(verdict.epochs)} epochs each"
    columns = (
        Column("Arm"),
        Column("Network"),
        Column("Parameters", number=True),
        Column(f"{words.name[:1].upper()}{words.name[1:]}", number=True),
        Column("95 % interval", number=True),
        *((Column("Root mean squared error", number=True),) if with_error else ()),
        Column("p (above the floor)", number=True),
        Column("Search score", number=True),
        Column("As finalist", number=True),
        Column("Re-trained", number=True),
        Column("Seeds", number=True),
    )
    rows = [_row_of_arm(arm, verdict) for arm in verdict.arms]
    if verdict.ensemble is not None:
        one = verdict.ensemble
        kind = "mean" if with_error else "majority vote"
        rows.append(
            _row(
                verdict,
                f"{kind} of {plain(verdict.labels[verdict.evolved])}'s {one.members}",
                one.test_score,
                interval(one.low, one.high, verdict.metric),
                one.rmse,
            )
        )
    rows += [
        _row(
            verdict,
            plain(one.label),
            one.test_score,
            interval(one.test_low, one.test_high, verdict.metric),
            one.rmse,
            _above(one.floor),
            one.validation_score,
            one.seeds,
        )
        for one in verdict.rivals
    ]
    if verdict.floor is not None:
        floor, verb = verdict.floor, "predicting" if with_error else "answering"
        error = None if floor.rmse is None else Rmse(floor.rmse, floor.rmse, floor.rmse)
        rows.append(_row(verdict, f"always {verb} \u201c{plain(floor.answer)}\u201d", floor.score, NOTHING, error))
    return Table(caption, columns, tuple(rows))


def _row_of_arm(arm: ArmVerdict, verdict: Verdict) -> tuple[str, ...]:
    metric = verdict.metric
    return (
        plain(arm.label),
        arm.architecture.describe(),
        count(arm.parameters),
        score(arm.test_score, metric),
        interval(arm.test_low, arm.test_high, metric),
        *_error(verdict, arm.rmse),
        _above(arm.floor),
        score(arm.search_score, metric),
        score(arm.finalist_score, metric),
        score(arm.validation_score, metric),
        count(arm.seeds),
    )


def _row(
    verdict: Verdict,
    label: str,
    reached: float,
    within: str,
    error: Rmse | None,
    above: str = NOTHING,
    validation: float | None = None,
    seeds: int | None = None,
) -> tuple[str, ...]:
    """Return the row of somebody who is not a network."""
    metric = verdict.metric
    return (
        label,
        NOTHING,
        NOTHING,
        score(reached, metric),
        within,
        *_error(verdict, error),
        above,
        NOTHING,
        NOTHING,
        score(validation, metric),
        count(seeds),
    )


def _error(verdict: Verdict, rmse: Rmse | None) -> tuple[str, ...]:
    if verdict.metric != "r2":
        return ()
    return (NOTHING if rmse is None else quantity(rmse.value),)


def _signed(rmse: Rmse | None) -> str:
    """Write a difference of errors with its sign: more is worse."""
    return NOTHING if rmse is None else f"{MINUS if rmse.value < 0 else '+'}{quantity(abs(rmse.value))}"


def _above(test: FloorTest | None) -> str:
    return NOTHING if test is None else chance(test.adjusted_p_value) if test.difference > 0 else "not above"


def _failed(verdict: Verdict) -> Iterator[str]:
    counted = words_of(verdict.metric).failure if verdict.metric == "r2" else "wrong answers"
    arms: tuple[ArmVerdict | RivalVerdict, ...] = (*verdict.arms, *verdict.rivals)
    for one in arms:
        if one.failures:
            trained = f"{count(one.failures)} of {count(one.seeds)} trainings diverged and count as {counted}"
            yield f"{plain(one.label)}: {trained}."


def _differences(verdict: Verdict) -> Table:
    metric = verdict.metric
    unit = "R²" if metric == "r2" else f"points of {words_of(metric).name}"
    with_error = metric == "r2"
    columns = (
        Column("Rival"),
        Column("Difference", number=True),
        Column("95 % interval", number=True),
        *((Column("Difference in error", number=True),) if with_error else ()),
        Column("p (Holm)", number=True),
        Column("Conclusion"),
    )
    rows = tuple(
        (
            plain(verdict.labels[one.rival]),
            points(one.difference, metric),
            f"{points(one.low, metric)} to {points(one.high, metric)}",
            *((_signed(one.rmse),) if with_error else ()),
            chance(one.adjusted_p_value),
            one.conclusion,
        )
        for one in verdict.comparisons
    )
    caption = f"What {plain(verdict.labels[verdict.evolved])} is better by, in {unit}; p corrected by Holm"
    return Table(caption, columns, rows)


def _finalists(verdict: Verdict) -> Iterator[Table]:
    metric = verdict.metric
    columns = (
        Column("Network"),
        Column("Parameters", number=True),
        Column("Search score", number=True),
        Column("On fresh seeds", number=True),
        Column("Standard error", number=True),
        Column("Seeds", number=True),
        Column("Diverged", number=True),
    )
    for each in verdict.finalists:
        rows = tuple(
            (
                one.architecture.describe(),
                count(one.architecture.parameter_count),
                score(one.search_score, metric),
                score(one.mean, metric),
                score(one.standard_error, metric),
                count(one.seeds),
                count(one.failures),
            )
            for one in each.finalists
        )
        whose = plain(verdict.labels.get(each.finder, each.finder))
        yield Table(f"Finalists of {whose}: the search's best, trained again on fresh seeds", columns, rows)


def _answer(verdict: Verdict, unit: str, answer: Answer) -> tuple[Block, ...]:
    metric, words = verdict.metric, words_of(verdict.metric)
    columns = (
        Column(unit),
        Column("Networks", number=True),
        Column("Mean score", number=True),
        Column("95 % interval", number=True),
        Column("Behind the best group", number=True),
        Column("p (Holm)", number=True),
    )
    rows = tuple(
        (
            count(group.least) if group.most == group.least else f"{count(group.least)} to {count(group.most)}",
            count(group.networks),
            score(group.mean, metric),
            # Student's interval knows nothing of the metric's limits.
            NOTHING
            if group.low is None or group.high is None
            else interval(max(group.low, words.lowest), min(group.high, 1), metric),
            NOTHING if group.behind is None else points(group.behind, metric),
            NOTHING if group.adjusted_p_value is None else chance(group.adjusted_p_value),
        )
        for group in answer.groups
    )
    caption = (
        f"{unit}: search scores of the networks that the search chose to train; the interval is over such networks"
    )
    table = (Table(caption, columns, rows),) if rows else ()
    return (Paragraph(plain(answer.sentence, LONG)), *table)
