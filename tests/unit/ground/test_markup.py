"""What Markdown says in a mail's text part."""

import pytest

from campaign.markup import unmarked


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("", ""),
        ("## She is **free**\n\nAnd *safe*, `now`.", "She is free\n\nAnd safe, now."),
        ("One\ntwo\\\nthree", "One\ntwo\nthree"),
        ("- One\n- Two\n  lines", "– One\n– Two\n  lines"),
        ("3. Three\n4. Four", "3. Three\n4. Four"),
        ("> They *said*:\n>\n> no.", "> They said:\n>\n> no."),
        ("[Read it](https://example.org/a)", "Read it (https://example.org/a)"),
        (
            "<https://example.org/> or <desk@example.org>",
            "https://example.org/ or desk@example.org",
        ),
        ("![A pile](x.png) of 2 * 3 * 4", "A pile of 2 * 3 * 4"),
        ("Before\n\n***\n\nafter", "Before\n\n———\n\nafter"),
        ("<b>No</b> tag &amp; all", "<b>No</b> tag & all"),
    ],
)
def test_it_stands_there_without_its_marks(text: str, plain: str) -> None:
    assert unmarked(text) == plain
