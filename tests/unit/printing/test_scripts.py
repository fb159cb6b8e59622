"""Letters in every script: both ways of printing give the same picture, or the same refusal."""

from pathlib import Path

import pytest

from campaign.printing import fonts, print_letters
from campaign.printing.geometry import DIN_5008_B, US_10, Layout
from campaign.printing.printed_content import LetterContext
from tests.unit.printing.letter_samples import letter
from tests.unit.printing.test_fast_press import both, differences

TEXTS = {
    "latin": ("en", "Zoë", "Façade, naïve, Łódź, Ðặng, ﬁ ﬂ ffi; “quotes” — and a dash…"),
    "greek": ("el", "Ελένη Παπαδοπούλου", "Ζητώ την άμεση προστασία της υπερασπίστριας, σήμερα."),
    "cyrillic": ("ru", "Юлия Щербакова", "Прошу вас немедленно восстановить меры защиты."),
    "arabic": ("ar", "ليلى حداد", "أكتب إليكم بشأن المدافعة عن حقوق الإنسان (رقم 58/20)، حمايتها."),
    "hebrew": ("he", "רחל לוי", "אני כותבת אליכם בעניינה של מגינת זכויות האדם, ומבקשת להגן עליה."),
    "hindi": ("hi", "प्रिया शर्मा", "मैं मानवाधिकार रक्षक की सुरक्षा के लिए लिख रही हूँ। क्षत्रिय, त्रुटि, श्री।"),
    "thai": ("th", "สมชาย ใจดี", "ข้าพเจ้าเขียนถึงท่านเรื่องนักปกป้องสิทธิมนุษยชนและขอให้คุ้มครองเธอโดยเร็ว"),
    "chinese": ("zh", "王小明", "我写信是为了人权捍卫者的安全，请立即恢复对她的保护，并调查威胁。"),
    "japanese": ("ja", "山田 花子", "人権擁護者の安全について手紙を書いています。"),
    "korean": ("ko", "김하늘", "인권 옹호자의 안전을 위해 편지를 씁니다. 보호를 회복해 주십시오."),
}  # fmt: skip
ODD = {
    "mixed-directions": "I wrote أكتب إليكم to שלום you, twice (مرتين), in 2031.",
    "combining-marks": "e\u0301le\u0300ve n\u0303ino a\u0308o\u0308u\u0308 q\u0323\u0307 Z\u030c",
    "zero-width": "a\u200bb\u200cc\u200dd\u2060e\ufefff soft\u00adhyphen no\u00a0break",
    "one-long-word": "x" * 150,
    "spaces": "  two  spaces \n and lines \n\n",
}
LENGTHS = (1, 9)
"""How many times a text is said in a letter, in one paragraph."""


def needs(text: str) -> None:
    if missing := fonts.missing_glyphs(text):
        pytest.skip(f"this machine has no font for {missing[0]} (campaign doctor says which)")


def in_script(script: str) -> list[LetterContext]:
    """Letters of one script, short and long, whole and as own words within English."""
    locale, name, text = TEXTS[script]
    needs(text + name)
    whole = {
        "locale": locale,
        "opening": (text,),
        "points": (text, text[: len(text) // 2]),
        "closing": (text,),
        "salutation": text[:20],
        "subject": text[:40],
        "signature_name": name,
        "sender_lines": (name,),
        "complimentary_close": text[:12],
    }
    letters = [letter(1, own_words=(), **whole), letter(2, own_words=(text,), **whole)]
    return [*letters, *(letter(n, own_words=(" ".join([text] * n),)) for n in LENGTHS)]


@pytest.mark.parametrize(
    ("script", "layout"),
    [(script, (US_10, DIN_5008_B)[number % 2]) for number, script in enumerate(TEXTS)],
    ids=list(TEXTS),
)
def test_every_script_gives_the_same_picture_both_ways(
    script: str, layout: Layout, tmp_path: Path
) -> None:
    contexts = in_script(script)
    fast, plain = both(contexts, layout, tmp_path)
    assert len(fast.letters) == len(contexts)
    assert list(differences(fast.path, plain.path)) == []


def test_odd_texts_give_the_same_picture_both_ways(tmp_path: Path) -> None:
    contexts = [letter(n, own_words=(text,)) for n, text in enumerate(ODD.values(), 1)]
    fast, plain = both(contexts, US_10, tmp_path)
    assert len(fast.letters) == len(contexts)
    assert list(differences(fast.path, plain.path)) == []


def test_a_volume_of_all_scripts_keeps_their_order(tmp_path: Path) -> None:
    known = [script for script in TEXTS if not fonts.missing_glyphs("".join(TEXTS[script]))]
    contexts = [letter(n, own_words=(TEXTS[script][2],)) for n, script in enumerate(known, 1)]
    contexts.insert(3, letter(90, own_words=("A bell \U0001f514",)))
    contexts.insert(5, letter(91, own_words=("A mark \U000e0fff",)))
    fast, _plain = both(contexts, US_10, tmp_path)
    assert [aside.key for aside in fast.set_aside] == ["key-90", "key-91"]
    assert [place.first_page for place in fast.letters] == list(range(1, len(known) + 1))


ASIDE = [
    ("A heart \u2764\ufe0f and a face \U0001f600", "missing-glyph"),
    ("A family \U0001f468\u200d\U0001f469\u200d\U0001f467", "missing-glyph"),
    ("A glyph that nobody has: \U0010fffd", "control-character"),
    ("Unassigned: \u0378", "control-character"),
    ("Turned \u202egnorw", "control-character"),
    ("A bell \a", "control-character"),
]


def test_what_no_font_can_print_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    odd = [letter(number, own_words=(text,)) for number, (text, _) in enumerate(ASIDE, 10)]
    fast, _plain = both([letter(1), *odd, letter(3)], US_10, tmp_path)
    assert [aside.slug for aside in fast.set_aside] == [slug for _, slug in ASIDE]
    assert [place.key for place in fast.letters] == ["key-1", "key-3"]


def test_long_texts_are_printed_whole_the_plain_way(tmp_path: Path) -> None:
    words = "She has followed the case from the first day and will not be silent about it. "
    contexts = [
        letter(1, own_words=((words * 40)[:3000],)),
        letter(2, own_words=((words * 260)[:20_000],)),
        letter(3, own_words=("x" * 5000,)),
        letter(4),
    ]
    printed = print_letters.print_letters(contexts, US_10, tmp_path / "v.pdf")
    assert not printed.set_aside
    pages = {place.key: place.pages for place in printed.letters}
    assert pages["key-1"] == 2
    assert pages["key-2"] >= 5
    assert pages["key-3"] >= 2
    assert sum(pages.values()) == printed.pages


def test_names_of_one_and_of_a_hundred_and_twenty_letters_print(tmp_path: Path) -> None:
    names = ("O", "Ana " * 29 + "Anas")
    assert [len(name) for name in names] == [1, 120]
    contexts = [
        letter(n, signature_name=name, sender_lines=(name, "Ottawa"))
        for n, name in enumerate(names, 1)
    ]
    fast, plain = both(contexts, DIN_5008_B, tmp_path)
    assert len(fast.letters) == 2
    assert list(differences(fast.path, plain.path)) == []


def test_an_address_of_nine_lines_is_set_aside_and_one_without_address_too(tmp_path: Path) -> None:
    contexts = [
        letter(1, addressee_lines=tuple(f"Line {n}" for n in range(9))),
        letter(2, addressee_lines=()),
        letter(3),
    ]
    fast, _plain = both(contexts, US_10, tmp_path)
    assert [(aside.key, aside.slug) for aside in fast.set_aside] == [
        ("key-1", "address-too-long"),
        ("key-2", "empty-field"),
    ]
