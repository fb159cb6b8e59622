"""The signature list's own font inside a PDF: only the glyphs in use, and what each stands for."""

import hashlib
from io import BytesIO

import pikepdf
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, String

from campaign.printing.signature_list.typeface import Typeface

_DROPPED = ("GSUB", "GPOS", "GDEF", "BASE", "DSIG", "STAT", "OS/2", "name", "cmap", "post", "gasp")
_CMAP = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <ffff>
endcodespacerange
{blocks}
endcmap
CMapName currentdict /CMap defineresource pop
end
end"""
_BLOCK = 100
"""Entries a block of a CMap may have."""


def embed_font(pdf: pikepdf.Pdf, face: Typeface) -> pikepdf.Object:
    """Return a font object for the lines that `face` set.

    Numbers of glyphs (CIDs) are the typeface's own, one for each glyph and text: a glyph that
    two characters share still reads as the right one. A map tells the glyphs of the font file.
    """
    data, order = _subset(face)
    name = Name(f"/{_tag(data)}+{face.path.stem}")
    glyphs = bytearray(2)  # CID 0 is .notdef
    for glyph, _ in face.used:
        glyphs += order[glyph].to_bytes(2, "big")
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=name,
        CIDSystemInfo=Dictionary(
            Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0
        ),
        CIDToGIDMap=pdf.make_stream(bytes(glyphs)),
        DW=0,
        W=Array([1, Array([round(face.advance(glyph), 3) for glyph, _ in face.used])]),
        FontDescriptor=_descriptor(pdf, data, name),
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=name,
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(descendant)]),
            ToUnicode=pdf.make_stream(_to_unicode(face).encode()),
        )
    )


def _subset(face: Typeface) -> tuple[bytes, dict[str, int]]:
    """Return the font file with the glyphs in use only, and each glyph's place in it."""
    options = Options(
        drop_tables=_DROPPED,
        layout_features=[],
        hinting=False,
        notdef_outline=True,
        recalc_timestamp=False,
    )
    with TTFont(face.path, lazy=True, recalcTimestamp=False) as font:
        subsetter = Subsetter(options)
        subsetter.populate(glyphs=[glyph for glyph, _ in face.used])
        subsetter.subset(font)
        file = BytesIO()
        font.save(file)
        return file.getvalue(), dict(font.getReverseGlyphMap())


def _tag(data: bytes) -> str:
    """Return six capitals that tell this part of a font from others."""
    digest = hashlib.sha256(data).digest()
    return "".join(chr(ord("A") + byte % 26) for byte in digest[:6])


def _descriptor(pdf: pikepdf.Pdf, data: bytes, name: Name) -> pikepdf.Object:
    with TTFont(BytesIO(data), lazy=True) as font:
        head, hhea = font["head"], font["hhea"]
        scale = 1000 / head.unitsPerEm
        box = [head.xMin, head.yMin, head.xMax, head.yMax]
        ascent, descent = hhea.ascent * scale, hhea.descent * scale
    file = pdf.make_stream(data)
    file["/Length1"] = len(data)
    return pdf.make_indirect(
        Dictionary(
            Type=Name.FontDescriptor,
            FontName=name,
            Flags=4,
            FontBBox=Array([round(value * scale) for value in box]),
            ItalicAngle=0,
            Ascent=round(ascent),
            Descent=round(descent),
            CapHeight=660,
            StemV=84,
            FontFile2=file,
        )
    )


def _to_unicode(face: Typeface) -> str:
    """Write what each glyph reads as when text is searched or copied."""
    entries = [
        f"<{number:04x}> <{characters.encode('utf-16-be').hex()}>"
        for (_, characters), number in face.used.items()
    ]
    blocks = [entries[at : at + _BLOCK] for at in range(0, len(entries), _BLOCK)]
    return _CMAP.format(
        blocks="\n".join(
            "\n".join((f"{len(block)} beginbfchar", *block, "endbfchar")) for block in blocks
        )
    )
