"""Assembling: when every volume is printed, the lists, the manifest, and the totals.

Everything is written into a folder of its own, then kept in the storage below the digest of the
ZIP; the bundle is ready when its row says so. Assembling twice does no harm.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import structlog
from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from campaign import audit, db, jobs, storage
from campaign.bundles import clearing, faults, files, ledger, prints, services, totals
from campaign.bundles.making import Counts, make_papers
from campaign.bundles.manifest import FileFacts
from campaign.bundles.models import Bundle, BundleState, Volume, VolumeState
from campaign.bundles.zipping import Part, digest_of, stream_zip
from campaign.campaigns.models import Campaign, CampaignStatus
from campaign.leases import LEASE, Heartbeat
from campaign.letters.problems import LetterRefused

log = structlog.get_logger()

PAPERS_REFUSED = "papers-refused"


@jobs.job("bundles.assemble")
def assemble(bundle_id: int) -> None:
    """Assemble the bundle, if all of it is printed and nobody else is at it."""
    if not claim(bundle_id):
        return
    try:
        with Heartbeat(partial(_beat, bundle_id)):
            _assemble(bundle_id)
    except LetterRefused as problem:
        # The cover letter or a list cannot be printed: another try would end the same way.
        log.warning("papers refused", bundle=bundle_id, reason=str(problem))
        _fail(bundle_id, PAPERS_REFUSED)
    except Exception as problem:
        _try_again(bundle_id, faults.fault_of(problem))
        raise
    except BaseException:
        _give_back(bundle_id)
        raise


def claim(bundle_id: int) -> bool:
    """Take the bundle for assembling; False where it is not due."""
    now = db.utcnow()
    unprinted = select(Volume.id).where(
        Volume.bundle_id == bundle_id, Volume.state != VolumeState.PRINTED
    )
    running = select(Campaign.id).where(Campaign.status != CampaignStatus.STOPPED)
    with db.transaction() as unit:
        return _update(
            unit,
            bundle_id,
            (
                Bundle.state.in_([BundleState.PRINTING, BundleState.ASSEMBLING]),
                (Bundle.lease_until.is_(None)) | (Bundle.lease_until < now),
                ~unprinted.exists(),
                Bundle.campaign_id.in_(running),
            ),
            {"state": BundleState.ASSEMBLING, "lease_until": now + LEASE},
        )


def _beat(bundle_id: int) -> None:
    with db.transaction() as unit:
        ours = (Bundle.state == BundleState.ASSEMBLING,)
        _update(unit, bundle_id, ours, {"lease_until": db.utcnow() + LEASE})


def _give_back(bundle_id: int) -> None:
    with db.transaction() as unit:
        ours = (Bundle.state == BundleState.ASSEMBLING,)
        _update(unit, bundle_id, ours, {"lease_until": db.utcnow() + ledger.RETRY_AFTER})


def _try_again(bundle_id: int, fault: str) -> None:
    """Leave it to a later try and say why, or to none once there were too many."""
    with db.transaction() as unit:
        tries = unit.scalar(
            update(Bundle)
            .where(Bundle.id == bundle_id, Bundle.state == BundleState.ASSEMBLING)
            .values(
                tries=Bundle.tries + (0 if fault in faults.PATIENT else 1),
                failure=fault,
                lease_until=db.utcnow() + ledger.RETRY_AFTER,
            )
            .returning(Bundle.tries)
            .execution_options(synchronize_session=False)
        )
    if tries is not None and tries >= faults.MOST_TRIES:
        _fail(bundle_id, fault)


def _assemble(bundle_id: int) -> None:
    with db.reading() as unit:
        bundle = unit.get_one(Bundle, bundle_id)
        volumes = list(bundle.volumes)
        total = totals.total_of(unit, bundle)
        counts = Counts(
            total.printed,
            total.set_aside,
            totals.printed_per_target(unit, bundle),
            total.on_paper,
        )
    if total.problem:
        _fail(bundle.id, total.problem)
        return
    if _print_missing_again(bundle, volumes):
        return
    store, folder = storage.storage(), services.zip_name(bundle)
    with store.workshop() as making:
        made = make_papers(bundle, volumes, counts, folder=folder, out=making)
        digest = _keep_papers(bundle, volumes, folder, making, store)
    if _finish(bundle, volumes, digest, made, counts):
        clearing.tidy(bundle, volumes, digest, store)
    elif clearing.drop_unwanted(bundle, digest, store):
        _give_back(bundle.id)


def _keep_papers(
    bundle: Bundle, volumes: list[Volume], folder: str, made: Path, store: storage.Storage
) -> str:
    """Keep the papers that were made in the folder `made`; the digest of the whole ZIP."""
    papers = {name: Part.made(name, made / name) for name in files.PAPERS if (made / name).exists()}
    sizes = store.sizes(files.stored_folder(bundle.public_id))
    parts = [
        *(papers[name] for name in files.BEFORE if name in papers),
        *_volume_parts(bundle, volumes, store, sizes),
        *(papers[name] for name in files.AFTER if name in papers),
    ]
    digest = digest_of(stream_zip(folder, parts, bundle.created_at))
    _keep(papers.values(), files.stored_papers(bundle.public_id, digest), store)
    return digest


def _volume_parts(
    bundle: Bundle, volumes: list[Volume], store: storage.Storage, sizes: Mapping[str, int]
) -> list[Part]:
    return [
        Part.kept(
            files.volume_file(one.sequence), store, files.stored_volume_of(bundle, one), sizes
        )
        for one in volumes
        if one.sha256
    ]


def _stored(bundle: Bundle, volumes: list[Volume], digest: str) -> dict[str, str]:
    """Where each file of the ZIP lies in the storage."""
    papers = files.stored_papers(bundle.public_id, digest)
    printed = {
        files.volume_file(one.sequence): files.stored_volume_of(bundle, one) for one in volumes
    }
    return {**{name: f"{papers}/{name}" for name in files.PAPERS}, **printed}


def _fail(bundle_id: int, slug: str) -> None:
    log.warning("bundle failed", bundle=bundle_id, reason=slug)
    with db.transaction() as unit:
        _update(
            unit,
            bundle_id,
            (Bundle.state == BundleState.ASSEMBLING,),
            {"state": BundleState.FAILED, "failure": slug, "lease_until": None},
        )
        audit.record(
            unit,
            actor="job:bundles.assemble",
            action="bundle.failed",
            subject=f"bundle:{bundle_id}",
            reason=slug,
        )


def _print_missing_again(bundle: Bundle, volumes: list[Volume]) -> bool:
    """Whether a volume's file is not there as it was written; it is then printed again."""
    sizes = storage.storage().sizes(files.stored_folder(bundle.public_id))
    lost = []
    for volume in volumes:
        size = sizes.get(files.stored_volume_of(bundle, volume))
        if volume.sha256 and size != volume.byte_count:
            lost.append(volume.id)
    if not lost:
        return False
    log.warning("volumes lost from the storage", bundle=bundle.id, volumes=len(lost))
    with db.transaction() as unit:
        unit.execute(
            update(Volume)
            .where(Volume.id.in_(lost))
            .values(state=VolumeState.WAITING, lease_until=None)
        )
        ours = (Bundle.state == BundleState.ASSEMBLING,)
        values = {"state": BundleState.PRINTING, "failure": None, "lease_until": None}
        _update(unit, bundle.id, ours, values)
    return True


def _keep(papers: Iterable[Part], folder: str, store: storage.Storage) -> None:
    for part in papers:
        with store.create(f"{folder}/{part.name}") as kept:
            for piece in part.read():
                kept.write(piece)


def _finish(
    bundle: Bundle,
    volumes: list[Volume],
    digest: str,
    made: list[FileFacts],
    counts: Counts,
) -> bool:
    pages = sum(one.page_count or 0 for one in volumes)
    with db.transaction() as unit:
        first = _update(
            unit,
            bundle.id,
            # A stop that came while the papers were made has the last word.
            (Bundle.state == BundleState.ASSEMBLING, ledger.unstopped(Bundle.id)),
            {
                "state": BundleState.READY,
                "lease_until": None,
                "tries": 0,
                "failure": None,
                "zip_sha256": digest,
                "page_count": pages,
                "ready_at": db.utcnow(),
            },
        )
        if first:
            prints.add_print(
                unit, bundle, made=made, stored=_stored(bundle, volumes, digest),
                zip_sha256=digest, letters=counts.printed, pages=pages,
                on_paper=counts.on_paper,
            )  # fmt: skip
            audit.record(
                unit,
                actor="job:bundles.assemble",
                action="bundle.ready",
                subject=f"bundle:{bundle.id}",
                printed=counts.printed,
                set_aside=counts.set_aside,
                sha256=digest,
            )
    return first


def _update(
    unit: Session, bundle_id: int, conditions: tuple[Any, ...], values: dict[str, Any]
) -> bool:
    done = unit.execute(
        update(Bundle)
        .where(Bundle.id == bundle_id, *conditions)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", done).rowcount == 1
