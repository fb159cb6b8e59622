"""What waits today: to each role what is its own, with links that it may follow."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from campaign.campaigns.status_changes import stop_campaign
from campaign.core import clock, db, jobs
from campaign.dashboard.today import list_todos
from campaign.deliveries import record_delivery
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.envelopes.mark_posted import Posting, post_envelopes
from campaign.models.bundle import CAME_BACK, Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus, StopKind
from campaign.models.export import DataExport, ExportFormat, ExportKind, ExportState, FileApproval
from campaign.models.screening import Decision, Hold
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.models.staff import Role
from campaign.paper_signatures import data_entry
from campaign.screening import review_queue
from campaign.signing.states import move_signature
from tests.days import ZONE, days_ago, today
from tests.factories import add_confirmed, add_held, make_campaign, make_staff_user, sign_in
from tests.integration.bundles.conftest import Freeze, freeze
from tests.integration.paper_signatures.test_sheets import ANA, make_sheet
from tests.integration.replies.test_replies import make_reply

__all__ = ["freeze"]

BUNDLES = "/desk/bundles/"
WRITING = {
    "The deadline of 1 campaign runs out within a week",
    "1 campaign is open, but its deadline has passed",
    "1 campaign has replies that are not published",
    "1 campaign is no longer scheduled to open",
    "1 campaign needs approval",
    "1 draft is complete and can be opened",
    "No one has checked the details of 1 mission for a year",
    "1 official has left office, but campaigns still write to them",
    "3 campaigns have ended. Tell people how",
}
BOTH = {
    "1 campaign has letters to review",
    "1 campaign has letters to print",
    "In 1 campaign not everything could be delivered",
}
STOPS = {"Stopped: do not deliver 1 printed bundle. Destroy it or lock it away"}
LATE = {"1 delivery was made after its campaign was stopped"}
CARRYING = {
    "1 bundle was accepted in part. Say which letters were accepted",
    "1 export needs your approval",
    "1 request for files needs your approval",
    "1 bundle is printed and ready for delivery",
    "2 deliveries are not on their case pages",
    "3 campaigns were delivered recently. Record the replies if there are any",
}
WAITS = {
    Role.ORGANIZER: LATE | WRITING | BOTH,
    Role.STAFF: STOPS | BOTH | CARRYING,
    Role.ADMIN: STOPS | LATE | WRITING | BOTH | CARRYING,
}


@pytest.fixture
def printed(app: Flask, session: Session, freeze: Freeze) -> Callable[[Campaign], int]:
    """Freezes two letters of a campaign, and says that they are printed; gives the bundle's id."""

    def run(campaign: Campaign) -> int:
        add_confirmed(session, campaign, 2)
        campaign_id = campaign.id
        session.commit()
        bundle_id = freeze(campaign_id)
        with app.app_context(), db.transaction() as own:
            own.get_one(Bundle, bundle_id).state = BundleState.READY
            mine = update(Letter).where(Letter.bundle_id == bundle_id)
            own.execute(mine.values(first_page=Letter.sequence, pages=1))
        return bundle_id

    return run


def carry(app: Flask, bundle_id: int, outcome: DeliveryOutcome, *, taken: int = 0) -> None:
    with app.app_context(), db.transaction() as session:
        record_delivery.record_visit(
            session,
            carried=[record_delivery.CarriedBundle(session.get_one(Bundle, bundle_id), taken)],
            happened=record_delivery.VisitFacts(outcome=outcome, happened_on=today()),
            key=db.new_public_id(),
            actor="test",
        )


@pytest.fixture
def busy_day(app: Flask, session: Session, printed: Callable[[Campaign], int]) -> None:
    """One of everything that can wait."""
    soon = make_campaign(session, act_by=days_ago(-2))
    assert soon.targets[0].mission is not None
    soon.targets[0].mission.last_checked_on = date(2020, 1, 1)
    soon.targets[0].official.left_on = date(2026, 10, 1)
    make_reply(session, soon)
    over = make_campaign(session, act_by=days_ago(4))
    add_held(session, over, 1)
    draft = {"status": CampaignStatus.DRAFT, "opened_at": None}
    make_campaign(session, **draft)
    make_campaign(session, **draft, opening_missed_at=db.utcnow())
    make_campaign(session, status=CampaignStatus.REVIEW, opened_at=None)
    ended = {"status": CampaignStatus.CLOSED, "closed_at": db.utcnow()}
    make_campaign(session, **ended)  # nobody wrote
    printed(soon)
    carry(app, printed(make_campaign(session)), DeliveryOutcome.ACCEPTED)
    carry(app, printed(make_campaign(session)), DeliveryOutcome.REFUSED)
    carry(app, printed(make_campaign(session)), DeliveryOutcome.PART, taken=1)
    add_confirmed(session, make_campaign(session, **ended), 1)
    held, late = make_campaign(session), make_campaign(session)
    printed(held)
    late_bundle = printed(late)
    for campaign in (held, late):
        stop_campaign(
            session, campaign, actor="test", now=db.utcnow(), reasons={"en": "She asked us to."}
        )
    carrier = make_staff_user(session, Role.STAFF, email="carrier@example.org")
    session.add(
        DataExport(
            kind=ExportKind.FULL,
            format=ExportFormat.CSV,
            campaign_id=soon.id,
            reason="To vet.",
            recipients=[],
            state=ExportState.ASKED,
            requested_by_id=carrier.id,
            expires_at=db.utcnow() + timedelta(days=2),
        )
    )
    session.add(
        FileApproval(
            campaign_id=soon.id,
            reason="To check a sheet.",
            requested_by_id=carrier.id,
            expires_at=db.utcnow() + timedelta(days=2),
        )
    )
    late.stopped_at = db.utcnow() - timedelta(days=1)
    session.commit()
    carry(app, late_bundle, DeliveryOutcome.ACCEPTED)
    session.commit()
    jobs.run_now("overview.count")


@pytest.mark.usefixtures("busy_day")
@pytest.mark.parametrize("role", list(Role))
def test_each_role_reads_what_waits_for_it_and_every_link_opens(
    app: Flask, client: FlaskClient, role: Role
) -> None:
    sign_in(client, app, role)
    page = client.get("/desk/today").text
    everything = STOPS | LATE | WRITING | BOTH | CARRYING
    assert {words for words in everything if words in page} == WAITS[role]
    links = set(re.findall(r'href="(/desk/[^"#]*)', page))
    assert len(links) >= len(WAITS[role])
    closed = {link for link in links if _status(client, link) != 200}
    assert closed == set()
    with_bundle = re.findall(r'href="/desk/bundles/[^/"]+(?:/deliver)?".*</li>', page)
    assert with_bundle if role is not Role.ORGANIZER else not with_bundle
    assert [line for line in with_bundle if "· <bdi>001</bdi> · <bdi>" not in line] == []


def test_more_bundles_are_not_more_questions(
    app: Flask, client: FlaskClient, session: Session, printed: Callable[[Campaign], int]
) -> None:
    sign_in(client, app, Role.STAFF)
    asked: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    engine, counts = app.extensions["database"].engine, []
    for _two_then_four in range(2):
        for _ in range(2):
            printed(make_campaign(session))
        client.get("/desk/today")  # what the first page of a kind asks once
        event.listen(engine, "before_cursor_execute", note)
        assert "ready for delivery" in client.get("/desk/today").text
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(asked))
        asked.clear()
    assert counts[0] == counts[1]


@pytest.mark.usefixtures("busy_day")
def test_nothing_on_it_is_looked_for_among_all_signatures_or_letters(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, facts: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked.append((statement, facts))

    engine = app.extensions["database"].engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        answer = client.get("/desk/today")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert answer.status_code == 200
    connection = session.connection()
    steps = [
        row[3]
        for statement, facts in asked
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", facts)
    ]
    assert any(step.startswith("SEARCH signature") for step in steps)
    whole = re.compile(
        r"SCAN (signature|letter)(_\d+)?\b|SEARCH signature\b.*signed_at \(state=\?\)"
    )
    assert [step for step in steps if whole.match(step)] == []


def test_signed_sheets_that_wait_where_no_letter_does_are_named_to_who_prints(
    app: Flask, client: FlaskClient, session: Session, freeze: Freeze
) -> None:
    campaign, other = make_campaign(session), make_campaign(session)
    add_confirmed(session, other, 1)
    for each in (campaign, other):
        sheet = make_sheet(session, each)
        for person in (ANA, replace(ANA, given_name="Rosa")):
            data_entry.add_row(session, sheet, person, actor="test")
    session.commit()
    jobs.run_now("overview.count")
    told = "1 campaign has signature sheets ready for a bundle"
    for role in Role:
        sign_in(client, app, role, email=f"{role.value}-2@example.org")
        page = client.get("/desk/today").text
        assert (told in page) is (role is not Role.ORGANIZER)
        assert ("2 people on signed sheets" in page) is (role is not Role.ORGANIZER)
    named = page.partition(told)[2].partition("</ul>")[0]
    assert named.count(campaign.reference) == 1
    assert f'href="{BUNDLES}"' in named
    assert "2 people on signed sheets" in client.get(BUNDLES).text
    campaign_id = campaign.id
    session.rollback()
    freeze(campaign_id, on_paper=2)
    assert told not in client.get("/desk/today").text


@pytest.mark.both_engines
def test_letters_to_print_are_counted_when_the_page_is_opened(
    app: Flask, client: FlaskClient, session: Session, freeze: Freeze
) -> None:
    campaign = make_campaign(session)
    signatures = add_confirmed(session, campaign, 3)
    sheet = make_sheet(session, campaign)
    data_entry.add_row(session, sheet, ANA, actor="test")
    session.commit()
    sign_in(client, app, Role.ADMIN)

    def read() -> str:
        page = " ".join(re.sub(r"<[^>]+>", " ", client.get("/desk/today").text).split())
        return page.partition("Open campaigns")[0]

    assert "has letters to print UA 1/26 · Amara Okafor 3 letters" in read()
    move_signature(signatures[0], SignatureState.WITHDRAWN)
    session.commit()
    jobs.run_now("overview.count")
    assert "has letters to print UA 1/26 · Amara Okafor 2 letters" in read()
    campaign_id = campaign.id
    session.rollback()
    freeze(campaign_id)
    assert "letters to print" not in read()
    assert "1 campaign has signature sheets ready for a bundle" in read()


@pytest.mark.both_engines
def test_what_waits_for_a_look_is_what_the_queue_lists(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    back, first, last = add_held(session, campaign, 3)
    by = make_staff_user(session, Role.STAFF, email="screener@example.org")
    session.commit()

    def act(decision: Decision, *letters: Signature) -> None:
        holds = [session.get_one(Hold, letter.id) for letter in letters]
        review_queue.decide(
            session,
            public_ids=[letter.public_id for letter in letters],
            seen={hold.version for hold in holds},
            decision=decision,
            by=by,
            now=db.utcnow(),
            note="Leave out the village.",
        )
        session.commit()
        jobs.run_now("overview.count")

    def read(path: str) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", client.get(path).text).split())

    def read_all() -> tuple[bool, bool, bool]:
        today, statistics = read("/desk/today"), read(f"/desk/campaigns/{campaign.slug}/figures")
        assert ("2 letters to review" in statistics) is ("0 2 Download all" in today)
        queue = read(f"/desk/screening/?campaign={campaign.slug}")
        return (
            "has letters to review" in today,
            "to review" in statistics,
            "No letters need review here." not in queue,
        )

    sign_in(client, app, Role.ADMIN)
    act(Decision.RETURNED, back)
    assert read_all() == (True, True, True)
    act(Decision.RETURNED, first, last)
    assert read_all() == (False, False, False)


@pytest.mark.usefixtures("busy_day")
def test_references_names_and_numbers_stand_apart_in_a_right_to_left_list(
    app: Flask, client: FlaskClient
) -> None:
    sign_in(client, app, Role.ORGANIZER, locale="ar")
    page = client.get("/desk/today").text
    assert '<html lang="ar" dir="rtl"' in page
    first, _heading, running = page.partition("<main")[2].partition('id="running"')
    pair = r"<bdi>[^<]*</bdi>( · |</a> · )<bdi>[^<]*</bdi>"
    assert first.count(" · ") == len(re.findall(pair, first)) > 0
    assert len(re.findall(pair, running)) > 0
    assert re.search(r'</a>\s*<bdi class="hint">[^<]*\d', first)


def test_what_went_out_late_is_said_of_letters_that_were_not_printed_here(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    stop_campaign(
        session,
        campaign,
        actor="test",
        now=db.utcnow(),
        kind=StopKind.OTHER,
        reasons={"en": "She asked us to."},
    )
    campaign.stopped_at = db.utcnow() - timedelta(days=2)
    session.add(
        DeliveryAttempt(
            campaign_id=campaign.id,
            mission_id=campaign.targets[0].mission_id,
            happened_on=today(),
            messages=7,
            outcome=DeliveryOutcome.ACCEPTED,
        )
    )
    session.commit()
    sign_in(client, app, Role.ADMIN)
    page = client.get("/desk/today").text
    assert all(words in page for words in LATE)


@pytest.mark.parametrize("came_back", sorted(CAME_BACK))
def test_one_posted_envelope_does_not_hide_the_letters_that_lie_here(
    app: Flask,
    client: FlaskClient,
    session: Session,
    printed: Callable[[Campaign], int],
    came_back: DeliveryOutcome,
) -> None:
    bundle_id = printed(make_campaign(session))
    carry(app, bundle_id, came_back)
    sign_in(client, app, Role.STAFF)
    still_here, untold = "not everything could be delivered", "not on its case page"
    for posted in (1, 2):
        with app.app_context(), db.transaction() as own:
            bundle = own.get_one(Bundle, bundle_id)
            run = split_bundle.find_run(own, bundle) or split_bundle.split_bundle(
                own, bundle, letters_each=1, with_letters=False, actor="test"
            )
            posting = Posting(posted, posted, clock.today("America/Toronto"))
            post_envelopes(own, run, posting, key=db.new_public_id(), actor="test")
        page = client.get("/desk/today").text
        assert (still_here in page) is (posted == 1)
        assert f"1 delivery is {untold}" in page, "several postings are one line"


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
@pytest.mark.parametrize("is_closed", [False, True])
@pytest.mark.parametrize("came_back", sorted(CAME_BACK))
def test_refused_letters_that_lie_here_are_never_forgotten(
    app: Flask,
    client: FlaskClient,
    session: Session,
    printed: Callable[[Campaign], int],
    role: Role,
    is_closed: bool,
    came_back: DeliveryOutcome,
) -> None:
    bundle_id = printed(make_campaign(session))
    carry(app, bundle_id, came_back)
    session.execute(update(DeliveryAttempt).values(happened_on=days_ago(800)))
    if is_closed:
        closed = {"status": CampaignStatus.CLOSED, "closed_at": db.utcnow() - timedelta(days=700)}
        session.execute(update(Campaign).values(closed))
    session.commit()
    sign_in(client, app, role)
    still_here = "not everything could be delivered"
    assert still_here in client.get("/desk/today").text
    carry(app, bundle_id, DeliveryOutcome.ACCEPTED)
    assert still_here not in client.get("/desk/today").text


def _status(client: FlaskClient, link: str) -> int:
    return client.get(link.replace("&amp;", "&"), follow_redirects=True).status_code


@pytest.mark.parametrize("hour", [0, 12, 23])
def test_within_a_week_is_told_by_the_day_at_home_whatever_the_hour(
    app: Flask, session: Session, hour: int
) -> None:
    now = datetime(2026, 12, 1, hour, 30, tzinfo=ZoneInfo(ZONE))
    for day in (7, 8, 9):
        make_campaign(session, slug=f"until-{day}").act_by = date(2026, 12, day)
    admin = make_staff_user(session, role=Role.ADMIN)
    with app.test_request_context("/"):
        todos = {todo.slug: todo for todo in list_todos(session, by=admin, now=now)}
    slugs = [item.subject.slug for item in todos["deadline-near"].items]
    assert slugs == ["until-7", "until-8"]
    assert "deadline-over" not in todos


def test_a_new_site_lists_its_first_steps_until_a_campaign_has_opened(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    page = client.get("/desk/today").text
    assert page.count(">To do</span>") == 5
    assert "Nothing waits for you today" not in page
    organizer = app.test_client()
    sign_in(organizer, app, Role.ORGANIZER)
    page = client.get("/desk/today").text
    assert 'is-good">Done</span>' in page, "there are two people now"
    assert organizer.get("/desk/today").text.count(">To do</span>") == 3
    campaign = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    session.commit()
    assert organizer.get("/desk/today").text.count(">Done</span>") == 2, "mission and official"
    campaign.opened_at = db.utcnow()
    session.commit()
    assert "First steps" not in organizer.get("/desk/today").text
