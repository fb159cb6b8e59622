"""What the sheets that go with a bundle need to be told, as plain frozen data.

A word that stands in two languages is a tuple of `Said`, the reader's language first.
"""

from dataclasses import dataclass

from campaign.printing.letter_content import CountRow, FactRow


@dataclass(frozen=True, slots=True)
class Said:
    """A word or sentence in one language."""

    locale: str
    text: str


Both = tuple[Said, ...]
"""The same in the mission's language and in ours; once, where they are one."""


@dataclass(frozen=True, slots=True)
class ContentsPage:
    """The sheet on top of one packet: what lies under it."""

    volume: str
    """Such as "Volume 001"."""
    span: str
    """Its numbers, such as "00001 – 00500"."""
    facts: tuple[FactRow, ...]
    digest: str
    """SHA-256 of the volume's PDF, in hexadecimal; empty where it has no file."""
    notes: tuple[str, ...] = ()
    """What was set aside, and what was taken out since."""


@dataclass(frozen=True, slots=True)
class ContentsContext:
    """The contents of a bundle, a page for each volume."""

    locale: str
    title: str
    """Campaign, person and mission in one line."""
    bundle: str
    """The bundle's own name: that of its folder."""
    digest_label: str
    """What stands over the checksum."""
    steps: tuple[str, ...]
    """What is ticked off when the packet is made: printed, counted, tied."""
    page_label: str
    """Pattern such as "Page {page} of {pages}"."""
    pages: tuple[ContentsPage, ...]
    mark: str = ""
    """A word such as "Rehearsal" on each page; empty on real ones."""


@dataclass(frozen=True, slots=True)
class BothRow:
    """One line of a table whose label stands in two languages."""

    label: Both
    value: str


@dataclass(frozen=True, slots=True)
class DeliverySheetContext:
    """The page that is signed at the gate."""

    locale: str
    """The mission's language; it comes first."""
    title: Both
    reference: str
    case: str
    """The person the letters are for."""
    mission_lines: tuple[str, ...]
    sender_lines: tuple[str, ...]
    handed: Both
    """Head over what is handed over."""
    counts: tuple[CountRow, ...]
    """Letters per official, and together."""
    things: tuple[BothRow, ...]
    """Volumes, pages, lists, signed sheets."""
    outcomes: tuple[Both, ...]
    """What may have happened, each with a box to tick."""
    outcome: Both
    """Head over them."""
    lines: tuple[Both, ...]
    """What is written by hand: date and time, place, name and office."""
    signatures: tuple[Both, Both]
    """Who signs on the left, who on the right."""
    stamp: Both
    code: str
    """Address that the QR code holds; none if empty."""
    code_note: str
    """What the code is for."""
    bundle: str
    mark: str = ""
    """A word such as "Rehearsal"; empty on a real one."""
