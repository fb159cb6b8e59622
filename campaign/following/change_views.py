"""Changing a letter, taking it back, switching its news off and on."""

from typing import Any

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from campaign import db
from campaign.errors import NotFound
from campaign.following import changing, links, news, withdrawing
from campaign.following.held import note_for
from campaign.following.mailbox_views import page
from campaign.reading.case_page import case_page
from campaign.security import public
from campaign.settings import Settings
from campaign.signing import confirming
from campaign.signing.details import samples_of
from campaign.signing.drafts import layout_of, signed_letters
from campaign.signing.forms import SigningForm
from campaign.signing.journey import Posted
from campaign.signing.models import Signature, SignatureState
from campaign.signing.validating import Problems


def register(blueprint: Blueprint) -> None:
    """Put these pages under `/<lang>/my-letters/<token>/<public_id>`."""
    letter = "/<lang>/my-letters/<token>/<public_id>"
    blueprint.add_url_rule(f"{letter}/change", view_func=change, methods=["GET", "POST"])
    blueprint.add_url_rule(f"{letter}/withdraw", view_func=withdraw, methods=["GET", "POST"])
    blueprint.add_url_rule(f"{letter}/news", view_func=switch_news, methods=["POST"])
    held = "/<lang>/letter/<token>/change"
    blueprint.add_url_rule(held, view_func=change_held, methods=["GET", "POST"])


@public
def change(lang: str, token: str, public_id: str) -> ResponseReturnValue:
    """The letter with fields where it can be changed, until it is in a bundle."""
    unit = db.session()
    signature = _own(unit, token, public_id)
    changing.refuse_unchangeable(signature)
    if request.method != "POST":
        return _change_page(signature, token, changing.as_posted(signature), {}, 200)
    changed = changing.judge(unit, signature, request.form)
    if "move" in request.form:
        return _change_page(signature, token, changed.posted, {}, 200)
    if changed.sent.form is None:
        problems, status = changed.sent.problems, changed.sent.status
        return _change_page(signature, token, changed.posted, problems, status)
    changing.change(unit, signature, changed.sent.form)
    return _back(lang, token, public_id, changed="1")


@public
def change_held(lang: str, token: str) -> ResponseReturnValue:
    """The same for a letter that was sent back: the link in that mail is its own."""
    unit = db.session()
    signature = confirming.get_by_token(unit, token)
    confirming.refuse_lost(signature, db.utcnow())
    if signature.shown_state is not SignatureState.HELD:
        raise NotFound("letter-link")
    changing.refuse_unchangeable(signature)
    if request.method != "POST":
        return _change_page(signature, token, changing.as_posted(signature), {}, 200, by_link=True)
    changed = changing.judge(unit, signature, request.form)
    if "move" in request.form:
        return _change_page(signature, token, changed.posted, {}, 200, by_link=True)
    if changed.sent.form is None:
        problems, status = changed.sent.problems, changed.sent.status
        return _change_page(signature, token, changed.posted, problems, status, by_link=True)
    changing.change(unit, signature, changed.sent.form)
    return redirect(url_for("following.letter", lang=lang, token=token, changed="1"), 303)


@public
def withdraw(lang: str, token: str, public_id: str) -> ResponseReturnValue:
    """Ask once more; then take the letter back."""
    unit = db.session()
    signature = _own(unit, token, public_id)
    withdrawing.refuse_unwithdrawable(unit, signature)
    if request.method == "POST":
        withdrawing.withdraw(unit, signature, db.utcnow())
        return _back(lang, token, public_id)
    case = case_page(signature.campaign, lang, count=0, now=db.utcnow())
    return page("following/withdraw.html", token=token, signature=signature, case=case)


@public
def switch_news(lang: str, token: str, public_id: str) -> ResponseReturnValue:
    """News of this case by mail, off or on."""
    unit = db.session()
    signature = _own(unit, token, public_id)
    news.switch(unit, signature, on=request.form.get("on") == "1", now=db.utcnow())
    return _back(lang, token, public_id)


def _own(unit: Session, token: str, public_id: str) -> Signature:
    mailbox = links.open_mailbox(unit, token, db.utcnow())
    return links.get_signature(unit, mailbox, public_id)


def _back(lang: str, token: str, public_id: str, **said: str) -> ResponseReturnValue:
    here: dict[str, Any] = {"lang": lang, "token": token, "public_id": public_id, **said}
    return redirect(url_for("following.mine", **here), 303)


def _change_page(
    signature: Signature,
    token: str,
    posted: Posted,
    problems: Problems,
    status: int,
    *,
    by_link: bool = False,
) -> ResponseReturnValue:
    settings: Settings = current_app.extensions["settings"]
    home = settings.organisation_country
    form: Any = SigningForm(posted)
    form.show_problems(problems)
    parts = form.fit_address()
    offered = changing.offered_points(signature, home, posted)
    return page(
        "following/change.html",
        status,
        token=token,
        signature=signature,
        by_link=by_link,
        note=note_for(db.session(), signature),
        case=case_page(signature.campaign, signature.locale, count=0, now=db.utcnow()),
        form=form,
        points=offered,
        parts=parts,
        samples=samples_of(form),
        taken=set(posted.getlist("points")),
        letters=signed_letters(signature, home=home),
        layout=layout_of(signature.campaign, home),
        limit=settings.own_words_limit,
    )
