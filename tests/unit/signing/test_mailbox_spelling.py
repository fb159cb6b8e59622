"""A mistyped domain is asked about before the letter is signed."""

import pytest

from campaign.signing.validate import suggest_address


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("jo@gmial.com", "jo@gmail.com"),
        ("jo@gmail.con", "jo@gmail.com"),
        ("jo@gmail.co", "jo@gmail.com"),
        ("jo@hotmal.com", "jo@hotmail.com"),
        ("jo@YAHOOO.com", "jo@yahoo.com"),
        ("Jo.B@outlok.com", "Jo.B@outlook.com"),
    ],
)
def test_one_slip_is_seen(typed: str, right: str) -> None:
    assert suggest_address(typed) == right


@pytest.mark.parametrize(
    "typed",
    [
        "jo@gmail.com",
        "jo@GMAIL.com",
        "jo@mail.com",
        "jo@ymail.com",
        "jo@example.org",
        "jo@hotmail.fr",
        "jo@gmx.com",
        "jo",
        "",
    ],
)
def test_what_looks_right_is_left_alone(typed: str) -> None:
    assert suggest_address(typed) == ""
