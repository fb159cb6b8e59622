"""What every request to the public pages is held to before a view sees it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as BaseResponse

from campaign.campaigns.closing_reasons import Reasons, SaidText
from campaign.campaigns.lifecycle import takes_signatures
from campaign.core import db, i18n
from campaign.core.errors import Gone, NotFound, Refused, TooMany
from campaign.core.settings import current_settings
from campaign.models.campaign import CampaignStatus
from campaign.public.case_lists import CaseRow, list_others
from campaign.web.error_pages import error_page
from campaign.web.page import Page
from campaign.web.security import private_page, same_origin

_READING = {"GET", "HEAD", "OPTIONS"}
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-[A-Za-z]{2})?")


def init_blueprint(blueprint: Blueprint) -> None:
    blueprint.before_request(same_origin)
    blueprint.before_request(fall_back_to_known_language)
    blueprint.register_error_handler(Refused, _ended)
    blueprint.register_error_handler(Gone, lost_letter)
    blueprint.register_error_handler(NotFound, not_found)
    blueprint.register_error_handler(TooMany, too_many)


def fall_back_to_known_language() -> BaseResponse | None:
    """An address in a language that we do not have leads to the same page in one that we have."""
    values = request.view_args or {}
    lang = values.get("lang", "")
    if request.endpoint is None or not lang or lang in i18n.languages():
        return None
    if request.method not in _READING or not _LANGUAGE_TAG.fullmatch(lang):
        abort(404)
    response = redirect(url_for(request.endpoint, **{**values, "lang": i18n.negotiated()}))
    response.vary.add("Accept-Language")
    return response


def private(response: Response) -> Response:
    """A page with what somebody typed: kept by nobody, found by no search."""
    response.headers["X-Robots-Tag"] = "noindex"
    return private_page(response)


def show_private(page: Page, status: int = 200) -> Response:
    return private(Response(page.html(), status, mimetype="text/html"))


class CaseProblem(Page):
    problem: str
    cards: bool
    status: str
    kind: str
    """Of a stop."""
    reason: SaidText
    case_url: str


class Ended(CaseProblem, template="public/ended.html"):
    slug: str
    typed: bool
    """Whether somebody sent what they typed; a link or "Send the email again" does not."""
    own_words: str
    """Of what was typed: to be copied."""
    signed: bool
    """Whether they had signed before, as the page says that they come from."""
    deleted_on: str
    """When a letter that waits is deleted, or by when; empty where it can still be confirmed."""
    others: Sequence[CaseRow]


class LinkGone(CaseProblem, template="public/link_gone.html"):
    lang: str
    takes_letters: bool
    again: bool
    """Whether who wrote the letter can write another one."""
    fate: str
    """What becomes of a letter that was withdrawn."""
    stays: Sequence[str]
    """What is left of one that was printed before it was deleted."""
    confirm_days: int
    not_mine: bool
    """Whether somebody came to delete a letter that they did not sign."""


def _ended(problem: Refused) -> ResponseReturnValue:
    day, slug = problem.data.get("deleted_on"), str(problem.data.get("slug", ""))
    typed = request.method == "POST" and not request.form.get("again")
    page = Ended(
        **_words_of(problem),
        slug=slug,
        typed=typed,
        own_words=read_own_words() if typed else "",
        signed=bool(problem.data.get("signed") or _has_signed(request.form)),
        deleted_on=i18n.say_date(day) if isinstance(day, date) else "",
        others=list_others(i18n.locale(), slug),
    )
    return show_private(page, problem.status)


def read_own_words() -> str:
    """Return what was typed of one's own in the request's form."""
    return (request.form.get("full_text") or request.form.get("own_words", "")).strip()


def _has_signed(posted: Mapping[str, str]) -> bool:
    """Tell whether a form comes from the page after signing. Looked up, it would tell of others."""
    return bool(posted.get("again") or posted.get("replaces"))


def lost_letter(
    problem: Gone | NotFound,
    *,
    again: bool = False,
    fate: str = "",
    stays: Sequence[str] = (),
    not_mine: bool = False,
) -> ResponseReturnValue:
    day, status = problem.data.get("act_by"), str(problem.data.get("status", ""))
    act_by = day if isinstance(day, date) else None
    page = LinkGone(
        **_words_of(problem),
        lang=_lang(),
        takes_letters=bool(status)
        and takes_signatures(CampaignStatus(status), act_by, db.utcnow()),
        again=again,
        fate=fate,
        stays=stays,
        confirm_days=current_settings().confirm_days,
        not_mine=not_mine,
    )
    return show_private(page, problem.status)


def not_found(problem: NotFound) -> ResponseReturnValue:
    if problem.slug == "letter-link":
        return lost_letter(problem)
    return error_page(404).html(), problem.status


def too_many(problem: TooMany) -> ResponseReturnValue:
    status = 503 if problem.slug == "busy" else problem.status
    page = error_page(status, problem.slug, seconds=problem.seconds).html()
    return page, status, {"Retry-After": str(problem.seconds)}


def _words_of(problem: Refused | Gone | NotFound) -> dict[str, Any]:
    slug, reasons = str(problem.data.get("slug", "")), problem.data.get("reasons")
    told = reasons if isinstance(reasons, Reasons) else None
    return {
        "problem": problem.slug,
        "cards": bool(problem.data.get("cards")),
        "status": str(problem.data.get("status", "")),
        "kind": told.kind.value if told else "",
        "reason": told.said_in(i18n.locale()) if told else SaidText(),
        "case_url": url_for("public.case", lang=_lang(), slug=slug) if slug else "",
    }


def _lang() -> str:
    return str((request.view_args or {}).get("lang", i18n.locale()))
