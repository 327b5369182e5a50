import random
import string
from datetime import UTC, datetime, timedelta

import pytest

from service.access.token import Token, digest_of, new_secret, well_formed

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def token(expires_at: datetime | None = None, revoked_at: datetime | None = None) -> Token:
    return Token(7, "ada", "notebook", ("read",), NOW, expires_at, None, revoked_at)


def test_a_new_one_is_well_formed_and_unlike_every_other() -> None:
    made = {new_secret() for _ in range(1_000)}

    assert len(made) == 1_000
    assert all(well_formed(secret) and len(secret) == 53 and secret.startswith("cmb_") for secret in made)
    # 256 bits in base 62: every one of the first characters but the leading one takes many values.
    assert all(len({secret[place] for secret in made}) > 50 for place in range(5, 47))


def test_every_mistyped_character_is_noticed() -> None:
    rng = random.Random(1)
    secret = new_secret()
    for place in range(4, len(secret)):
        other = rng.choice([c for c in string.ascii_letters + string.digits if c != secret[place]])

        assert not well_formed(secret[:place] + other + secret[place + 1 :])


@pytest.mark.parametrize(
    "text",
    ["", "cmb_", "cmb_" + "0" * 48, "cmb_" + "0" * 50, "ghp_" + "0" * 49, "cmb_" + "é" * 49, "cmb_" + "0" * 48 + "\n"],
)
def test_what_cannot_be_a_token(text: str) -> None:
    assert not well_formed(text)


def test_surroundings_are_not_cut_off() -> None:
    secret = new_secret()

    assert not well_formed(secret + "\n")
    assert not well_formed(" " + secret)


def test_the_digest_is_sha256() -> None:
    assert digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_when_it_is_valid() -> None:
    later = NOW + timedelta(seconds=1)

    assert token().valid(NOW)
    assert token(expires_at=later).valid(NOW)
    assert not token(expires_at=NOW).valid(NOW)
    assert not token(revoked_at=NOW).valid(NOW)


def test_whom_it_stands_for() -> None:
    caller = token().caller

    assert (caller.owner, caller.scopes, caller.token_id) == ("ada", frozenset({"read"}), "7")
