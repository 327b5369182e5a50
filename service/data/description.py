"""What a user may say about a file, and what is known of the data set that was made of it; JSON both ways."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, TypeAlias, get_args

from service.data.errors import InvalidFile
from service.data.limits import MAX_COLUMNS, MAX_IMAGE_SIDE, MAX_NAME_CHARACTERS, MIN_IMAGE_SIDE
from service.data.split import SPLIT_SEED

FORMAT: Final = 1

Kind = Literal["csv", "parquet", "npz", "images"]
TaskName = Literal["classification", "regression"]
MissingRule = Literal["impute", "refuse"]
TextFeatures = Literal["tfidf", "bag_of_words"]
ColumnType = Literal[
    "number", "category", "text", "image", "array", "identifier", "constant", "target", "group", "ignored"
]
Severity = Literal["info", "warning", "serious"]
Cell: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is to be read; None is guessed from the content. Raises InvalidFile, which names the option."""

    kind: Kind | None = None
    target: str | None = None
    task: TaskName | None = None
    text_columns: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    group_column: str | None = None
    missing: MissingRule = "impute"
    image_side: int = 16
    text_features: TextFeatures = "tfidf"
    split_seed: int = SPLIT_SEED

    def __post_init__(self) -> None:
        for name, allowed in (
            ("kind", (None, *get_args(Kind))),
            ("task", (None, *get_args(TaskName))),
            ("missing", get_args(MissingRule)),
            ("text_features", get_args(TextFeatures)),
        ):
            if getattr(self, name) not in allowed:
                known = ", ".join(str(value) for value in allowed if value is not None)
                raise InvalidFile("unacceptable", f"{name} must be one of {known}", field=name)
        for name, low, high in (("image_side", MIN_IMAGE_SIDE, MAX_IMAGE_SIDE), ("split_seed", 0, 2**63 - 1)):
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise InvalidFile("unacceptable", f"{name} must be a whole number from {low} to {high}", field=name)
        for name in ("target", "group_column"):
            if getattr(self, name) is not None:
                _check_names(name, (getattr(self, name),))
        for name in ("text_columns", "ignored_columns"):
            names = getattr(self, name)
            _check_names(name, names)
            object.__setattr__(self, name, tuple(names))

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {"format": FORMAT, **_plain(asdict(self))}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ReadOptions":
        """Read what `to_json` wrote; fields that are absent have their defaults. Raises InvalidFile."""
        return cls(**_known(cls, value))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file: `use` says in words how it enters the network, `inputs` as how many numbers."""

    name: str
    type: ColumnType
    missing: int
    distinct: int
    examples: tuple[str, ...]
    use: str
    inputs: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the data doctor noticed: a sentence that says what it means and what to do."""

    code: str
    severity: Severity
    columns: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class SplitRows:
    """Rows of each part."""

    train: int
    validation: int
    test: int


@dataclass(frozen=True, slots=True)
class Description:
    """A prepared data set: `rows` are those that have a target, `preview` the file's first ten rows of cells.

    `class_names` are the classes, or the target's name for regression, which has no `class_counts`. The preview's
    cells stand in the order of `columns`. `fingerprint` is the SHA-256 of the prepared arrays.
    """

    kind: Kind
    rows: int
    columns: tuple[Column, ...]
    target: str
    task: TaskName
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    input_shape: tuple[int, ...]
    split: SplitRows
    findings: tuple[Finding, ...]
    preview: tuple[tuple[Cell, ...], ...]
    fingerprint: str
    format: int = FORMAT

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Description":
        """Read what `to_json` wrote. Raises ValueError for a format that this release does not know."""
        if value.get("format") != FORMAT:
            raise ValueError(f"data set: format {value.get('format')!r} is unknown to this release")
        nested = {
            "columns": tuple(
                Column(**{**column, "examples": tuple(column["examples"])}) for column in value["columns"]
            ),
            "findings": tuple(
                Finding(**{**finding, "columns": tuple(finding["columns"])}) for finding in value["findings"]
            ),
            "split": SplitRows(**value["split"]),
            "preview": tuple(tuple(row) for row in value["preview"]),
        }
        lists = {name: tuple(value[name]) for name in ("class_names", "class_counts", "input_shape")}
        return cls(**{**value, **nested, **lists})


def _check_names(option: str, names: Any) -> None:
    listed = isinstance(names, list | tuple) and len(names) <= MAX_COLUMNS
    if not listed or not all(isinstance(name, str) and 0 < len(name) <= MAX_NAME_CHARACTERS for name in names):
        detail = f"{option} must name columns (at most {MAX_COLUMNS}), each with 1 to {MAX_NAME_CHARACTERS} characters"
        raise InvalidFile("unacceptable", detail, field=option)


def _known(cls: type[ReadOptions], value: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, Mapping) or value.get("format", FORMAT) != FORMAT:
        raise InvalidFile("unacceptable", f"options must be a JSON object of format {FORMAT}")
    given = {name: content for name, content in value.items() if name != "format"}
    unknown = sorted(set(given) - {field.name for field in fields(cls)})
    if unknown:
        known = ", ".join(field.name for field in fields(cls))
        raise InvalidFile("unacceptable", f"there is no such option; known are {known}", field=unknown[0][:80])
    return given


def _plain(value: Any) -> Any:
    """Return tuples as lists, as JSON has them."""
    if isinstance(value, dict):
        return {name: _plain(content) for name, content in value.items()}
    return [_plain(content) for content in value] if isinstance(value, list | tuple) else value
