from evolution.anchors import anchors
from evolution.space import SearchSpace


def test_the_default_space_holds_all_anchors() -> None:
    found = anchors(SearchSpace((256,), 10))

    assert [one.describe() for one in found] == [
        "256-10",
        "256-[32 relu]-10",
        "256-[128 relu]-10",
        "256-[64 relu, 64 relu]-10",
        "256-[128 tanh]-10",
        "256-[128 relu, 128 relu]-10",
        "256-[64 tanh, 64 tanh]-10",
        "256-[64 relu, 64 relu, 64 relu]-10",
        "256-[256 relu]-10",
        "256-[128 tanh, 128 tanh, 128 tanh]-10",
    ]


def test_only_what_the_space_contains_is_tried() -> None:
    space = SearchSpace((6,), 3, min_layers=1, max_layers=2, max_units=64, activations=("gelu",), max_parameters=1000)

    assert [one.describe() for one in anchors(space)] == ["6-[32 gelu]-3"]
    assert anchors(SearchSpace((6,), 3, min_layers=1, min_units=300, max_units=400)) == ()
