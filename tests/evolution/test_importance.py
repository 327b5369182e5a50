from collections.abc import Sequence

import numpy as np
import pytest

from core.architecture import Architecture
from evolution.answers import neuron_band, neurons_of
from evolution.importance import SAMPLES, Floats, Importance, explained_shares, importance
from evolution.recommendation import surrogate_fit
from evolution.rng import stream
from evolution.space import SearchSpace
from tests.evolution.builders import TRAINING

# Widths of one band only, so that depth and total width can be told apart by hand.
SPACE = SearchSpace((6,), 3, min_layers=1, max_layers=2, min_units=4, max_units=40)

FIT = surrogate_fit(SPACE, TRAINING)


def of_depth(networks: Sequence[Architecture]) -> Floats:
    return np.array([float(one.depth) for one in networks])


def of_activation(networks: Sequence[Architecture]) -> Floats:
    return np.array([1.0 if "tanh" in one.activations else 0.0 for one in networks])


def of_width(networks: Sequence[Architecture]) -> Floats:
    return np.array([float(neuron_band(neurons_of(one))[0]) for one in networks])


def test_what_decides_alone_explains_everything() -> None:
    for predict, place in ((of_depth, 0), (of_width, 1), (of_activation, 2)):
        shares = explained_shares(predict, SPACE, seed=1)

        assert shares is not None
        assert shares[place] == pytest.approx(1)


def test_what_does_not_take_part_explains_next_to_nothing() -> None:
    shares = explained_shares(of_depth, SPACE, seed=1)

    assert shares is not None
    assert shares[2] < 10 / SAMPLES


def test_two_independent_parts_share_as_their_variances_do() -> None:
    # Depth is 1 or 2 and the activation one of two, each with even chances: variances 9/4 and 1/4.
    shares = explained_shares(lambda networks: 3 * of_depth(networks) + of_activation(networks), SPACE, seed=1)

    assert shares is not None
    assert (shares[0], shares[2]) == pytest.approx((0.9, 0.1), abs=0.03)


def test_what_acts_together_only_belongs_to_neither() -> None:
    shares = explained_shares(
        lambda networks: (2 * of_depth(networks) - 3) * (2 * of_activation(networks) - 1), SPACE, seed=1
    )

    assert shares is not None
    assert max(shares[0], shares[2]) < 0.01


def test_a_network_without_layers_belongs_to_all_activations() -> None:
    space = SearchSpace((6,), 3, min_layers=0, max_layers=1, min_units=4, max_units=40)

    shares = explained_shares(of_activation, space, seed=1)

    # Half of the networks have a layer: the means are 1/2 and 0 around 1/4, and Y is 1 for a quarter of all.
    assert shares is not None
    assert shares[2] == pytest.approx(0.0625 / (0.25 * 0.75), abs=0.04)


def test_equal_predictions_have_no_variance_to_explain() -> None:
    assert explained_shares(lambda networks: np.full(len(networks), 0.7), SPACE, seed=1) is None


def networks(count: int) -> list[Architecture]:
    rng = stream(3, 1, 0)
    return [SPACE.sample(rng) for _ in range(count)]


def test_the_surrogate_finds_what_the_scores_follow() -> None:
    known = networks(60)
    scores = 0.9 - 0.05 * of_depth(known) + np.random.default_rng(1).normal(0, 0.002, 60)

    found = importance(known, scores.tolist(), SPACE, seed=1, fit=FIT)

    assert found is not None
    assert found.networks == 60
    assert found.depth > 0.9
    assert found.activation < 0.1
    assert found.fit_quality > 0.9
    assert found == importance(known, scores.tolist(), SPACE, seed=1, fit=FIT)


def test_noise_is_not_predicted() -> None:
    scores = np.random.default_rng(1).normal(0.9, 0.01, 60)

    found = importance(networks(60), scores.tolist(), SPACE, seed=1, fit=FIT)

    assert isinstance(found, Importance)
    assert found.fit_quality < 0.1


def test_too_few_networks_say_nothing() -> None:
    assert importance(networks(9), list(np.linspace(0, 1, 9)), SPACE, seed=1, fit=FIT) is None
    assert importance(networks(20), [0.5] * 20, SPACE, seed=1, fit=FIT) is None
