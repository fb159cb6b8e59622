"""A print run: letters chunk by chunk, and at the end one PDF of them all."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from campaign.core.isolation.orders import Limits
from campaign.core.isolation.worker import WorkProcess
from campaign.printing.engine.join_pdf import Piece, join
from campaign.printing.engine.render_job import encode
from campaign.printing.engine.types import Printed, PrintedLetter, Progress, SetAside
from campaign.printing.geometry import Layout
from campaign.printing.html import language_tag, title_of
from campaign.printing.letter_content import LetterContext
from campaign.printing.problems import Problem

_BOOKMARK_EACH = 25


@dataclass(slots=True)
class Run:
    """A print run under way. Letters are named by their index in it."""

    contexts: Sequence[LetterContext]
    layout: Layout
    limits: Limits
    folder: Path
    """Where the chunks' PDFs are kept."""
    process: WorkProcess
    progress: Progress | None = None
    pieces: dict[int, Piece] = field(default_factory=dict)
    """Where each printed letter's pages are."""
    refused: dict[int, tuple[Problem, ...]] = field(default_factory=dict)
    peak_memory: int = 0
    fresh_sheets: bool = False
    """Both sides are printed: each letter, or sheet of cards, begins on a fresh sheet."""

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
            outcome = self.process.run(work, self._job(indices, part), self.limits, len(indices))
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

    def _job(self, indices: Sequence[int], part: Path) -> dict[str, object]:
        return {
            "layout": self.layout.slug,
            "items": encode([self.contexts[i] for i in indices]),
            "out": str(part),
        }

    def _take_in(self, indices: Sequence[int], report: dict[str, Any], part: Path) -> list[int]:
        """Add a chunk's report to the run; return what it leaves for another way."""
        for index, problems in report["refused"]:
            self.refused[indices[index]] = tuple(Problem(slug, detail) for slug, detail in problems)
        first = 0
        for index, pages in report["letters"]:
            self.pieces[indices[index]] = Piece(part, first, pages)
            first += pages
        return [indices[index] for index in report.get("left", ())]

    def _outline(
        self, order: Sequence[int], letters: Sequence[PrintedLetter]
    ) -> list[tuple[str, int]]:
        """Return a bookmark at every so many letters; none in a short volume."""
        numbers = [
            (self.contexts[index].number or "", letter.first_page)
            for index, letter in zip(order, letters, strict=True)
        ]
        is_long = len(numbers) > _BOOKMARK_EACH
        return numbers[::_BOOKMARK_EACH] if is_long and numbers[0][0] else []

    def finish(self, out: Path) -> Printed:
        """Join the chunks into `out` and say where each letter stands."""
        locales = Counter(context.locale for context in self.contexts)
        title, language = title_of(self.contexts), language_tag(locales.most_common(1)[0][0])
        order = sorted(self.pieces)
        pieces = [self.pieces[i] for i in order]
        letters = []
        first = page = 1
        for index, piece in zip(order, pieces, strict=True):
            pages = piece.pages + (piece.pages % 2 if self.fresh_sheets else 0)
            # A card that shares its sheet with the card before it takes no page of its own.
            first = page if pages else first
            letters.append(PrintedLetter(self.contexts[index].key, first, pages))
            page += pages
        document = (
            join(
                pieces,
                out,
                title=title,
                language=language,
                fresh_sheets=self.fresh_sheets,
                outline=self._outline(order, letters),
            )
            if pieces
            else None
        )
        return Printed(
            path=out,
            pages=document.pages if document else 0,
            bytes=document.bytes if document else 0,
            sha256=document.sha256 if document else "",
            letters=tuple(letters),
            set_aside=tuple(
                SetAside(self.contexts[i].key, first.slug, dict(first.detail), tuple(more))
                for i, (first, *more) in sorted(self.refused.items())
            ),
            peak_memory=self.peak_memory,
        )
