"""What a follow-up of a stopped action says, on the public page and at the desk."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.models.campaign import Campaign, CampaignStatus, StopKind
from tests.factories import add_confirmed, make_campaign, post
from tests.integration.campaigns.conftest import DESK
from tests.integration.campaigns.test_edit_conflict import read_form

WARNING = "was stopped because writing could do harm"
MakeFollowed = Callable[[StopKind], Campaign]


@pytest.fixture
def make_followed(session: Session, draft: Campaign) -> MakeFollowed:
    """A stopped action, with the draft as its follow-up."""

    def run(kind: StopKind) -> Campaign:
        earlier = make_campaign(
            session, status=CampaignStatus.STOPPED, stop_kind=kind, stopped_at=db.utcnow()
        )
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


@pytest.mark.one_engine
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


@pytest.mark.one_engine
def test_whoever_approves_a_follow_up_of_a_follow_up_is_warned_of_the_harm(
    desk: FlaskClient, session: Session, draft: Campaign, make_followed: MakeFollowed
) -> None:
    earlier = make_followed(StopKind.HARM)
    draft.follows = make_campaign(session, status=CampaignStatus.CLOSED, follows=earlier)
    session.commit()
    assert f"{earlier.reference}</a></bdi> {WARNING}" in desk.get(DESK).text


@pytest.mark.both_engines
@pytest.mark.parametrize("kind", StopKind)
def test_whoever_stops_an_action_reads_which_linked_ones_still_take_letters(
    desk: FlaskClient, session: Session, draft: Campaign, kind: StopKind
) -> None:
    draft.status, draft.opened_at = CampaignStatus.OPEN, db.utcnow() - timedelta(days=1)
    middle = make_campaign(session, follows=draft, status=CampaignStatus.CLOSED)
    later = make_campaign(session, follows=middle, opened_at=db.utcnow() - timedelta(days=1))
    draft.follows = earlier = make_campaign(session, created_by_id=None)  # of no team
    session.commit()
    reads = "are linked to this action and are still open"
    page = desk.get(f"{DESK}/status?to=stopped").text
    assert reads in page
    assert f'href="/desk/campaigns/{later.slug}"' in page
    assert f'href="/en/actions/{earlier.slug}"' in page
    assert f"/{middle.slug}" not in page
    assert reads not in desk.get(f"{DESK}/status?to=closed").text
    typed = read_form(page) | {"kind": kind.value, "reason_en": "The family asked us to stop."}
    done = post(desk, f"{DESK}/status?to=stopped", typed, follow_redirects=True).text
    told = f"{later.reference}, {earlier.reference}"
    assert f"{told} {reads}" in done or f"{earlier.reference}, {later.reference} {reads}" in done
    session.rollback()
    harms = kind is StopKind.HARM
    overview = desk.get(f"/desk/campaigns/{later.slug}").text
    assert (WARNING in overview) == ("People can still write here." in overview) == harms
    assert f'href="{DESK}"' in overview or not harms
    assert WARNING not in desk.get(f"/desk/campaigns/{middle.slug}").text
    today = desk.get("/desk/today").text
    sentence = "1 open campaign is linked to an action that was stopped to prevent harm"
    assert (sentence in today) == harms


@pytest.mark.one_engine
def test_today_is_silent_on_a_follow_up_that_was_opened_after_the_warning(
    desk: FlaskClient, session: Session, draft: Campaign, make_followed: MakeFollowed
) -> None:
    make_followed(StopKind.HARM).stopped_at = db.utcnow() - timedelta(days=1)
    draft.status, draft.opened_at = CampaignStatus.OPEN, db.utcnow()
    session.commit()
    assert "to prevent harm" not in desk.get("/desk/today").text
    assert WARNING in desk.get(DESK).text


@pytest.mark.one_engine
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


@pytest.mark.one_engine
def test_the_page_that_opens_names_a_rehearsal_only_where_there_was_one(
    desk: FlaskClient, session: Session, draft: Campaign
) -> None:
    words = "The rehearsal is deleted."
    assert words not in desk.get(f"{DESK}/status?to=open").text
    add_confirmed(session, draft, 1)
    session.commit()
    assert words in desk.get(f"{DESK}/status?to=open").text
