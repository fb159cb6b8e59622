"""Bundles of a rehearsal: what waits, making one, and what goes when the campaign opens."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import file_names
from campaign.bundles.destinations import WITH_DESTINATION
from campaign.bundles.freeze import freeze_bundle
from campaign.bundles.volumes import print_jobs
from campaign.core.db import after_commit
from campaign.core.settings import Settings
from campaign.models.bundle import Bundle, Destination, Volume
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter


def list_bundles(session: Session, campaign: Campaign) -> Sequence[Bundle]:
    """List the bundles of the rehearsal, the newest first."""
    return session.scalars(
        select(Bundle)
        .options(*WITH_DESTINATION)
        .where(Bundle.campaign_id == campaign.id)
        .order_by(Bundle.id.desc())
    ).all()


def make_bundle(
    session: Session,
    campaign: Campaign,
    *,
    mission: Destination,
    settings: Settings,
    locale: str,
    actor: str,
    staff_id: int | None,
) -> Bundle:
    """Freeze what waits, and have it printed. Raises Refused, as a real freeze does."""
    bundle = freeze_bundle.freeze(
        session,
        campaign=campaign,
        mission=mission,
        settings=settings,
        locale=locale,
        actor=actor,
        staff_id=staff_id,
        rehearsal=True,
    )
    print_jobs.send_for(session, bundle, chains=settings.worker_threads)
    return bundle


def remove_bundles(session: Session, campaign: Campaign) -> None:
    """Remove the bundles with their volumes and, once that is committed, their files."""
    bundles = session.execute(
        select(Bundle.id, Bundle.public_id).where(Bundle.campaign_id == campaign.id)
    ).all()
    ids = [bundle.id for bundle in bundles]
    if not ids:
        return
    session.execute(
        update(Letter)
        .where(Letter.bundle_id.in_(ids))
        .values(bundle_id=None, volume_id=None, sequence=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(delete(Volume).where(Volume.bundle_id.in_(ids)))
    session.execute(delete(Bundle).where(Bundle.id.in_(ids)))
    store = storage.storage()
    for bundle in bundles:
        after_commit(
            session, partial(store.delete_folder, file_names.stored_folder(bundle.public_id))
        )
