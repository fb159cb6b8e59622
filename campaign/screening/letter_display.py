"""A held letter as its reader sees it, in the queue and in a rehearsal."""

from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.core import audit
from campaign.models.review_hold import Hold
from campaign.models.signature import Signature
from campaign.models.staff import StaffUser
from campaign.printing.geometry import Layout
from campaign.signing.checks.review_decision import (
    case_words,
    flagged_in,
    regions_of,
    said_before,
    words_of,
)
from campaign.signing.checks.screening_rules import RISK, ScreeningRules, findings, pieces
from campaign.signing.letter.draft import Letters, layout_of, pdf_of, signed_letters
from campaign.staff.staff_users import actor_name


def shown(hold: Hold) -> dict[str, Any]:
    """Its words, with the places for which it is held in them, and a note to its writer.

    Also what a risk flag rules out (`flagged`), and whether approving it `asks` once more.
    """
    signature = hold.signature
    flagged = flagged_in(signature)
    text = words_of(signature)
    found = findings(
        text,
        ScreeningRules.of(signature.campaign.screening),
        regions_of(signature),
        said=said_before(signature),
        case=case_words(signature.campaign),
    )
    return {
        "pieces": list(pieces(text, found)),
        "note": _proposed(hold, signature),
        "flagged": flagged,
        "asks": RISK in hold.reasons or bool(flagged),
    }


def printed(signature: Signature, home: str) -> tuple[Letters, Layout]:
    """Its letters as they will be printed, and the sheet they are for."""
    return signed_letters(signature, home=home), layout_of(signature.campaign, home)


def hand_out(session: Session, hold: Hold, *, home: str, by: StaffUser) -> bytes:
    """Its letters as a PDF; leaves a line in the audit. Raises LetterRefused."""
    signature = hold.signature
    body = pdf_of(*printed(signature, home))
    audit.record(
        session,
        actor=actor_name(by),
        action="letter.download",
        subject=f"campaign:{signature.campaign_id}",
        letters=[signature.public_id],
    )
    return body


def _proposed(hold: Hold, signature: Signature) -> str:
    """What its writer could be asked, in the language in which they read mails."""
    with force_locale(signature.locale.replace("-", "_")):
        sentences = {
            "threat": _("Take out the threat. If you quote someone, say who said it."),
            "risk": _("Leave out names and places that the case sheet does not give."),
            "private": _("Leave out names of family and where someone lives."),
            "insult": _("Take out the insult. A letter that insults its reader is not read."),
            "link": _("Take out the address. Officials open no links in letters."),
            "phone-number": _("Take out the telephone number: it would go on with the letter."),
            "watched-word": _("Leave out names and places that the case sheet does not give."),
            "long": _("Shorten your letter: one page is read, more is not."),
            "short": _("Write a whole sentence, or leave your own words out."),
            "similar": _("Write in words of your own: many have sent this very text."),
        }
        said = [str(sentences[reason]) for reason in hold.reasons if reason in sentences]
    return "\n".join(dict.fromkeys(said))
