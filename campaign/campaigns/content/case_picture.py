"""The picture of a case: set, described in every language, cut around what matters, taken away."""

from collections.abc import Mapping
from typing import BinaryIO

from sqlalchemy.orm import Session

from campaign.campaigns.changes import record_change
from campaign.campaigns.content import pictures
from campaign.campaigns.content.risks import refuse_named, words_by_field
from campaign.core.errors import Invalid
from campaign.models.campaign import Campaign
from campaign.printing.redraw import Picture

WIDE, SMALL = (1200, 800), (360, 240)
"""Pixels of the picture on the case's page, and of that in a list."""
LEAST_WIDTH = 400
"""Pixels that a picture must be wide; less would be blurred on the case's page."""


def set_picture(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    alt: Mapping[str, str],
    x: int,
    y: int,
    file: BinaryIO | None = None,
    name: str = "",
    risks_seen: bool = False,
) -> None:
    """Set the case's picture, or what is said of the one it has.

    `x` and `y` say in percent where that is which matters. Raises Invalid with all
    that is wrong: no picture, one too small, or none at all (`picture`), and each language of a
    text in which it is not described (`alt_fr`);
    RiskNamed where everybody would read what a flag rules out.
    """
    described = {code: words for code, words in alt.items() if words}
    problems = _find_undescribed(campaign, described)
    if not (0 <= x <= 100 and 0 <= y <= 100):
        problems["x"] = "not-a-percentage"
    picture = None
    if file is not None:
        try:
            picture = _redraw(file, name)
        except Invalid as problem:
            problems = problem.fields | problems
    elif not campaign.picture:
        problems = {"picture": "picture-missing"} | problems
    if problems:
        raise Invalid(fields=problems)
    refuse_named(campaign, words_by_field("picture", described, "alt_"), seen=risks_seen)
    key = pictures.keep_redrawn(picture) if picture else campaign.picture
    before = _state(campaign)
    if (key, x, y) != (campaign.picture, campaign.picture_x, campaign.picture_y):
        campaign.picture_wide = pictures.keep_part(key, WIDE, x, y)
        campaign.picture_small = pictures.keep_part(key, SMALL, x, y)
    campaign.picture, campaign.picture_alt = key, described
    campaign.picture_x, campaign.picture_y = x, y
    if _state(campaign) != before:
        record_change(session, campaign, actor, "campaign.picture", picture=key, x=x, y=y)


def _redraw(file: BinaryIO, name: str) -> Picture:
    """The picture as it is kept. Raises Invalid (`picture`)."""
    picture = pictures.redrawn(file, name=name)
    if picture.width < LEAST_WIDTH:
        raise Invalid(fields={"picture": "picture-too-small"})
    return picture


def _find_undescribed(campaign: Campaign, described: Mapping[str, str]) -> dict[str, str]:
    """The field of each language that has a text, and no words for what the picture shows."""
    needed = {campaign.default_locale, *(edition.locale for edition in campaign.editions)}
    return {f"alt_{code}": "picture-alt-missing" for code in sorted(needed - set(described))}


def remove_picture(session: Session, campaign: Campaign, *, actor: str) -> None:
    """Show no picture; without one nothing changes."""
    if not campaign.picture:
        return
    campaign.picture = campaign.picture_wide = campaign.picture_small = ""
    campaign.picture_alt = {}
    campaign.picture_x = campaign.picture_y = 50
    record_change(session, campaign, actor, "campaign.picture", picture="")


def _state(campaign: Campaign) -> tuple[object, ...]:
    return (
        campaign.picture,
        dict(campaign.picture_alt or {}),
        campaign.picture_x,
        campaign.picture_y,
    )
