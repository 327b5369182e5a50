"""The form that submits a job, made from the job spec itself: its fields, their kinds, limits, defaults and values.

A field of the spec is in the form as soon as the spec has it. The form is a value; `_field.html` draws it, and
`static/job_spec.js` reads it back into the JSON that the API takes.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from service.budget_spec import DEFAULT_EVALUATIONS
from service.dashboard.form_words import CHOICES, MORE, OBJECTIVES, ONLY, SECTIONS, WORDS, Only, Section
from service.fields import StrictModel
from service.job_request import JobRequest

Kind = Literal["text", "prose", "number", "switch", "choice", "choices", "numbers", "lines"]

_LONGEST_LINE: Final = 2_000
_SHORT_WORDS: Final = 24
_DATASET: Final = "/dataset"
"""The one field that stands in the page's own section."""

_OWN_DEFAULTS: Final[dict[str, Any]] = {"/budget/evaluations": DEFAULT_EVALUATIONS, "/name": None}
"""Defaults that depend on other fields."""

_OFFERED: Final = {"/budget/evaluations": DEFAULT_EVALUATIONS, "/budget/epochs": 8 * DEFAULT_EVALUATIONS}
"""What is offered of the unit that the budget is not counted in."""


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of the form. `pointer` is its place in the spec; `choices` are pairs of JSON text and words.

    A number has the limits `minimum` and `maximum`, where None is none, and is `whole` or not.
    """

    pointer: str
    kind: Kind
    label: str
    hint: str
    default: Any
    value: Any
    choices: tuple[tuple[str, str], ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    longest: int | None = None
    only: Only | None = None

    @property
    def id(self) -> str:
        """The field's id in the page."""
        return self.pointer[1:].replace("/", "-")

    @property
    def wide(self) -> bool:
        """Whether the field needs a line of its own."""
        return self.longest is not None or any(len(words) > _SHORT_WORDS for _, words in self.choices)

    @property
    def default_json(self) -> str:
        """The default as JSON text."""
        return json.dumps(self.default)

    @property
    def text(self) -> str:
        """The value as the text of an input."""
        if self.value is None:
            return ""
        if isinstance(self.value, list):
            return (" " if self.kind == "numbers" else "\n").join(map(_written, self.value))
        return _written(self.value)

    @property
    def default_text(self) -> str:
        """The default as the text of an input that was left empty; empty where there is none."""
        return "" if self.default in (None, "", []) or isinstance(self.default, list) else _written(self.default)

    @property
    def chosen(self) -> frozenset[str]:
        """Those of several choices that are made, as JSON texts."""
        return frozenset(map(json.dumps, self.value or ())) if self.kind == "choices" else frozenset()

    @property
    def value_json(self) -> str:
        """The value as JSON text."""
        return json.dumps(self.value)


@dataclass(frozen=True, slots=True)
class FormSection:
    """A section with its fields; `on` says whether a part of the spec that may be null is there."""

    words: Section
    fields: tuple[FormField, ...]
    on: bool = True


@dataclass(frozen=True, slots=True)
class _Leaf:
    pointer: str
    schema: Mapping[str, Any]
    default: Any


def job_form(spec: Mapping[str, Any] | None = None, *, webhooks: bool) -> tuple[FormSection, ...]:
    """Return the form, filled with the defaults or with a stored spec."""
    given = spec or {}
    fields = {
        leaf.pointer: _field(leaf, given)
        for leaf in leaves(JobRequest)
        if leaf.pointer != _DATASET and (webhooks or not leaf.pointer.startswith("/webhook/"))
    }
    sections = []
    for words in SECTIONS:
        names = [name for pointer in words.pointers for name in fields if _is_of(name, pointer)]
        if names:
            on = words.group is None or _at(given, words.group, None) is not None
            sections.append(FormSection(words, tuple(fields.pop(name) for name in names), on))
    return (*sections, *((FormSection(MORE, tuple(fields.values())),) if fields else ()))


def leaves(model: type[StrictModel], pointer: str = "") -> Iterator[_Leaf]:
    """Yield what a user may say in a request, part by part; a field with one possible value is not among them."""
    schema = model.model_json_schema()
    for name, field in model.model_fields.items():
        below = f"{pointer}/{name}"
        nested = _model_of(field.annotation)
        if nested is not None:
            yield from leaves(nested, below)
            continue
        described = schema["properties"][name]
        if "const" not in described:
            yield _Leaf(below, described, _default(below, field))


def _model_of(annotation: Any) -> type[StrictModel] | None:
    """Return the model that a field holds, null or not."""
    if get_origin(annotation) in (Union, UnionType, Annotated):
        found = (_model_of(one) for one in get_args(annotation))
        return next((one for one in found if one is not None), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, StrictModel) else None


def _default(pointer: str, field: FieldInfo) -> Any:
    if pointer in _OWN_DEFAULTS or field.is_required():
        return _OWN_DEFAULTS.get(pointer)
    return field.get_default(call_default_factory=True)


def _field(leaf: _Leaf, given: Mapping[str, Any]) -> FormField:
    name = leaf.pointer.rpartition("/")[2].replace("_", " ")
    label, hint = WORDS.get(leaf.pointer, (name.capitalize(), leaf.schema.get("description", "")))
    value = _at(given, leaf.pointer, leaf.default)
    if value is None:
        value = _OFFERED.get(leaf.pointer)
    choices = _choices(leaf)
    plain = _plain(leaf.schema)
    kind = _kind(leaf, plain)
    if kind == "choices":
        # Their order is a part of the spec: those that are chosen come first, as they were given.
        choices = tuple(sorted(choices, key=lambda one: _place(json.loads(one[0]), value)))
    return FormField(
        pointer=leaf.pointer,
        kind=kind,
        label=label,
        hint=hint,
        default=leaf.default,
        value=value,
        choices=choices,
        minimum=plain.get("minimum", plain.get("exclusiveMinimum")),
        maximum=plain.get("maximum", plain.get("exclusiveMaximum")),
        whole=plain.get("type") == "integer",
        longest=plain.get("maxLength"),
        only=ONLY.get(leaf.pointer),
    )


def _kind(leaf: _Leaf, plain: Mapping[str, Any]) -> Kind:
    if leaf.pointer == "/objectives" or "enum" in plain or "const" in plain:
        return "choice"
    match plain["type"]:
        case "boolean":
            return "switch"
        case "integer" | "number":
            return "number"
        case "array":
            items = plain["items"]
            if "enum" in items:
                return "choices"
            return "lines" if items["type"] == "string" else "numbers"
        case _:
            return "prose" if plain.get("maxLength", 0) > _LONGEST_LINE else "text"


def _plain(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of the value where it is not null."""
    return next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)


def _choices(leaf: _Leaf) -> tuple[tuple[str, str], ...]:
    plain = _plain(leaf.schema)
    if leaf.pointer == "/objectives":
        costs = [name for name in plain["items"]["enum"] if name != "score"]
        sets = [["score"], *(["score", cost] for cost in costs)]
        return tuple((json.dumps(names), OBJECTIVES.get(names[-1], f"score and {names[-1]}")) for names in sets)
    values = plain.get("enum") or ([plain["const"]] if "const" in plain else plain.get("items", {}).get("enum", []))
    if values and plain is not leaf.schema:
        values = [None, *values]
    words = CHOICES.get(leaf.pointer, {})
    return tuple(
        (json.dumps(value), words.get(value, "none" if value is None else str(value).replace("_", " ")))
        for value in values
    )


def _place(choice: Any, value: Any) -> int:
    return value.index(choice) if choice in value else len(value)


def _is_of(name: str, pointer: str) -> bool:
    return name.startswith(pointer) if pointer.endswith("/") else name == pointer


def _at(given: Mapping[str, Any], pointer: str, default: Any) -> Any:
    """Return what a stored spec has at a pointer."""
    found: Any = given
    for name in pointer[1:].split("/"):
        if not isinstance(found, Mapping) or name not in found:
            return default
        found = found[name]
    return found


def _written(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
