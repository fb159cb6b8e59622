"""Pictures of cases and updates: judged by content, made anew, named by what they hold.

Which part of a picture is shown: around what matters in it. Pure.
"""

import hashlib
import io
import re
import warnings
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.core.errors import Invalid, NotFound
from campaign.models.campaign import Campaign, Update, UpdatePicture
from campaign.storage import storage

MAX_BYTES = 12 * 1024 * 1024
_MOST_PIXELS = 60_000_000
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


def redrawn(file: BinaryIO, *, name: str = "") -> bytes:
    """The picture as JPEG, drawn anew and 1,600 pixels long at most. Raises as `keep_picture`."""
    body = file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise Invalid(fields={"picture": "picture-too-big"})
    picture = _open_picture(body, name)
    picture.thumbnail((_SIDE, _SIDE))
    return _as_jpeg(picture)


def width_of(body: bytes) -> int:
    with Image.open(io.BytesIO(body), formats=("JPEG",)) as picture:
        return picture.width


def keep_part(key: str, size: tuple[int, int], x: int, y: int) -> str:
    """Store the part of a stored picture around a point (in percent), and give its key."""
    return keep_redrawn(cut(read(key), size, x, y))


def cut(body: bytes, size: tuple[int, int], x: int, y: int) -> bytes:
    """The part of a picture around a point (in percent), at most of that size, as JPEG."""
    with Image.open(io.BytesIO(body), formats=("JPEG",)) as whole:
        box = crop_box(whole.width, whole.height, size[0] / size[1], x, y)
        part = whole.convert("RGB").crop(box)
    part.thumbnail(size)
    return _as_jpeg(part)


def read(key: str) -> bytes:
    with storage().open(key) as file:
        return file.read()


def _as_jpeg(picture: Image.Image) -> bytes:
    picture.info.clear()  # a comment would ride along
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue()


def keep_redrawn(body: bytes) -> str:
    """Keep a picture that was drawn anew under what it holds; gives the key.

    One that is there already is written once more: then it is young, and no sweep takes it before
    its row is saved.
    """
    with Image.open(io.BytesIO(body), formats=("JPEG",)) as picture:
        width, height = picture.size
    key = f"{FOLDER}/{hashlib.sha256(body).hexdigest()[:24]}-{width}x{height}.jpg"
    with storage().writing(key) as path:
        path.write_bytes(body)
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


def _open_picture(body: bytes, name: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(body), formats=("JPEG", "PNG", "WEBP"))
            if picture.width * picture.height > _MOST_PIXELS:
                raise Invalid(fields={"picture": "picture-too-big"})
            _refuse_wrong_kind(picture.format, name)
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            return _on_paper(upright)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise Invalid(fields={"picture": "picture-too-big"}) from problem
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as problem:
        raise Invalid(fields={"picture": "not-a-picture"}) from problem


def _refuse_wrong_kind(kind: str | None, name: str) -> None:
    """Raise Invalid where the file's name says another kind than its content."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending and _KINDS.get(ending) != kind:
        raise Invalid(fields={"picture": "picture-lies"})


def _on_paper(picture: Image.Image) -> Image.Image:
    """Without transparency: what shows through is white."""
    if picture.mode not in {"RGBA", "LA", "P"}:
        return picture.convert("RGB")
    paper = Image.new("RGB", picture.size, "white")
    seen = picture.convert("RGBA")
    paper.paste(seen, mask=seen.getchannel("A"))
    return paper


Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels."""


def crop_box(width: int, height: int, ratio: float, x: int, y: int) -> Box:
    """The largest part of that ratio (width to height) around a point given in percent.

    The point stands in its middle, as far as the picture's edges allow.
    """
    wide = min(width, round(height * ratio))
    high = min(height, round(width / ratio))
    left = _start(width, wide, x)
    top = _start(height, high, y)
    return left, top, left + wide, top + high


def _start(whole: int, part: int, percent: int) -> int:
    middle = whole * percent / 100
    return max(0, min(whole - part, round(middle - part / 2)))
