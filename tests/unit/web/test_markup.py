"""What Markdown says without its marks, and how a text begins."""

import pytest

from campaign.web.markup import opening, unmarked


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


@pytest.mark.parametrize(
    ("text", "limit", "start"),
    [
        ("She is free.", 40, "She is free."),
        ("She was taken. They cite the virus. More.", 40, "She was taken. They cite the virus."),
        ("« Où est-elle ? » Nul ne le dit depuis des mois.", 30, "« Où est-elle ? »"),
        ("One sentence that never seems to come to an end", 20, "One sentence that…"),
        ("أين هي؟ لا أحد يعرف منذ شهور طويلة", 15, "أين هي؟"),
    ],
)
def test_an_opening_ends_where_a_sentence_ends(text: str, limit: int, start: str) -> None:
    assert opening(text, limit) == start
