import pytest

from service.job_spec import JobSpec
from service.report.asked import asked

pytestmark = pytest.mark.slow


def test_a_spec_is_told_in_words() -> None:
    spec = JobSpec.model_validate(
        {
            "dataset": "digits-16x16",
            "objectives": ["score", "parameters"],
            "seed": 7,
            "budget": {"epochs": 4_000, "max_seconds": 90},
            "space": {"max_layers": 2, "min_units": 16, "max_units": 16, "max_blocks": 2, "max_parameters": 5_000},
            "replicates": 3,
            "training": {"weight_decay": 0.001},
        }
    )
    told = dict(asked(spec.model_dump(), "balanced_accuracy"))

    assert told["Looked for"] == "high balanced accuracy on the validation rows and few parameters"
    assert told["Budget"] == "4,000 epochs, at most 90 seconds"
    assert (told["Hidden layers"], told["Neurons per layer"], told["Parameters"]) == ("0 to 2", "16", "at most 5,000")
    assert told["Convolution blocks"] == "up to 2 of 4 to 32 channels"
    assert told["Each training"].endswith("learning rate 0.01, one cycle, weight decay 0.001")
    assert (told["Trainings per candidate"], told["Seed"]) == ("3", "7")


def test_what_a_spec_of_another_release_does_not_say_is_left_out() -> None:
    assert asked({"format": 1}, "r2") == (("Looked for", "high R² on the validation rows"),)
    assert dict(asked({"strategy": "annealing", "space": 3, "budget": None}, "accuracy"))["Strategy"] == "annealing"
