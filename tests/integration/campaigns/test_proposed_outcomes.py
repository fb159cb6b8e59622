"""With a second person, what has come of a case in its page text waits like an update."""

from importlib import import_module
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.campaigns import approve_proposal, proposals
from campaign.campaigns.content import editions, revisions
from campaign.campaigns.content.risks import RiskNamed
from campaign.core.audit import AuditEntry
from campaign.core.clock import utcnow
from campaign.models.campaign import Campaign
from campaign.models.revision import Part, Proposal, ProposalKind, ProposalState, RiskFlag, RiskKind
from campaign.models.staff import CampaignMember, Role, StaffUser
from tests.factories import make_campaign, make_staff_user, post, sign_in
from tests.integration.campaigns.test_proposals import asks_for_approval

HOME = "/desk/campaigns/ua-1-26"
PAGE = "/en/actions/ua-1-26/outcome"
BEFORE = import_module("campaign.migrations.versions.0043_proposed_outcomes").down_revision
FREE = "She is **free**."


@pytest.fixture
def author(session: Session) -> StaffUser:
    return make_staff_user(session, Role.ORGANIZER)


@pytest.fixture
def colleague(session: Session) -> StaffUser:
    return make_staff_user(session, Role.ORGANIZER)


@pytest.fixture
def case(app: Flask, session: Session, author: StaffUser, colleague: StaffUser) -> Campaign:
    asks_for_approval(app)
    campaign = make_campaign(session, locales=["en", "fr"])
    for user in (author, colleague):
        if session.get(CampaignMember, (campaign.id, user.id)) is None:
            session.add(CampaignMember(campaign_id=campaign.id, staff_user_id=user.id))
    session.commit()
    return campaign


def save(session: Session, case: Campaign, by: StaffUser, locale: str = "en", **new: Any) -> None:
    edition = editions.find_edition(case, locale)
    texts = {name: getattr(edition, name) for name in ("title", "summary", "background", "asks")}
    outcome = {"outcome": edition.outcome if edition else ""}
    editions.save_edition(
        session, case, actor=f"staff:{by.id}", locale=locale, **(texts | outcome | new)
    )


def outcome_of(case: Campaign, locale: str = "en") -> str:
    edition = editions.find_edition(case, locale)
    assert edition is not None
    return edition.outcome


def waiting(session: Session) -> list[Proposal]:
    of_state = select(Proposal).where(Proposal.state == ProposalState.PENDING)
    return list(session.scalars(of_state.order_by(Proposal.id)))


def test_the_other_texts_are_saved_and_the_outcome_waits(
    session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    save(session, case, author, summary="News.", outcome=FREE)
    (proposal,) = waiting(session)
    assert (proposal.kind, proposals.content_of(proposal)) == (ProposalKind.OUTCOME, {"en": FREE})
    assert outcome_of(case) == ""
    assert editions.find_edition(case, "en").summary == "News."  # type: ignore[union-attr]
    save(session, case, author, summary="Later news.")
    assert waiting(session) == [proposal], "the same outcome proposes nothing"

    approve_proposal.approve(session, proposal, by=colleague, now=utcnow())
    assert outcome_of(case) == FREE
    newest = revisions.list_kept(session, case, Part.EDITION, "en")[0]
    assert (newest.content["outcome"], newest.saved_by_id) == (FREE, colleague.id)
    assert newest.content["summary"] == "Later news."


def test_languages_of_one_author_wait_together_and_those_of_another_apart(
    session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    save(session, case, author, outcome=FREE)
    save(session, case, author, "fr", outcome="Elle est libre.")
    (proposal,) = waiting(session)
    assert proposals.content_of(proposal) == {"en": FREE, "fr": "Elle est libre."}
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-2:] == ["campaign.propose"] * 2, "nothing was recalled"
    save(session, case, colleague, outcome="Otherwise.")
    assert [proposals.content_of(proposed) for proposed in waiting(session)] == [
        {"en": FREE, "fr": "Elle est libre."},
        {"en": "Otherwise."},
    ]


def test_a_draft_a_command_and_a_house_without_the_setting_ask_nobody(
    app: Flask, session: Session, case: Campaign, author: StaffUser
) -> None:
    texts = {"title": "A", "summary": "B", "background": "", "asks": ["C"]}
    editions.save_edition(session, case, actor="command", locale="en", outcome="One.", **texts)  # type: ignore[arg-type]
    assert outcome_of(case) == "One."
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_person_posts": False})
    save(session, case, author, outcome="Two.")
    assert outcome_of(case) == "Two."
    assert waiting(session) == []


def test_flags_are_asked_when_it_is_proposed_and_when_it_is_approved(
    session: Session, case: Campaign, author: StaffUser, colleague: StaffUser
) -> None:
    save(session, case, author, outcome=FREE)
    (proposal,) = waiting(session)
    case.risk_flags = [RiskFlag(kind=RiskKind.OTHER, words="free")]
    session.flush()
    with pytest.raises(RiskNamed):
        save(session, case, author, outcome="Quite free.")
    assert [finding.found for finding in approve_proposal.risks_in(proposal)] == ["free"]
    with session.begin_nested(), pytest.raises(RiskNamed):
        approve_proposal.approve(session, proposal, by=colleague, now=utcnow())
    session.rollback()
    assert outcome_of(case) == ""


@pytest.mark.both_engines
def test_the_kind_goes_down_and_up_with_the_migration(
    app: Flask, session: Session, case: Campaign, author: StaffUser
) -> None:
    save(session, case, author, outcome=FREE)
    proposals.propose_reasons(
        session, case, kind=ProposalKind.CLOSE, by=author, reasons={"en": "Won."}
    )
    session.commit()
    session.close()
    engine = app.extensions["database"].engine

    def kinds() -> list[str]:
        with engine.connect() as connection:
            return list(connection.scalars(text("SELECT kind FROM proposal ORDER BY id")))

    def make_outcome() -> None:
        with engine.begin() as connection:
            connection.execute(text("UPDATE proposal SET kind = 'outcome'"))

    assert kinds() == ["outcome", "close"]
    migrations.downgrade(engine, BEFORE)
    assert kinds() == ["close"]
    with pytest.raises(IntegrityError):
        make_outcome()
    migrations.upgrade(engine)
    make_outcome()
    assert kinds() == ["outcome"]
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("UPDATE proposal SET state = 'elsewhere'"))


def texts(**new: str) -> dict[str, str]:
    return {"title": "A title", "summary": "Words.", "asks": "Act.", "outcome": "", **new}


@pytest.mark.both_engines
def test_the_page_shows_each_language_as_it_will_stand(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    french = editions.find_edition(case, "fr")
    assert french is not None
    french.outcome = "Elle attend."
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    sent = texts(outcome=FREE, based_on="0")
    waits = "The change to the outcome becomes public when someone else approves it."
    assert waits in post(client, f"{HOME}/editions/en", sent, follow_redirects=True).text
    other = texts(outcome="", title="Another title", based_on="1")
    assert waits not in post(client, f"{HOME}/editions/en", other, follow_redirects=True).text
    session.expire_all()
    url = f"{HOME}/proposals/{waiting(session)[0].public_id}"
    form = client.get(f"{HOME}/editions/en").text
    assert "Another title" in form
    assert url in form
    assert "Until it is approved, the public page keeps the text below." in form
    assert url in client.get(f"{HOME}/languages/texts").text
    public = client.get(PAGE).text
    assert "Elle attend." in public
    assert "free" not in public
    own = client.get(url).text
    again = f"{HOME}/editions/en?proposal={waiting(session)[0].public_id}"
    assert again in own
    assert FREE in client.get(again).text

    sign_in(client, app, Role.ORGANIZER)
    assert "1 text needs your approval" in client.get("/desk/today").text
    read = client.get(url).text
    assert "She is <strong>free</strong>." in read
    assert "Elle attend." in read
    assert read.count("stays as it is") == 1
    assert post(client, url, {"decision": "approve"}).location == HOME
    assert "She is <strong>free</strong>." in client.get(PAGE).text
    assert "Elle attend." in client.get("/fr/actions/ua-1-26/outcome").text


def test_side_by_side_merging_and_restoring_publish_no_outcome_either(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    edition = editions.find_edition(case, "en")
    assert edition is not None
    edition.outcome = "First."
    session.commit()
    edition_page = f"{HOME}/editions/en"
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_person_posts": False})
    assert post(client, edition_page, texts(outcome="Second.", based_on="0")).status_code == 303
    app.extensions["settings"] = settings

    restored = post(client, f"{HOME}/history/edition/en/0", {"seen": "1"})
    assert restored.status_code == 303
    french = editions.find_edition(case, "fr")
    assert french is not None
    sides = {
        f"{name}_fr": str(getattr(french, name)) for name in ("title", "summary", "background")
    }
    sides |= {f"{name}_en": text for name, text in texts(outcome="Third.\r\n\r\nAnd more.").items()}
    sides |= {"based_on_en": "2", "based_on_fr": "0", "asks_fr": "\n".join(french.asks)}
    saved = post(client, f"{HOME}/languages/texts", sides, follow_redirects=True).text
    assert "All languages saved. The change to the outcome becomes public when" in saved
    late = post(client, edition_page, texts(title="Late", outcome="Fourth.", based_on="1"))
    assert "/merge/edition/en" in late.location
    session.expire_all()
    page = client.get(late.location).text
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    choices = {"seen": seen} | {f"choice-{number}": "mine" for number in range(6)}
    assert post(client, late.location, choices).status_code == 303
    session.expire_all()
    assert outcome_of(case) == "Second."
    (proposal,) = waiting(session)
    assert proposals.content_of(proposal) == {"en": "Fourth."}
