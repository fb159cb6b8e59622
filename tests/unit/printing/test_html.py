from dataclasses import replace

import pytest

from campaign.printing.geometry import LAYOUTS, US_10, Layout
from campaign.printing.html import (
    direction_of,
    letter_document,
    letter_fragment,
    print_css,
    screen_css,
    text_direction,
)
from tests.unit.printing.letter_samples import OWN_WORDS, letter, render_one
from tests.unit.printing.pdf_pages import pages_of

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</style><style>@import url(file:///etc/passwd);</style>",
    "<link rel=attachment href=file:///etc/passwd>",
    "<style>p{background:url(http://127.0.0.1:9/x)}</style>",
    "{{7*7}} {% include 'x' %} ((person_name))",
    "&lt;b&gt; &amp;copy; &#x41;",
    "javascript:alert(1) expression(alert(1)) url(data:text/css,x)",
    "<!-- --> <![CDATA[ x ]]> <?php ?>",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_in_a_letter_prints_as_text_and_fetches_nothing(attack: str) -> None:
    text = pages_of(render_one(letter(own_words=(attack,), subject=attack), US_10))[0]
    joined = "".join(text.split())
    assert joined.count("".join(attack.split())) == 2


def test_every_field_is_escaped() -> None:
    bad = '<b onclick="x">\'&'
    context = replace(
        letter(),
        number=bad,
        reference=bad,
        sender_lines=(bad,),
        place_and_date=bad,
        addressee_lines=(bad,),
        subject=bad,
        salutation=bad,
        opening=(bad,),
        points=(bad,),
        own_words=(bad,),
        closing=(bad,),
        complimentary_close=bad,
        signature_name=bad,
        signature_locality=bad,
        copies_to=(bad,),
        specimen=bad,
    )
    html = letter_fragment(context)
    assert "<b " not in html
    assert html.count("&lt;b onclick=&#34;x&#34;&gt;&#39;&amp;") == 19


def test_a_fragment_has_no_style_of_its_own() -> None:
    html = letter_fragment(letter(specimen="Preview", own_words=OWN_WORDS), US_10)
    assert "style" not in html
    assert "Preview" in html


def test_own_words_stand_between_the_points_and_the_closing() -> None:
    html = letter_fragment(letter(own_words=("My own sentence.",)))
    assert (
        html.index("legitimate and necessary")
        < html.index("My own sentence.")
        < html.index("I would be grateful")
    )


@pytest.mark.parametrize(
    ("text", "direction"),
    [("سلام", "rtl"), ("שלום", "rtl"), ("12 «سلام»", "rtl"), ("Hello سلام", "ltr"), ("123", "ltr")],
)
def test_a_paragraphs_direction_is_that_of_its_first_letter(text: str, direction: str) -> None:
    assert text_direction(text, "ltr") == direction


def test_an_arabic_paragraph_in_an_english_letter_turns() -> None:
    assert '<p class="letter-own" dir="rtl">' in letter_fragment(letter(own_words=("سلام",)))
    assert direction_of("ar_EG") == "rtl"


def test_a_document_gives_each_letter_an_id() -> None:
    html = letter_document([letter(1), letter(2)], US_10)
    assert [html.count(f'id="letter-{n}"') for n in range(3)] == [1, 1, 0]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_css_takes_its_geometry_from_the_layout(layout: Layout) -> None:
    paper = f"size: {layout.paper.width:g}mm {layout.paper.height:g}mm"
    assert paper in print_css("print.css", layout)
    assert f"calc(100cqi / {layout.paper.width})" in screen_css(layout)
    assert "mm;" not in screen_css(layout).replace("var(--mm)", "")


def test_screen_css_touches_nothing_outside_the_letter() -> None:
    for line in screen_css(US_10).splitlines():
        assert line.startswith((".letter", "@container letter", "}")) or not line.strip()
