"""A letter in Arabic: both presses give one picture, and Latin lines keep their order."""

from pathlib import Path

import pytest

from campaign.printing import fonts, print_letters
from campaign.printing.geometry import DIN_5008_B, LAYOUTS, US_10, Layout
from campaign.printing.html import direction_of, isolate, letter_fragment, reading_direction
from campaign.printing.printed_content import LetterContext
from tests.unit.printing.letter_samples import letter
from tests.unit.printing.pdf_pages import pages_of
from tests.unit.printing.test_fast_press import both, differences

STREET = "45 O'Connor Street"
WORDS = "أكتب إليكم بشأن سلامة Clemencia Adelaida Salas Salazar، وأرجو إعادة الحماية كاملة."


def written(number: int, name: str, **changes: object) -> LetterContext:
    facts: dict[str, object] = {
        "locale": "ar",
        "sender_lines": (name, "Ottawa", "كندا"),
        "addressee_lines": (
            "مكتب حاكم ولاية يوكاتان",
            "سفارة المكسيك",
            STREET,
            "Ottawa ON K1P 1A4",
        ),
        "place_and_date": "Ottawa في 4 ديسمبر 2026",
        "subject": "التحرّك العاجل UA 58/20: الحماية الشرطية",
        "salutation": "إلى مقام سعادتكم، تحية طيبة وبعد،",
        "opening": (WORDS,),
        "points": (WORDS, "UA 58/20 هو الرقم المرجعي."),
        "closing": ("أشكركم على اهتمامكم بهذه الرسالة.",),
        "complimentary_close": "وتفضلوا بقبول فائق الاحترام والتقدير،",
        "signature_name": name,
        "signature_locality": "Ottawa",
        "copies_to": ("نسخة إلى: سفارة المكسيك",),
    }
    return letter(number, **(facts | changes))


@pytest.mark.parametrize("layout", [US_10, DIN_5008_B], ids=lambda layout: layout.slug)
def test_both_presses_give_one_picture_of_letters_in_arabic(layout: Layout, tmp_path: Path) -> None:
    letters = [
        written(1, "ليلى حدّاد"),
        written(2, "Ottoline Freke", own_words=("In English, 2026.", WORDS)),
        written(3, "ليلى حدّاد", own_words=(WORDS * 9, WORDS * 6)),
    ]
    fast, plain = both(letters, layout, tmp_path)
    assert fast.set_aside == ()
    assert list(differences(fast.path, plain.path)) == []


def test_a_line_of_another_script_is_set_apart_in_an_address() -> None:
    assert isolate(STREET, "rtl") == f"\u200e{STREET}\u200e"
    assert isolate("بيروت", "ltr") == "\u200fبيروت\u200f"
    assert isolate(STREET, "ltr") == STREET
    page = letter_fragment(written(1, "Ottoline Freke"), US_10)
    assert "\u200e45 O&#39;Connor Street\u200e" in page
    assert "\u200eOttoline Freke\u200e" in page


def test_a_sentence_in_arabic_may_begin_with_latin_letters() -> None:
    assert reading_direction("UA 58/20 هو الرقم المرجعي.", "rtl") == "rtl"
    assert reading_direction("In English.", "rtl") == "ltr"
    assert reading_direction("ليلى wrote this.", "ltr") == "ltr"


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_the_senders_lines_in_arabic_stay_clear_of_the_window(layout: Layout) -> None:
    assert direction_of("ar") == "rtl"
    assert layout.printable.holds(layout.sender_rtl)
    assert not layout.sender_rtl.meets(layout.shown)


def test_our_own_fonts_print_arabic_on_every_machine() -> None:
    letters = {ord(character) for character in "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيًٌٍَُِّْ،؛؟"}
    assert letters <= fonts.arabic_characters()


def test_text_read_back_from_the_pdf_is_what_was_written(tmp_path: Path) -> None:
    printed = print_letters.print_letters([written(1, "ليلى حدّاد")], US_10, tmp_path / "letter.pdf")
    words = set(pages_of(printed.path)[0].split())
    assert {"وأرجو", "إعادة", "الحماية"} <= words
