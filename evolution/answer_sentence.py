"""The answers in a sentence each: how many layers, how many neurons, and what matters.

"Enough" is what the simplest group is called that is the best, or shown to be less than a point behind it. Whether
fewer were shown to be worse is said as well; "no difference was shown" is a normal answer. A network without a hidden
layer stands alone in its group, so that its spread is unknown; whether it is enough is answered by the verdict's test
against logistic or linear regression instead.
"""

from collections.abc import Callable, Sequence

from evolution.answers import Group, best_group, shown_worse, simplest_sufficient
from evolution.importance import Importance
from evolution.metric_words import ACCURACY, MetricWords
from evolution.wording import capital, counted, listed, percent

LEAST_FIT = 0.1
"""A model that explains less of the networks it was not given says nothing about what matters."""


NOTHING_LEARNED = "stays open, for the networks learned nothing that could be shown."


def layers_sentence(groups: Sequence[Group], linear: str | None, words: MetricWords = ACCURACY) -> str:
    """Say how many hidden layers it takes; `linear` is how the found network compares with one that has none."""
    regression = words.no_hidden_layer
    hidden = [group for group in groups if group.least > 0]
    if not hidden:
        return "How many hidden layers it takes stays open: only networks without any were trained."
    if linear == "no difference shown":
        return (
            f"No hidden layer was shown to be needed: {regression}, which has none, is not shown to be worse "
            "than the network that was found."
        )
    if linear == "worse":
        return f"No hidden layer was needed: {regression}, which has none, is better than the network found."
    return _sentence(hidden, lambda group: counted(group.least, "hidden layer"), "How many hidden layers", words)


def neurons_sentence(groups: Sequence[Group], words: MetricWords = ACCURACY) -> str:
    """Say how many neurons in all hidden layers together it takes."""
    hidden = [group for group in groups if group.least > 0]
    if not hidden:
        return "How many neurons it takes stays open: only networks without any were trained."
    return _sentence(hidden, _neurons, "How many neurons", words)


def importance_sentence(found: Importance) -> str:
    """Say which property of a network explains the search's scores."""
    quality = percent(max(found.fit_quality, 0.0))
    if found.fit_quality < LEAST_FIT:
        return (
            f"What matters stays open: a model of the {found.networks} networks' scores explains {quality} of the "
            "scores of networks that it was not given."
        )
    return (
        f"Of the variance of the score over the search space, depth alone explains {percent(found.depth)}, the number "
        f"of neurons {percent(found.width)} and the activation {percent(found.activation)} (the shares overlap: deeper "
        f"networks have more neurons), says a model of the {found.networks} networks' scores, which explains {quality} "
        "of the scores of networks that it was not given."
    )


def _sentence(groups: Sequence[Group], name: Callable[[Group], str], question: str, words: MetricWords) -> str:
    best, enough = best_group(groups), simplest_sufficient(groups)
    if best is None or enough is None:
        return f"{question} it takes stays open: no two of the networks that were trained are alike in this."
    compared = [group for group in groups if group.networks > 1]
    average = f"the {enough.networks} networks with {name(enough)} score {words.score(enough.mean)} on average"
    if len(compared) == 1:
        return f"{question} it takes stays open: {average}, and nothing else was tried more than once."
    fewer = [group for group in compared if group.least < enough.least]
    plural = any(group.most > 1 for group in fewer if shown_worse(group))
    worse = [name(group) for group in fewer if shown_worse(group)]
    equal = [name(group) for group in fewer if not shown_worse(group)]
    told = [average + (", the most of all" if enough is best else "")]
    if enough is not best:
        highest = f"{words.number(best.mean)} with {name(best)}"
        told[0] += f", less than {words.margin} behind the highest average ({highest})"
    if worse:
        told.append(f"{listed(worse)} {'were' if len(worse) > 1 or plural else 'was'} shown to be worse than that")
    if equal:
        told.append(f"against {listed(equal)} no difference was shown")
    verb = "did best" if enough is best and fewer else "were enough" if enough.most > 1 else "was enough"
    return f"{capital(name(enough))} {verb}: {'; '.join(told)}."


def _neurons(group: Group) -> str:
    return f"{group.least:,} to {group.most:,} neurons" if group.most > group.least else counted(group.least, "neuron")
