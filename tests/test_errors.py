"""core.errors: a message is a template and its values."""

import pytest

from core.errors import N_, UserError


def test_a_user_error_reads_filled_in_and_keeps_its_parts() -> None:
    error = UserError("column '{column}' not found; the file has: {columns}", column="lable", columns="text, label")
    assert str(error) == "column 'lable' not found; the file has: text, label"
    assert error.message == "column '{column}' not found; the file has: {columns}"
    assert error.values == {"column": "lable", "columns": "text, label"}


def test_braces_in_values_stay_as_they_are() -> None:
    assert str(UserError("bad: {value}", value="{0} {x}")) == "bad: {0} {x}"


def test_a_template_without_its_value_fails_where_it_is_raised() -> None:
    with pytest.raises(KeyError):
        UserError("bad: {value}")


def test_the_marker_changes_nothing() -> None:
    assert N_("text") == "text"
