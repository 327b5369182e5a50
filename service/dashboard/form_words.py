"""The words of the form that submits a job: what each field is called, what it does, and where it stands.

The fields themselves, their kinds, limits and defaults come from the job spec (`job_form.py`). One that has no words
here is shown under its own name and with its own description, in the last section.
"""

from dataclasses import dataclass
from typing import Final, Literal

Only = Literal["images", "classification", "regression"]


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that stand together, by their JSON pointers; one that ends with `/` stands for all below it.

    `group` is the pointer of a part of the spec that is null unless it is switched on. `only` says for which data the
    section is of use.
    """

    title: str
    pointers: tuple[str, ...]
    intro: str = ""
    group: str | None = None
    only: Only | None = None
    advanced: bool = True


SECTIONS: Final = (
    Section("The search", ("/name", "/strategy", "/objectives", "/metric"), advanced=False),
    Section(
        "Budget",
        ("/budget/evaluations", "/budget/epochs", "/budget/max_seconds"),
        "How much the search may train. The comparison with random search gets the same again.",
        advanced=False,
    ),
    Section(
        "Networks to choose among",
        (
            "/space/min_layers",
            "/space/max_layers",
            "/space/min_units",
            "/space/max_units",
            "/space/activations",
            "/space/max_parameters",
        ),
        advanced=False,
    ),
    Section("Chance and parallel work", ("/seed", "/replicates", "/parallelism"), advanced=False),
    Section("How networks are trained", ("/training/",)),
    Section(
        "Search the training recipe as well",
        ("/space/recipe/",),
        "Learning rate, batch size, optimizer and weight decay are then chosen for each network, within these bounds.",
        group="/space/recipe",
    ),
    Section(
        "Convolution blocks",
        ("/space/max_blocks", "/space/min_channels", "/space/max_channels", "/space/kernels"),
        "Layers that look at small patches of an image, before the dense layers.",
        only="images",
    ),
    Section("More about the networks", ("/space/dropout", "/space/max_inference_flops")),
    Section("Short trainings first", ("/ladder",)),
    Section(
        "Stop when more is not worth it",
        ("/stopping/",),
        "The search ends before its budget is spent once nothing better is to be expected.",
        group="/stopping",
    ),
    Section("Finalists", ("/final/",), "The best networks of each search are trained again on fresh seeds."),
    Section("Verdict", ("/verdict/",), "The winner against its rivals, on rows that the search never saw."),
    Section("Limits", ("/limits/",), "What ends a training that takes too much, or a search that fails too often."),
    Section("Queue and notes", ("/priority", "/labels", "/notes")),
    Section(
        "Tell another program (webhook)",
        ("/webhook/",),
        "The service calls this address when the job's status changes.",
        group="/webhook",
    ),
)

MORE: Final = Section("More", ())
"""Where a field stands that no section names."""

ONLY: Final[dict[str, Only]] = {
    "/training/label_smoothing": "classification",
    "/training/class_weights": "classification",
    "/training/regression_loss": "regression",
    "/training/huber_delta": "regression",
}
"""Fields that are of use for some data alone."""

WORDS: Final[dict[str, tuple[str, str]]] = {
    "/name": ("Name", "What the job is called in lists."),
    "/strategy": ("Strategy", "How the next network to try is chosen."),
    "/objectives": ("Objective", "What makes a network good."),
    "/metric": ("Score", "How right a network is, measured on rows that it was not trained on."),
    "/budget/evaluations": ("Networks to train", "Each one that the search tries counts as one."),
    "/budget/epochs": ("Training epochs", "An epoch is one pass over the training rows."),
    "/budget/max_seconds": (
        "Seconds at most",
        "After so many seconds the search begins nothing new. Empty: no limit, and the result never depends on the "
        "machine.",
    ),
    "/space/min_layers": ("Hidden layers at least", "0 allows networks without any."),
    "/space/max_layers": ("Hidden layers at most", ""),
    "/space/min_units": ("Neurons at least", "In each hidden layer."),
    "/space/max_units": ("Neurons at most", "In each hidden layer."),
    "/space/activations": ("Activations", "What a neuron does with its sum; all layers of a network share one."),
    "/space/max_parameters": ("Parameters at most", "Larger networks are never trained. Empty: no limit."),
    "/space/dropout": (
        "Dropout rates",
        "Shares of neurons that are switched off while training, to choose from; 0 is none. With spaces between them.",
    ),
    "/space/max_inference_flops": (
        "Operations of one answer at most",
        "Floating-point operations of one forward pass of one row. Empty: no limit.",
    ),
    "/space/max_blocks": ("Blocks at most", "0 is a search without convolutions."),
    "/space/min_channels": ("Channels at least", ""),
    "/space/max_channels": ("Channels at most", ""),
    "/space/kernels": ("Patch sizes", "Odd numbers of pixels to choose from, with spaces between them."),
    "/space/recipe/min_learning_rate": ("Learning rate at least", ""),
    "/space/recipe/max_learning_rate": ("Learning rate at most", ""),
    "/space/recipe/batch_sizes": ("Batch sizes", "To choose from, with spaces between them."),
    "/space/recipe/optimizers": ("Optimizers", "To choose from."),
    "/space/recipe/weight_decays": ("Weight decays", "To choose from, with spaces between them."),
    "/seed": ("Seed", "The same seed finds the same network, on any number of machines."),
    "/replicates": ("Trainings of each network", "More make the score less a matter of luck; each costs a training."),
    "/parallelism": ("Trained at once", "As many as the workers, up to three times as many; more workers are idle."),
    "/training/epochs": ("Epochs", "Passes over the training rows for each network."),
    "/training/batch_size": ("Batch size", "Rows per step."),
    "/training/optimizer": ("Optimizer", ""),
    "/training/learning_rate": ("Learning rate", ""),
    "/training/schedule": ("Learning-rate schedule", "How the learning rate changes during a training."),
    "/training/momentum": ("Momentum", "For the optimizer SGD."),
    "/training/weight_decay": ("Weight decay", "Pulls weights towards zero; 0 is none."),
    "/training/patience": (
        "Patience",
        "A training ends after so many epochs without improvement. Empty: it never ends early.",
    ),
    "/training/clip_norm": ("Longest gradient", "Longer gradients are shortened to this norm. Empty: they are not."),
    "/training/label_smoothing": ("Label smoothing", "The share of each target that is spread over all classes."),
    "/training/class_weights": ("Class weights", "Rows of rare classes can weigh more."),
    "/training/regression_loss": ("Loss", "Huber's loss minds outliers less."),
    "/training/huber_delta": ("Where Huber's loss turns linear", "In deviations of the target. Empty: 1."),
    "/ladder": (
        "Train new networks for a third of the epochs first",
        "Only where the budget counts epochs, and where short trainings are found to tell the long ones.",
    ),
    "/stopping/improvement": ("Smallest gain worth a training", "In the score, from 0 to 1."),
    "/stopping/patience": ("Networks in a row", "The search ends once so many were expected to gain less."),
    "/final/finalists": ("Finalists", "Networks of each search that are trained again."),
    "/final/seeds": ("Fresh seeds per finalist", ""),
    "/final/epochs": ("Epochs", "For finalists and the verdict's networks. Empty: twice those of the search."),
    "/verdict/seeds": ("Fresh seeds per network", "More make smaller differences visible."),
    "/verdict/rivals": (
        "Compare with other methods",
        "scikit-learn's network, random forest and support vector machine, where it is installed.",
    ),
    "/limits/failures": (
        "Trainings that may fail",
        "One more ends the job. Empty: half of those that the budget is for, and at least 10.",
    ),
    "/limits/seconds": (
        "Seconds of one training",
        "Longer ones are ended, which makes the result depend on the machine. Empty: no limit.",
    ),
    "/limits/memory_bytes": ("Bytes of memory of one training", "Beside the data. Empty: no limit."),
    "/priority": ("Priority", "Of your jobs that wait, those with a higher one begin first."),
    "/labels": ("Labels", "One per line; what you sort jobs under."),
    "/notes": ("Notes", "For yourself."),
    "/webhook/url": ("Address", "An https:// address of a public host."),
    "/webhook/events": ("Tell of", ""),
}

CHOICES: Final[dict[str, dict[str | None, str]]] = {
    "/strategy": {
        "evolution": "Evolution: change and cross the best networks so far",
        "nsga2": "NSGA-II: evolution that keeps many trade-offs between score and cost",
        "regularized": "Regularized evolution: always replace the oldest network",
        "random": "Random search: the baseline that the others have to beat",
    },
    "/metric": {
        None: "the usual one: accuracy, or R² for numbers",
        "accuracy": "accuracy: the share of right answers",
        "balanced_accuracy": "balanced accuracy: every class counts alike",
        "r2": "R²: the share of the variance that is explained",
    },
    "/training/optimizer": {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"},
    "/space/recipe/optimizers": {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"},
    "/space/activations": {"relu": "ReLU", "tanh": "tanh", "sigmoid": "sigmoid", "gelu": "GELU"},
    "/training/schedule": {
        "constant": "constant",
        "one_cycle": "one cycle: up, then down",
        "cosine": "cosine: slowly down",
        "step": "step: down in steps",
    },
    "/training/class_weights": {None: "every row counts alike", "balanced": "balanced: rare classes count more"},
    "/training/regression_loss": {
        None: "squared error (the usual one)",
        "squared_error": "squared error",
        "huber": "Huber's loss",
    },
}
"""What a choice is called; others are called by their own names."""

OBJECTIVES: Final = {
    "score": "a good score, nothing else",
    "parameters": "a good score and few parameters",
    "inference_flops": "a good score and fast answers",
    "training_flops": "a good score and fast training",
}
