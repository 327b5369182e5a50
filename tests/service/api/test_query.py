import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.query import cursor_of, nearest, token_for
from service.errors import Unprocessable

ASCII = st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=60)


@given(scope=ASCII, cursor=ASCII)
def test_a_token_leads_back_to_its_place(scope: str, cursor: str) -> None:
    token = token_for(scope, cursor)

    assert cursor_of(token, scope) == cursor
    assert token.replace("-", "").replace("_", "").isalnum()


@given(token=st.text(max_size=60))
def test_any_text_is_a_token_or_refused(token: str) -> None:
    try:
        cursor_of(token, "jobs ")
    except Unprocessable as error:
        refusal: Unprocessable | None = error
    else:
        refusal = None

    assert refusal is None or refusal.errors[0].pointer == "?page_token"


def test_a_token_of_another_list() -> None:
    with pytest.raises(Unprocessable, match="other filters"):
        cursor_of(token_for("jobs queued", "1"), "jobs running")


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("page_sise", ["page_size", "status"], "; did you mean page_size? known are page_size, status"),
        ("x", ["page_size", "status"], "; known are page_size, status"),
        ("x", [], "; there are none"),
    ],
)
def test_hints(name: str, known: list[str], hint: str) -> None:
    assert nearest(name, known) == hint
