"""The page of one letter: confirm it, keep it, send it, follow it. The secret is in the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flask import Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from campaign.about.what_stays import say_own_copy
from campaign.campaigns.find_campaigns import find_open, select_unoffered
from campaign.campaigns.public_counts import in_steps
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import clock, db, i18n
from campaign.core.errors import NotFound, Refused, is_allowed
from campaign.core.settings import current_settings
from campaign.models.campaign import CampaignStatus
from campaign.models.signature import Signature, SignatureState
from campaign.network import memberships
from campaign.public.before_request import private, show_private
from campaign.public.case_page import CasePage, case_page, edition_for, other_language
from campaign.public.deadline import Deadline, deadline_of
from campaign.public.share_links import Share, share_after_writing
from campaign.signing import confirm_letter
from campaign.signing.checks.review_decision import is_read_first, note_for
from campaign.signing.letter.draft import Letters, pdf_of, signed_letters
from campaign.signing.mails import mail_name
from campaign.signing.reminders import delete_waiting_beside, list_waiting_beside
from campaign.signing.signatures_per_mailbox import is_full, refuse_shared
from campaign.tracking import send_it_yourself
from campaign.tracking.change_or_withdraw import TooLate, refuse_unchangeable, refuse_unwithdrawable
from campaign.tracking.letter_place import is_in_print_files, is_on_sheet_too, say_sheet_went
from campaign.tracking.letter_proofs import LetterProof, get_proof, list_proofs
from campaign.tracking.letter_trips import find_last_try, list_trips
from campaign.tracking.pages.blueprint import blueprint, mail_letters_link, pdf_page
from campaign.tracking.send_it_yourself import Sending, list_envelopes, posted_pdf, sendings_of
from campaign.tracking.timeline import Mark, marks_of, status_of
from campaign.web.page import Page, redirect_to
from campaign.web.security import public

__all__ = ["blueprint"]


class ConfirmPage(Page, template="signing/confirm.html"):
    token: str
    case: CasePage
    letters: Letters
    version: str
    has_own_words: bool
    replaced: bool  # Whether somebody has signed anew since this page was opened
    read_first: bool  # Whether the page Check said that it is read before it is printed
    news: bool  # Whether the writer asked for news about the case too
    network: bool  # ... and for emails about new actions


@dataclass(frozen=True, slots=True)
class NextAction:
    slug: str
    reference: str
    country: str
    title: str
    content_lang: str
    deadline: Deadline | None


class LetterPage(Page, template="tracking/letter.html"):
    token: str
    signature: Signature
    case: CasePage
    share: Share | None
    marks: list[Mark]
    stopped: bool
    status: str
    can_change: bool
    can_withdraw: bool
    printed: bool
    not_printable: bool  # Whether one of the letters could not be printed
    again: bool  # Whether somebody has pressed the button of a letter that was confirmed before
    changed: bool
    held: bool
    in_network: bool
    on_sheet: bool  # Whether a row on paper counts with it
    sheet_went: str  # When its sheet went out
    tried: bool  # Whether somebody was at the gate or the post with it
    last_try: str  # What came of the newest attempt, of a letter that is still here
    note: str
    letters: Letters
    sendings: list[Sending]
    sent_by_self: int
    next: NextAction | None
    proofs: list[LetterProof]


class AnonymisedLetter(Page, template="tracking/anonymised.html"):
    case: CasePage
    marks: list[Mark]
    day: str
    copy: str  # what is kept of the letter in our print files; empty: nothing


class NotMine(Page, template="tracking/not_mine.html"):
    token: str
    case: CasePage
    writers: Sequence[str]  # Given names; "" of who cannot be named
    deleted: int
    can_confirm: bool  # Whether the campaign still takes letters that wait
    is_full: bool  # Whether two others have confirmed a letter from this mailbox
    can_sign: bool  # Whether one can be signed now, and the mailbox has a place for it


_LINK = "/<lang>/letter/<token>"


def _say_copy(session: Session, signature: Signature) -> str:
    """Say what our print files keep of a letter whose writer is forgotten, and who can read it."""
    if not is_in_print_files(session, signature):
        return ""
    settings, cards = current_settings(), signature.campaign.cards
    copy = say_own_copy(settings, cards=cards)
    if settings.keep_printed_files:
        return copy
    if cards:
        locked = gettext("Our staff can no longer open the parts of it that contain your card.")
    else:
        locked = gettext("Our staff can no longer open the parts of it that contain your letter.")
    return f"{copy} {locked}"


@blueprint.get(_LINK)
@public
def letter(lang: str, token: str) -> ResponseReturnValue:
    with db.reading() as session:
        signature = confirm_letter.get_by_token(session, token)
        if signature.forgotten_at is not None:
            return _show(
                AnonymisedLetter(
                    case=_case(signature),
                    marks=marks_of(session, signature, list_trips(session, signature)),
                    day=i18n.say_date(
                        clock.day_of(signature.forgotten_at, signature.campaign.timezone)
                    ),
                    copy=_say_copy(session, signature),
                )
            )
        confirm_letter.refuse_lost(signature, db.utcnow())
        if signature.shown_state is SignatureState.PENDING:
            confirm_letter.refuse_unconfirmable(signature)
            refuse_shared(session, signature)
            return _show(
                ConfirmPage(
                    token=token,
                    case=_case(signature),
                    letters=signed_letters(signature),
                    version=signature.version,
                    has_own_words=bool(signature.own_words or signature.full_text),
                    replaced="replaced" in request.args,
                    read_first=is_read_first(session, signature),
                    news=signature.consent_updates_at is not None,
                    network=signature.consent_network_at is not None,
                )
            )
        return _letter_page(session, signature, token)


@blueprint.post(_LINK)
@public
def confirm(lang: str, token: str) -> ResponseReturnValue:
    session = db.session()
    try:
        signature, was_pending = confirm_letter.confirm(
            session,
            token=token,
            now=db.utcnow(),
            postal_code=request.form.get("postal_code", ""),
            seen=request.form.get("version", ""),
        )
    except confirm_letter.LetterReplaced:
        return redirect_to(".letter", lang=lang, token=token, replaced=1)
    if was_pending:
        return redirect_to(".letter", lang=lang, token=token)
    return _letter_page(session, signature, token, again=True)


@blueprint.get(f"{_LINK}/letter.pdf")
@public
def letter_pdf(lang: str, token: str) -> ResponseReturnValue:
    with db.reading() as session:
        signature = _confirmed(session, token)
        name, letters = f"{signature.campaign.slug}.pdf", signed_letters(signature)
    return pdf_page(letters, pdf_of, name)


@blueprint.get(f"{_LINK}/post.pdf")
@public
def post_pdf(lang: str, token: str) -> ResponseReturnValue:
    with db.reading() as session:
        signature = _confirmed(session, token)
        name = f"post-{signature.campaign.slug}.pdf"
        letters = signed_letters(signature, as_printed=False)
        envelopes = list_envelopes(signature, letters)
    return pdf_page(letters, partial(posted_pdf, envelopes), name)


@blueprint.get(f"{_LINK}/proof/<letter_id>.json")
@public
def letter_proof(lang: str, token: str, letter_id: str) -> ResponseReturnValue:
    with db.reading() as session:
        proof = _get_proof(session, token, letter_id).proof
    name = f"proof-{proof.bundle}-{proof.number}.json"
    return _file_response(proof.to_json(), "application/json", name)


@blueprint.get(f"{_LINK}/text/<letter_id>.txt")
@public
def letter_text(lang: str, token: str, letter_id: str) -> ResponseReturnValue:
    """Hand out the words as they were printed, with the key of their code."""
    with db.reading() as session:
        proof = _get_proof(session, token, letter_id)
        if proof.text_file is None:
            raise NotFound("letter-proof")
    name = f"text-{proof.proof.bundle}-{proof.proof.number}.txt"
    return _file_response(proof.text_file, "text/plain", name)


def _get_proof(session: Session, token: str, letter_id: str) -> LetterProof:
    signature = confirm_letter.get_by_token(session, token)
    confirm_letter.refuse_lost(signature, db.utcnow())
    return get_proof(session, signature, signed_letters(signature), letter_id)


def _file_response(body: bytes, kind: str, name: str) -> Response:
    response = Response(body, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return private(response)


@blueprint.post(f"{_LINK}/sent")
@public
def sent(lang: str, token: str) -> ResponseReturnValue:
    session = db.session()
    send_it_yourself.note_sent(session, _confirmed(session, token), db.utcnow())
    return redirect_to(".letter", lang=lang, token=token, _anchor="send")


@blueprint.post(f"{_LINK}/my-letters")
@public
def mail_own_link(lang: str, token: str) -> ResponseReturnValue:
    """Mail the link that changes the letter to its own mailbox; no address is typed."""
    signature = confirm_letter.get_by_token(db.session(), token)
    confirm_letter.refuse_lost(signature, db.utcnow())
    return mail_letters_link(signature.email, lang)


@blueprint.get(f"{_LINK}/not-mine")
@public
def not_mine(lang: str, token: str) -> ResponseReturnValue:
    with db.reading() as session:
        signature = confirm_letter.get_by_token(session, token)
        waiting = list_waiting_beside(session, signature)
        writers = [mail_name(row.given_name) for row in waiting]
        return _not_mine_page(session, signature, token, writers)


@blueprint.post(f"{_LINK}/not-mine")
@public
def delete_not_mine(lang: str, token: str) -> ResponseReturnValue:
    """Delete them. Their links open nothing after that, so the answer is the page itself."""
    session, now = db.session(), db.utcnow()
    signature = confirm_letter.get_by_token(session, token)
    deleted = len(list_waiting_beside(session, signature))
    page = _not_mine_page(session, signature, token, [], deleted=deleted)
    delete_waiting_beside(session, signature, now)
    return page


def _not_mine_page(
    session: Session, signature: Signature, token: str, writers: Sequence[str], *, deleted: int = 0
) -> Response:
    case = _case(signature)
    can_confirm = is_allowed(confirm_letter.refuse_unconfirmable, signature, expected=Refused)
    full = is_full(session, signature)
    return _show(
        NotMine(
            token=token,
            case=case,
            writers=writers,
            deleted=deleted,
            can_confirm=can_confirm,
            is_full=full,
            can_sign=case.takes_letters and not full,
        )
    )


def _confirmed(session: Session, token: str) -> Signature:
    signature = confirm_letter.get_by_token(session, token)
    confirm_letter.refuse_lost(signature, db.utcnow())
    if signature.shown_state is not SignatureState.CONFIRMED:
        # Its page says why: it waits for its writer, or is being read.
        abort(redirect(url_for("tracking.letter", lang=i18n.locale(), token=token), 303))
    confirm_letter.refuse_held_back(signature.campaign)
    return signature


def _letter_page(
    session: Session, signature: Signature, token: str, *, again: bool = False
) -> Response:
    campaign, letters = signature.campaign, signed_letters(signature)
    trips = list_trips(session, signature)
    case = _case(signature, confirm_letter.count_for(session, signature))
    return _show(
        LetterPage(
            token=token,
            signature=signature,
            case=case,
            share=share_after_writing(campaign, case, i18n.locale(), db.utcnow()),
            marks=marks_of(session, signature, trips),
            stopped=is_stopped(campaign.status),
            status=status_of(signature, trips),
            can_change=is_allowed(refuse_unchangeable, signature, expected=TooLate),
            can_withdraw=is_allowed(refuse_unwithdrawable, session, signature, expected=TooLate),
            printed=any(letter.sequence for letter in signature.letters)
            or any(trip.letters for trip in trips),
            not_printable=any(letter.shown_set_aside for letter in signature.letters),
            again=again,
            changed="changed" in request.args,
            held=signature.shown_state is SignatureState.HELD,
            in_network=memberships.is_member_by_signing(session, signature),
            on_sheet=is_on_sheet_too(session, signature),
            sheet_went=say_sheet_went(session, signature),
            tried=bool(trips),
            last_try=find_last_try(trips, signature.letters),
            note=note_for(session, signature),
            letters=letters,
            sendings=_sendings(signature),
            sent_by_self=in_steps(send_it_yourself.count_sent(session, campaign)),
            next=next_action(session, signature, i18n.locale(), db.utcnow()),
            proofs=list_proofs(session, signature, letters),
        )
    )


def next_action(
    session: Session, signature: Signature, locale: str, now: datetime
) -> NextAction | None:
    """Return the open action with the nearest last day that this mailbox has not signed.

    None that is not offered after the stop of the letter's own.
    """
    signed = select(Signature.campaign_id).where(Signature.email_hmac == signature.email_hmac)
    unoffered = select_unoffered(session, signature.campaign.slug)
    campaign = find_open(session, now, besides=union_all(signed, unoffered))
    if campaign is None:
        return None
    edition = edition_for(campaign, locale)
    return NextAction(
        slug=campaign.slug,
        reference=campaign.reference,
        country=i18n.country_name(campaign.country, locale),
        title=edition.title if edition else campaign.name_in(locale),
        content_lang=other_language(edition, locale),
        deadline=deadline_of(campaign.act_by, locale, now, campaign.timezone),
    )


def _case(signature: Signature, count: int = 0) -> CasePage:
    return case_page(signature.campaign, i18n.locale(), count=count, now=db.utcnow())


def _sendings(signature: Signature) -> list[Sending]:
    if signature.campaign.status is not CampaignStatus.OPEN:
        return []
    if signature.shown_state is not SignatureState.CONFIRMED:
        return []
    return sendings_of(signature, signed_letters(signature, as_printed=False))


def _show(page: Page) -> Response:
    g.language_endpoint = request.endpoint if request.method == "GET" else "tracking.letter"
    return show_private(page)
