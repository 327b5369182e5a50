"""Between the rows of the tables and the values of core, evolution and the store.

What goes in comes out equal, to the last bit save the sign of a fitness of zero: floats travel as 64-bit columns or as
JSON text, which Python writes with as many digits as it takes to read the same float again.
"""

import math
from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Row

from core.architecture import Architecture
from core.training import Epoch, TrainingConfig
from evolution.candidate import Candidate, Evaluation, Prediction
from service.store.entities import DatasetRow, Event, Job, Phase, StoredNetwork, UploadedDataset, now
from service.store.models import evaluations

CURVE_FORMAT: Final = 1
LARGEST_BIGINT: Final = 2**63 - 1


def plain_text(text: str) -> str:
    """Return `text` without what PostgreSQL cannot store, NUL and lone surrogates; messages of errors may hold both.

    An id or a name that is asked for passes through here too: one with such characters then matches nothing.
    """
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def candidate_values(job_id: str, phase: Phase, candidate: Candidate) -> dict[str, Any]:
    """Return the columns of a candidate that waits for its evaluation."""
    return {
        "job_id": job_id,
        "phase": phase,
        "number": candidate.number,
        "parents": list(candidate.parents),
        "operator": candidate.operator,
        "seed": candidate.seed,
        "architecture": candidate.architecture.to_json(),
        "training": _training(candidate.training),
        "keep_network": candidate.keep_network,
        "predict_test": candidate.predict_test,
        "replicates": candidate.replicates,
        "stop_after": candidate.stop_after,
        "prediction": None if candidate.prediction is None else asdict(candidate.prediction),
        "parameters": candidate.architecture.parameter_count,
        "layers": len(candidate.architecture.widths),
        "status": "pending",
        "created_at": now(),
    }


# All candidates of a search share one configuration, or a few.
@lru_cache(maxsize=16)
def _training(training: TrainingConfig) -> dict[str, Any]:
    return training.to_json()


def candidate_from_row(row: Row[Any]) -> Candidate:
    """Return the candidate of a row of `candidates`."""
    return Candidate(
        number=row.number,
        parents=tuple(row.parents),
        operator=row.operator,
        seed=row.seed,
        architecture=Architecture.from_json(row.architecture),
        training=TrainingConfig.from_json(row.training),
        keep_network=row.keep_network,
        predict_test=row.predict_test,
        replicates=row.replicates,
        stop_after=row.stop_after,
        prediction=None if row.prediction is None else Prediction(**row.prediction),
    )


def evaluation_values(evaluation: Evaluation) -> dict[str, Any]:
    """Return the columns of an evaluation, without its candidate and its network, which have tables of their own.

    Raises ValueError for more FLOPs than a column holds.
    """
    if evaluation.flops > LARGEST_BIGINT:
        raise ValueError(
            f"candidate {evaluation.candidate.number} spent {evaluation.flops} FLOPs; at most 2**63 - 1 can be stored"
        )
    return {
        # SQLite's columns know no negative zero; without it both databases hold the same.
        "fitness": None if evaluation.fitness is None else evaluation.fitness + 0.0,
        "error": None if evaluation.error is None else plain_text(evaluation.error),
        "curve": curve_to_json(evaluation.curve),
        "scores": list(evaluation.scores) or None,
        "epochs": evaluation.epochs,
        "flops": evaluation.flops,
        "seconds": evaluation.seconds,
        "worker": plain_text(evaluation.worker),
        "test_predictions": evaluation.test_predictions,
        "created_at": now(),
    }


def evaluation_from_row(candidate: Candidate, row: Row[Any], network: bytes | None) -> Evaluation:
    """Return the evaluation of a row that holds the columns of `evaluations`."""
    return Evaluation(
        candidate=candidate,
        # A row of both tables has two of this name; the candidate's is the copy.
        fitness=row._mapping[evaluations.c.fitness],
        error=row.error,
        curve=curve_from_json(row.curve),
        epochs=row.epochs,
        flops=row.flops,
        seconds=row.seconds,
        worker=row.worker,
        network=network,
        test_predictions=row.test_predictions,
        scores=tuple(row.scores or ()),
    )


def curve_to_json(curve: Iterable[Epoch]) -> dict[str, Any]:
    """Return a learning curve as JSON: a list of three numbers per epoch, those that are not finite as text."""
    return {
        "format": CURVE_FORMAT,
        "epochs": [
            [_number(epoch.train_loss), _number(epoch.validation_loss), _number(epoch.validation_score)]
            for epoch in curve
        ],
    }


def curve_from_json(value: dict[str, Any]) -> tuple[Epoch, ...]:
    """Return the learning curve. Raises ValueError for a format that this release does not know."""
    if value.get("format") != CURVE_FORMAT:
        raise ValueError(f"a learning curve of format {value.get('format')!r} is unknown; this release reads 1")
    return tuple(Epoch(*(float(number) for number in numbers)) for numbers in value["epochs"])


def _number(value: float) -> float | str:
    # The last epoch before a training diverged may hold an infinite loss, for which JSON has no number.
    return value if math.isfinite(value) else str(value)


def job_from_row(row: Row[Any]) -> Job:
    """Return the job of a row of `jobs`."""
    return Job(
        id=row.id,
        owner=row.owner,
        name=row.name,
        status=row.status,
        phase=row.phase,
        dataset=row.dataset,
        dataset_id=row.dataset_id,
        dataset_fingerprint=row.dataset_fingerprint,
        spec=row.spec,
        seed=row.seed,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        stop_reason=row.stop_reason,
        stopped_at=row.stopped_at,
        search_seconds=row.search_seconds,
        error=row.error,
        cancel_requested=row.cancel_requested,
        pause_requested=row.pause_requested,
        resumed_at=row.resumed_at,
        notes=row.notes,
        archived=row.archived,
        cloned_from=row.cloned_from,
        lease_runner=row.lease_runner,
        lease_number=row.lease_number,
        event_count=row.event_count,
        verdict=row.verdict,
        priority=row.priority,
    )


def event_from_row(row: Row[Any]) -> Event:
    """Return the event of a row of `events`."""
    return Event(row.job_id, row.sequence, row.type, row.data, row.created_at)


def dataset_values(dataset: DatasetRow) -> dict[str, Any]:
    """Return the columns of a data set."""
    return {
        "name": dataset.name,
        "title": dataset.title,
        "task": dataset.task,
        "input_shape": list(dataset.input_shape),
        "classes": list(dataset.classes),
        "train_rows": dataset.train_rows,
        "validation_rows": dataset.validation_rows,
        "test_rows": dataset.test_rows,
        "fingerprint": dataset.fingerprint,
        "source": dataset.source,
        "created_at": dataset.created_at,
    }


def dataset_from_row(row: Row[Any]) -> DatasetRow:
    """Return the data set of a row of `datasets`."""
    return DatasetRow(
        name=row.name,
        title=row.title,
        task=row.task,
        input_shape=tuple(row.input_shape),
        classes=tuple(row.classes),
        train_rows=row.train_rows,
        validation_rows=row.validation_rows,
        test_rows=row.test_rows,
        fingerprint=row.fingerprint,
        source=row.source,
        created_at=row.created_at,
    )


def uploaded_dataset_from_row(row: Row[Any]) -> UploadedDataset:
    """Return the data set of a row of `uploaded_datasets`."""
    return UploadedDataset(
        id=row.id,
        owner=row.owner,
        name=row.name,
        title=row.title,
        file_sha256=row.file_sha256,
        file_bytes=row.file_bytes,
        prepared_key=row.prepared_key,
        options=row.options,
        description=row.description,
        fingerprint=row.fingerprint,
        created_at=row.created_at,
    )


def network_from_row(row: Row[Any]) -> StoredNetwork:
    """Return the network of a row of `networks`."""
    return StoredNetwork(
        id=row.id,
        job_id=row.job_id,
        phase=row.phase,
        number=row.number,
        architecture=Architecture.from_json(row.architecture),
        content=row.content,
        sha256=row.sha256,
        created_at=row.created_at,
    )
