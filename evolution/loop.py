"""The loop that drives a search: ask, submit, wait, tell, as an iterator.

The caller owns the `for`, and with it the transaction around each event, the heartbeat, cancellation and pause. Every
event is yielded before search or evaluator act on it further, so a caller that stores each event before it asks for
the next one can be killed at any point and resume from what it stored:

- `Proposed` comes before the candidate is submitted;
- `Evaluated` comes before the search is told, so before anything is decided from it;
- `Waiting` comes right before every wait for a result.
"""

import gc
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from evolution.candidate import Candidate, Evaluation
from evolution.errors import SearchOrderError
from evolution.evaluation import Evaluator
from evolution.search import Search

SETTLED = 1000
"""Results between two moments at which what is alive is taken out of the garbage collector's sight.

A search keeps all of its candidates and evaluations, and a full collection would walk through all of them each time:
seconds without a proposal at half a million. This way it only walks through what has come since.
"""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A candidate was proposed and is about to be submitted."""

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A result has come and is about to be told to the search."""

    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing can be proposed before a result comes; `in_flight` candidates are being trained."""

    in_flight: int


SearchEvent = Proposed | Evaluated | Waiting

RunSearch = Callable[[Search, Evaluator, Sequence[Candidate]], Generator[SearchEvent, None, None]]
"""What drives a search to its end: `run_search`, or something around it."""


def run_search(
    search: Search, evaluator: Evaluator, pending: Sequence[Candidate] = (), wait_seconds: float = 0.5
) -> Generator[SearchEvent, None, None]:
    """Drive the search to its end; `pending` are the candidates of a resumed search that have no evaluation yet.

    They are submitted exactly as stored and not announced again. Closing the iterator drops what the evaluator has in
    flight, but does not close the evaluator, which the next search may use.

    While a long search runs, objects that form a cycle and die may stay in memory until it ends (`gc.freeze`).
    """
    told = 0
    try:
        for candidate in pending:
            evaluator.submit(candidate)
        while True:
            proposed = search.ask()
            if proposed is not None:
                yield Proposed(proposed)
                evaluator.submit(proposed)
                continue
            if search.done:
                return
            if evaluator.in_flight == 0:
                raise SearchOrderError(
                    "the search waits for a result, but nothing is being trained: were all pending candidates given?"
                )
            yield Waiting(evaluator.in_flight)
            for evaluation in evaluator.wait(wait_seconds):
                yield Evaluated(evaluation)
                search.tell(evaluation)
                told += 1
                if told % SETTLED == 0:
                    gc.collect()
                    gc.freeze()
    finally:
        if told >= SETTLED:
            gc.unfreeze()
        evaluator.cancel()
