from pathlib import Path

import pytest

from tests.service.api.fuzzing import fuzz, service

SECONDS = 25


@pytest.mark.slow
def test_every_answer_is_as_documented(postgres_url: str, tmp_path: Path) -> None:
    with service(postgres_url, tmp_path) as url:
        code, requests, printed = fuzz(url, tmp_path, seconds=SECONDS, seed=2016, examples=10)

    assert code == 0, printed
    assert requests > 500
