"""What carries a case further: picture, poster, sheet, calendar entry, frame, pictures of posts.

The form for a frame on a partner's page: only for the hosts that the campaign names.
"""

from collections.abc import Callable

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from campaign.campaigns.closing_reasons import reasons_of
from campaign.campaigns.content.pictures import read_public
from campaign.campaigns.lifecycle import takes_signatures
from campaign.core import db
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.printing.geometry import Paper
from campaign.public import feeds, printables
from campaign.public.case_page import CasePage
from campaign.public.page_cache import Made, page_cache
from campaign.public.pages import cached_pages
from campaign.public.printables import Handout
from campaign.public.referrers import clean_source, with_source
from campaign.public.share_links import calendar_words, whole_url
from campaign.web.page import Page
from campaign.web.security import framed_by, public

_HOUR, _DAY = 3600, 86_400


class Embed(Page, template="public/embed.html"):
    case: CasePage


def register(blueprint: Blueprint) -> None:
    case = "/<lang>/actions/<slug>"
    blueprint.add_url_rule(f"{case}/share.png", view_func=share_picture)
    blueprint.add_url_rule(f"{case}/poster.pdf", view_func=poster)
    blueprint.add_url_rule(f"{case}/sheet.pdf", view_func=sheet)
    blueprint.add_url_rule(f"{case}/by-hand.pdf", view_func=by_hand)
    blueprint.add_url_rule(f"{case}/deadline.ics", view_func=deadline)
    blueprint.add_url_rule(f"{case}/embed", view_func=embed)
    blueprint.add_url_rule("/pictures/<name>", view_func=picture)
    blueprint.add_app_template_global(printables.small_sheets, "small_sheets")


@public
def share_picture(lang: str, slug: str) -> ResponseReturnValue:
    picture = printables.share_picture(cached_pages.public_case(lang, slug), lang)
    response = _file(picture, "image/png", _DAY)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@public
def poster(lang: str, slug: str) -> ResponseReturnValue:
    return _printed(printables.poster, lang, slug, "poster")


@public
def sheet(lang: str, slug: str) -> ResponseReturnValue:
    return _printed(printables.sign_on_sheet, lang, slug, "sheet")


@public
def by_hand(lang: str, slug: str) -> ResponseReturnValue:
    return _printed(printables.by_hand, lang, slug, "by-hand")


def _printed(
    make: Callable[[Campaign, CasePage, str, Paper], Handout], lang: str, slug: str, name: str
) -> Response:
    paper = printables.paper_named(request.args.get("paper", ""))
    campaign, case = _open_case(lang, slug)
    handout = make(campaign, case, lang, paper)
    return _file(handout, "application/pdf", _HOUR, f"{slug}-{name}-{lang}-{paper.slug}.pdf")


@public
def deadline(lang: str, slug: str) -> ResponseReturnValue:
    campaign, case = _open_case(lang, slug)
    if campaign.act_by is None:
        raise NotFound("deadline")
    title, text = calendar_words(case)
    body = feeds.deadline_ics(
        uid=f"{campaign.public_id}@{current_settings().host}",
        day=campaign.act_by,
        title=title,
        text=text,
        url=whole_url("public.case", lang=lang, slug=slug),
        changed_at=campaign.changed_at,
        lang=lang,
    )
    response = Response(body, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}.ics"'
    response.headers["Cache-Control"] = f"public, max-age={_HOUR}"
    return response


@public
def embed(lang: str, slug: str) -> ResponseReturnValue:
    link = url_for("signing.write", lang=lang, slug=slug)
    source = clean_source(request.args.get("from", ""))
    return page_cache().serve(
        ("embed", lang, slug),
        lambda: render_embed(lang, slug),
        (lambda page: with_source(page, link, source)) if source else None,
    )


@public
def picture(name: str) -> ResponseReturnValue:
    with db.reading() as session:
        body = read_public(session, name)
    return _file(Handout(body, name.partition("-")[0]), "image/jpeg", _DAY)


def _open_case(lang: str, slug: str) -> tuple[Campaign, CasePage]:
    """A case that takes letters: a poster for another would lead people nowhere, or do harm."""
    campaign = cached_pages.public_campaign(slug)
    if not takes_signatures(campaign.status, campaign.act_by, db.utcnow()):
        status, reasons = campaign.status.value, reasons_of(campaign)
        cards = campaign.cards
        raise Refused("campaign-ended", slug=slug, cards=cards, status=status, reasons=reasons)
    return campaign, cached_pages.public_case(lang, slug)


def _file(handout: Handout, kind: str, seconds: int, name: str = "") -> Response:
    response = Response(handout.body, mimetype=kind)
    if name:
        response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.set_etag(handout.etag)
    response.make_conditional(request)
    return response


def render_embed(lang: str, slug: str) -> Made:
    """A case in a few lines, with a field for own words that opens the letter on our own site.

    Raises NotFound: no such case, a draft, or nobody may embed it.
    """
    campaign = cached_pages.public_campaign(slug)
    if not campaign.embed_hosts:
        raise NotFound("embed")
    page = Embed(case=cached_pages.public_case(lang, slug))
    return Made(page.html(), headers=tuple(framed_by(campaign.embed_hosts).items()))
