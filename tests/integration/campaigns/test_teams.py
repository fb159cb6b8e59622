"""Teams: organizers see their campaigns, and nothing else tells of the others."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns import create_and_edit, find_campaigns
from campaign.campaigns.content import team
from campaign.campaigns.desk import views
from campaign.core.audit import AuditEntry
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import Settings
from campaign.directory import where_used
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.campaign import Campaign
from campaign.models.staff import CampaignMember, Role, StaffUser
from campaign.staff.passwords import get_user_of_link
from campaign.staff.staff_users import change_role, disable_staff_user
from tests.factories import make_campaign, make_staff_user, post, sign_in


@pytest.fixture
def other(session: Session) -> StaffUser:
    user = make_staff_user(session, Role.ORGANIZER, email="other@example.org", name="Omar Deng")
    session.commit()
    return user


@pytest.fixture
def theirs(session: Session, other: StaffUser) -> Campaign:
    campaign = make_campaign(session, owner_id=other.id, person_name="Hidden Person")
    session.commit()
    return campaign


@pytest.fixture
def me(client: FlaskClient, app: Flask, theirs: Campaign) -> StaffUser:
    return sign_in(client, app, Role.ORGANIZER, email="me@example.org", name="Noor Haddad")


def _listed(session: Session, by: StaffUser) -> list[Campaign]:
    rows, total = views.list_for_desk(session, views.ListState(), by=by)
    assert total == len(rows) == sum(views.count_by_status(session, by=by).values())
    return [row.campaign for row in rows]


def test_the_service_knows_who_may_see_what(
    session: Session, other: StaffUser, theirs: Campaign
) -> None:
    users = {role: make_staff_user(session, role) for role in Role}
    orphan = make_campaign(session, owner_id=None)
    for role, user in users.items():
        sees_all = role is not Role.ORGANIZER
        assert len(_listed(session, user)) == (2 if sees_all else 0)
        for campaign in (theirs, orphan):
            if sees_all:
                assert team.get_campaign_of(session, campaign.slug, user) is campaign
                continue
            with pytest.raises(NotFound) as hidden:
                team.get_campaign_of(session, campaign.slug, user)
            with pytest.raises(NotFound) as missing:
                team.get_campaign_of(session, "ua-0-00", user)
            assert hidden.value.slug == missing.value.slug
    assert _listed(session, other) == [theirs]
    team.add_member(session, theirs, member=users[Role.ORGANIZER], by=other)
    assert _listed(session, users[Role.ORGANIZER]) == [theirs]
    assert find_campaigns.list_followable(session, None, by=users[Role.ORGANIZER]) == [theirs]
    assert find_campaigns.list_followable(session, theirs, by=other) == []


def test_lists_choices_and_uses_tell_nothing_of_another_team(
    client: FlaskClient, me: StaffUser, theirs: Campaign, session: Session
) -> None:
    target = theirs.targets[0]
    pages = [
        "/desk/campaigns/",
        "/desk/campaigns/new",
        f"/desk/officials/{target.official.slug}",
        f"/desk/officials/{target.official.slug}/delete",
    ]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert theirs.reference not in answer.text, page
        assert theirs.person_name not in answer.text, page
    uses = [theirs.reference, "reply"]
    assert where_used.hide_other_teams(session, uses, me) == ["reply", "1 campaign of another team"]


def test_a_campaign_belongs_to_who_makes_it_and_is_handed_over(
    session: Session, other: StaffUser, theirs: Campaign
) -> None:
    heir = make_staff_user(session, Role.ORGANIZER, email="heir@example.org")
    campaign = create_and_edit.create_campaign(
        session,
        actor="staff:1",
        created_by_id=heir.id,
        reference="UA 99/26",
        country="MX",
        person_name="N",
        timezone="UTC",
        default_locale="en",
    )
    assert campaign.owner_id == heir.id
    with pytest.raises(Refused, match="not-team-owner"):
        team.hand_over(session, theirs, to=heir, by=heir)
    team.add_member(session, theirs, member=heir, by=other)
    with pytest.raises(Refused, match="not-team-owner"):
        team.add_member(session, theirs, member=other, by=heir)
    team.hand_over(session, theirs, to=heir, by=other)
    assert theirs.owner_id == heir.id
    assert team.list_members(session, theirs) == [other]
    team.remove_member(session, theirs, member=other, by=other)
    assert _listed(session, other) == []


@pytest.mark.parametrize("unfit", ["disabled", "staff"])
def test_who_cannot_write_is_not_put_on_a_team(
    session: Session, other: StaffUser, theirs: Campaign, unfit: str
) -> None:
    boss = make_staff_user(session, Role.ADMIN)
    person = make_staff_user(session, Role.STAFF if unfit == "staff" else Role.ORGANIZER)
    if unfit == "disabled":
        disable_staff_user(session, user=person, by=boss)
    with pytest.raises(Refused, match="cannot-write"):
        team.add_member(session, theirs, member=person, by=other)
    with pytest.raises(Refused, match="cannot-write"):
        team.hand_over(session, theirs, to=person, by=boss)


def test_the_teams_page_adds_removes_and_hands_over(
    client: FlaskClient, app: Flask, theirs: Campaign, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    heir = make_staff_user(session, Role.ORGANIZER, email="h@example.org", name="Hana Ito")
    session.commit()
    url = f"/desk/campaigns/{theirs.slug}/team"
    assert "Omar Deng" in client.get(url).text
    fields = {"person": heir.public_id}
    assert post(client, f"{url}/add", fields).location.endswith("/team")
    assert post(client, f"{url}/add", fields).status_code == 303
    assert session.scalar(select(func.count()).select_from(CampaignMember)) == 1
    session.rollback()
    assert "Remove from the team" in client.get(url).text
    post(client, f"{url}/remove", fields)
    post(client, f"{url}/hand-over", fields)
    session.expire_all()
    assert theirs.owner_id == heir.id
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-4:] == [
        "campaign.team-add",
        "campaign.team-remove",
        "campaign.hand-over",
        "campaign.team-add",
    ]
    assert post(client, f"{url}/add", {"person": "nobody"}).status_code == 404
    assert post(client, f"{url}/add").status_code == 409
    assert client.get(f"{url}/add").status_code == 405


def test_a_member_sees_the_team_and_does_not_change_it(
    client: FlaskClient, me: StaffUser, theirs: Campaign, other: StaffUser, session: Session
) -> None:
    session.add(CampaignMember(campaign_id=theirs.id, staff_user_id=me.id))
    session.commit()
    url = f"/desk/campaigns/{theirs.slug}/team"
    page = client.get(url).text
    assert "Leave the team" in page
    assert "Transfer the campaign" not in page
    assert post(client, f"{url}/hand-over", {"person": me.public_id}).status_code == 409
    left = post(client, f"{url}/remove", {"person": me.public_id})
    assert left.location == "/desk/campaigns/"
    assert client.get(url).status_code == 404


def test_all_campaigns_of_somebody_who_leaves_go_to_another(
    client: FlaskClient, app: Flask, theirs: Campaign, other: StaffUser, session: Session
) -> None:
    boss = sign_in(client, app, Role.ADMIN)
    second = make_campaign(session, owner_id=other.id)
    session.commit()
    url = f"/desk/staff/{other.public_id}/campaigns"
    page = client.get(url).text
    assert theirs.reference in page
    assert second.reference in page
    assert "Transfer 2 campaigns" in page
    assert "New owner" in page
    post(client, f"/desk/staff/{other.public_id}/disable")
    refused = post(client, url, {"person": other.public_id})
    assert refused.location == url
    done = post(client, url, {"person": boss.public_id})
    assert done.location == f"/desk/staff/{other.public_id}"
    told = f"2 campaigns transferred to {boss.name or boss.email}."
    assert told in client.get(done.location).text
    session.expire_all()
    assert {theirs.owner_id, second.owner_id} == {boss.id}
    assert session.get(CampaignMember, (second.id, other.id)) is None
    with pytest.raises(Refused, match="not-team-owner"):
        team.hand_over_all(session, owner=boss, to=other, by=other)


@pytest.mark.both_engines
def test_who_hands_all_over_and_stays_is_still_on_the_teams(
    client: FlaskClient, app: Flask, theirs: Campaign, other: StaffUser, session: Session
) -> None:
    boss = sign_in(client, app, Role.ADMIN)
    url = f"/desk/staff/{other.public_id}/campaigns"
    (offered,) = re.findall(r"<select[^>]*>(.*?)</select>", client.get(url).text, re.DOTALL)
    assert "selected" not in offered.partition("</option>")[2]
    assert 'value=""' in offered.partition("</option>")[0]
    assert post(client, url, {"person": ""}).location == url
    assert session.get(CampaignMember, (theirs.id, other.id)) is None
    session.rollback()
    post(client, url, {"person": boss.public_id})
    session.expire_all()
    assert theirs.owner_id == boss.id
    assert session.get(CampaignMember, (theirs.id, other.id)) is not None


def test_a_role_that_is_changed_counts_from_the_next_request_on(
    client: FlaskClient, me: StaffUser, theirs: Campaign, session: Session
) -> None:
    page = f"/desk/campaigns/{theirs.slug}"
    assert client.get(page).status_code == 404
    boss = make_staff_user(session, Role.ADMIN)
    seen = session.get_one(StaffUser, me.id)
    change_role(session, user=seen, role=Role.ADMIN, by=boss)
    session.commit()
    assert client.get(page).status_code == 200
    change_role(session, user=seen, role=Role.STAFF, by=boss)
    session.commit()
    assert client.get(page).status_code == 404
    assert client.get("/desk/bundles/").status_code == 200


def test_somebody_is_invited_by_a_mail_with_a_link_that_works_once(
    client: FlaskClient, app: Flask, session: Session, settings: Settings
) -> None:
    sign_in(client, app, Role.ADMIN, name="Ada Lovell")
    fields = {"email": "zoe@example.org", "name": "Zoe", "role": "organizer", "locale": "fr"}
    answer = post(client, "/desk/staff/new", fields)
    assert answer.status_code == 303
    assert "/desk/set-password/" not in client.get(answer.location).text
    mail = session.scalars(select(OutboxMail)).one()
    assert (mail.kind, mail.recipient, mail.locale) == ("staff-invitation", "zoe@example.org", "fr")
    token = str(mail.context).partition("/desk/set-password/")[2].partition('"')[0]
    assert get_user_of_link(session, token).email == "zoe@example.org"
    message = render(mail, settings)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "Ada Lovell" in plain.get_content().splitlines()[0]
    assert f"/desk/set-password/{token}" in plain.get_content()
    assert f'/desk/set-password/{token}"' in html.get_content()
    session.rollback()
    new = app.test_client()
    new.get(f"/desk/set-password/{token}")
    password = {"password": "amber-window-sails-quietly"}
    assert post(new, f"/desk/set-password/{token}", password).status_code == 303
    assert post(new, f"/desk/set-password/{token}", password).status_code == 410


@pytest.mark.both_engines
def test_who_changes_a_team_after_a_colleague_reads_who_was_first(
    client: FlaskClient, app: Flask, session: Session, other: StaffUser, theirs: Campaign
) -> None:
    session.commit()
    first, second = app.test_client(), client
    ada = sign_in(first, app, Role.ADMIN, email="ada@example.org", name="Ada Lovell")
    noor = sign_in(second, app, Role.ADMIN, email="noor@example.org", name="Noor Haddad")
    url = f"/desk/campaigns/{theirs.slug}/team"

    def twice(step: str, **data: str) -> str:
        assert post(first, f"{url}/{step}", data).status_code == 303
        return str(post(second, f"{url}/{step}", data, follow_redirects=True).text)

    for step in ("add", "remove", "hand-over"):
        assert "Ada Lovell already did this on" in twice(step, person=noor.public_id)
    # An old page would take it from whom a colleague gave it to.
    old_page = {"person": other.public_id, "owner": other.public_id}
    told = post(second, f"{url}/hand-over", old_page | {"person": ada.public_id})
    assert told.status_code == 303
    assert "because Ada Lovell changed this on" in second.get(told.location).text
    assert session.scalar(select(Campaign.owner_id)) == noor.id
