"""What cannot be done with a letter any more, and pages that say so."""

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from campaign.core import i18n
from campaign.core.errors import Gone, NotFound, Refused
from campaign.public.pages import before_request
from campaign.signing.mailbox_limit import MailboxShared


class TooLate(Refused):
    """The letter has gone too far for that. Data: `cards`, whether it is a card.

    Slugs: `letter-frozen`, `letter-handed-over`, `letter-stopped`, `letter-ended`.
    """


def register(blueprint: Blueprint) -> None:
    """Put the checks of public pages on a blueprint, and these pages of its failures."""
    before_request.init_blueprint(blueprint)
    blueprint.register_error_handler(TooLate, _too_late)
    blueprint.register_error_handler(MailboxShared, _mailbox_shared)
    blueprint.register_error_handler(Gone, _gone)
    blueprint.register_error_handler(NotFound, _not_found)


def _too_late(problem: TooLate) -> ResponseReturnValue:
    values = request.view_args or {}
    back = ""
    if {"token", "public_id"} <= values.keys():
        back = url_for("privacy.mine", **values)
    cards = bool(problem.data.get("cards"))
    page = _page("tracking/too_late.html", problem=problem.slug, cards=cards, back=back)
    return page, problem.status


def _mailbox_shared(problem: MailboxShared) -> ResponseReturnValue:
    values = request.view_args or {}
    facts = {**problem.data, "token": values.get("token", ""), "public_id": values.get("public_id")}
    return _page("tracking/mailbox_shared.html", why=problem.slug, **facts), problem.status


def _gone(problem: Gone) -> ResponseReturnValue:
    if problem.slug == "letters-link":
        return _page("tracking/link_gone.html", expired=True), problem.status
    return before_request.lost_letter(problem)


def _not_found(problem: NotFound) -> ResponseReturnValue:
    if problem.slug == "letters-link":
        return _page("tracking/link_gone.html", expired=False), problem.status
    return before_request.not_found(problem)


def _page(template: str, **words: object) -> Response:
    lang = (request.view_args or {}).get("lang", i18n.locale())
    page = render_template(template, lang=lang, **words)
    return before_request.private(Response(page, mimetype="text/html"))
