from pathlib import Path

import httpx
import pytest

from service.api.problem_pages import CATALOG, document
from service.errors import CambrianError
from tests.service.api.serving import problem_of

DOCUMENT = Path(__file__).parents[3] / "docs" / "problems.md"


def _all(root: type[CambrianError]) -> set[type[CambrianError]]:
    return {root, *(kind for child in root.__subclasses__() for kind in _all(child))}


def test_every_error_has_a_code_of_its_own() -> None:
    assert set(CATALOG.values()) == _all(CambrianError) - {CambrianError}
    assert all(code == kind.code for code, kind in CATALOG.items())


def test_the_document_is_the_table() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document()


@pytest.mark.parametrize("code", CATALOG)
def test_the_type_of_each_problem_is_a_page(client: httpx.Client, code: str) -> None:
    answer = client.get(f"/problems/{code}")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert CATALOG[code].title in answer.text


def test_the_list_of_problems(client: httpx.Client) -> None:
    text = client.get("/problems").text

    assert all(f'href="problems/{code}"' in text for code in CATALOG)


def test_an_unknown_code(client: httpx.Client) -> None:
    problem_of(client.get("/problems/%3Cscript%3E"), 404)
