"""Picking letters: which wait and are chosen, in which order they are numbered, in which volumes.

Most orders are one statement. By name or region, what is sealed must be opened: the ids are read
first, then the rows by key, some hundred at a time, and each batch is numbered by one UPDATE.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from campaign.bundles.destinations import aims_at
from campaign.bundles.freeze.choices import BundleChoice, LetterOrder, Split
from campaign.bundles.freeze.paper_needs import volume_sizes
from campaign.core import db, i18n
from campaign.core.db.batches import AnyQuery, batched, read_each
from campaign.core.db.salts import new_salt
from campaign.core.text.fold import fold_name
from campaign.models.bundle import Bundle, Destination, Volume
from campaign.models.campaign import Target
from campaign.models.signature import Disclosure, Letter, Signature, SignatureState
from campaign.signing.checks.review_decision import is_checked

Key = tuple[object, ...]
_LAST = "\U0010ffff"  # sorts after every text


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the order of one letter goes by; what does not open is empty."""

    letter_id: int
    at: datetime | None  # when it was confirmed, or signed, as the order asks
    given_name: str = ""
    family_name: str = ""
    region: str = ""
    country: str = ""  # by name, in the language of the bundle's lists
    disclosure: Disclosure = Disclosure.NAME


def group_of(facts: OrderFacts) -> tuple[str, str]:
    """Country and region as they sort; both at the end where officials are not to see them.

    An order is seen by who is handed the bundle: who shows only the name must not be found among
    the letters of a town.
    """
    if facts.disclosure is Disclosure.NAME:
        return _LAST, _LAST
    return fold_name(facts.country) or _LAST, fold_name(facts.region) or _LAST


def key_of(facts: OrderFacts, choice: BundleChoice) -> Key:
    """By what a letter is sorted; no two letters have the same."""
    name = (fold_name(facts.family_name) or _LAST, fold_name(facts.given_name))
    if choice.order is LetterOrder.NAME:
        own: Key = name
    elif choice.order is LetterOrder.REGION:
        own = (*group_of(facts), *name)
    else:
        own = (facts.at,)
    first = group_of(facts) if choice.split is Split.REGION else ()
    return (*first, *own, facts.letter_id)


def label_of(facts: OrderFacts) -> str:
    """The region by which a volume is known at the desk; empty where it is not shown."""
    if facts.disclosure is Disclosure.NAME:
        return ""
    return ", ".join(filter(None, (facts.region.strip(), facts.country)))


_BATCH = 400  # letters read or numbered at a time
_SEALED = (
    Letter.id,
    Signature.confirmed_at,
    Signature.signed_at,
    Signature.given_name,
    Signature.family_name,
    Signature.region,
    Signature.country,
    Signature.disclosure,
)


@dataclass(frozen=True, slots=True)
class Group:
    """Letters in a row that may share a volume, and the region they are of."""

    letters: int
    region: str = ""


def select_chosen(
    query: AnyQuery, campaign_id: int, destination: Destination, choice: BundleChoice
) -> AnyQuery:
    return (
        query.select_from(Letter)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Target, Target.id == Letter.target_id)
        .where(is_checked(campaign_id), *list_conditions(campaign_id, destination, choice))
    )


def list_conditions(
    campaign_id: int, destination: Destination, choice: BundleChoice
) -> Iterator[ColumnElement[bool]]:
    yield Signature.campaign_id == campaign_id
    yield Signature.state == SignatureState.CONFIRMED
    yield Signature.forgotten_at.is_(None)
    yield aims_at(destination)
    yield Letter.bundle_id.is_(None)
    if choice.targets is not None:
        yield Letter.target_id.in_(sorted(choice.targets))
    if choice.locales is not None:
        yield Signature.letter_locale.in_(sorted(choice.locales))


def list_pairs(session: Session, *conditions: ColumnElement[bool]) -> set[tuple[int, str]]:
    """Target and language of such letters."""
    rows = session.execute(
        select(Letter.target_id, Signature.letter_locale)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(*conditions)
        .distinct()
    )
    return {(target_id, code) for target_id, code in rows}


def any_waits(
    session: Session, campaign_id: int, destination: Destination, choice: BundleChoice
) -> bool:
    query = select_chosen(select(Letter.id), campaign_id, destination, choice).limit(1)
    return db.has_row(session, query)


def count_groups(
    session: Session, campaign_id: int, destination: Destination, choice: BundleChoice, locale: str
) -> list[int]:
    """How many letters each region's volumes would hold; opens the region of each letter."""
    query = select_chosen(select(Letter.id), campaign_id, destination, choice)
    facts = sort_letters(session, session.scalars(query).all(), choice, locale)
    return [group.letters for group in _groups(facts, choice)]


def take_letters(
    session: Session, bundle: Bundle, choice: BundleChoice, *, first: int, locale: str
) -> list[Group]:
    """Take the chosen letters into the bundle and number them from `first`; how they group."""
    if choice.by_person:
        return _take_sorted(session, bundle, choice, first, locale)
    at = Signature.signed_at if choice.order is LetterOrder.SIGNED else Signature.confirmed_at
    place = func.row_number().over(order_by=(at, Letter.id))
    ranked = select_chosen(
        select(Letter.id.label("letter_id"), place.label("place")),
        bundle.campaign_id,
        bundle.destination,
        choice,
    ).subquery()
    taken = db.update_rows(
        session,
        Letter,
        Letter.id == ranked.c.letter_id,
        Letter.bundle_id.is_(None),
        bundle_id=bundle.id,
        sequence=ranked.c.place + (first - 1),
        salt=new_salt(),
    )
    return [Group(taken)]


def _take_sorted(
    session: Session, bundle: Bundle, choice: BundleChoice, first: int, locale: str
) -> list[Group]:
    query = select_chosen(select(Letter.id), bundle.campaign_id, bundle.destination, choice)
    facts = sort_letters(session, session.scalars(query).all(), choice, locale)
    for batch in batched(enumerate((letter.letter_id for letter in facts), first), _BATCH):
        places = {letter_id: place for place, letter_id in batch}
        db.update_rows(
            session,
            Letter,
            Letter.id.in_(places),
            Letter.bundle_id.is_(None),
            bundle_id=bundle.id,
            sequence=case(places, value=Letter.id),
            salt=new_salt(),
        )
    return list(_groups(facts, choice))


def sort_letters(
    session: Session, ids: Sequence[int], choice: BundleChoice, locale: str
) -> list[OrderFacts]:
    """What the order of these letters goes by, in that order."""
    facts = _iter_facts(session, ids, choice, locale)
    return sorted(facts, key=lambda letter: key_of(letter, choice))


def _groups(facts: Iterable[OrderFacts], choice: BundleChoice) -> Iterator[Group]:
    """Letters in a row that are of one region, where volumes are made by region; else all."""
    if choice.split is not Split.REGION:
        count = sum(1 for _letter in facts)
        if count:
            yield Group(count)
        return
    for _region, run in groupby(facts, key=group_of):
        letters = list(run)
        yield Group(len(letters), label_of(letters[0]))


def _iter_facts(
    session: Session, ids: Sequence[int], choice: BundleChoice, locale: str
) -> Iterator[OrderFacts]:
    query = select(*_SEALED).join(Signature, Signature.id == Letter.signature_id)
    for batch in batched(ids, _BATCH):
        for letter_id, row in read_each(session, query, Letter.id, batch):
            if row is not None:
                yield OrderFacts(
                    letter_id=row.id,
                    at=row.signed_at if choice.order is LetterOrder.SIGNED else row.confirmed_at,
                    given_name=row.given_name,
                    family_name=row.family_name,
                    region=row.region,
                    country=i18n.country_name(row.country, locale) if row.country else "",
                    disclosure=row.disclosure,
                )
                continue
            # What does not open stands at the end; printing sets it aside with its reason.
            at = select(Signature.confirmed_at).join(Letter, Letter.signature_id == Signature.id)
            yield OrderFacts(letter_id, session.scalar(at.where(Letter.id == letter_id)))


def make_volumes(
    session: Session, bundle: Bundle, groups: Iterable[Group], *, size: int, first: int
) -> None:
    """Divide the bundle's letters, numbered from `first`, into volumes of at most `size`."""
    number = first
    for group in groups:
        for letters in volume_sizes([group.letters], size):
            volume = Volume(
                sequence=len(bundle.volumes) + 1, letter_count=letters, region=group.region or None
            )
            bundle.volumes.append(volume)
            session.flush()
            numbers = Letter.sequence.between(number, number + letters - 1)
            db.update_rows(
                session, Letter, Letter.bundle_id == bundle.id, numbers, volume_id=volume.id
            )
            number += letters
