"""A volume's letters, composed from what was signed and what was frozen. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.core.db.batches import AnyRow, read_each
from campaign.models.bundle import Bundle, Volume
from campaign.models.campaign import LetterTemplate
from campaign.models.signature import WITHDRAWN, ExactTimes, Letter, Signature, SignatureState
from campaign.printing.placeholders import MissingPlaceholderValue
from campaign.printing.print_letters import SetAside
from campaign.printing.printed_content import LetterContext
from campaign.signing.letter.compose import WRITER_COLUMNS, Proposal, proposal_of, writer_of
from campaign.signing.letter.letter_facts import compose_letter
from campaign.signing.sign_in_rehearsal import rehearsal_mark

UNREADABLE = "unreadable"  # what was sealed does not open: damaged, or sealed with another key
MISSING_VALUE = "missing-value"
"""The letter template asks for something that the campaign does not have."""

_COLUMNS = (
    Letter.id,
    Letter.sequence,
    Letter.target_id,
    Letter.template_id,
    Letter.salt,
    Signature.state,
    Signature.forgotten_at,
    Signature.letter_locale,
    Signature.signed_at,
    Signature.confirmed_at,
    Signature.exact_times,
    *WRITER_COLUMNS,
)


@dataclass(slots=True)
class Loaded:
    """The letters to print, in order, and those that cannot be composed."""

    frozen: Frozen
    letters: list[LetterContext] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    secret: str | None = None
    salts: dict[str, bytes] = field(default_factory=dict)
    """Of which codes of the letters are made, by the letter's key."""


def load_volume(session: Session, volume_id: int) -> Loaded:
    volume = session.get_one(Volume, volume_id)
    bundle = session.get_one(Bundle, volume.bundle_id)
    loaded = Loaded(Frozen.from_json(bundle.frozen), secret=bundle.letter_secret)
    ids = select(Letter.id).where(Letter.volume_id == volume_id).order_by(Letter.sequence)
    rows = _read_rows(session, session.scalars(ids).all(), loaded)
    composer = _Composer.of(session, loaded, rows, bundle.campaign_id)
    for row in rows:
        if row.state is not SignatureState.CONFIRMED or row.forgotten_at is not None:
            loaded.set_aside.append(SetAside(str(row.id), WITHDRAWN))
        else:
            composer.add(row, row.sequence)
            loaded.salts[str(row.id)] = row.salt or b""
    return loaded


def load_some(
    session: Session, letter_ids: Sequence[int], frozen: Frozen, *, campaign_id: int
) -> Loaded:
    """Letters that are not frozen yet, in this order and without their numbers: for a proof."""
    loaded = Loaded(frozen)
    rows = _read_rows(session, letter_ids, loaded)
    composer = _Composer.of(session, loaded, rows, campaign_id)
    for row in rows:
        composer.add(row, None)
    return loaded


def _read_rows(session: Session, ids: Sequence[int], loaded: Loaded) -> list[AnyRow]:
    query = select(*_COLUMNS).join(Signature, Signature.id == Letter.signature_id)
    rows = []
    for letter_id, row in read_each(session, query, Letter.id, ids):
        if row is None:
            loaded.set_aside.append(SetAside(str(letter_id), UNREADABLE))
        else:
            rows.append(row)
    return rows


@dataclass(slots=True)
class _Composer:
    """Composes letters into `loaded`, or sets them aside there."""

    loaded: Loaded
    proposals: dict[int, Proposal]
    translations: Sequence[LetterTemplate]

    @classmethod
    def of(
        cls, session: Session, loaded: Loaded, rows: Sequence[AnyRow], campaign_id: int
    ) -> "_Composer":
        signed = LetterTemplate.id.in_({row.template_id for row in rows})
        into = LetterTemplate.locale == loaded.frozen.translation
        mine = LetterTemplate.campaign_id == campaign_id
        return cls(
            loaded,
            {template.id: proposal_of(template) for template in _templates(session, signed)},
            _templates(session, mine, into) if loaded.frozen.translation else (),
        )

    def add(self, row: AnyRow, sequence: int | None) -> None:
        frozen, locale = self.loaded.frozen, row.letter_locale
        try:
            letter = compose_letter(
                frozen.facts_for(row.target_id, locale),
                self.proposals[row.template_id],
                writer_of(row),
                self.translations,
                key=str(row.id),
                target_id=row.target_id,
                locale=locale,
                signed_at=ExactTimes.of(row.signed_at, row.confirmed_at, row.exact_times).signed_at,
                sequence=sequence,
                specimen=rehearsal_mark(locale) if frozen.rehearsal else "",
            )
        except MissingPlaceholderValue as problem:
            detail = {"names": ", ".join(problem.names)}
            self.loaded.set_aside.append(SetAside(str(row.id), MISSING_VALUE, detail))
        else:
            self.loaded.letters.append(letter)


def _templates(session: Session, *which: ColumnElement[bool]) -> Sequence[LetterTemplate]:
    query = select(LetterTemplate).where(*which).options(selectinload(LetterTemplate.points))
    return session.scalars(query).all()
