"""An office passes to somebody else, and the campaigns that aim at it follow by one button."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core import i18n, jobs
from campaign.core.audit import AuditEntry
from campaign.directory.imports.read_rows import Held
from campaign.directory.officials import note_held
from campaign.models.campaign import Campaign, CampaignStatus, Target, TargetKind
from campaign.models.directory import ContactDetail, Membership, Official, Post
from campaign.models.signature import Letter
from campaign.models.staff import Role
from tests.factories import add_confirmed, make_campaign, make_target_official, post, sign_in

LEFT = "/desk/officials/governor-1"
AIMED = "/desk/campaigns/officials/governor-1"
WAITS: dict[str, Any] = {
    "status": CampaignStatus.SCHEDULED,
    "open_at": datetime(2099, 1, 1, tzinfo=UTC),
    "opened_at": None,
    "act_by": date(2099, 2, 1),
}


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> FlaskClient:
    sign_in(client, app, Role.ADMIN)
    return client


def new_person(desk: FlaskClient, at: str = f"{LEFT}/successor", **change: Any) -> Any:
    form = {
        "on": "2026-10-01",
        "name": "Ana Núñez",
        "country": "MX",
        "preferred_locale": "es",
        "office_en": "Governor of Altamar",
        "office_fr": "Gouverneure d’Altamar",
        "office_es": "Gobernadora de Altamar",
        "salutation_en": "Dear Governor,",
        "salutation_fr": "Madame,",
        "salutation_es": "Señora:",
        "close_en": "Yours,",
        "close_fr": "Respectueusement,",
        "close_es": "Atentamente,",
    } | change
    return post(desk, at, form)


def targets_of(session: Session) -> list[tuple[str, str]]:
    session.rollback()
    session.expire_all()
    rows = session.execute(
        select(Campaign.reference, Official.slug)
        .join(Target, Target.campaign_id == Campaign.id)
        .join(Official, Official.id == Target.official_id)
        .order_by(Campaign.id, Target.id)
    )
    return [(reference, slug) for reference, slug in rows]


def test_a_new_person_takes_over_and_campaigns_follow_by_one_button(
    desk: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    governor = campaign.targets[0].official
    draft = make_campaign(
        session,
        status=CampaignStatus.DRAFT,
        targets=[Target(official=governor, kind=TargetKind.COPY)],
    )
    over = make_campaign(
        session, status=CampaignStatus.STOPPED, targets=[Target(official=governor)]
    )
    session.commit()
    page = desk.get(f"{LEFT}/successor").get_data(as_text=True)
    assert "Gobernadora de Altamar" in page  # the office is filled in
    assert 'value="Ines Quintero Vidal"' not in page  # the person is not
    response = new_person(desk)
    assert response.headers["Location"] == f"{AIMED}?successor=ana-nunez"
    page = desk.get(response.headers["Location"]).get_data(as_text=True)
    assert all(listed.reference in page for listed in (campaign, draft))
    assert over.reference not in page
    chosen = {"successor": "ana-nunez", "campaign": [campaign.slug, draft.slug, over.slug]}
    session.rollback()
    assert post(desk, AIMED, chosen).status_code == 303
    assert targets_of(session) == [
        (campaign.reference, "ana-nunez"),
        (draft.reference, "ana-nunez"),
        (over.reference, "governor-1"),
    ]
    target = session.scalar(select(Target).where(Target.campaign_id == campaign.id))
    assert target is not None
    assert set(session.scalars(select(Letter.target_id))) == {target.id}
    days = session.execute(
        select(Official.slug, Membership.started_on, Membership.ended_on)
        .join(Membership, Membership.official_id == Official.id)
        .order_by(Membership.id)
    ).all()
    assert [tuple(row) for row in days] == [
        ("governor-1", None, date(2026, 10, 1)),
        ("ana-nunez", date(2026, 10, 1), None),
    ]
    assert "No campaigns use this entry yet" not in desk.get(LEFT).text
    actions = set(session.scalars(select(AuditEntry.action)))
    assert {"officials.leave", "officials.take-over", "campaign.successor"} <= actions


@pytest.mark.parametrize("status", [CampaignStatus.SCHEDULED, CampaignStatus.OPEN])
def test_a_campaign_and_today_name_a_former_holder_until_the_successor_is_its_recipient(
    desk: FlaskClient, session: Session, status: CampaignStatus
) -> None:
    campaign = make_campaign(session, status=status, open_at=datetime(2099, 1, 1, tzinfo=UTC))
    slug = campaign.slug
    session.commit()
    still = "Ines Quintero Vidal has left office, but is still a recipient."
    due = "1 official has left office, but campaigns still write to them"
    pages = (f"/desk/campaigns/{slug}", "/desk/today")
    assert still not in desk.get(pages[0]).text
    new_person(desk)
    assert still in desk.get(pages[0]).text
    assert due in desk.get(pages[1]).text
    assert all(f'href="{AIMED}"' in desk.get(page).text for page in pages)
    post(desk, AIMED, {"successor": "ana-nunez", "campaign": [slug]})
    assert still not in desk.get(pages[0]).text
    assert due not in desk.get(pages[1]).text


def test_a_closed_campaign_names_a_former_holder_while_letters_to_them_wait(
    desk: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    printed = make_campaign(session, targets=[Target(official=campaign.targets[0].official)])
    campaign.status = printed.status = CampaignStatus.CLOSED
    slug, mission, other = campaign.slug, campaign.targets[0].mission, printed.reference
    assert mission is not None
    check = f"/desk/bundles/new?mission={mission.slug}&campaign={slug}"
    session.commit()
    jobs.run_now("overview.count")
    still = "Ines Quintero Vidal has left office, but is still a recipient."
    assert "left office" not in desk.get(check).text
    new_person(desk)
    assert still in desk.get(f"/desk/campaigns/{slug}").text
    assert still not in desk.get(f"/desk/campaigns/{printed.slug}").text, "no letter waits"
    assert "1 official has left office" in desk.get("/desk/today").text
    assert "1 official has left office" in desk.get("/desk/officials").text
    assert "ask the organizers to replace that person" in desk.get(check).text
    page = desk.get(AIMED).text
    assert campaign.reference in page
    assert other not in page
    post(desk, AIMED, {"successor": "ana-nunez", "campaign": [slug]})
    assert (campaign.reference, "ana-nunez") in targets_of(session)
    assert still not in desk.get(f"/desk/campaigns/{slug}").text
    assert "left office" not in desk.get(check).text


@pytest.mark.both_engines
def test_a_campaign_that_cannot_follow_stays_and_is_named(
    desk: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    governor = campaign.targets[0].official
    twice = make_campaign(session, targets=[Target(official=governor)])
    silent = make_target_official(9, slug="silent", salutation={"en": "Dear X,"})
    twice.targets.append(Target(official=silent, kind=TargetKind.COPY, position=1))
    session.commit()
    chosen = {"successor": "silent", "campaign": [campaign.slug, twice.slug]}
    session.rollback()
    page = desk.get(post(desk, AIMED, chosen).headers["Location"]).get_data(as_text=True)
    lacking = "Ines Quintero Vidal has no salutation or no close in French."
    stays = f'<bdi><a href="/desk/campaigns/{campaign.slug}">{campaign.reference}</a></bdi>'
    entry = '<bdi><a href="/desk/officials/silent">Edit the official</a></bdi>'
    assert f"{stays}: {lacking} Correct this first. {entry}" in page
    assert "envelope window" not in page, "only what is at fault"
    recipients = f'<a href="/desk/campaigns/{twice.slug}/targets">{twice.reference}</a></bdi>'
    assert f"{recipients}: Ines Quintero Vidal is already a recipient" in page
    assert targets_of(session) == [
        (campaign.reference, "governor-1"),
        (twice.reference, "governor-1"),
        (twice.reference, "silent"),
    ]


def test_an_opening_that_a_successor_cancels_is_named_before_and_after(
    desk: FlaskClient, app: Flask, session: Session
) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_person_opens": True})
    campaign = make_campaign(session, **WAITS)
    running = make_campaign(session, targets=[Target(official=campaign.targets[0].official)])
    slugs, reference = [campaign.slug, running.slug], campaign.reference
    session.commit()
    new_person(desk)
    assert desk.get(AIMED).text.count("A change cancels the opening. Someone else must then") == 1
    done = post(desk, AIMED, {"successor": "ana-nunez", "campaign": slugs})
    page = desk.get(done.headers["Location"]).text
    link = f'<bdi><a href="/desk/campaigns/{slugs[0]}">{reference}</a></bdi>'
    assert f"{link}: the opening on " in page
    assert page.count("Someone else must approve the campaign again.") == 1
    assert "2 campaigns are now addressed to the successor." in page
    session.expire_all()
    assert campaign.status is CampaignStatus.REVIEW


@pytest.mark.parametrize("second_person", [True, False])
def test_a_scheduled_campaign_that_could_not_open_with_the_successor_stays(
    desk: FlaskClient, app: Flask, session: Session, second_person: bool
) -> None:
    settings = app.extensions["settings"]
    update = {"second_person_opens": second_person}
    app.extensions["settings"] = settings.model_copy(update=update)
    campaign = make_campaign(session, **WAITS)
    slug, reference = campaign.slug, campaign.reference
    session.commit()
    new_person(desk, salutation_fr="")
    done = post(desk, AIMED, {"successor": "ana-nunez", "campaign": [slug]})
    page = desk.get(done.headers["Location"]).text
    stays = f'<bdi><a href="/desk/campaigns/{slug}">{reference}</a></bdi>'
    assert f"{stays}: Ana Núñez has no salutation or no close in French." in page
    assert "No campaign was changed." in page
    assert "is cancelled" not in page
    assert targets_of(session) == [(reference, "governor-1")]
    assert campaign.status is CampaignStatus.SCHEDULED


def test_somebody_who_is_here_takes_over_with_the_words_of_the_office(
    desk: FlaskClient, session: Session
) -> None:
    session.add_all(
        [
            make_target_official(),
            make_target_official(
                2, slug="ben", name="Ben Kiptoo", office={"en": "Mayor"}, salutation={}, close={}
            ),
        ]
    )
    session.commit()
    page = desk.get(f"{LEFT}/successor?q=kiptoo").get_data(as_text=True)
    assert 'value="ben"' in page
    post(desk, f"{LEFT}/successor/known", {"successor": "ben", "on": "2026-10-01"})
    session.expire_all()
    ben = session.scalar(select(Official).where(Official.slug == "ben"))
    assert ben is not None
    assert (ben.office["es"], ben.salutation["en"]) == ("Gobernadora de Altamar", "Dear Governor,")
    assert [membership.post.label["en"] for membership in ben.memberships] == [
        "Mayor",
        "Governor of Altamar",
    ]
    session.rollback()
    early = post(
        desk, "/desk/officials/ben/successor/known", {"successor": "governor-1", "on": "2026-02-31"}
    )
    assert "There is no 31 February 2026." in desk.get(early.headers["Location"]).get_data(
        as_text=True
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"on": "2026-02-31"}, "There is no 31 February 2026."),
        ({"on": ""}, "Enter the day"),
        ({"name": "", "office_en": "", "office_fr": "", "office_es": ""}, "Enter a name"),
    ],
)
def test_a_successor_without_a_day_or_a_name_is_refused(
    desk: FlaskClient, session: Session, change: dict[str, str], message: str
) -> None:
    session.add(make_target_official())
    session.commit()
    response = new_person(desk, **change)
    assert response.status_code == 422
    assert message in response.get_data(as_text=True)
    assert session.scalars(select(Official.slug)).all() == ["governor-1"]


def test_who_left_while_campaigns_aim_at_them_stands_first_on_the_list(
    desk: FlaskClient, session: Session
) -> None:
    make_campaign(session)
    session.add(make_target_official(5, slug="idle", name="Idle Person", left_on=date(2026, 1, 1)))
    session.commit()
    post(desk, f"{LEFT}/left")
    page = desk.get("/desk/officials").get_data(as_text=True)
    assert "1 official has left office" in page
    shown = desk.get("/desk/officials?left=y").get_data(as_text=True)
    assert "Ines Quintero Vidal" in shown
    assert "Idle Person" not in shown
    assert "Left this office on" in desk.get("/desk/campaigns/ua-1-26/targets").get_data(True)
    membership = session.scalars(select(Membership.id)).one()
    session.rollback()
    days = {f"from_{membership}": "2026-03-01", f"until_{membership}": "2026-01-01"}
    assert post(desk, f"{LEFT}/posts", days).status_code == 422
    for _twice in range(2):
        post(desk, f"{LEFT}/posts", days | {f"until_{membership}": ""})
    office = session.scalars(select(Post.public_id)).one()
    entries = select(AuditEntry.detail).filter_by(action="officials.posts").order_by(AuditEntry.id)
    assert session.scalars(entries).all() == [{"posts": [office]}, {"posts": []}]
    assert session.scalar(select(Official.left_on).where(Official.slug == "governor-1")) is None


def test_a_successor_is_not_entered_before_the_day(desk: FlaskClient, session: Session) -> None:
    session.add(make_target_official())
    session.add_all(
        make_target_official(number, slug=f"kim-{number}", name=f"Kim {number}")
        for number in (7, 8)
    )
    session.commit()
    today = i18n.today_at_home()
    to_come = (today + timedelta(days=1)).isoformat()
    refused = "This day has not come yet. Enter the change on that day or later."
    response = new_person(desk, on=to_come)
    assert response.status_code == 422
    assert refused in response.text
    assert all(f'value="{typed}"' in response.text for typed in (to_come, "Ana Núñez"))
    known = {"successor": "kim-8", "on": to_come, "q": "Kim"}
    told = post(desk, f"{LEFT}/successor/known", known, follow_redirects=True).text
    assert refused in told
    assert f'name="on" value="{to_come}"' in told
    assert re.findall(r'value="([^"]*)" required checked', told) == ["kim-8"]
    assert _left_on(session) is None
    assert new_person(desk, on=today.isoformat()).status_code == 303
    assert _left_on(session) == today


def _left_on(session: Session, slug: str = "governor-1") -> date | None:
    session.rollback()
    return session.scalar(select(Official.left_on).where(Official.slug == slug))


def _enter_until(desk: FlaskClient, session: Session, *days: str, slug: str = "governor-1") -> Any:
    held = session.scalars(
        select(Membership.id).join(Official).where(Official.slug == slug).order_by(Membership.id)
    ).all()
    session.rollback()
    form = {f"from_{number}": "" for number in held}
    form |= {f"until_{number}": day for number, day in zip(held, days, strict=True)}
    return post(desk, f"/desk/officials/{slug}/posts", form)


def test_a_past_end_counts_after_the_wording_of_the_office_was_corrected(
    desk: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    governor, slug = campaign.targets[0].official, campaign.slug
    note_held(session, governor, Held({"en": "Mayor"}, ended_on=date(2015, 1, 1)))
    note_held(session, governor, Held(dict(governor.office)))
    governor.office = governor.office | {"en": "State Governor of Altamar"}
    session.commit()
    _enter_until(desk, session, "2016-01-01", "")
    assert _left_on(session) is None, "an office held before is another"
    _enter_until(desk, session, "2016-01-01", "2026-03-20")
    assert _left_on(session) == date(2026, 3, 20)
    assert "has left office, but is still a recipient" in desk.get(f"/desk/campaigns/{slug}").text
    _enter_until(desk, session, "2016-01-01", "2026-03-22")
    assert _left_on(session) == date(2026, 3, 22)
    _enter_until(desk, session, "2016-01-01", "")
    assert _left_on(session) is None


@pytest.mark.parametrize("office", ["Governor of Altamar", "State Governor of Altamar"])
def test_an_end_to_come_counts_by_itself_from_the_day_after(
    desk: FlaskClient, session: Session, office: str
) -> None:
    campaign, today = make_campaign(session), i18n.today_at_home()
    governor = campaign.targets[0].official
    note_held(session, governor, Held(dict(governor.office)))
    governor.office = governor.office | {"en": office}
    slug = campaign.slug
    session.commit()
    _enter_until(desk, session, (today + timedelta(days=1)).isoformat())
    due = "1 official has left office, but campaigns still write to them"
    for days, left in ((0, None), (-1, today - timedelta(days=1))):
        # As on that day or the day after: the last day comes nearer.
        session.execute(update(Membership).values(ended_on=today + timedelta(days=days)))
        session.commit()
        jobs.run_now("officials.end-terms")
        assert _left_on(session) == left
        assert (due in desk.get("/desk/today").text) is bool(left)
    assert "has left office, but is still a recipient" in desk.get(f"/desk/campaigns/{slug}").text
    jobs.run_now("officials.end-terms")
    ended = select(AuditEntry.actor).where(AuditEntry.action == "officials.leave")
    assert session.scalars(ended).all() == ["job:officials.end-terms"]


@pytest.mark.both_engines
def test_who_holds_the_office_again_or_only_held_another_stays(
    desk: FlaskClient, session: Session
) -> None:
    governor = make_target_official()
    session.add(governor)
    session.flush()
    over = i18n.today_at_home() - timedelta(days=2)
    note_held(session, governor, Held(dict(governor.office), ended_on=over))
    governor.memberships[0].started_on = date(2020, 1, 1)
    note_held(session, governor, Held(dict(governor.office), over))
    note_held(session, governor, Held({"en": "Mayor"}, ended_on=over))
    session.commit()
    jobs.run_now("officials.end-terms")
    assert _left_on(session) is None


def _holders(session: Session) -> list[str]:
    session.rollback()
    holds = select(Official.slug).join(Membership, Membership.official_id == Official.id)
    return list(session.scalars(holds.where(Membership.ended_on.is_(None)).order_by(Official.id)))


@pytest.mark.both_engines
def test_who_enters_a_successor_after_a_colleague_makes_no_second_holder(
    desk: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session)
    session.add(make_target_official(9, slug="known", name="Kim Known"))
    session.commit()
    second = app.test_client()
    sign_in(second, app, Role.ADMIN, name="Noor Haddad")
    sign_in(desk, app, Role.ADMIN, name="Olivia Park")
    assert new_person(desk).status_code == 303
    late = new_person(second, name="Ana Nunez", on="2026-11-01")
    assert late.status_code == 422
    assert "Olivia Park already did this on" in late.text
    assert 'value="Ana Nunez"' in late.text
    assert "Olivia Park · " in second.get(f"{LEFT}/successor").text
    known = {"successor": "known", "on": "2026-11-01", "q": "Kim"}
    told = post(second, f"{LEFT}/successor/known", known, follow_redirects=True).text
    assert "Olivia Park already did this on" in told
    assert "Kim Known" in told
    same = post(second, f"{LEFT}/successor/known", known | {"successor": "ana-nunez"})
    assert same.location == f"{AIMED}?successor=ana-nunez"
    assert _holders(session) == ["ana-nunez"]
    # The button there saves what was typed as the successor of the successor.
    (there,) = set(re.findall(r'formaction="([^"]*/successor)"', late.text))
    assert new_person(second, at=there, name="Ana Nunez", on="2026-11-01").status_code == 303
    assert _holders(session) == ["ana-nunez-2"]
    assert targets_of(session) == [(campaign.reference, "governor-1")]


@pytest.mark.both_engines
def test_who_left_office_before_does_not_leave_it_once_more(
    desk: FlaskClient, app: Flask, session: Session
) -> None:
    official = make_target_official(1)
    session.add(official)
    session.commit()
    sign_in(desk, app, Role.ADMIN, name="Olivia Park")
    post(desk, f"{LEFT}/left")
    session.execute(update(Official).values(left_on=date(2026, 1, 2)))
    session.commit()
    told = post(desk, f"{LEFT}/left", follow_redirects=True).text
    assert "Olivia Park already did this on" in told
    assert session.scalar(select(Official.left_on)) == date(2026, 1, 2)


def test_who_holds_an_office_until_a_day_to_come_holds_it_now(
    desk: FlaskClient, session: Session
) -> None:
    make_campaign(session)
    session.commit()
    new_person(desk)
    today = i18n.today_at_home()
    held = update(Membership).where(Membership.ended_on.is_(None))
    holds = "Holds this office now:"
    assert holds in desk.get(LEFT).text
    for days in (1, 0):
        session.execute(held.values(ended_on=today + timedelta(days=days)))
        session.commit()
        assert holds in desk.get(LEFT).text
        assert "Ana Núñez" in desk.get(AIMED).text
        held = update(Membership).where(Membership.ended_on >= today)
    session.execute(held.values(ended_on=today - timedelta(days=1)))
    session.commit()
    assert holds not in desk.get(LEFT).text


@pytest.mark.both_engines
def test_a_former_holder_and_the_successor_with_the_mailbox_of_the_office_are_no_duplicates(
    desk: FlaskClient, session: Session
) -> None:
    mailbox = {"type": "email", "value": "governor@example.org"}
    governor = make_campaign(session).targets[0].official
    governor.contacts = [ContactDetail(**mailbox)]
    session.commit()
    new_person(desk, contact_1_type="email", contact_1_value=mailbox["value"])
    assert "We found no possible duplicates" in desk.get("/desk/officials/duplicates").text
    ana = session.scalars(select(Official).where(Official.slug == "ana-nunez")).one()
    assert [contact.value for contact in ana.contacts] == [mailbox["value"]]
    ana.name, name = governor.name, ana.name
    session.commit()
    assert "Same name and country" in desk.get("/desk/officials/duplicates").text, (
        "two terms of one"
    )
    ana.name, ana.memberships[0].started_on = name, date(2026, 9, 1)
    session.commit()
    assert "Same email" in desk.get("/desk/officials/duplicates").text, "they met in office"


def _days_held(session: Session) -> list[tuple[date | None, date | None]]:
    session.rollback()
    days = select(Membership.started_on, Membership.ended_on).order_by(Membership.id)
    return [tuple(row) for row in session.execute(days)]


@pytest.mark.parametrize("known", [False, True])
def test_a_last_day_on_record_stays_when_a_successor_is_entered(
    desk: FlaskClient, session: Session, known: bool
) -> None:
    governor = make_target_official()
    session.add_all([governor, make_target_official(9, slug="kim", name="Kim", office={})])
    note_held(session, governor, Held(dict(governor.office)))
    session.commit()
    _enter_until(desk, session, "2026-01-31")
    if known:
        form = {"successor": "kim", "on": "2026-11-28"}
        told = post(desk, f"{LEFT}/successor/known", form, follow_redirects=True).text
    else:
        told = desk.get(new_person(desk, on="2026-11-28").location).text
    assert "We changed the last day" not in told
    assert _left_on(session) == date(2026, 1, 31)
    assert _days_held(session) == [(None, date(2026, 1, 31)), (date(2026, 11, 28), None)]
    assert "left office on 31 January 2026" in desk.get(LEFT).text


def test_a_day_of_leaving_from_a_file_stays_when_a_successor_is_entered(
    desk: FlaskClient, session: Session
) -> None:
    over = date(2026, 1, 31)
    session.add_all(
        [
            make_target_official(left_on=over),
            make_target_official(
                9, slug="kim", name="Kim", office={"en": "Mayor"}, left_on=date(2025, 5, 5)
            ),
        ]
    )
    session.commit()
    post(desk, f"{LEFT}/successor/known", {"successor": "kim", "on": "2026-10-01"})
    assert (_left_on(session), _left_on(session, "kim")) == (over, None)
    ends = {(None, over), (None, date(2025, 5, 5)), (date(2026, 10, 1), None)}
    assert set(_days_held(session)) == ends, "what the successor had left goes on being left"


@pytest.mark.parametrize("way", ["successor", "left"])
def test_a_last_day_to_come_moves_to_the_day_on_which_they_leave_and_both_are_named(
    desk: FlaskClient, session: Session, way: str
) -> None:
    governor, today = make_target_official(), i18n.today_at_home()
    session.add(governor)
    note_held(session, governor, Held(dict(governor.office)))
    session.commit()
    to_come = today + timedelta(days=9)
    _enter_until(desk, session, to_come.isoformat())
    if way == "successor":
        told = desk.get(new_person(desk, on=today.isoformat()).location).text
    else:
        told = post(desk, f"{LEFT}/left", follow_redirects=True).text
    moved = (
        "We changed the last day of Ines Quintero Vidal in this office from "
        f"{i18n.say_date(to_come, 'en')} to {i18n.say_date(today, 'en')}."
    )
    assert moved in told
    assert (_left_on(session), _days_held(session)[0]) == (today, (None, today))
    leaving = select(AuditEntry.detail).where(AuditEntry.action == "officials.leave")
    assert session.scalars(leaving).one()["before"] == to_come.isoformat()


def test_left_today_keeps_a_last_day_that_is_over(desk: FlaskClient, session: Session) -> None:
    governor = make_target_official()
    over = i18n.today_at_home() - timedelta(days=1)
    session.add(governor)
    note_held(session, governor, Held(dict(governor.office), ended_on=over))
    session.commit()
    told = post(desk, f"{LEFT}/left", follow_redirects=True).text
    day = i18n.say_date(over, "en")
    assert f"Saved: this person left office on {day}, as recorded before." in told
    assert (_left_on(session), _days_held(session)) == (over, [(None, over)])


def test_left_today_names_campaigns_only_where_some_write_to_them(
    desk: FlaskClient, session: Session
) -> None:
    make_campaign(session)
    session.add(make_target_official(5, slug="idle", name="Idle Person"))
    session.commit()
    written = "Campaigns still write to this person."
    for slug, is_written_to in (("governor-1", True), ("idle", False)):
        told = post(desk, f"/desk/officials/{slug}/left", follow_redirects=True).text
        assert "Saved: this person left office today." in told
        assert (written in told) is is_written_to


def test_whose_last_day_is_today_holds_the_office_and_who_left_today_does_not(
    desk: FlaskClient, session: Session
) -> None:
    governor, today = make_target_official(), i18n.today_at_home()
    session.add(governor)
    note_held(session, governor, Held(dict(governor.office), date(2010, 1, 1), date(2015, 1, 1)))
    note_held(session, governor, Held(dict(governor.office)))
    session.commit()
    _enter_until(desk, session, "2015-01-01", today.isoformat())
    assert _left_on(session) is None
    assert "counts as having left from the next day." in desk.get(f"{LEFT}/posts").text
    post(desk, f"{LEFT}/left")
    assert _left_on(session) == today
    _enter_until(desk, session, "2014-01-01", today.isoformat())
    assert _left_on(session) == today, "another term was corrected"


@pytest.mark.both_engines
def test_a_correction_of_another_day_leaves_noted_who_has_left(
    desk: FlaskClient, session: Session
) -> None:
    governor = make_target_official(left_on=date(2026, 1, 31))  # as a file said it: no last day
    session.add(governor)
    note_held(session, governor, Held(dict(governor.office)))
    note_held(session, governor, Held({"en": "Mayor"}))
    session.commit()
    _enter_until(desk, session, "", "2015-01-01")
    assert _left_on(session) == date(2026, 1, 31)


@pytest.mark.parametrize("way", ["successor", "left", "days", "job"])
def test_a_term_of_long_ago_is_not_that_of_who_came_back_to_the_office(
    desk: FlaskClient, session: Session, way: str
) -> None:
    governor, today = make_target_official(), i18n.today_at_home()
    ends = [date(2020, 1, 1), today - timedelta(days=3)]
    note_held(session, governor, Held(dict(governor.office), ended_on=ends[0]))
    note_held(session, governor, Held({"en": "Senator"}, ended_on=ends[1]))
    session.add(governor)
    session.commit()
    if way == "days":
        _enter_until(desk, session, "2020-02-01", "2025-12-31")
    elif way == "job":
        jobs.run_now("officials.end-terms")
    elif way == "left":
        assert "left office today" in post(desk, f"{LEFT}/left", follow_redirects=True).text
    else:
        new_person(desk, on=today.isoformat())
    if way in {"days", "job"}:
        assert _left_on(session) is None
        _enter_until(desk, session, "", "2025-12-31")
        assert _left_on(session) is None
        return
    assert _left_on(session) == today
    assert {(None, ends[0]), (None, ends[1]), (None, today)} <= set(_days_held(session))
    leaving = select(AuditEntry.detail).where(AuditEntry.action == "officials.leave")
    assert session.scalars(leaving).one()["on"] == today.isoformat()


@pytest.mark.parametrize("way", ["successor", "known", "left"])
def test_a_last_day_to_come_moves_after_the_wording_of_the_office_was_corrected(
    desk: FlaskClient, session: Session, way: str
) -> None:
    governor, today = make_target_official(), i18n.today_at_home()
    to_come = today + timedelta(days=9)
    mayor = make_target_official(9, slug="kim", name="Kim", office={"en": "Mayor"})
    session.add_all([governor, mayor])
    note_held(session, governor, Held({"en": "Governor"}, ended_on=to_come))
    note_held(session, governor, Held({"en": "Senator"}, ended_on=date(2019, 1, 1)))
    session.commit()
    known = {"successor": "kim", "on": today.isoformat()}
    if way == "successor":
        told = desk.get(new_person(desk, on=today.isoformat()).location).text
    elif way == "known":
        told = post(desk, f"{LEFT}/successor/known", known, follow_redirects=True).text
    else:
        told = post(desk, f"{LEFT}/left", follow_redirects=True).text
    days = f"from {i18n.say_date(to_come, 'en')} to {i18n.say_date(today, 'en')}."
    assert f"We changed the last day of Ines Quintero Vidal in this office {days}" in told
    assert _left_on(session) == today
    assert _days_held(session)[:2] == [(None, today), (None, date(2019, 1, 1))]
    leaving = select(AuditEntry.detail).where(AuditEntry.action == "officials.leave")
    assert session.scalars(leaving).one()["before"] == to_come.isoformat()
    session.rollback()
    if way == "left":
        assert len(_days_held(session)) == 2
    else:
        assert "Holds this office now:" in desk.get(LEFT).text
    if way == "known":  # who goes on being mayor leaves the office that letters name
        over = today - timedelta(days=1)
        _enter_until(desk, session, "", over.isoformat(), slug="kim")
        assert _left_on(session, "kim") == over


def test_of_several_offices_that_go_on_none_ends_with_an_office_called_otherwise(
    desk: FlaskClient, session: Session
) -> None:
    governor, today = make_target_official(), i18n.today_at_home()
    session.add(governor)
    for label in ("Mayor", "Senator"):
        note_held(session, governor, Held({"en": label}))
    session.commit()
    post(desk, f"{LEFT}/left")
    assert _days_held(session) == [(None, None), (None, None), (None, today)]


def test_pages_and_record_name_the_day_of_leaving_before_that_of_a_term(
    desk: FlaskClient, session: Session
) -> None:
    over, today = date(2026, 5, 15), i18n.today_at_home()
    governor = make_target_official(left_on=over)
    session.add(governor)
    for start, end in ((1, over + timedelta(days=5)), (2, today + timedelta(days=9))):
        held = Held(dict(governor.office), date(2026, start, 1), end)
        note_held(session, governor, held)
    session.commit()
    told = desk.get(new_person(desk, on=today.isoformat()).location).text
    to_come = i18n.say_date(today + timedelta(days=9), "en")
    assert f"from {to_come} to 15 May 2026." in told
    assert _left_on(session) == over


def test_a_day_of_leaving_some_days_after_that_of_the_term_makes_no_second_term(
    desk: FlaskClient, session: Session
) -> None:
    governor = make_target_official(left_on=date(2026, 5, 15))
    session.add(governor)
    note_held(session, governor, Held(dict(governor.office), ended_on=date(2026, 5, 10)))
    session.commit()
    told = desk.get(new_person(desk, on="2026-10-01").location).text
    assert "We changed the last day" not in told
    assert _left_on(session) == date(2026, 5, 15)
    assert _days_held(session) == [(None, date(2026, 5, 10)), (date(2026, 10, 1), None)]
