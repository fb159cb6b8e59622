"""The estimate of a letter's length, held to the real layout: it never promises too much."""

import random
from dataclasses import replace

import pytest

from campaign.printing.engine import letters_job
from campaign.printing.geometry import DIN_5008_B, US_10, Layout
from campaign.printing.html import card_parts, is_close_set
from campaign.printing.page_fit import card_room, letter_room
from campaign.printing.printed_content import LetterContext
from tests.unit.printing.letter_samples import OPENING, OWN_WORDS, POINTS, letter

_TEXTS = {
    "en": " ".join(OPENING + POINTS + OWN_WORDS),
    "fr": (
        "L’État doit protéger — sans délai — « la défenseuse » et sa famille ; nous l’exigeons : "
        "n’est-ce pas ? Œuvre, 50 % des cas, à l’été 2031, aujourd’hui."
    ),
    "es": "¿Quién la protege? ¡Nadie! La niñez de la región también está en riesgo.",
    "ar": "أكتب إليكم بشأن المدافعة عن حقوق الإنسان وأطلب حمايتها في أقرب وقت ممكن",
    "ru": "Прошу вас немедленно восстановить меры защиты и расследовать угрозы",
}
BAGS = {locale: text.split() for locale, text in _TEXTS.items()}
LETTERS = 60


def invented(seed: int) -> list[LetterContext]:
    chance = random.Random(seed)

    def texts(bag: list[str], most: int, words: int) -> tuple[str, ...]:
        return tuple(
            " ".join(chance.choices(bag, k=chance.randint(2, words)))
            for _ in range(chance.randint(0, most))
        )

    letters = []
    for number in range(LETTERS):
        locale = chance.choice(sorted(BAGS))
        bag = BAGS[locale]
        letters.append(
            letter(
                number,
                locale=locale if locale == "ar" else "en",
                opening=texts(bag, 3, 60) or ("x",),
                points=texts(bag, 6, 30),
                own_words=texts(bag, 3, 90),
                closing=texts(bag, 2, 30),
            )
        )
    return letters


@pytest.mark.parametrize("layout", [US_10, DIN_5008_B], ids=lambda layout: layout.slug)
def test_a_letter_that_is_said_to_fit_fits(layout: Layout) -> None:
    letters = invented(7)
    with letters_job.lay_out(letters, layout) as document:
        spans = letters_job.page_spans(document, len(letters))
    pages = [last - first for first, last in spans]
    rooms = [letter_room(context, layout) for context in letters]
    wrong = [n for n, room in enumerate(rooms) if room.fits and pages[n] > 1]
    needlessly = [n for n, room in enumerate(rooms) if not room.fits and pages[n] == 1]
    assert 1 in pages
    assert max(pages) > 1
    assert wrong == []
    assert all(rooms[n].lines_over <= 2 for n in needlessly)
    assert len(needlessly) <= LETTERS // 15


def test_the_lines_to_shorten_by_are_enough() -> None:
    long = letter(1, own_words=tuple(OWN_WORDS) * 3)
    room = letter_room(long, US_10)
    assert not room.fits
    assert room.percent > 100
    words = " ".join(OWN_WORDS * 3).split()
    shorter = letter(1, own_words=(" ".join(words[: -room.lines_over * 17]),))
    assert letter_room(shorter, US_10).fits


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_room_never_grows_while_somebody_types(locale: str) -> None:
    words = (BAGS[locale] * 40)[:600]
    letters = [
        letter(1, locale=locale, own_words=(" ".join(words[:count]),))
        for count in range(1, len(words), 6)
    ]
    rooms = [letter_room(context, US_10) for context in letters]
    typed = [room for room in rooms if room.fits]
    sizes = {is_close_set(context, US_10) for context in letters[: len(typed)]}
    assert sizes == {False, True}  # the type gets smaller on the way
    assert [room.filled for room in typed] == sorted(room.filled for room in typed)
    left = [room.lines_left for room in typed]
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0


def test_a_card_that_is_said_to_fit_fits() -> None:
    chance = random.Random(3)
    fits, fitting = [], []
    for words in range(10, 240, 10):
        text = " ".join(chance.choices(BAGS["en"], k=words))
        card = replace(letter(words), own_words=(text,), points=(), closing=("Thank you.",))
        room = card_room(card, US_10)
        fits.append(room.fits)
        if room.fits:
            fitting.append(card)
    assert letters_job.render_cards(fitting, US_10)  # it is refused where one does not
    assert fits[0]
    assert not fits[-1]
    assert fits == sorted(fits, reverse=True)


def test_room_on_a_card_never_grows_while_somebody_types() -> None:
    words = BAGS["en"] * 10
    cards = [
        replace(letter(1), own_words=(" ".join(words[:count]),), points=(), closing=("Thanks.",))
        for count in range(1, 160, 3)
    ]
    rooms = [card_room(card, US_10) for card in cards]
    typed = [room for room in rooms if room.fits]
    sizes = {card_parts(card).dense for card in cards[: len(typed)]}
    assert sizes == {False, True}  # the type gets smaller on the way
    assert [room.filled for room in typed] == sorted(room.filled for room in typed)
    left = [room.lines_left for room in typed]
    assert left == sorted(left, reverse=True)
