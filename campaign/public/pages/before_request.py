"""What every request to the public pages is held to before a view sees it."""

import re
from datetime import date

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as BaseResponse

from campaign.campaigns.closing_reasons import Reasons, Said
from campaign.campaigns.lifecycle import takes_signatures
from campaign.core import db, i18n
from campaign.core.errors import Gone, NotFound, Refused, TooMany
from campaign.core.settings import current_settings
from campaign.models.campaign import CampaignStatus
from campaign.public import home
from campaign.web.page import Page
from campaign.web.security import private_page, same_origin

_READING = {"GET", "HEAD", "OPTIONS"}
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-[A-Za-z]{2})?")


def init_blueprint(blueprint: Blueprint) -> None:
    """Put the checks and the pages of failures on the public blueprint."""
    blueprint.before_request(same_origin)
    blueprint.before_request(fall_back_to_known_language)
    blueprint.register_error_handler(Refused, _ended)
    blueprint.register_error_handler(Gone, lost_letter)
    blueprint.register_error_handler(NotFound, not_found)
    blueprint.register_error_handler(TooMany, _too_many)


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


def _ended(problem: Refused) -> ResponseReturnValue:
    # Only a form that was sent brings what somebody typed; a link or a poster does not.
    words = _case_words(problem) | {"typed": request.method == "POST"}
    if isinstance(day := problem.data.get("deleted_on"), date):
        words["deleted_on"] = i18n.say_date(day)
    words["others"] = home.others(i18n.locale())
    return _page("public/ended.html", problem, **words), problem.status


def lost_letter(problem: Gone) -> ResponseReturnValue:
    """A page that says why a link opens no letter any more, and what to do."""
    return _page("public/link_gone.html", problem, **_case_words(problem)), problem.status


def _case_words(problem: Refused | Gone) -> dict[str, object]:
    """How the case stands: whether it takes letters now and, if not, why."""
    status, reasons = str(problem.data.get("status", "")), problem.data.get("reasons")
    words: dict[str, object] = {"status": status, "kind": "", "reason": Said()}
    if isinstance(reasons, Reasons):
        words |= {"kind": reasons.kind.value, "reason": reasons.said_in(i18n.locale())}
    day = problem.data.get("act_by")
    act_by = day if isinstance(day, date) else None
    open_now = bool(status) and takes_signatures(CampaignStatus(status), act_by, db.utcnow())
    return words | {"takes_letters": open_now}


def not_found(problem: NotFound) -> ResponseReturnValue:
    """A page that says that a link never opened one, or that there is no such page."""
    if problem.slug == "letter-link":
        return _page("public/link_gone.html", problem), problem.status
    return render_template("errors/404.html", slug=problem.slug, data=problem.data), problem.status


def _too_many(problem: TooMany) -> ResponseReturnValue:
    status = 503 if problem.slug == "busy" else problem.status
    page = render_template(f"errors/{status}.html", slug=problem.slug, data=problem.data)
    return page, status, {"Retry-After": str(problem.seconds)}


def _page(template: str, problem: Refused | Gone | NotFound, **words: object) -> Response:
    lang = (request.view_args or {}).get("lang", i18n.locale())
    slug = str(problem.data.get("slug", ""))
    return private(
        Response(
            render_template(
                template,
                problem=problem.slug,
                cards=bool(problem.data.get("cards")),
                lang=lang,
                confirm_days=current_settings().confirm_days,
                slug=slug,
                **words,
                case_url=url_for("public.case", lang=lang, slug=slug) if slug else "",
            ),
            mimetype="text/html",
        )
    )
