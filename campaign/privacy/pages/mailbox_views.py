"""My letters: asking for the link, everything signed from a mailbox, one letter of it."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, redirect, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from campaign.campaigns.stop_rule import is_stopped
from campaign.core import db
from campaign.core.errors import NotFound
from campaign.core.rate_limits import count_against_limit, network_of
from campaign.core.settings import current_settings
from campaign.mail.messages import most_a_day
from campaign.models.signature import ConsentWording, Signature, SignatureState
from campaign.privacy import erase_supporter, subject_access
from campaign.public.case_page import case_page
from campaign.public.pages.before_request import private
from campaign.signing import confirm_letter
from campaign.signing.clean_text import Problem, check_line
from campaign.signing.confirm_letter import refuse_held_back
from campaign.signing.form.problem_texts import describe_problem
from campaign.signing.letter.draft import layout_of, pdf_of, signed_letters
from campaign.signing.states import LIVE
from campaign.signing.validate import check_email
from campaign.tracking import letter_links
from campaign.tracking.change_or_withdraw import can_change, can_withdraw
from campaign.tracking.pages.page import page
from campaign.tracking.printable_letter import pdf_page
from campaign.tracking.timeline import is_frozen, is_handed_over, marks_of, status_of
from campaign.web.security import public


def register(blueprint: Blueprint) -> None:
    """Put these pages under `/<lang>/my-letters`."""
    start = "/<lang>/my-letters"
    blueprint.add_url_rule(start, view_func=ask, methods=["GET", "POST"])
    blueprint.add_url_rule(f"{start}/sent", view_func=asked)
    blueprint.add_url_rule(f"{start}/erased", view_func=erased)
    blueprint.add_url_rule(f"{start}/<token>", view_func=mailbox)
    blueprint.add_url_rule(f"{start}/<token>/everything.zip", view_func=download, methods=["POST"])
    blueprint.add_url_rule(f"{start}/<token>/erase", view_func=erase, methods=["GET", "POST"])
    blueprint.add_url_rule(f"{start}/<token>/<public_id>", view_func=mine)
    blueprint.add_url_rule(f"{start}/<token>/<public_id>/letter.pdf", view_func=mine_pdf)
    confirms = f"{start}/<token>/<public_id>/confirm"
    blueprint.add_url_rule(confirms, view_func=confirm_mine, methods=["POST"])


@public
def ask(lang: str) -> ResponseReturnValue:
    """Which mailbox. What comes of it is told to the mailbox alone."""
    if request.method != "POST":
        return page("privacy/request_link.html", email="", error="")
    typed = request.form.get("email", "")
    tidy = check_line(typed, limit=254, needed="give-email")
    problem = tidy if isinstance(tidy, Problem) else check_email(tidy)
    if problem is not None or isinstance(tidy, Problem):
        error = _said(problem) if problem else ""
        return page("privacy/request_link.html", 422, email=typed, error=error)
    session, network = db.session(), network_of(request.remote_addr or "")
    count_against_limit(session, "letters-link", network, current_settings().links_per_hour)
    letter_links.mail_link(session, email=tidy, locale=lang, now=db.utcnow())
    return redirect(url_for("privacy.asked", lang=lang), 303)


def _said(problem: Problem) -> str:
    """What is wrong with the address; here it confirms nothing."""
    if problem.slug == "give-email":
        return str(gettext("Give the e-mail address with which you signed."))
    return describe_problem(problem)


@public
def asked(lang: str) -> ResponseReturnValue:
    """Look in your mailbox: the same for everybody."""
    hours = current_settings().link_hours
    return page("privacy/link_sent.html", hours=hours, mails_a_day=most_a_day("my-letters"))


@public
def mailbox(lang: str, token: str) -> ResponseReturnValue:
    """Everything that was signed from the mailbox."""
    with db.reading() as session:
        box = letter_links.open_mailbox(session, token, db.utcnow())
        rows = [
            {
                "signature": one,
                "status": status_of(session, one),
                "case": case_page(one.campaign, lang, count=0, now=db.utcnow()),
                "last": [mark for mark in marks_of(session, one) if mark.state != "ahead"][-1],
            }
            for one in letter_links.signatures_of(session, box)
        ]
    months = current_settings().retention_months
    return page(
        "privacy/mailbox.html", token=token, mailbox=box, rows=rows, retention_months=months
    )


@public
def mine(lang: str, token: str, public_id: str) -> ResponseReturnValue:
    """One letter: its text, how far it has come, what can be done with it."""
    with db.reading() as session:
        box = letter_links.open_mailbox(session, token, db.utcnow())
        signature = letter_links.get_signature(session, box, public_id)
        home = current_settings().organisation_country
        stopped = is_stopped(signature.campaign.status)
        return page(
            "privacy/letter.html",
            token=token,
            signature=signature,
            status=status_of(session, signature),
            case=case_page(signature.campaign, lang, count=0, now=db.utcnow()),
            marks=marks_of(session, signature),
            letters=_letters(signature),
            layout=layout_of(signature.campaign, home),
            wording=session.get_one(ConsentWording, signature.consent_wording_id),
            stopped=stopped,
            can_print=signature.shown_state is SignatureState.CONFIRMED and not stopped,
            can_change=can_change(signature),
            can_withdraw=can_withdraw(session, signature),
            can_confirm=confirm_letter.can_confirm(signature, db.utcnow()),
            changed="changed" in request.args,
            handed_over=is_handed_over(session, signature),
        )


@public
def confirm_mine(lang: str, token: str, public_id: str) -> ResponseReturnValue:
    """Confirm a letter that waits: the link to one's letters came to the same mailbox."""
    session, now = db.session(), db.utcnow()
    box = letter_links.open_mailbox(session, token, now)
    signature = letter_links.get_signature(session, box, public_id)
    code = request.form.get("postal_code", "")
    confirm_letter.confirm_signature(session, signature, now=now, postal_code=code)
    return redirect(url_for("privacy.mine", lang=lang, token=token, public_id=public_id), 303)


@public
def mine_pdf(lang: str, token: str, public_id: str) -> ResponseReturnValue:
    """The confirmed letter on paper."""
    with db.reading() as session:
        box = letter_links.open_mailbox(session, token, db.utcnow())
        signature = letter_links.get_signature(session, box, public_id)
        if signature.shown_state is not SignatureState.CONFIRMED:
            raise NotFound("letter")
        refuse_held_back(signature.campaign)
        home = current_settings().organisation_country
        letters, name = signed_letters(signature, home=home), f"{signature.campaign.slug}.pdf"
        layout = layout_of(signature.campaign, home)
    return pdf_page(letters, partial(pdf_of, layout=layout), name)


@public
def download(lang: str, token: str) -> ResponseReturnValue:
    """Everything that is held, as a ZIP: the data, and each letter as a PDF."""
    session, now = db.session(), db.utcnow()
    box = letter_links.open_mailbox(session, token, now)
    count_against_limit(session, "everything", box.fingerprint.hex(), subject_access.PER_HOUR)
    holding = subject_access.gather(session, box, now)
    chunks = subject_access.stream(holding, current_settings().organisation_country)
    response = Response(stream_with_context(chunks), mimetype="application/zip")
    name, _ = subject_access.file_names()
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return private(response)


@public
def erase(lang: str, token: str) -> ResponseReturnValue:
    """What will be erased and what remains; then the button that does it."""
    session, now = db.session(), db.utcnow()
    box = letter_links.open_mailbox(session, token, now)
    if request.method == "POST":
        erase_supporter.erase(session, box, locale=lang, now=now)
        return redirect(url_for("privacy.erased", lang=lang), 303)
    signatures = letter_links.signatures_of(session, box)
    printed = [one for one in signatures if is_frozen(one)]
    return page(
        "privacy/erase.html", token=token, mailbox=box, signatures=signatures, printed=printed
    )


@public
def erased(lang: str) -> ResponseReturnValue:
    """It is done."""
    return page("privacy/erased.html")


def _letters(signature: Signature) -> Any:
    if signature.shown_state not in LIVE:
        return []
    return signed_letters(signature, home=current_settings().organisation_country)
