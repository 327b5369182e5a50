from typing import Any

import pytest

from service.api.typed_dicts import typed_dicts


def lines(**schemas: dict[str, Any]) -> list[str]:
    """Return the lines of the module of these schemas, which must be one."""
    text = typed_dicts({"components": {"schemas": schemas}})
    compile(text, "types", "exec")
    return [line.strip() for line in text.splitlines()]


def test_an_object_becomes_a_typed_dict() -> None:
    point = {
        "type": "object",
        "description": "A point.\nWith more to say.",
        "required": ["x"],
        "properties": {"x": {"type": "number"}, "label": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    }

    assert lines(PointResponse=point)[-4:] == [
        "class Point(TypedDict):",
        '"""A point."""',
        "x: float",
        "label: NotRequired[str | None]",
    ]


def test_what_is_referred_to_keeps_its_name() -> None:
    reference = {"$ref": "#/components/schemas/LayerResponse"}
    network = {
        "type": "object",
        "required": ["layers", "by_name"],
        "properties": {
            "layers": {"type": "array", "items": reference},
            "by_name": {"type": "object", "additionalProperties": reference},
        },
    }
    layer = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "dense"}}}
    made = lines(NetworkResponse=network, LayerResponse=layer)

    assert "layers: list[Layer]" in made
    assert "by_name: dict[str, Layer]" in made
    assert "kind: Literal['dense']" in made


def test_what_no_type_can_express_is_refused() -> None:
    with pytest.raises(ValueError, match="class"):
        lines(Odd={"type": "object", "properties": {"class": {"type": "string"}}})
    with pytest.raises(ValueError, match="one name"):
        lines(Job={"type": "object"}, JobResponse={"type": "object"})
