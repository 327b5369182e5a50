"""The verdict in one paragraph that a student understands: three to six sentences, each a function of the numbers.

A sentence says "better" or "worse" only where a test has shown it. "No difference was shown" is a normal answer; it
says that these rows and seeds do not show one, and names how large a difference may still be.
"""

from collections.abc import Sequence

from core.architecture import Architecture
from evolution.arms import FINDERS, NO_HIDDEN_LAYER, RANDOM_SEARCH, SMALLEST
from evolution.metric_words import ACCURACY, MetricWords, quantity, words_of
from evolution.verdict import ArmVerdict, Comparison, Floor, Verdict
from evolution.wording import capital, chance, counted, listed, percent


def paragraph(verdict: Verdict) -> tuple[str, ...]:
    """Return the sentences in their order; the first says what was learned."""
    main, words = _main(verdict), words_of(verdict.metric)
    networks_learned = any(arm.floor is not None and arm.floor.above for arm in verdict.arms)
    if not networks_learned:
        found: tuple[str | None, ...] = (
            nothing_learned_sentence(verdict),
            liked_best_sentence(main, words),
            others_sentence(verdict) if any(rival.floor.above for rival in verdict.rivals) else None,
            curse_sentence(main, verdict.epochs, words),
            what_nothing_means_sentence(verdict),
        )
    else:
        found = (
            result_sentence(verdict),
            structure_sentence(verdict),
            search_sentence(verdict),
            others_sentence(verdict),
            curse_sentence(main, verdict.epochs, words),
            smaller_sentence(verdict),
        )
    return tuple(sentence for sentence in found if sentence is not None)


def result_sentence(verdict: Verdict) -> str:
    """Say how good the evolved network is, and what learning nothing would have given."""
    main, floor = _main(verdict), verdict.floor
    rows = f"the {verdict.test_rows:,} unseen {verdict.examples}"
    network = f"{FINDERS.get(main.name, main.label)}'s network {main.architecture.describe()}"
    if floor is not None and main.floor is not None and not main.floor.above:
        others = [arm.label for arm in verdict.arms if arm.floor is not None and arm.floor.above]
        return (
            f"{network} learned nothing that could be shown: it {_performance(verdict, main, rows)}, "
            f"and {_floor(verdict, floor)}, which only {listed(others)} {_is(others)} shown to exceed."
        )
    ending = f"; {_floor(verdict, floor)}" if floor is not None else ""
    return f"{network} {_performance(verdict, main, rows)}{ending}."


def _performance(verdict: Verdict, main: ArmVerdict, rows: str) -> str:
    """Say how good the evolved network is on the test rows."""
    match verdict.metric:
        case "accuracy":
            return f"answers {percent(main.test_score)} of {rows} correctly"
        case "r2":
            error = ""
            if main.rmse is not None:
                error = f" and a root mean squared error of {quantity(main.rmse.value)}, in the target's units"
            return f"predicts {_target(verdict)} for {rows} with {words_of('r2').score(main.test_score)}{error}"
        case _:
            return f"{words_of(verdict.metric).reached(main.test_score)} on {rows}"


def nothing_learned_sentence(verdict: Verdict) -> str:
    """Say that no network is shown to be better than the most frequent class, and whether anything else is."""
    if verdict.floor is None:
        raise ValueError("a verdict without a floor cannot say that nothing was learned")
    learned = [rival.label for rival in verdict.rivals if rival.floor.above]
    who = "no network" if learned or not verdict.rivals else "no network and no other method"
    opening = "The networks learned nothing" if learned else "Nothing was learned"
    but = f"; only {listed(learned)} {_is(learned)} shown to exceed that" if learned else ""
    rows = f"the {verdict.test_rows:,} unseen {verdict.examples}"
    told = {
        "accuracy": f"answer more of {rows} correctly than the most frequent answer would",
        "balanced_accuracy": f"reach a higher balanced accuracy on {rows} than any constant answer would",
        "r2": f"predict {_target(verdict)} for {rows} better than the mean of the training rows would",
    }[verdict.metric]
    return f"{opening}: {who} is shown to {told}, for {_floor(verdict, verdict.floor)}{but}."


def liked_best_sentence(main: ArmVerdict, words: MetricWords = ACCURACY) -> str:
    """Say what the search chose although there was nothing to choose."""
    ending = " correctly" if words.name == "accuracy" else ""
    return (
        f"The network that the search liked best, {main.architecture.describe()}, "
        f"{words.reached(main.test_score)}{ending}."
    )


def what_nothing_means_sentence(verdict: Verdict) -> str:
    """Say what follows when the networks learned nothing."""
    if any(rival.floor.above for rival in verdict.rivals):
        return (
            "So these networks, or the way they were trained, do not suit these data, and no structure can be advised."
        )
    return (
        "So either these inputs do not tell the answer, or it takes more rows or longer training to show it; no "
        "structure can be advised."
    )


def structure_sentence(verdict: Verdict) -> str | None:
    """Say whether structure matters: the found network against one without hidden layers and designs made by hand."""
    main, references, words = _main(verdict), _references(verdict), words_of(verdict.metric)
    # A network that is one of the designs is compared with the others.
    own = [one for one in references if _network(verdict, one) == main.architecture]
    against = [one for one in references if one not in own]
    if not references:
        return None
    better, worse, equal = (
        [one for one in against if one.conclusion == conclusion]
        for conclusion in ("better", "worse", "no difference shown")
    )
    labels = verdict.labels
    names = [labels[one.rival] for one in equal]
    itself = f"the network found is {listed([labels[one.rival] for one in own])} itself" if own else ""
    if not against:
        return f"{capital(itself)}, and there is no other design to compare it with."
    if not better and not worse:
        return (
            f"On these data structure makes no difference that could be shown: {itself}{', and ' if own else ''}"
            f"{listed(names)} {_is(names)} not shown to be worse or better ({_still_possible(equal, words)})."
        )
    parts = []
    if better:
        parts.append(f"better than {_with_evidence(better, labels, words)}")
    if worse:
        parts.append(f"worse than {_with_evidence(worse, labels, words)}")
    told = f"{f'{itself}, and ' if own else ''}it is {' and '.join(parts)}"
    if equal:
        told += f"; against {listed(names)} no difference was shown ({_still_possible(equal, words)})"
    return f"{_structure_opening(better, worse, equal)}: {told}."


def _structure_opening(better: Sequence[Comparison], worse: Sequence[Comparison], equal: Sequence[Comparison]) -> str:
    if worse:
        return "A design that needs no search does better"
    if not equal:
        return "Structure matters here"
    if len(better) == 1 and better[0].rival in NO_HIDDEN_LAYER:
        return "Hidden layers pay, but which ones they are makes no difference that could be shown"
    return "Structure matters here in part"


def search_sentence(verdict: Verdict) -> str | None:
    """Say whether evolution was worth it: its network against that of random search with as many epochs."""
    rival, comparison = verdict.arm(RANDOM_SEARCH), verdict.comparison(RANDOM_SEARCH)
    if rival is None or comparison is None:
        return None
    if rival.architecture == _main(verdict).architecture:
        return "Random search with as many epochs found the same network."
    words = words_of(verdict.metric)
    found = (
        f"Random search with as many epochs found {rival.architecture.describe()}, which "
        f"{words.reached(rival.test_score)}"
    )
    evidence = f"({words.difference(comparison.difference)}, {chance(comparison.adjusted_p_value)})"
    match comparison.conclusion:
        case "better":
            return f"{found}: evolution's network is better {evidence}."
        case "worse":
            return f"{found}: evolution's network is worse {evidence}."
        case "no difference shown":
            return f"{found}: no difference between the two searches was shown {evidence}."


def others_sentence(verdict: Verdict) -> str | None:
    """Say what else could have been used: the methods beside the networks, each with its default settings."""
    if not verdict.rivals:
        return None
    above = [rival for rival in verdict.rivals if rival.above_networks]
    labels, words = verdict.labels, words_of(verdict.metric)
    rest = [one for one in verdict.comparisons if one.rival in {rival.name for rival in verdict.rivals}]
    rest = [one for one in rest if one.rival not in {rival.name for rival in above}]
    parts = []
    if above:
        verb = "beats" if len(above) == 1 else "beat"
        named = [f"{rival.label} ({words.number(rival.test_score)})" for rival in above]
        parts.append(f"{listed(named)} {verb} every network")
    for conclusion, told in (
        ("worse", "is better than the network found"),
        ("better", "is worse"),
        ("no difference shown", "is not shown to differ from it"),
    ):
        named = [labels[one.rival] for one in rest if one.conclusion == conclusion]
        if named:
            parts.append(f"{listed(named)} {told if len(named) == 1 else told.replace('is ', 'are ', 1)}")
    return f"What else you could have used, with default settings: {'; '.join(parts)}."


def curse_sentence(main: ArmVerdict, epochs: int | None, words: MetricWords = ACCURACY) -> str | None:
    """Set the score that the search saw beside the score of the same network on fresh seeds (the winner's curse)."""
    if main.search_score is None or main.validation_score is None:
        return None
    length = "" if epochs is None else f" of {counted(epochs, 'epoch')}"
    return (
        f"The search had scored this network {words.score(main.search_score)} on its validation rows; "
        f"{counted(main.seeds - main.failures, 'fresh training')}{length} reach{_s(main)} "
        f"{words.number(main.validation_score)} there{_lost(main, words)}."
    )


def _lost(main: ArmVerdict, words: MetricWords) -> str:
    """Name the trainings that failed: they are in the test score, and not in the validation score."""
    if not main.failures:
        return ""
    which = f"which counts as {words.failure}"
    return f", and {counted(main.failures, 'other')} failed, {which}"


def smaller_sentence(verdict: Verdict) -> str | None:
    """Name the smallest network within one standard error of the found one, where it is another."""
    main, smallest, comparison = _main(verdict), verdict.arm(SMALLEST), verdict.comparison(SMALLEST)
    if smallest is None or comparison is None:
        return None
    words = words_of(verdict.metric)
    match comparison.conclusion:
        case "better":
            judged = "which is worse"
        case "worse":
            judged = "which is even better"
        case "no difference shown":
            judged = "and no difference was shown"
    return (
        f"A smaller network came within one standard error of it before the test rows were opened: "
        f"{smallest.architecture.describe()}, with {smallest.parameters:,} parameters instead of {main.parameters:,}, "
        f"{words.reached(smallest.test_score)}, {judged} ({words.difference(-comparison.difference)}, "
        f"{chance(comparison.adjusted_p_value)})."
    )


def _main(verdict: Verdict) -> ArmVerdict:
    return next(arm for arm in verdict.arms if arm.name == verdict.evolved)


def _network(verdict: Verdict, comparison: Comparison) -> Architecture | None:
    rival = verdict.arm(comparison.rival)
    return None if rival is None else rival.architecture


def _references(verdict: Verdict) -> list[Comparison]:
    """Return the comparisons with networks that no search has found."""
    searched = {verdict.evolved, SMALLEST, RANDOM_SEARCH}
    designs = {arm.name for arm in verdict.arms} - searched
    return [one for one in verdict.comparisons if one.rival in designs]


def _floor(verdict: Verdict, floor: Floor) -> str:
    if floor.rmse is not None:
        return f"always predicting the mean of the training rows, {floor.answer}, errs by {quantity(floor.rmse)}"
    reaches = "is right for" if verdict.metric == "accuracy" else "reaches"
    return f'always answering "{floor.answer}" {reaches} {percent(floor.score)}'


def _target(verdict: Verdict) -> str:
    return verdict.target or "the target"


def _with_evidence(comparisons: Sequence[Comparison], labels: dict[str, str], words: MetricWords) -> str:
    return listed(
        [
            f"{labels[one.rival]} ({words.difference(one.difference)}, {chance(one.adjusted_p_value)})"
            for one in comparisons
        ]
    )


def _still_possible(comparisons: Sequence[Comparison], words: MetricWords) -> str:
    reach = max(max(-one.low, one.high) for one in comparisons)
    return f"{words.up_to(reach)} are still possible"


def _is(labels: Sequence[str]) -> str:
    return "is" if len(labels) == 1 else "are"


def _s(main: ArmVerdict) -> str:
    return "es" if main.seeds - main.failures == 1 else ""
