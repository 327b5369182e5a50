"""What the simulated trainings are like: how long they take, which workers die, and what fitness comes out.

Everything is drawn from a stream of the candidate's number, so that neither the order of the calls nor the number of
workers changes anything. Times are whole nanoseconds of simulated time: no rounding can change an order, and the
accounts add up exactly.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

from core.training import Epoch, predicted_flops
from evolution.candidate import Candidate
from evolution.errors import InvalidSearch
from evolution.rng import stream

ATTEMPTS = 2
"""A candidate whose worker died is tried once more, as by the product's evaluators."""


class Purpose(IntEnum):
    """What a stream decides; far from the purposes of `evolution.rng`, whose searches may have the same seed."""

    ATTEMPT = 1001
    FITNESS = 1002
    COST = 1003


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to train a candidate: how long its worker is busy, and whether the worker dies in the end."""

    nanoseconds: int
    dies: bool


@dataclass(frozen=True, slots=True)
class Workload:
    """How the real trainings differ from the predicted ones.

    `flops_per_second` is the speed of every worker. The real time is the predicted one times a log-normal error of mean
    1, whose logarithm has the standard deviation `sigma`; a share of `stragglers` takes `straggling` times as long on
    top. In a share of `deaths` of the attempts the worker dies, at a moment drawn evenly from the training's length,
    and is replaced at once. `rows` is the number of training rows. `noise` is the standard deviation of the fitness
    between two seeds of one network.
    """

    rows: int = 1000
    flops_per_second: float = 1e9
    sigma: float = 0.3
    stragglers: float = 0.0
    straggling: float = 10.0
    deaths: float = 0.0
    noise: float = 0.005
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in (("stragglers", self.stragglers), ("deaths", self.deaths)):
            if not 0 <= value <= 1:
                raise InvalidSearch(f"{name} must be a share between 0 and 1, got {value}")
        if self.sigma < 0 or self.noise < 0:
            raise InvalidSearch(f"sigma and noise must be 0 or more, got {self.sigma} and {self.noise}")
        if self.rows < 1 or self.flops_per_second <= 0 or self.straggling <= 0:
            raise InvalidSearch("rows, flops_per_second and straggling must be above 0")

    def attempt(self, candidate: Candidate, tried: int) -> Attempt:
        """Return what the attempt after `tried` earlier ones does."""
        rng = stream(self.seed, Purpose.ATTEMPT, ATTEMPTS * candidate.number + tried)
        normal, straggles, dies, share = rng.standard_normal(), rng.random(), rng.random(), rng.random()
        flops = predicted_flops(candidate.architecture, self.rows, candidate.training.epochs)
        seconds = flops / self.flops_per_second * math.exp(self.sigma * normal - self.sigma**2 / 2)
        if straggles < self.stragglers:
            seconds *= self.straggling
        if dies < self.deaths:
            return Attempt(max(1, round(1e9 * seconds * share)), dies=True)
        return Attempt(max(1, round(1e9 * seconds)), dies=False)

    def fitness(self, candidate: Candidate) -> float:
        """Return a made-up accuracy: best for networks of middle size and depth 2, plus the noise of the seed."""
        architecture = candidate.architecture
        size = math.log2(architecture.parameter_count)
        true = 0.98 - 0.002 * (size - 14) ** 2 - 0.004 * (architecture.depth - 2) ** 2
        noise = self.noise * stream(self.seed, Purpose.FITNESS, candidate.number).standard_normal()
        return float(min(max(true + noise, 0.0), 1.0))


def curve(fitness: float, epochs: int) -> tuple[Epoch, ...]:
    """Return a learning curve that ends at the fitness, so that rows are as long as those of real trainings."""
    return tuple(
        Epoch(2 / epoch, 2 / epoch + 0.1, fitness * (1 - (1 - epoch / epochs) ** 2)) for epoch in range(1, epochs + 1)
    )
