import pytest
from sqlalchemy import update

from service.access.caller import LOCAL_OWNER
from service.errors import ModelNotFound
from service.store.database import Database
from service.store.entities import JobCursor, Lease
from service.store.model_repository import Model, ModelRepository
from service.store.models import jobs, networks
from service.store.network_repository import NetworkRepository
from service.store.proof_repository import ProofRepository
from tests.service.models import CLASSES, finished, found_networks, started

NETWORK = found_networks()["dense"]


def page(database: Database, size: int, before: JobCursor | None = None, owner: str | None = None) -> list[str]:
    with database.read() as session:
        return [model.id for model in ModelRepository(session, owner).page(size, before).models]


def get(database: Database, model_id: str, owner: str | None = None) -> Model:
    with database.read() as session:
        return ModelRepository(session, owner).get(model_id)


def test_a_model_knows_what_its_job_found(database: Database) -> None:
    made = finished(database, NETWORK, name="a name", failures=["onnx"])
    model = get(database, made.id)

    assert model == made
    assert (model.job_name, model.dataset, model.task, model.classes) == ("a name", "iris", "classification", CLASSES)
    assert model.architecture == NETWORK.architecture
    assert model.validation_score == 0.75
    assert model.bytes > 4 * NETWORK.architecture.parameter_count
    assert [(proof.format, proof.error) for proof in model.proofs] == [
        ("npz", None),
        ("onnx", "it was tampered with"),
        ("snippet", None),
    ]
    with database.read() as session:
        models = ModelRepository(session)
        assert models.of_job(model.job_id) == model
        assert len(models.content(model, "npz") or b"") == model.bytes
        assert models.content(model, "onnx") is None
        assert models.content(model, "snippet")


def test_pages_go_from_the_newest_to_the_oldest(database: Database) -> None:
    made = [finished(database, NETWORK, old=True) for _ in range(5)]
    ids = [model.id for model in reversed(made)]

    assert page(database, 10) == ids
    assert page(database, 2) == ids[:2]
    assert page(database, 2, get(database, ids[1]).cursor) == ids[2:4]
    with database.read() as session:
        repository = ModelRepository(session)
        assert repository.page(5).next is None
        assert repository.page(4).next == get(database, ids[3]).cursor


def test_models_of_one_moment_are_told_apart_by_their_ids(database: Database) -> None:
    first = finished(database, NETWORK, old=True)
    finished(database, NETWORK, old=True)
    with database.write() as session:
        session.execute(update(networks).values(created_at=first.created_at))
    newest, oldest = page(database, 2)

    assert newest > oldest
    assert page(database, 2, get(database, newest).cursor) == [oldest]


def test_each_owner_has_their_own(database: Database) -> None:
    mine, theirs = (finished(database, NETWORK, owner=owner) for owner in (LOCAL_OWNER, "somebody"))

    assert page(database, 10, owner=LOCAL_OWNER) == [mine.id]
    assert page(database, 10, owner="somebody") == [theirs.id]
    with pytest.raises(ModelNotFound):
        get(database, theirs.id, LOCAL_OWNER)
    with database.read() as session:
        assert ModelRepository(session, LOCAL_OWNER).of_job(theirs.job_id) is None


@pytest.mark.parametrize("model_id", ["nothing", "\0"])
def test_an_unknown_id_is_not_found(database: Database, model_id: str) -> None:
    with pytest.raises(ModelNotFound):
        get(database, model_id)


def test_what_a_running_job_keeps_is_no_model_yet(database: Database) -> None:
    lease = started(database, NETWORK)

    assert page(database, 10) == []
    with database.read() as session:
        assert ModelRepository(session).of_job(lease.job_id) is None


def test_proofs_go_with_their_network(database: Database) -> None:
    model = finished(database, NETWORK)
    with database.write() as session:
        session.execute(update(jobs).values(status="running", lease_runner="r", lease_number=5))
    with database.write() as session:
        NetworkRepository(session).delete_all(Lease(model.job_id, "r", 5))
    with database.read() as session:
        assert ProofRepository(session).load([model.id]) == {}
