from datetime import timedelta

import pytest

from service.access.token import digest_of, new_secret
from service.errors import TokenNotFound
from service.store.database import Database
from service.store.entities import now
from service.store.token_repository import TOUCH_EVERY, TokenRepository
from tests.service.api.access_tokens import make_token
from tests.service.store.samples import dump


def test_a_token_comes_back_equal(database: Database) -> None:
    made, secret = make_token(database, "ada", ["admin", "read"])
    with database.read() as session:
        tokens = TokenRepository(session)

        assert tokens.get(made.id) == made
        assert tokens.by_digest(digest_of(secret)) == made
        assert tokens.by_digest(digest_of(new_secret())) is None
        with pytest.raises(TokenNotFound):
            tokens.get(made.id + 1)

    assert (made.owner, made.scopes, made.last_used_at, made.revoked_at) == ("ada", ("read", "admin"), None, None)


def test_no_part_of_the_token_is_stored(database: Database) -> None:
    _, secret = make_token(database, "ada")
    stored = repr(dump(database)["tokens"])

    assert digest_of(secret) in stored
    for place in range(4, len(secret) - 5):
        assert secret[place : place + 6] not in stored


def test_a_list_is_newest_first_and_goes_on(database: Database) -> None:
    ids = [make_token(database, owner)[0].id for owner in ("ada", "bob", "ada")]
    with database.read() as session:
        tokens = TokenRepository(session)

        assert [token.id for token in tokens.page(2)] == ids[:0:-1]
        assert [token.id for token in tokens.page(2, before=ids[1])] == ids[:1]
        assert [token.id for token in tokens.page(9, owner="ada")] == [ids[2], ids[0]]
        assert tokens.page(9, owner="a\0da") == []


def test_revoking_again_keeps_the_time(database: Database) -> None:
    made, _ = make_token(database, "ada")
    with database.write() as session:
        first = TokenRepository(session).revoke(made.id)
        again = TokenRepository(session).revoke(made.id)
        with pytest.raises(TokenNotFound):
            TokenRepository(session).revoke(made.id + 1)

    assert first.revoked_at is not None
    assert again == first
    assert not first.valid(now())


def test_use_is_noted_at_most_once_a_minute(database: Database) -> None:
    made, _ = make_token(database, "ada")
    first = now()
    seen = []
    for at in (first, first + TOUCH_EVERY / 2, first + TOUCH_EVERY):
        with database.write() as session:
            TokenRepository(session).touch(made.id, at)
            seen.append(TokenRepository(session).get(made.id).last_used_at)

    assert seen == [first, first, first + TOUCH_EVERY]


def test_whether_any_is_valid(database: Database) -> None:
    def any_valid() -> bool:
        with database.read() as session:
            return TokenRepository(session).any_valid(now())

    assert not any_valid()

    make_token(database, "ada", days=-1)

    assert not any_valid()

    lasting, _ = make_token(database, "ada", days=None)

    assert any_valid()

    with database.write() as session:
        TokenRepository(session).revoke(lasting.id)

    assert not any_valid()

    make_token(database, "ada", days=timedelta(hours=1) / timedelta(days=1))

    assert any_valid()
