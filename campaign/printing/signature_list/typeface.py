"""Lines of the signature list in Source Sans 3, without a layout engine.

For Latin, Cyrillic and Greek letters, shaping is three things: the glyph of each character, the
ligatures, and kerning. All three are read from the font here; a test holds the result against the
renderer's. Anything else (other scripts, combining marks) is `is_plain` false: for the renderer.
`embed_font` puts the glyphs in use into a PDF.
"""

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from io import BytesIO
from typing import Any

import pikepdf
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, String

from campaign.core import asset_paths

FontTable = Any  # a table of a font file; fontTools has no types for them
FILE = "SourceSans3-Regular.ttf"
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
# Spaces and punctuation, Latin with all its accents, Greek and Cyrillic as written today, dashes
# and quotes, currencies. Of these, U+00B7 and U+00AD need a shaper.
_PLAIN = (
    (0x0020, 0x007E), (0x00A0, 0x00AC), (0x00AE, 0x00B6), (0x00B8, 0x024F), (0x0386, 0x0386),
    (0x0388, 0x03CE), (0x0400, 0x045F), (0x0490, 0x0491), (0x1E00, 0x1EFF), (0x2010, 0x2027),
    (0x2030, 0x203A), (0x20A0, 0x20BF), (0x2116, 0x2116),
)  # fmt: skip
# Languages for which the font has forms of its own.
_OWN_FORMS = frozenset({"bg", "mk", "sr", "nv", "sms", "chp", "den"})
# What characters of other scripts take, in em: more than they do on the average of a name.
_GUESSES = ((0x0590, 0x08FF, 0.68), (0x0E00, 0x0EFF, 0.72))
_GUESS = 0.95
_WIDE = 1.02


@dataclass(frozen=True, slots=True)
class Line:
    width: float  # em
    operand: str  # what PDF's TJ shows: an array of glyphs and kerning


class Typeface:
    """Our sans serif; remembers which glyphs it was asked for, as the font to embed needs them."""

    def __init__(self, language: str) -> None:
        """:param language: of the document, a BCP 47 tag."""
        self.path = asset_paths.folder("letters") / "fonts" / FILE
        self._font = TTFont(BytesIO(self.path.read_bytes()), lazy=True)
        self._units: int = self._font["head"].unitsPerEm
        self._glyphs: dict[int, str] = self._font.getBestCmap()
        self._widths: dict[str, tuple[int, int]] = self._font["hmtx"].metrics
        self._ligatures = dict(_ligatures(self._font))
        kerning = list(_subtables(self._font["GPOS"].table, "kern"))
        self._kern = cache(partial(_kerning, kerning))
        self.used: dict[tuple[str, str], int] = {}
        """The number (CID) of each glyph in use, by the glyph's name and the text it stands for."""
        own_forms = language.split("-", maxsplit=1)[0].lower() in _OWN_FORMS
        self._plain = frozenset(
            chr(code)
            for first, last in (() if own_forms else _PLAIN)
            for code in range(first, last + 1)
            if code in self._glyphs and unicodedata.category(chr(code))[0] not in "CM"
        )
        self.line = lru_cache(maxsize=8192)(self._line)

    def is_plain(self, text: str) -> bool:
        return self._plain.issuperset(text)

    def _line(self, text: str) -> Line:
        parts: list[str] = []
        width = 0
        last = ""
        for name, characters in self._shape(text):
            if last and (kern := self._kern(last, name)):
                parts.append(f">{-kern * 1000 / self._units:g}<")
                width += kern
            number = self.used.setdefault((name, characters), len(self.used) + 1)
            parts.append(f"{number:04x}")
            width += self._widths[name][0]
            last = name
        return Line(width / self._units, f"[<{''.join(parts)}>]")

    def _shape(self, text: str) -> Iterator[tuple[str, str]]:
        """Give glyphs and the characters each stands for, longest ligatures first."""
        at = 0
        while at < len(text):
            for length in (3, 2):
                piece = text[at : at + length]
                if piece in self._ligatures:
                    yield self._ligatures[piece], piece
                    at += length
                    break
            else:
                yield self._glyphs[ord(text[at])], text[at]
                at += 1

    def width(self, text: str) -> float:
        """Return the text's width in em; for what isn't plain, a safe guess."""
        return self.line(text).width if self.is_plain(text) else sum(map(self._guess, text))

    def _guess(self, character: str) -> float:
        if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
            return 0
        if unicodedata.east_asian_width(character) in "WF":
            return _WIDE
        if name := self._glyphs.get(code := ord(character)):
            return self._widths[name][0] / self._units + 0.02
        return next((guess for first, last, guess in _GUESSES if first <= code <= last), _GUESS)

    def advance(self, name: str) -> float:
        """Return a glyph's width in thousandths of an em."""
        return self._widths[name][0] * 1000 / self._units


def _subtables(table: FontTable, feature: str) -> Iterator[FontTable]:
    """Subtables of a feature's lookups, for Latin; the font has the same for all scripts."""
    script = next(record for record in table.ScriptList.ScriptRecord if record.ScriptTag == "latn")
    for index in script.Script.DefaultLangSys.FeatureIndex:
        record = table.FeatureList.FeatureRecord[index]
        if record.FeatureTag == feature:
            for lookup in record.Feature.LookupListIndex:
                for subtable in table.LookupList.Lookup[lookup].SubTable:
                    yield getattr(subtable, "ExtSubTable", subtable)


def _ligatures(font: TTFont) -> Iterator[tuple[str, str]]:
    """Give the ligatures of ordinary text: the letters, and the glyph."""
    letters = {name: chr(code) for code, name in font.getBestCmap().items()}
    for subtable in _subtables(font["GSUB"].table, "liga"):
        for first, ligatures in subtable.ligatures.items():
            for ligature in ligatures:
                names = (first, *ligature.Component)
                yield "".join(letters[name] for name in names), ligature.LigGlyph


def _kerning(subtables: list[FontTable], left: str, right: str) -> int:
    """Return what a pair's first subtable says that knows it (OpenType, pair adjustment)."""
    for subtable in subtables:
        if left not in subtable.Coverage.glyphs:
            continue
        if subtable.Format == 1:
            pairs = subtable.PairSet[subtable.Coverage.glyphs.index(left)].PairValueRecord
            for pair in pairs:
                if pair.SecondGlyph == right:
                    return getattr(pair.Value1, "XAdvance", 0)
        elif second := subtable.ClassDef2.classDefs.get(right, 0):
            first = subtable.ClassDef1.classDefs.get(left, 0)
            value = subtable.Class1Record[first].Class2Record[second].Value1
            return getattr(value, "XAdvance", 0)
    return 0


def embed_font(pdf: pikepdf.Pdf, face: Typeface) -> pikepdf.Object:
    """Return a font object for the lines that `face` set.

    Numbers of glyphs (CIDs) are the typeface's own, one for each glyph and text: a glyph that
    two characters share still reads as the right one. A map tells the glyphs of the font file.
    """
    data, order = _subset(face)
    # Six capitals tell this part of a font from others.
    tag = "".join(chr(ord("A") + byte % 26) for byte in hashlib.sha256(data).digest()[:6])
    name = Name(f"/{tag}+{face.path.stem}")
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
