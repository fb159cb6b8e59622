"""The pages of a case that are kept in memory, rendered."""

from collections.abc import Callable, Sequence

from flask import url_for

from campaign.campaigns.campaigns import find_public_campaign
from campaign.campaigns.public_counts import count_now, on_paper, sent_by_self
from campaign.core import db
from campaign.core.errors import NotFound
from campaign.models.campaign import Campaign
from campaign.public import home, share_links
from campaign.public.case_page import CasePage, case_page
from campaign.public.open_cases import CaseRow
from campaign.public.share_links import Share
from campaign.public.update_pages import Picture
from campaign.web.page import Page


class Case(Page, template="public/case.html"):
    case: CasePage
    share: Share
    others: Sequence[CaseRow]
    """Open cases to which one that takes no letters leads on."""
    picture_url: Callable[[Picture], str]


class Outcome(Page, template="public/outcome.html"):
    case: CasePage


def render_case(lang: str, slug: str) -> str:
    campaign = public_campaign(slug)
    case = _page_of(campaign, lang)
    return Case(
        case=case,
        share=share_links.share_of(campaign, case, lang),
        others=() if case.takes_letters else home.others(lang),
        picture_url=lambda picture: url_for("public.picture", name=picture.name),
    ).html()


def render_outcome(lang: str, slug: str) -> str:
    """How a case ended. Raises NotFound where there is nothing to tell."""
    case = public_case(lang, slug)
    if not case.outcome:
        raise NotFound("outcome", slug=slug)
    return Outcome(case=case).html()


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
