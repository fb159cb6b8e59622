"""Before a campaign opens: embargo, review, changes that undo, copies, and drafts that go."""

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import check_readiness, create_and_edit, status_changes
from campaign.campaigns.create_and_edit import delete_draft
from campaign.core import clock, i18n
from campaign.core.audit import AuditEntry
from campaign.core.clock import utcnow
from campaign.core.errors import Invalid, Refused
from campaign.core.settings import Settings
from campaign.dashboard.today import list_todos
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.revision import RiskFlag, RiskKind
from campaign.models.screening import Hold
from campaign.models.signature import Signature
from campaign.models.staff import Role
from tests.days import days_ago, today
from tests.factories import add_confirmed, make_campaign, make_staff_user, post, sign_in
from tests.integration.campaigns.test_edit_conflict import read_form

DESK = "/desk/campaigns/ua-1-26"


@pytest.fixture
def second(app: Flask) -> None:
    """A second person opens what one has written."""
    settings: Settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_person_opens": True})


@pytest.fixture
def draft(session: Session) -> Campaign:
    """A draft that lacks nothing."""
    campaign = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    session.commit()
    return campaign


def test_an_opening_after_the_deadline_is_refused_with_its_day(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign
) -> None:
    draft.act_by = today() + timedelta(days=2)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    later = datetime.combine(draft.act_by + timedelta(days=3), time(9))
    form = {"open_at": later.isoformat(timespec="minutes")}
    refused = post(client, f"{DESK}/status?to=scheduled", form)
    assert refused.status_code == 422
    day = i18n.say_date(draft.act_by, "en")
    assert f"The deadline, {day}, will have passed by then." in refused.text
    assert "First add what is missing" not in refused.text


def test_under_an_embargo_a_draft_is_reviewed_and_scheduled_for_its_end(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign
) -> None:
    now = utcnow()
    draft.embargo_until = (now + timedelta(days=1)).replace(second=30)
    session.commit()
    assert check_readiness.next_step(draft, check_readiness.gaps(draft, now)).slug == "embargo"
    sign_in(client, app, Role.ADMIN)
    page = client.get(f"{DESK}/status?to=scheduled").text
    assert "The campaign cannot open yet" not in page
    proposed = page.partition('name="open_at"')[2].partition('value="')[2].partition('"')[0]
    with pytest.raises(Invalid) as early:
        status_changes.schedule_campaign(
            session, draft, actor="staff:1", now=now, open_at=now + timedelta(hours=1)
        )
    assert early.value.fields == {"open_at": "opens-under-embargo"}
    with pytest.raises(Refused):
        status_changes.open_campaign(session, draft, actor="staff:1", now=now)
    session.rollback()
    assert post(client, f"{DESK}/status?to=scheduled", {"open_at": proposed}).status_code == 303
    session.expire_all()
    assert draft.open_at is not None
    assert draft.open_at >= draft.embargo_until


def test_a_review_is_asked_for_under_an_embargo(session: Session, draft: Campaign) -> None:
    draft.embargo_until = utcnow() + timedelta(days=1)
    status_changes.submit_for_review(session, draft, actor="command", now=utcnow())
    assert draft.status is CampaignStatus.REVIEW


def test_no_risk_flags_is_said_and_stops_nothing(session: Session, draft: Campaign) -> None:
    gaps = check_readiness.gaps(draft, utcnow())
    assert [(gap.slug, gap.blocking) for gap in gaps] == [("no-risks", False)]
    draft.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Nobody")]
    assert check_readiness.gaps(draft, utcnow()) == []


@pytest.mark.both_engines
def test_risk_flags_go_along_where_the_case_goes_on_and_a_clone_asks(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    source = make_campaign(session)
    source.risk_flags = [RiskFlag(kind=RiskKind.PLACE, words="Calle 9")]
    source.person_pronouns, source.person_died = "she", True
    session.commit()
    who = {"actor": "staff:1", "created_by_id": None}
    later = create_and_edit.continue_campaign(session, source, reference="UA 1/26.1", **who)
    assert [(flag.kind, flag.words) for flag in later.risk_flags] == [(RiskKind.PLACE, "Calle 9")]
    session.commit()
    sign_in(client, app, Role.ADMIN)
    for answer, status, words in ((None, 422, []), ("leave", 303, []), ("take", 303, ["Calle 9"])):
        data = {"reference": f"UA 9/26 {answer}"} | ({"risks": answer} if answer else {})
        assert post(client, f"{DESK}/clone", data).status_code == status
        session.rollback()
        clone = session.scalar(select(Campaign).where(Campaign.reference == data["reference"]))
        assert [flag.words for flag in clone.risk_flags] == words if clone else status == 422
        person = (clone.person_pronouns, clone.person_died) if clone else None
        assert person == {"take": ("she", True), "leave": ("", False)}.get(answer or "")


def test_a_copy_keeps_an_embargo_while_it_runs_and_says_so(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign
) -> None:
    runs, over = utcnow() + timedelta(days=1), utcnow() - timedelta(days=1)
    sign_in(client, app, Role.ADMIN)
    for until, kept in ((runs, runs), (over, None)):
        draft.embargo_until = until
        session.commit()
        for way in ("clone", "continue"):
            page = client.get(f"{DESK}/{way}").text
            assert ("The embargo is copied too" in page) is (kept is not None)
            reference = f"{way} {until.isoformat()}"[:40]
            seen = " ".join(re.findall(r'name="seen"[^>]*value="([^"]*)"', page))
            answer = post(client, f"{DESK}/{way}", {"reference": reference, "seen": seen})
            assert answer.status_code == 303
            copy = session.scalars(select(Campaign).filter_by(reference=reference)).one()
            assert copy.embargo_until == kept
            session.rollback()


def test_hints_say_the_town_whose_time_it_is(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign
) -> None:
    draft.timezone = "America/Argentina/Buenos_Aires"
    session.commit()
    sign_in(client, app, Role.ADMIN)
    for page in ("status?to=scheduled", "risks"):
        assert "Local time in Buenos Aires" in client.get(f"{DESK}/{page}").text


def test_a_deadline_that_nobody_changed_is_not_told_as_typed(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign
) -> None:
    draft.status, draft.stopped_at = CampaignStatus.STOPPED, utcnow()
    session.commit()
    assert draft.act_by is not None
    sign_in(client, app, Role.ADMIN)
    for day, shown in ((draft.act_by, False), (draft.act_by + timedelta(days=2), True)):
        late = post(client, f"{DESK}/status?to=open", {"act_by": day.isoformat()})
        assert late.status_code == 409
        assert ("What you typed" in late.text) is shown
        assert (i18n.say_date(day, "en") in late.text.partition("What you typed")[2]) is shown


@pytest.mark.usefixtures("second")
@pytest.mark.parametrize("to", ["scheduled", "open"])
def test_that_a_second_person_decides_is_said_before_anything_is_typed(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign, to: str
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    page = client.get(f"{DESK}/status?to={to}").text
    assert "Someone else must approve the campaign first." in page
    assert f'href="{DESK}/status?to=review"' in page
    assert 'name="open_at"' not in page
    assert post(client, f"{DESK}/status?to=review").status_code == 303
    own = client.get(f"{DESK}/status?to={to}").text
    assert "You edited the campaign last. Someone else must decide." in own
    assert 'name="open_at"' not in own
    other = app.test_client()
    sign_in(other, app, Role.ADMIN)
    assert "Someone else must decide" not in other.get(f"{DESK}/status?to={to}").text


@pytest.mark.parametrize("typed", ["yesterday", "nothing"])
def test_a_campaign_is_not_opened_again_until_a_day_that_has_passed(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign, typed: str
) -> None:
    past = days_ago(3)
    draft.status, draft.act_by, draft.closed_at = CampaignStatus.CLOSED, past, utcnow()
    session.commit()
    sign_in(client, app, Role.ADMIN)
    later = (past + timedelta(days=1)).isoformat() if typed == "yesterday" else ""
    url = f"{DESK}/status?to=open"
    refused = post(client, url, {"seen": "closed", "act_by": later})
    assert refused.status_code == 422
    assert "Enter a deadline that has not passed." in refused.text
    assert "First add what is missing" not in refused.text
    assert not later or f'value="{later}"' in refused.text
    session.expire_all()
    assert (draft.status, draft.act_by) == (CampaignStatus.CLOSED, past)


@pytest.mark.both_engines
@pytest.mark.usefixtures("second")
def test_a_change_says_before_and_after_that_it_takes_the_opening_off(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign
) -> None:
    draft.status, draft.open_at = CampaignStatus.SCHEDULED, utcnow() + timedelta(days=1)
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    assert "A change cancels the opening" in client.get(f"{DESK}/risks").text
    page = post(client, f"{DESK}/risks", {"witness": "Lucia"}, follow_redirects=True).text
    assert "is cancelled. Someone else must approve the campaign again." in page
    assert "A change cancels the opening" not in page


@pytest.mark.usefixtures("second")
def test_today_says_what_is_hers(app: Flask, session: Session, draft: Campaign) -> None:
    writer, other = make_staff_user(session, Role.ORGANIZER), make_staff_user(session, Role.ADMIN)
    draft.owner_id = writer.id
    with app.test_request_context("/"):
        (todo,) = list_todos(session, by=writer, now=utcnow())
        assert todo.slug == "ready-for-review"
        draft.status, draft.submitted_by_id = CampaignStatus.REVIEW, writer.id
        session.flush()
        assert [task.slug for task in list_todos(session, by=writer, now=utcnow())] == []
        assert [task.slug for task in list_todos(session, by=other, now=utcnow())] == ["review"]
        draft.status, draft.review_note = CampaignStatus.DRAFT, "Shorten it."
        session.flush()
        assert [task.slug for task in list_todos(session, by=writer, now=utcnow())] == ["sent-back"]


def test_after_saving_the_page_says_what_is_next(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign
) -> None:
    draft.act_by = days_ago(9)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    assert "Next:" not in client.get(f"{DESK}/risks").text
    page = post(client, f"{DESK}/risks", {"witness": "Lucia"}, follow_redirects=True).text
    assert "The deadline has passed." in page.partition("Next:")[2].partition("</p>")[0]


def test_after_saving_flags_that_a_text_breaks_something_is_missing(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign
) -> None:
    draft.editions[0].summary = "Lucia told us."
    session.commit()
    sign_in(client, app, Role.ADMIN)
    page = post(client, f"{DESK}/risks", {"witness": "Lucia"}, follow_redirects=True).text
    coming = page.partition("Next:")[2].partition("</p>")[0]
    assert "contains words that a risk flag rules out" in coming
    assert "nothing is missing" not in page


def test_after_a_stop_no_letter_waits_for_a_look(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session)
    (signature,) = add_confirmed(session, campaign, 1)
    session.add(Hold(signature_id=signature.id, campaign_id=campaign.id, reasons=["links"]))
    session.commit()
    sign_in(client, app, Role.ADMIN)
    page = f"/desk/campaigns/{campaign.slug}"
    assert "The staff need to review" in client.get(page).text
    status_changes.stop_campaign(
        session, campaign, actor="command", now=utcnow(), reasons={"en": "Danger."}
    )
    session.commit()
    assert "The staff need to review" not in client.get(page).text


def test_a_draft_is_deleted_with_its_rehearsal_and_leaves_an_entry(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign
) -> None:
    add_confirmed(session, draft, 2)  # of a draft: a rehearsal
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    assert "Delete this draft?" in client.get(f"{DESK}/delete").text
    assert post(client, f"{DESK}/delete").status_code == 303
    session.rollback()
    assert session.scalars(select(Campaign.id)).all() == []
    assert session.scalars(select(Signature.id)).all() == []
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.delete")).one()
    assert entry.detail == {"reference": "UA 1/26"}


@pytest.mark.both_engines
def test_the_number_of_a_deleted_draft_is_never_given_again(
    session: Session, draft: Campaign
) -> None:
    """Else the next team's campaign shows what was done to the one that is gone."""
    gone = draft.id
    delete_draft(session, draft, actor="staff:1")
    session.commit()
    session.add_all(
        Campaign(
            slug=f"ua-{at}-26",
            reference=f"UA {at}/26",
            country="MX",
            person_name="Ana",
            timezone="America/Toronto",
            default_locale="en",
        )
        for at in (7, 8)
    )
    session.flush()
    again = session.scalars(select(Campaign.id).order_by(Campaign.id)).all()
    assert again == [gone + 1, gone + 2]


def test_what_was_open_or_is_followed_is_never_deleted(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign
) -> None:
    earlier = make_campaign(session, reference="UA 2/26", slug="ua-2-26")
    make_campaign(
        session,
        reference="UA 3/26",
        slug="ua-3-26",
        status=CampaignStatus.DRAFT,
        opened_at=None,
        follows_id=draft.id,
    )
    session.commit()
    with pytest.raises(Refused, match="not-a-draft"):
        delete_draft(session, earlier, actor="staff:1")
    sign_in(client, app, Role.ADMIN)
    assert client.get("/desk/campaigns/ua-2-26/delete").status_code == 409
    assert post(client, f"{DESK}/delete").status_code == 422
    session.rollback()
    assert session.get(Campaign, draft.id) is not None


def test_an_update_and_a_reason_are_seen_before_they_are_out(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    news = {
        "kind": "good-news",
        "happened_on": "2026-01-09",
        "title_en": "Safe",
        "body_en": "She is **home**.",
        "look": "1",
    }
    page = post(client, f"{DESK}/updates", news)
    assert "She is <strong>home</strong>." in page.text
    stop = {"kind": "harm", "reason_en": "Letters could do harm.", "look": "1"}
    preview = post(client, f"{DESK}/status?to=stopped", stop).text
    assert "Nothing has changed yet." in preview
    assert "No reason in: French, Spanish, Arabic." in preview
    assert "There the page shows the reason in: English." in preview
    in_all = stop | {f"reason_{code}": "No." for code in ("fr", "es", "ar")}
    assert "No reason in" not in post(client, f"{DESK}/status?to=stopped", in_all).text
    session.rollback()
    session.expire_all()
    assert campaign.updates == []
    assert campaign.status is CampaignStatus.OPEN


def test_what_its_writer_changes_while_a_second_person_opens_it_is_read_again(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign, second: None
) -> None:
    writer = make_staff_user(session, Role.ADMIN)
    session.commit()
    by = f"staff:{writer.id}"
    status_changes.submit_for_review(session, draft, actor=by, now=utcnow())
    session.commit()
    sign_in(client, app, Role.ADMIN)
    url = f"{DESK}/status?to=open"
    page = client.get(url).text
    assert "The campaign was last changed on" in page
    create_and_edit.edit_campaign(session, draft, actor=by, person_name="Somebody Else")
    session.commit()
    told = post(client, url, {"seen": seen_on(page)})
    assert told.status_code == 422
    assert "The campaign has changed." in told.text
    assert "The campaign was last changed on" in told.text
    session.rollback()
    session.refresh(draft)
    assert draft.status is CampaignStatus.REVIEW
    assert post(client, url, {"seen": seen_on(told.text)}).status_code == 303
    session.rollback()
    session.refresh(draft)
    assert draft.status is CampaignStatus.OPEN


def test_a_form_with_a_fault_tells_nobody_what_has_changed(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign, second: None
) -> None:
    writer = make_staff_user(session, Role.ADMIN)
    session.commit()
    by = f"staff:{writer.id}"
    status_changes.submit_for_review(session, draft, actor=by, now=utcnow())
    session.commit()
    sign_in(client, app, Role.ADMIN)
    url = f"{DESK}/status?to=scheduled"
    page = client.get(url).text
    create_and_edit.edit_campaign(session, draft, actor=by, person_name="Somebody Else")
    session.commit()
    faulty = post(client, url, {"seen": seen_on(page), "open_at": "no day"})
    assert faulty.status_code == 422
    later = {"open_at": "2099-01-01T09:00"}
    for seen in (seen_on(faulty.text), ""):
        told = post(client, url, later | {"seen": seen})
        assert "The campaign has changed." in told.text
    session.rollback()
    session.refresh(draft)
    assert draft.status is CampaignStatus.REVIEW


def seen_on(page: str) -> str:
    return page.partition('name="seen"')[2].partition('value="')[2].partition('"')[0]


def test_what_a_scheduled_opening_cannot_keep_is_refused_at_its_field(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign
) -> None:
    opens = (utcnow() + timedelta(days=5)).replace(second=0, microsecond=0)
    draft.status, draft.open_at = CampaignStatus.SCHEDULED, opens
    day_before = draft.act_by
    names = ("reference", "country", "person_name", "timezone", "default_locale", "letter_locales")
    facts = {name: getattr(draft, name) for name in names} | {"format": "letter", "follows": ""}
    session.commit()
    moment = i18n.say_moment_in_zone(opens, draft.timezone, "en")
    sign_in(client, app, Role.ADMIN)

    def send(page: str, field: str, value: str) -> str:
        answer = post(client, f"{DESK}/{page}", {**facts, field: value}, follow_redirects=True)
        session.rollback()
        session.expire_all()
        return answer.text

    late = opens.astimezone(ZoneInfo(draft.timezone)) + timedelta(hours=1)
    for page, field, value, how in (
        ("facts", "act_by", f"{today() + timedelta(days=2)}", "Enter a deadline that has not"),
        ("risks", "embargo_until", f"{late:%Y-%m-%dT%H:%M}", "Choose an end of the embargo"),
    ):
        shown = send(page, field, value)
        assert f"The campaign opens automatically on {moment}. {how}" in shown
        assert f'href="#{field}"' in shown
        assert f'value="{value}"' in shown
        assert (draft.act_by, draft.embargo_until) == (day_before, None)
        assert draft.status is CampaignStatus.SCHEDULED
    last = f"{today() + timedelta(days=6)}"
    assert "Facts saved." in send("facts", "act_by", last)
    until = f"{late - timedelta(hours=1):%Y-%m-%dT%H:%M}"
    assert "Risk flags saved." in send("risks", "embargo_until", until)
    assert (f"{draft.act_by}", draft.embargo_until) == (last, opens)
    draft.open_at, draft.act_by = opens + timedelta(days=9), None
    session.commit()
    restored = post(client, f"{DESK}/history/facts/-/1", {"seen": "1"}, follow_redirects=True)
    assert "Enter a deadline that has not passed by then" in restored.text


def test_an_embargo_that_ends_after_the_deadline_says_which_days_to_change(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign, second: None
) -> None:
    draft.act_by = today() + timedelta(days=3)
    draft.embargo_until = utcnow() + timedelta(days=9)
    session.commit()
    with app.test_request_context("/"):
        ends = i18n.say_moment_in_zone(draft.embargo_until, draft.timezone, "en")
    gap = (
        f"The embargo ends on {ends}, but the deadline is {i18n.say_date(draft.act_by, 'en')}. "
        "Change the deadline under Facts, or the embargo under Risks."
    )
    sign_in(client, app, Role.ADMIN)
    overview = client.get(DESK).text
    assert gap in overview
    assert "The campaign can open on" not in overview
    assert gap in client.get(f"{DESK}/status?to=review").text
    with pytest.raises(Refused):
        status_changes.submit_for_review(session, draft, actor="staff:1", now=utcnow())
    session.rollback()
    saved = post(client, f"{DESK}/risks", {"witness": "Lucia", "embargo_until": typed(draft)})
    assert gap in client.get(saved.location).text.partition("Next:")[2].partition("</p>")[0]
    session.rollback()
    draft.status = CampaignStatus.REVIEW
    session.commit()
    assert gap in client.get(f"{DESK}/status?to=scheduled").text
    draft.act_by = today() + timedelta(days=12)
    session.commit()
    assert "but the deadline is" not in client.get(DESK).text


def typed(campaign: Campaign) -> str:
    """The end of its embargo, as a form has it."""
    assert campaign.embargo_until
    return f"{campaign.embargo_until.astimezone(ZoneInfo(campaign.timezone)):%Y-%m-%dT%H:%M}"


def test_a_deadline_that_has_passed_is_said_alone_under_an_embargo(
    session: Session, draft: Campaign
) -> None:
    draft.act_by, draft.embargo_until = days_ago(9), utcnow() + timedelta(days=9)
    blocking = check_readiness.blockers(draft, utcnow())
    assert [gap.slug for gap in blocking] == ["deadline-past", "embargo"]


@pytest.mark.parametrize("status", [CampaignStatus.SCHEDULED, CampaignStatus.REVIEW])
def test_under_an_embargo_nobody_is_offered_to_open_at_once(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign, status: CampaignStatus
) -> None:
    draft.status, draft.open_at = status, None
    if status is CampaignStatus.SCHEDULED:
        draft.open_at = utcnow() + timedelta(days=2)
    sign_in(client, app, Role.ADMIN)
    for until, is_offered in ((utcnow() + timedelta(days=1), False), (None, True)):
        draft.embargo_until = until
        session.commit()
        page = client.get(DESK).text
        assert ("to=open" in page) == is_offered
        assert ("to=scheduled" in page) == (status is CampaignStatus.REVIEW)
        if status is CampaignStatus.SCHEDULED:
            assert "The embargo is not over." not in page
            assert "thing is missing" not in client.get(f"{DESK}/figures").text


def test_in_the_last_hours_the_overview_says_that_the_deadline_was_yesterday(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session, timezone="Pacific/Kiritimati")
    campaign.act_by = clock.today(campaign.timezone) - timedelta(days=1)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    page = client.get(DESK).text
    assert "nothing is missing" not in page
    assert "People can still write for a few hours. Then the campaign closes" in page
    assert f'href="{DESK}/extend"' in page
    campaign.act_by += timedelta(days=1)
    session.commit()
    assert "nothing is missing" in client.get(DESK).text


def test_the_clocks_by_which_an_opening_is_typed_are_those_on_its_page(
    client: FlaskClient, app: Flask, session: Session, draft: Campaign
) -> None:
    sign_in(client, app, Role.ADMIN)
    url = f"{DESK}/status?to=scheduled"
    typed = read_form(client.get(url).text) | {"open_at": f"{days_ago(-3)}T08:00"}
    draft.timezone = "Asia/Tokyo"
    session.commit()
    late = post(client, url, typed)
    assert late.status_code == 422
    assert "The campaign has changed." in late.text
    assert "Tokyo" in late.text
    assert post(client, url, read_form(late.text)).status_code == 303
