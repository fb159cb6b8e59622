"""One organizer proposes public words, another one publishes them. A stop never waits."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.campaigns import approve_proposal, proposals, status_changes
from campaign.campaigns.content import updates
from campaign.campaigns.content.risks import RiskNamed
from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.campaign import Campaign, CampaignStatus, StopKind, Update, UpdateKind
from campaign.models.revision import Proposal, ProposalKind, ProposalState, RiskFlag, RiskKind
from campaign.models.staff import CampaignMember, Role, StaffUser
from tests.factories import make_campaign, make_staff_user

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
POST: dict[str, Any] = {
    "kind": UpdateKind.OUTCOME,
    "happened_on": date(2026, 1, 9),
    "words": {"en": ("She is free", "At **home**."), "fr": ("", "")},
    "telling": updates.Telling(signers=True),
    "pictures": [updates.Shown("pictures/abc-8x8.jpg", {"en": "A door."})],
}


@pytest.fixture(autouse=True)
def _second_person(app: Flask) -> None:
    asks_for_approval(app)


def asks_for_approval(app: Flask) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_person_posts": True})


@pytest.fixture
def author(session: Session) -> StaffUser:
    return make_staff_user(session, Role.ORGANIZER)


@pytest.fixture
def colleague(session: Session) -> StaffUser:
    return make_staff_user(session, Role.ORGANIZER)


@pytest.fixture
def case(session: Session, author: StaffUser, colleague: StaffUser) -> Campaign:
    """An open campaign of the two."""
    campaign = make_campaign(session, owner_id=author.id)
    if session.get(CampaignMember, (campaign.id, colleague.id)) is None:
        session.add(CampaignMember(campaign_id=campaign.id, staff_user_id=colleague.id))
    session.commit()
    return campaign


def last(session: Session, model: type[Any]) -> Any:
    return session.scalars(select(model).order_by(model.id.desc())).first()


def list_actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_an_update_is_posted_once_another_person_approves_it(
    app: Flask, session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    proposal = proposals.propose_update(session, case, by=author, **POST)
    assert case.updates == []
    mail = last(session, OutboxMail)
    assert (mail.kind, mail.recipient) == ("staff-approval-asked", colleague.email)
    text = str(render(mail, app.extensions["settings"]).get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert f"/desk/campaigns/{case.slug}/proposals/{proposal.public_id}" in text
    assert "free" not in text
    with pytest.raises(Refused) as refused:
        approve_proposal.approve(session, proposal, by=author, now=NOW)
    assert refused.value.slug == "own-proposal"

    approve_proposal.approve(session, proposal, by=colleague, now=NOW)
    posted = session.scalars(select(Update)).one()
    assert [(edition.locale, edition.title, edition.body) for edition in posted.editions] == [
        ("en", "She is free", "At **home**.")
    ]
    assert (posted.picture, posted.picture_alt) == ("pictures/abc-8x8.jpg", {"en": "A door."})
    assert (posted.tell_signers, posted.tell_network) == (True, False)
    assert (posted.kind, posted.happened_on) == (POST["kind"], POST["happened_on"])
    assert (proposal.state, proposal.payload, proposal.picture) == ("approved", "", "")
    assert (last(session, OutboxMail).kind, last(session, OutboxMail).recipient) == (
        "staff-approval-given",
        author.email,
    )
    about = select(AuditEntry).where(AuditEntry.action.startswith("campaign."))
    entries = session.scalars(about.order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == [
        "campaign.propose",
        "campaign.proposal-approve",
        "campaign.update",
    ]
    assert [entry.actor for entry in entries[1:]] == [f"staff:{colleague.id}"] * 2
    with pytest.raises(Refused) as refused:
        approve_proposal.approve(session, proposal, by=colleague, now=NOW)
    assert refused.value.slug == "proposal-decided"


def test_whoever_is_not_on_the_team_decides_nothing_and_admins_do(
    session: Session, case: Campaign, author: StaffUser
) -> None:
    proposal = proposals.propose_update(session, case, by=author, **POST)
    with pytest.raises(Refused):
        approve_proposal.approve(
            session, proposal, by=make_staff_user(session, Role.STAFF), now=NOW
        )
    stranger = make_staff_user(session, Role.ORGANIZER)
    session.execute(delete(CampaignMember).where(CampaignMember.staff_user_id == stranger.id))
    with pytest.raises(NotFound):
        approve_proposal.approve(session, proposal, by=stranger, now=NOW)
    approve_proposal.approve(session, proposal, by=make_staff_user(session, Role.ADMIN), now=NOW)
    assert proposal.state is ProposalState.APPROVED


@pytest.mark.both_engines
def test_the_database_takes_nobody_who_approves_their_own_words(
    session: Session, case: Campaign, author: StaffUser
) -> None:
    proposal = proposals.propose_update(session, case, by=author, **POST)
    proposal.decided_by_id = author.id
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_what_comes_back_has_a_note_and_is_written_again(
    session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    proposal = proposals.propose_update(session, case, by=author, **POST)
    with pytest.raises(Invalid) as invalid:
        proposals.return_proposal(session, proposal, by=colleague, why=" ")
    assert invalid.value.fields == {"note": "note-missing"}
    proposals.return_proposal(session, proposal, by=colleague, why="The day is wrong.")
    assert (proposal.state, proposal.note) == (ProposalState.DECLINED, "The day is wrong.")
    assert last(session, OutboxMail).recipient == author.email
    assert proposals.list_waiting(session, case, author) == [proposal]
    assert proposals.list_waiting(session, case, colleague) == []
    again = proposals.propose_update(session, case, by=author, replaces=proposal, **POST)
    assert list_actions(session)[-2:] == ["campaign.proposal-return", "campaign.propose"]
    assert (proposal.state, proposal.payload) == (ProposalState.OBSOLETE, "")
    assert proposals.list_waiting(session, case, colleague) == [again]
    with pytest.raises(Refused):
        proposals.recall_proposal(session, again, by=colleague)
    with pytest.raises(Refused):
        proposals.delete_proposal(session, again, by=author)
    proposals.recall_proposal(session, again, by=author)
    assert proposals.list_waiting(session, case, author) == [again]
    assert proposals.list_waiting(session, case, colleague) == []
    with pytest.raises(Refused):
        proposals.recall_proposal(session, again, by=author)
    proposals.delete_proposal(session, again, by=author)
    assert (again.state, again.payload, again.picture) == (ProposalState.WITHDRAWN, "", "")
    assert proposals.list_waiting(session, case, author) == []
    with pytest.raises(Refused):
        proposals.delete_proposal(session, again, by=author)
    assert list_actions(session)[-2:] == ["campaign.proposal-withdraw", "campaign.proposal-delete"]
    with pytest.raises(Refused):
        approve_proposal.approve(session, again, by=colleague, now=NOW)
    assert case.updates == []


def test_a_proposal_is_refused_as_posting_is(
    session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    with pytest.raises(Invalid) as invalid:
        proposals.propose_update(session, case, by=author, **(POST | {"words": {"en": ("", "")}}))
    assert invalid.value.fields == {"title_en": "update-title-missing"}
    news = POST | {"kind": UpdateKind.GOOD_NEWS}
    proposal = proposals.propose_update(session, case, by=author, **news)
    status_changes.stop_campaign(session, case, actor="command", now=NOW, reasons={"en": "Danger."})
    with pytest.raises(Invalid) as invalid:
        approve_proposal.approve(session, proposal, by=colleague, now=NOW)
    assert invalid.value.slug == "no-emails-after-stop"


def test_risk_flags_are_asked_when_it_is_proposed_and_again_when_it_is_approved(
    session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    proposal = proposals.propose_update(session, case, by=author, **POST)
    case.risk_flags = [RiskFlag(kind=RiskKind.OTHER, words="home")]
    with pytest.raises(RiskNamed):
        proposals.propose_update(session, case, by=author, **POST)
    with session.begin_nested(), pytest.raises(RiskNamed):
        approve_proposal.approve(session, proposal, by=colleague, now=NOW)


def test_closing_with_a_reason_waits(
    app: Flask, session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    first = proposals.propose_reasons(
        session, case, kind=ProposalKind.CLOSE, by=colleague, reasons={"en": "No."}
    )
    later = proposals.propose_reasons(
        session, case, kind=ProposalKind.CLOSE, by=author, reasons={"en": "Yes.", "fr": " "}
    )
    mail = render(last(session, OutboxMail), app.extensions["settings"])
    assert mail["Subject"] == f"Closing {case.reference} needs your approval"
    text = str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert "the campaign closes at once" in text
    assert "publish a text" not in text
    session.refresh(first)
    assert (first.state, case.status) == (ProposalState.DECLINED, CampaignStatus.OPEN)
    approve_proposal.approve(session, later, by=colleague, now=NOW)
    assert (case.status, case.status_reasons) == (CampaignStatus.CLOSED, {"en": "Yes."})
    assert case.closed_at == NOW
    answer = last(session, OutboxMail)
    assert answer.recipient == author.email
    message = render(answer, app.extensions["settings"])
    assert message["Subject"] == f"Campaign {case.reference} is closed"
    text = str(message.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert "The campaign is closed. It accepts no more letters." in " ".join(text.split())


def test_closing_is_out_of_date_once_the_campaign_has_moved(
    session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    proposal = proposals.propose_reasons(
        session, case, kind=ProposalKind.CLOSE, by=author, reasons={"en": "Yes."}
    )
    status_changes.close_campaign(session, case, actor="calendar", now=NOW)
    with pytest.raises(Refused) as refused:
        approve_proposal.approve(session, proposal, by=colleague, now=NOW)
    assert refused.value.slug == "proposal-decided"
    assert proposal.state is ProposalState.DECLINED, "it is back with its author"
    assert case.status_reasons == {}


def test_a_stop_never_waits_and_its_reason_does(
    session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    proposal = proposals.stop_and_propose(
        session, case, by=author, now=NOW, reasons={"en": "Danger."}, kind=StopKind.HARM
    )
    assert (case.status, case.stopped_at) == (CampaignStatus.STOPPED, NOW)
    assert case.status_reasons == {}
    assert proposal.kind is ProposalKind.REASON
    approve_proposal.approve(session, proposal, by=colleague, now=NOW)
    assert case.status_reasons == {"en": "Danger."}
    with pytest.raises(Invalid):
        proposals.propose_reasons(
            session, case, kind=ProposalKind.REASON, by=author, reasons={"en": " "}
        )


@pytest.mark.both_engines
def test_who_stops_while_their_own_closing_waits_has_nothing_returned_to_them(
    session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    closings = [
        proposals.propose_reasons(
            session, case, ProposalKind.CLOSE, by=person, reasons={"en": "It is over."}
        )
        for person in (colleague, author)
    ]
    stopped = proposals.stop_and_propose(
        session, case, by=author, now=NOW, reasons={"en": "Danger."}, kind=StopKind.HARM
    )
    session.expire_all()
    assert [closing.state for closing in closings] == [
        ProposalState.DECLINED,
        ProposalState.OBSOLETE,
    ]
    assert proposals.list_waiting(session, case, author) == [stopped]
    assert "campaign.proposal-withdraw" not in list_actions(session), "nobody recalled anything"


def test_another_kind_of_a_stop_waits_for_a_second_person_as_well(
    session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    status_changes.stop_campaign(
        session, case, actor="staff:1", now=NOW, reasons={"en": "Danger."}, kind=StopKind.HARM
    )
    reasons, kind = {"en": "She is free."}, ProposalKind.REASON
    proposal = proposals.propose_reasons(
        session, case, kind, by=author, reasons=reasons, stop_kind=StopKind.SAFE
    )
    assert (case.stop_kind, case.status_reasons) == (StopKind.HARM, {"en": "Danger."})
    approve_proposal.approve(session, proposal, by=colleague, now=NOW)
    assert (case.stop_kind, case.status_reasons) == (StopKind.SAFE, reasons)


def test_a_reason_that_is_reworded_puts_those_that_wait_out_of_date(
    session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    proposal = proposals.stop_and_propose(
        session, case, by=author, now=NOW, reasons={"en": "Danger."}, kind=StopKind.HARM
    )
    status_changes.reword_reason(session, case, actor="staff:1", reasons={"en": "Harm."})
    with pytest.raises(Refused):
        approve_proposal.approve(session, proposal, by=colleague, now=NOW)


def test_a_draft_and_a_house_without_the_setting_ask_nobody(
    app: Flask, session: Session, case: Campaign
) -> None:
    assert proposals.needs_approval(case)
    case.status = CampaignStatus.DRAFT
    assert not proposals.needs_approval(case)
    case.status = CampaignStatus.STOPPED
    assert proposals.needs_approval(case)
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_person_posts": False})
    assert not proposals.needs_approval(case)


@pytest.mark.both_engines
def test_of_two_who_decide_at_once_one_wins(
    app: Flask, session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    admin_id, colleague_id = make_staff_user(session, Role.ADMIN).id, colleague.id
    number = proposals.propose_update(session, case, by=author, **POST).id
    session.commit()
    both_are_here = Barrier(2)

    def decide(user_id: int) -> str:
        with app.app_context():
            both_are_here.wait(timeout=30)
            try:
                with db.transaction() as own:
                    proposal = own.get_one(Proposal, number)
                    by = own.get_one(StaffUser, user_id)
                    approve_proposal.approve(own, proposal, by=by, now=NOW)
            except Refused as problem:
                return problem.slug
            return "done"

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(decide, (admin_id, colleague_id)))
    session.rollback()
    session.expire_all()
    assert sorted(done) == ["done", "proposal-decided"]
    assert len(session.scalars(select(Update)).all()) == 1
