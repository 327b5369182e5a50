import json
from typing import Annotated, Any

import pytest

from service.dashboard.form_words import SECTIONS, WORDS
from service.dashboard.job_form import FormField, job_form, leaves
from service.fields import Whole
from service.job_request import JobRequest
from service.job_spec import JobSpec


def fields_of(spec: dict[str, Any] | None = None, *, webhooks: bool = True) -> dict[str, FormField]:
    return {field.pointer: field for section in job_form(spec, webhooks=webhooks) for field in section.fields}


def described(schema: dict[str, Any], definitions: dict[str, Any], pointer: str = "") -> set[str]:
    """Return the pointers of all that a JSON schema describes, read apart from the form's own reading."""
    found: set[str] = set()
    for name, one in schema["properties"].items():
        inner = [one, *one.get("anyOf", [])]
        reference = next((part["$ref"] for part in inner if "$ref" in part), None)
        if reference is not None:
            found |= described(definitions[reference.rpartition("/")[2]], definitions, f"{pointer}/{name}")
        elif "const" not in one:
            found.add(f"{pointer}/{name}")
    return found


def test_every_field_of_the_spec_has_its_place_and_its_words() -> None:
    schema = JobRequest.model_json_schema()
    all_of_it = described(schema, schema["$defs"])

    assert set(fields_of()) | {"/dataset"} == all_of_it
    assert set(WORDS) == set(fields_of())
    assert {f"/{name}" for name in JobSpec.model_fields if name not in {"format"}} <= {
        f"/{pointer.split('/')[1]}" for pointer in all_of_it
    }


def test_a_field_stands_in_one_section() -> None:
    named = [field.pointer for section in job_form(webhooks=True) for field in section.fields]

    assert len(named) == len(set(named))
    assert [section.words for section in job_form(webhooks=True)] == list(SECTIONS)


def test_the_defaults_are_those_of_the_spec() -> None:
    spec = JobRequest.model_validate(
        {"dataset": "iris", "stopping": {}, "space": {"recipe": {}}, "webhook": {"url": "https://a.example"}}
    )
    plain = spec.model_dump(mode="json")
    for pointer, field in fields_of().items():
        value: Any = plain
        for name in pointer[1:].split("/"):
            # Labels and notes are left out where there are none.
            value = value.get(name, field.default)
        if pointer not in {"/name", "/webhook/url"}:
            assert field.default == value, pointer
            assert json.loads(field.default_json) == value


def test_webhooks_are_left_out_where_they_are_off() -> None:
    assert not any(pointer.startswith("/webhook") for pointer in fields_of(webhooks=False))


def test_a_stored_spec_fills_the_form() -> None:
    spec = JobSpec.model_validate(
        {
            "dataset": "iris",
            "seed": 2**63 - 1,
            "budget": {"epochs": 400},
            "objectives": ["score", "parameters"],
            "space": {"activations": ["tanh", "relu"], "dropout": [0, 0.25], "recipe": {"optimizers": ["sgd"]}},
            "verdict": {"rivals": False},
        }
    ).model_dump(mode="json")
    fields = fields_of(spec)

    assert fields["/seed"].text == "9223372036854775807"
    assert fields["/budget/epochs"].text == "400"
    assert fields["/budget/evaluations"].text == "64"
    assert fields["/objectives"].value_json in dict(fields["/objectives"].choices)
    assert fields["/objectives"].value == ["score", "parameters"]
    # The order is a part of the spec.
    assert [value for value, _ in fields["/space/activations"].choices][:2] == ['"tanh"', '"relu"']
    assert fields["/space/dropout"].text == "0 0.25"
    assert fields["/space/recipe/optimizers"].chosen == {'"sgd"'}
    assert fields["/verdict/rivals"].value is False
    on = {section.words.group: section.on for section in job_form(spec, webhooks=False) if section.words.group}
    assert on == {"/space/recipe": True, "/stopping": False}


def test_a_new_field_of_the_spec_is_found() -> None:
    class More(JobRequest):
        patience_of_saints: Annotated[int, Whole(1, 7)] = 3

    assert [leaf.default for leaf in leaves(More) if leaf.pointer == "/patience_of_saints"] == [3]


@pytest.mark.parametrize(
    ("pointer", "kind"),
    [
        ("/name", "text"),
        ("/notes", "prose"),
        ("/labels", "lines"),
        ("/seed", "number"),
        ("/ladder", "switch"),
        ("/training/class_weights", "choice"),
        ("/objectives", "choice"),
        ("/space/activations", "choices"),
        ("/space/kernels", "numbers"),
    ],
)
def test_each_field_is_of_its_kind(pointer: str, kind: str) -> None:
    assert fields_of()[pointer].kind == kind
