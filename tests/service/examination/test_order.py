from dataclasses import replace

import pytest

from core.architecture import Architecture, Dense
from core.training import Epoch, TrainingConfig
from service.examination.order import Order

pytestmark = pytest.mark.slow

ORDER = Order(
    owner="somebody",
    job_id="a1",
    phase="search",
    number=3,
    architecture=Architecture((2,), (Dense(4, "relu"),), 2),
    training=TrainingConfig(epochs=2),
    seed=2**63 - 1,
    stop_after=1,
    dataset="spirals",
    prepared=None,
    fingerprint="ab",
    score=1 / 3,
    curve=(Epoch(0.1 + 0.2, float("inf"), 1 / 3),),
    flops=2**60,
    seconds=0.5,
)


@pytest.mark.parametrize("order", [ORDER, replace(ORDER, network=b"\x00\xff", prepared="/data/x.npz")])
def test_an_order_is_read_as_it_was_written(order: Order) -> None:
    assert Order.from_json(order.to_json()) == order


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 4},
        {"phase": "final"},
        {"job_id": "b2"},
        {"seed": 1},
        {"score": 0.5},
        {"curve": (Epoch(0.3, 0.2, 1 / 3),)},
        {"fingerprint": "cd"},
        {"stop_after": None},
        {"network": b"x"},
        {"training": TrainingConfig(epochs=3)},
    ],
)
def test_the_key_changes_with_all_that_decides_what_is_found(changes: dict[str, object]) -> None:
    assert replace(ORDER, **changes).key != ORDER.key  # type: ignore[arg-type]


def test_the_key_does_not_depend_on_who_asks_or_where_the_data_lie() -> None:
    assert replace(ORDER, owner="another", prepared="/elsewhere/x.npz", seconds=9.0).key == ORDER.key
