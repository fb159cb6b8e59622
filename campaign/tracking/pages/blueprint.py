"""Pages of a letter: the blueprint, its PDF, and what cannot be done with a letter."""

from collections.abc import Callable, Sequence

import structlog
from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from campaign.about.what_stays import list_printed_stays
from campaign.core import db, i18n
from campaign.core.errors import Gone, NotFound
from campaign.core.rate_limits import count_from_networks
from campaign.core.settings import current_settings
from campaign.models.signature import Signature
from campaign.printing.problems import LetterRefused
from campaign.public import before_request
from campaign.public.before_request import show_private
from campaign.signing.form.forms import SigningForm
from campaign.signing.form.views import pdf_response
from campaign.signing.letter.draft import Letters, printable, refused_keys
from campaign.signing.signatures_per_mailbox import MailboxShared, SharedMailbox, may_write_again
from campaign.tracking import letter_links
from campaign.tracking.change_or_withdraw import EDITABLE, TooLate, as_posted, offered_points
from campaign.tracking.letter_place import find_kept_letters, say_sheet_went, say_withdrawn
from campaign.tracking.news_subscription import news_readers_in_words
from campaign.tracking.still_here import count_misled, count_told_of
from campaign.web.page import Page, add_lookups, redirect_to
from campaign.web.security import request_networks
from campaign.web.typed_words import TypedWords, list_typed

log = structlog.get_logger()

_OWN_WORDS = {"own_words", "full_text"}  # Either is in the form that changes a letter
_REST = "rest"  # In the query: the letters that can be printed, without the others


class LettersNotPrinted(Page, template="tracking/cannot_print.html"):
    cards: bool
    refused: list[str]
    rest: int  # How many others there are; 0: none can be printed
    rest_url: str


class TooLatePage(Page, template="tracking/too_late.html"):
    problem: str
    cards: bool
    by_hand: bool  # Whether it is a signature on paper, without a letter
    sheet_went: str  # When its sheet went out, or one that counts with the letter
    back: str
    in_list: bool  # Whether that leads to all letters, since this one is gone
    typed: Sequence[TypedWords]  # What the letter does not have


class MailboxSharedPage(Page, template="tracking/mailbox_shared.html"):
    left_empty: bool  # Whether it was sent without the postal code that it asks for
    why: str
    lang: str
    token: str
    public_id: str | None  # Of a letter in My letters, else None
    shared: SharedMailbox


class LettersLinkGone(Page, template="tracking/link_gone.html"):
    expired: bool
    own_words: str  # As they were typed


def pdf_page(letters: Letters, make: Callable[[Letters], bytes], name: str) -> ResponseReturnValue:
    """Return the PDF that `make` gives; where a letter is refused, say so and offer the others."""
    try:
        if _REST in request.args:
            return pdf_response(printable(letters, make), name)
        return pdf_response(make(letters), name)
    except LetterRefused as problem:
        log.warning("letter cannot be printed", reasons=problem.slugs)
        rest = letters.without(refused_keys(problem))
        page = LettersNotPrinted(
            cards=letters.cards,
            refused=[letter.addressee_lines[0] for letter in letters if letter not in rest],
            rest=len(rest) if len(rest) < len(letters) else 0,
            rest_url=f"{request.path}?{_REST}=1",
        )
        return show_private(page, 422)


def mail_letters_link(email: str, lang: str) -> ResponseReturnValue:
    """Mail the link to the letters of an address. What it leads to says nothing of them."""
    session, per_hour = db.session(), current_settings().links_per_hour
    count_from_networks(session, "letters-link", request_networks(), per_hour)
    letter_links.mail_link(session, email=email, locale=lang, now=db.utcnow())
    return redirect_to("privacy.asked", lang=lang)


def init_blueprint(blueprint: Blueprint) -> None:
    before_request.init_blueprint(blueprint)
    blueprint.register_error_handler(TooLate, _too_late)
    blueprint.register_error_handler(MailboxShared, _mailbox_shared)
    blueprint.register_error_handler(Gone, _show_lost_letter)
    blueprint.register_error_handler(NotFound, _show_lost_letter)


def _too_late(problem: TooLate) -> ResponseReturnValue:
    values = request.view_args or {}
    back = ""
    if {"token", "public_id"} <= values.keys():
        back = url_for("privacy.mine", **values)
    elif "token" in values:
        back = url_for("tracking.letter", **values)
    went = ""
    if problem.slug == "letter-handed-over":
        went = say_sheet_went(db.session(), problem.signature)
    return _show_too_late(problem, _list_changed(problem.signature), back, sheet_went=went)


def _show_too_late(
    problem: TooLate | Gone | NotFound,
    typed: Sequence[TypedWords],
    back: str = "",
    *,
    in_list: bool = False,
    sheet_went: str = "",
) -> ResponseReturnValue:
    page = TooLatePage(
        problem=problem.slug,
        cards=bool(problem.data.get("cards")),
        by_hand=bool(problem.data.get("by_hand")),
        sheet_went=sheet_went,
        back=back,
        in_list=in_list,
        typed=typed,
    )
    return show_private(page), problem.status


def _list_changed(signature: Signature | None) -> list[TypedWords]:
    """List what came in the form that changes a letter, but for what the letter says as it is."""
    if not _OWN_WORDS & request.form.keys():
        return []
    kept = as_posted(signature) if signature else MultiDict[str, str]()
    words_typed = [
        words
        for words in list_typed([SigningForm], country=dict(i18n.countries()))
        if words.name in EDITABLE
        and _lines(request.form[words.name]) != _lines(kept.get(words.name, ""))
    ]
    if signature and request.form.getlist("points") != kept.getlist("points"):
        words_typed += _list_points(signature)
    return words_typed


def _list_points(signature: Signature) -> list[TypedWords]:
    """List the points that came in the form, each as the letter would say it."""
    keys = request.form.getlist("points")
    texts = [text for key, _, text in offered_points(signature, request.form) if key in keys]
    cards = signature.campaign.cards
    label = gettext("Points in your card") if cards else gettext("Points in your letter")
    return [TypedWords("points", label, "\n".join(texts))] if texts else []


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def _mailbox_shared(problem: MailboxShared) -> ResponseReturnValue:
    values = request.view_args or {}
    page = MailboxSharedPage(
        left_empty=not request.form.get("postal_code", "-").strip(),
        why=problem.slug,
        lang=values.get("lang", i18n.locale()),
        token=values.get("token", ""),
        public_id=values.get("public_id"),
        shared=problem.shared,
    )
    return show_private(page), problem.status


def _show_lost_letter(problem: Gone | NotFound) -> ResponseReturnValue:
    if problem.slug == "letters-link":
        own_words = before_request.read_own_words()
        page = LettersLinkGone(expired=isinstance(problem, Gone), own_words=own_words)
        return show_private(page), problem.status
    session, ident = db.session(), problem.data.get("signature_id")
    signature = session.get(Signature, ident) if ident else None
    typed = _list_changed(signature)
    if problem.slug == "letter" and request.method == "POST":
        token = str((request.view_args or {}).get("token", ""))
        letters = url_for("privacy.mailbox", lang=i18n.locale(), token=token)
        return _show_too_late(problem, typed, letters, in_list=True)
    if typed:
        return _show_too_late(problem, typed)
    if isinstance(problem, NotFound):
        return before_request.not_found(problem)
    if signature is None:
        not_mine = request.endpoint in {"tracking.not_mine", "tracking.delete_not_mine"}
        return before_request.lost_letter(problem, not_mine=not_mine)
    kept = find_kept_letters(session, [signature])
    return before_request.lost_letter(
        problem,
        again=may_write_again(session, signature, db.utcnow()),
        fate=say_withdrawn(session, signature),
        stays=list_printed_stays(current_settings(), kept),
    )


blueprint = Blueprint("tracking", __name__)
init_blueprint(blueprint)
blueprint.add_app_template_global(news_readers_in_words)
add_lookups(blueprint, count_misled, count_told_of)
