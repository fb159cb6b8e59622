"""What there is to do today, on which page it is done, and the list of running campaigns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from flask import current_app, url_for
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, contains_eager, selectinload

from campaign.bundles.bundle_status import has_as_many_gone, has_letters_here
from campaign.bundles.freeze.waiting_counts import count_by_campaign
from campaign.bundles.nouns import Noun, common_noun, noun_of_campaign
from campaign.campaigns import check_readiness, copied_texts, proposals
from campaign.campaigns.record_change import needs_second_person
from campaign.campaigns.stop_rule import gives_letters_sql, has_ended_sql, may_go_out_sql
from campaign.core import clock, db, i18n
from campaign.core.settings import Settings, current_settings
from campaign.dashboard.charts import SmallColumn, spark
from campaign.dashboard.statistics_page import Cells
from campaign.deliveries.remaining_letters import has_unnamed_part
from campaign.directory import where_used
from campaign.directory.missions import is_stale_sql
from campaign.models.bundle import CAME_BACK, Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus, LetterTemplate, Target
from campaign.models.crm import CrmConnection, CrmPerson, CrmPersonState
from campaign.models.directory import Mission, Official
from campaign.models.paper_signature import PaperSheet
from campaign.models.reply import Reply, ReplyState
from campaign.models.revision import Proposal, ProposalState
from campaign.models.signature import Signature
from campaign.models.staff import Role, StaffUser, sees
from campaign.models.statistics import CampaignFigures
from campaign.models.webhook import WebhookEndpoint
from campaign.screening.review_queue import waiting_by_campaign
from campaign.staff.desk_access import staff_user
from campaign.tracking.news_subscription import hears_news

PER_PAGE = 25
"""Running campaigns."""
_DAYS = 14
"""Drawn one by one, of each running campaign."""
_NEAR = 7
"""Days before the last one on which it stands here."""
_MOST = 8
"""Campaigns named under each thing to do; the others are counted."""
_DRAFTS = 8
"""Drafts that are looked through, the newest first: each is measured as it would print."""
LATELY = timedelta(days=60)
"""A campaign that ended longer ago is no work of today."""


@dataclass(frozen=True, slots=True)
class TodoItem:
    """A campaign, an official or a mission that waits for something."""

    subject: Campaign | Official | Mission | None
    """None: it is of no campaign, and its sentence says all."""
    number: int = 0
    day: date | None = None
    public_id: str = ""
    noun: Noun | None = None
    """What is counted, where it is letters or what stands for them."""
    bundle: Bundle | None = None
    name: str = ""
    """Of what has no subject; empty: it is of the network."""
    sheet: PaperSheet | None = None
    rows: Sequence[int] = ()  # of the sheet
    only_lists: bool = False  # whether no signed sheet lies beside the lists of the bundle
    numbers: Sequence[str] = ()  # of letters in the bundle


@dataclass(frozen=True, slots=True)
class Todo:
    """One kind of thing to do; its sentence is in `dashboard/_parts.html`."""

    slug: str
    items: Sequence[TodoItem]
    total: int
    """Of all, also of those that are not named."""
    letters: int = 0

    @property
    def noun(self) -> Noun:
        return common_noun(item.noun for item in self.items if item.noun)

    @property
    def more(self) -> int:
        return self.total - len(self.items)


def list_todos(session: Session, *, by: StaffUser, now: datetime) -> list[Todo]:
    """List what waits for `by`, the most pressing first; what waits for nobody is left out."""
    mine = sees(by, Campaign.id)
    today = i18n.latest_day(now)
    todos = [
        *_find_deadlines(session, mine, now),
        _find_recipients_who_left(session, mine),
        find_letters(session, mine, "held"),
        _find_drafts_of_replies(session, mine),
        *_find_proposals(session, mine, by),
        *_find_drafts(session, mine, now, by),
        find_letters(session, mine, "waiting"),
        find_refused_bundles(session, mine),
        _find_unchecked_missions(session, mine, today),
        _find_untold_outcomes(session, mine, now),
        *_find_program_problems(session, by),
    ]
    return [todo for todo in todos if todo.total]


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One thing to do before the first campaign opens; its words are in the template."""

    slug: str
    url: str
    """Empty: it is done in the settings file."""
    done: bool


def list_first_steps(session: Session, *, by: StaffUser) -> list[FirstStep]:
    """List what is to be done on a new site; nothing once a campaign has opened."""
    if db.has_row(session, select(Campaign.id).where(Campaign.opened_at.is_not(None))):
        return []
    settings = current_settings()
    officials, missions = (db.has_row(session, select(model.id)) for model in (Official, Mission))
    steps = [
        FirstStep("officials", url_for("directory.index"), officials),
        FirstStep("missions", url_for("directory.missions"), missions),
        FirstStep("campaign", url_for("campaigns.create"), done=False),
    ]
    if by.role is not Role.ADMIN:
        return steps
    is_named = settings.organisation_email != Settings.model_fields["organisation_email"].default
    people = session.scalar(select(func.count(StaffUser.id)).where(StaffUser.active)) or 0
    return [
        FirstStep("settings", "", is_named and bool(settings.organisation_address)),
        FirstStep("colleagues", url_for("staff.users.index"), people > 1),
        *steps,
    ]


def _find_deadlines(session: Session, mine: ColumnElement[bool], now: datetime) -> list[Todo]:
    """Find open campaigns whose last day is over, or within a week by the organisation's day."""
    soon = clock.day_of(now, current_settings().timezone) + timedelta(days=_NEAR)
    campaigns = session.scalars(
        select(Campaign)
        .where(mine, Campaign.status == CampaignStatus.OPEN, Campaign.act_by <= soon)
        .order_by(Campaign.act_by, Campaign.id)
    ).all()
    over: list[TodoItem] = []
    near: list[TodoItem] = []
    for campaign in campaigns:
        is_over = campaign.act_by is not None and i18n.day_is_over(campaign.act_by, now)
        (over if is_over else near).append(TodoItem(campaign, day=campaign.act_by))
    return [make_todo("deadline-over", over), make_todo("deadline-near", near)]


def make_todo(slug: str, items: Sequence[TodoItem]) -> Todo:
    """Make one kind of thing to do, its first items named."""
    return Todo(slug, items[:_MOST], len(items), sum(item.number for item in items))


def find_letters(
    session: Session, mine: ColumnElement[bool], slug: Literal["held", "waiting"]
) -> Todo:
    """Find campaigns with letters that wait for a look or to be printed, the most first."""
    chosen = mine & gives_letters_sql()
    if slug == "held":
        held = waiting_by_campaign()
        rows = select(Campaign.id, held.c.letters).join(held, held.c.campaign_id == Campaign.id)
        counts: dict[int, int] = dict(session.execute(rows.where(chosen)).all())
    else:
        counts = count_by_campaign(session, chosen)
    most = sorted(counts, key=lambda campaign_id: (-counts[campaign_id], campaign_id))[:_MOST]
    campaigns = session.scalars(select(Campaign).where(Campaign.id.in_(most))).all()
    items = [
        TodoItem(campaign, counts[campaign.id], noun=noun_of_campaign(campaign))
        for campaign in sorted(campaigns, key=lambda campaign: most.index(campaign.id))
    ]
    return Todo(slug, items, len(counts))


def _find_drafts_of_replies(session: Session, mine: ColumnElement[bool]) -> Todo:
    rows = session.execute(
        select(Campaign, func.count(Reply.id))
        .join(Reply, Reply.campaign_id == Campaign.id)
        .where(mine, Reply.state == ReplyState.DRAFT)
        .group_by(Campaign.id)
        .order_by(func.min(Reply.created_at))
    )
    return make_todo("replies", [TodoItem(campaign, number) for campaign, number in rows])


def _find_proposals(session: Session, mine: ColumnElement[bool], by: StaffUser) -> list[Todo]:
    """Find public words that wait for `by`, came back to `by`, or wait for a colleague."""
    waiting = session.scalars(
        select(Proposal)
        .join(Campaign)
        .options(contains_eager(Proposal.campaign))
        .where(mine, Proposal.state.in_(proposals.WITH_AUTHOR))
        .order_by(Proposal.id)
    ).all()
    by_slug: dict[str, list[TodoItem]] = {
        "approve": [],
        "proposal-returned": [],
        "proposal-waits": [],
    }
    for proposal in waiting:
        if proposal.is_unpublished:
            continue
        item = TodoItem(proposal.campaign, public_id=proposal.public_id)
        pending = proposal.state is ProposalState.PENDING
        if proposal.made_by_id == by.id:
            by_slug["proposal-waits" if pending else "proposal-returned"].append(item)
        elif pending:
            by_slug["approve"].append(item)
    return [make_todo(slug, items) for slug, items in by_slug.items()]


def _find_drafts(
    session: Session, mine: ColumnElement[bool], now: datetime, by: StaffUser
) -> list[Todo]:
    """Find drafts that could not open, were sent back, wait for a look, or lack nothing."""

    def find(
        slug: str, order: InstrumentedAttribute[Any], *conditions: ColumnElement[bool]
    ) -> Todo:
        campaigns = session.scalars(select(Campaign).where(mine, *conditions).order_by(order))
        return make_todo(slug, [TodoItem(campaign) for campaign in campaigns])

    is_draft = Campaign.status == CampaignStatus.DRAFT
    missed, changed = Campaign.opening_missed_at, Campaign.changed_at
    ready = "ready-for-review" if needs_second_person() else "ready"
    return [
        find("opening-missed", missed, is_draft, missed.is_not(None)),
        find("sent-back", changed, is_draft, Campaign.review_note != ""),
        find(
            "review",
            changed,
            Campaign.status == CampaignStatus.REVIEW,
            func.coalesce(Campaign.submitted_by_id, 0) != by.id,
        ),
        make_todo(ready, [TodoItem(draft) for draft in _list_ready(session, mine, now)]),
    ]


def _list_ready(session: Session, mine: ColumnElement[bool], now: datetime) -> list[Campaign]:
    """List, of the drafts that were changed last, those from which nothing keeps them closed."""
    targets = selectinload(Campaign.targets)
    drafts = session.scalars(
        select(Campaign)
        .where(mine, Campaign.status == CampaignStatus.DRAFT, Campaign.opening_missed_at.is_(None))
        .where(Campaign.review_note == "")
        .order_by(Campaign.changed_at.desc(), Campaign.id)
        .limit(_DRAFTS)
        .options(
            selectinload(Campaign.editions),
            selectinload(Campaign.risk_flags),
            selectinload(Campaign.templates).selectinload(LetterTemplate.points),
            targets.selectinload(Target.official).selectinload(Official.contacts),
            targets.selectinload(Target.mission),
        )
    )
    target = CampaignStatus.REVIEW if needs_second_person() else CampaignStatus.OPEN
    ready = [draft for draft in drafts if not check_readiness.blockers_of(draft, target, now)]
    return [draft for draft in ready if not copied_texts.list_gaps(session, draft)]


def find_refused_bundles(session: Session, mine: ColumnElement[bool]) -> Todo:
    """Find bundles that came back, in part or whole, and of which letters still lie here."""
    came_back = CAME_BACK | {DeliveryOutcome.PART}
    rows = session.execute(
        select(Campaign, func.count(Bundle.id.distinct()), func.max(DeliveryAttempt.happened_on))
        .join(Bundle, Bundle.campaign_id == Campaign.id)
        .join(DeliveryAttempt, DeliveryAttempt.bundle_id == Bundle.id)
        .where(
            mine,
            may_go_out_sql(),
            # However long ago: as long as they lie here, we keep who wrote them.
            DeliveryAttempt.outcome.in_(came_back),
            Bundle.state != BundleState.CANCELLED,
            ~has_unnamed_part(),
            ~has_as_many_gone(),
            has_letters_here(),
        )
        .group_by(Campaign.id)
    )
    return make_todo("refused", [TodoItem(campaign, number, day) for campaign, number, day in rows])


def _find_recipients_who_left(session: Session, mine: ColumnElement[bool]) -> Todo:
    """Find officials who left office, of campaigns that are open, open automatically or print."""
    running = (CampaignStatus.OPEN, CampaignStatus.SCHEDULED)
    officials = session.scalars(
        select(Official)
        .where(
            Official.left_on.is_not(None),
            Official.id.in_(
                select(Target.official_id)
                .join(Campaign, Campaign.id == Target.campaign_id)
                .where(mine, or_(Campaign.status.in_(running), where_used.is_closed_with_letters()))
            ),
        )
        .order_by(Official.left_on, Official.id)
    ).all()
    items = [TodoItem(official, day=official.left_on) for official in officials]
    return make_todo("recipients-left", items)


def _find_unchecked_missions(session: Session, mine: ColumnElement[bool], today: date) -> Todo:
    """Find missions of running campaigns that nobody checked within a year."""
    checked = Mission.last_checked_on
    missions = session.scalars(
        select(Mission)
        .where(
            Mission.id.in_(
                select(Target.mission_id)
                .join(Campaign, Campaign.id == Target.campaign_id)
                .where(mine, Campaign.status == CampaignStatus.OPEN)
            ),
            is_stale_sql(today),
        )
        .order_by(checked.is_not(None), checked, Mission.id)
    ).all()
    items = [TodoItem(mission, day=mission.last_checked_on) for mission in missions]
    return make_todo("missions", items)


def _find_program_problems(session: Session, by: StaffUser) -> list[Todo]:
    """Find programs that cannot be told of something, or refuse a member; admins connect them."""
    if by.role is not Role.ADMIN:
        return []
    refused = exists().where(
        CrmPerson.connection_id == CrmConnection.id, CrmPerson.state == CrmPersonState.REFUSED
    )
    problems = [CrmConnection.failing_since.is_not(None), refused]
    if current_settings().exports_need_second_person:
        problems.append(CrmConnection.approved_by_id.is_(None))
    connections = select(CrmConnection.public_id, CrmConnection.kind).where(or_(*problems))
    failing = WebhookEndpoint.failing_since.is_not(None)
    webhooks = select(WebhookEndpoint.public_id, WebhookEndpoint.id).where(failing)
    return [
        make_todo(
            "crm",
            [
                TodoItem(None, public_id=public_id, name=kind.program)
                for public_id, kind in session.execute(connections)
            ],
        ),
        make_todo(
            "webhooks",
            [
                TodoItem(None, public_id=public_id, name=_("Webhook %(number)s", number=number))
                for public_id, number in session.execute(webhooks)
            ],
        ),
    ]


def _find_untold_outcomes(session: Session, mine: ColumnElement[bool], now: datetime) -> Todo:
    """Find campaigns that ended lately, and whose writers have not heard what came of it."""
    wrote = exists().where(Signature.campaign_id == Campaign.id, hears_news(of_end=True))
    ended_at = func.coalesce(Campaign.stopped_at, Campaign.closed_at)
    ended = has_ended_sql() & (ended_at > now - LATELY)
    campaigns = session.scalars(
        select(Campaign)
        .where(mine, ended, wrote)
        .order_by(ended_at)
        .options(selectinload(Campaign.updates))
    )
    items = [
        TodoItem(campaign)
        for campaign in campaigns
        if check_readiness.next_step(campaign, []).slug == "tell-outcome"
    ]
    return make_todo("tell-outcome", items)


_OF_CARRIERS = {
    "black-out": "paper_signatures.show",
    "withdrawn": "bundles.show",
    "misled": "bundles.show",
    "flagged": "bundles.show",
    "held-back": "bundles.show",
    "loose-sheets": "paper_signatures.show",
    "to-carry": "bundles.show",
    "to-post": "bundles.show",
    "name-part": "deliveries.after",
    "tell-delivery": "deliveries.publish",
    "export": "exports.show",
    "files": "bundles.show_approval",
    "crm": "crm.show_connection",
    "webhooks": "webhooks.show",
}
_OF_SUBJECTS = {
    "missions": "directory.edit_mission",
    "answer": "replies.create",
    "tell-outcome": "campaigns.post_update",
}
_TO_PRINT = dict.fromkeys(("linked-to-harm", "waiting"), "bundles.index")
_BESIDE_FIGURES = {**_TO_PRINT, "refused": "deliveries.index"}


def link_of(slug: str, item: TodoItem) -> str:
    """Return the address of the page on which `item` is dealt with, or that tells of it."""
    if slug in _OF_CARRIERS:
        return url_for(_OF_CARRIERS[slug], public_id=item.public_id)
    subject = item.subject
    assert subject is not None
    if slug in _OF_SUBJECTS:
        return url_for(_OF_SUBJECTS[slug], slug=subject.slug)
    if slug == "print-sheets":
        return url_for("bundles.index")
    if slug == "recipients-left":
        return url_for("campaigns.aimed_at", official=subject.slug)
    if slug == "held" and may_enter("screening"):
        return url_for("screening.index", campaign=subject.slug)
    if slug == "replies" and "replies.of_campaign" in current_app.view_functions:
        return url_for("replies.of_campaign", slug=subject.slug)
    if slug in {"approve", "proposal-returned", "proposal-waits"}:
        number = item.public_id
        return url_for("campaigns.decide_proposal", slug=subject.slug, public_id=number)
    if slug in _BESIDE_FIGURES and not may_enter("dashboard"):
        return url_for(_BESIDE_FIGURES[slug])
    if slug in {"held", "waiting", "refused"}:
        anchor = "states" if slug == "held" else "letters"
        return url_for("dashboard.show", slug=subject.slug, _anchor=anchor)
    return url_for("campaigns.show", slug=subject.slug)


def may_enter(name: str) -> bool:
    """Return whether the reader's role may enter the pages of that blueprint, if there are any."""
    blueprint = current_app.blueprints.get(name)
    return blueprint is not None and staff_user().role in getattr(blueprint, "allowed_roles", ())


@dataclass(frozen=True, slots=True)
class Running:
    campaign: Campaign
    kept: CampaignFigures | None
    held: int
    """Letters that wait for a look."""
    week: int
    """Confirmed in the last seven days."""
    spark: Sequence[SmallColumn]


def list_running(
    session: Session, *, by: StaffUser, today: date, page: int, mirrored: bool
) -> tuple[list[Running], int]:
    """List one page of the open campaigns that `by` sees, the nearest last day first; count all."""
    condition = (sees(by, Campaign.id), Campaign.status == CampaignStatus.OPEN)
    held = waiting_by_campaign()
    rows = session.execute(
        select(Campaign, CampaignFigures, func.coalesce(held.c.letters, 0))
        .outerjoin(CampaignFigures, CampaignFigures.campaign_id == Campaign.id)
        .outerjoin(held, held.c.campaign_id == Campaign.id)
        .where(*condition)
        .order_by(Campaign.act_by.is_(None), Campaign.act_by, Campaign.id)
        .limit(PER_PAGE)
        .offset((page - 1) * PER_PAGE)
    )
    total = session.scalar(select(func.count(Campaign.id)).where(*condition)) or 0
    lately = [(today - timedelta(days=n)).isoformat() for n in reversed(range(_DAYS))]
    lines = []
    for campaign, kept, letters in rows:
        counts = [kept.recent.get(day, 0) if kept else 0 for day in lately]
        week = sum(counts[-7:])
        lines.append(Running(campaign, kept, letters, week, spark(counts, mirrored=mirrored)))
    return lines, total


def campaigns_csv(session: Session, *, by: StaffUser) -> Iterator[Cells]:
    """Yield every campaign that `by` sees, with its sums."""
    names = ("confirmed", "pending", "held", "waiting", "expired", "bad_addresses", "mails_failed")
    yield ("reference", "country", "status", "last_day", *names)
    rows = session.execute(
        select(
            Campaign.reference,
            Campaign.country,
            Campaign.status,
            Campaign.act_by,
            *(func.coalesce(getattr(CampaignFigures, name), 0) for name in names),
        )
        .outerjoin(CampaignFigures, CampaignFigures.campaign_id == Campaign.id)
        .where(sees(by, Campaign.id))
        .order_by(Campaign.id)
    )
    for reference, country, status, act_by, *numbers in rows:
        yield (reference, country, status.value, act_by or "", *numbers)
