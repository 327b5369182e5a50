import hashlib

import pytest

from service.errors import NetworkNotFound
from service.store.database import Database
from service.store.entities import StoredNetwork
from service.store.network_repository import NetworkRepository
from tests.service.store.samples import architecture, start

CONTENT = bytes(range(256)) * 1000


def get(database: Database, job_id: str) -> StoredNetwork:
    with database.read() as session:
        return NetworkRepository(session).get_for_job(job_id)


def test_a_network_comes_back_equal(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        NetworkRepository(session).save(lease, "final", 3, architecture(5, 6), CONTENT)
    network = get(database, lease.job_id)

    assert (network.job_id, network.phase, network.number) == (lease.job_id, "final", 3)
    assert network.architecture == architecture(5, 6)
    assert network.content == CONTENT
    assert network.sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_the_first_network_of_a_candidate_stays(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        NetworkRepository(session).save(lease, "final", 3, architecture(5), b"first")
        NetworkRepository(session).save(lease, "final", 3, architecture(5), b"second")

    assert get(database, lease.job_id).content == b"first"


def test_only_the_winner_is_kept(database: Database) -> None:
    lease, other = start(database), start(database)
    with database.write() as session:
        repository = NetworkRepository(session)
        repository.save(other, "search", 0, architecture(1), b"other")
        repository.save(lease, "search", 0, architecture(1), b"search")
        for number in range(3):
            repository.save(lease, "final", number, architecture(1), b"final %d" % number)

    assert get(database, lease.job_id).content == b"final 0"

    with database.write() as session:
        NetworkRepository(session).keep_only(lease, "final", 2)

    assert get(database, lease.job_id).content == b"final 2"
    assert get(database, other.job_id).content == b"other"

    with database.write() as session:
        NetworkRepository(session).delete_all(lease)
    with pytest.raises(NetworkNotFound):
        get(database, lease.job_id)

    assert get(database, other.job_id).content == b"other"


def test_networks_of_other_arms_stay_beside_the_winner_and_are_never_taken_for_it(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        repository = NetworkRepository(session)
        repository.save(lease, "final", 0, architecture(1), b"runner-up", arm="random_search")
        repository.save(lease, "final", 1, architecture(1), b"winner")
        repository.save(lease, "final", 2, architecture(1), b"another seed")
        repository.keep_only(lease, "final", 1)

    assert get(database, lease.job_id).content == b"winner"
    with database.read() as session:
        repository = NetworkRepository(session)

        assert repository.beside_winner(lease.job_id) == {"random_search": 0}
        assert repository.of_candidate(lease.job_id, "final", 0).content == b"runner-up"


def test_a_winner_that_is_not_there_deletes_nothing(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        NetworkRepository(session).save(lease, "final", 0, architecture(1), b"final")
    with pytest.raises(ValueError, match="no network of candidate 0 in phase search"), database.write() as session:
        NetworkRepository(session).keep_only(lease, "search", 0)

    assert get(database, lease.job_id).content == b"final"


@pytest.mark.parametrize("job_id", ["nothing", "\0"])
def test_a_job_without_a_network_has_none(database: Database, job_id: str) -> None:
    with pytest.raises(NetworkNotFound):
        get(database, job_id)
