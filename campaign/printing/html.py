"""The HTML and CSS of what is printed, and of the letter shown on a screen."""

import functools
import math
import unicodedata
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from campaign.core import asset_paths
from campaign.core.template_context import TemplateContext
from campaign.printing.geometry import MM_PER_PT, Layout
from campaign.printing.printed_content import LetterContext
from campaign.printing.text_widths import size_of

QUIET_ZONE = 4  # light modules around the dark ones, as readers need them (ISO/IEC 18004)
CLOSE_SET = "letter-close-set"
"""Class of a long letter, set a size smaller so that it still fits one page."""

_RTL_LANGUAGES = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "syr", "ug", "ur"})
# Characters an average line holds, per mm of its width, at the two sizes of type (measured on
# English, French and Spanish letters, and on Arabic ones), and the height of a line in mm.
_CHARACTERS_PER_MM = {"ltr": 0.56, "rtl": 0.58}
_LINE_HEIGHT = {"ltr": 15.0 * MM_PER_PT, "rtl": 18.5 * MM_PER_PT}
_GAP = 0.45
_CARD_CLOSING = 200
_CARD_CLOSE = 120
# Characters of a card's line at the larger size of type, the gap after a paragraph in lines, and
# the lines that its text may take (an estimate, as for letters).
_CARD_LINE, _CARD_GAP, _CARD_LINES = 48, 0.4, 15


@dataclass(frozen=True, slots=True)
class CardParts:
    """What of a letter's end stands on its card, and in which size."""

    dense: bool  # set a size smaller, because the text is long
    closing: tuple[str, ...]
    close: str


def print_mm(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".") + "mm"


def screen_mm(number: float) -> str:
    """Return `number` mm of the sheet on a screen, where `--mm` is the sheet's scale."""
    return f"calc({print_mm(number).removesuffix('mm')} * var(--mm))"


def screen_pt(number: float) -> str:
    return screen_mm(number * MM_PER_PT)


def language_tag(locale: str) -> str:
    """Return `locale` as an HTML `lang` value: "es_MX" becomes "es-MX"."""
    return locale.replace("_", "-")


def direction_of(locale: str) -> str:
    """Return "rtl" for a language that is written from right to left, else "ltr"."""
    return "rtl" if language_tag(locale).split("-")[0].lower() in _RTL_LANGUAGES else "ltr"


def text_direction(text: str, default: str) -> str:
    """Return the direction of a paragraph by its first strong character, else `default`.

    This is what `dir="auto"` means (Unicode Bidirectional Algorithm, rules P2 and P3). The
    renderer doesn't know `auto`, so it is worked out here, for paper and screen alike.
    """
    for character in text:
        strong = unicodedata.bidirectional(character)
        if strong == "L":
            return "ltr"
        if strong in {"R", "AL"}:
            return "rtl"
    return default


def reading_direction(text: str, direction: str) -> str:
    """Return the direction of a paragraph in a language of that `direction`.

    It is the language's own where any word of it is in its script, whatever the paragraph begins
    with: a sentence in Arabic may begin with a reference or a name in Latin letters.
    """
    own = {"L"} if direction == "ltr" else {"R", "AL"}
    if any(unicodedata.bidirectional(character) in own for character in text):
        return direction
    return text_direction(text, direction)


def isolate(line: str, direction: str) -> str:
    """Return a line of an address or name, kept in order in a block of that `direction`."""
    if (own := text_direction(line, direction)) == direction:
        return line
    mark = "\u200e" if own == "ltr" else "\u200f"
    return f"{mark}{line}{mark}"


@functools.cache
def environment() -> Environment:
    """Return the Jinja environment of what is printed: strict, and it escapes everything."""
    env = Environment(
        loader=FileSystemLoader(asset_paths.folder("letters")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["lang"] = language_tag
    env.filters["direction"] = direction_of
    env.filters["isolate"] = isolate
    for function in (size_of, reading_direction, text_direction, qr_svg):
        env.globals[function.__name__] = function
    return env


def load_templates() -> None:
    """Compile the templates, which takes longer than to lay out a letter."""
    for name in environment().list_templates(extensions=["html", "css"]):
        environment().get_template(name)


class PrintedPage(TemplateContext):
    """What a template under `letters/` is given."""

    def html(self) -> Markup:
        return _fill(self.template, vars(self))


class LetterSheet(PrintedPage, template="letter.html"):
    letter: LetterContext
    layout: Layout | None
    id: str
    close_set: str
    line_end: Markup = Markup("<br>")


class Card(PrintedPage, template="card.html"):
    letter: LetterContext
    id: str
    slot: int
    end: CardParts


class HtmlDocument(PrintedPage, template="document.html"):
    locale: str
    title: str
    body: Markup


def _fill(template: str, values: Mapping[str, object]) -> Markup:
    return Markup(environment().get_template(template).render(values))  # noqa: S704


@functools.lru_cache(maxsize=64)
def print_css(stylesheet: str, layout: Hashable) -> str:
    """Return the print CSS of a document: `stylesheet` filled from the geometry of `layout`."""
    values = {"layout": layout, "mm": print_mm, "pt": "{:g}pt".format, "screen": False}
    return str(_fill(stylesheet, values))


@functools.lru_cache(maxsize=16)
def screen_css(layout: Layout) -> str:
    """Return the letter's style inside a web page.

    The page puts the fragment into an element of class `letter-frame`. Where that is 34 rem wide
    or wider, the letter is the printed sheet, scaled to the frame's width; where it is narrower,
    the same parts in the same order, set to be read. So is a card. The page declares the fonts.
    """
    values = {"layout": layout, "mm": screen_mm, "pt": screen_pt, "screen": True}
    card = {"card_width": layout.paper.width / 2, "card_height": layout.paper.height / 2}
    return f"{_fill('screen.css', values)}\n{_fill('card-screen.css', card)}"


def is_close_set(context: LetterContext, layout: Layout) -> bool:
    """Whether the letter is long enough to be set a size smaller.

    An estimate from the number of characters, never from a layout, so that the preview and the
    press choose alike.
    """
    direction = direction_of(context.locale)
    per_line = layout.text.width * _CHARACTERS_PER_MM[direction]
    blocks = (*context.opening, *context.points, *context.own_words, *context.closing)
    lines = sum(
        max(1, math.ceil(len(line) / per_line)) for block in blocks for line in block.split("\n")
    )
    gaps = _GAP * (len(context.opening) + len(context.own_words) + len(context.closing) + 1)
    fixed = 9.5 + math.ceil(len(context.subject) / per_line) + len(context.copies_to)
    available = layout.paper.height - layout.margin_bottom - layout.body_top
    return (lines + gaps + fixed) * _LINE_HEIGHT[direction] > available


def letter_fragment(
    context: LetterContext, layout: Layout | None = None, anchor: str = ""
) -> Markup:
    """Return the letter as an `<article class="letter">`, without styles of its own.

    :param layout: the sheet the letter is for; a long letter is then set a size smaller.
    :param anchor: the article's id; none if empty.
    """
    is_long = layout is not None and is_close_set(context, layout)
    close_set = CLOSE_SET if is_long else ""
    return LetterSheet(letter=context, layout=layout, id=anchor, close_set=close_set).html()


def card_fragment(context: LetterContext, slot: int = 0, anchor: str = "") -> Markup:
    """Return the letter as an `<article class="card">`: salutation, text, points, words and name.

    A closing or a close that is long is left out, on paper and screen alike: a card is small.

    :param slot: its place on the sheet, 0 to 3.
    :param anchor: the article's id; none if empty.
    """
    return Card(letter=context, id=anchor, slot=slot, end=card_parts(context)).html()


def card_parts(context: LetterContext) -> CardParts:
    """Return what of a letter's end stands on its card, and in which size."""
    short = sum(map(len, context.closing)) <= _CARD_CLOSING
    closing = context.closing if short else ()
    close = context.complimentary_close if len(context.complimentary_close) <= _CARD_CLOSE else ""
    texts = (*context.opening, *context.points, *context.own_words, *closing, close)
    lines = sum(
        sum(max(1, math.ceil(len(line) / _CARD_LINE)) for line in text.split("\n")) + _CARD_GAP
        for text in texts
    )
    return CardParts(lines > _CARD_LINES, closing, close)


def letter_id(index: int) -> str:
    return f"letter-{index}"


def title_of(contexts: Sequence[LetterContext]) -> str:
    """Return a document's title: the reference, and the letters' first and last number."""
    numbers = [context.number for context in contexts if context.number]
    numbers.sort(key=lambda number: (len(number), number))  # cards are not printed in their order
    span = dict.fromkeys((numbers[0], numbers[-1])) if numbers else {}
    return " · ".join(filter(None, (contexts[0].reference, "–".join(span))))


def letter_document(contexts: Sequence[LetterContext], layout: Layout) -> str:
    """Return an HTML document of many letters, each on a page of its own, ids by `letter_id`."""
    fragments = (
        letter_fragment(context, layout, letter_id(index)) for index, context in enumerate(contexts)
    )
    body = Markup("\n").join(fragments)
    whole = HtmlDocument(locale=contexts[0].locale, title=title_of(contexts), body=body)
    return str(whole.html())


def qr_svg(text: str) -> Markup:
    """Return `text` as a QR code, one unit a module, its quiet zone included."""
    matrix = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    size = len(matrix) + 2 * QUIET_ZONE
    path = "".join(
        f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h1v1h-1z"
        for y, row in enumerate(matrix)
        for x, dark in enumerate(row)
        if dark
    )
    return Markup('<svg class="code" viewBox="0 0 {0} {0}"><path d="{1}"/></svg>').format(
        size, path
    )
