"""Ways to drive a search to its end without a training: serial, shuffled, and with kills."""

from collections.abc import Callable
from random import Random

from evolution.candidate import Candidate, Evaluation
from evolution.search import Search
from tests.evolution.builders import evaluation, fitness_of

Answer = Callable[[Candidate], Evaluation]
Rows = list[Evaluation]


def answer(candidate: Candidate) -> Evaluation:
    """Answer from the candidate alone; some fail, some stop early."""
    draw = candidate.seed % 16
    return evaluation(candidate, None if draw == 0 else fitness_of(candidate), epochs=max(1, 3 - draw // 6))


def drive(search: Search, answered: Answer = answer, order: Random | None = None) -> Rows:
    """Run to the end and return the evaluations by number; `order` shuffles in which order results arrive."""
    waiting: list[Candidate] = []
    rows: Rows = []
    while True:
        candidate = search.ask()
        if candidate is not None:
            waiting.append(candidate)
            continue
        if search.done:
            return sorted(rows, key=lambda row: row.candidate.number)
        place = order.randrange(len(waiting)) if order is not None else 0
        rows.append(answered(waiting.pop(place)))
        search.tell(rows[-1])


def drive_with_kills(make: Callable[[], Search], order: Random, answered: Answer = answer) -> Rows:
    """Start a fresh search from the stored rows after every single evaluation."""
    candidates: list[Candidate] = []
    rows: Rows = []
    while True:
        search = make()
        search.resume(candidates, rows)
        while (candidate := search.ask()) is not None:
            candidates.append(candidate)
        if search.done:
            return sorted(rows, key=lambda row: row.candidate.number)
        known = {row.candidate.number for row in rows}
        rows.append(answered(order.choice([one for one in candidates if one.number not in known])))
