"""Which candidate of a job is meant: a number in the path, and the phase that counts it."""

import re
from typing import Annotated, Final

from fastapi import Path, Query
from pydantic import BeforeValidator

from service.errors import CandidateNotFound
from service.store.entities import Phase
from service.store.mapping import LARGEST_BIGINT

_DIGITS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)


def _known_form(text: object) -> int:
    """Refuse what no candidate's number can be, before SQL sees it."""
    if not isinstance(text, str) or _DIGITS.fullmatch(text) is None or int(text) > LARGEST_BIGINT:
        raise CandidateNotFound("there is no candidate of this number")
    return int(text)


CandidateNumber = Annotated[
    int, BeforeValidator(_known_form), Path(description="Number of the candidate: 0, 1, 2 ... within its phase")
]
PhaseOf = Annotated[Phase, Query(description="The part of the job's work that the candidate belongs to")]
