"""How the prints of a bundle are told apart, and what is to be removed of each, in words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session

from campaign.bundles.changes.released_sheets import (
    ReleasedSheet,
    SheetGoneBefore,
    list_gone_before,
    list_released_sheets,
)
from campaign.bundles.changes.withdrawals import list_put_back, list_reviewed
from campaign.bundles.nouns import noun_of, say_amount
from campaign.core import i18n
from campaign.core.text.desk_texts import group_code
from campaign.deliveries.carried_paper import Paper, is_letter, list_gone_people
from campaign.deliveries.remaining_letters import SheetFate, count_left, find_sheet_fates
from campaign.models.bundle import Bundle

_NUMBERS_NAMED = 5  # of the letters by which a print is told from another


def say_paper(bundle: Bundle, paper: Paper, papers: Sequence[Paper]) -> Iterator[str]:
    """Say by what somebody who has the paper in the hand can tell that it is this one."""
    yield from _say_printed(bundle, paper, papers)
    if count := len(paper.holds):
        yield ngettext(
            "Number %(numbers)s is in it.",
            "Numbers %(numbers)s are in it.",
            count,
            numbers=_name_some(paper.holds),
        )
    if count := len(paper.lacks):
        yield ngettext(
            "Number %(numbers)s is not in it.",
            "Numbers %(numbers)s are not in it.",
            count,
            numbers=_name_some(paper.lacks),
        )
    if paper.papers_at is not None:
        yield gettext(
            "Its sheets that must not go were removed by hand. The cover letter and lists with it "
            "were printed on %(moment)s.",
            moment=i18n.say_moment_in_zone(paper.papers_at, bundle.zone),
        )
    elif paper.removed and not paper.with_lists:
        yield gettext("Its sheets that must not go were removed by hand.")
    elif paper.removed:
        yield gettext(
            "Its sheets that must not go were removed by hand, and their names made unreadable on "
            "its lists."
        )
    if paper.unreadable:
        yield gettext(
            "Names of people whose paper signatures no longer count were made unreadable by hand "
            "on its lists."
        )
    elif any(
        other.unreadable and (other.number, other.papers_at) == (paper.number, paper.papers_at)
        for other in papers
    ):
        yield gettext(
            "Names of people whose paper signatures no longer count can still be read on its lists."
        )
    yield from say_check_code(paper.check_code)


def _say_printed(bundle: Bundle, paper: Paper, papers: Iterable[Paper]) -> Iterator[str]:
    """Say of how many letters a print is and when it was made; within one minute, also which."""
    on_paper = paper.letters + paper.moved
    letters = say_amount(on_paper, noun_of(bundle), i18n.say_number(on_paper))
    moment = i18n.say_moment_in_zone(paper.printed_at, bundle.zone)
    yield gettext("%(letters)s, printed on %(moment)s.", letters=letters, moment=moment)
    if paper.moved:
        yield ngettext(
            "%(count)s of them is in another bundle.",
            "%(count)s of them are in another bundle.",
            paper.moved,
            count=i18n.say_number(paper.moved),
        )
    same = {
        other.number
        for other in papers
        if i18n.say_moment_in_zone(other.printed_at, bundle.zone) == moment
    }
    if len(same) > 1:
        number = i18n.say_number(paper.number)
        yield gettext("It is print %(number)s, counted from the oldest.", number=number)


def say_check_code(code: str | None) -> Iterator[str]:
    if code:
        begin = group_code(code)[:9].replace(" ", "\u00a0")
        yield gettext("Its check code begins with %(code)s.", code=i18n.isolate(begin))


@dataclass(frozen=True, slots=True)
class SheetsToRemove:
    """What is withdrawn, in a print that somebody may have."""

    bundle: Bundle
    numbers: Sequence[str]
    names: Sequence[str]  # of letters and people that its lists name and that no longer count
    of_print: str = ""  # how its paper is told from others; "" where there is but one print
    is_earlier: bool = False
    reviewed: Sequence[str] = ()  # of the numbers, those that a later risk flag sent to review
    is_all: bool = False  # whether nothing else of the bundle is here
    in_drawer: Sequence[str] = ()  # what review keeps that did not go with the others
    released: Sequence[ReleasedSheet] = ()  # alone: what counts again, and is here too
    gone_before: Sequence[SheetGoneBefore] = ()  # alone: what went out in another bundle


def list_sheets_to_remove(
    session: Session, bundle: Bundle, papers: Sequence[Paper]
) -> list[SheetsToRemove]:
    """List what is to be removed of each print that may be at hand."""
    reviewed = list_reviewed(session, bundle)
    is_all = bundle.letter_count > 0 and not count_left(session, bundle)
    fates = find_sheet_fates(session, bundle) if reviewed else {}
    stayed = (SheetFate.REMOVED, SheetFate.LEFT_OUT)
    in_drawer = [number for number in reviewed if fates.get(number) in stayed]
    in_papers = {number for paper in papers for number in paper.holds}
    released = [
        sheet
        for sheet in list_released_sheets(session, bundle)
        if not sheet.went and sheet.number not in in_papers
    ]
    alone = [SheetsToRemove(bundle, [], [], is_all=is_all, released=released)] if released else []
    if gone_before := list_gone_before(session, bundle):
        alone.append(SheetsToRemove(bundle, [], [], gone_before=gone_before))
    if not papers:
        names = list_gone_people(session, bundle)
        all_kept = is_all and bool(in_drawer)
        sheets = SheetsToRemove(bundle, [], names, is_all=all_kept, in_drawer=in_drawer)
        return [sheets, *alone] if names or in_drawer else alone
    again = set(list_put_back(session, bundle))
    several = len({paper.number for paper in papers}) > 1
    in_prints = [
        SheetsToRemove(
            bundle,
            [*filter(is_letter, paper.holds)],
            [number for number in paper.holds if paper.with_lists and number not in again],
            " ".join([*_say_printed(bundle, paper, papers), *say_check_code(paper.check_code)])
            if several
            else "",
            bool(paper.taken_out),
            [number for number in reviewed if number in paper.holds],
            is_all,
            in_drawer,
        )
        for paper in papers
        if paper.holds and not paper.by_hand and not (is_all and paper.taken_out)
    ]
    return [*in_prints, *alone]


def _name_some(numbers: Sequence[str]) -> str:
    more = "…" if len(numbers) > _NUMBERS_NAMED else ""
    return i18n.comma(i18n.locale()).join(numbers[:_NUMBERS_NAMED]) + more
