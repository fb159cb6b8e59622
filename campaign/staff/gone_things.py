"""A form of the desk whose thing a colleague has deleted meanwhile: what was typed is not lost.

Each guard (`desk_access.guard`) answers so. The page says no more than that the thing is not here:
whether there is one that this person may not know of, it does not tell.
"""

from collections.abc import Mapping, Sequence

from flask import Blueprint, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from campaign.core import db
from campaign.core.errors import NotFound, Refused
from campaign.web.error_pages import answer_error, answer_expected
from campaign.web.page import Page, redirect_to
from campaign.web.typed_words import TypedWords, list_forms, list_typed


class GoneThing(Page, template="staff/gone_thing.html"):
    is_file: bool  # whether the file storage lacks a file
    typed: Sequence[TypedWords]
    has_file: bool
    list_url: str
    """Of the list where it was, or the desk's first page."""


def show_gone(problem: NotFound | HTTPException) -> ResponseReturnValue:
    if request.method != "POST" or g.get("kept_out"):
        return answer_expected(problem) if isinstance(problem, NotFound) else answer_error(problem)
    db.session().rollback()
    g.locale = current_user.locale
    page = GoneThing(
        is_file=isinstance(problem, NotFound) and problem.slug == "file",
        typed=_list_typed(),
        has_file=any(file.filename for file in request.files.values()),
        list_url=_find_list(),
    )
    return page.html(), 404


def lead_to_others(blueprint: Blueprint, sentences: Mapping[str, object]) -> None:
    """Lead whoever presses a button of what a colleague has deleted to what is left, at `.index`.

    `sentences` says so, by the slug of NotFound or Refused. What was typed stays on a page.
    """

    def answer(problem: NotFound | Refused) -> ResponseReturnValue:
        if request.method == "POST" and problem.slug in sentences and not _list_typed():
            db.session().rollback()
            return redirect_to(".index", str(sentences[problem.slug]), "error")
        return show_gone(problem) if isinstance(problem, NotFound) else answer_expected(problem)

    blueprint.register_error_handler(NotFound, answer)
    blueprint.register_error_handler(Refused, answer)


def match_page(path: str) -> Mapping[str, object] | None:
    """Return the variable parts of the address of a page; None where there is no page."""
    try:
        return current_app.url_map.bind("").match(path, method="GET")[1]
    except (HTTPException, RequestRedirect):
        return None


def _list_typed() -> list[TypedWords]:
    view = current_app.view_functions[str(request.endpoint)]
    return list_typed(list_forms(".".join(view.__module__.split(".")[:2])))


def _find_list() -> str:
    """Return the nearest page above the thing that is not of one thing."""
    path = request.path.rstrip("/")
    while path := path.rpartition("/")[0]:
        for address in (f"{path}/", path):
            if match_page(address) == {}:
                return address
    return "/desk/"
