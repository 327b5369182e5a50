import pytest

from service.access import sessions
from service.access.sessions import SESSION_SECONDS, Sessions


def test_a_session_stands_for_its_token_until_it_is_closed() -> None:
    opened = Sessions()
    value = opened.open(7)

    assert opened.token_id(value) == 7
    assert opened.token_id(value + "x") is None
    assert opened.token_id("") is None

    opened.close(value)
    opened.close(value)

    assert opened.token_id(value) is None


def test_a_session_ends_by_itself() -> None:
    moment = 0.0
    opened = Sessions(lambda: moment)
    value = opened.open(7)
    moment = SESSION_SECONDS - 1

    assert opened.token_id(value) == 7

    moment = SESSION_SECONDS

    assert opened.token_id(value) is None


def test_the_oldest_of_too_many_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 3)
    opened = Sessions()
    values = [opened.open(number) for number in range(4)]

    assert [opened.token_id(value) for value in values] == [None, 1, 2, 3]


def test_no_value_is_kept() -> None:
    opened = Sessions()
    value = opened.open(7)

    assert value not in repr(vars(opened))
