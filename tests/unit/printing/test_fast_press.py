"""The fast press against the plain one: the same picture, the same order, the same refusals."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import ImageChops

from campaign.core.isolation import worker
from campaign.printing import print_letters
from campaign.printing.engine.segments import cut_letter
from campaign.printing.geometry import DIN_5008_B, LAYOUTS, US_10, Layout
from campaign.printing.printed_content import LetterContext
from tests.unit.printing.letter_samples import OPENING, OWN_WORDS, POINTS, letter
from tests.unit.printing.pdf_pages import pages_of

ARABIC = "أكتب إليكم بشأن المدافعة عن حقوق الإنسان وأطلب حمايتها في أقرب وقت ممكن"
HEBREW = "אני כותב אליכם בעניינה של מגינת זכויות האדם"
FRENCH = (
    "L’État doit protéger — sans délai — « la défenseuse » et sa famille ; nous l’exigeons : "
    "n’est-ce pas ? Œuvre, 50 % des cas, à l’été 2031, aujourd’hui."
)
SPANISH = "¿Quién la protege? ¡Nadie! La niñez de la región también está en riesgo."
GREEK = "Ζητώ την άμεση προστασία της υπερασπίστριας των ανθρωπίνων δικαιωμάτων"
CYRILLIC = "Прошу вас немедленно восстановить меры защиты и расследовать угрозы"
LONG_OFFICE = "Women's Representative, National Assembly, Migori"
LONG_LINE = "Secretariat for the Coordination of Programmes of Public Safety"
NAMES = (
    "Zoë Đặng-Ångström",
    "Ελένη Παπαδοπούλου",
    "Юлия Щербакова",
    "Wałęsa Dvořák Şahin",
    "ليلى حداد",
    "王小明",
    "AV To Ty fi ffl",
    "Siobhan O'Neill-d’Aubigné van der Meer-Hohenzollern y Quiñones de la Santísima Trinidad",
)
TOLERANCE = 4
"""Steps of grey, of 255, that a pixel may differ: an edge may fall between two, else none has."""


def signed(number: int, name: str, **changes: object) -> LetterContext:
    return letter(number, signature_name=name, sender_lines=(name, "Peterborough"), **changes)


def varied() -> list[LetterContext]:
    """Letters in several languages and scripts, short and long."""
    paragraphs = (FRENCH, SPANISH, GREEK, CYRILLIC, ARABIC, HEBREW, "你好 สวัสดี नमस्ते")
    letters = [signed(n, name) for n, name in enumerate(NAMES, 1)]
    letters += [letter(n, own_words=(text,)) for n, text in enumerate(paragraphs, 20)]
    letters += [
        letter(30, own_words=OWN_WORDS),
        letter(31, locale="fr", own_words=(FRENCH * 3, FRENCH), place_and_date="Québec, le 3 mai"),
        letter(32, locale="es_MX", own_words=("Una\nlínea  y otra", SPANISH * 4)),
        letter(33, locale="ar", own_words=(ARABIC,), opening=(ARABIC * 3,), points=(ARABIC,)),
        letter(34, own_words=(" spaces at \n both ends ", "", "x" * 150)),
        letter(35, own_words=("e\u0301le\u0300ve", "soft\u00adhyphen", "no\u00a0break")),
        letter(36, copies_to=("Copy: The Ombudsperson", "The Speaker")),
        letter(37, points=(), closing=(), subject="", place_and_date="", sender_lines=()),
        letter(38, reference="ΔΑ 7/31"),
        letter(39, specimen="Preview"),
        letter(40, signature_locality="", sender_lines=("Ottoline Freke", "بيروت")),
        letter(41, addressee_lines=(*letter().addressee_lines, "A sixth line")),
        letter(45, addressee_lines=(LONG_OFFICE, *letter().addressee_lines[1:])),
        letter(42, own_words=tuple(" ".join(OWN_WORDS).split(". ")), opening=OPENING[:1]),
        replace(letter(43), number=None),
        replace(letter(44), number="B-7"),
    ]
    return letters


def random_texts(count: int) -> list[LetterContext]:
    """Letters with invented own words, so that lines break in many places."""
    rng = random.Random(7)
    words = " ".join((*OWN_WORDS, *OPENING, *POINTS, FRENCH, SPANISH, GREEK, CYRILLIC)).split()
    return [
        signed(
            n,
            rng.choice(NAMES[:4]),
            locale=rng.choice(("en", "fr", "es", "el", "ru")),
            own_words=tuple(
                " ".join(rng.choices(words, k=rng.randint(3, 90))) for _ in range(rng.randint(1, 2))
            ),
            points=POINTS[: rng.randint(0, 4)],
        )
        for n in range(1, count + 1)
    ]


def differences(path: Path, other: Path) -> Iterator[int]:
    """Pages that differ at 150 dpi.

    PDFium puts each glyph on a whole pixel. The two ways add up the same lengths in another order,
    and a ten-thousandth of a point can tip a glyph that stands halfway. It then doesn't at other
    resolutions, where anything that really stands elsewhere still does.
    """
    with pypdfium2.PdfDocument(path) as first, pypdfium2.PdfDocument(other) as second:
        assert len(first) == len(second)
        for page, (left, right) in enumerate(zip(first, second, strict=True), 1):
            assert left.get_size() == pytest.approx(right.get_size(), abs=0.01)
            if differ(left, right, 150) and (differ(left, right, 147) or differ(left, right, 154)):
                yield page


def differ(first: pypdfium2.PdfPage, other: pypdfium2.PdfPage, dpi: int) -> bool:
    """Whether two pages differ at a resolution by more than `TOLERANCE`."""
    images = (page.render(scale=dpi / 72, grayscale=True).to_pil() for page in (first, other))
    _, most = ImageChops.difference(*images).convert("L").getextrema()
    return bool(most > TOLERANCE)  # type: ignore[operator]  # of one band it is a number


def both(
    contexts: Sequence[LetterContext], layout: Layout, folder: Path
) -> tuple[print_letters.Printed, print_letters.Printed]:
    fast = print_letters.print_letters(contexts, layout, folder / "fast.pdf")
    plain = print_letters.print_letters(contexts, layout, folder / "plain.pdf", whole=True)
    assert fast.letters == plain.letters
    assert fast.set_aside == plain.set_aside
    return fast, plain


def test_both_ways_give_the_same_picture(tmp_path: Path) -> None:
    fast, plain = both(varied(), US_10, tmp_path)
    assert list(differences(fast.path, plain.path)) == []
    fast, plain = both(varied()[::3], DIN_5008_B, tmp_path)
    assert list(differences(fast.path, plain.path)) == []


def test_lines_break_where_they_do_the_plain_way(tmp_path: Path) -> None:
    fast, plain = both(random_texts(30), DIN_5008_B, tmp_path)
    assert list(differences(fast.path, plain.path)) == []


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_every_layout_gives_the_same_picture(layout: Layout, tmp_path: Path) -> None:
    lines = letter().addressee_lines
    contexts = [
        letter(1, own_words=OWN_WORDS[:1]),
        letter(2, addressee_lines=(*lines, "A sixth line")),
        letter(3, addressee_lines=(LONG_OFFICE, *lines[1:])),
    ]
    fast, plain = both(contexts, layout, tmp_path)
    assert list(differences(fast.path, plain.path)) == []


def test_a_mixed_volume_keeps_its_order(tmp_path: Path) -> None:
    contexts = [letter(n) for n in range(1, 8)]
    contexts[1] = letter(2, own_words=OWN_WORDS * 3)
    contexts[3] = letter(4, own_words=("\U0001f600",))
    contexts[4] = letter(5, addressee_lines=(LONG_LINE,) * 5)
    contexts[5] = letter(6, own_words=OWN_WORDS * 40)
    fast, plain = both(contexts, US_10, tmp_path)
    assert [(place.key, place.first_page, place.pages) for place in fast.letters] == [
        ("key-1", 1, 1),
        ("key-2", 2, 2),
        ("key-3", 4, 1),
        ("key-6", 5, 8),
        ("key-7", 13, 1),
    ]
    assert [(aside.key, aside.slug) for aside in fast.set_aside] == [
        ("key-4", "missing-glyph"),
        ("key-5", "address-outside-window"),
    ]
    assert list(differences(fast.path, plain.path)) == []


def test_text_can_be_found_and_stands_in_reading_order(tmp_path: Path) -> None:
    contexts = [signed(n, name, own_words=(GREEK,)) for n, name in enumerate(NAMES[:4], 1)]
    printed = print_letters.print_letters(contexts, US_10, tmp_path / "v.pdf")
    for context, page in zip(contexts, pages_of(printed.path), strict=True):
        assert page.count(context.signature_name) == 2
        assert f"UA 7/31 · {context.number}" in page
        order = ["Peterborough", "Elgin Row", "Dear Governor,", "Ζητώ", "Yours sincerely,", "UA 7"]
        places = [page.index(words) for words in order]
        assert places == sorted(places)


def test_the_same_letters_give_the_same_bytes(tmp_path: Path) -> None:
    contexts = [*varied(), *random_texts(5)]
    first = print_letters.print_letters(contexts, US_10, tmp_path / "a.pdf")
    worker.close_all()
    second = print_letters.print_letters(contexts, US_10, tmp_path / "b.pdf")
    assert first.sha256 == second.sha256


def test_a_hundred_letters_share_their_fonts(tmp_path: Path) -> None:
    names = [f"{first} {last}" for first in ("Ada", "Bo", "Cy", "Di", "Ed") for last in NAMES[:4]]
    contexts = [
        signed(n, names[n % 20], own_words=(f"No. {n}. {FRENCH}",) if n % 3 == 0 else ())
        for n in range(1, 101)
    ]
    done: list[int] = []
    printed = print_letters.print_letters(contexts, US_10, tmp_path / "v.pdf", progress=done.append)
    assert (printed.pages, len(printed.letters), done[-1]) == (100, 100, 100)
    assert printed.bytes < 100 * 1500
    with pikepdf.open(printed.path) as pdf:
        fonts = [
            descriptor
            for descriptor in pdf.objects
            if isinstance(descriptor, pikepdf.Dictionary)
            and descriptor.get("/Type") == "/FontDescriptor"
        ]
        assert len(fonts) == 3
    assert [page[-5:] for page in pages_of(printed.path)] == [
        context.number for context in contexts
    ]


def test_a_chunk_that_fails_goes_the_plain_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A chunk of all the letters gets no time, and it is too small to be halved.
    whole = print_letters.Limits.seconds_for
    monkeypatch.setattr(
        print_letters.Limits,
        "seconds_for",
        lambda self, count: whole(self, count) if count < 10 else 0.0,
    )
    contexts = [letter(n) for n in range(1, 13)]
    printed = print_letters.print_letters(contexts, US_10, tmp_path / "v.pdf", chunk=6)
    assert [place.key for place in printed.letters] == [context.key for context in contexts]
    assert [page[-5:] for page in pages_of(printed.path)] == [
        context.number for context in contexts
    ]


def test_what_letters_share_is_one_segment() -> None:
    segments, other = (
        cut_letter(signed(1, "Ada Lovelace"), US_10),
        cut_letter(signed(2, "Bo Diddley"), US_10),
    )
    alone = [segment.texts for segment in segments if segment not in other]
    assert alone == [(("Ada Lovelace",),), ("Ada Lovelace", ""), ("UA 7/31", "00001")]
