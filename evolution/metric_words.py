"""How sentences and tables write scores, by the metric: shares in percent, R2 as a number."""

import math
from typing import Final, Protocol, assert_never

from core.metrics import MetricName
from evolution.wording import percent, points

MINUS = "\N{MINUS SIGN}"


class MetricWords(Protocol):
    """The words of one metric."""

    @property
    def name(self) -> str:
        """The metric in running text: "accuracy"."""
        ...

    def number(self, score: float) -> str:
        """Write a score as a table does: "97.1 %"."""
        ...

    def score(self, score: float) -> str:
        """Write a score in a sentence, where the metric may not have been named before."""
        ...

    def reached(self, score: float) -> str:
        """Say that a network has a score on the test rows: "answers 97.1 %"."""
        ...

    def difference(self, difference: float) -> str:
        """Write a difference of two scores with its sign: "+1.2 points"."""
        ...

    def up_to(self, difference: float) -> str:
        """Write how large differences may be: "differences of up to 1.2 points"."""
        ...

    @property
    def lowest(self) -> float:
        """The lowest score that there can be."""
        ...

    @property
    def failure(self) -> str:
        """What a training that failed counts as."""
        ...

    @property
    def no_hidden_layer(self) -> str:
        """What a network without hidden layers is called."""
        ...

    @property
    def margin(self) -> str:
        """How far behind the best is close enough (`evolution.answers.MARGIN`): "a point"."""
        ...


class AccuracyWords:
    """Shares of right answers."""

    name = "accuracy"
    lowest = 0.0
    failure = "a wrong answer to every test row"
    no_hidden_layer = "logistic regression"
    margin = "a point"

    def number(self, score: float) -> str:
        """Write "97.1 %"."""
        return percent(score)

    def score(self, score: float) -> str:
        """Write "97.1 %"."""
        return percent(score)

    def reached(self, score: float) -> str:
        """Write "answers 97.1 %"."""
        return f"answers {percent(score)}"

    def difference(self, difference: float) -> str:
        """Write "+1.2 points"."""
        return points(difference)

    def up_to(self, difference: float) -> str:
        """Write "differences of up to 1.2 points"."""
        return f"differences of up to {100 * difference:.1f} points"


ACCURACY: Final[MetricWords] = AccuracyWords()


class BalancedAccuracyWords(AccuracyWords):
    """Mean shares of the classes."""

    name = "balanced accuracy"

    def score(self, score: float) -> str:
        """Write "a balanced accuracy of 97.1 %"."""
        return f"a balanced accuracy of {percent(score)}"

    def reached(self, score: float) -> str:
        """Write "reaches a balanced accuracy of 97.1 %"."""
        return f"reaches {self.score(score)}"


class R2Words:
    """Shares of variance, which may be below 0 and are not written in percent."""

    name = "R²"
    lowest = -math.inf
    failure = "predicting the mean of the training rows"
    no_hidden_layer = "linear regression"
    margin = "0.01"

    def number(self, score: float) -> str:
        """Write "0.471"."""
        # No "-0.000".
        return f"{round(score, 3) + 0.0:,.3f}".replace("-", MINUS)

    def score(self, score: float) -> str:
        """Write "an R² of 0.471"."""
        return f"an R² of {self.number(score)}"

    def reached(self, score: float) -> str:
        """Write "reaches an R² of 0.471"."""
        return f"reaches {self.score(score)}"

    def difference(self, difference: float) -> str:
        """Write "+0.012 in R²"."""
        value = round(difference, 3) + 0.0
        sign = "+" if value > 0 else MINUS if value < 0 else "\N{PLUS-MINUS SIGN}"
        return f"{sign}{abs(value):,.3f} in R²"

    def up_to(self, difference: float) -> str:
        """Write "differences of up to 0.012 in R²"."""
        return f"differences of up to {difference:,.3f} in R²"


def words_of(metric: MetricName) -> MetricWords:
    """Return the words of a metric."""
    match metric:
        case "accuracy":
            return ACCURACY
        case "balanced_accuracy":
            return BalancedAccuracyWords()
        case "r2":
            return R2Words()
        case _:
            assert_never(metric)


def quantity(value: float) -> str:
    """Write a number in a target's units with four digits, more where they stand before the point: "54.31"."""
    size = math.floor(math.log10(abs(value))) if value else 0
    text = f"{value:,.{max(0, 3 - size)}f}" if -4 <= size < 15 else f"{value:.3e}"
    return text.replace("-", MINUS)
