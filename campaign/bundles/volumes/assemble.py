"""Assembling: when every volume is printed, the lists, the manifest, and the totals.

Everything is written into a folder of its own, then kept in the storage below the digest of the
ZIP; the bundle is ready when its row says so. Assembling twice does no harm.
"""

from dataclasses import asdict
from pathlib import Path

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status, file_names
from campaign.bundles.changes import prints, withdrawals
from campaign.bundles.documents.bundle_zip import ZipPart, digest_of, stream_zip
from campaign.bundles.documents.make_documents import TOTALS_DIFFER, Counts, make_papers
from campaign.bundles.documents.packets import FileFacts
from campaign.bundles.freeze.signed_sheets import count_carried, digest_lists, digest_names
from campaign.bundles.letter_codes.stored_codes import LetterTree, build_tree, list_uncoded
from campaign.bundles.volumes import print_queue
from campaign.campaigns.stop_rule import may_go_out, may_go_out_sql
from campaign.core import audit, db, jobs
from campaign.core.db.leases import Lease, LeasedRow
from campaign.models.bundle import Bundle, BundlePrint, BundleState, Volume, VolumeState
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter
from campaign.printing.problems import LetterRefused
from campaign.storage import storage

log = structlog.get_logger()

PAPERS_REFUSED = "papers-refused"
BUNDLES = Lease(Bundle, held=BundleState.ASSEMBLING, waiting=(BundleState.PRINTING,))
_ACTOR = "job:bundles.assemble"


@jobs.job("bundles.assemble")
def assemble(bundle_id: int) -> None:
    """Assemble the bundle, if all of it is printed and nobody else is at it."""
    hold = claim(bundle_id)
    if hold is not None:
        assemble_claimed(hold)


def assemble_claimed(hold: LeasedRow) -> None:
    """Assemble a bundle that this worker has taken."""
    try:
        with BUNDLES.keep_alive(hold):
            _assemble(hold)
    except LetterRefused as problem:
        # The cover letter or a list cannot be printed: another try would end the same way.
        log.warning("papers refused", bundle=hold.row_id, reasons=problem.slugs)
        _fail(hold, PAPERS_REFUSED)
    except Exception as problem:
        _try_again(hold, print_queue.fault_of(problem))
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
    tries = Bundle.tries + (0 if fault in print_queue.PATIENT else 1)
    with db.transaction() as session:
        if not BUNDLES.give_back(
            session, hold, print_queue.RETRY_AFTER, tries=tries, failure=fault
        ):
            return
        used = session.scalar(select(Bundle.tries).where(Bundle.id == hold.row_id)) or 0
    if used >= print_queue.MOST_TRIES:
        _fail(hold, fault)


def _fail(hold: LeasedRow, slug: str) -> None:
    log.warning("bundle failed", bundle=hold.row_id, reason=slug)
    subject = f"bundle:{hold.row_id}"
    with db.transaction() as session:
        if BUNDLES.finish(session, hold, state=BundleState.FAILED, failure=slug):
            audit.record(session, _ACTOR, "bundle.failed", subject, reason=slug)


def _assemble(hold: LeasedRow) -> None:
    with db.transaction() as session:
        bundle = session.get_one(Bundle, hold.row_id)
        bundle_status.lock_bundle(session, bundle)
        withdrawals.note_lists(session, bundle)
    with db.reading() as session:
        bundle = session.get_one(Bundle, hold.row_id)
        volumes, counts = list(bundle.volumes), count_ends(session, bundle)
        tree = build_tree(session, bundle)
    if counts.problem:
        _fail(hold, counts.problem)
        return
    if _print_missing_again(hold, bundle):
        return
    if tree is not None and tree.letters != counts.printed:
        _fail(hold, TOTALS_DIFFER)
        return
    with storage().workshop() as making:
        files = make_papers(bundle, counts, making, tree)
        digest = _keep_papers(bundle, making)
    if _finish(hold, bundle, digest, files, counts, tree):
        remove_leftovers(bundle, volumes, digest)
    elif remove_unwanted(bundle, digest):
        _give_back(hold)


def count_ends(session: Session, bundle: Bundle) -> Counts:
    """Count how the bundle's letters ended: of all that were frozen, each is printed or aside."""
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
    per_target = session.execute(
        select(Letter.target_id, func.count(Letter.id))
        .where(Letter.bundle_id == bundle.id, Letter.first_page.is_not(None))
        .group_by(Letter.target_id)
    )
    return Counts(
        printed=printed,
        set_aside=aside + len(bundle.released),
        neither=every - printed - aside + 2 * both,
        frozen=bundle.letter_count,
        on_paper=count_carried(session, bundle.id),
        per_target=dict(per_target.all()),
        lists=digest_lists(session, bundle.id),
        names=digest_names(session, bundle.id),
    )


def _print_missing_again(hold: LeasedRow, bundle: Bundle) -> bool:
    """Whether a volume's file, or its codes, are not there as written; it is then printed again."""
    with db.reading() as session:
        uncoded = list_uncoded(session, bundle)
    sizes = storage().sizes(file_names.stored_folder(bundle.public_id))
    lost = [
        volume.id
        for volume in bundle.volumes
        if volume.sha256
        and (
            sizes.get(file_names.stored_volume_of(bundle, volume)) != volume.byte_count
            or volume.id in uncoded
        )
    ]
    if not lost:
        return False
    log.warning("volumes lost from the storage", bundle=bundle.id, volumes=len(lost))
    with db.transaction() as session:
        waiting = {"state": VolumeState.WAITING, "lease_until": None}
        db.update_rows(session, Volume, Volume.id.in_(lost), **waiting)
        BUNDLES.finish(session, hold, state=BundleState.PRINTING, failure=None)
    return True


def _keep_papers(bundle: Bundle, papers_folder: Path) -> str:
    """Keep the papers that were made in `papers_folder`; the digest of the whole ZIP."""
    store = storage()
    names = [name for name in file_names.PAPERS if (papers_folder / name).exists()]
    papers = {name: ZipPart.local(name, papers_folder / name) for name in names}
    sizes = store.sizes(file_names.stored_folder(bundle.public_id))
    volumes = {
        name: ZipPart.stored(name, store, key, sizes)
        for name, key in file_names.stored_volumes(bundle).items()
    }
    parts = file_names.in_order(papers, volumes)
    digest = digest_of(stream_zip(file_names.zip_name(bundle), parts, bundle.created_at))
    folder = file_names.stored_papers(bundle.public_id, digest)
    for part in papers.values():
        with store.create(f"{folder}/{part.name}") as kept:
            kept.writelines(part.read())
    return digest


def _finish(
    hold: LeasedRow,
    bundle: Bundle,
    digest: str,
    files: list[FileFacts],
    counts: Counts,
    tree: LetterTree | None,
) -> bool:
    pages = sum(volume.page_count or 0 for volume in bundle.volumes)
    papers = file_names.stored_papers(bundle.public_id, digest)
    stored = {name: f"{papers}/{name}" for name in file_names.PAPERS}
    stored |= file_names.stored_volumes(bundle)
    with db.transaction() as session:
        ours = BUNDLES.finish(
            session,
            hold,
            # A stop that came meanwhile has the last word.
            bundle_status.bundle_may_go_out(Bundle.id),
            state=BundleState.READY,
            tries=0,
            failure=None,
            zip_sha256=digest,
            page_count=pages,
            ready_at=db.utcnow(),
        )
        if ours:
            newest = BundlePrint(
                files=[
                    asdict(file)
                    | {"stored": stored[file.name], "lists": counts.lists, "names": counts.names}
                    for file in files
                ],
                zip_sha256=digest,
                letters=counts.printed,
                pages=pages,
                on_paper=counts.on_paper,
                check_code=tree.check_code if tree else None,
                tree=tree.kept if tree else None,
            )
            prints.add_print(session, bundle, newest)
            audit.record(
                session,
                _ACTOR,
                "bundle.ready",
                bundle,
                printed=counts.printed,
                set_aside=counts.set_aside,
                sha256=digest,
                **({"check_code": tree.check_code} if tree else {}),
            )
    return ours


def remove_unwanted(bundle: Bundle, digest: str) -> bool:
    """Remove papers before which a stop came, or the end; whether it is assembled later."""
    with db.reading() as session:
        current = session.get(Bundle, bundle.id)
        stopped = current is not None and not may_go_out(current.campaign.status)
    if current is None or current.state is BundleState.CANCELLED:
        storage().delete_folder(file_names.stored_folder(bundle.public_id))
    elif stopped and current.state is not BundleState.READY:
        storage().delete_folder(file_names.stored_papers(bundle.public_id, digest))
        return True
    return False


def remove_leftovers(bundle: Bundle, volumes: list[Volume], digest: str) -> None:
    """Remove what attempts cut short have left, and prints that were replaced; not envelopes."""
    papers = f"{file_names.stored_papers(bundle.public_id, digest)}/"
    apart = (papers, file_names.stored_envelopes(bundle.public_id))
    keep = {file_names.stored_volume_of(bundle, volume) for volume in volumes}
    store = storage()
    for name in list(store.names(file_names.stored_folder(bundle.public_id))):
        if name not in keep and not name.startswith(apart):
            store.delete(name)
