"""What the API answers and accepts: made from its description by `make client-types`."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class Alive(TypedDict):
    """The process answers."""

    status: NotRequired[Literal["alive"]]


class Answer(TypedDict):
    """How many layers, or how many neurons."""

    sentence: str
    groups: list[Group]


class Architecture(TypedDict):
    """A feedforward network without its parameters; without hidden layers it is logistic regression."""

    format: int
    input_shape: list[int]
    layers: list[Dense | Convolution | Pooling | Flatten | Dropout | LayerNormalization]
    outputs: int


class Arm(TypedDict):
    """One of the networks compared, with a 95 % interval of its test score and what it cost."""

    name: str
    label: str
    architecture: Architecture
    parameters: NotRequired[int | None]
    test_accuracy: NotRequired[float | None]
    test_score: NotRequired[float | None]
    test_low: float
    test_high: float
    seeds: int
    failures: int
    validation_accuracy: NotRequired[float | None]
    validation_score: NotRequired[float | None]
    search_score: float | None
    finalist_score: NotRequired[float | None]
    winners_curse: float | None
    floor: NotRequired[FloorTest | None]
    search: Ledger
    finalists: NotRequired[Ledger | None]
    retraining: Ledger
    rmse: NotRequired[Rmse | None]


class Ask(TypedDict):
    """The row as the networks saw it, and their answers, the winner's first."""

    job_id: str
    task: str
    classes: list[str]
    prepared: list[Any]
    networks: list[AskedNetwork]


class AskRequest(TypedDict):
    """One row, or one drawing; not both."""

    row: NotRequired[list[Any] | dict[str, Any] | None]
    drawing: NotRequired[Drawing | None]


class AskedNetwork(TypedDict):
    """What one network answers; what does not belong to its task is null."""

    role: Literal["winner", "runner_up", "linear"]
    arm: str
    label: str
    description: str
    parameters: int
    validation_score: float | None
    class_name: str | None
    labels: list[str] | None
    probabilities: list[float] | None
    values: list[float] | None
    layers: list[HiddenLayer]


class AuditEntry(TypedDict):
    """A request that changed something, or was refused to."""

    id: str
    created_at: str
    owner: str | None
    token_id: str | None
    action: str
    object_kind: str
    object_id: str | None
    status: int
    request_id: str
    client: str


class AuditPage(TypedDict):
    """Entries of the audit log, newest first."""

    entries: list[AuditEntry]
    next_page_token: str | None


class Axis(TypedDict):
    """One of two features, in its own unit."""

    name: str
    low: float
    high: float


class Best(TypedDict):
    """The best candidate of the search so far."""

    number: int
    fitness: float
    architecture: Architecture
    parameters: int
    description: str


class Blas(TypedDict):
    """The library that multiplies matrices; its kernels are chosen by processor."""

    library: str | None
    version: str | None
    kernels: str | None
    build: str | None


class BudgetChange(TypedDict):
    """A larger budget for a job; what is left out stays as it is, and `max_seconds: null` takes that limit away."""

    evaluations: NotRequired[int | None]
    epochs: NotRequired[int | None]
    max_seconds: NotRequired[int | None]


class BudgetSpec(TypedDict):
    """How much work the search may spend: evaluations or epochs, and on the clock beside them if that is wanted."""

    evaluations: NotRequired[int | None]
    epochs: NotRequired[int | None]
    max_seconds: NotRequired[int | None]


class Calibration(TypedDict):
    """How the scores fell out against what the search believed before the trainings."""

    predictions: int
    mean_error: float
    mean_absolute_error: float
    noise: float | None
    within_one: float
    within_two: float
    believed_one: float
    believed_two: float


class Candidate(TypedDict):
    """A network that was proposed; what its evaluation brings is null while it is pending."""

    phase: Literal["search", "baseline", "finalists", "final"]
    number: int
    parents: list[int]
    operator: str
    seed: int
    architecture: Architecture
    description: str
    parameters: int
    layers: int
    replicates: int
    stop_after: int | None
    prediction: Prediction | None
    status: Literal["pending", "evaluated", "failed"]
    fitness: float | None
    standard_error: float | None
    error: str | None
    epochs: int | None
    flops: int | None
    cpu_seconds: float | None
    worker: str | None
    created_at: str
    evaluated_at: str | None


class CandidatePage(TypedDict):
    """Candidates of one phase."""

    candidates: list[Candidate]
    next_page_token: str | None


class Cell(TypedDict):
    """One column of a row of a table, in words."""

    name: str
    value: str


class Chart(TypedDict):
    """The numbers of a chart."""

    job_id: str
    phase: Literal["search", "baseline", "finalists", "final"]
    chart: Literal[
        "best-so-far",
        "candidates",
        "learning-curves",
        "workers",
        "layers",
        "neurons",
        "importance",
        "depth-width",
        "parallel",
        "operators",
        "calibration",
        "generations",
    ]
    title: str
    summary: str
    note: str
    metric: Literal["accuracy", "balanced_accuracy", "r2"]
    columns: list[ChartColumn]
    rows: list[list[str | int | float | bool | list[int] | None]]


class ChartColumn(TypedDict):
    """A column of a chart's table."""

    name: str
    title: str
    unit: str


class ChartLine(TypedDict):
    """A chart that a job has."""

    name: Literal[
        "best-so-far",
        "candidates",
        "learning-curves",
        "workers",
        "layers",
        "neurons",
        "importance",
        "depth-width",
        "parallel",
        "operators",
        "calibration",
        "generations",
    ]
    title: str
    shows: str


class ChartList(TypedDict):
    """The charts of a job."""

    charts: list[ChartLine]


class ClassShare(TypedDict):
    """How many rows of a class were answered with it."""

    name: str
    rows: int
    right: int


class Column(TypedDict):
    """A column of the file."""

    name: str
    type: Literal[
        "number", "category", "text", "image", "array", "identifier", "constant", "target", "group", "ignored"
    ]
    missing: int
    distinct: int
    examples: list[str]
    use: str
    inputs: int


class Comparison(TypedDict):
    """The evolved network less one rival, in test score, with a 95 % interval."""

    rival: str
    difference: float
    low: float
    high: float
    p_value: float
    adjusted_p_value: float
    conclusion: Literal["better", "worse", "no difference shown"]
    rmse: NotRequired[Rmse | None]


class Convolution(TypedDict):
    """A convolution with a square kernel and its activation; `padding` zeros surround the image."""

    kind: Literal["convolution"]
    channels: int
    kernel: int
    activation: Literal["relu", "tanh", "sigmoid", "gelu"]
    stride: int
    padding: int


class Cpu(TypedDict):
    """The processor, and which of its vector instructions NumPy uses."""

    model: str
    machine: str
    cores: int | None
    simd: list[str]


class Data(TypedDict):
    """The data that the job ran on."""

    name: str
    fingerprint: str | None


class Dataset(TypedDict):
    """A data set; what follows `prepared_at` is known of uploaded ones, and null for the built-in ones."""

    name: str
    title: str
    origin: Literal["built-in", "uploaded"]
    task: str
    input_shape: list[int]
    class_names: list[str]
    target: str | None
    rows: RowCounts
    source: str
    fingerprint: str | None
    prepared_at: str | None
    file: File | None
    options: dict[str, Any] | None
    class_counts: list[int] | None
    columns: list[Column] | None
    findings: list[Finding] | None
    preview: list[list[str | int | float | bool | None]] | None


class DatasetLine(TypedDict):
    """A data set in a list."""

    name: str
    title: str
    origin: Literal["built-in", "uploaded"]
    task: str
    input_shape: list[int]
    class_names: list[str]
    target: str | None
    rows: RowCounts
    source: str
    fingerprint: str | None
    prepared_at: str | None


class DatasetPage(TypedDict):
    """Data sets by name."""

    datasets: list[DatasetLine]
    next_page_token: str | None


class Delivery(TypedDict):
    """What a webhook is told of one event."""

    id: str
    sequence: int
    event: Literal["running", "paused", "succeeded", "failed", "cancelled"]
    status: Literal["pending", "delivered", "failed"]
    attempts: int
    answer: int | None
    error: str | None
    created_at: str
    next_attempt_at: str | None
    delivered_at: str | None


class DeliveryPage(TypedDict):
    """Deliveries in the order of their events."""

    deliveries: list[Delivery]
    next_page_token: str | None


class Dense(TypedDict):
    """A fully connected hidden layer and its activation."""

    kind: Literal["dense"]
    units: int
    activation: Literal["relu", "tanh", "sigmoid", "gelu"]


class Download(TypedDict):
    """One file that the model is written as, and what was found when it was tried in a fresh process."""

    format: Literal["npz", "onnx", "snippet"]
    status: Literal["proven", "failed", "not_proven"]
    offered: bool
    url: str
    media_type: str
    sha256: str | None
    bytes: int | None
    compared_rows: int | None
    largest_difference: float | None
    versions: dict[str, str]
    seconds: float | None
    reason: str | None


class Drawing(TypedDict):
    """Pixels row by row, 0 to 255: for digits the ink, for other pictures the gray value."""

    width: int
    height: int
    pixels: list[int]


class Dropout(TypedDict):
    """In training sets each value to 0 with probability `rate`."""

    kind: Literal["dropout"]
    rate: float


class Ensemble(TypedDict):
    """The majority vote of the evolved network's trainings, or their mean, with a 95 % interval over rows."""

    members: int
    test_accuracy: NotRequired[float | None]
    test_score: NotRequired[float | None]
    low: float
    high: float
    rmse: NotRequired[Rmse | None]


class Environment(TypedDict):
    """On what a runner ran the job."""

    host: str
    system: str
    python: Python
    packages: dict[str, str | None]
    blas: Blas
    cpu: Cpu
    evaluator: str
    workers: int | None


class Estimate(TypedDict):
    """How long a running job still takes."""

    search_seconds: float
    rest_seconds: float
    flops_per_second: float
    explanation: str


class Event(TypedDict):
    """One thing that happened to a job."""

    sequence: int
    type: str
    data: dict[str, Any]
    created_at: str


class EventPage(TypedDict):
    """Events in the order in which they happened."""

    events: list[Event]
    next_page_token: str | None


class Examination(TypedDict):
    """A candidate under the magnifying glass."""

    job_id: str
    phase: Literal["search", "baseline", "finalists", "final"]
    number: int
    task: str
    classes: list[str]
    rows: int
    reproduction: Reproduction
    right: int | None
    by_class: list[ClassShare] | None
    confusion: list[list[int]] | None
    mistakes: list[Mistake] | None
    calibration: Reliability | None
    regression: RegressionFit | None
    picture: Picture | None
    worst: list[WorstRow]
    first_layer: FirstLayer | None
    regions: Regions | None


class ExaminationWaiting(TypedDict):
    """An examination that is being made; ask again after the seconds in the Retry-After header."""

    state: Literal["waiting", "training"]
    ahead: int
    epoch: int
    epochs: int


class Failure(TypedDict):
    """A reason for which candidates failed, but for the numbers in it; the latest failures of a phase are looked at."""

    phase: Literal["search", "baseline", "finalists", "final"]
    reason: str
    count: int
    first: int


class File(TypedDict):
    """The file that was uploaded."""

    kind: Literal["csv", "parquet", "npz", "images"]
    bytes: int
    sha256: str


class FinalSpec(TypedDict):
    """How the finalists of each search are chosen and trained again; the verdict's networks get the same recipe."""

    finalists: NotRequired[int]
    seeds: NotRequired[int]
    epochs: NotRequired[int | None]


class Finalist(TypedDict):
    """One of a search's leaders on the finalists' seeds."""

    architecture: Architecture
    search_score: float
    mean: float | None
    standard_error: float | None
    seeds: int
    failures: int


class FinalistRound(TypedDict):
    """The finalists of one search, best first."""

    finder: str
    finalists: list[Finalist]


class Finding(TypedDict):
    """Something that the data doctor noticed."""

    code: str
    severity: Literal["info", "warning", "serious"]
    columns: list[str]
    sentence: str


class FirstLayer(TypedDict):
    """The first layer that has weights. What has several channels is shown side by side."""

    kind: Literal["neurons", "kernels", "outputs"]
    height: int
    width: int
    count: int
    largest: float
    images: list[WeightImage]


class Flatten(TypedDict):
    """Makes a vector of an image."""

    kind: Literal["flatten"]


class Floor(TypedDict):
    """The most frequent answer of the training rows, or their mean, and its score on the test rows."""

    answer: str
    share: NotRequired[float | None]
    score: NotRequired[float | None]
    rmse: NotRequired[float | None]


class FloorTest(TypedDict):
    """Test score less that of always giving the same answer, with a 95 % interval."""

    difference: float
    low: float
    high: float
    p_value: float
    adjusted_p_value: float
    above: bool


class Front(TypedDict):
    """The networks that no other beats in both score and cost, by rising cost."""

    cost: Literal["parameters", "inference_flops", "training_flops"]
    metric: Literal["accuracy", "balanced_accuracy", "r2"]
    networks: list[Standing]


class Group(TypedDict):
    """Networks of one depth or band of neurons: mean search score with its 95 % interval over networks."""

    least: int
    most: int
    networks: int
    mean: float
    low: float | None
    high: float | None
    behind: float | None
    behind_low: float | None
    behind_high: float | None
    adjusted_p_value: float | None


class HiddenLayer(TypedDict):
    """One hidden layer; layers that only pass values on (flatten, dropout) are left out."""

    kind: str
    description: str
    activation: str | None
    shape: list[int]
    values: NotRequired[list[float] | None]
    maps: NotRequired[list[list[list[float]]] | None]


class Importance(TypedDict):
    """Shares of the variance of the score over the space that one property explains alone."""

    depth: float
    width: float
    activation: float
    fit_quality: float
    networks: int


class Improvement(TypedDict):
    """A candidate that was better than all with a lower number."""

    number: int
    fitness: float


class Input(TypedDict):
    """What the model takes: raw numbers as they are in the data set; it standardizes them itself."""

    shape: list[int]
    type: NotRequired[Literal["float32"]]
    columns: list[str] | None


class Job(TypedDict):
    """A job with all that it was asked to do."""

    id: str
    name: str
    status: Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
    phase: Literal["search", "baseline", "finalists", "final"] | None
    dataset: str
    seed: int
    metric: Literal["accuracy", "balanced_accuracy", "r2"]
    created_at: str
    started_at: str | None
    finished_at: str | None
    elapsed_seconds: float
    stop_reason: str | None
    error: str | None
    cancel_requested: bool
    pause_requested: bool
    priority: int
    labels: list[str]
    archived: bool
    progress: list[Progress]
    dataset_fingerprint: str | None
    spec: dict[str, Any]
    stopped_at: int | None
    search_seconds: float
    estimate: Estimate | None
    notes: str
    cloned_from: str | None
    best: Best | None
    best_so_far: list[Improvement]


class JobChange(TypedDict):
    """A change of a job; what is left out stays as it is."""

    name: NotRequired[str | None]
    labels: NotRequired[list[str] | None]
    notes: NotRequired[str | None]
    archived: NotRequired[bool | None]
    budget: NotRequired[BudgetChange | None]


class JobLine(TypedDict):
    """A job in a list."""

    id: str
    name: str
    status: Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
    phase: Literal["search", "baseline", "finalists", "final"] | None
    dataset: str
    seed: int
    metric: Literal["accuracy", "balanced_accuracy", "r2"]
    created_at: str
    started_at: str | None
    finished_at: str | None
    elapsed_seconds: float
    stop_reason: str | None
    error: str | None
    cancel_requested: bool
    pause_requested: bool
    priority: int
    labels: list[str]
    archived: bool
    progress: list[Progress]


class JobPage(TypedDict):
    """Jobs, newest first."""

    jobs: list[JobLine]
    next_page_token: str | None


class JobRequest(TypedDict):
    """A search to run, how it is to be queued, what is written on it, and who is to be told."""

    format: NotRequired[Literal[1]]
    dataset: str
    strategy: NotRequired[Literal["evolution", "nsga2", "regularized", "random"]]
    objectives: NotRequired[list[Literal["score", "parameters", "inference_flops", "training_flops"]]]
    name: NotRequired[str]
    seed: NotRequired[int]
    budget: NotRequired[BudgetSpec]
    parallelism: NotRequired[int]
    replicates: NotRequired[int]
    ladder: NotRequired[bool]
    metric: NotRequired[Literal["accuracy", "balanced_accuracy", "r2"] | None]
    stopping: NotRequired[StoppingSpec | None]
    space: NotRequired[SpaceSpec]
    training: NotRequired[TrainingSpec]
    final: NotRequired[FinalSpec]
    verdict: NotRequired[VerdictSpec]
    limits: NotRequired[LimitsSpec]
    priority: NotRequired[int]
    labels: NotRequired[list[str]]
    notes: NotRequired[str]
    webhook: NotRequired[WebhookSpec | None]


class LayerNormalization(TypedDict):
    """Gives each row mean 0 and variance 1, then a gain and a bias per unit or per channel."""

    kind: Literal["layer_normalization"]


class Ledger(TypedDict):
    """What was spent."""

    evaluations: int
    epochs: int
    flops: int
    seconds: float


class Limits(TypedDict):
    """What no job may exceed, and the memory of the machine that answers; runners elsewhere may have another."""

    parameters: int
    flops: int
    memory_bytes: int | None


class LimitsSpec(TypedDict):
    """What ends a search whose trainings fail, and a training that takes too much."""

    failures: NotRequired[int | None]
    seconds: NotRequired[float | None]
    memory_bytes: NotRequired[int | None]


class Lineage(TypedDict):
    """The family tree of a candidate, and the record of the job's operators and predictions."""

    family: list[Relative]
    complete: bool
    operators: list[Operator]
    calibration: Calibration | None
    sampled: int | None


class Mistake(TypedDict):
    """Rows of one class that were taken for another."""

    true: str
    predicted: str
    rows: int


class Model(TypedDict):
    """A model with all that is known of it."""

    id: str
    job_id: str
    job_name: str
    dataset: str
    created_at: str
    description: str
    parameters: int
    task: str
    test: TestScore | None
    sha256: str
    downloads: list[Literal["npz", "onnx", "snippet"]]
    dataset_fingerprint: str | None
    architecture: Architecture
    inference_flops: int
    validation_score: float | None
    input: Input
    classes: list[str] | None
    files: list[Download]


class ModelLine(TypedDict):
    """A model in a list."""

    id: str
    job_id: str
    job_name: str
    dataset: str
    created_at: str
    description: str
    parameters: int
    task: str
    test: TestScore | None
    sha256: str
    downloads: list[Literal["npz", "onnx", "snippet"]]


class ModelPage(TypedDict):
    """Models, newest first."""

    models: list[ModelLine]
    next_page_token: str | None


class NewToken(TypedDict):
    """A token to be made."""

    owner: str
    name: NotRequired[str]
    scopes: NotRequired[list[Literal["read", "submit", "admin"]]]
    expires_days: NotRequired[int | None]


class Nothing(TypedDict):
    """An object without fields."""


class NumberPair(TypedDict):
    """A number and what the network made of it."""

    true: float
    predicted: float


class Operator(TypedDict):
    """How an operator did, over the whole search; a child that several operators made counts for each."""

    operator: str
    tried: int
    failed: int
    compared: int
    better: int
    mean_change: float | None


class Picture(TypedDict):
    """How numbers make a picture."""

    height: int
    width: int
    channels: int


class Plan(TypedDict):
    """What a job spec comes to."""

    space: PlannedSpace
    smallest: PlannedNetwork
    largest: PlannedNetwork
    limits: Limits
    phases: list[PlannedPhase]
    trainings: int
    flops: float
    most_flops: float
    time: PlannedTime


class PlannedNetwork(TypedDict):
    """A network at an end of the space."""

    architecture: Architecture
    description: str
    parameters: int
    training_flops: int
    training_bytes: int


class PlannedPhase(TypedDict):
    """The most that a phase takes: a search may end early, and networks of the verdict may coincide."""

    phase: Literal["search", "baseline", "finalists", "final"]
    trainings: int
    epochs: int
    flops: float
    most_flops: float


class PlannedSpace(TypedDict):
    """The networks that the search would choose among."""

    structures: float
    exactly: str
    at_most: bool
    description: str


class PlannedTime(TypedDict):
    """How long it would take, and what that rests on; null is unknown."""

    seconds: float | None
    search_seconds: float | None
    flops_per_second: float | None
    basis: Literal["finished_jobs", "calibration", "unknown"]
    explanation: str


class Pooling(TypedDict):
    """The largest value or the mean of every window of size x size, in each channel."""

    kind: Literal["max_pooling", "average_pooling"]
    size: int
    stride: int


class PredictedRow(TypedDict):
    """The answer for one row; what does not belong to the model's task is null."""

    class_name: NotRequired[str | None]
    labels: NotRequired[list[str] | None]
    probabilities: NotRequired[list[float] | None]
    values: NotRequired[list[float] | None]


class Prediction(TypedDict):
    """What the search believed of a candidate's fitness before it was trained: a normal distribution."""

    mean: float
    deviation: float
    improvement: float


class PredictionRequest(TypedDict):
    """Rows to answer."""

    rows: list[list[Any] | dict[str, Any]]


class Predictions(TypedDict):
    """Answers in the order of the rows."""

    model_id: str
    job_id: str
    task: str
    classes: list[str]
    predictions: list[PredictedRow]
    inputs: list[Any] | None


class Priority(TypedDict):
    """The priority of a job."""

    job_id: str
    priority: int


class PriorityChange(TypedDict):
    """The priority that a job is to have."""

    priority: int


class Problem(TypedDict):
    """An answer other than success, as RFC 9457 defines it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[ProblemField]
    request_id: str


class ProblemField(TypedDict):
    """One field that was refused."""

    pointer: str
    detail: str


class Product(TypedDict):
    """What wrote the report."""

    name: NotRequired[Literal["cambrian"]]
    version: str


class Progress(TypedDict):
    """How far a phase has come, and what it cost."""

    phase: Literal["search", "baseline", "finalists", "final"]
    proposed: int
    pending: int
    evaluated: int
    failed: int
    epochs: int
    flops: float
    cpu_seconds: float
    best_number: int | None
    best_fitness: float | None


class Python(TypedDict):
    """The interpreter."""

    implementation: str
    version: str


class Ready(TypedDict):
    """The service can take jobs; `warnings` says in plain words what is not as it should be."""

    status: NotRequired[Literal["ready"]]
    database: Literal["sqlite", "postgresql"]
    warnings: list[str]


class RecipeSpec(TypedDict):
    """The recipes among which the search may choose for each network."""

    min_learning_rate: NotRequired[float]
    max_learning_rate: NotRequired[float]
    batch_sizes: NotRequired[list[int]]
    optimizers: NotRequired[list[Literal["sgd", "adam", "adamw"]]]
    weight_decays: NotRequired[list[float]]


class Recommendations(TypedDict):
    """The best network, and the smallest one within one standard error of it: the same where no smaller one is."""

    best: Recommended | None
    smallest: Recommended | None


class Recommended(TypedDict):
    """A network that is recommended, with its score and that score's 95 % interval."""

    architecture: Architecture
    description: str
    parameters: int
    score: float
    low: float | None
    high: float | None
    rows: Literal["test", "validation"]


class Record(TypedDict):
    """The record of a job."""

    format: NotRequired[Literal[1]]
    job_id: str
    name: str
    status: Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
    created_at: str
    finished_at: str | None
    spec: dict[str, Any]
    seed: int
    dataset: Data
    stopped_at: int | None
    segments: list[Segment]
    machines: list[str]
    rows: Rows | None
    model: RecordModel | None


class RecordModel(TypedDict):
    """The model that the job ended with, and the hashes of its files."""

    id: str
    sha256: str
    files: list[Download]


class RegionPoint(TypedDict):
    """A validation row on the map of two features."""

    x: float
    y: float
    true: float
    predicted: float


class Regions(TypedDict):
    """What the network answers everywhere in the plane of two features, and the validation rows in it."""

    x: Axis
    y: Axis
    side: int
    answers: list[float]
    certainty: list[int] | None
    points: list[RegionPoint]


class RegressionFit(TypedDict):
    """How near predicted numbers are to the true ones; at most 1,000 rows are shown."""

    rmse: float
    mae: float
    r2: float
    points: list[NumberPair]


class Relative(TypedDict):
    """The candidate that was asked for, or one of its ancestors."""

    number: int
    generation: int
    parents: list[int]
    operator: str
    architecture: Architecture
    description: str
    parameters: int
    prediction: Prediction | None
    stop_after: int | None
    status: Literal["pending", "evaluated", "failed"]
    fitness: float | None


class Reliability(TypedDict):
    """Whether probabilities mean what they say."""

    bins: list[ReliabilityBin]
    error: float


class ReliabilityBin(TypedDict):
    """Rows whose answer was given a probability within (low, high], and how often it was right."""

    low: float
    high: float
    rows: int
    probability: float
    right: float


class Report(TypedDict):
    """The report of a job."""

    format: NotRequired[Literal[1]]
    product: Product
    as_of: str
    job: Job
    dataset: DatasetLine | None
    verdict: Verdict | None
    recommended: Recommendations
    ledger: list[Spent]
    leaders: list[Candidate]
    charts: list[ReportChart]
    family: list[Relative]
    family_complete: bool
    failures: list[Failure]
    record: Record


class ReportChart(TypedDict):
    """A chart's numbers, and the figure that shows them."""

    job_id: str
    phase: Literal["search", "baseline", "finalists", "final"]
    chart: Literal[
        "best-so-far",
        "candidates",
        "learning-curves",
        "workers",
        "layers",
        "neurons",
        "importance",
        "depth-width",
        "parallel",
        "operators",
        "calibration",
        "generations",
    ]
    title: str
    summary: str
    note: str
    metric: Literal["accuracy", "balanced_accuracy", "r2"]
    columns: list[ChartColumn]
    rows: list[list[str | int | float | bool | list[int] | None]]
    figure: dict[str, Any]


class Reproduction(TypedDict):
    """Whether the network is the one that was scored: repeated bit for bit, a training gives both again."""

    source: Literal["trained_again", "stored_network"]
    equal: bool
    stored_score: float
    score: float
    sentence: str
    epochs: int
    cpu_seconds: float


class Rival(TypedDict):
    """What else could have been used: a method of scikit-learn with its default settings."""

    name: str
    label: str
    test_accuracy: NotRequired[float | None]
    test_score: NotRequired[float | None]
    test_low: float
    test_high: float
    seeds: int
    failures: int
    validation_accuracy: NotRequired[float | None]
    validation_score: NotRequired[float | None]
    floor: FloorTest
    above_networks_p_value: float
    above_networks: bool
    fits: int
    seconds: float
    rmse: NotRequired[Rmse | None]


class Rmse(TypedDict):
    """A root mean squared error in the target's units, or a difference of two, with a 95 % interval."""

    value: float
    low: float
    high: float


class RowCounts(TypedDict):
    """Rows of each split."""

    train: int
    validation: int
    test: int


class Rows(TypedDict):
    """All evaluations of all phases; a job that is run again has the same digest."""

    count: int
    sha256: str


class SecretToken(TypedDict):
    """A token that was just made."""

    id: str
    owner: str
    name: str
    scopes: list[Literal["read", "submit", "admin"]]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    valid: bool
    token: str


class Segment(TypedDict):
    """One stretch of the job: each runner that took it begins another one."""

    lease: int
    started_at: str
    environment: Environment


class SkippedRival(TypedDict):
    """A method that was left out, and why."""

    name: str
    label: str
    reason: str


class SpaceSpec(TypedDict):
    """The networks among which the search may choose."""

    min_layers: NotRequired[int]
    max_layers: NotRequired[int]
    min_units: NotRequired[int]
    max_units: NotRequired[int]
    activations: NotRequired[list[Literal["relu", "tanh", "sigmoid", "gelu"]]]
    max_blocks: NotRequired[int]
    min_channels: NotRequired[int]
    max_channels: NotRequired[int]
    kernels: NotRequired[list[int]]
    dropout: NotRequired[list[float]]
    max_parameters: NotRequired[int | None]
    max_inference_flops: NotRequired[int | None]
    recipe: NotRequired[RecipeSpec | None]


class Spent(TypedDict):
    """One line of the ledger: what a part of the work of an arm cost. Another method has fits and seconds only."""

    name: str
    label: str
    part: Literal["search", "finalists", "retraining", "total", "fits", "phase"]
    evaluations: int
    epochs: int | None
    flops: float | None
    cpu_seconds: float


class Standing(TypedDict):
    """A network that was trained, with what all the scores together say of it."""

    number: int
    architecture: Architecture
    description: str
    parameters: int
    inference_flops: int
    training_flops: int
    score: float
    deviation: float
    trainings: int


class StoppingSpec(TypedDict):
    """When more is not worth it: the search ends before its budget is spent."""

    improvement: NotRequired[float]
    patience: NotRequired[int]


class SubmittedJob(TypedDict):
    """A job that was just submitted."""

    id: str
    name: str
    status: Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
    phase: Literal["search", "baseline", "finalists", "final"] | None
    dataset: str
    seed: int
    metric: Literal["accuracy", "balanced_accuracy", "r2"]
    created_at: str
    started_at: str | None
    finished_at: str | None
    elapsed_seconds: float
    stop_reason: str | None
    error: str | None
    cancel_requested: bool
    pause_requested: bool
    priority: int
    labels: list[str]
    archived: bool
    progress: list[Progress]
    dataset_fingerprint: str | None
    spec: dict[str, Any]
    stopped_at: int | None
    search_seconds: float
    estimate: Estimate | None
    notes: str
    cloned_from: str | None
    best: Best | None
    best_so_far: list[Improvement]
    webhook: NotRequired[Webhook | None]


class TestScore(TypedDict):
    """Test score of the model's structure with a 95 % interval, from the job's verdict."""

    score: float
    low: float
    high: float
    trainings: int


class Token(TypedDict):
    """A token, without the token itself."""

    id: str
    owner: str
    name: str
    scopes: list[Literal["read", "submit", "admin"]]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    valid: bool


class TokenPage(TypedDict):
    """Tokens, newest first."""

    tokens: list[Token]
    next_page_token: str | None


class TrainingSpec(TypedDict):
    """How each candidate is trained."""

    epochs: NotRequired[int]
    batch_size: NotRequired[int]
    optimizer: NotRequired[Literal["sgd", "adam", "adamw"]]
    learning_rate: NotRequired[float]
    schedule: NotRequired[Literal["constant", "one_cycle", "cosine", "step"]]
    momentum: NotRequired[float]
    weight_decay: NotRequired[float]
    patience: NotRequired[int | None]
    clip_norm: NotRequired[float | None]
    label_smoothing: NotRequired[float]
    class_weights: NotRequired[Literal["balanced"] | None]
    regression_loss: NotRequired[Literal["squared_error", "huber"] | None]
    huber_delta: NotRequired[float | None]


class Verdict(TypedDict):
    """The whole comparison, and the paragraph that sums it up; format 1 has the fields up to `comparisons` only."""

    format: int
    sentence: str
    evolved: str
    test_rows: int
    arms: list[Arm]
    comparisons: list[Comparison]
    paragraph: NotRequired[list[str]]
    examples: NotRequired[str | None]
    epochs: NotRequired[int | None]
    smallest: NotRequired[str | None]
    floor: NotRequired[Floor | None]
    rivals: NotRequired[list[Rival]]
    skipped: NotRequired[list[SkippedRival]]
    ensemble: NotRequired[Ensemble | None]
    finalists: NotRequired[list[FinalistRound]]
    layers: NotRequired[Answer | None]
    neurons: NotRequired[Answer | None]
    importance: NotRequired[Importance | None]
    importance_sentence: NotRequired[str | None]
    task: NotRequired[str | None]
    metric: NotRequired[str | None]
    target: NotRequired[str | None]


class VerdictSpec(TypedDict):
    """How the winner is compared with its rivals."""

    seeds: NotRequired[int]
    rivals: NotRequired[bool]


class Version(TypedDict):
    """What runs here."""

    version: str
    api: NotRequired[Literal["v1"]]
    python: str


class Webhook(TypedDict):
    """The webhook of a job that was just submitted."""

    url: str
    events: list[Literal["running", "paused", "succeeded", "failed", "cancelled"]]
    secret: str


class WebhookSpec(TypedDict):
    """Who is to be told of the job's changes of status."""

    url: str
    events: NotRequired[list[Literal["running", "paused", "succeeded", "failed", "cancelled"]]]


class WeightImage(TypedDict):
    """The weights of one neuron, or one kernel, as a picture."""

    label: str
    values: list[float]


class WhatIf(TypedDict):
    """What a budget of `evaluations` would have recommended, and what the evaluations after it brought."""

    evaluations: int
    metric: Literal["accuracy", "balanced_accuracy", "r2"]
    stored_evaluations: int
    epochs: int
    recommended: Standing | None
    recommended_by_all: Standing | None
    score_by_all: float | None
    gain: float | None


class WhoAmI(TypedDict):
    """Whom the service takes the caller for."""

    owner: str
    scopes: list[Literal["read", "submit", "admin"]]
    token_id: str | None


class WorstRow(TypedDict):
    """A row that the network is the most wrong about."""

    row: int
    true: str
    predicted: str
    probability: float | None
    loss: float
    pixels: list[int] | None
    cells: list[Cell] | None
