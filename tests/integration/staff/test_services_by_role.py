"""Services that give personal data ask whose role has it: whichever page, job or program calls."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from campaign.bundles import file_approvals
from campaign.core import db
from campaign.core.errors import NotFound
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.paper_signature import PaperImport, PaperSheet, SheetKind
from campaign.models.reply import Channel, Reply
from campaign.models.screening import Decision, Hold, Invalidation
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import CampaignMember, Role, StaffUser
from campaign.paper_signatures import paper_imports, sheets
from campaign.replies import replies
from campaign.screening import invalidate, review_queue
from campaign.screening.review_queue import HeldFilter
from campaign.signing.checks.conditions import Conditions
from campaign.staff.staff_users import actor_name
from tests.days import today
from tests.factories import add_confirmed, make_campaign, make_staff_user

Service = Callable[[Session, StaffUser], object]


def _decide(session: Session, by: StaffUser) -> object:
    letter = session.query(Signature).one()
    return review_queue.decide(
        session,
        public_ids=[letter.public_id],
        decision=Decision.APPROVED,
        by=by,
        now=db.utcnow(),
        seen={session.query(Hold).one().version},
    )


def _get_held(session: Session, by: StaffUser) -> object:
    letter = session.query(Signature).one()
    return review_queue.get_held(session, letter.public_id, HeldFilter(letter.campaign_id), by=by)


def _count_false(session: Session, by: StaffUser) -> object:
    conditions = Conditions(domains=("example.org",))
    return invalidate.begin_count(
        session, conditions=conditions, campaign=None, by=by, now=db.utcnow()
    )


def _get_invalidation(session: Session, by: StaffUser) -> object:
    return invalidate.get_invalidation(session, session.query(Invalidation).one().public_id, by=by)


def _list_sample(session: Session, by: StaffUser) -> object:
    return invalidate.list_sample(session, session.query(Invalidation).one(), by=by)


def _get_sheet(session: Session, by: StaffUser) -> object:
    return sheets.get_sheet(session, session.query(PaperSheet).one().public_id, by=by)


def _get_import(session: Session, by: StaffUser) -> object:
    paper_import = session.query(PaperImport).one()
    paper_import.owner_id = by.id
    return paper_imports.get_import(session, paper_import.public_id, by=by)


def _files(session: Session, by: StaffUser) -> object:
    campaign = session.query(Campaign).one()
    return file_approvals.refuse_unapproved(session, actor=actor_name(by), campaign=campaign)


OF_STAFF: dict[str, Service] = {
    "held letters": lambda session, by: review_queue.list_held(
        session, HeldFilter(), by=by, limit=9
    ),
    "a held letter": _get_held,
    "a decision about it": _decide,
    "a dry run": _count_false,
    "what a dry run is to find": _get_invalidation,
    "whom a dry run found": _list_sample,
    "a sheet": _get_sheet,
    "a file of signatures": _get_import,
    "bundles, proofs, reprints, envelopes, scans of sheets": _files,
}


def _get_reply(session: Session, by: StaffUser) -> object:
    return replies.get_reply(session, session.query(Reply).one().public_id, by)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    """A campaign of everything that names people, on the team of the first organizer."""
    campaign = make_campaign(session)
    [signature] = add_confirmed(session, campaign, 1, state=SignatureState.HELD)
    organizer = make_staff_user(session, Role.ORGANIZER)
    sheet = PaperSheet(
        campaign_id=campaign.id, kind=SheetKind.SHEET, collected_on=today(), country="CA"
    )
    invalidation = Invalidation(
        conditions="{}", reason="", created_by_id=organizer.id, created_at=db.utcnow(), last_id=0
    )
    invalidation.worked_at = db.utcnow()
    paper_import = PaperImport(
        campaign_id=campaign.id,
        owner_id=organizer.id,
        file_name="a.csv",
        storage_key="imports/x",
        options={},
        expires_at=db.utcnow() + timedelta(days=365),
    )
    reply = Reply(
        campaign=campaign, received_on=today(), channel=Channel.LETTER, locale="en", text="x"
    )
    session.add_all(
        [
            CampaignMember(campaign_id=campaign.id, staff_user_id=organizer.id),
            Hold(signature_id=signature.id, campaign_id=campaign.id, reasons=["first"]),
            sheet,
            invalidation,
            paper_import,
            reply,
        ]
    )
    session.flush()
    return campaign


@pytest.mark.parametrize("service", OF_STAFF.values(), ids=OF_STAFF.keys())
def test_what_names_supporters_is_given_to_active_staff_alone(
    app: Flask, session: Session, campaign: Campaign, service: Service
) -> None:
    organizer = session.query(StaffUser).filter_by(role=Role.ORGANIZER).one()
    gone = make_staff_user(session, Role.STAFF)
    gone.active = False
    for by in (organizer, gone):
        with pytest.raises(NotFound):
            service(session, by)
    for role in (Role.STAFF, Role.ADMIN):
        with session.begin_nested() as savepoint:
            service(session, make_staff_user(session, role))
            savepoint.rollback()


def test_a_reply_is_given_to_no_disabled_account(session: Session, campaign: Campaign) -> None:
    organizer = session.query(StaffUser).filter_by(role=Role.ORGANIZER).one()
    assert _get_reply(session, organizer)
    organizer.active = False
    with pytest.raises(NotFound):
        _get_reply(session, organizer)
    with pytest.raises(NotFound):
        replies.list_replies(session, organizer)


@pytest.mark.parametrize("service", [_get_held, _decide, _files])
def test_organizers_have_what_is_invented_for_a_rehearsal_of_theirs(
    session: Session, campaign: Campaign, service: Service
) -> None:
    campaign.status = CampaignStatus.DRAFT
    session.flush()
    organizer = session.query(StaffUser).filter_by(role=Role.ORGANIZER).one()
    with session.begin_nested() as savepoint:
        service(session, organizer)
        savepoint.rollback()
    if service is not _files:
        with pytest.raises(NotFound):
            service(session, make_staff_user(session, Role.ORGANIZER))
