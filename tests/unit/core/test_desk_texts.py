"""What organizers type, made fit to keep."""

import pytest

from campaign.core.text.desk_texts import one_line, paragraphs


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Zamora : un  avocat", "Zamora\xa0: un avocat"),
        ("Zamora\xa0: un", "Zamora\xa0: un"),
        ("« Libre ! »", "«\xa0Libre\xa0!\xa0»"),
        ("Zamora: un", "Zamora: un"),
        ("a :-) b, see ![it](x)", "a :-) b, see ![it](x)"),
    ],
)
def test_a_line_does_not_break_before_a_french_colon(typed: str, kept: str) -> None:
    assert one_line(typed) == kept
    assert paragraphs(typed.replace("  ", " ")) == kept
