"""The pages that are kept in memory, rendered."""

from typing import Any

from flask import render_template

from campaign.campaigns.campaigns import find_public_campaign
from campaign.campaigns.public_counts import count_now, on_paper, sent_by_self
from campaign.core import db
from campaign.core.errors import NotFound
from campaign.models.campaign import Campaign
from campaign.public import home, share_links
from campaign.public.case_page import CasePage, case_page
from campaign.public.home import Wish


def render_home(lang: str, wish: Wish) -> str:
    """The first page, or what a reader filters and searches for. Raises NotFound."""
    return _list("public/home.html", home.home_page(lang, wish))


def render_archive(lang: str, wish: Wish) -> str:
    """The cases that have ended. Raises NotFound."""
    return _list("public/archive.html", home.archive_page(lang, wish))


def render_updates(lang: str, page: int) -> str:
    """What has come of all cases. Raises NotFound."""
    return _list("public/updates.html", home.updates_page(lang, page))


def render_case(lang: str, slug: str) -> str:
    """A case. Raises NotFound."""
    campaign = public_campaign(slug)
    case = _page_of(campaign, lang)
    share = share_links.share_of(campaign, case, lang)
    others = () if case.takes_letters else home.others(lang)
    return render_template("public/case.html", case=case, share=share, others=others)


def render_outcome(lang: str, slug: str) -> str:
    """How a case ended. Raises NotFound where there is nothing to tell."""
    case = public_case(lang, slug)
    if not case.outcome:
        raise NotFound("outcome", slug=slug)
    return render_template("public/outcome.html", case=case)


def public_case(lang: str, slug: str) -> CasePage:
    """What the page of a public case shows. Raises NotFound."""
    return _page_of(public_campaign(slug), lang)


def public_campaign(slug: str) -> Campaign:
    """A campaign that everybody may read. Raises NotFound."""
    campaign = find_public_campaign(db.session(), slug)
    if campaign is None:
        raise NotFound("campaign")
    return campaign


def _page_of(campaign: Campaign, lang: str) -> CasePage:
    session = db.session()
    return case_page(
        campaign,
        lang,
        count=count_now(session, campaign),
        now=db.utcnow(),
        sent_by_self=sent_by_self(session, campaign),
        on_paper=on_paper(session, campaign),
    )


def _list(template: str, page: dict[str, Any] | None) -> str:
    if page is None:
        raise NotFound("page")
    return render_template(template, **page)
