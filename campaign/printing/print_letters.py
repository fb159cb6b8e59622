"""Letters and cards into PDF files, in processes of their own, with limits."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from campaign.core.isolation.orders import Limits, ProcessKind
from campaign.core.isolation.worker import WorkProcess, borrow_process
from campaign.printing.engine.join_pdf import Piece, folder_beside, join
from campaign.printing.engine.letters_job import decode_problems, encode
from campaign.printing.geometry import CARDS_A_SHEET, Layout
from campaign.printing.html import language_tag, title_of
from campaign.printing.printed_content import LetterContext
from campaign.printing.problems import LetterRefused, Problem

Progress = Callable[[int], None]
"""Told, now and then, how many letters are done (printed or set aside)."""
PRESS = ProcessKind(
    "campaign.printing.engine.work",
    ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "FONTCONFIG_*", "XDG_*"),
)
"""The processes that lay out and put together what is printed."""
DEFAULT_LIMITS = Limits()  # enough for any 250 letters of a page or two
_TOGETHER = 500
"""Letters whose segments are laid out in one process: a volume, so that its fonts are one set."""
_FEW = 32  # a chunk of so few that fails is laid out whole, which finds the letter at fault
_BOOKMARK_EACH = 25


@dataclass(frozen=True, slots=True)
class PrintedLetter:
    key: str
    first_page: int  # page of this PDF on which it begins, from 1
    pages: int
    """With the blank back of its last sheet where both sides are printed; 0 for a card that shares
    its sheet with the one before."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A letter that was not printed: the slug of the reason, and what its wording needs."""

    key: str
    slug: str
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF of letters; those printed and the others are each in the order they were given."""

    path: Path
    pages: int
    bytes: int
    sha256: str
    letters: tuple[PrintedLetter, ...]
    set_aside: tuple[SetAside, ...]
    peak_memory: int = 0  # the largest resident size of a process that laid letters out, in bytes


def print_letters(
    contexts: Sequence[LetterContext],
    layout: Layout,
    out: Path,
    *,
    cards: bool = False,
    whole: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    chunk: int = 240,
    progress: Progress | None = None,
    fresh_sheets: bool = False,
) -> Printed:
    """Print the letters, in order, into the PDF `out`.

    What many letters share is laid out once. A letter of two pages, or a chunk that fails, is laid
    out whole, each letter in its place; both ways give the same picture.

    A letter that can't be printed is set aside with its reason; all others print. `out` appears
    whole or not at all; if every letter was set aside, not at all. The same letters give the
    same bytes.

    :param cards: as cards, four to a sheet of the layout's paper. They are cut and stacked: the
        piles that are cut lie in order on each other.
    :param whole: every letter is laid out whole: slow, simple, what the fast way is held to.
    :param chunk: letters in one document, of those that are laid out whole.
    :param fresh_sheets: for printing on both sides: a blank page follows each letter that ends on
        the front of a sheet. It counts as one of the letter's pages.
    :raises ValueError: there are no letters.
    :raises campaign.core.isolation.worker.WorkProcessStopped: the machine failed, not a letter.
    """
    if not contexts:
        raise ValueError("no letters to print")
    ordered = [contexts[i] for i in impose_cards(len(contexts))] if cards else contexts
    letters: Sequence[int] = range(len(ordered))
    with folder_beside(out) as folder, borrow_process(PRESS) as process:
        run = _Run(ordered, layout, limits, folder, process, progress, fresh_sheets)
        if cards:
            run.work("cards", letters, max(chunk - chunk % CARDS_A_SHEET, 1))
        else:
            if not whole:
                letters = run.work("segments", letters, _TOGETHER, least=_FEW)
            run.work("letters", letters, chunk)
        printed = run.finish(out)
    place = {context.key: index for index, context in enumerate(contexts)}
    return replace(
        printed,
        letters=tuple(sorted(printed.letters, key=lambda letter: place[letter.key])),
        set_aside=tuple(sorted(printed.set_aside, key=lambda letter: place[letter.key])),
    )


def impose_cards(count: int) -> list[int]:
    """Return which card stands at each place, sheet by sheet (cut and stack).

    The pile cut from each place holds cards that follow each other; laid on each other in the
    order of the places, the four piles are in order.
    """
    full, rest = divmod(count, CARDS_A_SHEET)
    starts = [slot * full + min(slot, rest) for slot in range(CARDS_A_SHEET)]
    order = [start + sheet for sheet in range(full) for start in starts]
    return order + [start + full for start in starts[:rest]]


def render_few(
    contexts: Sequence[LetterContext],
    layout: Layout,
    folder: Path,
    *,
    cards: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """Return a supporter's few letters as one PDF, or their cards, four to a sheet.

    :param folder: where it may lie for that moment.
    :raises LetterRefused: a letter fails a check; the details say which by its "key", and which
        "line" of its address is the longest. Or all together take too much memory or time.
    :raises campaign.core.isolation.worker.WorkProcessStopped: the machine failed, not a letter.
    """
    out = folder / "few.pdf"
    job = {"layout": layout.slug, "items": encode(contexts), "out": str(out)}
    with borrow_process(PRESS) as process:
        work = "few-cards" if cards else "few-letters"
        outcome = process.run(work, job, limits, len(contexts))
    if outcome.report is None:
        raise LetterRefused([Problem(outcome.slug)])
    if outcome.report["refused"]:
        raise LetterRefused(decode_problems(outcome.report["refused"]))
    return out.read_bytes()


@dataclass(slots=True)
class _Run:
    """Letters printed chunk by chunk, each named by its index; at the end one PDF of them all."""

    contexts: Sequence[LetterContext]
    layout: Layout
    limits: Limits
    folder: Path
    process: WorkProcess
    progress: Progress | None
    fresh_sheets: bool
    """Both sides are printed: each letter, or sheet of cards, begins on a fresh sheet."""
    pieces: dict[int, Piece] = field(default_factory=dict)
    refused: dict[int, tuple[Problem, ...]] = field(default_factory=dict)
    peak_memory: int = 0

    def work(self, work: str, letters: Sequence[int], chunk: int, least: int = 0) -> list[int]:
        """Have `work` done on the letters, `chunk` of them at a time.

        A chunk that fails is done again in halves, so that one bad text costs one letter.

        :param least: a chunk of so few letters or fewer that fails isn't halved but left.
        :return: the letters left for another way, in order: those, and the ones the work leaves.
        """
        left: list[int] = []
        todo = [letters[i : i + chunk] for i in range(0, len(letters), chunk)][::-1]
        while todo:
            indices = todo.pop()
            part = self.folder / f"{work}-{indices[0]:06d}.pdf"
            items = encode([self.contexts[i] for i in indices])
            job = {"layout": self.layout.slug, "items": items, "out": str(part)}
            outcome = self.process.run(work, job, self.limits, len(indices))
            self.peak_memory = max(self.peak_memory, outcome.peak_memory)
            if outcome.report is not None:
                left += self._take_in(indices, outcome.report, part)
            elif len(indices) <= least:
                left += indices
            elif len(indices) > 1:
                middle = len(indices) // 2
                todo += [indices[middle:], indices[:middle]]
                continue
            else:
                reason = {"reason": outcome.detail} if outcome.detail else {}
                self.refused[indices[0]] = (Problem(outcome.slug, reason),)
            if self.progress is not None:
                self.progress(len(self.pieces) + len(self.refused))
        return left

    def _take_in(self, indices: Sequence[int], report: dict[str, Any], part: Path) -> list[int]:
        """Add a chunk's report to the run; return what it leaves for another way."""
        for index, problems in report["refused"]:
            self.refused[indices[index]] = decode_problems(problems)
        first = 0
        for index, pages in report["letters"]:
            self.pieces[indices[index]] = Piece(part, first, pages)
            first += pages
        return [indices[index] for index in report.get("left", ())]

    def _list_letters(self) -> list[PrintedLetter]:
        letters = []
        first = page = 1
        for index, piece in sorted(self.pieces.items()):
            pages = piece.pages + (piece.pages % 2 if self.fresh_sheets else 0)
            # A card that shares its sheet with the card before it takes no page of its own.
            first = page if pages else first
            letters.append(PrintedLetter(self.contexts[index].key, first, pages))
            page += pages
        return letters

    def _list_bookmarks(self, letters: Sequence[PrintedLetter]) -> list[tuple[str, int]]:
        numbers = [self.contexts[index].number or "" for index in sorted(self.pieces)]
        if len(numbers) <= _BOOKMARK_EACH or not numbers[0]:
            return []
        pages = [letter.first_page for letter in letters]
        return list(zip(numbers, pages, strict=True))[::_BOOKMARK_EACH]

    def finish(self, out: Path) -> Printed:
        """Join the chunks into `out` and say where each letter stands."""
        letters = self._list_letters()
        set_aside = tuple(
            SetAside(self.contexts[i].key, first.slug, dict(first.detail))
            for i, (first, *_more) in sorted(self.refused.items())
        )
        if not letters:
            return Printed(out, 0, 0, "", (), set_aside, self.peak_memory)
        locales = Counter(context.locale for context in self.contexts)
        pdf = join(
            [piece for _, piece in sorted(self.pieces.items())],
            out,
            title=title_of(self.contexts),
            language=language_tag(locales.most_common(1)[0][0]),
            fresh_sheets=self.fresh_sheets,
            outline=self._list_bookmarks(letters),
        )
        return Printed(
            out, pdf.pages, pdf.bytes, pdf.sha256, tuple(letters), set_aside, self.peak_memory
        )
