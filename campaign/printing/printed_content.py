"""What each printed document needs to be told, as plain frozen data.

Paragraphs are tuples of strings, one string a paragraph; a line break inside a string stays a
line break. Texts are plain text, never HTML: the templates escape them. A `mark` is a word such as
"Rehearsal" on each page, empty on real ones. A `page_label` is a pattern such as "Page {page} of
{pages}". A word that stands in two languages is a tuple of `Said`, the reader's language first.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Translation:
    """A letter in a language that its reader knows, on a page of its own after the letter."""

    locale: str
    mark: str  # what stands over it: "Translation"
    subject: str
    salutation: str
    opening: tuple[str, ...]
    points: tuple[str, ...]
    note: str  # says in which language the own words are, which print as they are; may be empty
    own_words: tuple[str, ...]
    closing: tuple[str, ...]
    complimentary_close: str
    signature_name: str
    signature_locality: str


@dataclass(frozen=True, slots=True)
class LetterContext:
    """One letter from one supporter to one official."""

    key: str  # the caller's opaque id; comes back in results and is never printed
    number: str | None
    """Number within the bundle, such as "00123", small in the foot; None before the freeze."""
    reference: str  # the campaign's reference, such as "UA 58/20", small in the foot
    locale: str  # BCP 47 or POSIX tag of the letter's language, such as "en", "fr" or "es_MX"
    sender_lines: tuple[str, ...]
    """Who writes, as far as the supporter lets officials see; may be empty."""
    place_and_date: str  # such as "Ottawa, 4 December 2026"; may be empty
    addressee_lines: tuple[str, ...]
    """The address behind the envelope's window, from the name to the last address line."""
    subject: str
    salutation: str
    opening: tuple[str, ...]  # paragraphs before the talking points
    points: tuple[str, ...]  # the talking points the supporter kept, one short paragraph each
    own_words: tuple[str, ...]
    """The supporter's own paragraphs, printed between the points and the closing."""
    closing: tuple[str, ...]
    complimentary_close: str
    signature_name: str
    signature_locality: str  # their town under the name; may be empty
    copies_to: tuple[str, ...] = ()
    """Lines under the signature that say who gets a copy, the lead-in word included."""
    specimen: str = ""
    """A word such as "Preview" printed faintly across the sheet; empty on a real letter."""
    translation: Translation | None = None


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """One line of a signature list; a field the supporter does not disclose is empty."""

    number: str  # the letter's number in the bundle, such as "00123"
    name: str  # the supporter's name as officials may see it
    locality: str
    region: str
    country: str
    address: str
    signed_on: str
    target: str  # whom the letter goes to


@dataclass(frozen=True, slots=True)
class ColumnLabels:
    """The words at the head of the signature list's columns.

    The columns of addresses and officials are left out where theirs is empty.
    """

    number: str
    name: str
    locality: str  # over town, region and country
    address: str
    signed_on: str
    target: str


@dataclass(frozen=True, slots=True)
class ListContext:
    """What stands around the rows of a signature list."""

    title: str  # on the first page and in every page's head
    reference: str
    locale: str
    mission_lines: tuple[str, ...]  # the mission the list is handed to, under the title
    column_labels: ColumnLabels
    page_label: str
    total_label: str  # word before the number of rows, such as "Letters"
    sums: str = ""  # what the list counts, in words; instead of the number of rows
    mark: str = ""


@dataclass(frozen=True, slots=True)
class FactRow:
    label: str
    value: str  # a number as the locale writes it


@dataclass(frozen=True, slots=True)
class CoverContext:
    """The organization's letter on top of a bundle."""

    locale: str
    reference: str
    sender_lines: tuple[str, ...]
    addressee_lines: tuple[str, ...]
    """The head of mission and the mission's address, behind the window."""
    place_and_date: str
    subject: str
    salutation: str
    paragraphs: tuple[str, ...]
    counts: tuple[FactRow, ...]  # letters per official; the last row may be the total
    closing: tuple[str, ...]  # the text after the counts; may be empty
    complimentary_close: str
    signature_lines: tuple[str, ...]
    mark: str = ""
    check_note: str = ""
    """What the check code is for; empty where there is none."""
    check_code: str = ""
    """In groups of four."""


@dataclass(frozen=True, slots=True)
class LabelsContext:
    title: str  # title in the PDF's metadata; not printed
    locale: str
    labels: tuple[tuple[str, ...], ...]  # the lines of each label, in printing order
    mark: str = ""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file of a bundle as its README lists it."""

    name: str  # file name in the bundle's folder; also the link
    description: str
    pages: str  # number of pages, formatted; empty for what has none


@dataclass(frozen=True, slots=True)
class ReadmeContext:
    """The page that tells staff what lies in a bundle and how to print it."""

    locale: str
    title: str
    introduction: tuple[str, ...]
    facts_heading: str
    facts: tuple[FactRow, ...]
    files_heading: str
    file_labels: tuple[str, str, str]  # column heads: file, description, pages
    files: tuple[FileRow, ...]  # in the order staff use them
    printing_heading: str
    printing: tuple[str, ...]  # how to print, one step a string


@dataclass(frozen=True, slots=True)
class ContentsPage:
    """The sheet on top of one packet: what lies under it."""

    volume: str  # such as "Volume 001"
    span: str  # its numbers, such as "00001 – 00500"
    facts: tuple[FactRow, ...]
    digest: str  # SHA-256 of the volume's PDF, in hexadecimal; empty where it has no file
    notes: tuple[str, ...] = ()  # what was set aside, and what was taken out since


@dataclass(frozen=True, slots=True)
class ContentsContext:
    """The contents of a bundle, a page for each volume."""

    locale: str
    title: str  # campaign, person and mission in one line
    bundle: str  # the bundle's own name: that of its folder
    digest_label: str
    steps: tuple[str, ...]  # what is ticked off when the packet is made: printed, counted, tied
    page_label: str
    pages: tuple[ContentsPage, ...]
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    locale: str
    text: str


Both: TypeAlias = tuple[Said, ...]
"""The same in the mission's language and in ours; once, where they are one."""


@dataclass(frozen=True, slots=True)
class BothRow:
    """One line of a table whose label stands in two languages."""

    label: Both
    value: str


@dataclass(frozen=True, slots=True)
class DeliverySheetContext:
    """The page that is signed at the gate."""

    locale: str  # the mission's language; it comes first
    title: Both
    reference: str
    case: str  # the person the letters are for
    mission_lines: tuple[str, ...]
    sender_lines: tuple[str, ...]
    handed: Both  # head over what is handed over
    counts: tuple[FactRow, ...]  # letters per official, and together
    things: tuple[BothRow, ...]  # volumes, pages, lists, signed sheets
    outcomes: tuple[Both, ...]  # what may have happened, each with a box to tick
    outcome: Both  # head over them
    lines: tuple[Both, ...]  # what is written by hand: date and time, place, name and office
    signatures: tuple[Both, Both]  # who signs on the left, who on the right
    stamp: Both
    code: str  # address that the QR code holds; none if empty
    code_note: Both  # in our language alone: it is for who carries it
    """What the code is for."""
    bundle: str
    mark: str = ""
    check_label: Both = ()
    check_codes: tuple[str, ...] = ()
    """Of each bundle that has one, in groups of four."""
