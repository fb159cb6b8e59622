"""What organizers' Markdown becomes on a page."""

import pytest

from campaign.replies.redaction import to_markdown
from campaign.web.markup import MARKDOWN, markdown, unmarked


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# What happened", "<h2>What happened</h2>"),
        ("## What happened", "<h2>What happened</h2>"),
        (
            "See https://example.org/a?b=c, or ask.",
            '<p>See <a href="https://example.org/a?b=c">https://example.org/a?b=c</a>, or ask.</p>',
        ),
        (
            "[the *page* https://a.example](https://b.example)",
            '<p><a href="https://b.example">the <em>page</em> https://a.example</a></p>',
        ),
        ("`https://a.example`", "<p><code>https://a.example</code></p>"),
        ("javascript://x and mailto:a", "<p>javascript://x and mailto:a</p>"),
    ],
)
def test_headings_and_bare_addresses(text: str, html: str) -> None:
    assert MARKDOWN.render(text).strip() == html


def test_a_bare_address_stays_one_in_plain_text() -> None:
    assert unmarked("See https://example.org/a.") == "See https://example.org/a."


def test_an_answer_that_we_quote_brings_no_link() -> None:
    quoted = MARKDOWN.render(to_markdown("Go to https://example.org/a."))
    assert quoted.strip() == "<p>Go to https://example.org/a.</p>"


def test_a_quotation_keeps_its_own_direction() -> None:
    assert markdown("> شكرًا.") == '<blockquote dir="auto">\n<p>شكرًا.</p>\n</blockquote>\n'
