"""Job specs as they are stored, read again."""

from pydantic import ValidationError

from service.errors import Conflict
from service.job_spec import JobSpec
from service.store.entities import Job


def spec_of(job: Job) -> JobSpec:
    """Return the stored spec. Raises Conflict for one of another release."""
    try:
        return JobSpec.model_validate(job.spec)
    except ValidationError:
        raise Conflict("this release cannot read the job's spec; submit it again") from None
