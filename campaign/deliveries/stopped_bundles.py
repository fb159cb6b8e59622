"""Paper that lies here when its campaign is stopped: who is told, and what became of it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypedDict

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.bundles.access import CARRIERS
from campaign.bundles.bundle_status import is_gone_whole
from campaign.bundles.destinations import WITH_DESTINATION
from campaign.bundles.freeze.signed_sheets import has_sheets_here, have_gone
from campaign.campaigns.stop_rule import is_stopped, is_stopped_sql
from campaign.core import audit, db, jobs
from campaign.core.errors import Refused
from campaign.core.settings import site_url
from campaign.deliveries.remaining_letters import count_paper, has_paper_here
from campaign.mail.messages import Mail
from campaign.models.bundle import Bundle, BundleState, CarriedSignature
from campaign.models.campaign import Campaign
from campaign.models.delivery import HeldBundle, LetterMove, PaperFate
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict, SheetKind
from campaign.models.signature import Origin
from campaign.models.staff import StaffUser
from campaign.public.case_page import destination_name

_LATELY = timedelta(days=2)  # how far back a stop is looked for whose message was lost


class StoppedBundle(TypedDict):
    name: str
    mission: str  # where it was to go; by post, the official
    by_post: bool
    printed_again: bool
    """Its sheets are the first print of letters that went on through another mission."""
    only_sheets: bool
    """Its letters went out, or it has none: signed sheets and lists lie here."""
    only_lists: bool
    """The same, and no signed sheets either."""


class StaffStopped(Mail, kind="staff-stopped"):
    reference: str
    bundles: list[StoppedBundle]
    link: str


def is_held_back() -> ColumnElement[bool]:
    """Whether paper of a stopped campaign lies here, for a query on bundles.

    That its files are no longer kept tells nothing of its paper.
    """
    # Letters that went on through another mission were printed again: the first sheets lie here.
    moved = exists().where(LetterMove.bundle_id == Bundle.id).correlate(Bundle)
    stopped = exists().where(Campaign.id == Bundle.campaign_id, is_stopped_sql())
    return and_(
        stopped.correlate(Bundle),
        _was_printed(),
        Bundle.state != BundleState.CANCELLED,
        # Lists and cover letter go with the bundle itself, and in no envelope, as sheets do.
        or_(moved, and_(~is_gone_whole(), or_(has_paper_here(), ~have_gone()))),
    )


def _was_printed() -> ColumnElement[bool]:
    return or_(Bundle.state == BundleState.READY, Bundle.ready_at.is_not(None))


def is_loose_sheet() -> ColumnElement[bool]:
    """Whether no printed bundle has a sheet, so that no page of a bundle names it; on sheets.

    Of one whose rows the team has all removed nobody knows whether it went: it is not named.
    """
    of_sheet = exists().where(PaperRow.sheet_id == PaperSheet.id)
    is_known = or_(~of_sheet, of_sheet.where(PaperRow.verdict != RowVerdict.REMOVED))
    of_printed = exists().where(
        PaperRow.sheet_id == PaperSheet.id,
        CarriedSignature.signature_id == PaperRow.signature_id,
        Bundle.id == CarriedSignature.bundle_id,
        _was_printed(),
    )
    return and_(PaperSheet.origin == Origin.PAPER, is_known, ~of_printed.correlate(PaperSheet))


def count_loose_sheets(session: Session, campaign: Campaign) -> int:
    """Count them, of a stopped campaign."""
    if not is_stopped(campaign.status):
        return 0
    loose = select(func.count(PaperSheet.id)).where(
        PaperSheet.campaign_id == campaign.id, is_loose_sheet()
    )
    return session.scalar(loose) or 0


def is_left_behind(session: Session, sheet: PaperSheet) -> bool:
    """Whether it is such a sheet, of a stopped campaign."""
    is_loose = is_loose_sheet()
    return is_stopped(sheet.campaign.status) and db.is_true_of(session, sheet, is_loose)


def list_bundles_of(
    session: Session, sheet: PaperSheet, *conditions: ColumnElement[bool]
) -> Sequence[Bundle]:
    """List the printed bundles that have a sheet: what became of its paper is said of these."""
    if sheet.origin is not Origin.PAPER:
        return ()
    carried = select(CarriedSignature.bundle_id).join(
        PaperRow, PaperRow.signature_id == CarriedSignature.signature_id
    )
    of_sheet = Bundle.id.in_(carried.where(PaperRow.sheet_id == sheet.id))
    bundles = select(Bundle).where(of_sheet, _was_printed(), *conditions).order_by(Bundle.id)
    return session.scalars(bundles.options(*WITH_DESTINATION)).all()


def list_bundles_gone_with(session: Session, sheet: PaperSheet) -> Sequence[Bundle]:
    """List the bundles with which the sheet went out; cards that come later are other paper."""
    if sheet.kind is SheetKind.CARD:
        return ()
    return list_bundles_of(session, sheet, have_gone())


def is_unsettled() -> ColumnElement[bool]:
    """Whether nobody has said what became of the paper, for a query on bundles."""
    settled = exists().where(HeldBundle.bundle_id == Bundle.id, HeldBundle.fate.is_not(None))
    return ~settled.correlate(Bundle)


def lies_here(session: Session, bundle: Bundle) -> bool:
    return db.is_true_of(session, bundle, is_held_back())


def holds_sheets(session: Session, bundle: Bundle) -> bool:
    return db.is_true_of(session, bundle, has_sheets_here())


def holds_lists(session: Session, bundle: Bundle) -> bool:
    return db.is_true_of(session, bundle, ~have_gone())


def holds_lists_alone(session: Session, bundle: Bundle, letters: int) -> bool:
    """Whether lists lie here, with or without signed sheets, and no letter (of so many) does.

    No letter left is not enough: while nobody has named a part, its number is taken off.
    """
    return not letters and holds_lists(session, bundle)


def record_fate(session: Session, bundle: Bundle, fate: PaperFate, *, actor: str) -> bool:
    """Note that the paper was destroyed, or is locked up; tell whether it had not been destroyed.

    Raises Refused (`not-held-back`).
    """
    bundle_status.lock_bundle(session, bundle)
    if not lies_here(session, bundle):
        raise Refused("not-held-back")
    held = session.get(HeldBundle, bundle.id)
    if held is not None and held.fate is PaperFate.DESTROYED:
        return False
    if held is None:
        held = HeldBundle(bundle_id=bundle.id)
        session.add(held)
    held.fate, held.settled_at, held.settled_by_id = fate, db.utcnow(), audit.staff_id(actor)
    session.flush()
    audit.record(session, actor, "bundle.held-back", bundle, fate=fate.value)
    return True


@jobs.job("deliveries.campaign-stopped")
def campaign_stopped(campaign_id: int) -> None:
    with db.transaction() as session:
        tell_carriers(session, session.get_one(Campaign, campaign_id))


@jobs.job("deliveries.find-stops", every_minutes=5)
def find_stops() -> None:
    """Find stops that nobody was told of, as their message was lost."""
    with db.transaction() as session:
        lately = Campaign.stopped_at > db.utcnow() - _LATELY
        stopped = select(Campaign).where(is_stopped_sql(), lately)
        for campaign in session.scalars(stopped).all():
            tell_carriers(session, campaign)


def tell_carriers(session: Session, campaign: Campaign) -> None:
    """Mail who may carry its bundles that nothing is handed over any more; once for each bundle."""
    held_back = select(Bundle).where(Bundle.campaign_id == campaign.id, is_held_back())
    rows = session.scalars(held_back.options(*WITH_DESTINATION).order_by(Bundle.id)).all()
    bundles = [bundle for bundle in rows if _insert_once(session, bundle)]
    if not bundles:
        return
    link = site_url("/desk/today")
    carriers = select(StaffUser).where(StaffUser.active, StaffUser.role.in_(CARRIERS))
    for user in session.scalars(carriers.order_by(StaffUser.id)).all():
        named = [_describe(session, bundle, user.locale) for bundle in bundles]
        mail = StaffStopped(reference=campaign.reference, bundles=named, link=link)
        mail.send(session, to=user.email, locale=user.locale)


def _insert_once(session: Session, bundle: Bundle) -> bool:
    """Tell whether this is the first time; of two jobs at once, one is told so."""
    row = db.insert_new(session, HeldBundle, bundle_id=bundle.id, told_at=db.utcnow())
    return row is not None


def _describe(session: Session, bundle: Bundle, locale: str) -> StoppedBundle:
    moved = select(LetterMove.letter_id).where(LetterMove.bundle_id == bundle.id).limit(1)
    only_sheets = holds_lists_alone(session, bundle, count_paper(session, bundle))
    return {
        "name": bundle.name,
        "mission": destination_name(bundle.destination, locale),
        "by_post": bundle.official_id is not None,
        "printed_again": db.has_row(session, moved),
        "only_sheets": only_sheets,
        "only_lists": only_sheets and not holds_sheets(session, bundle),
    }
