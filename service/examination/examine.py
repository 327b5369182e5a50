"""One candidate examined: its network is made again, compared with what is stored, and asked about every row."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.dataset import Dataset
from core.errors import CoreError, Diverged
from core.export import from_bytes, to_bytes
from core.network import Network
from core.training import Epoch, Training
from core.validation import validation_score
from service.data.encoder import Encoder
from service.examination import findings
from service.examination.order import Order
from service.examination.pictures import first_layer, picture_of
from service.examination.predictions_file import predictions_csv
from service.examination.result import Examination, Reproduction


class NotExamined(Exception):
    """Nothing can be shown of the candidate; the message is a sentence for whoever asked."""


@dataclass(frozen=True, eq=False)
class Data:
    """A data set without its test rows, as it is and standardized, and what its inputs were made of."""

    raw: Dataset
    prepared: Dataset
    encoder: Encoder | None


@dataclass(frozen=True, eq=False)
class Examined:
    """What was found, and the files that can be downloaded: the network's, and every validation row's answer."""

    examination: Examination
    network: bytes
    predictions: str


def examine(order: Order, data: Data, after_epoch: Callable[[], None]) -> Examined:
    """Make the candidate's network, check that it is the one that was scored, and look at it. Raises NotExamined."""
    raw, prepared = data.raw, data.prepared
    if raw.task not in {"classification", "regression"}:
        raise NotExamined(f"a candidate for {raw.task} cannot be examined")
    if order.fingerprint is not None and order.fingerprint != raw.fingerprint:
        raise NotExamined(
            f"the data set {order.dataset} has changed since the job ran: its fingerprint is another one, and so would "
            "be every training"
        )
    network, reproduction = (
        _stored(order, prepared) if order.network is not None else _again(order, prepared, after_epoch)
    )
    names = raw.class_names
    answers = findings.answer(network, raw, prepared)
    classes = raw.task != "regression"
    matrix, mistakes = findings.confusion(answers, names) if classes else (None, None)
    examination = Examination(
        job_id=order.job_id,
        phase=order.phase,
        number=order.number,
        task=raw.task,
        classes=list(names),
        rows=len(raw.validation),
        reproduction=reproduction,
        right=int((answers.predicted == answers.true).sum()) if classes else None,
        by_class=findings.by_class(answers, names) if classes else None,
        confusion=matrix,
        mistakes=mistakes,
        calibration=findings.calibration(answers),
        regression=None if classes else findings.regression_fit(answers),
        picture=picture_of(raw.input_shape),
        worst=findings.worst_rows(answers, raw, data.encoder, names),
        first_layer=first_layer(network, names),
        regions=findings.regions(network, answers, raw, data.encoder),
    )
    return Examined(examination, to_bytes(network), predictions_csv(answers, names))


def _again(order: Order, prepared: Dataset, after_epoch: Callable[[], None]) -> tuple[Network, Reproduction]:
    started = time.process_time()
    try:
        training = Training(order.architecture, prepared, order.training, seed=order.seed)
        training.run(order.stop_after, after_epoch=after_epoch)
    except Diverged as error:
        raise NotExamined(
            f"trained again on this machine, the network diverged in epoch {error.epoch}, which it did not when it was "
            "scored: this machine calculates otherwise (another processor or another build of NumPy)"
        ) from error
    except CoreError as error:
        raise NotExamined(f"the candidate cannot be trained on this data: {error}"[:300]) from error
    result = training.result()
    place = _first_other_epoch(order.curve, result.curve)
    equal = result.score == order.score and place is None
    if equal:
        sentence = "trained again just now: the same score to the last digit, and the same learning curve"
    else:
        where = "" if place is None else f", the learning curve from epoch {place + 1} on"
        sentence = (
            f"trained again just now, the score came out as {result.score:.6f}; stored is {order.score:.6f}{where}. "
            "This machine calculates otherwise than the one that scored it (another processor or another build of "
            "NumPy), so what follows belongs to a network that is like it, not to the very same one"
        )
    return result.network, Reproduction(
        source="trained_again",
        equal=equal,
        stored_score=order.score,
        score=float(result.score),
        sentence=sentence,
        epochs=result.epochs,
        cpu_seconds=time.process_time() - started,
    )


def _stored(order: Order, prepared: Dataset) -> tuple[Network, Reproduction]:
    try:
        network = from_bytes(order.network or b"")
    except CoreError as error:
        raise NotExamined(f"the stored network cannot be read: {error}"[:300]) from error
    started = time.process_time()
    rows = prepared.validation
    score = float(
        validation_score(prepared.task, network.logits(rows.flat_inputs), rows.targets, order.training.metric)
    )
    equal = score == order.score
    sentence = (
        "the network that the job kept: it has the stored score to the last digit"
        if equal
        else f"the network that the job kept scores {score:.6f} on this machine; stored is {order.score:.6f}"
    )
    return network, Reproduction(
        source="stored_network",
        equal=equal,
        stored_score=order.score,
        score=score,
        sentence=sentence,
        epochs=0,
        cpu_seconds=time.process_time() - started,
    )


def _first_other_epoch(stored: tuple[Epoch, ...], again: tuple[Epoch, ...]) -> int | None:
    for place, (one, other) in enumerate(zip(stored, again, strict=False)):
        pairs = (
            (one.train_loss, other.train_loss),
            (one.validation_loss, other.validation_loss),
            (one.validation_score, other.validation_score),
        )
        if not all(np.array_equal(before, after, equal_nan=True) for before, after in pairs):
            return place
    return None if len(stored) == len(again) else min(len(stored), len(again))
