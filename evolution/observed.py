"""What trainings have shown of each network: scores by network, cut down to what a surrogate is fitted to."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.candidate import Candidate, Evaluation
from evolution.features import FeatureMap
from evolution.surrogate import FloatArray, IndexArray, Observations

Key = tuple[Architecture, TrainingConfig]
"""A network as the search tells networks apart: its structure, and how it is trained."""

MOST_POINTS = 260
"""A surrogate is fitted to at most this many networks, so that a proposal takes milliseconds whatever was seen."""

CLIP = 1.0
SHRINKAGE = 2.0
"""How many trainings of an average network weigh as much as what was seen of one, when the best are looked for."""


def key_of(candidate: Candidate) -> Key:
    """Return what makes two candidates trainings of the same network."""
    return candidate.architecture, candidate.training


def best_and_latest(sums: FloatArray, counts: FloatArray) -> IndexArray:
    """Return the places of the networks that a surrogate is fitted to, rising: at most MOST_POINTS of them.

    `sums` and `counts` are of the scores of each network, in the order in which their first scores came. Half of the
    places go to the best, judged by means that are shrunk towards the average where trainings are few, the others to
    the latest.
    """
    places = np.arange(len(sums))
    if len(sums) <= MOST_POINTS:
        return places
    average = float((sums / np.maximum(counts, 1)).mean())
    shrunk = (sums + SHRINKAGE * average) / (counts + SHRINKAGE)
    best = np.argsort(-shrunk, kind="stable")[: MOST_POINTS // 2]
    rest = np.setdiff1d(places, best, assume_unique=True)
    return np.sort(np.concatenate([best, rest[-(MOST_POINTS - len(best)) :]]))


class Observed:
    """The scores of every network so far; networks keep the order in which their first score came."""

    def __init__(self, features: FeatureMap) -> None:
        self._features = features
        self._rows: list[npt.NDArray[np.float64]] = []
        self._sums: list[float] = []
        self._squares: list[float] = []
        self._counts: list[int] = []
        self.keys: list[Key] = []
        self.first: list[int] = []
        self.places: dict[Key, int] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def add(self, evaluations: Iterable[Evaluation]) -> None:
        """Take evaluations; failed ones, which have no score, are passed over."""
        for evaluation in evaluations:
            if evaluation.fitness is None:
                continue
            key = key_of(evaluation.candidate)
            place = self.places.get(key)
            if place is None:
                place = self.places[key] = len(self.keys)
                self.keys.append(key)
                self.first.append(evaluation.candidate.number)
                self._rows.append(self._features.matrix([key])[0])
                self._sums.append(0.0)
                self._squares.append(0.0)
                self._counts.append(0)
            for score in evaluation.scores or (evaluation.fitness,):
                self._sums[place] += score
                self._squares[place] += score * score
                self._counts[place] += 1

    def trainings(self, place: int) -> int:
        """Return how many trainings of a network were seen."""
        return self._counts[place]

    def observations(self, *, clip: bool) -> tuple[Observations, IndexArray]:
        """Return what a surrogate is fitted to, and the place here of each of its rows.

        More than MOST_POINTS networks are cut down by `best_and_latest`. `clip` lifts scores far below the median: a
        surrogate that looks for the best one need not tell bad networks apart, and their spread would drown the
        differences between good ones. Raises InvalidSearch before the first score.
        """
        sums, counts = np.array(self._sums), np.array(self._counts, np.float64)
        means = sums / np.maximum(counts, 1)
        chosen = best_and_latest(sums, counts)
        squares = np.maximum(np.array(self._squares) - counts * means**2, 0)
        means, counts, squares = means[chosen], counts[chosen], squares[chosen]
        if clip and len(means):
            middle = float(np.median(means))
            floor = middle - CLIP * (float(means.max()) - middle)
            # What spreads far below the floor says nothing about the noise of good networks.
            squares = np.where(means >= floor, squares, 0.0)
            counts = np.where(means >= floor, counts, 1.0)
            means = np.maximum(means, floor)
        rows = [self._rows[place] for place in chosen]
        features: FloatArray = np.array(rows).reshape(len(rows), -1)
        return Observations(features, means, counts, float(squares.sum())), chosen
