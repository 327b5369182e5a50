"""What the owner of a job writes on it: its name, labels and notes, and whether it is archived.

None of it changes what the job does, so that it may be changed at any time, after the job has ended too.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from service.store.bulk import insert_all
from service.store.models import job_labels, jobs


def change_details(session: Session, job_id: str, details: Mapping[str, Any]) -> None:
    """Store those of `name`, `notes`, `archived` and `labels` that are given; the caller has locked the job."""
    columns = {name: details[name] for name in ("name", "notes", "archived") if name in details}
    if columns:
        session.execute(update(jobs).where(jobs.c.id == job_id).values(**columns))
    if "labels" in details:
        _set_labels(session, job_id, details["labels"])


def labels_of(session: Session, job_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the labels of each of the jobs that has some, in the order of the alphabet."""
    found: dict[str, list[str]] = {}
    rows = session.execute(select(job_labels.c.job_id, job_labels.c.label).where(job_labels.c.job_id.in_(job_ids)))
    for row in rows:
        found.setdefault(row.job_id, []).append(row.label)
    # Sorted here: databases differ in what they take for the order of the alphabet.
    return {job_id: tuple(sorted(labels)) for job_id, labels in found.items()}


def _set_labels(session: Session, job_id: str, labels: Collection[str]) -> None:
    session.execute(delete(job_labels).where(job_labels.c.job_id == job_id))
    if labels:
        insert_all(session, job_labels, [{"job_id": job_id, "label": label} for label in labels])
