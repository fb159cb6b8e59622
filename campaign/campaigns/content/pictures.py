"""Pictures of cases and updates: judged by content, made anew, named by what they hold."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import BinaryIO

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.campaigns.content.risks import refuse_changed, words_by_field
from campaign.campaigns.record_change import record_change
from campaign.core import db, jobs
from campaign.core.answers import NOTHING, Answers
from campaign.core.db.batches import batched
from campaign.core.errors import Invalid, NotFound, ReadingFailed, UnreadableFile
from campaign.core.isolation.run_apart import run_apart
from campaign.models.campaign import Campaign, Update, UpdatePicture
from campaign.models.revision import Proposal
from campaign.printing.redraw import Picture, cut_picture, redraw_picture
from campaign.storage import storage

MAX_BYTES = 12 * 1024 * 1024
_SIDE = 1600
"""Longest side of what is kept, in pixels."""
FOLDER = "pictures"
_KINDS = dict.fromkeys(("jpg", "jpeg", "jpe", "jfif"), "JPEG") | {"png": "PNG", "webp": "WEBP"}
_NAME = re.compile(r"[0-9a-f]{24}-(\d{1,4})x(\d{1,4})\.(?:jpg|webp)")
WIDE, SMALL = (780, 520), (240, 160)
"""Pixels of the picture on the case's page, and of that in a list."""
LEAST_WIDTH = 400
"""Pixels that a picture must be wide; less would be blurred on the case's page."""
log = structlog.get_logger()
_AGE = timedelta(days=1)
"""A younger one may belong to a form that is being saved."""
_BATCH = 300
_SHOWN = (
    Campaign.picture,
    Campaign.picture_wide,
    Campaign.picture_small,
    Update.picture,
    UpdatePicture.key,
    Proposal.picture,
)


def redrawn(file: BinaryIO, *, name: str = "") -> Picture:
    """Return a picture drawn anew from its pixels without place or camera, of limited size.

    `name` is the file's own: one that says another kind than it is was not made by a camera.
    Raises Invalid with the field `picture` where it is none, lies or is too big.
    """
    body = file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise Invalid(fields={"picture": "picture-too-big"})
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    kind = _KINDS.get(ending, "none") if ending else ""
    formats = ("JPEG", "PNG", "WEBP")
    try:
        return run_apart(redraw_picture, body, side=_SIDE, formats=formats, kind=kind)
    except ReadingFailed as problem:
        raise Invalid(fields={"picture": "not-a-picture"}) from problem
    except UnreadableFile as problem:
        raise Invalid(fields={"picture": problem.fault.sentence}) from problem


def cut(body: bytes, size: tuple[int, int], x: int, y: int) -> Picture:
    """The part of a picture around a point (in percent), at most of that size."""
    return run_apart(cut_picture, body, size=size, x=x, y=y)


def read(key: str) -> bytes:
    return storage().read(key)


def keep_redrawn(picture: Picture) -> str:
    """Keep a picture under what it holds; give its key.

    One that is there already is written once more: then it is young, and no sweep takes it before
    its row is saved.
    """
    digest = hashlib.sha256(picture.body).hexdigest()[:24]
    key = f"{FOLDER}/{digest}-{picture.width}x{picture.height}.{picture.ending}"
    storage().write(key, picture.body)
    return key


def mimetype_of(name: str) -> str:
    return "image/webp" if name.endswith(".webp") else "image/jpeg"


def size_of(key: str) -> tuple[int, int] | None:
    """Width and height in pixels, as the key says; None where it does not."""
    match = _NAME.fullmatch(key.rpartition("/")[2])
    return (int(match[1]), int(match[2])) if match else None


def read_public(session: Session, name: str) -> bytes:
    """The picture of that name, if everybody may read its case or post. Raises NotFound."""
    key = f"{FOLDER}/{name}"
    public = Campaign.status.in_(lifecycle.PUBLIC)
    further = Update.more_pictures.any(UpdatePicture.key == key)
    of_post = select(Update.id).join(Campaign).where(or_(Update.picture == key, further), public)
    parts = (Campaign.picture, Campaign.picture_wide, Campaign.picture_small)
    of_case = select(Campaign.id).where(or_(*(part == key for part in parts)), public)
    if not _NAME.fullmatch(name) or not any(
        db.has_row(session, query) for query in (of_case, of_post)
    ):
        raise NotFound("picture")
    return read(key)


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """A case's picture, to be kept: its parts, and the whole where it is a new one."""

    wide: Picture
    small: Picture
    whole: Picture | None = None


def draw_picture(file: BinaryIO, *, x: int, y: int, name: str = "") -> DrawnPicture:
    """Draw a new picture of a case and its parts, while nothing is locked. Raises Invalid."""
    whole = redrawn(file, name=name)
    if whole.width < LEAST_WIDTH:
        raise Invalid(fields={"picture": "picture-too-small"})
    return replace(_draw_parts(whole.body, x, y), whole=whole)


def draw_parts(campaign: Campaign, *, x: int, y: int) -> DrawnPicture | None:
    """Draw the parts of the picture that the case has; None where they are so already."""
    if not campaign.picture or (x, y) == (campaign.picture_x, campaign.picture_y):
        return None
    return _draw_parts(read(campaign.picture), x, y)


def _draw_parts(body: bytes, x: int, y: int) -> DrawnPicture:
    sizes = (WIDE, SMALL)
    return DrawnPicture(
        *(run_apart(cut_picture, body, size=size, x=x, y=y, webp=True) for size in sizes)
    )


def set_picture(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    alt: Mapping[str, str],
    x: int,
    y: int,
    drawn: DrawnPicture | Invalid | None,
    risks_seen: Answers = NOTHING,
) -> None:
    """Set the case's picture, or what is said of the one it has.

    `x` and `y` say in percent where that is which matters, `drawn` what is new, or why there is
    no picture of it. Raises Invalid with all that is wrong, RiskNamed.
    """
    described = {code: words for code, words in alt.items() if words}
    undescribed = list_undescribed(campaign, alt)
    problems = {f"alt_{code}": "picture-alt-missing" for code in undescribed}
    if not (0 <= x <= 100 and 0 <= y <= 100):
        problems["x"] = "not-a-percentage"
    whole = None
    if isinstance(drawn, Invalid):
        problems |= drawn.fields
    elif drawn is not None:
        whole = drawn.whole
    if not (whole or campaign.picture):
        problems.setdefault("picture", "picture-missing")
    if problems:
        raise Invalid(fields=problems)
    words = words_by_field("picture", described, "alt_")
    refuse_changed(session, campaign, words, seen=risks_seen)
    key = keep_redrawn(whole) if whole else campaign.picture
    before = _state(campaign)
    if isinstance(drawn, DrawnPicture):
        campaign.picture_wide = keep_redrawn(drawn.wide)
        campaign.picture_small = keep_redrawn(drawn.small)
    campaign.picture, campaign.picture_alt = key, described
    campaign.picture_x, campaign.picture_y = x, y
    if _state(campaign) != before:
        record_change(session, campaign, actor, "campaign.picture", picture=key, x=x, y=y)


def list_undescribed(campaign: Campaign, alt: Mapping[str, str]) -> list[str]:
    """Return the languages in which `alt` does not say what the picture shows."""
    needed = {campaign.default_locale, *(edition.locale for edition in campaign.editions)}
    return sorted(code for code in needed if not alt.get(code))


def remove_picture(session: Session, campaign: Campaign, *, actor: str) -> None:
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


@jobs.job("campaigns.sweep-pictures", every_minutes=60)
def sweep_pictures() -> None:
    before = db.utcnow() - _AGE
    removed = sum(_sweep(names, before) for names in batched(storage().names(FOLDER), _BATCH))
    if removed:
        log.info("pictures swept", files=removed)


def _sweep(names: Sequence[str], before: datetime) -> int:
    with db.reading() as session:
        orphans = set(names) - _find_shown(session, names)
    return sum(_remove(name, before) for name in orphans)


def _remove(name: str, before: datetime) -> bool:
    """Remove it, unless it came back since the others were looked at; its age is asked last."""
    with db.reading() as session:
        if _find_shown(session, [name]):
            return False
    if not storage().is_older(name, before):
        return False
    storage().delete(name)
    return True


def _find_shown(session: Session, names: Sequence[str]) -> set[str]:
    return {
        key for column in _SHOWN for key in session.scalars(select(column).where(column.in_(names)))
    }
