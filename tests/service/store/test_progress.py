from random import Random

from hypothesis import given
from hypothesis import strategies as st

from service.store.progress import Improvement, Progress
from tests.service.store.samples import candidate, evaluation

FITNESS = st.one_of(st.none(), st.sampled_from([0.1, 0.2, 0.3, 0.4]))


@given(st.lists(FITNESS, max_size=12), st.randoms(use_true_random=False))
def test_improvements_do_not_depend_on_the_order_of_the_results(scores: list[float | None], order: Random) -> None:
    results = [evaluation(candidate(number), score) for number, score in enumerate(scores)]
    expected: list[Improvement] = []
    for number, score in enumerate(scores):
        if score is not None and (not expected or score > expected[-1].fitness):
            expected.append(Improvement(number, score))
    order.shuffle(results)
    progress = Progress("search")
    for result in results:
        progress = progress.with_evaluation(result)

    assert progress.improvements == tuple(expected)
