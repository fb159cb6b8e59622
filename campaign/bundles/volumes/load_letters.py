"""A volume's letters, composed from what was signed and what was frozen. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from campaign.bundles.freeze.frozen_texts import Frozen, FrozenTarget
from campaign.bundles.volumes.print_queue import Aside
from campaign.core import clock
from campaign.core.sealing import WrongKey
from campaign.models.bundle import Bundle, Volume
from campaign.models.letter_template import LetterTemplate
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.printing.letter_content import LetterContext
from campaign.printing.placeholders import MissingPlaceholderValue
from campaign.signing.letter.compose import Into, Proposal, Writer, compose, proposal_of
from campaign.signing.letter.letter_translations import template_at
from campaign.signing.sign_in_rehearsal import rehearsal_mark

WITHDRAWN = "withdrawn"
"""The signature was withdrawn, or found invalid, after the bundle was frozen."""
UNREADABLE = "unreadable"
"""What was sealed does not open: damaged, or sealed with another key."""
MISSING_VALUE = "missing-value"
"""The letter template asks for something that the campaign does not have."""

_COLUMNS = (
    Letter.id,
    Letter.sequence,
    Letter.target_id,
    Letter.template_id,
    Signature.state,
    Signature.forgotten_at,
    Signature.letter_locale,
    Signature.given_name,
    Signature.family_name,
    Signature.locality,
    Signature.region,
    Signature.postal_code,
    Signature.country,
    Signature.disclosure,
    Signature.own_words,
    Signature.full_text,
    Signature.points,
    Signature.signed_at,
)


@dataclass(slots=True)
class Loaded:
    """The letters to print, in order, and those that cannot be composed."""

    frozen: Frozen
    letters: list[LetterContext] = field(default_factory=list)
    set_aside: list[Aside] = field(default_factory=list)


def number_of(sequence: int) -> str:
    """A letter's number as it is printed: `00123`."""
    return f"{sequence:05d}"


def load_volume(session: Session, volume_id: int) -> Loaded:
    """The volume's letters."""
    volume = session.get_one(Volume, volume_id)
    frozen = Frozen.from_json(session.get_one(Bundle, volume.bundle_id).frozen)
    loaded = Loaded(frozen)
    rows, loaded.set_aside = _rows(session, volume_id)
    proposals = _proposals(session, {row.template_id for row in rows})
    translator = _Translator.of(session, volume.bundle_id, frozen)
    for row in rows:
        if row.state is not SignatureState.CONFIRMED or row.forgotten_at is not None:
            loaded.set_aside.append(Aside(row.id, WITHDRAWN))
            continue
        try:
            loaded.letters.append(_compose(row, frozen, proposals[row.template_id], translator))
        except MissingPlaceholderValue as problem:
            detail = {"names": ", ".join(problem.names)}
            loaded.set_aside.append(Aside(row.id, MISSING_VALUE, detail))
    return loaded


def load_some(
    session: Session, letter_ids: Sequence[int], frozen: Frozen, *, campaign_id: int
) -> Loaded:
    """Letters that are not frozen yet, in this order and without their numbers: for a proof."""
    loaded = Loaded(frozen)
    rows, loaded.set_aside = _rows_by_id(session, letter_ids)
    proposals = _proposals(session, {row.template_id for row in rows})
    templates = _templates_in(session, campaign_id, frozen.translation)
    translator = _Translator(frozen.translation, templates, frozen.targets)
    for row in rows:
        try:
            made = _compose(row, frozen, proposals[row.template_id], translator)
        except MissingPlaceholderValue as problem:
            detail = {"names": ", ".join(problem.names)}
            loaded.set_aside.append(Aside(row.id, MISSING_VALUE, detail))
        else:
            loaded.letters.append(replace(made, number=None))
    return loaded


def _rows_by_id(session: Session, ids: Sequence[int]) -> tuple[list[Any], list[Aside]]:
    query = select(*_COLUMNS).join(Signature, Signature.id == Letter.signature_id)
    try:
        found = {row.id: row for row in session.execute(query.where(Letter.id.in_(ids)))}
        return [found[letter_id] for letter_id in ids], []
    except WrongKey:
        pass
    rows: list[Any] = []
    aside: list[Aside] = []
    for letter_id in ids:
        try:
            rows.append(session.execute(query.where(Letter.id == letter_id)).one())
        except WrongKey:
            aside.append(Aside(letter_id, UNREADABLE))
    return rows, aside


def _templates_in(session: Session, campaign_id: int, locale: str) -> Sequence[LetterTemplate]:
    if not locale:
        return ()
    return session.scalars(
        select(LetterTemplate)
        .where(LetterTemplate.campaign_id == campaign_id, LetterTemplate.locale == locale)
        .options(selectinload(LetterTemplate.points))
    ).all()


def _rows(session: Session, volume_id: int) -> tuple[Sequence[Any], list[Aside]]:
    query = (
        select(*_COLUMNS)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(Letter.volume_id == volume_id)
        .order_by(Letter.sequence)
    )
    try:
        return session.execute(query).all(), []
    except WrongKey:
        # One damaged row must not hold up the others: read them one by one.
        rows: list[Any] = []
        aside: list[Aside] = []
        ids = session.scalars(
            select(Letter.id).where(Letter.volume_id == volume_id).order_by(Letter.sequence)
        ).all()
        for letter_id in ids:
            try:
                rows.append(session.execute(query.where(Letter.id == letter_id)).one())
            except WrongKey:
                aside.append(Aside(letter_id, UNREADABLE))
        return rows, aside


def _proposals(session: Session, ids: set[int]) -> dict[int, Proposal]:
    templates = session.scalars(
        select(LetterTemplate)
        .where(LetterTemplate.id.in_(ids))
        .options(selectinload(LetterTemplate.points))
    )
    return {template.id: proposal_of(template) for template in templates}


@dataclass(slots=True)
class _Translator:
    """What the bundle's letters are translated with, found once for each template version."""

    locale: str
    templates: Sequence[LetterTemplate]
    targets: dict[int, FrozenTarget]
    _known: dict[int, Proposal] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, bundle_id: int, frozen: Frozen) -> "_Translator":
        """The translator of a bundle; without a language it has nothing to do."""
        templates: Sequence[LetterTemplate] = ()
        if frozen.translation:
            templates = session.scalars(
                select(LetterTemplate)
                .join(Bundle, Bundle.campaign_id == LetterTemplate.campaign_id)
                .where(Bundle.id == bundle_id, LetterTemplate.locale == frozen.translation)
                .options(selectinload(LetterTemplate.points))
            ).all()
        return cls(frozen.translation, templates, frozen.targets)

    def into(self, row: Any) -> Into | None:
        """What the letter of `row` is translated with."""
        if not self.locale or row.letter_locale == self.locale or row.full_text:
            return None
        found = template_at(self.templates, row.target_id, self.locale, row.signed_at)
        if found is None:
            return None
        proposal = self._known.get(found.id) or proposal_of(found)
        self._known[found.id] = proposal
        return Into(self.locale, proposal, self.targets[row.target_id].addressing[self.locale])


def _compose(
    row: Any, frozen: Frozen, proposal: Proposal, translator: _Translator
) -> LetterContext:
    return compose(
        key=str(row.id),
        number=number_of(row.sequence or 0),
        case=frozen.case,
        addressing=frozen.targets[row.target_id].addressing[row.letter_locale],
        proposal=proposal,
        writer=Writer(
            given_name=row.given_name,
            family_name=row.family_name,
            locality=row.locality,
            region=row.region,
            postal_code=row.postal_code,
            country=row.country,
            disclosure=row.disclosure,
            own_words=row.own_words,
            points=tuple(row.points),
            full_text=row.full_text or "",
        ),
        locale=row.letter_locale,
        written_on=clock.day_of(row.signed_at, frozen.timezone),
        specimen=rehearsal_mark(row.letter_locale) if frozen.rehearsal else "",
        into=translator.into(row),
    )
