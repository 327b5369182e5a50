"""From a candidate's rows to the order to examine it, or to the sentence why that is not possible."""

from dataclasses import replace

from sqlalchemy.orm import Session

from evolution.candidate import Candidate, Evaluation
from service.data.built_in import BUILT_IN
from service.dataset_intake import dataset_files
from service.errors import CandidateNotExaminable, CandidateNotFound, DatasetNotFound, NetworkNotFound
from service.examination.order import Order
from service.settings import Settings
from service.store.candidate_repository import CandidateRepository
from service.store.entities import Job, Phase
from service.store.job_repository import JobRepository
from service.store.network_repository import NetworkRepository
from service.store.pace import latest_calibration
from service.store.uploaded_dataset_repository import UploadedDatasetRepository


def order_for(session: Session, settings: Settings, owner: str | None, job_id: str, phase: Phase, number: int) -> Order:
    """Return the order to examine a candidate. Raises JobNotFound, CandidateNotFound and CandidateNotExaminable."""
    job = JobRepository(session, owner).get(job_id)
    found = CandidateRepository(session).get(job_id, phase, number)
    if found is None:
        raise CandidateNotFound(f"the job has no candidate {number} in its phase {phase}")
    candidate, evaluation = found
    scored = _require_scored(candidate, evaluation)
    flops = scored.flops * len(scored.curve) // max(1, scored.epochs)
    order = Order(
        owner=job.owner,
        job_id=job.id,
        phase=phase,
        number=number,
        architecture=candidate.architecture,
        training=candidate.training,
        seed=candidate.seed,
        stop_after=candidate.stop_after,
        dataset=job.dataset,
        prepared=_prepared(session, settings, job),
        fingerprint=job.dataset_fingerprint,
        # Of several trainings the first has the candidate's own seed, and its curve is the one that is stored.
        score=scored.scores[0] if scored.scores else _fitness(scored),
        curve=scored.curve,
        flops=flops,
        seconds=0.0,
        network=_stored(session, job_id, phase, number),
    )
    if order.network is not None:
        return order
    return replace(order, seconds=_require_affordable(session, settings, scored, flops))


def _require_scored(candidate: Candidate, evaluation: Evaluation | None) -> Evaluation:
    if evaluation is None:
        raise CandidateNotExaminable(
            f"candidate {candidate.number} has no score yet; it can be examined once it was trained"
        )
    if evaluation.fitness is None:
        raise CandidateNotExaminable(f"candidate {candidate.number} failed, so there is no network to look at")
    return evaluation


def _fitness(evaluation: Evaluation) -> float:
    return 0.0 if evaluation.fitness is None else evaluation.fitness


def _prepared(session: Session, settings: Settings, job: Job) -> str | None:
    if job.dataset_id is None:
        if job.dataset not in BUILT_IN:
            raise CandidateNotExaminable("this release does not know the data set of the job")
        return None
    try:
        uploaded = UploadedDatasetRepository(session, job.owner).get_by_id(job.dataset_id)
    except DatasetNotFound:
        raise CandidateNotExaminable(
            "the data set of the job was deleted, so nothing can be trained on it again"
        ) from None
    return str(dataset_files(settings).prepared_path(uploaded.prepared_key))


def _stored(session: Session, job_id: str, phase: Phase, number: int) -> bytes | None:
    try:
        return NetworkRepository(session).of_candidate(job_id, phase, number).content
    except NetworkNotFound:
        return None


def _require_affordable(session: Session, settings: Settings, evaluation: Evaluation, flops: int) -> float:
    """Return the seconds that a training is predicted to take on one core."""
    calibration = latest_calibration(session)
    # Large networks bring more operations per second than the small one of the calibration; this one's own training
    # knows, if only on the machine where it ran.
    own = evaluation.flops / evaluation.seconds if evaluation.seconds > 0 else 0.0
    speed = max(own, calibration.flops_per_second if calibration is not None else 0.0)
    seconds = flops / speed if speed > 0 else 0.0
    most = settings.examination_seconds
    if seconds > most or not most:
        raise CandidateNotExaminable(
            f"training this candidate again takes {flops:.2g} floating-point operations, about {seconds:,.1f} s at "
            f"{speed:.2g} a second; an examination may take {most} s. Whoever runs the service can raise "
            "CAMBRIAN_EXAMINATION_SECONDS"
        )
    return seconds
