"""An update that is taken off the page: all of it stays with who did it, and the audit says it."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import proposals
from campaign.campaigns.content import pictures
from campaign.core import audit, db
from campaign.core.audit import AuditEntry
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign, Update
from campaign.models.revision import DeskDraft, Proposal, ProposalState
from campaign.models.staff import Role, StaffUser
from tests.factories import make_campaign, post, sign_in
from tests.integration.campaigns.test_proposals import asks_for_approval
from tests.integration.campaigns.test_risks_and_picture import picture
from tests.races import overtake

HOME = "/desk/campaigns/ua-1-26"
BACK = f"{HOME}/updates/take-back"
UPDATE = {
    "kind": "good-news", "happened_on": "2026-01-09", "title_en": "She is free",
    "body_en": "At **home**.", "title_fr": "Elle est libre", "body_fr": "Rentrée.",
    "alt_en": "A door.",
}  # fmt: skip
ANOTHER = {"kind": "further-information", "happened_on": "2026-01-10", "title_en": "Unfinished"}
UNPUBLISHED_BY = "has already unpublished this"


@pytest.fixture(autouse=True)
def case(session: Session) -> Iterator[Campaign]:
    campaign = make_campaign(session)
    session.commit()
    yield campaign
    session.rollback()


@pytest.fixture
def author(app: Flask, client: FlaskClient) -> StaffUser:
    return sign_in(client, app, Role.ORGANIZER, name="Olivia Berg")


def read(session: Session) -> list[Update]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(Update).order_by(Update.id)))


def publish(client: FlaskClient, session: Session, url: str = f"{HOME}/updates") -> dict[str, str]:
    """Publish an update with a picture; what its button to unpublish sends."""
    sent: dict[str, Any] = UPDATE | {"picture": (io.BytesIO(picture()), "door.jpg")}
    assert post(client, url, sent).status_code == 303
    [update] = read(session)
    seen = {"update": str(update.id), "published_at": update.published_at.isoformat()}
    session.rollback()
    return seen


def test_all_of_it_is_in_the_form_and_the_other_draft_stays(
    client: FlaskClient, session: Session, author: StaffUser
) -> None:
    seen = publish(client, session)
    kept = {**ANOTHER, "draft_tab": "a"}
    assert post(client, f"{HOME}/drafts/update/-", kept).status_code == 204
    answer = post(client, BACK, seen)
    page = client.get(answer.location).text
    for words in ("Update unpublished", "She is free", "At **home**.", "Rentrée.", "A door."):
        assert words in page
    assert "Unfinished" not in page
    assert client.get(f"{HOME}/proposals/{answer.location.partition('=')[2]}/picture").data
    assert read(session) == []
    assert "Unfinished" in client.get(f"{HOME}/updates?draft=1").text
    assert "Unpublished update" in client.get(f"{HOME}/updates").text
    assert "Unpublished update" in client.get(HOME).text
    assert "returned to you" not in client.get("/desk/today").text


def test_the_audit_keeps_what_everybody_read(
    client: FlaskClient, session: Session, author: StaffUser
) -> None:
    post(client, BACK, publish(client, session))
    session.rollback()
    taken = select(AuditEntry).filter_by(action="campaign.update-take-back")
    detail = session.scalars(taken).one().detail
    assert "free" not in str(detail)
    kept = audit.open_text(detail[audit.SEALED_BEFORE])
    assert kept == "en: She is free\nAt **home**.\nA door.\nfr: Elle est libre\nRentrée."


def test_it_is_published_again_with_its_picture(
    client: FlaskClient, session: Session, author: StaffUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = publish(client, session)
    [before] = [update.picture for update in read(session)]
    session.rollback()
    again = post(client, BACK, seen).location
    monkeypatch.setattr(pictures, "_AGE", timedelta(0))
    pictures.sweep_pictures()
    corrected = UPDATE | {"body_en": "At her home.", "keep_picture": "y"}
    looked = post(client, again, corrected | {"look": "1"})
    assert "Nothing has been published yet." in looked.text
    assert post(client, again, corrected).status_code == 303
    [update] = read(session)
    assert update.picture == before
    assert pictures.read(before)
    assert update.picture_alt == {"en": "A door."}
    session.rollback()
    assert "Unpublished update" not in client.get(HOME).text
    assert client.get(again).location == f"{HOME}/updates"

    late = post(client, again, UPDATE | {"body_en": "Typed in another tab."})
    assert late.status_code == 422
    assert "Nothing was published, because this text was" in late.text
    assert "Typed in another tab." in late.text
    assert len(read(session)) == 1


def test_it_waits_for_a_second_person_with_its_picture(
    app: Flask, client: FlaskClient, session: Session, author: StaffUser
) -> None:
    again = post(client, BACK, publish(client, session)).location
    asks_for_approval(app)
    assert post(client, again, UPDATE | {"keep_picture": "y"}).status_code == 303
    session.rollback()
    kept, asked = session.scalars(select(Proposal).order_by(Proposal.id))
    assert (kept.state, kept.picture) == (ProposalState.OBSOLETE, "")
    assert (asked.state, bool(asked.picture)) == (ProposalState.PENDING, True)
    page = client.get(f"{HOME}/updates").text
    assert "Proposed update" in page
    assert "Unpublished update" not in page


def test_a_draft_of_a_proposal_that_was_approved_meanwhile_is_still_offered(
    app: Flask, client: FlaskClient, session: Session, author: StaffUser
) -> None:
    asks_for_approval(app)
    post(client, f"{HOME}/updates", UPDATE)
    ident = session.scalars(select(Proposal.public_id)).one()
    session.rollback()
    own = f"{HOME}/updates?proposal={ident}"
    typed = UPDATE | {"body_en": "Half a sentence", "draft_tab": "a"}
    assert post(client, f"{HOME}/drafts/update/{ident}", typed).status_code == 204
    session.scalars(select(Proposal)).one().state = ProposalState.APPROVED
    session.commit()
    assert "you typed something here" in client.get(own).text
    assert "Half a sentence" in client.get(f"{own}&draft=1").text
    dropped = post(client, f"{HOME}/drafts/update/{ident}/drop", {"draft_tab": "a"})
    assert client.get(dropped.location).location == f"{HOME}/updates"


def test_without_its_picture(client: FlaskClient, session: Session, author: StaffUser) -> None:
    again = post(client, BACK, publish(client, session)).location
    assert post(client, again, UPDATE).status_code == 303
    assert [update.picture for update in read(session)] == [""]


@pytest.mark.both_engines
def test_its_draft_is_its_own_and_goes_with_it(
    client: FlaskClient, session: Session, author: StaffUser
) -> None:
    again = post(client, BACK, publish(client, session)).location
    ident = again.partition("=")[2]
    drafts = f"{HOME}/drafts/update/{ident}"
    assert f'data-autosave="{drafts}"' in client.get(again).text
    typed = UPDATE | {"body_en": "Half a sentence", "draft_tab": "a"}
    assert post(client, drafts, typed).status_code == 204
    page = client.get(again).text
    assert f"{again}&amp;draft=1" in page
    assert "Half a sentence" in client.get(f"{again}&draft=1").text
    assert "you typed something here" not in client.get(f"{HOME}/updates").text
    assert post(client, f"{HOME}/drafts/update/nothing", typed).status_code == 404
    kept = post(client, again, typed | {"keep": "1"})
    assert kept.location.endswith(again)

    decide = f"{HOME}/proposals/{ident}"
    page = client.get(decide).text
    assert "Olivia Berg unpublished this on" in page
    assert "Recall" not in page
    deleted = post(client, decide, {"decision": "delete"})
    assert "Unpublished update deleted." in client.get(deleted.location).text
    session.rollback()
    assert session.scalars(select(DeskDraft)).all() == []
    assert session.scalars(select(Proposal.payload)).one() == ""
    assert "deleted or replaced it" in client.get(decide).text


def test_who_comes_second_hears_who_was_first(
    app: Flask, client: FlaskClient, session: Session, author: StaffUser
) -> None:
    colleague = app.test_client()
    sign_in(colleague, app, Role.ORGANIZER)
    seen = publish(client, session)
    again = post(client, BACK, seen).location
    late = post(colleague, BACK, seen)
    assert late.location == f"{HOME}/updates"
    assert f"Olivia Berg {UNPUBLISHED_BY}" in colleague.get(late.location).text

    # The corrected one is not what the colleague saw, also where it has the same number.
    assert post(client, again, UPDATE).status_code == 303
    late = post(colleague, BACK, seen)
    assert UNPUBLISHED_BY in colleague.get(late.location).text
    assert len(read(session)) == 1
    assert post(colleague, BACK, {"update": "4711"}).status_code == 404


@pytest.mark.both_engines
def test_two_at_once_take_it_off_once(
    app: Flask, client: FlaskClient, session: Session, author: StaffUser, case: Campaign
) -> None:
    number = int(publish(client, session)["update"])
    campaign_id, staff_id = case.id, author.id
    session.rollback()

    def take(session: Session, campaign: Campaign) -> None:
        by = session.get_one(StaffUser, staff_id)
        proposals.unpublish_update(session, campaign, number, by=by)

    def look(session: Session) -> Campaign:
        campaign = session.get_one(Campaign, campaign_id)
        assert campaign.updates or session.get_bind().dialect.name == "sqlite"
        return campaign

    with pytest.raises(Refused, match="update-taken-back"):
        overtake(app, lambda own: take(own, own.get_one(Campaign, campaign_id)), look, take)
    with app.app_context(), db.reading() as own:
        assert len(own.scalars(select(Proposal)).all()) == 1


def test_what_colleagues_write_or_unpublished_is_listed_with_who_and_when(
    app: Flask, session: Session
) -> None:
    campaign = make_campaign(session)
    session.commit()
    first, second = app.test_client(), app.test_client()
    sign_in(first, app, Role.ORGANIZER, name="Olivia Park")
    sign_in(second, app, Role.ORGANIZER, name="Noor Haddad")
    url = f"/desk/campaigns/{campaign.slug}/updates"
    form = {"kind": "further-information", "happened_on": "2026-01-02", "title_en": "The hearing"}
    assert "Updates of colleagues" not in second.get(url).text
    assert post(first, url, form).status_code == 303
    update_id = session.scalars(select(Update.id)).one()
    session.rollback()
    post(first, f"{url}/take-back", {"update": str(update_id)})
    post(first, url, form | {"title_en": "Only mine", "keep": "1"})
    page = second.get(url).text
    assert "Updates of colleagues, not published" in page
    assert page.count("Olivia Park · ") == 2
    assert "The hearing" in page
    assert "Only mine" not in page, "a draft is for its writer alone"
    assert "Updates of colleagues" not in first.get(url).text


@pytest.mark.both_engines
def test_an_update_that_a_colleague_published_is_not_published_again_unasked(
    app: Flask, session: Session
) -> None:
    campaign = make_campaign(session)
    session.commit()
    first, second = app.test_client(), app.test_client()
    sign_in(first, app, Role.ORGANIZER, name="Olivia Park")
    sign_in(second, app, Role.ORGANIZER, name="Noor Haddad")
    url = f"/desk/campaigns/{campaign.slug}/updates"
    form = {
        "kind": "outcome",
        "happened_on": "2026-01-02",
        "title_en": "She is free",
        "newest": "0",
    }
    assert 'name="newest" type="hidden" value="0"' in second.get(url).text
    assert post(first, url, form).status_code == 303
    late = post(second, url, form | {"title_en": "She is at home"})
    assert late.status_code == 422
    assert "“She is free” was published after you opened the page (Olivia Park · " in late.text
    assert 'value="She is at home"' in late.text
    session.rollback()
    (update_id,) = session.scalars(select(Update.id)).all()
    session.rollback()
    again = form | {"title_en": "Another", "newest": str(update_id)}
    assert f'value="{update_id}"' in late.text
    assert post(second, url, again).status_code == 303
