"""Assembling: when every volume is printed, the lists, the manifest, and the totals.

Everything is written into a folder of its own, then kept in the storage below the digest of the
ZIP; the bundle is ready when its row says so. Assembling twice does no harm.

How the letters of a bundle ended: of all that were frozen, each is printed or set aside.

Removing what of a bundle's files is not wanted: they name people.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import bundle_status, file_names, find_bundles
from campaign.bundles.changes import prints
from campaign.bundles.documents.bundle_zip import ZipPart, digest_of, stream_zip
from campaign.bundles.documents.make_documents import Counts, make_papers
from campaign.bundles.documents.packets import FileFacts
from campaign.bundles.freeze.signed_sheets import count_carried
from campaign.bundles.volumes import machine_faults, print_queue
from campaign.campaigns.stop_rule import may_go_out, may_go_out_sql
from campaign.core import audit, db, jobs
from campaign.core.db.leases import Lease, LeasedRow
from campaign.models.bundle import Bundle, BundleState, Volume, VolumeState
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter
from campaign.printing.problems import LetterRefused

log = structlog.get_logger()

PAPERS_REFUSED = "papers-refused"
BUNDLES = Lease(Bundle, held=BundleState.ASSEMBLING, waiting=(BundleState.PRINTING,))


@jobs.job("bundles.assemble")
def assemble(bundle_id: int) -> None:
    """Assemble the bundle, if all of it is printed and nobody else is at it."""
    hold = claim(bundle_id)
    if hold is None:
        return
    try:
        with BUNDLES.keep_alive(hold):
            _assemble(hold)
    except LetterRefused as problem:
        # The cover letter or a list cannot be printed: another try would end the same way.
        log.warning("papers refused", bundle=bundle_id, reasons=problem.slugs)
        _fail(hold, PAPERS_REFUSED)
    except Exception as problem:
        _try_again(hold, machine_faults.fault_of(problem))
        raise
    except BaseException:
        _give_back(hold)
        raise


def claim(bundle_id: int) -> LeasedRow | None:
    """Take the bundle for assembling; None where it is not due."""
    unprinted = select(Volume.id).where(
        Volume.bundle_id == bundle_id, Volume.state != VolumeState.PRINTED
    )
    running = select(Campaign.id).where(may_go_out_sql())
    with db.transaction() as session:
        return BUNDLES.claim(
            session, bundle_id, ~unprinted.exists(), Bundle.campaign_id.in_(running)
        )


def _give_back(hold: LeasedRow) -> None:
    with db.transaction() as session:
        BUNDLES.give_back(session, hold, print_queue.RETRY_AFTER)


def _try_again(hold: LeasedRow, fault: str) -> None:
    """Leave it to a later try and say why, or to none once there were too many."""
    tries = Bundle.tries + (0 if fault in machine_faults.PATIENT else 1)
    with db.transaction() as session:
        if not BUNDLES.give_back(
            session, hold, print_queue.RETRY_AFTER, tries=tries, failure=fault
        ):
            return
        used = session.scalar(select(Bundle.tries).where(Bundle.id == hold.row_id)) or 0
    if used >= machine_faults.MOST_TRIES:
        _fail(hold, fault)


def _assemble(hold: LeasedRow) -> None:
    with db.reading() as session:
        bundle = session.get_one(Bundle, hold.row_id)
        volumes = list(bundle.volumes)
        total = total_of(session, bundle)
        counts = Counts(
            total.printed, total.set_aside, printed_per_target(session, bundle), total.on_paper
        )
    if total.problem:
        _fail(hold, total.problem)
        return
    if _print_missing_again(hold, bundle, volumes):
        return
    store, folder = storage.storage(), find_bundles.zip_name(bundle)
    with store.workshop() as making:
        files = make_papers(bundle, volumes, counts, folder=folder, out=making)
        digest = _keep_papers(bundle, volumes, folder, making, store)
    if _finish(hold, bundle, volumes, digest, files, counts):
        remove_leftovers(bundle, volumes, digest, store)
    elif remove_unwanted(bundle, digest, store):
        _give_back(hold)


def _keep_papers(
    bundle: Bundle, volumes: list[Volume], folder: str, papers_folder: Path, store: storage.Storage
) -> str:
    """Keep the papers that were made in `papers_folder`; the digest of the whole ZIP."""
    papers = {
        name: ZipPart.local(name, papers_folder / name)
        for name in file_names.PAPERS
        if (papers_folder / name).exists()
    }
    sizes = store.sizes(file_names.stored_folder(bundle.public_id))
    parts = [
        *(papers[name] for name in file_names.BEFORE if name in papers),
        *_volume_parts(bundle, volumes, store, sizes),
        *(papers[name] for name in file_names.AFTER if name in papers),
    ]
    digest = digest_of(stream_zip(folder, parts, bundle.created_at))
    _keep(papers.values(), file_names.stored_papers(bundle.public_id, digest), store)
    return digest


def _volume_parts(
    bundle: Bundle, volumes: list[Volume], store: storage.Storage, sizes: Mapping[str, int]
) -> list[ZipPart]:
    return [
        ZipPart.stored(
            file_names.volume_file(volume.sequence),
            store,
            file_names.stored_volume_of(bundle, volume),
            sizes,
        )
        for volume in volumes
        if volume.sha256
    ]


def _stored(bundle: Bundle, volumes: list[Volume], digest: str) -> dict[str, str]:
    """Where each file of the ZIP lies in the storage."""
    papers = file_names.stored_papers(bundle.public_id, digest)
    printed = {
        file_names.volume_file(volume.sequence): file_names.stored_volume_of(bundle, volume)
        for volume in volumes
    }
    return {**{name: f"{papers}/{name}" for name in file_names.PAPERS}, **printed}


def _fail(hold: LeasedRow, slug: str) -> None:
    log.warning("bundle failed", bundle=hold.row_id, reason=slug)
    with db.transaction() as session:
        if BUNDLES.finish(session, hold, state=BundleState.FAILED, failure=slug):
            audit.record(
                session,
                actor="job:bundles.assemble",
                action="bundle.failed",
                subject=f"bundle:{hold.row_id}",
                reason=slug,
            )


def _print_missing_again(hold: LeasedRow, bundle: Bundle, volumes: list[Volume]) -> bool:
    """Whether a volume's file is not there as it was written; it is then printed again."""
    sizes = storage.storage().sizes(file_names.stored_folder(bundle.public_id))
    lost = []
    for volume in volumes:
        size = sizes.get(file_names.stored_volume_of(bundle, volume))
        if volume.sha256 and size != volume.byte_count:
            lost.append(volume.id)
    if not lost:
        return False
    log.warning("volumes lost from the storage", bundle=bundle.id, volumes=len(lost))
    with db.transaction() as session:
        session.execute(
            update(Volume)
            .where(Volume.id.in_(lost))
            .values(state=VolumeState.WAITING, lease_until=None)
        )
        BUNDLES.finish(session, hold, state=BundleState.PRINTING, failure=None)
    return True


def _keep(papers: Iterable[ZipPart], folder: str, store: storage.Storage) -> None:
    for part in papers:
        with store.create(f"{folder}/{part.name}") as kept:
            for piece in part.read():
                kept.write(piece)


def _finish(
    hold: LeasedRow,
    bundle: Bundle,
    volumes: list[Volume],
    digest: str,
    files: list[FileFacts],
    counts: Counts,
) -> bool:
    pages = sum(volume.page_count or 0 for volume in volumes)
    with db.transaction() as session:
        first = BUNDLES.finish(
            session,
            hold,
            bundle_status.bundle_may_go_out(
                Bundle.id
            ),  # a stop that came meanwhile has the last word
            state=BundleState.READY,
            tries=0,
            failure=None,
            zip_sha256=digest,
            page_count=pages,
            ready_at=db.utcnow(),
        )
        if first:
            prints.add_print(
                session,
                bundle,
                files=files,
                stored=_stored(bundle, volumes, digest),
                zip_sha256=digest,
                letters=counts.printed,
                pages=pages,
                on_paper=counts.on_paper,
            )
            audit.record(
                session,
                actor="job:bundles.assemble",
                action="bundle.ready",
                subject=f"bundle:{bundle.id}",
                printed=counts.printed,
                set_aside=counts.set_aside,
                sha256=digest,
            )
    return first


NOTHING_PRINTED = "nothing-printed"
TOTALS_DIFFER = "totals-differ"


@dataclass(frozen=True, slots=True)
class Total:
    """Letters of a bundle once its volumes are printed."""

    printed: int
    set_aside: int
    """Those that wait again by now included."""
    neither: int
    """Neither, or both."""
    frozen: int
    on_paper: int
    """People on the signed sheets that travel with it; they may travel alone."""

    @property
    def problem(self) -> str:
        """Why the bundle cannot be made, as a slug; empty where nothing speaks against it."""
        if self.neither or self.printed + self.set_aside != self.frozen:
            return TOTALS_DIFFER
        sheets_alone = self.on_paper and not self.frozen
        return "" if self.printed or sheets_alone else NOTHING_PRINTED


def total_of(session: Session, bundle: Bundle) -> Total:
    """How the bundle's letters ended."""
    printed, aside, both, every = session.execute(
        select(
            func.count(Letter.first_page),
            func.count(Letter.set_aside),
            func.count(Letter.id).filter(
                Letter.first_page.is_not(None), Letter.set_aside.is_not(None)
            ),
            func.count(Letter.id),
        ).where(Letter.bundle_id == bundle.id)
    ).one()
    return Total(
        printed=printed,
        set_aside=aside + len(bundle.released),
        neither=every - printed - aside + 2 * both,
        frozen=bundle.letter_count,
        on_paper=count_carried(session, bundle.id),
    )


def printed_per_target(session: Session, bundle: Bundle) -> dict[int, int]:
    """Letters that were printed, by the id of the target."""
    rows = session.execute(
        select(Letter.target_id, func.count(Letter.id).label("letters"))
        .where(Letter.bundle_id == bundle.id, Letter.first_page.is_not(None))
        .group_by(Letter.target_id)
    )
    return {row.target_id: row.letters for row in rows}


def remove_unwanted(bundle: Bundle, digest: str, store: storage.Storage) -> bool:
    """Remove papers before which a stop came, the end of a rehearsal, or a cancelling.

    Gives whether the bundle is to be assembled later.
    """
    with db.reading() as session:
        current = session.get(Bundle, bundle.id)
        stopped = current is not None and not may_go_out(current.campaign.status)
    if current is None or current.state is BundleState.CANCELLED:
        store.delete_folder(file_names.stored_folder(bundle.public_id))
    elif stopped and current.state is not BundleState.READY:
        store.delete_folder(file_names.stored_papers(bundle.public_id, digest))
        return True
    return False


def remove_leftovers(
    bundle: Bundle, volumes: list[Volume], digest: str, store: storage.Storage
) -> None:
    """Remove what attempts that were cut short have left, and prints that were replaced.

    Files of envelopes stay: they are made anew by themselves.
    """
    papers = f"{file_names.stored_papers(bundle.public_id, digest)}/"
    apart = (papers, file_names.stored_envelopes(bundle.public_id))
    keep = {file_names.stored_volume_of(bundle, volume) for volume in volumes}
    for name in list(store.names(file_names.stored_folder(bundle.public_id))):
        if name not in keep and not name.startswith(apart):
            store.delete(name)
