"""What a campaign lacks, in sentences that a form or a message shows."""

from markupsafe import Markup

from campaign.campaigns.check_readiness import Gap
from campaign.campaigns.desk.blueprint import mend_url
from campaign.models.campaign import Campaign
from campaign.web.page import Page


class _Sentence(Page, template="campaigns/_gap.html"):
    campaign: Campaign
    gap: Gap


class _MendWords(Page, template="campaigns/_mend.html"):
    gap: Gap


def say_gap(campaign: Campaign, gap: Gap) -> Markup:
    return Markup(_Sentence(campaign=campaign, gap=gap).html().strip())  # noqa: S704


def link_to_mend(campaign: Campaign, gap: Gap) -> Markup:
    """Return a link to the page where the gap is mended, as HTML."""
    words = _MendWords(gap=gap).html().strip()
    return link(mend_url(campaign, gap), Markup(words))  # noqa: S704


def link(url: str, words: str) -> Markup:
    return Markup('<bdi><a href="{}">{}</a></bdi>').format(url, words)
