from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.winner import first_candidate_of
from tests.service.store.samples import architecture, candidate, evaluation, start


def test_the_first_candidate_of_a_network_is_found(database: Database) -> None:
    lease = start(database)
    # Of these the first two have as many parameters.
    rows = [candidate(0, 8, 8), candidate(1, 16), candidate(2, 8, 8), candidate(3, 16)]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", rows, [evaluation(one) for one in rows])
    with database.read() as session:
        assert first_candidate_of(session, lease.job_id, architecture(16)) == 1
        assert first_candidate_of(session, lease.job_id, architecture(8, 8)) == 0
        assert first_candidate_of(session, lease.job_id, architecture(5)) is None
