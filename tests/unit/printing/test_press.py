import os
from pathlib import Path

import pikepdf
import pytest

from campaign.core.isolation.orders import Limits
from campaign.printing.geometry import DIN_5008_B, LAYOUTS, US_10, Layout
from campaign.printing.print_letters import PrintedLetter, print_letters, render_few
from campaign.printing.problems import LetterRefused
from tests.commands import Commands
from tests.unit.printing.letter_samples import OPENING, OWN_WORDS, letter, render_one
from tests.unit.printing.pdf_pages import pages_of


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_letter_with_800_characters_of_own_words_takes_one_page(layout: Layout) -> None:
    words = " ".join(OWN_WORDS)[:800]
    (page,) = pages_of(render_one(letter(own_words=(words,)), layout))
    assert "UA 7/31 · 00001" in page
    assert page.rindex("Ottoline Freke") > page.index("neighbour")


def test_a_long_letter_runs_to_a_second_page_that_names_it_too() -> None:
    pages = pages_of(render_one(letter(own_words=OWN_WORDS * 3), US_10))
    assert len(pages) == 2
    assert all("UA 7/31 · 00001" in page for page in pages)


def test_a_supporters_letters_come_as_one_pdf(tmp_path: Path) -> None:
    pdf = render_few([letter(1), letter(2)], DIN_5008_B, tmp_path)
    assert ["00001" in pages_of(pdf)[0], "00002" in pages_of(pdf)[1]] == [True, True]


@pytest.mark.parametrize(
    ("limits", "slug"),
    [
        (Limits(memory=1_000_000), "out-of-memory"),
        (Limits(seconds=0.0, seconds_per_letter=0.0), "took-too-long"),
    ],
)
def test_a_preview_that_costs_too_much_is_killed(tmp_path: Path, limits: Limits, slug: str) -> None:
    with pytest.raises(LetterRefused) as problem:
        render_few([letter()], US_10, tmp_path, limits=limits)
    assert [fault.slug for fault in problem.value.problems] == [slug]
    assert render_few([letter()], US_10, tmp_path).startswith(b"%PDF")


def test_a_preview_that_a_check_refuses_says_which_letter_and_which_line(tmp_path: Path) -> None:
    bad = letter(2, addressee_lines=("A line",) * 20)
    with pytest.raises(LetterRefused) as problem:
        render_few([letter(1), bad], US_10, tmp_path)
    assert {fault.detail["key"] for fault in problem.value.problems} == {bad.key}
    assert all(fault.detail["line"] for fault in problem.value.problems)


def test_letters_come_in_order_with_their_pages(tmp_path: Path) -> None:
    contexts = [letter(n, own_words=OWN_WORDS * 3 if n in {2, 5} else ()) for n in range(1, 7)]
    done: list[int] = []
    printed = print_letters(contexts, US_10, tmp_path / "v.pdf", chunk=4, progress=done.append)
    assert [(place.key, place.first_page, place.pages) for place in printed.letters] == [
        ("key-1", 1, 1),
        ("key-2", 2, 2),
        ("key-3", 4, 1),
        ("key-4", 5, 1),
        ("key-5", 6, 2),
        ("key-6", 8, 1),
    ]
    pages = pages_of(printed.path)
    assert printed.pages == len(pages) == 8
    for place in printed.letters:
        assert f"· {place.key.removeprefix('key-').zfill(5)}" in pages[place.first_page - 1]
    assert done == [4, 6]
    assert [path.name for path in tmp_path.iterdir()] == ["v.pdf"]


def test_a_volume_has_a_title_and_a_language(tmp_path: Path) -> None:
    out = tmp_path / "v.pdf"
    print_letters([letter(1, locale="es_MX"), letter(2, locale="es_MX")], US_10, out)
    with pikepdf.open(out) as pdf:
        assert str(pdf.docinfo["/Title"]) == "UA 7/31 · 00001–00002"
        assert str(pdf.Root.Lang) == "es-MX"


def test_refused_letters_are_set_aside_and_the_others_printed(tmp_path: Path) -> None:
    wide = ("Secretariat for the Coordination of Programmes of Public Safety",) * 5
    contexts = [
        letter(1),
        letter(2, own_words=("Good \U0001f600 luck",)),
        letter(3, addressee_lines=wide),
        letter(4),
    ]
    printed = print_letters(contexts, US_10, tmp_path / "v.pdf")
    assert [(aside.key, aside.slug) for aside in printed.set_aside] == [
        ("key-2", "missing-glyph"),
        ("key-3", "address-outside-window"),
    ]
    assert printed.letters == (PrintedLetter("key-1", 1, 1), PrintedLetter("key-4", 2, 1))
    assert ["00001" in pages_of(printed.path)[0], "00004" in pages_of(printed.path)[1]] == [
        True
    ] * 2


@pytest.mark.parametrize("whole", [False, True])
def test_a_text_that_takes_all_memory_is_found_and_set_aside(whole: bool, tmp_path: Path) -> None:
    # The plain way, a chunk of three fails, then the pair with the bad letter, then that alone.
    contexts = [letter(1), letter(2, own_words=OPENING * 2000), letter(3)]
    limits = Limits(memory=120_000_000, seconds=600)
    printed = print_letters(contexts, US_10, tmp_path / "v.pdf", whole=whole, limits=limits)
    assert [(aside.key, aside.slug) for aside in printed.set_aside] == [("key-2", "out-of-memory")]
    assert [place.key for place in printed.letters] == ["key-1", "key-3"]


def test_a_text_that_takes_too_long_is_killed_and_set_aside(tmp_path: Path) -> None:
    contexts = [letter(1, own_words=OPENING * 3000), letter(2)]
    limits = Limits(seconds=4.0, seconds_per_letter=0.0)
    printed = print_letters(contexts, US_10, tmp_path / "v.pdf", limits=limits, chunk=1)
    assert [(aside.key, aside.slug) for aside in printed.set_aside] == [("key-1", "took-too-long")]
    assert [place.key for place in printed.letters] == ["key-2"]


def test_nothing_is_written_when_every_letter_is_set_aside(tmp_path: Path) -> None:
    printed = print_letters([letter(salutation="")], US_10, tmp_path / "v.pdf")
    assert (printed.pages, printed.letters, len(printed.set_aside)) == (0, (), 1)
    assert list(tmp_path.iterdir()) == []


_DAEMON = """
import multiprocessing, sys, threading
from pathlib import Path
from campaign.printing.geometry import US_10
from campaign.printing.print_letters import print_letters
from tests.unit.printing.letter_samples import letter

def work():
    thread = threading.Thread(target=print_letters, args=([letter()], US_10, Path(sys.argv[1])))
    thread.start()
    thread.join()

worker = multiprocessing.get_context("fork").Process(target=work, daemon=True)
worker.start()
worker.join()
"""


def test_the_press_works_in_a_thread_of_a_daemonic_process(
    tmp_path: Path, commands: Commands
) -> None:
    out = tmp_path / "v.pdf"
    assert commands.run_code(_DAEMON, [str(out)], dict(os.environ)) == 0
    assert len(pages_of(out)) == 1


def test_cards_share_a_sheet_by_four_and_a_long_one_is_set_aside(tmp_path: Path) -> None:
    contexts = [letter(n, opening=("I am thinking of you.",)) for n in range(1, 7)]
    contexts[1] = letter(2, own_words=OWN_WORDS * 2)
    printed = print_letters(contexts, US_10, tmp_path / "c.pdf", cards=True)
    assert [(place.first_page, place.pages) for place in printed.letters] == [
        (1, 1),
        (1, 0),
        (2, 1),
        (1, 0),
        (1, 0),
    ]
    assert [(aside.key, aside.slug) for aside in printed.set_aside] == [("key-2", "card-too-long")]
    assert [page.count("thinking of you") for page in pages_of(printed.path)] == [4, 1]
