"""The form for a frame on a partner's page: only for the hosts that the campaign names."""

from flask import render_template

from campaign.core.errors import NotFound
from campaign.public.page_cache import Made
from campaign.public.pages import cached_pages
from campaign.web.security import framed_by


def render_embed(lang: str, slug: str) -> Made:
    """A case in a few lines, with a field for own words that opens the letter on our own site.

    Raises NotFound: no such case, a draft, or nobody may embed it.
    """
    campaign = cached_pages.public_campaign(slug)
    if not campaign.embed_hosts:
        raise NotFound("embed")
    body = render_template("public/embed.html", case=cached_pages.public_case(lang, slug))
    return Made(body, headers=tuple(framed_by(campaign.embed_hosts).items()))
