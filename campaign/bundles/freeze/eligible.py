"""What could travel to a mission or by post, what of it is chosen, what stays behind and why."""

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from campaign.bundles.changes.withdrawals import select_gone
from campaign.bundles.destinations import aims_at, destination_of, is_for
from campaign.bundles.freeze.choices import BundleChoice
from campaign.bundles.freeze.signed_sheets import count_waiting_on_paper
from campaign.bundles.freeze.waiting_counts import WaitingPart, count_waiting
from campaign.campaigns.stop_rule import gives_letters_sql
from campaign.models.bundle import Bundle, BundleState, Destination
from campaign.models.campaign import Campaign, Target
from campaign.models.delivery import Rerouting
from campaign.models.signature import Letter, Origin, Signature, SignatureState


@dataclass(frozen=True, slots=True)
class CampaignOffer:
    """A campaign whose letters could travel to the mission, per official and language."""

    campaign: Campaign
    parts: Sequence[WaitingPart]
    on_paper: int = 0  # people on signed sheets that no bundle has taken along yet

    @property
    def letters(self) -> int:
        return sum(part.letters for part in self.parts)

    def chosen_parts(self, choice: BundleChoice) -> list[WaitingPart]:
        return [part for part in self.parts if is_chosen(part, choice)]


class Why(enum.StrEnum):
    """Why something is not in a bundle."""

    CAMPAIGN = "campaign"  # letters of a campaign that is not chosen
    SHEETS = "sheets"  # people on signed sheets that do not travel
    OFFICIAL = "official"
    LANGUAGE = "language"
    MISSION = "mission"  # they go through another mission, or through none yet
    EARLIER = "earlier"  # an earlier bundle for this mission has them
    PENDING = "pending"
    HELD = "held"
    REJECTED = "rejected"
    INVALID = "invalid"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"

    @property
    def in_letters(self) -> bool:
        """Whether letters are counted; else people, who each write to every official."""
        return self not in _STATES and self is not Why.SHEETS


_STATES = {
    Why(state.value): state for state in SignatureState if state is not SignatureState.CONFIRMED
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    campaign: Campaign
    why: Why
    count: int


def is_chosen(part: WaitingPart, choice: BundleChoice) -> bool:
    return (choice.targets is None or part.target.id in choice.targets) and (
        choice.locales is None or part.locale in choice.locales
    )


def list_offers(
    session: Session, mission: Destination, *, named: Iterable[str] = ()
) -> list[CampaignOffer]:
    """List what waits for the mission, the most letters first; of `named` slugs also without any.

    Signed sheets wait too, for whichever mission of their campaign they are carried to. Of the
    others only campaigns that give letters now: open or closed.
    """
    targets = session.scalars(
        select(Target)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(aims_at(mission), gives_letters_sql() | Campaign.slug.in_(list(named)))
        .order_by(Target.campaign_id, Target.position, Target.id)
    ).all()
    counts = count_waiting(session, [target.id for target in targets])
    parts: dict[Campaign, list[WaitingPart]] = {}
    for target in targets:
        own = [(locale, n) for (target_id, locale), n in counts.items() if target_id == target.id]
        parts.setdefault(target.campaign, []).extend(
            WaitingPart(target, locale, n) for locale, n in sorted(own, key=lambda pair: -pair[1])
        )
    people = count_waiting_on_paper(session, [campaign.id for campaign in parts])
    offers = [
        CampaignOffer(campaign, waiting, people.get(campaign.id, 0))
        for campaign, waiting in parts.items()
    ]
    shown = [
        offer
        for offer in offers
        if offer.letters or offer.on_paper or offer.campaign.slug in set(named)
    ]
    return sorted(shown, key=lambda offer: (-offer.letters, offer.campaign.id))


def list_left_out(
    session: Session,
    mission: Destination,
    offers: Iterable[CampaignOffer],
    chosen: dict[str, BundleChoice],
    *,
    sheets_travel: bool,
) -> list[LeftOut]:
    """List what is not in, per campaign; `chosen` has the choice for each slug that travels."""
    inside = [offer for offer in offers if offer.campaign.slug in chosen]
    people = _count_people(session, [offer.campaign.id for offer in inside])
    elsewhere = _count_elsewhere(session, mission, inside)
    left_out: list[LeftOut] = []
    for offer in offers:
        campaign = offer.campaign
        if not (sheets_travel and campaign.slug in chosen):
            left_out.append(LeftOut(campaign, Why.SHEETS, offer.on_paper))
        if campaign.slug not in chosen:
            left_out.append(LeftOut(campaign, Why.CAMPAIGN, offer.letters))
            continue
        left_out += _list_letters_left_out(session, mission, offer, chosen[campaign.slug])
        left_out.append(LeftOut(campaign, Why.MISSION, elsewhere[campaign.id]))
        left_out += [LeftOut(campaign, why, people[campaign.id, _STATES[why]]) for why in _STATES]
    return [entry for entry in left_out if entry.count]


def _list_letters_left_out(
    session: Session, mission: Destination, offer: CampaignOffer, choice: BundleChoice
) -> Iterator[LeftOut]:
    official = language = 0
    for part in offer.parts:
        if choice.targets is not None and part.target.id not in choice.targets:
            official += part.letters
        elif not is_chosen(part, choice):
            language += part.letters
    yield LeftOut(offer.campaign, Why.OFFICIAL, official)
    yield LeftOut(offer.campaign, Why.LANGUAGE, language)
    yield LeftOut(offer.campaign, Why.EARLIER, _count_earlier(session, mission, offer.campaign))


def _count_earlier(session: Session, mission: Destination, campaign: Campaign) -> int:
    """Letters that are in bundles for the mission now; what left a bundle, or is gone, is not."""
    moved = select(Rerouting.from_bundle_id).where(Rerouting.from_bundle_id == Bundle.id)
    columns = (Bundle.id, Bundle.letter_count, Bundle.released, moved.exists().label("moved"))
    stands = Bundle.state != BundleState.CANCELLED
    of_pair = (Bundle.campaign_id == campaign.id, is_for(mission))
    rows = session.execute(select(*columns).where(*of_pair, stands)).all()
    if not rows:
        return 0
    # Letters are counted only of a bundle that went elsewhere: there are few left, not a million.
    there = sum(
        _count_letters(session, Letter.bundle_id == row.id)
        if row.moved
        else row.letter_count - len(row.released)
        for row in rows
    )
    # Those whose writers are counted as withdrawn, erased or invalid.
    gone = Letter.signature_id.in_(select_gone(campaign.id))
    return there - _count_letters(session, Letter.bundle_id.in_([row.id for row in rows]), gone)


def _count_letters(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count(Letter.id)).where(*conditions)) or 0


def _count_elsewhere(
    session: Session, mission: Destination, offers: Iterable[CampaignOffer]
) -> Counter[int]:
    """Letters that wait for another mission or for none, by campaign."""
    targets = {
        target.id: offer.campaign.id
        for offer in offers
        for target in offer.campaign.targets
        if destination_of(target) is not mission
    }
    counts: Counter[int] = Counter()
    if targets:
        for (target_id, _locale), letters in count_waiting(session, targets).items():
            counts[targets[target_id]] += letters
    return counts


def _count_people(session: Session, campaigns: list[int]) -> Counter[tuple[int, SignatureState]]:
    """Who signed and is in no bundle because of where their signature stands."""
    rows = session.execute(
        select(Signature.campaign_id, Signature.state, func.count())
        .where(
            Signature.campaign_id.in_(campaigns),
            Signature.state.in_(list(_STATES.values())),
            Signature.origin != Origin.PAPER,
        )
        .group_by(Signature.campaign_id, Signature.state)
    )
    return Counter({(campaign_id, state): n for campaign_id, state, n in rows})
