"""Floods: found by what they share, counted first, set aside in silence, restored exactly."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles.changes import withdrawals
from campaign.bundles.freeze import freeze_bundle, waiting_counts
from campaign.bundles.volumes.load_letters import load_volume
from campaign.core import clock, db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid, Refused
from campaign.core.i18n import say_day_in
from campaign.core.settings import Settings
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign
from campaign.models.screening import (
    Decision,
    Invalidation,
    InvalidationState,
    ScreeningAct,
    TrendKind,
)
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.models.staff import Role, StaffUser
from campaign.screening import invalidate, invalidation_job, review_queue, trends
from campaign.screening.review_queue import HeldFilter
from campaign.signing.checks import review_decision
from campaign.signing.checks.conditions import Conditions
from campaign.signing.states import empty_signature
from tests.days import days_ago
from tests.factories import add_confirmed, make_campaign, make_staff_user, post
from tests.integration.screening.conftest import (
    Write,
    count_shown,
    link_in,
    newest_mail,
    set_rules,
    the_signature,
    traced,
    version_of_hold,
)

FLOOD = "203.0.113.7"
DESK = "/desk/screening/invalidations"


def flood(session: Session, campaign: Campaign, n: int, **overrides: Any) -> None:
    """Confirmed false signatures of one network, besides those there are."""
    start = session.scalar(select(func.count(Signature.id))) or 0
    for at in range(n):
        email = f"bot-{start + at}@flood.example"
        add_confirmed(
            session,
            campaign,
            1,
            email=email,
            email_hmac=db.database().keyring.fingerprint(email, "email"),
            **(traced(email, FLOOD, "bot/1.0") | overrides),
        )
    session.commit()


def honest(session: Session, campaign: Campaign, n: int) -> None:
    add_confirmed(session, campaign, n, **traced("a@example.org", "198.51.100.4", "Mozilla/5.0"))
    session.commit()


def by(session: Session) -> StaffUser:
    user = session.scalars(select(StaffUser).limit(1)).first()
    return user or make_staff_user(session, Role.STAFF)


def counted(
    app: Flask, session: Session, campaign: Campaign | None, **conditions: Any
) -> Invalidation:
    """An invalidation whose dry run is over."""
    session.rollback()  # SQLite: who has read before others wrote can no longer write
    invalidation = invalidate.begin_count(
        session,
        conditions=Conditions(**conditions),
        campaign=campaign,
        by=by(session),
        now=db.utcnow(),
    )
    session.commit()
    jobs.run_now("screening.work", invalidation.id)
    return fresh(session, invalidation)


def fresh(session: Session, invalidation: Invalidation) -> Invalidation:
    session.rollback()
    session.refresh(invalidation)
    return invalidation


def run(session: Session, invalidation: Invalidation, *, standing: bool = False) -> Invalidation:
    session.rollback()
    invalidate.run(
        session, invalidation, reason="A flood.", standing=standing, by=by(session), now=db.utcnow()
    )
    session.commit()
    jobs.run_now("screening.work", invalidation.id)
    return fresh(session, invalidation)


def undo(session: Session, invalidation: Invalidation) -> Invalidation:
    session.rollback()
    invalidate.undo(session, invalidation, by=by(session), now=db.utcnow())
    session.commit()
    jobs.run_now("screening.work", invalidation.id)
    return fresh(session, invalidation)


def states(session: Session) -> dict[int, str]:
    session.rollback()
    rows = session.execute(select(Signature.id, Signature.state)).all()
    return {signature_id: state.value for signature_id, state in rows}


WORDS = "Stop this foolish campaign right now, you all are liars here."
CONDITIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "domain": lambda: {"domains": ("flood.example",)},
    "network": lambda: {"networks": ("203.0.113.0/24",)},
    "address": lambda: {"addresses": (FLOOD,)},
    "agent": lambda: {"agents": ("bot/1.0",)},
    "agent pattern": lambda: {"agents": ("BOT/*",)},
    "name": lambda: {"name": "z* false"},
    "words": lambda: {"similar_to": WORDS},
    "time": lambda: {"since": hours_ago(30), "until": hours_ago(20)},
    "combined": lambda: {"domains": ("flood.example", "b.example"), "name": "*FALSE"},
}


def hours_ago(hours: int) -> datetime:
    return db.utcnow() - timedelta(hours=hours)


@pytest.mark.both_engines
def test_each_condition_finds_the_flood_and_nobody_else_and_undo_restores_all(
    app: Flask, session: Session, campaign: Campaign
) -> None:
    honest(session, campaign, 3)
    flood(
        session,
        campaign,
        4,
        given_name="Zed",
        family_name="Fålse",
        signed_at=hours_ago(25),
        own_words=WORDS,
    )
    assert count_shown(app, campaign) == 7
    before = states(session)
    _note_some_words(session, before)
    for kind, conditions in CONDITIONS.items():
        invalidation = counted(app, session, campaign, **conditions())
        assert (invalidation.state, invalidation.found) == (InvalidationState.COUNTED, 4), kind
        assert invalidation.counts == {str(campaign.id): {"confirmed": 4}}
        [effect] = invalidate.list_effects(session, invalidation)
        assert (effect.before, effect.after) == (7, 3)
        assert len(invalidate.list_sample(session, invalidation, by=by(session))) == 4
        assert states(session) == before, "a dry run changes nothing"
        invalidation = run(session, invalidation)
        assert (invalidation.state, invalidation.done) == (InvalidationState.DONE, 4)
        assert count_shown(app, campaign) == effect.after
        assert [waiting.letters for waiting in waiting_counts.list_waiting(session)] == [3]
        invalidation = undo(session, invalidation)
        assert (invalidation.state, invalidation.restored) == (InvalidationState.UNDONE, 4)
        assert states(session) == before, kind
        assert count_shown(app, campaign) == 7


def _note_some_words(session: Session, signature_ids: Iterable[int]) -> None:
    """Note the words of all but the last, as a worker does; the first wrote none, or too few."""
    *noted, _last = sorted(signature_ids)
    session.get_one(Signature, noted[0]).own_words = ""
    session.get_one(Signature, noted[1]).own_words = "Free her."
    session.commit()
    jobs.run_now("signing.note-words", *noted)


@pytest.mark.both_engines
def test_signatures_from_before_marks_were_kept_are_found_by_their_domain(
    app: Flask, session: Session, campaign: Campaign
) -> None:
    flood(session, campaign, 2, domain_mark=None, trace=None, network_mark=None)
    honest(session, campaign, 1)
    assert counted(app, session, None, domains=("flood.example",)).found == 2
    assert counted(app, session, None, networks=("203.0.113.0/24",)).found == 0


@pytest.mark.both_engines
def test_who_signed_on_paper_is_found_by_a_time_that_has_the_whole_day_and_by_no_hour_of_it(
    app: Flask, staff: FlaskClient, session: Session, campaign: Campaign
) -> None:
    zone, day = campaign.timezone, days_ago(3)
    noon = clock.moment_of(day, time(12), zone)  # as it is keyed in
    add_confirmed(session, campaign, 1, origin=Origin.PAPER, signed_at=noon)
    add_confirmed(session, campaign, 1, signed_at=noon)
    session.commit()
    morning = clock.moment_of(day, time.min, zone)
    evening = clock.moment_of(day + timedelta(days=1), time.min, zone)
    minute = timedelta(minutes=1)
    for since, until, number in (
        (noon - minute, noon + minute, 1),
        (morning + minute, evening, 1),
        (morning, evening - minute, 1),
        (morning, evening, 2),
        (morning, None, 2),
        (None, evening, 2),
    ):
        invalidation = counted(app, session, campaign, since=since, until=until)
        assert invalidation.found == number, (since, until)
    page = staff.get(f"{DESK}/{invalidation.public_id}").text
    assert f"<td>{say_day_in(noon, zone)}</td>" in page


def test_only_the_unconfirmed_and_only_of_one_campaign(
    app: Flask, session: Session, campaign: Campaign
) -> None:
    other = make_campaign(session)
    flood(session, campaign, 2)
    flood(session, campaign, 3, state=SignatureState.PENDING, confirmed_at=None)
    flood(session, other, 1, state=SignatureState.PENDING, confirmed_at=None)
    condition = {"domains": ("flood.example",), "unconfirmed": True}
    assert counted(app, session, campaign, **condition).found == 3
    invalidation = run(session, counted(app, session, None, **condition))
    assert invalidation.done == 4
    assert count_shown(app, campaign) == 2


def test_without_a_condition_or_a_dry_run_nothing_is_done(
    app: Flask, session: Session, campaign: Campaign
) -> None:
    with pytest.raises(Invalid):
        counted(app, session, campaign, unconfirmed=True)
    session.rollback()
    invalidation = invalidate.begin_count(
        session, conditions=Conditions(name="*"), campaign=None, by=by(session), now=db.utcnow()
    )
    with pytest.raises(Refused):
        invalidate.run(
            session, invalidation, reason="x", standing=False, by=by(session), now=db.utcnow()
        )
    with pytest.raises(Refused):
        invalidate.undo(session, invalidation, by=by(session), now=db.utcnow())


def test_the_signer_notices_nothing(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    """Pages, PDF, mails, changing and taking back are as they were."""
    confirmed = write("Hello from the flood.", email="one@flood.example")
    waiting = write("Hello again.", email="two@flood.example", confirm=False)

    def pages() -> list[str]:
        """Both pages, without the tokens of their forms, which tell the second."""
        shown = (client.get(link).text for link in (confirmed, waiting))
        return [re.sub(r'(name="csrf_token" value=)"[^"]+"', r"\1", text) for text in shown]

    before = pages()
    invalidation = run(session, counted(app, session, campaign, domains=("flood.example",)))
    assert (invalidation.done, count_shown(app, campaign)) == (2, 0)
    assert pages() == before
    assert client.get(f"{confirmed}/letter.pdf").status_code == 200
    assert client.post(waiting).status_code == 303
    assert "Thank you. Your letter is confirmed." in client.get(waiting).text
    assert "already confirmed" in client.post(waiting).text
    assert count_shown(app, campaign) == 0
    client.post("/en/my-letters", data={"email": "two@flood.example"})
    box = link_in(newest_mail(session))
    page = client.get(box).text
    assert "Confirmed" in page
    for word in ("invalid", "false", "aside", "held"):
        assert f">{word}" not in page.casefold()
    everything = json.loads(_everything(client, box))
    assert everything["letters"][0]["state"] == "confirmed"
    assert "state_before" not in everything["letters"][0]
    # It was confirmed in the meantime: that is where an undo puts it.
    undo(session, invalidation)
    assert sorted(states(session).values()) == ["confirmed", "confirmed"]
    assert count_shown(app, campaign) == 2


def _everything(client: FlaskClient, box: str) -> bytes:
    body = client.post(f"{box}/everything.zip").data
    return zipfile.ZipFile(io.BytesIO(body)).read("everything.json")


def test_undoing_a_decision_about_a_letter_that_was_excluded_since_says_so(
    app: Flask, staff: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, first=9)
    write(email="one@flood.example")
    held = the_signature(session)
    queue = "/desk/screening/"
    seen = {"decision": "approve", "seen": version_of_hold(held)}
    post(staff, f"{queue}letters/{held.public_id}", seen)
    session.rollback()
    act = session.scalars(select(ScreeningAct.id)).one()
    run(session, counted(app, session, campaign, domains=("flood.example",)))
    page = post(staff, f"{queue}undo", {"act": act}, follow_redirects=True).text
    assert "1 letter was excluded since then and stays excluded." in page
    assert "under review again" not in page
    assert "as it is" not in page
    session.rollback()
    query = select(AuditEntry).where(AuditEntry.action == "letter.decision-undone")
    entry = session.scalars(query).one()
    assert entry.detail == {"letters": [], "campaigns": [campaign.id], "unchanged": 1}
    assert the_signature(session).state is SignatureState.INVALID


def test_who_withdraws_or_is_erased_meanwhile_is_not_brought_back(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    write(email="gone@flood.example")
    write(email="erased@flood.example")
    write(email="stays@flood.example")
    invalidation = run(session, counted(app, session, campaign, domains=("flood.example",)))
    client.post("/en/my-letters", data={"email": "gone@flood.example"})
    box = link_in(newest_mail(session))
    session.rollback()
    gone = session.scalars(select(Signature).order_by(Signature.id)).first()
    assert gone is not None
    assert client.post(f"{box}/{gone.public_id}/withdraw").status_code == 303
    client.post("/en/my-letters", data={"email": "erased@flood.example"})
    assert client.post(f"{link_in(newest_mail(session))}/erase").status_code == 303
    invalidation = undo(session, invalidation)
    assert invalidation.restored == 1
    assert sorted(states(session).values()) == ["confirmed", "withdrawn"]


def test_those_that_come_from_now_on_are_set_aside_as_they_confirm(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    flood(session, campaign, 1)
    invalidation = run(
        session, counted(app, session, campaign, domains=("flood.example",)), standing=True
    )
    link = write("Later.", email="late@flood.example")
    assert the_signature(session).state is SignatureState.INVALID
    assert "Thank you. Your letter is confirmed." in client.get(link).text
    write("Honest.", email="honest@example.com")
    assert count_shown(app, campaign) == 1
    invalidate.end_standing(session, fresh(session, invalidation), by=by(session))
    session.commit()
    write("Later still.", email="later@flood.example")
    assert count_shown(app, campaign) == 2
    assert undo(session, invalidation).restored == 2
    assert count_shown(app, campaign) == 4


def test_time_alone_sets_aside_nobody_who_comes_from_now_on(
    app: Flask, staff: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    flood(session, campaign, 2, signed_at=hours_ago(25))
    invalidation = counted(app, session, campaign, since=hours_ago(30), until=hours_ago(20))
    with pytest.raises(Invalid) as refused:
        run(session, invalidation, standing=True)
    assert refused.value.fields == {"standing": "standing-everybody"}
    session.rollback()
    url = f"{DESK}/{invalidation.public_id}"
    assert 'name="standing"' not in staff.get(url).text
    answer = post(staff, f"{url}/run", {"reason": "A flood of the night.", "standing": "y"})
    assert answer.status_code == 422
    for words in ("A flood of the night.", "Add a network", "2 signatures found"):
        assert words in answer.text
    invalidation = run(session, fresh(session, invalidation))
    invalidation.standing = True  # as one from before this was refused
    session.commit()
    assert "new signatures are not excluded" in staff.get(url).text
    assert "new signatures too" not in staff.get(DESK).text
    session.rollback()
    write("Honest.", email="honest@example.com")
    assert the_signature(session).state is SignatureState.CONFIRMED
    assert count_shown(app, campaign) == 1


def change_words(session: Session, words: str) -> Signature:
    """The newest letter, with other words in it."""
    signature = the_signature(session)
    signature.own_words = words
    review_decision.judge_changed(session, signature, db.utcnow())
    session.commit()
    return the_signature(session)


def test_one_that_takes_on_the_floods_words_only_afterwards_is_set_aside_too(
    app: Flask, session: Session, campaign: Campaign, write: Write
) -> None:
    add_confirmed(session, campaign, 1, own_words=WORDS)
    session.commit()
    invalidation = run(session, counted(app, session, campaign, similar_to=WORDS), standing=True)
    link = write("Honest at first.")
    assert count_shown(app, campaign) == 1
    changed = change_words(session, WORDS)
    assert (changed.state, changed.invalidation_id) == (SignatureState.INVALID, invalidation.id)
    assert "Thank you. Your letter is confirmed." in app.test_client().get(link).text
    assert count_shown(app, campaign) == 0
    assert undo(session, invalidation).restored == 2
    assert count_shown(app, campaign) == 2


@pytest.mark.both_engines
def test_one_that_was_spared_for_its_time_may_still_be_changed(
    app: Flask, session: Session, campaign: Campaign
) -> None:
    add_confirmed(
        session, campaign, 1, signed_at=hours_ago(48), **traced("a@flood.example", FLOOD, "bot/1.0")
    )
    session.commit()
    domains = {"domains": ("flood.example",), "since": hours_ago(30)}
    run(session, counted(app, session, campaign, **domains), standing=True)
    assert change_words(session, "A typing mistake less.").state is SignatureState.CONFIRMED


def test_somebody_whose_address_a_flood_used_can_still_sign(
    app: Flask, session: Session, campaign: Campaign, write: Write
) -> None:
    write("False.", email="real@example.com", agent="bot/1.0", confirm=False)
    invalidation = run(session, counted(app, session, campaign, agents=("bot/1.0",)))
    assert invalidation.done == 1
    write("Mine.", email="real@example.com", agent="Mozilla/5.0")
    signature = the_signature(session)
    assert (signature.state, signature.own_words) == (SignatureState.CONFIRMED, "Mine.")
    assert undo(session, invalidation).restored == 0
    assert count_shown(app, campaign) == 1


def test_a_held_letter_leaves_the_queue_and_comes_back_as_it_was(
    app: Flask, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, first=9)
    for name in ("open", "returned"):
        write(email=f"{name}@flood.example")
    signature = the_signature(session)
    public_id = signature.public_id
    review_queue.decide(
        session,
        public_ids=[public_id],
        seen={version_of_hold(signature)},
        decision=Decision.RETURNED,
        by=by(session),
        now=db.utcnow(),
        note="Write more.",
    )
    session.commit()
    invalidation = run(
        session, counted(app, session, campaign, domains=("flood.example",)), standing=True
    )
    returned = HeldFilter(decision=Decision.RETURNED)
    assert (
        review_queue.count_held(session, HeldFilter()),
        review_queue.count_held(session, returned),
    ) == (0, 0)
    write(email="late@flood.example")
    session.rollback()
    assert review_queue.count_held(session, HeldFilter()) == 0
    undo(session, invalidation)
    assert (
        review_queue.count_held(session, HeldFilter()),
        review_queue.count_held(session, returned),
    ) == (2, 1)
    assert set(states(session).values()) == {"held"}


def test_a_cancelled_one_stops_and_what_it_did_is_undone(
    app: Flask, session: Session, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood(session, campaign, 7)
    invalidation = counted(app, session, campaign, domains=("flood.example",))
    invalidate.run(
        session, invalidation, reason="A flood.", standing=True, by=by(session), now=db.utcnow()
    )
    session.commit()
    monkeypatch.setattr(invalidation_job, "READ_AT_ONCE", 2)
    pace = invalidation_job.Pace()
    assert invalidation_job.work_once(invalidation.id, pace)
    assert invalidation_job.work_once(invalidation.id, pace)
    invalidate.cancel(session, fresh(session, invalidation), by=by(session), now=db.utcnow())
    session.commit()
    jobs.run_now("screening.work", invalidation.id)
    invalidation = fresh(session, invalidation)
    assert (invalidation.state, invalidation.done, invalidation.standing) == (
        InvalidationState.CANCELLED,
        4,
        False,
    )
    assert count_shown(app, campaign) == 3
    assert undo(session, invalidation).restored == 4
    assert count_shown(app, campaign) == 7


@pytest.mark.both_engines
def test_two_workers_share_the_batches_while_people_confirm_and_withdraw(
    app: Flask, session: Session, campaign: Campaign, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes between, each signature is set aside once, and the numbers agree."""
    monkeypatch.setattr(invalidation_job, "READ_AT_ONCE", 3)
    monkeypatch.setattr(invalidation_job, "RESTORE_AT_ONCE", 4)
    honest(session, campaign, 4)
    flood(session, campaign, 20)
    links = [write(email=f"p{at}@flood.example", confirm=False) for at in range(6)]
    invalidation = counted(app, session, campaign, domains=("flood.example",))
    assert invalidation.found == 26
    invalidate.run(
        session, invalidation, reason="A flood.", standing=True, by=by(session), now=db.utcnow()
    )
    session.commit()
    number = invalidation.id

    def work(_: int) -> None:
        with app.app_context():
            invalidation_job.work(number)

    def confirm(link: str) -> None:
        assert app.test_client().post(link).status_code == 303

    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda act: act(),
                [
                    lambda: work(0),
                    lambda: work(1),
                    *[lambda link=link: confirm(link) for link in links],
                ],
            )
        )
    invalidation = fresh(session, invalidation)
    aside = invalidate.count_aside(session, invalidation)
    assert (invalidation.state, aside) == (InvalidationState.DONE, 26)
    assert count_shown(app, campaign) == 4
    assert undo(session, invalidation).state is InvalidationState.UNDONE
    assert set(states(session).values()) == {"confirmed"}
    assert count_shown(app, campaign) == 30


@pytest.mark.both_engines
def test_a_job_that_died_is_taken_up_again(
    app: Flask, session: Session, campaign: Campaign
) -> None:
    flood(session, campaign, 3)
    invalidation = invalidate.begin_count(
        session,
        conditions=Conditions(domains=("flood.example",)),
        campaign=campaign,
        by=by(session),
        now=db.utcnow() - timedelta(minutes=5),
    )
    session.commit()
    waiting = jobs.queue().waiting()
    jobs.run_now("screening.resume")
    assert jobs.queue().waiting() == waiting + 1
    jobs.run_now("screening.work", invalidation.id)
    assert fresh(session, invalidation).found == 3


def test_a_letter_in_a_frozen_bundle_is_not_printed_and_is_named_if_it_was(
    app: Flask, session: Session, campaign: Campaign, settings: Settings
) -> None:
    honest(session, campaign, 1)
    flood(session, campaign, 2)
    mission = campaign.targets[0].mission
    assert mission is not None
    bundle = freeze_bundle.freeze(
        session, campaign=campaign, mission=mission, settings=settings, locale="en", actor="command"
    )
    session.commit()
    number = bundle.id
    run(session, counted(app, session, campaign, domains=("flood.example",)))
    reloaded = session.get_one(Bundle, number)
    loaded = load_volume(session, reloaded.volumes[0].id)
    assert (len(loaded.letters), [unprinted.slug for unprinted in loaded.set_aside]) == (
        1,
        ["withdrawn"] * 2,
    )
    for signature in session.scalars(select(Signature)).all():
        for letter in signature.letters:
            letter.first_page = 1
    session.flush()
    assert [gone.state for gone in withdrawals.list_taken_back(session, reloaded)] == [
        "invalid"
    ] * 2


@pytest.mark.both_engines
def test_the_desk_leads_from_a_trend_to_the_dry_run_the_deed_and_back(
    app: Flask, staff: FlaskClient, session: Session, campaign: Campaign
) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    honest(session, campaign, 3)
    flood(session, campaign, 25, **traced("bot@flood.example", FLOOD, agent))
    jobs.run_now("screening.count-trends")
    page = staff.get("/desk/screening/fraud").text
    assert "203.0.113.0/24" in page
    assert "Firefox 128 on Linux" in page
    assert agent in page, "what it says of itself can be set as a condition"
    assert "unusual hour" in page
    trend = trends.list_trends(session, hours=24, now=db.utcnow())[TrendKind.NETWORK][0]
    assert (trend.count, len(trend.spikes)) == (25, 1)
    form = staff.get(f"{DESK}/new?kind=network&mark={trend.mark.hex()}&campaign={campaign.slug}")
    assert "203.0.113.0/24" in form.text
    assert FLOOD not in form.request.url
    bad = post(staff, f"{DESK}/new", {"networks": "a.b.c", "since": "31 February"})
    assert bad.status_code == 422
    assert "We cannot read them: a.b.c" in bad.text
    assert post(staff, f"{DESK}/new", {"unconfirmed": "y"}).status_code == 422
    sent = post(staff, f"{DESK}/new", {"networks": "203.0.113.9", "campaign": campaign.slug})
    assert sent.status_code == 303
    url = sent.location
    session.rollback()
    invalidation = session.scalars(select(Invalidation)).one()
    assert "Counting" in staff.get(url).text
    jobs.run_now("screening.work", invalidation.id)
    shown = staff.get(url).text
    assert "25 signatures found" in shown
    assert staff.get(f"{url}/run").status_code == 405
    assert "Enter why" in post(staff, f"{url}/run", {"reason": " "}, follow_redirects=True).text
    post(staff, f"{url}/run", {"reason": "A flood."})
    jobs.run_now("screening.work", invalidation.id)
    assert "25 signatures excluded" in staff.get(url).text
    assert count_shown(app, campaign) == 3
    again = post(staff, f"{url}/run", {"reason": "Twice."}, follow_redirects=True).text
    assert "This has changed since then" in again
    post(staff, f"{url}/undo")
    jobs.run_now("screening.work", invalidation.id)
    assert "25 signatures included again" in staff.get(url).text
    assert count_shown(app, campaign) == 28
    assert "Undone" in staff.get(DESK).text
    session.rollback()
    wanted = select(AuditEntry).where(AuditEntry.action.like("invalidation.%"))
    deeds = session.scalars(wanted.order_by(AuditEntry.id)).all()
    assert [deed.action for deed in deeds] == [
        "invalidation.count",
        "invalidation.look",
        "invalidation.run",
        "invalidation.undo",
    ]
    assert "203.0.113" not in json.dumps([deed.detail for deed in deeds])


@pytest.mark.both_engines
def test_traces_are_sealed_and_erased_when_their_time_is_over(
    app: Flask, session: Session, campaign: Campaign, settings: Settings, write: Write
) -> None:
    write(agent="Sought/9.9")
    signature = the_signature(session)
    assert signature.trace == "127.0.0.1\nSought/9.9"
    session.rollback()
    raw = session.connection().exec_driver_sql("SELECT trace FROM signature").scalar_one()
    assert b"Sought" not in bytes(raw)
    session.rollback()
    signature.signed_at = db.utcnow() - timedelta(days=settings.trace_days + 1)
    session.commit()
    write(agent="Kept/1.0")
    jobs.run_now("screening.forget-traces")
    session.rollback()
    old, new = session.scalars(select(Signature).order_by(Signature.id)).all()
    assert (old.trace, old.network_mark, old.agent_mark, old.address_mark) == (None,) * 4
    assert new.trace == "127.0.0.1\nKept/1.0"


def test_erasure_takes_the_trace_of_a_printed_letter_too(
    session: Session, campaign: Campaign
) -> None:
    flood(session, campaign, 1)
    signature = the_signature(session)
    empty_signature(signature)
    session.commit()
    buried = the_signature(session)
    marks = (buried.address_mark, buried.network_mark, buried.domain_mark, buried.agent_mark)
    assert (buried.trace, marks) == (None, (None,) * 4)


def test_unconfirmed_ones_that_were_set_aside_go_at_their_time_as_well(
    app: Flask, session: Session, campaign: Campaign, write: Write
) -> None:
    write(email="x@flood.example", confirm=False)
    run(session, counted(app, session, campaign, domains=("flood.example",)))
    the_signature(session).token_expires_at = db.utcnow() - timedelta(minutes=1)
    session.commit()
    jobs.run_now("signing.expire")
    assert states(session) == {}
