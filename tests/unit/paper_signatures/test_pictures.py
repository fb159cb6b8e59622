"""Pictures that strangers send: of a bounded size, and drawn anew."""

import io
import struct
import warnings
import zlib

import pytest
from PIL import Image

from campaign.campaigns.content import pictures
from campaign.core.errors import Invalid
from campaign.paper_signatures import scans

SIDE = 8_000
"""64 million pixels: Pillow itself says nothing below 89, and refuses none below 179."""


def png_that_claims(side: int) -> bytes:
    """A PNG of a hundred bytes that says how many pixels a side it has."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_our_own_limit_comes_before_pillows() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Image.open(io.BytesIO(png_that_claims(SIDE))) as picture:
            assert picture.size == (SIDE, SIDE)
    with pytest.raises(Invalid) as of_scan:
        scans.redraw(png_that_claims(SIDE))
    assert of_scan.value.fields == {"scan": "scan-too-big"}
    with pytest.raises(Invalid) as of_picture:
        pictures.redrawn(io.BytesIO(png_that_claims(SIDE)))
    assert of_picture.value.fields == {"picture": "picture-too-big"}


@pytest.mark.parametrize("redraw", [scans.redraw, lambda data: pictures.redrawn(io.BytesIO(data))])
def test_a_picture_is_drawn_anew(redraw: object) -> None:
    """Without what rides along: a comment, and bytes after its end."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "JPEG", comment=b"Plantina")
    drawn = redraw(out.getvalue() + b"<script>Plantina")  # type: ignore[operator]
    assert b"Plantina" not in drawn
    with Image.open(io.BytesIO(drawn)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (40, 30))
