"""A bundle as the desk shows it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status, downloads, file_names
from campaign.bundles.changes import prints, withdrawals
from campaign.bundles.changes.cancel_bundle import refuse_uncancellable
from campaign.bundles.changes.released_sheets import (
    LetterNow,
    ReleasedSheet,
    SheetGoneBefore,
    find_now,
    list_gone_before,
    list_released_sheets,
)
from campaign.bundles.changes.withdrawals import TakenBack
from campaign.bundles.documents.list_and_labels import describe_file
from campaign.bundles.downloads import Download
from campaign.bundles.freeze import signed_sheets
from campaign.bundles.freeze.choices import Split
from campaign.bundles.freeze.signed_sheets import TravellingSheet
from campaign.bundles.nouns import Noun, noun_of, say_noun
from campaign.campaigns.stop_rule import is_stopped
from campaign.core.db import Json
from campaign.core.errors import Refused, is_allowed
from campaign.models.bundle import Bundle, BundleReprint, BundleState, Volume
from campaign.models.signature import TAKEN_OUT, Letter
from campaign.models.taken_out import LetterOut, PersonOff
from campaign.signing.letter.compose import number_of


@dataclass(frozen=True, slots=True)
class SetAsideLetter:
    """Its number, the slug of the reason, and what its wording needs."""

    number: str
    slug: str
    detail: dict[str, str]


@dataclass(frozen=True, slots=True)
class BundleFile:
    name: str
    description: str
    pages: int | None = None
    letters: int | None = None
    bytes: int = 0
    sha256: str = ""  # empty of a bundle from before hashes of its files were recorded


@dataclass(frozen=True, slots=True)
class EarlierPrint:
    """A print that went out, from before volumes were made again."""

    made_at: datetime
    letters: int
    """Without those of which the sheets were removed by hand; of sheets alone, the people."""


@dataclass(frozen=True, slots=True)
class Changes:
    taken_back: Sequence[TakenBack]
    awaits_remake: bool
    forgotten: bool  # whether files hold or name somebody whose details were deleted
    names_others: bool  # whether lists name people whose sheets are in another bundle by now
    letters_out: Sequence[LetterOut]  # what left volumes, and did not go out all the same
    now_at: Mapping[str, LetterNow]
    """How each of them is now, as far as it is known, by its number."""
    printed_at: Mapping[str, datetime]
    """When the print was made that held it, by its number: the page is of that print."""
    people_off: Sequence[PersonOff]  # who left the lists, and did not go out so
    corrected: bool  # whether names in the lists were, since these were first printed
    papers_differ: bool  # whether lists and letters printed before name or count others
    reprints: Sequence[BundleReprint]
    settled: bool
    sheets_wait: bool  # whether its signed sheets did not go with it, and wait for another
    sheets_here: bool  # whether signed sheets, and the lists, may still go out: see `lie_here`
    earlier_print: EarlierPrint | None
    can_reprint: bool
    can_cancel: bool
    can_remake: bool
    sheets: Sequence[TravellingSheet]  # with rows to be blacked out before they leave
    withdrawn: bool  # whether its files are deleted, or about to be: every letter was taken back
    some_held: bool  # of what is withdrawn so: its files stay until it is reviewed
    still_counts: bool  # whether something of it may go out all the same, in another bundle
    reviewed: Sequence[str]  # numbers of letters that a later risk flag sent to review
    released: Sequence[ReleasedSheet]  # of letters that left it and count again
    gone_before: Sequence[SheetGoneBefore]  # letters of it that went out in another bundle


def describe_set_aside(letters: Iterable[Letter]) -> list[SetAsideLetter]:
    return [
        SetAsideLetter(
            number_of(letter.sequence or 0),
            letter.set_aside or "",
            json.loads(letter.set_aside_detail or "{}"),
        )
        for letter in letters
    ]


def find_changes(session: Session, bundle: Bundle) -> Changes:
    stopped = is_stopped(bundle.campaign.status)
    ready = bundle.state is BundleState.READY
    has_files = ready and bundle.emptied_at is None
    settled = bundle_status.is_settled(session, bundle)
    choices = downloads.list_choices(session, bundle)
    is_whole = "" in choices  # then it was asked who is forgotten
    # While a stop holds, nothing deletes its files: the page says what to do with all the paper.
    withdrawn = not (has_files and stopped) and withdrawals.is_withdrawn(session, bundle)
    # Delivered all the same: its page says which letters went out with the others.
    went = ready and not has_files and bundle_status.is_handed_over(session, bundle)
    went = went and withdrawals.everyone_withdrew(session, bundle)
    letters_out = [letter for letter in bundle.taken_out.letters if not letter.is_gone]
    return Changes(
        taken_back=withdrawals.list_taken_back(session, bundle) if has_files or went else [],
        awaits_remake=has_files and withdrawals.awaits_remake(session, bundle),
        forgotten=has_files and not is_whole and withdrawals.holds_forgotten(session, bundle),
        names_others=has_files and settled and withdrawals.names_others(session, bundle),
        letters_out=letters_out,
        now_at=find_now(session, bundle, {letter.number for letter in letters_out}),
        people_off=withdrawals.say_who_is_off(session, bundle),
        corrected=withdrawals.find_correction(session, bundle) is not None,
        papers_differ=withdrawals.papers_differ(
            session, bundle, signed_sheets.count_carried(session, bundle.id)
        ),
        printed_at=_find_printing(session, bundle),
        reprints=downloads.list_reprints(session, bundle),
        settled=settled,
        sheets_wait=not stopped and signed_sheets.wait_again(session, bundle),
        sheets_here=signed_sheets.lie_here(session, bundle),
        earlier_print=_find_earlier_print(session, bundle),
        can_reprint=ready and not stopped and bool(choices),
        can_cancel=is_allowed(refuse_uncancellable, session, bundle, expected=Refused),
        can_remake=ready and not settled and not stopped,
        sheets=list_sheets_to_black_out(session, bundle),
        withdrawn=withdrawn,
        some_held=withdrawn and has_files and not withdrawals.everyone_withdrew(session, bundle),
        still_counts=withdrawn and withdrawals.still_counts(session, bundle),
        reviewed=withdrawals.list_reviewed(session, bundle),
        released=list_released_sheets(session, bundle),
        gone_before=list_gone_before(session, bundle),
    )


def _find_printing(session: Session, bundle: Bundle) -> dict[str, datetime]:
    printed_at = {
        str(file["sha256"]): recorded.made_at
        for recorded in prints.list_prints(session, bundle)
        for file in recorded.files
    }
    return {
        letter.number: printed_at[letter.sha256]
        for letter in bundle.taken_out.letters
        if letter.sha256 in printed_at
    }


def list_sheets_to_black_out(session: Session, bundle: Bundle) -> list[TravellingSheet]:
    """List signed sheets with rows that are to be made unreadable before they leave.

    None of a stopped campaign: its sheets do not leave.
    """
    if is_stopped(bundle.campaign.status) or not signed_sheets.lie_here(session, bundle):
        return []
    sheets = signed_sheets.list_travelling_sheets(session, bundle.id)
    return [sheet for sheet in sheets if sheet.black_out]


def _find_earlier_print(session: Session, bundle: Bundle) -> EarlierPrint | None:
    recorded = prints.find_print(session, bundle)
    if recorded is None or not bundle.taken_out.went_earlier:
        return None
    if not bundle.letter_count:
        return EarlierPrint(recorded.made_at, recorded.on_paper - len(bundle.taken_out.by_hand))
    removed = select(func.count(Letter.id)).where(
        Letter.bundle_id == bundle.id,
        Letter.set_aside.in_(TAKEN_OUT),
        Letter.first_page.is_not(None),
    )
    return EarlierPrint(recorded.made_at, recorded.letters - (session.scalar(removed) or 0))


def list_files(session: Session, bundle: Bundle) -> list[BundleFile]:
    volumes = {file_names.volume_file(volume.sequence): volume for volume in bundle.volumes}
    recorded, by_post = prints.find_print(session, bundle), bundle.official_id is not None
    if recorded is None:
        papers = {name: name for name in file_names.ALWAYS}
        names = file_names.in_order(papers, {name: name for name in volumes})
        files: list[Json] = [{"name": name} for name in names]
    else:
        files = recorded.files
    return [
        BundleFile(
            file["name"],
            _describe_volume(bundle, volumes[file["name"]])
            if file["name"] in volumes
            else describe_file(file["name"], by_post=by_post, noun=noun_of(bundle)),
            file.get("pages"),
            volumes[file["name"]].letters_in_print if file["name"] in volumes else None,
            file.get("bytes", 0),
            file.get("sha256", ""),
        )
        for file in files
    ]


def _describe_volume(bundle: Bundle, volume: Volume) -> str:
    """What a volume holds, with the region where volumes are made by region."""
    noun = noun_of(bundle)
    if bundle.frozen.get("volumes") != Split.REGION:
        return say_noun(noun)
    if volume.region:
        words = _("Cards from %(place)s") if noun is Noun.CARD else _("Letters from %(place)s")
        return str(words % {"place": volume.region})
    is_card = noun is Noun.CARD
    return _("Cards that show no place") if is_card else _("Letters that show no place")


def file_response(download: Download) -> Response:
    kind = "application/zip" if download.name.endswith(".zip") else "application/pdf"
    disposition = f'attachment; filename="{download.name}"'
    headers = {"Content-Length": str(download.size), "Content-Disposition": disposition}
    return Response(download.chunks, mimetype=kind, headers=headers)
