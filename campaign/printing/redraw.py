"""Strangers' pictures and PDFs, drawn anew from their pixels: nothing rides along. Pure.

Run by `core.isolation.run_apart` alone: what reads them (libjpeg, libwebp, PDFium) may have flaws.
"""

import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pypdfium2
from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

from campaign.core.errors import UnreadableFile

_MOST_PIXELS = 60_000_000
_PAGE_SIDE = 2000  # longest side of a drawn page, in pixels
_PAGE_DPI = 200
Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels


@dataclass(frozen=True, slots=True)
class Picture:
    body: bytes
    width: int
    height: int
    ending: str = "jpg"  # Or "webp"


def redraw_picture(data: bytes, *, side: int, formats: Sequence[str], kind: str = "") -> Picture:
    """Return a picture upright, on white, and `side` pixels long at most.

    :param kind: the format that its file's name says; empty: it says none.
    :raises UnreadableFile: `not-a-picture`, `picture-too-big`, or `picture-lies` of its kind.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=tuple(formats))
        if picture.width * picture.height > _MOST_PIXELS:
            raise UnreadableFile("picture-too-big")
        if kind and kind != picture.format:
            raise UnreadableFile("picture-lies")
        picture.load()
        upright = _on_white(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError as problem:
        raise UnreadableFile("picture-too-big") from problem
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as problem:
        raise UnreadableFile("not-a-picture") from problem
    upright.thumbnail((side, side))
    return _to_jpeg(upright)


def cut_picture(
    data: bytes, *, size: tuple[int, int], x: int, y: int, webp: bool = False
) -> Picture:
    """Return the part of a JPEG around a point (in percent), at most of that size.

    For pages as WebP, which is a third as long; what else shows it may not know that.
    """
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as whole:
        box = crop_box(whole.width, whole.height, size[0] / size[1], x, y)
        part = whole.convert("RGB").crop(box)
    part.thumbnail((size[0], size[1]))
    return _to_webp(part) if webp else _to_jpeg(part)


def crop_box(width: int, height: int, ratio: float, x: int, y: int) -> Box:
    """The largest part of that ratio (width to height) around a point given in percent.

    The point stands in its middle, as far as the picture's edges allow.
    """
    wide = min(width, round(height * ratio))
    high = min(height, round(width / ratio))
    left = _start(width, wide, x)
    top = _start(height, high, y)
    return left, top, left + wide, top + high


def paint_bars(data: bytes, *, bars: Sequence[Mapping[str, float]]) -> bytes:
    """Return a page (JPEG) with black bars painted into its pixels; their sides are in percent."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as opened:
        picture = opened.convert("RGB")
    draw = ImageDraw.Draw(picture)
    for bar in bars:
        draw.rectangle(_to_pixels(bar, picture.size), fill="black")
    return _to_jpeg(picture).body


def draw_pages(data: bytes, *, most: int) -> list[bytes]:
    """Return the first `most` pages of a PDF as JPEG. Raises UnreadableFile (`pdf-not-drawn`)."""
    try:
        document = pypdfium2.PdfDocument(data)
        pages = [_draw_page(document[number]) for number in range(min(len(document), most))]
    except pypdfium2.PdfiumError as problem:
        raise UnreadableFile("pdf-not-drawn") from problem
    if not pages:
        raise UnreadableFile("pdf-not-drawn")
    return pages


def _draw_page(page: pypdfium2.PdfPage) -> bytes:
    scale = min(_PAGE_SIDE / max(*page.get_size(), 1), _PAGE_DPI / 72)
    return _to_jpeg(page.render(scale=scale).to_pil().convert("RGB")).body


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode not in {"RGBA", "LA", "P"}:
        return picture.convert("RGB")
    paper = Image.new("RGB", picture.size, "white")
    seen = picture.convert("RGBA")
    paper.paste(seen, mask=seen.getchannel("A"))
    return paper


def _to_jpeg(picture: Image.Image) -> Picture:
    picture.info.clear()  # a comment would ride along
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return Picture(out.getvalue(), *picture.size)


def _to_webp(picture: Image.Image) -> Picture:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=50, method=6)
    return Picture(out.getvalue(), *picture.size, "webp")


def _start(whole: int, part: int, percent: int) -> int:
    middle = whole * percent / 100
    return max(0, min(whole - part, round(middle - part / 2)))


def _to_pixels(bar: Mapping[str, float], size: tuple[int, int]) -> Box:
    """Return a rectangle in percent as pixels, a pixel larger on each side."""
    width, height = size
    return (
        int(bar["x"] * width / 100) - 1,
        int(bar["y"] * height / 100) - 1,
        int((bar["x"] + bar["w"]) * width / 100) + 1,
        int((bar["y"] + bar["h"]) * height / 100) + 1,
    )
