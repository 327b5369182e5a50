"""One SHA-256 over all candidates and evaluations of a job: equal digests mean equal searches.

Each evaluation is one line of JSON, sorted by phase and number, of everything that must be the same on every run of the
job: not the CPU seconds, the worker, or when a row was written. The networks of the final phase are deleted but for
a few, whose files have hashes of their own.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from evolution.candidate import Evaluation
from service.store.entities import PHASES, Phase
from service.store.mapping import candidate_values, evaluation_values

_OF_CANDIDATE: Final = (
    "number",
    "parents",
    "operator",
    "seed",
    "architecture",
    "training",
    "keep_network",
    "predict_test",
    "replicates",
    "stop_after",
    "prediction",
)
_OF_EVALUATION: Final = ("fitness", "error", "curve", "scores", "epochs", "flops")


@dataclass(frozen=True, slots=True)
class RowDigest:
    """How many evaluations there are, and their SHA-256 in hex."""

    count: int
    sha256: str


def digest_rows(rows: Mapping[Phase, Sequence[Evaluation]]) -> RowDigest:
    """Return the digest of all evaluations of a job, by phase, in any order."""
    digest = hashlib.sha256()
    count = 0
    for phase in PHASES:
        for evaluation in sorted(rows.get(phase, ()), key=lambda one: one.candidate.number):
            line = json.dumps(_line(phase, evaluation), sort_keys=True, separators=(",", ":"), allow_nan=False)
            digest.update(line.encode("utf-8") + b"\n")
            count += 1
    return RowDigest(count, digest.hexdigest())


def _line(phase: Phase, evaluation: Evaluation) -> dict[str, Any]:
    candidate, outcome = candidate_values("", phase, evaluation.candidate), evaluation_values(evaluation)
    predictions = evaluation.test_predictions
    return {
        "phase": phase,
        **{name: candidate[name] for name in _OF_CANDIDATE},
        **{name: outcome[name] for name in _OF_EVALUATION},
        "test_predictions": None if predictions is None else hashlib.sha256(predictions).hexdigest(),
    }
