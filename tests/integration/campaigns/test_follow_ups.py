"""What a follow-up of a stopped action says, on the public page and at the desk."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.content.updates import post_update
from campaign.campaigns.status_changes import (
    close_campaign,
    open_scheduled,
    reword_reason,
    schedule_campaign,
    stop_campaign,
)
from campaign.core import audit, db
from campaign.core.answers import ANYTHING
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import Campaign, CampaignStatus, StopKind, UpdateKind
from tests.days import days_ago
from tests.factories import add_confirmed, make_campaign, post
from tests.integration.campaigns.conftest import DESK
from tests.integration.campaigns.test_edit_conflict import read_form
from tests.integration.campaigns.test_mails import last_mail
from tests.ticks import tick

WARNING = "was stopped because writing could do harm"
MakeFollowed = Callable[[StopKind], Campaign]


@pytest.fixture
def make_followed(session: Session, draft: Campaign) -> MakeFollowed:
    """A stopped action, with the draft as its follow-up."""

    def run(kind: StopKind) -> Campaign:
        stopped = {"status": CampaignStatus.STOPPED, "stop_kind": kind, "stopped_at": db.utcnow()}
        earlier = make_campaign(session, **stopped, person_name="Amara N. Okafor")
        draft.follows = earlier
        session.commit()
        return earlier

    return run


@pytest.mark.parametrize("kind", StopKind)
def test_a_page_that_asks_not_to_write_does_not_invite_to_write_at_the_follow_up(
    client: FlaskClient,
    session: Session,
    draft: Campaign,
    make_followed: MakeFollowed,
    kind: StopKind,
) -> None:
    earlier = make_followed(kind)
    draft.status, draft.opened_at = CampaignStatus.OPEN, db.utcnow()
    session.commit()
    page = client.get(f"/en/actions/{earlier.slug}").text
    assert f"/en/actions/{draft.slug}" in page
    harms = kind is StopKind.HARM
    assert ("You can write there" in page) != harms
    assert ("Please do not write" in page) == harms


@pytest.mark.parametrize("kind", StopKind)
def test_whoever_approves_or_opens_a_follow_up_is_warned_of_the_harm(
    desk: FlaskClient, make_followed: MakeFollowed, kind: StopKind
) -> None:
    earlier = make_followed(kind)
    moves = ("/status?to=open", "/status?to=scheduled", "/status?to=review")
    for path in ("", "/facts", *moves):
        assert (WARNING in desk.get(f"{DESK}{path}").text) == (kind is StopKind.HARM), path
    continues = desk.get(f"/desk/campaigns/{earlier.slug}/continue").text
    assert (WARNING in continues) == (kind is StopKind.HARM)


@pytest.mark.parametrize("kind", StopKind)
@pytest.mark.parametrize("answer", ["take", "leave", ""])
def test_a_copy_about_the_same_people_is_linked_to_what_was_stopped_for_harm(
    desk: FlaskClient, session: Session, make_followed: MakeFollowed, kind: StopKind, answer: str
) -> None:
    earlier = make_followed(kind)
    harms = kind is StopKind.HARM
    url = f"/desk/campaigns/{earlier.slug}/clone"
    page = desk.get(url).text
    assert (WARNING in page) == ("Who is the new campaign about?" in page) == harms
    assert ("This campaign was stopped to prevent harm" in page) == harms
    assert "A linked action was stopped" not in page
    assert "does not invite them to write here" not in page
    sent = post(desk, url, {"reference": "UA 81/26", "risks": answer})
    if harms and not answer:
        assert "Choose who the new campaign is about." in sent.text
        return
    session.expire_all()
    copy = session.scalars(select(Campaign).where(Campaign.reference == "UA 81/26")).one()
    assert copy.follows_id == (earlier.id if harms and answer == "take" else None)
    opening = f"/desk/campaigns/{copy.slug}/status?to=open"
    assert (WARNING in desk.get(opening).text) == harms, "about the same person whatever was said"
    session.rollback()
    copy.person_name = "Berta Cruz"
    session.commit()
    assert (WARNING in desk.get(opening).text) == (copy.follows_id is not None)


def test_whoever_approves_a_follow_up_of_a_follow_up_is_warned_of_the_harm(
    desk: FlaskClient, session: Session, draft: Campaign, make_followed: MakeFollowed
) -> None:
    earlier = make_followed(StopKind.HARM)
    draft.follows = make_campaign(session, status=CampaignStatus.CLOSED, follows=earlier)
    session.commit()
    assert f"{earlier.reference}</a></bdi> {WARNING}" in desk.get(DESK).text


@pytest.mark.parametrize("kind", StopKind)
def test_whoever_stops_an_action_reads_which_linked_ones_still_take_letters(
    desk: FlaskClient, session: Session, draft: Campaign, kind: StopKind
) -> None:
    draft.status, draft.opened_at = CampaignStatus.OPEN, db.utcnow() - timedelta(days=1)
    middle = make_campaign(session, follows=draft, status=CampaignStatus.CLOSED)  # no letters left
    later = make_campaign(session, follows=middle, opened_at=db.utcnow() - timedelta(days=1))
    draft.follows = earlier = make_campaign(session, created_by_id=None)  # of no team
    session.commit()
    reads = "are linked to this action and are still open"
    page = desk.get(f"{DESK}/status?to=stopped").text
    assert reads in page
    assert f'href="/desk/campaigns/{later.slug}"' in page
    assert f'href="/en/actions/{earlier.slug}"' in page
    assert f"/{middle.slug}" not in page
    typed = read_form(page) | {"kind": kind.value, "reason_en": "The family asked us to stop."}
    done = post(desk, f"{DESK}/status?to=stopped", typed, follow_redirects=True).text
    assert reads in done
    assert f'href="/desk/campaigns/{later.slug}"' in done
    session.rollback()
    harms = kind is StopKind.HARM
    overview = desk.get(f"/desk/campaigns/{later.slug}").text
    assert (WARNING in overview) == ("People can still write here." in overview) == harms
    assert f'href="{DESK}"' in overview or not harms
    assert WARNING not in desk.get(f"/desk/campaigns/{middle.slug}").text
    today = desk.get("/desk/today").text
    sentence = "1 campaign continues, but a linked action was stopped to prevent harm"
    assert (sentence in today) == harms


def test_whoever_closes_an_action_or_tells_its_outcome_reads_which_linked_ones_are_open(
    desk: FlaskClient, session: Session, draft: Campaign
) -> None:
    draft.status, draft.opened_at = CampaignStatus.OPEN, db.utcnow() - timedelta(days=1)
    closed = make_campaign(session, follows=draft, status=CampaignStatus.CLOSED)
    add_confirmed(session, closed, 1)
    later = make_campaign(session, follows=closed, opened_at=db.utcnow() - timedelta(days=1))
    session.commit()
    reads = "is linked to this action and is still open. If it should end too"
    closing, outcome = f"{DESK}/status?to=closed", f"{DESK}/updates?kind=outcome"
    for page in (closing, outcome):
        assert reads in desk.get(page).text, page
        assert f'href="/desk/campaigns/{later.slug}"' in desk.get(page).text, page
        assert f"/{closed.slug}" not in desk.get(page).text, page
    other = desk.get(f"{DESK}/updates").text
    assert reads not in other
    assert "If it should end too" not in desk.get(f"{DESK}/status?to=stopped").text
    session.rollback()
    assert post(desk, closing).status_code == 303
    told = {"kind": "outcome", "happened_on": f"{days_ago(0)}", "title_en": "She is free"}
    page = post(desk, f"{DESK}/updates", told | {"body_en": "Free."}, follow_redirects=True).text
    assert "Update published." in page
    assert reads in page
    later.status = CampaignStatus.CLOSED
    session.commit()
    assert reads not in desk.get(outcome).text


def test_today_is_silent_on_a_follow_up_that_was_opened_after_the_warning(
    desk: FlaskClient, session: Session, draft: Campaign, make_followed: MakeFollowed
) -> None:
    make_followed(StopKind.HARM).stopped_at = db.utcnow() - timedelta(days=1)
    draft.status, draft.opened_at = CampaignStatus.OPEN, db.utcnow()
    session.commit()
    assert "to prevent harm" not in desk.get("/desk/today").text
    assert WARNING in desk.get(DESK).text


@pytest.mark.parametrize("opened", ["before the stop", "since the stop", "since the warning"])
def test_today_names_what_opened_before_a_stop_was_called_one_for_harm(
    desk: FlaskClient, session: Session, draft: Campaign, opened: str
) -> None:
    draft.follows = make_campaign(session)
    session.commit()
    earlier, now = stop_earlier(session, draft, StopKind.OTHER), db.utcnow()
    earlier.stopped_at = now - timedelta(days=90)
    days_before = {"before the stop": 95, "since the stop": 2, "since the warning": -1}[opened]
    draft.status, draft.opened_at = CampaignStatus.OPEN, now - timedelta(days=days_before)
    session.commit()
    assert "to prevent harm" not in desk.get("/desk/today").text
    for kind, words in ((StopKind.HARM, "It is dangerous."), (None, "Still dangerous.")):
        reword_reason(session, earlier, actor="command", reasons={"en": words}, kind=kind)
    session.commit()
    named = "1 campaign continues, but a linked action was stopped to prevent harm"
    assert (named in desk.get("/desk/today").text) == (opened != "since the warning")


@pytest.fixture
def scheduled(session: Session, draft: Campaign, desk: FlaskClient) -> Campaign:
    """A follow-up of an open action, scheduled by a colleague."""
    earlier = draft.follows = make_campaign(session, person_name="Amara N. Okafor")
    session.commit()
    schedule(session, draft)
    assert earlier.status is CampaignStatus.OPEN
    return draft


def schedule(session: Session, campaign: Campaign) -> None:
    now = db.utcnow()
    open_at = now + timedelta(hours=1)
    schedule_campaign(
        session, campaign, actor="command", open_at=open_at, now=now, copied_seen=ANYTHING
    )
    session.commit()


def stop_earlier(session: Session, later: Campaign, kind: StopKind) -> Campaign:
    earlier, reasons = later.follows, {"en": "The family asked us to stop."}
    assert earlier is not None
    stop_campaign(session, earlier, actor="command", now=db.utcnow(), reasons=reasons, kind=kind)
    session.commit()
    return earlier


def status_at_opening(session: Session, campaign: Campaign) -> CampaignStatus:
    session.rollback()
    open_scheduled(db.utcnow() + timedelta(hours=2))
    session.expire_all()
    return campaign.status


@pytest.mark.parametrize("kind", StopKind)
def test_a_stop_to_prevent_harm_cancels_the_openings_of_linked_actions_and_says_so(
    app: Flask, desk: FlaskClient, session: Session, scheduled: Campaign, kind: StopKind
) -> None:
    url = f"/desk/campaigns/{scheduled.follows.slug}/status?to=stopped"  # type: ignore[union-attr]
    page = desk.get(url).text
    assert "is linked to this action and opens automatically" in page
    assert f'href="{DESK}"' in page
    session.rollback()
    typed = read_form(page) | {"kind": kind.value, "reason_en": "The family asked us to stop."}
    done = post(desk, url, typed, follow_redirects=True).text
    harms = kind is StopKind.HARM
    assert (f"{scheduled.reference} no longer opens automatically." in done) == harms
    assert ("1 campaign is no longer scheduled to open" in desk.get("/desk/today").text) == harms
    overview = desk.get(DESK).text
    assert ("was cancelled, because a linked action was stopped" in overview) == harms
    assert ("The opening was cancelled" in overview) == harms
    assert ("something was missing" not in overview) or not harms
    session.rollback()
    kinds = session.scalars(select(OutboxMail.kind)).all()
    assert ("staff-opening-missed" in kinds) == harms
    if harms:
        assert "because a linked action was stopped to prevent harm" in last_mail(app, session)
        entry = audit.find_last(session, f"campaign:{scheduled.id}", "campaign.opening-missed")
        assert entry is not None
        assert entry.actor.startswith("staff:"), "who stopped the other cancelled this opening"
    opened = CampaignStatus.DRAFT if harms else CampaignStatus.OPEN
    assert status_at_opening(session, scheduled) is opened


SCHEDULED = "is linked to this action and opens automatically. If it should not open"
ENDED = "A linked action has ended"
ENDED_TODAY = "1 campaign opens automatically, but a linked action has ended"


def test_whoever_ends_an_action_reads_which_linked_ones_open_automatically(
    desk: FlaskClient, session: Session, scheduled: Campaign
) -> None:
    home = f"/desk/campaigns/{scheduled.follows.slug}"  # type: ignore[union-attr]
    closing, outcome = f"{home}/status?to=closed", f"{home}/updates?kind=outcome"
    for page in (closing, outcome):
        assert SCHEDULED in desk.get(page).text, page
        assert f'href="{DESK}"' in desk.get(page).text, page
    assert ENDED not in desk.get(DESK).text
    assert ENDED_TODAY not in desk.get("/desk/today").text
    session.rollback()
    told = {"kind": "outcome", "happened_on": f"{days_ago(0)}", "title_en": "Free"}
    page = post(desk, f"{home}/updates", told, follow_redirects=True).text
    assert SCHEDULED in page
    stop = f"{home}/status?to=stopped"
    typed = read_form(desk.get(stop).text) | {"kind": "safe", "reason_en": "She is free."}
    session.rollback()
    assert SCHEDULED in post(desk, stop, typed, follow_redirects=True).text


@pytest.mark.parametrize("end", ["safe", "other", "reason", "outcome", "no reason"])
def test_a_scheduled_action_says_that_the_earlier_one_has_ended(
    desk: FlaskClient, session: Session, scheduled: Campaign, end: str
) -> None:
    earlier, now = scheduled.follows, db.utcnow()
    assert earlier is not None
    reasons = {"en": "She is free."} if end == "reason" else {}
    if end in set(StopKind):
        stop_earlier(session, scheduled, StopKind(end))
    elif end == "outcome":
        words = {"en": ("Free", "")}
        kind, day = UpdateKind.OUTCOME, days_ago(0)
        post_update(session, earlier, actor="a", kind=kind, happened_on=day, words=words)
    else:
        close_campaign(session, earlier, actor="a", now=now, reasons=reasons)
    session.commit()
    sentence = {
        "safe": "was stopped because there is good news.",
        "other": "was stopped.",
        "reason": "was closed with a reason.",
        "outcome": "is published.",
        "no reason": "",
    }[end]
    page, today = desk.get(DESK).text, desk.get("/desk/today").text
    assert (ENDED in page) == (ENDED_TODAY in today) == bool(sentence)
    assert sentence in page
    assert ("She is free." in page) == bool(reasons)
    assert (ENDED in desk.get(f"{DESK}/status?to=open").text) == bool(sentence)
    session.rollback()
    scheduled.created_at = db.utcnow()  # who made it knew of that end
    session.commit()
    assert ENDED not in desk.get(DESK).text


def test_what_is_scheduled_after_the_warning_opens(session: Session, scheduled: Campaign) -> None:
    stop_earlier(session, scheduled, StopKind.HARM)
    schedule(session, scheduled)
    assert status_at_opening(session, scheduled) is CampaignStatus.OPEN


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("facts", "is_same"),
    [
        ({"person_name": "AMARA  Okafór"}, True),
        ({"person_name": "Berta Cruz"}, False),
        ({"country": "FR"}, False),
    ],
)
def test_a_stop_to_prevent_harm_warns_of_every_campaign_about_the_same_person(
    desk: FlaskClient, session: Session, draft: Campaign, facts: dict[str, str], is_same: bool
) -> None:
    day_ago = db.utcnow() - timedelta(days=1)
    stopped = make_campaign(session)
    takes_letters = make_campaign(session, opened_at=day_ago, **facts)
    for name, value in facts.items():
        setattr(draft, name, value)
    session.commit()
    schedule(session, draft)
    url = f"/desk/campaigns/{stopped.slug}/status?to=stopped"
    page = desk.get(url).text
    assert ("is linked to this action and is still open" in page) == is_same
    assert (f'href="{DESK}"' in page) == is_same
    session.rollback()
    typed = read_form(page) | {"kind": "harm", "reason_en": "The family asked us to stop."}
    post(desk, url, typed)
    session.expire_all()
    assert (draft.status is CampaignStatus.DRAFT) == is_same
    session.rollback()
    assert (WARNING in desk.get(f"/desk/campaigns/{takes_letters.slug}").text) == is_same
    today = desk.get("/desk/today").text
    assert ("1 campaign continues, but a linked action was stopped" in today) == is_same
    assert (WARNING in desk.get(f"{DESK}/status?to=scheduled").text) == is_same


@pytest.mark.both_engines
def test_a_stop_that_is_called_one_for_harm_later_keeps_linked_actions_from_opening(
    session: Session, scheduled: Campaign
) -> None:
    earlier = stop_earlier(session, scheduled, StopKind.OTHER)
    reasons = {"en": "It is dangerous."}
    reword_reason(session, earlier, actor="command", reasons=reasons, kind=StopKind.HARM)
    session.commit()
    open_scheduled(db.utcnow())  # also before its moment
    session.expire_all()
    assert scheduled.status is CampaignStatus.DRAFT
    assert scheduled.opening_missed_at is not None


@pytest.mark.parametrize("to", [CampaignStatus.OPEN, CampaignStatus.SCHEDULED])
def test_whoever_opens_as_the_linked_one_is_stopped_is_asked_again_with_the_warning(
    desk: FlaskClient, session: Session, draft: Campaign, to: CampaignStatus
) -> None:
    draft.follows = make_campaign(session)
    session.commit()
    url = f"{DESK}/status?to={to.value}"
    page = desk.get(url)
    answers = {"open_at": f"{days_ago(-3)}T09:00"} | tick(page, "copied_seen")
    form = read_form(page.text) | answers
    session.rollback()
    stop_earlier(session, draft, StopKind.HARM)
    asked = post(desk, url, form)
    assert asked.status_code == 422
    assert WARNING in asked.text
    form = read_form(asked.text)
    session.rollback()
    assert post(desk, url, form).status_code == 303


def test_whoever_opens_a_closed_linked_action_again_is_warned(
    desk: FlaskClient, draft: Campaign, session: Session, make_followed: MakeFollowed
) -> None:
    make_followed(StopKind.HARM)
    draft.status, draft.opened_at = CampaignStatus.CLOSED, db.utcnow()
    session.commit()
    assert WARNING in desk.get(f"{DESK}/status?to=open").text
    assert WARNING not in desk.get(DESK).text  # no letter is left


@pytest.mark.parametrize("status", [CampaignStatus.CLOSED, CampaignStatus.STOPPED])
def test_the_page_that_makes_a_follow_up_promises_an_email_only_where_it_is_sent(
    desk: FlaskClient, session: Session, status: CampaignStatus
) -> None:
    earlier = make_campaign(session, status=status)
    session.commit()
    page = desk.get(f"/desk/campaigns/{earlier.slug}/continue").text
    is_stopped = status is CampaignStatus.STOPPED
    assert ("asked for news then get an email" in page) != is_stopped
    assert ("get no email about it" in page) == is_stopped


def test_of_two_who_make_a_follow_up_the_second_learns_of_the_first(
    desk: FlaskClient, session: Session
) -> None:
    earlier = make_campaign(session)
    session.commit()
    url = f"/desk/campaigns/{earlier.slug}/continue"
    form = read_form(desk.get(url).text)
    session.rollback()
    assert post(desk, url, form | {"reference": "UA 8/27"}).status_code == 303
    told = post(desk, url, form | {"reference": "UA 9/27"})
    assert told.status_code == 422
    assert "A follow-up action was created after you opened this page." in told.text
    assert 'href="/desk/campaigns/ua-8-27"' in told.text
    assert 'value="UA 9/27"' in told.text
    assert post(desk, url, read_form(told.text)).status_code == 303
    page = desk.get(url).text
    assert all(f'href="/desk/campaigns/ua-{number}-27"' in page for number in (8, 9))


def test_the_page_that_opens_names_a_rehearsal_only_where_there_was_one(
    desk: FlaskClient, session: Session, draft: Campaign
) -> None:
    words = "The rehearsal is deleted."
    assert words not in desk.get(f"{DESK}/status?to=open").text
    add_confirmed(session, draft, 1)
    session.commit()
    assert words in desk.get(f"{DESK}/status?to=open").text
