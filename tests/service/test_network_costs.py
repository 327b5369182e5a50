from hypothesis import given
from hypothesis import strategies as st

from evolution.genome import Block, Genome
from service.network_costs import NetworkCosts, network_costs

genomes = st.builds(
    Genome,
    st.just("relu"),
    st.lists(st.integers(1, 9), max_size=3).map(tuple),
    st.lists(st.builds(Block, st.integers(1, 4), st.sampled_from((1, 3, 5))), max_size=3).map(tuple),
    st.sampled_from((0.0, 0.25)),
)


@given(genomes, st.sampled_from([(4, 4), (1, 7), (3, 5, 9)]), st.integers(1, 5))
def test_costs_are_those_of_the_architecture(genome: Genome, shape: tuple[int, ...], outputs: int) -> None:
    network = genome.architecture(shape, outputs)

    assert network_costs(genome, shape, outputs) == NetworkCosts(
        network.parameter_count, network.inference_flops, network.training_flops
    )


def test_networks_that_cannot_be_made_have_costs_too() -> None:
    costs = network_costs(Genome("relu", (4096,) * 16, (Block(512, 15),) * 2), (1024, 1024), 10)

    assert costs.parameters > 10**11
    assert costs.training_flops > 2 * costs.inference_flops > 10**13
