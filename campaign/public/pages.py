"""The public pages that only read: for everybody, the same for everyone, without a cookie."""

from collections.abc import Callable, Mapping, Sequence

from flask import Blueprint, Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.closing_reasons import reasons_of
from campaign.campaigns.content.pictures import mimetype_of, read_public
from campaign.campaigns.find_campaigns import find_public_campaign
from campaign.campaigns.lifecycle import takes_signatures
from campaign.campaigns.public_counts import count_on_paper, count_sent_by_self, last_count
from campaign.core import db, i18n
from campaign.core.asset_paths import folder
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import current_settings
from campaign.core.text.desk_texts import group_code
from campaign.models.bundle import CAME_BACK, Bundle, BundlePrint, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.printing.geometry import Paper
from campaign.public import before_request, feeds, printables, share_links
from campaign.public.case_lists import (
    CaseRow,
    Wish,
    archive_page,
    home_page,
    list_others,
    updates_page,
)
from campaign.public.case_page import CasePage, CasePicture, CheckCode, case_page
from campaign.public.page_cache import MAX_AGE, Made, PageCache, page_cache
from campaign.public.printables import Handout
from campaign.public.share_links import Share, clean_source, with_source
from campaign.web import compress
from campaign.web.page import Page
from campaign.web.security import FOR_ALL_SITES, framed_by, origins_of, public

blueprint = Blueprint("public", __name__)
before_request.init_blueprint(blueprint)
blueprint.record_once(lambda state: state.app.extensions.setdefault("page_cache", PageCache()))
blueprint.add_app_template_global(printables.small_sheets, "small_sheets")

_CASE = "/<lang>/actions/<slug>"
_HOUR, _DAY = 3600, 86_400


class ShowCase(Page, template="public/case.html"):
    case: CasePage
    share: Share
    others: Sequence[CaseRow]
    picture_url: Callable[[CasePicture], str]


class OutcomePage(Page, template="public/outcome.html"):
    case: CasePage


class Embed(Page, template="public/embed.html"):
    case: CasePage
    origins: str
    """Of the sites that may frame it, with spaces between."""


class Badge(Page, template="public/badge.svg"):
    case: CasePage
    colour: str


@blueprint.teardown_app_request
def _show_changes_at_once(_problem: BaseException | None) -> None:
    """What the desk has changed is on the public page when its author looks there next.

    Once a request has ended it is committed, and no answer is sent yet.
    """
    if db.has_committed() and request.blueprint not in {"signing", "tracking", "privacy", "osdi"}:
        page_cache().recheck_now()


@blueprint.get("/")
@public
def index() -> ResponseReturnValue:
    response = redirect(url_for("public.home", lang=i18n.negotiated()))
    response.vary.add("Accept-Language")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.get("/<lang>/")
@public
def home(lang: str) -> ResponseReturnValue:
    wish = Wish.of(request.args)
    return _serve_list("home", lang, lambda: home_page(lang, wish), wish.arguments())


@blueprint.get("/<lang>/archive")
@public
def archive(lang: str) -> ResponseReturnValue:
    wish = Wish.of(request.args)
    return _serve_list("archive", lang, lambda: archive_page(lang, wish), wish.arguments())


@blueprint.get("/<lang>/updates")
@public
def updates(lang: str) -> ResponseReturnValue:
    page = Wish.of(request.args).page
    query = {"page": page} if page > 1 else {}
    return _serve_list("updates", lang, lambda: updates_page(lang, page), query)


def _serve_list(
    name: str, lang: str, make: Callable[[], Page], query: Mapping[str, object]
) -> Response:
    """The page from memory; with a `query` of the reader's anew: there are too many to keep."""
    if not query:
        return page_cache().serve((name, lang), lambda: make().html())
    g.language_query = query
    response = Response(make().html(), mimetype="text/html")
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return compress.compress(response)


@blueprint.get("/<lang>/feed.xml")
@public
def feed(lang: str) -> ResponseReturnValue:
    return page_cache().serve(("feed", lang), lambda: feeds.atom_feed(lang))


@blueprint.get("/<lang>/feed.json")
@public
def json_feed(lang: str) -> ResponseReturnValue:
    return page_cache().serve(("feed-json", lang), lambda: feeds.json_feed(lang))


@blueprint.get(f"{_CASE}/feed.xml")
@public
def case_feed(lang: str, slug: str) -> ResponseReturnValue:
    return page_cache().serve(("feed", lang, slug), lambda: feeds.atom_feed(lang, slug))


@blueprint.get(f"{_CASE}/feed.json")
@public
def case_json_feed(lang: str, slug: str) -> ResponseReturnValue:
    return page_cache().serve(("feed-json", lang, slug), lambda: feeds.json_feed(lang, slug))


@blueprint.get("/sitemap.xml")
@public
def sitemap() -> ResponseReturnValue:
    return page_cache().serve(("sitemap",), feeds.sitemap)


@blueprint.get("/robots.txt")
@public
def robots() -> ResponseReturnValue:
    return page_cache().serve(("robots",), feeds.robots)


@blueprint.get("/<lang>/actions")
@blueprint.get("/<lang>/actions/")
@public
def actions(lang: str) -> ResponseReturnValue:
    """Lead on to the first page, which lists them."""
    return redirect(url_for("public.home", lang=lang), 301)


@blueprint.get(_CASE)
@public
def case(lang: str, slug: str) -> ResponseReturnValue:
    """One case. What led here (`from`) goes on with the link to the letter; nothing keeps it."""
    return _serve_case("case", lang, slug, _render_case)


@blueprint.get(f"{_CASE}/embed")
@public
def embed(lang: str, slug: str) -> ResponseReturnValue:
    """The form for a frame on a partner's page: only for the hosts that the campaign names."""
    return _serve_case("embed", lang, slug, _render_embed)


@blueprint.get("/embed.js")
@public
def embed_script() -> ResponseReturnValue:
    """What puts that frame on a partner's page. Its address stays: it stands on pages of others."""
    return page_cache().serve(("embed.js",), _make_embed_script)


def _make_embed_script() -> Made:
    script = (folder("static") / "js" / "embed.js").read_text("utf-8")
    return for_all(script.replace("$languages", " ".join(i18n.languages())), "text/javascript")


@blueprint.get(f"{_CASE}/badge.svg")
@public
def badge(lang: str, slug: str) -> ResponseReturnValue:
    """How many have written, as a picture for other sites."""

    def make() -> Made:
        case, colour = page_of(get_campaign(slug), lang), current_settings().accent
        return for_all(Badge(case=case, colour=colour).html(), "image/svg+xml")

    return page_cache().serve(("badge", lang, slug), make)


def for_all(body: str, mimetype: str) -> Made:
    return Made(body, mimetype, tuple(FOR_ALL_SITES.items()))


def _serve_case(
    name: str, lang: str, slug: str, render: Callable[[str, str], str | Made]
) -> Response:
    source = clean_source(request.args.get("from", ""))

    def add_source(page: bytes) -> bytes:
        return with_source(page, url_for("signing.write", lang=lang, slug=slug), source)

    return page_cache().serve(
        (name, lang, slug), lambda: render(lang, slug), add_source if source else None
    )


def _render_case(lang: str, slug: str) -> str:
    campaign = get_campaign(slug)
    case = page_of(campaign, lang)
    return ShowCase(
        case=case,
        share=share_links.share_of(campaign, case, lang),
        others=() if case.takes_letters else list_others(lang, slug),
        picture_url=lambda picture: url_for("public.picture", name=picture.name),
    ).html()


def _render_embed(lang: str, slug: str) -> Made:
    """A case in a few lines. Raises NotFound: no such case, a draft, or nobody may embed it."""
    campaign = get_campaign(slug)
    if not campaign.embed_hosts:
        raise NotFound("embed")
    page = Embed(case=page_of(campaign, lang), origins=origins_of(campaign.embed_hosts))
    return Made(page.html(), headers=tuple(framed_by(campaign.embed_hosts).items()))


@blueprint.get(f"{_CASE}/outcome")
@public
def outcome(lang: str, slug: str) -> ResponseReturnValue:
    def render() -> str:
        case = page_of(get_campaign(slug), lang)
        if not case.outcome.text:
            raise NotFound("outcome", slug=slug)
        return OutcomePage(case=case).html()

    return page_cache().serve(("outcome", lang, slug), render)


@blueprint.get(f"{_CASE}/share.png")
@public
def share_picture(lang: str, slug: str) -> ResponseReturnValue:
    picture = printables.share_picture(page_of(get_campaign(slug), lang), lang)
    response = _send(picture, "image/png", _DAY)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blueprint.get(f"{_CASE}/poster.pdf")
@public
def poster(lang: str, slug: str) -> ResponseReturnValue:
    return _send_printed(printables.poster, lang, slug, "poster")


@blueprint.get(f"{_CASE}/sheet.pdf")
@public
def sheet(lang: str, slug: str) -> ResponseReturnValue:
    return _send_printed(printables.sign_on_sheet, lang, slug, "sheet")


@blueprint.get(f"{_CASE}/by-hand.pdf")
@public
def by_hand(lang: str, slug: str) -> ResponseReturnValue:
    return _send_printed(printables.by_hand, lang, slug, "by-hand")


def _send_printed(
    make: Callable[[Campaign, CasePage, str, Paper], Handout], lang: str, slug: str, name: str
) -> Response:
    paper = printables.paper_named(request.args.get("paper", ""))
    campaign = _get_open_campaign(slug)
    handout = make(campaign, page_of(campaign, lang), lang, paper)
    return _send(handout, "application/pdf", _HOUR, f"{slug}-{name}-{lang}-{paper.slug}.pdf")


@blueprint.get(f"{_CASE}/deadline.ics")
@public
def deadline(lang: str, slug: str) -> ResponseReturnValue:
    campaign = _get_open_campaign(slug)
    if campaign.act_by is None:
        raise NotFound("deadline")
    title, text = share_links.calendar_words(page_of(campaign, lang))
    body = feeds.deadline_ics(
        uid=f"{campaign.public_id}@{current_settings().host}",
        day=campaign.act_by,
        title=title,
        text=text,
        url=share_links.whole_url("public.case", lang=lang, slug=slug),
        changed_at=campaign.changed_at,
        lang=lang,
    )
    response = Response(body, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}.ics"'
    response.headers["Cache-Control"] = f"public, max-age={_HOUR}"
    return response


@blueprint.get("/pictures/<name>")
@public
def picture(name: str) -> ResponseReturnValue:
    with db.reading() as session:
        body = read_public(session, name)
    return _send(Handout(body, name.partition("-")[0]), mimetype_of(name), _DAY)


def get_campaign(slug: str) -> Campaign:
    campaign = find_public_campaign(db.session(), slug)
    if campaign is None:
        raise NotFound("campaign")
    return campaign


def _get_open_campaign(slug: str) -> Campaign:
    """One that takes letters: a poster for another would lead people nowhere, or do harm."""
    campaign = get_campaign(slug)
    if not takes_signatures(campaign.status, campaign.act_by, db.utcnow()):
        raise Refused(
            "campaign-ended",
            slug=slug,
            cards=campaign.cards,
            status=campaign.status.value,
            reasons=reasons_of(campaign),
        )
    return campaign


def page_of(campaign: Campaign, lang: str) -> CasePage:
    session = db.session()
    return case_page(
        campaign,
        lang,
        count=last_count(session, campaign)[1],
        now=db.utcnow(),
        sent_by_self=count_sent_by_self(session, campaign),
        on_paper=count_on_paper(session, campaign),
        check_codes=list_check_codes(session, campaign),
    )


def _send(handout: Handout, kind: str, seconds: int, name: str = "") -> Response:
    response = Response(handout.body, mimetype=kind)
    if name:
        response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.set_etag(handout.etag)
    response.make_conditional(request)
    return response


_NOT_DELIVERED = CAME_BACK | {DeliveryOutcome.STOPPED}


def list_check_codes(session: Session, campaign: Campaign) -> dict[int, CheckCode]:
    """List what is on the papers of deliveries that are published, by the post's id."""
    rows = session.execute(
        select(DeliveryAttempt.update_id, BundlePrint.letters, BundlePrint.check_code)
        .join(Bundle, Bundle.id == DeliveryAttempt.bundle_id)
        .join(
            BundlePrint,
            (BundlePrint.bundle_id == Bundle.id) & (BundlePrint.zip_sha256 == Bundle.zip_sha256),
        )
        .where(
            DeliveryAttempt.campaign_id == campaign.id,
            DeliveryAttempt.update_id.is_not(None),
            DeliveryAttempt.outcome.not_in(_NOT_DELIVERED),
            BundlePrint.check_code.is_not(None),
        )
    )
    return {
        update_id: CheckCode(letters, group_code(code or ""))
        for update_id, letters, code in rows
        if update_id is not None
    }
