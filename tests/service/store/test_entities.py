from datetime import UTC, datetime, timedelta, timezone

import pytest

from service.store.entities import JobCursor


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 23, 7, 8, 9, 999_999, tzinfo=UTC),
        datetime(2026, 11, 23, tzinfo=UTC),
        datetime(2026, 11, 23, 7, 8, 9, 1, tzinfo=timezone(timedelta(hours=5))),
    ],
)
def test_a_cursor_survives_its_text_form(moment: datetime) -> None:
    cursor = JobCursor(moment, "0f3a")

    assert JobCursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text", ["", "5", "5-", "-5-a", "a-b", "1" * 17 + "-a", "5-a b", "5-" + "a" * 41, "5-a\n", "\u0665-a", "5-\x00"]
)
def test_other_texts_are_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match="earlier page"):
        JobCursor.parse(text)
