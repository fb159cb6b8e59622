"""The public API: actions as JSON, oEmbed, and what the whole API is. It takes no token.

Any page of the web may read it. Answers come from memory, as the pages do. A query that is not
understood is a 400 that says which part, as a problem of RFC 9457.
"""

import json
import re
from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from campaign.api.action_json import Json, describe_action, describe_row
from campaign.api.http_errors import answer_errors, describe_status
from campaign.api.openapi import describe_api
from campaign.core import i18n
from campaign.core.errors import BadQuery, DomainError, NotFound
from campaign.core.settings import current_settings
from campaign.core.text.desk_texts import read_number
from campaign.public.case_lists import current_board, cut_page
from campaign.public.page_cache import MAX_AGE, page_cache
from campaign.public.pages import for_all, get_campaign, page_of
from campaign.public.share_links import whole_url
from campaign.web.page import Page
from campaign.web.security import FOR_ALL_SITES, public

blueprint = Blueprint("api", __name__, url_prefix="/api")

_PER_PAGE = 50
_STATES = {"open": "current", "ended": "ended"}
_WIDTH, _HEIGHT = 600, 480
"""Pixels of a frame whose page asks for no other size."""


@blueprint.get("/")
@public
def index() -> ResponseReturnValue:
    return _serve(("api",), _describe_api)


@blueprint.get("/actions")
@public
def list_actions() -> ResponseReturnValue:
    """Actions in pages of 50: `status` open (the nearest deadline first) or ended, in `lang`."""
    _refuse_unknown({"lang", "status", "page"})
    lang, status, page = _read_lang(), _read_choice("status", tuple(_STATES)), _read_page()
    key = ("api-actions", lang, status, str(page))
    return _serve(key, lambda: _describe_list(lang, status, page))


@blueprint.get("/actions/<slug>")
@public
def show_action(slug: str) -> ResponseReturnValue:
    _refuse_unknown({"lang"})
    lang = _read_lang()

    def make() -> Json:
        campaign = get_campaign(slug)
        return describe_action(campaign, page_of(campaign, lang), lang)

    return _serve(("api-action", lang, slug), make)


@blueprint.get("/oembed")
@public
def oembed() -> ResponseReturnValue:
    """What shows an action on another page (oembed.com): its frame where it may be framed."""
    if request.args.get("format", "json") != "json":
        return _problem(501, "Not implemented", "format must be json.")
    if not request.args.get("url"):
        raise BadQuery("url must be the address of the page of an action.")
    lang, slug = _read_address(request.args["url"])
    g.locale = lang
    width = _read_pixels("maxwidth", _WIDTH)
    height = _read_pixels("maxheight", _HEIGHT)
    campaign = get_campaign(slug)
    case, site = page_of(campaign, lang), current_settings()
    shown: Json = {
        "version": "1.0",
        "type": "link",
        "title": case.title,
        "provider_name": site.organisation_name,
        "provider_url": site.base_url,
        "cache_age": 3600,
    }
    if campaign.embed_hosts:
        frame = whole_url("public.embed", lang=lang, slug=slug)
        shown |= {
            "type": "rich",
            "width": width,
            "height": height,
            "html": f'<iframe src="{escape(frame)}" title="{escape(case.title)}" width="{width}" '
            f'height="{height}" frameborder="0" loading="lazy" style="max-width:100%"></iframe>',
        }
    response = _answer(shown)
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return response


@blueprint.get("/openapi.json")
@public
def show_openapi() -> ResponseReturnValue:
    return _serve(("openapi",), describe_api)


class ShowDocs(Page, template="api/docs.html"):
    document: Json
    indent: Callable[[object], str]


@blueprint.get("/docs")
@public
def show_docs() -> ResponseReturnValue:
    """The same for people; in English, as all that programs are told."""

    def make() -> str:
        g.locale = "en"
        page = ShowDocs(
            document=describe_api(), indent=partial(json.dumps, ensure_ascii=False, indent=2)
        )
        return page.html()

    return page_cache().serve(("api-docs",), make)


def _describe_api() -> Json:
    site = current_settings()
    return {
        "name": site.organisation_name,
        "languages": list(i18n.languages()),
        "actions": whole_url("api.list_actions"),
        "oembed": whole_url("api.oembed"),
        "osdi": whole_url("osdi.index"),
        "openapi": whole_url("api.show_openapi"),
        "docs": whole_url("api.show_docs"),
        "feeds": {
            code: {
                "atom": whole_url("public.feed", lang=code),
                "json": whole_url("public.json_feed", lang=code),
            }
            for code in i18n.languages()
        },
    }


def _describe_list(lang: str, status: str, page: int) -> Json:
    rows = getattr(current_board(lang), _STATES[status])
    listed, pages = cut_page(rows, page, _PER_PAGE)

    def link(number: int) -> str | None:
        if not 1 <= number <= pages:
            return None
        return whole_url("api.list_actions", lang=lang, status=status, page=number)

    return {
        "language": lang,
        "status": status,
        "total": len(rows),
        "page": page,
        "pages": pages,
        "next": link(page + 1),
        "previous": link(page - 1),
        "actions": [describe_row(row, lang) for row in listed],
    }


def _refuse_unknown(known: set[str]) -> None:
    for name in request.args:
        if name not in known:
            raise BadQuery(f"The query must be made of {', '.join(sorted(known))}.")
        if len(request.args.getlist(name)) > 1:
            raise BadQuery(f"{name} must be given once.")


def _read_lang() -> str:
    """Return `lang`, which is also that of our own words in the answer."""
    g.locale = _read_choice("lang", tuple(i18n.languages()))
    return str(g.locale)


def _read_choice(name: str, choices: tuple[str, ...]) -> str:
    value = request.args.get(name, choices[0])
    if value not in choices:
        raise BadQuery(f"{name} must be one of {', '.join(choices)}.")
    return value


def _read_page() -> int:
    number = read_number(request.args.get("page", "1"), 5)
    if not number:
        raise BadQuery("page must be a number from 1.")
    return number


def _read_pixels(name: str, usual: int) -> int:
    number = read_number(request.args.get(name) or str(usual), 5)
    if number is None:
        raise BadQuery(f"{name} must be a number of pixels.")
    return max(200, min(usual, number))


def _read_address(address: str) -> tuple[str, str]:
    """Return language and slug of a case page of ours. Raises NotFound."""
    base = current_settings().base_url.rstrip("/")
    path = re.split("[?#]", address.removeprefix(base))[0]
    if path == address:
        raise NotFound("url")
    try:
        endpoint, values = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        raise NotFound("url") from None
    if endpoint != "public.case" or values["lang"] not in i18n.languages():
        raise NotFound("url")
    return str(values["lang"]), str(values["slug"])


def _serve(key: tuple[str, ...], make: Callable[[], Json]) -> Response:
    return page_cache().serve(key, lambda: for_all(_dump(make()), "application/json"))


def _answer(body: Json, status: int = 200, kind: str = "application/json") -> Response:
    return Response(_dump(body), status, headers=FOR_ALL_SITES, mimetype=kind)


def _dump(body: Json) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _problem(status: int, title: str, detail: str) -> Response:
    body: Json = {"type": "about:blank", "status": status, "title": title, "detail": detail}
    response = _answer(body, status, "application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.errorhandler(BadQuery)
def _bad_query(problem: BadQuery) -> Response:
    return _problem(400, "Bad request", str(problem))


@blueprint.errorhandler(DomainError)
def _expected(problem: DomainError) -> Response:
    if problem.status == NotFound.status:
        return _problem(problem.status, "Not found", "There is no such action or page of a list.")
    return _problem(problem.status, *describe_status(problem.status))


answer_errors(blueprint, _problem, but="/api/osdi/")
