import pytest

from service.access.exposure import NoToken, is_loopback, known_hosts, require_token_to_start
from service.store.database import Database
from service.store.token_repository import TokenRepository
from tests.service.api.access_tokens import make_token


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - the point of the test
        ("::", False),
        ("192.168.0.7", False),
        ("localhost.example.org", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) == loopback


def test_names_of_the_service() -> None:
    plain = {"localhost", "127.0.0.1", "[::1]"}

    assert known_hosts("127.0.0.1", ()) == plain
    assert known_hosts("0.0.0.0", ("Lab.Example", "fd00::7")) == plain | {"lab.example", "[fd00::7]"}  # noqa: S104
    assert known_hosts("192.168.0.7", ()) == plain | {"192.168.0.7"}


def test_only_a_valid_token_opens_the_service_to_the_network(database: Database) -> None:
    require_token_to_start(database, "127.0.0.1")
    make_token(database, "ada", days=-1)
    revoked, _ = make_token(database, "ada")
    with database.write() as session:
        TokenRepository(session).revoke(revoked.id)

    with pytest.raises(NoToken, match="cambrian token create --owner NAME"):
        require_token_to_start(database, "192.168.0.7")

    make_token(database, "ada")
    require_token_to_start(database, "192.168.0.7")
