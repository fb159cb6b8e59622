"""My letters: asking for the link, everything signed from a mailbox, one letter of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from campaign.about.what_stays import Kept
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import db
from campaign.core.errors import is_allowed
from campaign.core.rate_limits import count_against_limit
from campaign.core.settings import current_settings
from campaign.models.network import MemberState, NetworkMember
from campaign.models.signature import Signature, SignatureState
from campaign.network.mails import preferences_token
from campaign.printing.printed_content import LetterContext
from campaign.privacy import erase_supporter, subject_access
from campaign.public.before_request import private, show_private
from campaign.public.case_page import CasePage, case_page
from campaign.signing import confirm_letter
from campaign.signing.checks.review_decision import note_for
from campaign.signing.clean_text import Problem, check_line
from campaign.signing.confirm_letter import refuse_held_back
from campaign.signing.consents import news_words
from campaign.signing.form.forms import describe_problem
from campaign.signing.letter.draft import pdf_of, signed_letters
from campaign.signing.signatures_per_mailbox import is_full
from campaign.signing.states import LIVE
from campaign.signing.validate import check_email
from campaign.tracking import letter_links
from campaign.tracking.change_or_withdraw import (
    TooLate,
    refuse_unchangeable,
    refuse_unwithdrawable,
    refuse_without_letter,
)
from campaign.tracking.letter_links import Mailbox
from campaign.tracking.letter_place import (
    Place,
    find_place,
    is_in_print_files,
    is_on_sheet_too,
    say_sheet_went,
    say_withdrawn,
)
from campaign.tracking.letter_trips import find_last_try, list_trips
from campaign.tracking.mails import MyLetters
from campaign.tracking.pages.blueprint import init_blueprint, mail_letters_link, pdf_page
from campaign.tracking.timeline import Mark, marks_of, signed_mark, status_of
from campaign.web.page import Page, redirect_to
from campaign.web.security import even_time, public


class RequestLink(Page, template="privacy/request_link.html"):
    email: str
    error: str


class LinkSent(Page, template="privacy/link_sent.html"):
    mails_a_day: int


@dataclass(frozen=True, slots=True)
class SignedLetter:
    signature: Signature
    status: str
    case: CasePage
    marks: Sequence[Mark]  # That it was signed, and the last one


class ShowMailbox(Page, template="privacy/mailbox.html"):
    token: str
    mailbox: Mailbox
    rows: Sequence[SignedLetter]
    retention_months: int
    network_url: str
    """Where the membership of the address can be changed or ended; empty: there is none."""


class ShowLetter(Page, template="privacy/letter.html"):
    token: str
    signature: Signature
    status: str
    case: CasePage
    marks: Sequence[Mark]
    letters: Sequence[LetterContext]
    news_words: str  # What who gets the news agrees to
    stopped: bool
    can_print: bool
    can_change: bool
    can_withdraw: bool
    can_confirm: bool
    deleted_on: date | None  # Of one whose action ended before it was confirmed
    is_full: bool  # Whether two others have confirmed a letter from this mailbox
    changed: bool
    replaced: bool  # Whether somebody has signed anew since this page was opened
    place: Place
    in_print_files: bool
    withdrawn: str  # What becomes of it, where it was withdrawn
    on_sheet: bool  # Whether a row on paper counts with it
    sheet_went: str  # When that sheet went out, or the one that was signed
    last_try: str  # What came of the newest attempt to deliver it, or the sheet
    note: str  # What its writer is asked to change


class EraseMailbox(Page, template="privacy/erase.html"):
    token: str
    mailbox: Mailbox
    cards: bool  # Whether all are cards
    stays: Sequence[str]  # What is left after it


class Erased(Page, template="privacy/erased.html"):
    cards: bool
    stays: Sequence[str]


blueprint = Blueprint("privacy", __name__)
init_blueprint(blueprint)
_START = "/<lang>/my-letters"
_READABLE = (*LIVE, SignatureState.REJECTED)  # Of all others the words are deleted
_LETTER = f"{_START}/<token>/<public_id>"


@blueprint.route(_START, methods=["GET", "POST"])
@public
@even_time
def ask(lang: str) -> ResponseReturnValue:
    if request.method != "POST":
        return show_private(RequestLink(email="", error=""))
    typed = request.form.get("email", "")
    tidy = check_line(typed, limit=254, needed="give-email")
    problem = tidy if isinstance(tidy, Problem) else check_email(tidy)
    if problem is not None or isinstance(tidy, Problem):
        error = _say_problem(problem) if problem else ""
        return show_private(RequestLink(email=typed, error=error), 422)
    return mail_letters_link(tidy, lang)


def _say_problem(problem: Problem) -> str:
    if problem.slug == "give-email":
        return gettext("Enter the email address you signed with.")
    return describe_problem(problem)


@blueprint.get(f"{_START}/sent")
@public
def asked(lang: str) -> ResponseReturnValue:
    return show_private(LinkSent(mails_a_day=MyLetters.most_a_day()))


@blueprint.get(f"{_START}/<token>")
@public
def mailbox(lang: str, token: str) -> ResponseReturnValue:
    with db.reading() as session:
        box = letter_links.open_mailbox(session, token, db.utcnow())
        rows = [
            _summarize(session, signature, lang)
            for signature in letter_links.signatures_of(session, box)
        ]
        network_url = _link_network(session, box, lang)
    return show_private(
        ShowMailbox(
            token=token,
            mailbox=box,
            rows=rows,
            retention_months=current_settings().retention_months,
            network_url=network_url,
        )
    )


def _link_network(session: Session, box: Mailbox, lang: str) -> str:
    for member in letter_links.list_addressed(session, box, NetworkMember):
        if isinstance(member, NetworkMember) and member.state is MemberState.ACTIVE:
            return url_for("network.preferences", lang=lang, token=preferences_token(member))
    return ""


def _summarize(session: Session, signature: Signature, lang: str) -> SignedLetter:
    trips = list_trips(session, signature)
    past = [mark for mark in marks_of(session, signature, trips) if mark.state != "ahead"]
    return SignedLetter(
        signature=signature,
        status=status_of(signature, trips),
        case=case_page(signature.campaign, lang, count=0, now=db.utcnow()),
        marks=list(dict.fromkeys([signed_mark(signature), past[-1]])),
    )


@blueprint.get(_LETTER)
@public
def mine(lang: str, token: str, public_id: str) -> ResponseReturnValue:
    with db.reading() as session:
        signature = letter_links.get_own_signature(session, token, public_id)
        stopped = is_stopped(signature.campaign.status)
        place, state = find_place(session, signature), signature.shown_state
        trips = list_trips(session, signature)
        page = ShowLetter(
            token=token,
            signature=signature,
            status=status_of(signature, trips),
            case=case_page(signature.campaign, lang, count=0, now=db.utcnow()),
            marks=marks_of(session, signature, trips),
            letters=signed_letters(signature) if state in _READABLE else (),
            news_words=news_words(),
            stopped=stopped,
            can_print=state is SignatureState.CONFIRMED
            and not stopped
            and is_allowed(refuse_without_letter, signature, expected=TooLate),
            can_change=is_allowed(refuse_unchangeable, signature, expected=TooLate),
            can_withdraw=is_allowed(refuse_unwithdrawable, session, signature, expected=TooLate),
            can_confirm=confirm_letter.can_confirm(session, signature, db.utcnow()),
            deleted_on=confirm_letter.find_deletion_day(signature, db.utcnow()),
            is_full=state is SignatureState.PENDING and is_full(session, signature),
            changed="changed" in request.args,
            replaced="replaced" in request.args,
            place=place,
            in_print_files=is_in_print_files(session, signature),
            withdrawn=say_withdrawn(session, signature)
            if state is SignatureState.WITHDRAWN
            else "",
            on_sheet=is_on_sheet_too(session, signature),
            sheet_went=say_sheet_went(session, signature),
            last_try=find_last_try(trips, signature.letters),
            note=note_for(session, signature),
        )
        return show_private(page)


@blueprint.post(f"{_LETTER}/confirm")
@public
def confirm_mine(lang: str, token: str, public_id: str) -> ResponseReturnValue:
    """Confirm a letter that waits: the link to one's letters came to the same mailbox."""
    session, now = db.session(), db.utcnow()
    signature = letter_links.get_own_signature(session, token, public_id)
    code = request.form.get("postal_code", "")
    version = request.form.get("version", "")
    replaced = None
    try:
        confirm_letter.confirm_signature(
            session, signature, now=now, postal_code=code, seen=version
        )
    except confirm_letter.LetterReplaced:
        replaced = 1
    return redirect_to(".mine", lang=lang, token=token, public_id=public_id, replaced=replaced)


@blueprint.get(f"{_LETTER}/letter.pdf")
@public
def mine_pdf(lang: str, token: str, public_id: str) -> ResponseReturnValue:
    with db.reading() as session:
        signature = letter_links.get_own_signature(session, token, public_id)
        refuse_without_letter(signature)
        if signature.shown_state is not SignatureState.CONFIRMED:
            return redirect_to(".mine", lang=lang, token=token, public_id=public_id)
        refuse_held_back(signature.campaign)
        letters, name = signed_letters(signature), f"{signature.campaign.slug}.pdf"
    return pdf_page(letters, pdf_of, name)


@blueprint.post(f"{_START}/<token>/everything.zip")
@public
def download(lang: str, token: str) -> ResponseReturnValue:
    session, now = db.session(), db.utcnow()
    box = letter_links.open_mailbox(session, token, now)
    count_against_limit(session, "everything", box.fingerprint.hex(), subject_access.PER_HOUR)
    holding = subject_access.gather_data(session, box, now)
    chunks = subject_access.stream_zip(holding)
    response = Response(stream_with_context(chunks), mimetype="application/zip")
    name, _ = subject_access.get_file_names()
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return private(response)


@blueprint.route(f"{_START}/<token>/erase", methods=["GET", "POST"])
@public
def erase(lang: str, token: str) -> ResponseReturnValue:
    session, now = db.session(), db.utcnow()
    box = letter_links.open_mailbox(session, token, now)
    if request.method == "POST":
        kept = erase_supporter.erase_mailbox(session, box, locale=lang, now=now)
        return redirect_to(".erased", lang=lang, kept=str(kept))
    signatures = letter_links.signatures_of(session, box)
    kept = erase_supporter.find_kept(session, box, signatures)
    page = EraseMailbox(
        token=token, mailbox=box, cards=kept.cards, stays=erase_supporter.say_kept(kept)
    )
    return show_private(page)


@blueprint.get(f"{_START}/erased")
@public
def erased(lang: str) -> ResponseReturnValue:
    words = request.args.get("kept")
    kept = None if words is None else Kept.read(words)
    cards = kept is not None and kept.cards
    return show_private(Erased(cards=cards, stays=erase_supporter.say_kept(kept)))
