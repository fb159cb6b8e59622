"""A proof: a few letters as they will be printed, to look at before anything is frozen.

The first three, and the odd ones: the longest, one in each script other than Latin, and those
that would be set aside. Only reads, but for the audit's line.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from babel import Locale
from flask_babel import gettext
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import file_approvals
from campaign.bundles.destinations import destination_of
from campaign.bundles.freeze import select_letters
from campaign.bundles.freeze.bundle_facts import facts_of
from campaign.bundles.freeze.choices import BundleChoice
from campaign.bundles.freeze.freeze_bundle import JourneyPart, next_number
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.waiting_counts import are_free_between, count_waiting, first_blocks
from campaign.bundles.volumes.load_letters import Loaded, load_some
from campaign.bundles.volumes.print_jobs import run_press
from campaign.core import audit, db
from campaign.core.errors import Refused
from campaign.core.i18n import force_locale
from campaign.core.settings import Settings
from campaign.models.bundle import Destination
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.printing.check_letters import check_before
from campaign.printing.engine.letters_job import check_card_before
from campaign.printing.print_letters import SetAside
from campaign.printing.printed_content import LetterContext
from campaign.signing.checks.review_decision import is_checked
from campaign.signing.letter.compose import number_of

LOOKED_AT = 300
"""Letters that are opened for a proof: those confirmed first; besides these, the others below."""
_NEWEST = 100
_LONGEST = 20
SORTED = 50_000
"""So many that wait are sorted to find them; of more, those signed first are looked through, and
the longest are the longest of these."""
_WINDOW = 5_000
_BLOCKS = 10
_FIRST = 3
_MOST_SCRIPTS = 3
_SCRIPTS = {
    "ARABIC": "Arab", "ARMENIAN": "Armn", "BENGALI": "Beng", "CJK": "Hani", "CYRILLIC": "Cyrl",
    "DEVANAGARI": "Deva", "ETHIOPIC": "Ethi", "GEORGIAN": "Geor", "GREEK": "Grek",
    "HANGUL": "Hang", "HEBREW": "Hebr", "HIRAGANA": "Hira", "KATAKANA": "Kana", "TAMIL": "Taml",
    "THAI": "Thai",
}  # fmt: skip
_ASIDE = 5  # letters that would be set aside, as many as are named at most


@dataclass(frozen=True, slots=True)
class ProofLetter:
    """A letter of the proof, and why it is in it."""

    letter: LetterContext
    why: str  # `first`, `longest` or `script`
    detail: str = ""  # characters of own words, or the code of the script


@dataclass(frozen=True, slots=True)
class Proof:
    campaign: Campaign
    frozen: Frozen
    waiting: int
    looked_at: int
    shown: list[ProofLetter] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)

    @property
    def named(self) -> list[SetAside]:
        return self.set_aside[:_ASIDE]


def make_proof(
    session: Session, part: JourneyPart, *, mission: Destination, settings: Settings, locale: str
) -> Proof:
    campaign, choice = part.campaign, part.choice
    ids, waiting = _candidates(session, campaign, mission, choice)
    facts = select_letters.sort_letters(session, ids, choice, locale)
    order = [letter.letter_id for letter in facts]
    frozen = facts_of(
        campaign,
        mission,
        pairs=select_letters.list_pairs(session, Letter.id.in_(ids)),
        at=db.utcnow(),
        settings=settings,
        locale=locale,
        choice=choice,
    )
    first = next_number(session, campaign, mission) if choice.goes_on else 1
    return proof_of_letters(session, campaign, order, frozen, waiting=waiting, first=first)


def proof_of_letters(
    session: Session,
    campaign: Campaign,
    ids: Sequence[int],
    frozen: Frozen,
    *,
    waiting: int,
    first: int,
) -> Proof:
    """Return a proof of these letters, in their order; `first` is the number of the first."""
    loaded = load_some(session, ids, frozen, campaign_id=campaign.id)
    proof = Proof(campaign, frozen, waiting, len(ids), set_aside=list(loaded.set_aside))
    printable = list(_printable(loaded.letters, frozen, proof.set_aside))
    for place, letter in enumerate(printable[:_FIRST]):
        numbered = replace(letter, number=number_of(first + place))
        proof.shown.append(ProofLetter(numbered, "first"))
    proof.shown.extend(_odd(printable, {shown.letter.key for shown in proof.shown}))
    return proof


def _candidates(
    session: Session, campaign: Campaign, destination: Destination, choice: BundleChoice
) -> tuple[list[int], int]:
    """Ids of the letters to look at, and how many wait."""
    targets = [target.id for target in campaign.targets if destination_of(target) is destination]
    if choice.targets is not None:
        targets = [target for target in targets if target in choice.targets]
    waiting = sum(
        letters
        for (_target, locale), letters in count_waiting(session, targets).items()
        if choice.locales is None or locale in choice.locales
    )
    # What is sealed is padded: those of the longest bucket come first, and are opened then.
    length = func.length(Signature.own_words) + func.coalesce(func.length(Signature.full_text), 0)
    if waiting > SORTED:
        some = _some_of_many(session, campaign, targets, choice, length)
        if len(some) >= min(LOOKED_AT, waiting):
            return some, waiting
        # They lie too far apart, or were not counted yet: then it takes the time that it takes.

    def ids(*order: Any, limit: int) -> Sequence[int]:
        query = select_letters.select_chosen(select(Letter.id), campaign.id, destination, choice)
        return session.scalars(query.order_by(*order).limit(limit)).all()

    letter_ids = dict.fromkeys(ids(Signature.confirmed_at, Letter.id, limit=LOOKED_AT))
    letter_ids |= dict.fromkeys(ids(Letter.id.desc(), limit=_NEWEST))
    letter_ids |= dict.fromkeys(ids(length.desc(), Letter.id, limit=_LONGEST))
    return list(letter_ids), waiting


def _some_of_many(
    session: Session,
    campaign: Campaign,
    targets: Sequence[int],
    choice: BundleChoice,
    length: ColumnElement[int],
) -> list[int]:
    """Of a great many letters the same, among those signed first: nobody waits for a million."""
    rows: list[Any] = []
    columns = (
        Letter.id,
        Letter.target_id,
        Signature.state,
        Signature.forgotten_at,
        Signature.letter_locale,
        Signature.confirmed_at,
        length.label("length"),
    )
    blocks = first_blocks(session, targets, choice.locales, letters=_WINDOW, most=_BLOCKS)
    for begin, end in blocks:
        rows += session.execute(
            select(*columns)
            .join(Signature, Signature.id == Letter.signature_id)
            .where(*are_free_between(begin, end), is_checked(campaign.id))
        )
    good = [
        row
        for row in rows
        if row.state is SignatureState.CONFIRMED
        and row.forgotten_at is None
        and row.target_id in targets
        and (choice.locales is None or row.letter_locale in choice.locales)
    ]
    first = sorted(good, key=lambda row: (row.confirmed_at, row.id))[:LOOKED_AT]
    longest = sorted(good, key=lambda row: (-row.length, row.id))[:_LONGEST]
    return list(dict.fromkeys(row.id for row in (*first, *longest)))


def _printable(
    letters: Iterable[LetterContext], frozen: Frozen, aside: list[SetAside]
) -> Iterator[LetterContext]:
    """Those that nothing speaks against before they are laid out; the others go to `aside`."""
    check = check_card_before if frozen.cards else check_before
    for letter in letters:
        problems = check(letter, frozen.sheet)
        if not problems:
            yield letter
        else:
            aside.append(SetAside(letter.key, problems[0].slug, problems[0].detail))


def _odd(letters: Sequence[LetterContext], taken: set[str]) -> Iterator[ProofLetter]:
    """The longest, and one for each script other than Latin."""
    longest = max(letters, key=_own_length, default=None)
    if longest is not None and _own_length(longest) and longest.key not in taken:
        taken.add(longest.key)
        yield ProofLetter(longest, "longest", str(_own_length(longest)))
    seen: set[str] = set()
    for letter in letters:
        script = script_of(letter)
        if script and script not in seen and letter.key not in taken and len(seen) < _MOST_SCRIPTS:
            seen.add(script)
            taken.add(letter.key)
            yield ProofLetter(letter, "script", script)


def _own_length(letter: LetterContext) -> int:
    return sum(map(len, letter.own_words))


def script_of(letter: LetterContext) -> str:
    """The first script other than Latin in what the supporter wrote, as ISO 15924 codes it."""
    for text in (letter.signature_name, letter.signature_locality, *letter.own_words):
        for character in text:
            if character > "\u024f" and character.isalpha():
                name = unicodedata.name(character, "").partition(" ")[0]
                if name not in {"", "LATIN", "MODIFIER"}:
                    return _SCRIPTS.get(name, name.capitalize())
    return ""


def script_name(code: str, locale: str) -> str:
    """The script's name in a language; the code where the language has none for it."""
    return str(Locale.parse(locale, sep="-").scripts.get(code, code))


def print_proof(session: Session, proof: Proof, *, actor: str) -> bytes:
    """The proof as a PDF, printed as the bundle will be; leaves a line in the audit.

    Raises Refused (`nothing-printed`) where none of its letters can be printed; NeedsApproval where
    nobody may have it alone.
    """
    file_approvals.refuse_unapproved(session, actor=actor, campaign=proof.campaign)
    letters = [_marked(shown.letter) for shown in proof.shown]
    if not letters:
        raise Refused("nothing-printed", campaign=proof.campaign.slug)
    with storage.storage().workshop() as folder:
        out = folder / "proof.pdf"
        printed = run_press(Loaded(proof.frozen, letters), out, lambda _done: None)
        if not printed.letters:
            raise Refused("nothing-printed", campaign=proof.campaign.slug)
        audit.record(session, actor, "bundle.proof", proof.campaign, letters=len(printed.letters))
        return out.read_bytes()


def _marked(letter: LetterContext) -> LetterContext:
    """The letter with a word across it, so that a proof is never carried to an embassy."""
    if letter.specimen:
        return letter
    with force_locale(letter.locale):
        return replace(letter, specimen=gettext("Proof"))
