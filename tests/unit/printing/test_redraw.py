"""Strangers' pictures are judged before they are read."""

import io

import pytest
from PIL import Image

from campaign.core.errors import UnreadableFile
from campaign.printing.redraw import redraw_picture

_FORMATS = ("JPEG", "PNG", "WEBP")


def test_a_picture_below_pillows_limit_and_above_ours_is_refused() -> None:
    out = io.BytesIO()
    Image.new("1", (8000, 7501)).save(out, "PNG")
    assert 60_000_000 < 8000 * 7501 < (Image.MAX_IMAGE_PIXELS or 0)
    with pytest.raises(UnreadableFile, match="picture-too-big"):
        redraw_picture(out.getvalue(), side=100, formats=_FORMATS)


def test_a_picture_above_pillows_limit_is_refused() -> None:
    out = io.BytesIO()
    Image.new("1", (16_000, 12_000)).save(out, "PNG")
    with pytest.raises(UnreadableFile, match="picture-too-big"):
        redraw_picture(out.getvalue(), side=100, formats=_FORMATS)


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "BMP"])
def test_only_formats_that_are_asked_for_are_opened(kind: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, kind)
    with pytest.raises(UnreadableFile, match="not-a-picture"):
        redraw_picture(out.getvalue(), side=100, formats=_FORMATS)


def test_a_picture_is_drawn_anew() -> None:
    """Without what rides along: a comment, and bytes after its end."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "JPEG", comment=b"Plantina")
    drawn = redraw_picture(out.getvalue() + b"<script>Plantina", side=100, formats=_FORMATS)
    assert b"Plantina" not in drawn.body
    assert (drawn.width, drawn.height) == (40, 30)
