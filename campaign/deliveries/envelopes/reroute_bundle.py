"""Letters that one mission refused go through another, or by post: in a bundle addressed anew.

What the letters say stays as it was signed; the window shows the new mission. The old bundle, its
files and what happened to it stay; `LetterMove` keeps the number that each letter had in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session, joinedload

from campaign.bundles import bundle_status
from campaign.bundles.destinations import (
    WITH_DESTINATION,
    country_of,
    frozen_destination,
    sending_country_of,
)
from campaign.bundles.freeze import signed_sheets
from campaign.bundles.freeze.bundle_facts import check_addresses
from campaign.bundles.freeze.freeze_bundle import new_bundle
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.named_copies import keep_named_copies
from campaign.bundles.freeze.select_letters import Group, make_volumes
from campaign.bundles.volumes import print_jobs
from campaign.bundles.volumes.proof_print import LOOKED_AT, Proof, proof_of_letters
from campaign.campaigns.content.address_and_salutation import addressing_of, missing_of_address
from campaign.core import audit, clock, db
from campaign.core.db.salts import new_salt
from campaign.core.errors import Invalid, Refused
from campaign.core.settings import Settings
from campaign.deliveries.envelopes.split_bundle import (
    delete_run,
    find_run,
    is_posted,
    refuse_unsplittable,
)
from campaign.deliveries.remaining_letters import count_here, select_here
from campaign.models.bundle import Bundle, Destination
from campaign.models.campaign import Target
from campaign.models.delivery import Envelope, LetterMove, Rerouting
from campaign.models.directory import Mission, Official
from campaign.models.signature import Letter
from campaign.printing.geometry import layout_for
from campaign.signing.letter.letter_facts import FrozenTarget

_UNPRINTED = dict.fromkeys(("volume_id", "first_page", "pages", "set_aside_detail"))


def reroute_bundle(
    session: Session, bundle: Bundle, mission: Destination, *, settings: Settings, actor: str
) -> Bundle:
    """Make a bundle of all that is still here, for `mission` or by post; jobs print it.

    Envelopes that still lie here are opened. Signed sheets that travelled with the bundle go on
    too, unless they went with a part that was taken. Raises Invalid (`mission`: the same
    one, or one without a street); Refused: `stopped`, `not-open` (a rehearsal), `not-ready`,
    `letters-unchecked` (against the newest risk flags), `part-unnamed`, `nothing-here`,
    `address-does-not-fit`, `letters-taken` (by somebody else, at this moment).
    """
    _refuse_destination(bundle, mission)
    bundle_status.lock_bundle(session, bundle)
    refuse_unsplittable(session, bundle)
    with session.begin_nested():
        rerouted = new_bundle(session, bundle.campaign, mission, actor)
        _move_all(session, bundle, rerouted, settings)
        run = find_run(session, bundle)
        if run is not None and not is_posted(session, run):
            delete_run(session, run)
        session.add(
            Rerouting(
                from_bundle_id=bundle.id,
                to_bundle_id=rerouted.id,
                letters=rerouted.letter_count,
                created_by_id=audit.staff_id(actor),
            )
        )
        session.flush()
    print_jobs.send_for(session, rerouted)
    audit.record(
        session,
        actor,
        "bundle.reroute",
        bundle,
        letters=rerouted.letter_count,
        to=f"{mission.__tablename__}:{mission.public_id}",
        into=rerouted.id,
    )
    return rerouted


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go through another mission, where to, and what is opened for it."""

    frozen: Frozen
    letters: int
    on_paper: int  # people on sheets that are here, and go on with the letters
    envelopes: int  # that lie here, and are opened
    posted: int  # envelopes that went to the post already: their letters stay out of it


def preview_reroute(
    session: Session, bundle: Bundle, destination: Destination, home: str
) -> Preview:
    """Return what `reroute_bundle` would do. Raises as it does."""
    _refuse_destination(bundle, destination)
    refuse_unsplittable(session, bundle)
    letters = count_here(session, bundle) if bundle.letter_count else 0
    on_paper = signed_sheets.count_here(session, bundle)
    if not letters and not on_paper:
        raise Refused("nothing-here")
    run = find_run(session, bundle)
    of_run = Envelope.run_id == (run.id if run else 0)
    gone = session.scalar(select(func.count(Envelope.attempt_id)).where(of_run)) or 0
    return Preview(
        _address_anew(session, bundle, destination, on_paper, home),
        letters,
        on_paper,
        (run.envelope_count - gone) if run else 0,
        gone,
    )


def make_proof(session: Session, bundle: Bundle, destination: Destination, home: str) -> Proof:
    """Return a proof of the letters with the other address. Raises as `reroute_bundle` does."""
    facts = preview_reroute(session, bundle, destination, home)
    query = select_here(bundle).with_only_columns(Letter.id, maintain_column_froms=True)
    ids = session.scalars(query.order_by(Letter.sequence).limit(LOOKED_AT)).all()
    return proof_of_letters(
        session, bundle.campaign, ids, facts.frozen, waiting=facts.letters, first=1
    )


def _refuse_destination(bundle: Bundle, destination: Destination) -> None:
    if destination is bundle.destination:
        raise Invalid(fields={"mission": "mission-same"})
    if isinstance(destination, Mission) and not any(map(str.strip, destination.address)):
        raise Invalid(fields={"mission": "mission-without-street"})


def _move_all(session: Session, bundle: Bundle, rerouted: Bundle, settings: Settings) -> None:
    """Move letters that are here, and sheets that are, to a new bundle."""
    go_on = signed_sheets.go_on(session, bundle)
    on_paper = signed_sheets.move(session, bundle, rerouted) if go_on else 0
    home = settings.organisation_country
    facts = _address_anew(session, bundle, rerouted.destination, on_paper, home)
    rerouted.letter_count = _move_letters(session, bundle, rerouted)
    rerouted.frozen = keep_named_copies(session, rerouted.id, facts).to_json()
    if not rerouted.letter_count and not on_paper:
        raise Refused("nothing-here")
    size = max((volume.letter_count for volume in bundle.volumes), default=settings.volume_letters)
    make_volumes(session, rerouted, [Group(rerouted.letter_count)], size=size, first=1)


def list_reroutings(session: Session, bundle: Bundle) -> Sequence[Rerouting]:
    went_on = select(Rerouting).where(Rerouting.from_bundle_id == bundle.id)
    went_on = went_on.options(joinedload(Rerouting.to_bundle).options(*WITH_DESTINATION))
    return session.scalars(went_on.order_by(Rerouting.id)).all()


def list_returned(session: Session, bundle: Bundle) -> Sequence[Bundle]:
    """List bundles for another mission that were given up: their letters lie in this one again."""
    returned = select(Bundle).where(Bundle.returned_to_id == bundle.id)
    return session.scalars(returned.options(*WITH_DESTINATION).order_by(Bundle.id)).all()


def find_rerouting_to(session: Session, bundle: Bundle) -> Rerouting | None:
    reroutings = select(Rerouting).where(Rerouting.to_bundle_id == bundle.id)
    origin = joinedload(Rerouting.from_bundle).options(*WITH_DESTINATION)
    return session.scalar(reroutings.options(origin))


def _address_anew(
    session: Session, bundle: Bundle, destination: Destination, on_paper: int, home: str
) -> Frozen:
    """Return what the bundle froze, with another address. Raises Refused."""
    frozen, country = Frozen.from_json(bundle.frozen), country_of(destination, home)
    rows = session.scalars(select(Target).where(Target.id.in_(frozen.targets)))
    targets = {target.id: target for target in rows}
    facts = replace(
        frozen,
        frozen_on=clock.today(frozen.timezone),
        layout=layout_for(country).slug,
        mission=frozen_destination(destination, frozen.locale, home),
        targets={
            key: _address_target(targets[key], old, destination, country)
            for key, old in frozen.targets.items()
        },
        on_paper=on_paper,
        first_number=1,
        folder="",
    )
    check_addresses(facts)
    return facts


def _address_target(
    target: Target, old: FrozenTarget, destination: Destination, country: str
) -> FrozenTarget:
    """Give a frozen official the new address; name, salutation and copies stay."""
    addressing = {
        code: replace(
            addressing_before,
            lines=addressing_of(target, code, host_country=country, through=destination).lines,
        )
        for code, addressing_before in old.addressing.items()
    }
    return replace(old, addressing=addressing)


def _move_letters(session: Session, old: Bundle, new: Bundle) -> int:
    """Number the letters anew, in their order, and keep the numbers that they had; how many."""
    kept = (Letter.bundle_id, Letter.sequence, Letter.volume_id, Letter.first_page, Letter.pages)
    names = ["letter_id", "moved_at", *(column.key for column in kept)]
    columns = (Letter.id, literal(db.utcnow()), *kept)
    moving = select_here(old).with_only_columns(*columns, maintain_column_froms=True)
    session.execute(insert(LetterMove).from_select(names, moving))
    place = func.row_number().over(order_by=LetterMove.sequence)
    moved = (
        select(LetterMove.letter_id, place.label("place"))
        .join(Letter, Letter.id == LetterMove.letter_id)
        .where(LetterMove.bundle_id == old.id, Letter.bundle_id == old.id)
    )
    count = session.scalar(select(func.count()).select_from(moved.subquery()))
    if not count:
        return 0
    ranked = moved.subquery()
    taken = db.update_rows(
        session,
        Letter,
        Letter.id == ranked.c.letter_id,
        Letter.bundle_id == old.id,
        bundle_id=new.id,
        sequence=ranked.c.place,
        # One that has a salt may come back into its first bundle, whose codes are made of it.
        salt=func.coalesce(Letter.salt, new_salt()),
        **_UNPRINTED,
    )
    if taken != count:
        raise Refused("letters-taken", campaign=old.campaign.slug)
    return count


def list_other_missions(
    session: Session, bundle: Bundle, *, home: str = "", limit: int = 300
) -> Sequence[Mission]:
    """List missions of the same country, those in the same host country (by post, `home`) first."""
    host = bundle.mission.host_country if bundle.mission else home
    sending = sending_country_of(bundle.destination)
    missions = select(Mission).where(Mission.sending_country == sending)
    if bundle.mission is not None:
        missions = missions.where(Mission.id != bundle.mission.id)
    order = (Mission.host_country != host, Mission.host_country, Mission.slug)
    return session.scalars(missions.order_by(*order).limit(limit)).all()


def find_postal_official(session: Session, bundle: Bundle) -> Official | None:
    """Return the official to whom all letters of a bundle for a mission could go by post."""
    targets = Frozen.from_json(bundle.frozen).targets
    if bundle.mission_id is None or len(targets) != 1:
        return None
    official = session.get_one(Target, next(iter(targets))).official
    return None if missing_of_address(official) else official
