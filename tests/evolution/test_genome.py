import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture, Dense
from core.errors import InvalidArchitecture
from core.layers import AveragePooling, Convolution, Dropout, Flatten, LayerNormalization, MaxPooling
from evolution.errors import InvalidGenome
from evolution.genome import Block, Genome, read_genome

genomes = st.builds(
    Genome,
    st.sampled_from(["relu", "tanh"]),
    st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
    st.lists(st.builds(Block, st.integers(1, 4), st.sampled_from((1, 3, 5))), max_size=3).map(tuple),
    st.sampled_from((0.0, 0.25)),
)


def test_a_block_is_a_convolution_and_a_pooling() -> None:
    genome = Genome("relu", (6,), (Block(2, 3), Block(4, 5)), 0.5)

    assert genome.architecture((5, 8), 3) == Architecture(
        (5, 8),
        (
            Convolution(2, 3, "relu", padding=1),
            MaxPooling(2, 2),
            Convolution(4, 5, "relu", padding=2),
            MaxPooling(2, 2),
            Flatten(),
            Dense(6, "relu"),
            Dropout(0.5),
        ),
        3,
    )
    # 5 x 8 becomes 2 x 4 and then 1 x 2, with 4 channels.
    assert genome.architecture((5, 8), 3).stages[5].before == (8,)


def test_an_image_of_one_row_is_not_pooled() -> None:
    network = Genome("relu", (), (Block(2, 3), Block(4, 3))).architecture((3, 3, 3), 2)

    assert network.describe() == "3x3x3-[2 conv 3x3+1 relu, max 2x2, 4 conv 3x3+1 relu, flatten]-2"


@given(genomes, st.sampled_from([(4, 4), (1, 7), (3, 5, 9)]))
def test_a_network_tells_its_genome(genome: Genome, shape: tuple[int, ...]) -> None:
    assert read_genome(genome.architecture(shape, 3)) == genome


@given(genomes)
def test_vectors_have_no_blocks(genome: Genome) -> None:
    if genome.blocks:
        with pytest.raises(InvalidArchitecture):
            genome.architecture((16,), 3)
    else:
        assert read_genome(genome.architecture((16,), 3)) == genome


CONVOLUTION = Convolution(2, 3, "relu", padding=1)


@pytest.mark.parametrize(
    "layers",
    [
        (Dense(4, "relu"), Dense(4, "tanh")),
        (Dense(4, "relu"), Dropout(0.5), Dense(4, "relu")),
        (Dense(4, "relu"), Dropout(0.5), Dense(4, "relu"), Dropout(0.25)),
        (Dropout(0.5), Dense(4, "relu")),
        (LayerNormalization(), Dense(4, "relu")),
        (Flatten(), Dense(4, "relu")),
        (CONVOLUTION, Flatten()),
        (CONVOLUTION, AveragePooling(2, 2), Flatten()),
        (CONVOLUTION, MaxPooling(2, 1), Flatten()),
        (Convolution(2, 3, "relu"), MaxPooling(2, 2), Flatten()),
        (Convolution(2, 3, "relu", 2, 1), MaxPooling(2, 2), Flatten()),
        (CONVOLUTION, MaxPooling(2, 2), Flatten(), Dense(4, "tanh")),
    ],
)
def test_networks_of_another_form_have_no_genome(layers: tuple[Dense, ...]) -> None:
    with pytest.raises(InvalidGenome, match="form of a search's networks"):
        read_genome(Architecture((8, 8), layers, 3))
