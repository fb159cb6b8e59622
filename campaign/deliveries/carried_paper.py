"""Which paper of a bundle was carried, where letters were withdrawn after it was printed.

Only who carried it knows: what was printed before a volume was remade may have been on its way
already, or the sheet was removed by hand, or names in the lists were made unreadable. Nobody may be
told otherwise than it was, so it is asked.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import chain

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.bundles.changes import prints
from campaign.bundles.changes.withdrawals import list_in_lists, list_put_back, select_gone
from campaign.bundles.freeze import signed_sheets
from campaign.core import clock, db
from campaign.core.errors import Invalid
from campaign.deliveries.recording_rules import Numbers
from campaign.deliveries.remaining_letters import (
    count_left,
    count_moved,
    is_before_visit,
    is_gone,
    is_out,
    list_released_here,
)
from campaign.models.bundle import Bundle, BundlePrint, DeliveryAttempt
from campaign.models.signature import LEFT_OUT, WITHDRAWN, Letter
from campaign.models.taken_out import LetterOut, PersonOff
from campaign.signing.letter.compose import number_of


@dataclass(frozen=True, slots=True)
class Paper:
    number: int  # of its print; 0: of one from before prints were recorded
    printed_at: datetime
    letters: int  # that are in it now
    moved: int = 0  # beside these, letters on it that are in another bundle by now
    removed: bool = False  # whether the sheets of withdrawn letters were removed by hand
    unreadable: bool = False  # whether names that no longer count were, by hand, in its lists
    taken_out: tuple[str, ...] = ()
    """Numbers in its print that the bundle was made again without: of letters, or in its lists."""
    check_code: str = ""  # on the papers that go with it; "" of one from before there were any
    holds: tuple[str, ...] = ()  # numbers in it of what no longer counts, or is not in the newest
    lacks: tuple[str, ...] = ()  # and those that are in another one alone
    left_in: tuple[str, ...] = ()
    """Of one with sheets removed by hand, the withdrawn letters whose sheets were not."""
    papers_at: datetime | None = None
    """When the papers that go with its volumes were printed, if these were kept as we ask."""
    with_lists: bool = True
    """Whether its lists are still here; if not, they went out with a part of the letters."""

    @property
    def by_hand(self) -> bool:
        return self.removed or self.unreadable

    @property
    def value(self) -> str:
        """How a form names it.

        What was removed by hand is not what is withdrawn by the time when a phone sends it: then
        it is asked again.
        """
        if not self.by_hand:
            return str(self.number)
        sheets = "-kept" if self.papers_at else "-removed" if self.removed else ""
        names = "-unreadable" if self.unreadable else ""
        return f"{self.number}{sheets}{names}-{len(self.lacks)}"


def list_papers(session: Session, bundle: Bundle) -> list[Paper]:
    """List what may have been carried; none where there is but one print, and all of it wanted."""
    return _list_differing(session, bundle)


def list_papers_then(
    session: Session, bundle: Bundle, day: date, at: time | None, *, went: bool
) -> list[Paper]:
    """List what may have been carried on a visit, also before envelopes that were posted since."""
    earlier = find_earlier(session, bundle, day, at, went=went)
    return _list_differing(session, bundle, earlier, went=earlier is None or went)


def list_papers_before_posting(session: Session, bundle: Bundle) -> list[Paper]:
    """List what may have come back before the first envelope was posted; none where none was."""
    of_bundle = (DeliveryAttempt.bundle_id == bundle.id, bundle_status.went_in_envelopes())
    posted_on = session.scalar(select(func.min(DeliveryAttempt.happened_on)).where(*of_bundle))
    if posted_on is None:
        return []
    return list_papers_then(session, bundle, posted_on - timedelta(days=1), None, went=False)


def _list_differing(
    session: Session, bundle: Bundle, when: ColumnElement[bool] | None = None, *, went: bool = True
) -> list[Paper]:
    if not _may_differ(session, bundle, when):
        return []
    papers = _list_all_papers(session, bundle, when, went=went)
    return papers if len(papers) > 1 else []


def _may_differ(session: Session, bundle: Bundle, when: ColumnElement[bool] | None) -> bool:
    """Whether more than one paper may be listed: of most bundles few queries say that it is not."""
    return (
        prints_differ(bundle, prints.list_prints(session, bundle))
        or bool(list_withdrawn(session, bundle, when=when))
        or bool(list_gone_people(session, bundle))
    )


def find_earlier(
    session: Session, bundle: Bundle, day: date, at: time | None, *, went: bool
) -> ColumnElement[bool] | None:
    """Return the condition on attempts before a visit; None where no envelope was posted later."""
    earlier = is_before_visit(day, at, surely=not went)
    return earlier if is_out(session, bundle, when=_is_posted_after(earlier)) else None


def _is_posted_after(earlier: ColumnElement[bool]) -> ColumnElement[bool]:
    in_envelopes = bundle_status.went_in_envelopes().correlate(DeliveryAttempt)
    return and_(in_envelopes, earlier.is_not(true()))


def _list_all_papers(
    session: Session, bundle: Bundle, when: ColumnElement[bool] | None = None, *, went: bool = True
) -> list[Paper]:
    """List them also where there is but one; none of sheets alone that lie in another bundle.

    Those there were after attempts `when`. What came back (`went` is False) may be older than what
    has gone out since.
    """
    if not bundle.letter_count and db.is_true_of(session, bundle, bundle_status.moved_on()):
        return []
    current = prints.find_print(session, bundle)
    number = current.number if current else 0
    printed_at = current.made_at if current else (bundle.ready_at or bundle.created_at)
    code = (current.check_code or "") if current else ""
    all_prints = prints.list_prints(session, bundle)
    withdrawn, named = list_withdrawn(session, bundle, when=when), list_gone_people(session, bundle)
    again = list_put_back(session, bundle)
    here = count_left(session, bundle, when=when) + len(withdrawn if bundle.letter_count else named)
    gone = (*withdrawn, *named)
    letters = _count_in_print(bundle, current, here)
    with_lists = not withdrawn or signed_sheets.lie_here(session, bundle)
    moved = count_moved(session, bundle)
    whole = Paper(
        number, printed_at, letters, moved, check_code=code, holds=gone, with_lists=with_lists
    )
    papers = [*_list_by_hand(bundle, whole, again)]
    # Once letters went out, the others are what is left of the same paper.
    since = false() if when is None and not went else None if went else when
    may_differ = not is_out(session, bundle, when=since)
    if may_differ and prints_differ(bundle, all_prints):
        for earlier in _list_earlier(bundle, all_prints, number, here):
            old = replace(earlier, moved=moved, holds=(*gone, *earlier.taken_out))
            ways = [*_list_by_hand(bundle, old, again)]
            if any(map(is_letter, earlier.taken_out)):
                # Its lists are those of the newest print.
                in_volumes = [*filter(is_letter, old.holds)]
                holds = (*in_volumes, *named)
                kept = replace(old, holds=holds, papers_at=printed_at, check_code=code)
                ways[1:1] = [way for way in _list_by_hand(bundle, kept, again) if way.removed]
            papers += ways
    return _tell_apart(papers)


def _list_by_hand(bundle: Bundle, paper: Paper, again: Collection[str]) -> Iterator[Paper]:
    """List a print as it was made, then without what no longer counts: sheets, names, or both.

    Names of people who count `again` stay. Pure.
    """
    sheets = {*filter(is_letter, paper.holds)}
    names = {*paper.holds} - sheets - {*again}
    for removed in (False, True) if sheets else (False,):
        for unreadable in (False, True) if names else (False,):
            out = (sheets if removed else set()) | (names if unreadable else set())
            letters = paper.letters - len(out & (sheets if bundle.letter_count else names))
            if letters or bundle.letter_count or not unreadable:  # no list without a name goes out
                holds = tuple(sorted({*paper.holds} - out))
                yield replace(
                    paper, letters=letters, removed=removed, unreadable=unreadable, holds=holds
                )


def prints_differ(bundle: Bundle, all_prints: Sequence[BundlePrint]) -> bool:
    """Whether prints hold other letters, or their lists name people otherwise."""
    names = {_names_of(recorded) for recorded in all_prints}
    return bool(bundle.taken_out.of_earlier_prints) or len(names - {""}) > 1


def _names_of(recorded: BundlePrint) -> str:
    """Return the digest of the names in its lists; empty of a print from before these were kept."""
    return next((str(file["names"]) for file in recorded.files if "names" in file), "")


def _count_in_print(bundle: Bundle, recorded: BundlePrint | None, letters: int) -> int:
    """Count what a print holds of letters; of sheets alone, the people whom its lists name."""
    return recorded.on_paper if recorded and not bundle.letter_count else letters


def list_gone_people(session: Session, bundle: Bundle) -> list[str]:
    """List people whom lists that are still here name, though they are gone; by number."""
    if not signed_sheets.lie_here(session, bundle):
        return []
    return [person.number for person in list_in_lists(session, bundle)]


def _tell_apart(papers: Sequence[Paper]) -> list[Paper]:
    """Note of each paper what is in another one alone. Pure."""
    in_some = {number for paper in papers for number in paper.holds}
    return [replace(paper, lacks=tuple(sorted(in_some - {*paper.holds}))) for paper in papers]


def is_letter(number: str) -> bool:
    """Return whether it is the number of a letter, not of a person in the lists (`P00012`)."""
    return number.isdigit()


def find_paper(
    session: Session,
    bundle: Bundle,
    day: date,
    at: time | None,
    chosen: str,
    removed: Sequence[Numbers] = (),
    *,
    went: bool = True,
) -> Paper | None:
    """Find the paper that was carried at this moment; None where there is but one.

    Where nobody was asked, the page at the gate was from before the withdrawal, and showed no
    letter to be removed: then it is the print there was. Of sheets `removed` by hand some may be
    named; the others were left in. Raises Invalid (`paper_` and the bundle's id: it is to be asked,
    or the chosen print was made after this moment;
    `removed_` and that: others than those withdrawn are named, or none were removed, or what `went`
    is said to have sheets removed by hand though nothing is withdrawn any more; `outcome`: other
    letters are recorded as gone with a later print).
    """
    moment = clock.moment_of(day, at or time.max, bundle.zone)
    earlier = find_earlier(session, bundle, day, at, went=went)
    if earlier is None and not went and _went_later(session, bundle, day, at):
        offered = list_papers(session, bundle)
        if not chosen or all(_is_later(paper, moment) for paper in offered):
            return _find_print_of(session, bundle, moment)
    if earlier is None or went:
        _refuse_later_print(session, bundle, moment)
    all_papers = _list_all_papers(session, bundle, earlier, went=earlier is None or went)
    papers = all_papers if len(all_papers) > 1 else []
    fitting = _list_fitting(papers, moment, chosen)
    if not went and bundle.letter_count:
        # Names in lists that came back were shown to nobody.
        fitting = [paper for paper in fitting if not paper.unreadable] or fitting
    if papers and len(fitting) != 1:
        raise Invalid(fields={f"paper_{bundle.id}": "paper-unsaid"})
    if any(_is_later(paper, moment) for paper in fitting):
        raise Invalid(fields={f"paper_{bundle.id}": "paper-too-new"})
    is_by_hand = bool(removed) or "-" in chosen
    if not papers and is_by_hand and went and count_left(session, bundle):
        raise Invalid(fields={f"removed_{bundle.id}": "removed-wanted"})
    if removed and papers:
        return _leave_in(bundle, fitting[0], papers, removed)
    if not bundle.letter_count:
        fitting = fitting or all_papers  # lists name who has withdrawn since, also the only ones
    return fitting[0] if fitting else None


def _list_fitting(papers: Iterable[Paper], moment: datetime, chosen: str) -> list[Paper]:
    """List the one that was chosen, or else those that there were at this moment. Pure."""
    if chosen:
        return [paper for paper in papers if paper.value == chosen]
    return [
        paper
        for paper in papers
        if not _is_later(paper, moment) and not (paper.by_hand and paper.taken_out)
    ]


def _went_later(session: Session, bundle: Bundle, day: date, at: time | None) -> bool:
    """Whether something went out that was not surely gone at this moment."""
    by_then = is_before_visit(day, at, surely=True)
    return is_out(session, bundle, when=by_then.is_not(true()))


def _find_print_of(session: Session, bundle: Bundle, moment: datetime) -> Paper | None:
    """Find the print that came back at this moment, before what went out: nobody can choose it."""
    papers = _list_all_papers(session, bundle, went=False)
    return next((paper for paper in papers if _minute_of(paper.printed_at) <= moment), None)


def _leave_in(
    bundle: Bundle, paper: Paper, papers: Iterable[Paper], removed: Sequence[Numbers]
) -> Paper:
    """Return the paper with all withdrawn letters in it but those removed. Raises Invalid. Pure."""
    holds = next(
        [*filter(is_letter, other.holds)]
        for other in papers
        if other.number == paper.number and not other.removed
    )
    left_in = tuple(
        number
        for number in holds
        if not any(span.first <= int(number) <= span.last for span in removed)
    )
    named = sum(span.last - span.first + 1 for span in removed)
    if not paper.removed or len(holds) - len(left_in) < named:
        raise Invalid(fields={f"removed_{bundle.id}": "removed-not-in-print"})
    # With some left in, it holds more than the newest print does, whatever lies on it.
    papers_at = None if left_in else paper.papers_at
    letters = paper.letters + len(left_in)
    return replace(paper, letters=letters, left_in=left_in, papers_at=papers_at)


def _refuse_later_print(session: Session, bundle: Bundle, moment: datetime) -> None:
    all_prints = prints.list_prints(session, bundle)
    if not prints_differ(bundle, all_prints) or not bundle_status.is_handed_over(session, bundle):
        return
    current = prints.find_print(session, bundle)
    if current is not None and _minute_of(current.made_at) > moment:
        raise Invalid(fields={"outcome": "remade-since"})


def is_remade_between(session: Session, bundle: Bundle, *moments: datetime) -> bool:
    """Whether a print was made between two moments: each is then of other letters."""
    all_prints = prints.list_prints(session, bundle)
    if not prints_differ(bundle, all_prints):
        return False
    print_times = [_minute_of(recorded.made_at) for recorded in all_prints]
    return len({tuple(at <= moment for at in print_times) for moment in moments}) > 1


def _is_later(paper: Paper, moment: datetime) -> bool:
    """Whether it, or what goes with its volumes, was printed after this moment. Pure."""
    return _minute_of(paper.papers_at or paper.printed_at) > moment


def _minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _list_earlier(
    bundle: Bundle, all_prints: Sequence[BundlePrint], number: int, letters: int
) -> list[Paper]:
    """List earlier prints that differ from the next, the newest first."""
    earlier: list[Paper] = []
    held: tuple[str, ...] = ()
    names = next((_names_of(current) for current in all_prints if current.number == number), "")
    for recorded in reversed([earlier for earlier in all_prints if earlier.number < number]):
        taken_out = tuple(
            entry.number
            for entry in bundle.taken_out.of_earlier_prints
            if last_with(all_prints, entry) >= recorded.number
        )
        named = _names_of(recorded) or names
        if taken_out != held or named != (names or named):
            out_of_files = len([*filter(is_letter, taken_out)])
            count = _count_in_print(bundle, recorded, letters + out_of_files)
            paper = Paper(recorded.number, recorded.made_at, count)
            code = recorded.check_code or ""
            earlier.append(replace(paper, taken_out=taken_out, check_code=code))
        held, names = taken_out, named
    return earlier


def last_with(all_prints: Iterable[BundlePrint], entry: LetterOut | PersonOff) -> int:
    """Return the last print that held a letter, or named a person; 0: nobody knows it."""
    return max(
        (
            recorded.number
            for recorded in all_prints
            if entry.sha256
            in {recorded.zip_sha256, *(str(file["sha256"]) for file in recorded.files)}
        ),
        default=0,
    )


def count_withdrawn(
    session: Session, bundle: Bundle, *, when: ColumnElement[bool] | None = None
) -> int:
    """Count printed letters that were taken back and lay here, but for attempts `when`."""
    counted = (
        session.scalar(select(func.count(Letter.id)).where(*_is_withdrawn(session, bundle, when)))
        or 0
    )
    return counted + len(list_released_here(session, bundle, when=when))


def list_withdrawn(
    session: Session, bundle: Bundle, *, when: ColumnElement[bool] | None = None
) -> list[str]:
    """List them by number, with those that count again in another bundle."""
    rows = session.scalars(select(Letter.sequence).where(*_is_withdrawn(session, bundle, when)))
    numbers = [number_of(number) for number in rows if number]
    return [*numbers, *list_released_here(session, bundle, when=when)]


def _is_withdrawn(
    session: Session, bundle: Bundle, when: ColumnElement[bool] | None
) -> tuple[ColumnElement[bool], ...]:
    lay_in_print = bundle_status.lies_in_print()
    if when is not None:
        lay_in_print = or_(lay_in_print, _was_removed_later(session, bundle, when))
    return (
        Letter.bundle_id == bundle.id,
        lay_in_print,
        Letter.first_page.is_not(None),
        or_(Letter.set_aside == LEFT_OUT, Letter.signature_id.in_(select_gone(bundle.campaign_id))),
        ~is_gone(when=when),
    )


def _was_removed_later(
    session: Session, bundle: Bundle, when: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Whether a sheet was removed only as envelopes were posted, after attempts `when`."""
    by_hand = select(DeliveryAttempt.by_hand).where(DeliveryAttempt.bundle_id == bundle.id, when)
    removed = [*map(int, filter(is_letter, chain.from_iterable(session.scalars(by_hand))))]
    is_removed = and_(Letter.set_aside == WITHDRAWN, Letter.sequence.not_in(removed))
    return and_(is_removed, is_gone(when=_is_posted_after(when)))


def count_in(
    session: Session, bundle: Bundle, paper: Paper, *, when: ColumnElement[bool] | None = None
) -> int:
    """Count the letters beside the wanted ones that were in a paper, but for attempts `when`."""
    if not bundle.letter_count:
        wanted = count_left(session, bundle, when=when)
        return 0 if is_out(session, bundle, when=when) else paper.letters - wanted
    if paper.removed:
        return len(paper.left_in)
    taken_out = len([*filter(is_letter, paper.taken_out)])
    return count_withdrawn(session, bundle, when=when) + taken_out
