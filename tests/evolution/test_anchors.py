from dataclasses import replace

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


def test_images_with_blocks_get_convolutions() -> None:
    space = SearchSpace((16, 16), 10, max_blocks=2, dropout=(0.5, 0.1))
    found = anchors(space)

    assert [one.describe() for one in found[-2:]] == [
        "1x16x16-[16 conv 3x3+1 relu, max 2x2, flatten, 64 relu, dropout 0.1]-10",
        "1x16x16-[8 conv 3x3+1 relu, max 2x2, 16 conv 3x3+1 relu, max 2x2, flatten, 64 relu, dropout 0.1]-10",
    ]
    assert len(found) == 12
    assert len(anchors(replace(space, max_blocks=1))) == 11
    assert len(anchors(replace(space, kernels=(5,)))) == 10
