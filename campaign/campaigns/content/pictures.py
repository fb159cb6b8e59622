"""Pictures of cases and updates: judged by content, made anew, named by what they hold."""

import hashlib
import re
from typing import BinaryIO

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.core.errors import Invalid, NotFound
from campaign.core.isolation.run_apart import run_apart
from campaign.core.unreadable_file import ReadingFailed, UnreadableFile
from campaign.models.campaign import Campaign, Update, UpdatePicture
from campaign.printing.redraw import Picture, cut_picture, redraw_picture
from campaign.storage import storage

MAX_BYTES = 12 * 1024 * 1024
_SIDE = 1600
"""Longest side of what is kept, in pixels."""
FOLDER = "pictures"
_KINDS = {
    "jpg": "JPEG",
    "jpeg": "JPEG",
    "jpe": "JPEG",
    "jfif": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
}
_NAME = re.compile(r"[0-9a-f]{24}-(\d{1,4})x(\d{1,4})\.jpg")


def keep_picture(file: BinaryIO, *, name: str = "") -> str:
    """Store a picture and give its key, for `Update.picture` or `Campaign.picture`.

    What is kept is drawn anew from the pixels: without place, camera, or anything that rides
    along. `name` is the file's own: one that says another kind of file than it is was not made
    by a camera. Raises Invalid with the field `picture` where it is none, lies or is too big.
    """
    return keep_redrawn(redrawn(file, name=name))


def redrawn(file: BinaryIO, *, name: str = "") -> Picture:
    """The picture drawn anew, 1,600 pixels long at most. Raises as `keep_picture`."""
    body = file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise Invalid(fields={"picture": "picture-too-big"})
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    kind = _KINDS.get(ending, "none") if ending else ""
    try:
        return run_apart(
            redraw_picture, body, side=_SIDE, formats=("JPEG", "PNG", "WEBP"), kind=kind
        )
    except ReadingFailed as problem:
        raise Invalid(fields={"picture": "not-a-picture"}) from problem
    except UnreadableFile as problem:
        raise Invalid(fields={"picture": problem.fault.sentence}) from problem


def keep_part(key: str, size: tuple[int, int], x: int, y: int) -> str:
    """Store the part of a stored picture around a point (in percent), and give its key."""
    return keep_redrawn(cut(read(key), size, x, y))


def cut(body: bytes, size: tuple[int, int], x: int, y: int) -> Picture:
    """The part of a picture around a point (in percent), at most of that size."""
    return run_apart(cut_picture, body, size=size, x=x, y=y)


def read(key: str) -> bytes:
    with storage().open(key) as file:
        return file.read()


def keep_redrawn(picture: Picture) -> str:
    """Keep a picture that was drawn anew under what it holds; gives the key.

    One that is there already is written once more: then it is young, and no sweep takes it before
    its row is saved.
    """
    digest = hashlib.sha256(picture.jpeg).hexdigest()[:24]
    key = f"{FOLDER}/{digest}-{picture.width}x{picture.height}.jpg"
    with storage().writing(key) as path:
        path.write_bytes(picture.jpeg)
    return key


def size_of(key: str) -> tuple[int, int] | None:
    """Width and height in pixels, as the key says; None where it does not."""
    match = _NAME.fullmatch(key.rpartition("/")[2])
    return (int(match[1]), int(match[2])) if match else None


def read_public(session: Session, name: str) -> bytes:
    """The picture of that name, if it belongs to a case or post that everybody may read.

    Raises NotFound.
    """
    key = f"{FOLDER}/{name}"
    public = Campaign.status.in_(lifecycle.PUBLIC)
    further = Update.more_pictures.any(UpdatePicture.key == key)
    of_post = (
        select(Update.id).join(Campaign).where(or_(Update.picture == key, further), public).limit(1)
    )
    parts = (Campaign.picture, Campaign.picture_wide, Campaign.picture_small)
    of_case = select(Campaign.id).where(or_(*(part == key for part in parts)), public).limit(1)
    if not _NAME.fullmatch(name) or all(
        session.scalar(query) is None for query in (of_case, of_post)
    ):
        raise NotFound("picture")
    return read(key)
