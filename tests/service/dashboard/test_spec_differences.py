from service.dashboard.spec_differences import Difference, differences


def test_equal_specs_do_not_differ() -> None:
    assert differences([{"seed": 1, "space": {"a": [1]}}, {"space": {"a": [1]}, "seed": 1}]) == ()


def test_only_what_differs_is_told_by_its_path_and_names_are_not() -> None:
    first = {"name": "a", "seed": 1, "space": {"max_layers": 2, "kinds": ["relu"]}, "rivals": True, "extra": {}}
    second = {"name": "b", "seed": 1, "space": {"max_layers": 3, "kinds": ["relu", "tanh"]}, "rivals": False}

    assert differences([first, second, first]) == (
        Difference("space.max_layers", ("2", "3", "2")),
        Difference("space.kinds", ('["relu"]', '["relu", "tanh"]', '["relu"]')),
        Difference("rivals", ("yes", "no", "yes")),
        Difference("extra", ("{}", None, "{}")),
    )


def test_what_is_not_given_and_null_are_told_alike() -> None:
    assert differences([{"a": None, "b": 1}, {"b": None}]) == (
        Difference("a", (None, None)),
        Difference("b", ("1", None)),
    )
