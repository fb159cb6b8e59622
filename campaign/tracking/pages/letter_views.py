"""The page of one letter: confirm it, keep it, send it, follow it. The secret is in the address."""

from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from campaign.campaigns.stop_rule import is_stopped
from campaign.core import clock, db, i18n
from campaign.core.errors import NotFound
from campaign.core.rate_limits import count_against_limit, network_of
from campaign.core.settings import current_settings, home_country
from campaign.models.campaign import CampaignStatus
from campaign.models.signature import Signature, SignatureState
from campaign.public.case_page import case_page
from campaign.public.pages.before_request import private
from campaign.public.share_links import share_of
from campaign.signing import confirm_letter
from campaign.signing.letter.draft import Letters, layout_of, pdf_of, signed_letters
from campaign.signing.mailbox_seats import refuse_shared
from campaign.signing.mails import mail_name
from campaign.signing.reminders import delete_waiting_beside, list_waiting_beside
from campaign.tracking import letter_links, send_it_yourself
from campaign.tracking.change_or_withdraw import can_change, can_withdraw
from campaign.tracking.delivery_history import trips_of
from campaign.tracking.next_action import next_action
from campaign.tracking.printable_letter import pdf_page
from campaign.tracking.send_it_yourself import posted_pdf, sendings_of
from campaign.tracking.timeline import marks_of, note_for, status_of
from campaign.web.security import public


def register(blueprint: Blueprint) -> None:
    """Put these pages under `/<lang>/letter/<token>`."""
    link = "/<lang>/letter/<token>"
    blueprint.add_url_rule(link, view_func=letter)
    blueprint.add_url_rule(link, view_func=confirm, methods=["POST"])
    blueprint.add_url_rule(f"{link}/letter.pdf", view_func=letter_pdf)
    blueprint.add_url_rule(f"{link}/post.pdf", view_func=post_pdf)
    blueprint.add_url_rule(f"{link}/sent", view_func=sent, methods=["POST"])
    blueprint.add_url_rule(f"{link}/my-letters", view_func=mail_own_link, methods=["POST"])
    blueprint.add_url_rule(f"{link}/not-mine", view_func=not_mine)
    blueprint.add_url_rule(f"{link}/not-mine", view_func=delete_not_mine, methods=["POST"])


@public
def letter(lang: str, token: str) -> ResponseReturnValue:
    """The letter with its button, or how far it has come. Looking changes nothing."""
    with db.reading() as session:
        signature = confirm_letter.get_by_token(session, token)
        if signature.forgotten_at is not None:
            return _forgotten_page(session, signature, signature.forgotten_at)
        confirm_letter.refuse_lost(signature, db.utcnow())
        if signature.shown_state is SignatureState.PENDING:
            confirm_letter.refuse_unconfirmable(signature)
            refuse_shared(session, signature)
            return _confirm_page(signature, token)
        return _thanks_page(session, signature, token, again=False)


@public
def confirm(lang: str, token: str) -> ResponseReturnValue:
    """The button. A second click says that the letter is confirmed already."""
    session = db.session()
    signature, was_pending = confirm_letter.confirm(
        session, token=token, now=db.utcnow(), postal_code=request.form.get("postal_code", "")
    )
    if was_pending:
        return redirect(url_for("tracking.letter", lang=lang, token=token), 303)
    return _thanks_page(session, signature, token, again=True)


@public
def letter_pdf(lang: str, token: str) -> ResponseReturnValue:
    """The confirmed letter on paper; once its campaign is stopped, nobody prints it."""
    with db.reading() as session:
        signature = _confirmed(session, token)
        home, name = home_country(), f"{signature.campaign.slug}.pdf"
        letters = signed_letters(signature, home=home)
        layout = layout_of(signature.campaign, home)
    return pdf_page(letters, partial(pdf_of, layout=layout), name)


@public
def post_pdf(lang: str, token: str) -> ResponseReturnValue:
    """The letter with an addressed envelope, for who posts it as well."""
    with db.reading() as session:
        signature = _confirmed(session, token)
        home, name = home_country(), f"{signature.campaign.slug}.pdf"
        letters = signed_letters(signature, home=home)
        layout = layout_of(signature.campaign, home)

        def make(some: Letters) -> bytes:
            return posted_pdf(signature, some, layout, home)

        return pdf_page(letters, make, f"post-{name}")


@public
def sent(lang: str, token: str) -> ResponseReturnValue:
    """The supporter sent the letter themselves."""
    session = db.session()
    send_it_yourself.note(session, _confirmed(session, token), db.utcnow())
    return redirect(url_for("tracking.letter", lang=lang, token=token, _anchor="send"), 303)


@public
def mail_own_link(lang: str, token: str) -> ResponseReturnValue:
    """Mail the link that changes the letter: its page stands for the mailbox, nobody types it."""
    session, now = db.session(), db.utcnow()
    signature = confirm_letter.get_by_token(session, token)
    confirm_letter.refuse_lost(signature, now)
    network = network_of(request.remote_addr or "")
    count_against_limit(session, "letters-link", network, current_settings().links_per_hour)
    letter_links.ask(session, email=signature.email, locale=lang, now=now)
    return redirect(url_for("privacy.asked", lang=lang), 303)


@public
def not_mine(lang: str, token: str) -> ResponseReturnValue:
    """The letters that wait in this mailbox for the case, to be deleted by whom they are not of."""
    with db.reading() as session:
        signature = confirm_letter.get_by_token(session, token)
        found = list_waiting_beside(session, signature)
        writers = [mail_name(row.given_name) for row in found]
        return _not_mine_page(signature, {"token": token, "writers": writers})


@public
def delete_not_mine(lang: str, token: str) -> ResponseReturnValue:
    """Delete them. Their links open nothing after that, so the answer is the page itself."""
    session, now = db.session(), db.utcnow()
    signature = confirm_letter.get_by_token(session, token)
    found = list_waiting_beside(session, signature)
    body = _not_mine_page(signature, {"token": token, "writers": [], "deleted": bool(found)})
    delete_waiting_beside(session, signature, now)
    return body


def _not_mine_page(signature: Signature, page: dict[str, object]) -> Response:
    case = case_page(signature.campaign, i18n.locale(), count=0, now=db.utcnow())
    return _page("tracking/not_mine.html", {"case": case, "deleted": False, **page})


def _confirmed(session: Session, token: str) -> Signature:
    """The confirmed letter of a link, while its campaign lets anything go out."""
    signature = confirm_letter.get_by_token(session, token)
    confirm_letter.refuse_lost(signature, db.utcnow())
    if signature.shown_state is not SignatureState.CONFIRMED:
        raise NotFound("letter-link")
    confirm_letter.refuse_held_back(signature.campaign)
    return signature


def _confirm_page(signature: Signature, token: str) -> Response:
    page = {
        "token": token,
        "signature": signature,
        "case": case_page(signature.campaign, i18n.locale(), count=0, now=db.utcnow()),
        "letters": signed_letters(signature, home=home_country()),
        "layout": layout_of(signature.campaign, home_country()),
    }
    return _page("signing/confirm.html", page)


def _forgotten_page(session: Session, signature: Signature, since: datetime) -> Response:
    """What was erased and when, and the way of the letter, which tells of nobody."""
    page = {
        "signature": signature,
        "case": case_page(signature.campaign, i18n.locale(), count=0, now=db.utcnow()),
        "marks": marks_of(session, signature),
        "day": i18n.say_date(clock.day_of(since, signature.campaign.timezone)),
    }
    return _page("tracking/anonymised.html", page)


def _thanks_page(session: Session, signature: Signature, token: str, *, again: bool) -> Response:
    count = confirm_letter.count_for(session, signature)
    status, now = signature.campaign.status, db.utcnow()
    letters = signed_letters(signature, home=home_country())
    case = case_page(signature.campaign, i18n.locale(), count=count, now=now)
    page = {
        "token": token,
        "signature": signature,
        "case": case,
        "share": share_of(signature.campaign, case, i18n.locale(), wrote=True),
        "marks": marks_of(session, signature),
        "stopped": is_stopped(status),
        "status": status_of(session, signature),
        "can_change": can_change(signature),
        "can_withdraw": can_withdraw(session, signature),
        "printed": any(one.sequence for one in signature.letters),
        "again": again,
        "changed": "changed" in request.args,
        "held": signature.shown_state is SignatureState.HELD,
        "tried": bool(trips_of(session, signature.letters)),
        "note": note_for(session, signature),
        "letters": letters,
        "layout": layout_of(signature.campaign, home_country()),
        "sendings": _sendings(signature, letters),
        "sent_by_self": send_it_yourself.count(session, signature.campaign),
        "next": next_action(session, signature, i18n.locale(), now),
    }
    return _page("tracking/letter.html", page)


def _sendings(signature: Signature, letters: Letters) -> list[Any]:
    """What a supporter can send now: nothing once the campaign takes no more letters."""
    if signature.campaign.status is not CampaignStatus.OPEN:
        return []
    if signature.shown_state is not SignatureState.CONFIRMED:
        return []
    return sendings_of(signature, letters, home_country())


def _page(template: str, page: dict[str, object]) -> Response:
    g.language_endpoint = request.endpoint if request.method == "GET" else "tracking.letter"
    return private(Response(render_template(template, **page), mimetype="text/html"))
