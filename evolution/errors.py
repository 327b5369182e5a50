"""What can be wrong with a search: a class for each kind of mistake, so that callers need not read messages."""


class EvolutionError(ValueError):
    """The base of everything that evolution refuses."""


class InvalidSpace(EvolutionError):
    """The bounds of a search space contradict each other or leave no network."""


class InvalidGenome(EvolutionError):
    """A network does not have the form that a search gives to its networks."""


class InvalidSearch(EvolutionError):
    """A search was asked for with settings that it cannot follow."""


class InvalidCandidate(EvolutionError):
    """A candidate or an evaluation carries values that cannot be true."""


class InvalidStatistics(EvolutionError):
    """A statistic was asked for of numbers that do not allow it."""


class InvalidVerdict(EvolutionError):
    """The arms given to the verdict, or a stored verdict, do not fit together."""


class SearchOrderError(EvolutionError):
    """A search was told or resumed with candidates that it never proposed, or in an order that cannot have been."""


class EvaluatorUnavailable(EvolutionError):
    """The evaluator cannot work; the message says what to do about it."""
