"""What there is to do today for those who print and carry. Only reads."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager

from campaign.bundles.bundle_status import has_letters_here, is_gone_whole, moved_on, moved_on_whole
from campaign.bundles.changes import prints
from campaign.bundles.changes.withdrawals import holds_reviewed, withdrawn
from campaign.bundles.destinations import ATTEMPT_WITH_DESTINATION, WITH_DESTINATION
from campaign.bundles.freeze import signed_sheets
from campaign.bundles.freeze.waiting_counts import count_by_campaign
from campaign.bundles.nouns import Noun, noun_of, noun_of_campaign
from campaign.campaigns.find_campaigns import list_linked_ended, pair_linked
from campaign.campaigns.lifecycle import takes_signatures
from campaign.campaigns.stop_rule import (
    gives_letters_sql,
    is_stopped_sql,
    warns_of_harm_sql,
    warns_since_sql,
)
from campaign.core import clock, i18n
from campaign.core.settings import current_settings
from campaign.dashboard.today import (
    LATELY,
    Todo,
    TodoItem,
    find_letters,
    find_refused_bundles,
    list_todos,
    make_todo,
)
from campaign.deliveries.linked_actions import has_letters_left
from campaign.deliveries.recording_rules import GONE_OUT, SENT
from campaign.deliveries.remaining_letters import count_here, count_paper, list_kept_back
from campaign.deliveries.stopped_bundles import (
    holds_lists_alone,
    holds_sheets,
    is_held_back,
    is_loose_sheet,
    is_unsettled,
)
from campaign.deliveries.visits import list_late
from campaign.models.bundle import (
    CAME_BACK,
    Bundle,
    BundleState,
    CarriedSignature,
    DeliveryAttempt,
    DeliveryOutcome,
)
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.delivery import Envelope, EnvelopeRun
from campaign.models.export import DataExport, ExportState, FileApproval, FileApprovalState
from campaign.models.paper_signature import PaperRow, PaperSheet
from campaign.models.reply import Reply
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.models.staff import Role, StaffUser, sees
from campaign.tracking.still_here import list_misled

_STOPPED, _OTHER = aliased(Campaign), aliased(DeliveryAttempt)

_ANSWERS_WITHIN = timedelta(days=30)
"""So long after a delivery one is asked whether an answer came back with it."""
_NOT_TAKEN = CAME_BACK | {DeliveryOutcome.PART}
_TAKEN = (DeliveryOutcome.ACCEPTED, DeliveryOutcome.PART)
_FLAGGED_FOR = timedelta(days=14)
"""How long a delivery after a stop stands on Today; on the campaign it stays."""


def list_all_todos(session: Session, *, by: StaffUser, now: datetime) -> list[Todo]:
    if by.role is Role.STAFF:
        return list_carriers_todos(session, by=by, now=now)
    todos = list_stop_todos(session, by=by, now=now) + list_todos(session, by=by, now=now)
    if by.role is Role.ADMIN:  # who prints and carries as well as they write
        todos += list_delivery_todos(session, by=by, now=now)
    return todos


def list_carriers_todos(session: Session, *, by: StaffUser, now: datetime) -> list[Todo]:
    """List what waits for who screens, prints and carries; what waits for nobody is left out."""
    mine = sees(by, Campaign.id)
    todos = [
        find_letters(session, mine, "held"),
        find_letters(session, mine, "waiting"),
        find_refused_bundles(session, mine),
    ]
    return [
        *list_stop_todos(session, by=by, now=now),
        *(todo for todo in todos if todo.total),
        *list_delivery_todos(session, by=by, now=now),
    ]


def list_stop_todos(session: Session, *, by: StaffUser, now: datetime) -> list[Todo]:
    """List what is not to go out, for who carries and who answers for the campaign: before all."""
    mine = sees(by, Campaign.id)
    todos = []
    if by.role is not Role.ORGANIZER:
        todos += [_find_held_back(session, mine), _find_loose_sheets(session, mine, now)]
        todos += [_find_withdrawn(session, mine), _find_flagged(session, mine)]
    if by.role is not Role.STAFF:
        todos.append(_find_deliveries_after_stop(session, mine, now))
        todos.append(_find_linked_ended(session, mine))
    todos.append(_find_linked_to_harm(session, by, now))
    return [todo for todo in todos if todo.total]


def _find_linked_to_harm(session: Session, by: StaffUser, now: datetime) -> Todo:
    """Find campaigns that continue though a linked one was stopped lately, for harm.

    Not those first opened after that warning: whoever opened them read it. Who only carries has
    letters left.
    """
    lately = warns_since_sql(Campaign) > now - LATELY
    stops = select(Campaign.id).where(warns_of_harm_sql(), lately)
    linked = pair_linked(session, stops).c
    unwarned = exists().where(
        linked.id == Campaign.id,
        linked.start == _STOPPED.id,
        warns_since_sql(_STOPPED) > Campaign.opened_at,
    )
    continuing = select(Campaign).where(sees(by, Campaign.id), gives_letters_sql(), unwarned)
    items = [
        TodoItem(campaign)
        for campaign in session.scalars(continuing.order_by(Campaign.id)).all()
        if _continues(session, campaign, by, now)
    ]
    return make_todo("linked-to-harm", items)


def _find_linked_ended(session: Session, mine: ColumnElement[bool]) -> Todo:
    """Find campaigns that open automatically though a linked one has ended since they were made."""
    scheduled = select(Campaign).where(mine, Campaign.status == CampaignStatus.SCHEDULED)
    campaigns = session.scalars(scheduled.order_by(Campaign.open_at)).all()
    items = [TodoItem(campaign) for campaign in campaigns if list_linked_ended(session, campaign)]
    return make_todo("linked-ended", items)


def _continues(session: Session, campaign: Campaign, by: StaffUser, now: datetime) -> bool:
    takes_letters = takes_signatures(campaign.status, campaign.act_by, now)
    return (takes_letters and by.role is not Role.STAFF) or has_letters_left(session, campaign)


def list_delivery_todos(session: Session, *, by: StaffUser, now: datetime) -> list[Todo]:
    """List, of what waits for who carries, what has to do with carrying alone."""
    mine, today = sees(by, Campaign.id), i18n.latest_day(now)
    todos = [
        _find_misled(session, mine),
        _find_rows_to_black_out(session, mine),
        _find_sheets_alone(session, mine),
        _find_unnamed_parts(session, mine),
        *_find_requests(session, mine, by, now),
        *_find_printed(session, mine),
        _find_untold_deliveries(session, mine, today),
        _find_unanswered(session, mine, today),
    ]
    return [todo for todo in todos if todo.total]


def _find_held_back(session: Session, mine: ColumnElement[bool]) -> Todo:
    """Find printed bundles of stopped campaigns, of which nobody has said what became of them."""
    rows = session.execute(
        select(Campaign, Bundle)
        .join(Bundle, Bundle.campaign_id == Campaign.id)
        .where(mine, is_unsettled(), is_held_back())
        .order_by(Campaign.stopped_at.desc(), Bundle.id)
    ).all()
    items = [
        _item(session, campaign, bundle, count_paper(session, bundle)) for campaign, bundle in rows
    ]
    return make_todo("held-back", items)


def _find_loose_sheets(session: Session, mine: ColumnElement[bool], now: datetime) -> Todo:
    """Find sheets of campaigns stopped lately, in no printed bundle: no fate can be recorded."""
    sheets = session.execute(
        select(Campaign, PaperSheet)
        .join(PaperSheet, PaperSheet.campaign_id == Campaign.id)
        .where(mine, is_stopped_sql(), Campaign.stopped_at > now - _FLAGGED_FOR, is_loose_sheet())
        .order_by(Campaign.stopped_at.desc(), PaperSheet.id)
    )
    items = [
        TodoItem(campaign, public_id=sheet.public_id, sheet=sheet) for campaign, sheet in sheets
    ]
    return make_todo("loose-sheets", items)


def _item(session: Session, campaign: Campaign, bundle: Bundle, letters: int) -> TodoItem:
    """Return a bundle with its letters or cards; of signed sheets alone, with their people."""
    if holds_lists_alone(session, bundle, letters):
        people = signed_sheets.count_carried(session, bundle.id)
        only_lists = not holds_sheets(session, bundle)
        of_bundle = (bundle.public_id, Noun.PERSON, bundle)
        return TodoItem(campaign, people, None, *of_bundle, only_lists=only_lists)
    return TodoItem(campaign, letters, None, bundle.public_id, noun_of(bundle), bundle)


def _find_deliveries_after_stop(session: Session, mine: ColumnElement[bool], now: datetime) -> Todo:
    """Find deliveries, recorded lately, with which letters went out after a stop."""
    attempts = session.scalars(
        select(DeliveryAttempt)
        .join(Campaign, Campaign.id == DeliveryAttempt.campaign_id)
        .where(mine, is_stopped_sql(), DeliveryAttempt.created_at > now - _FLAGGED_FOR)
        .options(*ATTEMPT_WITH_DESTINATION, contains_eager(DeliveryAttempt.campaign))
        .order_by(DeliveryAttempt.id.desc())
    ).all()
    late = list_late(attempts)
    items = [
        TodoItem(
            attempt.campaign,
            attempt.messages,
            attempt.happened_on,
            noun=noun_of(attempt.bundle) if attempt.bundle else noun_of_campaign(attempt.campaign),
        )
        for attempt in attempts
        if attempt.id in late
    ]
    return make_todo("after-stop", items)


def _find_misled(session: Session, mine: ColumnElement[bool]) -> Todo:
    """Find bundles about which people have an email that is not true."""
    items = [
        TodoItem(campaign, people, public_id=bundle.public_id, bundle=bundle)
        for campaign, bundle, people in list_misled(session, mine)
    ]
    return make_todo("misled", items)


def _find_rows_to_black_out(session: Session, mine: ColumnElement[bool]) -> Todo:
    """Find sheets that are still here, will leave, and name people who took that back."""
    carried = select(CarriedSignature.signature_id)
    will_leave = exists().where(
        PaperRow.sheet_id == PaperSheet.id,
        Signature.id == PaperRow.signature_id,
        or_(Signature.state == SignatureState.CONFIRMED, Signature.id.in_(carried)),
    )
    sheets = session.execute(
        select(Campaign, PaperSheet)
        .join(PaperSheet, PaperSheet.campaign_id == Campaign.id)
        .where(mine, gives_letters_sql(), PaperSheet.origin == Origin.PAPER)
        .where(will_leave, ~signed_sheets.is_out())
        .order_by(PaperSheet.id)
    ).all()
    numbers = signed_sheets.list_rows_to_black_out(
        session, PaperRow.sheet_id.in_([sheet.id for _campaign, sheet in sheets])
    )
    items = [
        TodoItem(campaign, len(rows), public_id=sheet.public_id, sheet=sheet, rows=rows)
        for campaign, sheet in sheets
        if (rows := numbers.get(sheet.id))
    ]
    return make_todo("black-out", items)


def _find_sheets_alone(session: Session, mine: ColumnElement[bool]) -> Todo:
    """Find campaigns with signed sheets that wait for a bundle, and no letter to print."""
    campaign_ids = select(Campaign.id).where(mine, gives_letters_sql())
    waiting = signed_sheets.select_waiting_on_paper(campaign_ids).subquery()
    rows = session.execute(
        select(Campaign, waiting.c.people)
        .join(waiting, waiting.c.campaign_id == Campaign.id)
        .order_by(waiting.c.people.desc(), Campaign.id)
    ).all()
    ids = [campaign.id for campaign, _people in rows]
    letters = count_by_campaign(session, Campaign.id.in_(ids)) if ids else {}
    items = [
        TodoItem(campaign, people, noun=Noun.PERSON)
        for campaign, people in rows
        if campaign.id not in letters
    ]
    return make_todo("print-sheets", items)


def _find_unnamed_parts(session: Session, mine: ColumnElement[bool]) -> Todo:
    """Find bundles of which a part was taken, and nobody has said yet which letters."""
    rows = session.execute(
        select(Campaign, Bundle, DeliveryAttempt.messages)
        .join(DeliveryAttempt, DeliveryAttempt.campaign_id == Campaign.id)
        .join(Bundle, Bundle.id == DeliveryAttempt.bundle_id)
        .where(mine, DeliveryAttempt.outcome == DeliveryOutcome.PART, ~DeliveryAttempt.taken.any())
        .options(*WITH_DESTINATION)
        .order_by(DeliveryAttempt.happened_on, DeliveryAttempt.id)
    )
    return make_todo("name-part", [_item(session, *row) for row in rows])


def _find_requests(
    session: Session, mine: ColumnElement[bool], by: StaffUser, now: datetime
) -> Iterator[Todo]:
    """Find exports and files that wait for a second person, who is not the one who asked."""
    asked: tuple[tuple[type[DataExport | FileApproval], ColumnElement[bool], str], ...] = (
        (DataExport, DataExport.state == ExportState.ASKED, "export"),
        (FileApproval, FileApproval.state == FileApprovalState.ASKED, "files"),
    )
    zone = current_settings().timezone
    for model, waits, slug in asked:
        rows = session.execute(
            select(Campaign, model.requested_at, model.public_id)
            .select_from(model)
            .outerjoin(Campaign, model.campaign_id == Campaign.id)
            .where(
                or_(mine, model.campaign_id.is_(None)),
                waits,
                model.expires_at > now,
                model.requested_by_id != by.id,
            )
            .order_by(model.id)
        )
        items = [
            TodoItem(
                campaign,
                day=clock.day_of(asked_at, campaign.timezone if campaign else zone),
                public_id=public_id,
            )
            for campaign, asked_at, public_id in rows
        ]
        yield make_todo(slug, items)


def _select_printed(mine: ColumnElement[bool]) -> Select[Campaign, Bundle]:
    """Select printed bundles that may go out and did not go on through another mission."""
    return _select_ready(mine).where(~moved_on_whole())


def _select_ready(mine: ColumnElement[bool]) -> Select[Campaign, Bundle]:
    return (
        select(Campaign, Bundle)
        .join(Bundle, Bundle.campaign_id == Campaign.id)
        .where(mine, gives_letters_sql(), Bundle.state == BundleState.READY)
        .options(*WITH_DESTINATION)
    )


def _find_withdrawn(session: Session, mine: ColumnElement[bool]) -> Todo:
    """Find printed bundles of which every letter was taken back: the paper is still to be had."""
    rows = session.execute(_select_printed(mine).where(withdrawn()).order_by(Bundle.id)).all()
    items = [
        _item(session, campaign, bundle, count_paper(session, bundle)) for campaign, bundle in rows
    ]
    return make_todo("withdrawn", items)


def _find_flagged(session: Session, mine: ColumnElement[bool]) -> Todo:
    """Find printed bundles with letters that a risk flag, set later, sent to review.

    Also where the others went on through another mission: these lie here.
    """
    holding = (holds_reviewed(), ~is_gone_whole(), ~withdrawn())
    rows = session.execute(_select_ready(mine).where(*holding).order_by(Bundle.id)).all()
    items = [
        replace(_item(session, campaign, bundle, len(numbers)), numbers=numbers)
        for campaign, bundle in rows
        if (numbers := list_kept_back(session, bundle))
    ]
    return make_todo("flagged", items)


def _find_printed(session: Session, mine: ColumnElement[bool]) -> list[Todo]:
    """Find bundles that lie here printed: to be carried, and to be posted."""
    tried = exists().where(DeliveryAttempt.bundle_id == Bundle.id)
    letters = func.coalesce(prints.letters_of_print(), Bundle.letter_count)
    untried = _select_printed(mine).add_columns(letters, moved_on())
    untried = untried.where(~tried, ~withdrawn())  # see `_find_withdrawn`
    rows = session.execute(untried.order_by(Bundle.ready_at, Bundle.id)).all()
    to_carry: list[TodoItem] = []
    to_post: list[TodoItem] = []
    for campaign, bundle, printed, some_moved in rows:
        way = to_post if bundle.mission_id is None else to_carry
        number = count_here(session, bundle) if some_moved else printed
        way.append(_item(session, campaign, bundle, number))
    to_post += _list_partly_posted(session, mine)
    return [make_todo("to-carry", to_carry), make_todo("to-post", to_post)]


def _list_partly_posted(session: Session, mine: ColumnElement[bool]) -> list[TodoItem]:
    """List bundles of which some envelopes were posted; those refused before stand elsewhere."""
    was_posted = exists().where(
        EnvelopeRun.bundle_id == Bundle.id,
        Envelope.run_id == EnvelopeRun.id,
        Envelope.attempt_id.is_not(None),
    )
    # One whose letters are all in envelopes that were posted need not be looked through.
    has_more = exists().where(
        EnvelopeRun.bundle_id == Bundle.id,
        or_(
            EnvelopeRun.letter_count < Bundle.letter_count,
            exists().where(Envelope.run_id == EnvelopeRun.id, Envelope.attempt_id.is_(None)),
        ),
    )
    came_back = exists().where(
        DeliveryAttempt.bundle_id == Bundle.id, DeliveryAttempt.outcome.in_(_NOT_TAKEN)
    )
    partly = _select_printed(mine).where(was_posted, has_more, ~came_back, has_letters_here())
    rows = session.execute(partly.order_by(Bundle.ready_at, Bundle.id)).all()
    return [
        _item(session, campaign, bundle, count_here(session, bundle)) for campaign, bundle in rows
    ]


def _find_untold_deliveries(session: Session, mine: ColumnElement[bool], today: date) -> Todo:
    """Find deliveries of the last weeks of which the case's page says nothing."""
    rows = session.execute(
        select(Campaign, DeliveryAttempt.happened_on, DeliveryAttempt.public_id)
        .join(DeliveryAttempt, DeliveryAttempt.campaign_id == Campaign.id)
        .where(
            mine,
            gives_letters_sql(),
            DeliveryAttempt.outcome.in_(GONE_OUT),
            DeliveryAttempt.update_id.is_(None),
            DeliveryAttempt.visit_id.is_not(None),
            ~_posted_since(),
            DeliveryAttempt.happened_on > today - LATELY,
        )
        .order_by(DeliveryAttempt.happened_on.desc(), DeliveryAttempt.id.desc())
    )
    items = [TodoItem(campaign, day=day, public_id=public_id) for campaign, day, public_id in rows]
    return make_todo("tell-delivery", items)


def _posted_since() -> ColumnElement[bool]:
    """Return whether more of it was posted later, or a post tells of some: one line is enough."""
    return and_(
        DeliveryAttempt.outcome.in_(SENT),
        exists().where(
            _OTHER.bundle_id == DeliveryAttempt.bundle_id,
            _OTHER.outcome.in_(SENT),
            or_(_OTHER.id > DeliveryAttempt.id, _OTHER.update_id.is_not(None)),
        ),
    )


def _find_unanswered(session: Session, mine: ColumnElement[bool], today: date) -> Todo:
    """Find campaigns that were handed over lately, and to which no reply since then is logged."""
    answered = exists().where(
        Reply.campaign_id == Campaign.id, Reply.received_on >= DeliveryAttempt.happened_on
    )
    rows = session.execute(
        select(Campaign, func.max(DeliveryAttempt.happened_on).label("day"))
        .join(DeliveryAttempt, DeliveryAttempt.campaign_id == Campaign.id)
        .where(
            mine,
            DeliveryAttempt.outcome.in_(_TAKEN),
            DeliveryAttempt.bundle_id.is_not(None),
            DeliveryAttempt.happened_on > today - _ANSWERS_WITHIN,
            ~answered,
        )
        .group_by(Campaign.id)
        .order_by(func.max(DeliveryAttempt.happened_on).desc())
    )
    return make_todo("answer", [TodoItem(campaign, day=day) for campaign, day in rows])
