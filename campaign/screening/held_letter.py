"""One held letter, as its reviewer reads it: what holds it is marked, a note is proposed."""

from dataclasses import dataclass, replace
from typing import Protocol

from flask import Flask, current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.campaigns.content.risks import Finding, list_secret_words, newest_flag
from campaign.core import audit
from campaign.core.i18n import force_locale
from campaign.models.campaign import Campaign
from campaign.models.screening import Hold
from campaign.models.signature import Signature
from campaign.models.staff import StaffUser
from campaign.signing.checks.review_decision import (
    case_words,
    find_flagged_words,
    find_proposed_text,
    find_secret_words,
    regions_of,
    words_of,
)
from campaign.signing.checks.screening_rules import SILENT, ScreeningRules, list_held_places, pieces
from campaign.signing.letter.draft import pdf_of, signed_letters
from campaign.staff.staff_users import actor_name


@dataclass(frozen=True, slots=True)
class HeldLetter:
    pieces: list[tuple[str, str]]
    """Its words, each with the reason that holds it; "" where none does."""
    note: str
    flagged: list[Finding]
    not_allowed: list[Finding]
    """Of the words not allowed in a letter, those that the form did not refuse."""
    asks: bool
    newest_flag: int  # Which flags its reader sees


class RefuseUnapproved(Protocol):
    """The gate before files that name supporters: bundles stand above screening."""

    def __call__(self, session: Session, *, actor: str, campaign: Campaign) -> None:
        """Raise where this person may not have such a file of the campaign alone."""
        ...


def init_app(app: Flask, *, refuse_unapproved: RefuseUnapproved) -> None:
    app.extensions["refuse_unapproved"] = refuse_unapproved


def describe_letter(hold: Hold) -> HeldLetter:
    signature = hold.signature
    flagged = find_flagged_words(signature)
    secret = find_secret_words(signature, flagged)
    text, case = words_of(signature), case_words(signature.campaign)
    places = list_held_places(
        text,
        ScreeningRules.of(signature.campaign.screening),
        regions_of(signature.campaign, signature.country),
        proposed_text=find_proposed_text(signature),
        case=replace(
            case,
            risks=(*case.risks, *(finding.found for finding in flagged)),  # also "Family Given"
            not_allowed=tuple(list_secret_words(signature.campaign)),
        ),
    )
    return HeldLetter(
        pieces=list(pieces(text, places)),
        note=_propose_note(hold, signature),
        flagged=flagged,
        not_allowed=secret,
        asks=bool(flagged or secret) or not SILENT.isdisjoint(hold.reasons),
        newest_flag=newest_flag(signature.campaign),
    )


def print_letter(session: Session, hold: Hold, *, by: StaffUser) -> bytes:
    """Return its letters as a PDF, noted in the audit. Raises LetterRefused, or as the gate."""
    signature = hold.signature
    gate: RefuseUnapproved = current_app.extensions["refuse_unapproved"]
    gate(session, actor=actor_name(by), campaign=signature.campaign)
    body = pdf_of(signed_letters(signature))
    audit.record(
        session,
        actor_name(by),
        "letter.download",
        f"campaign:{signature.campaign_id}",
        letters=[signature.public_id],
    )
    return body


def _propose_note(hold: Hold, signature: Signature) -> str:
    with force_locale(signature.locale):
        sentences = {
            "threat": _("Remove the threat. If you are quoting someone, say who said it."),
            "risk": _("Remove names and places that are not on the case page."),
            "not-allowed": _("Remove names and places that are not on the case page."),
            "private": _("Remove the names of relatives and the places where people live."),
            "insult": _("Remove the insult. A polite letter is harder to ignore."),
            "link": _("Remove the link or email address. A printed letter cannot open it."),
            "phone-number": _("Remove the phone number. Many people will handle this letter."),
            "watched-word": _("Remove names and places that are not on the case page."),
            "long": _("Shorten your letter to one page."),
            "short": _("Write a whole sentence, or leave your own words empty."),
            "similar": _("Write in your own words. Many people have sent this same text."),
        }
        texts = [str(sentences[reason]) for reason in hold.reasons if reason in sentences]
    return "\n".join(dict.fromkeys(texts))
