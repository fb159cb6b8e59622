"""From draft to close: review, schedule, calendar, extension, continuation. Time is passed in."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, select, update
from sqlalchemy.orm import Session

from campaign.campaigns import create_and_edit, status_changes, stop_rule
from campaign.campaigns.content import editions
from campaign.campaigns.content.updates import post_update
from campaign.core import db
from campaign.core.answers import ANYTHING
from campaign.core.audit import AuditEntry
from campaign.core.clock import utcnow
from campaign.core.errors import Invalid, Refused
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import Campaign, CampaignStatus, LetterFormat, StopKind, UpdateKind
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import Role
from campaign.signing import confirm_letter
from campaign.signing.signed_links import digest_of, new_token
from tests.days import days_ago
from tests.factories import add_confirmed, csrf_token, make_campaign, make_staff_user, post, sign_in
from tests.integration.campaigns.test_edit_conflict import read_form
from tests.races import wait_for_lock
from tests.ticks import tick

BY = "command"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LAST_DAY = date(2026, 12, 4)
ENDED = datetime(2026, 12, 5, 12, tzinfo=UTC)
"""When 4 December has ended everywhere on Earth."""
KEEPS_DEADLINE = "Copy what you need from it and enter it under Facts."


def draft(session: Session, **overrides: Any) -> Campaign:
    facts = {
        "status": CampaignStatus.DRAFT,
        "opened_at": None,
        "issued_on": date(2026, 11, 1),
        "act_by": LAST_DAY,
    }
    return make_campaign(session, **(facts | overrides))


def reload(session: Session, campaign_id: int) -> Campaign:
    session.rollback()
    session.expire_all()
    return session.get_one(Campaign, campaign_id)


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def asks_for_a_second_person(app: Flask) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_person_opens": True})


def test_a_draft_opens_only_when_somebody_else_than_its_writer_has_looked(
    app: Flask, session: Session
) -> None:
    asks_for_a_second_person(app)
    first, second = (make_staff_user(session, Role.ORGANIZER) for _ in range(2))
    writer, reader = f"staff:{first.id}", f"staff:{second.id}"
    campaign = draft(session)
    with pytest.raises(Refused) as refused:
        status_changes.open_campaign(session, campaign, actor=reader, now=NOW)
    assert refused.value.slug == "needs-review"

    status_changes.submit_for_review(session, campaign, actor=writer, now=NOW)
    with pytest.raises(Refused) as refused:
        status_changes.open_campaign(session, campaign, actor=writer, now=NOW)
    assert refused.value.slug == "second-person"
    with pytest.raises(Invalid) as invalid:
        status_changes.return_to_draft(session, campaign, actor=reader, note=" ")
    assert invalid.value.fields == {"note": "note-missing"}
    status_changes.return_to_draft(session, campaign, actor=reader, note="The date is wrong.")
    assert (campaign.status, campaign.review_note) == (CampaignStatus.DRAFT, "The date is wrong.")

    status_changes.submit_for_review(session, campaign, actor=writer, now=NOW)
    # Whoever mends it meanwhile has written last: now the first may decide, and the second not.
    create_and_edit.edit_campaign(session, campaign, actor=reader, person_pronouns="they")
    with pytest.raises(Refused):
        status_changes.open_campaign(session, campaign, actor=reader, now=NOW)
    moment = NOW + timedelta(days=1)
    status_changes.schedule_campaign(session, campaign, actor=writer, open_at=moment, now=NOW)
    # What was approved and then changed is looked at again.
    create_and_edit.edit_campaign(session, campaign, actor=writer, person_pronouns="she")
    assert campaign.status is CampaignStatus.REVIEW
    with pytest.raises(Refused):
        status_changes.open_campaign(session, campaign, actor=writer, now=NOW)
    status_changes.open_campaign(session, campaign, actor=reader, now=NOW)
    assert (campaign.status, campaign.review_note) == (CampaignStatus.OPEN, "")
    assert [action for action in actions(session) if action.startswith("campaign.")] == [
        "campaign.review",
        "campaign.draft",
        "campaign.review",
        "campaign.edit",
        "campaign.scheduled",
        "campaign.unscheduled",
        "campaign.edit",
        "campaign.open",
    ]


def test_who_changed_what_waits_for_approval_is_not_said_to_have_changed_the_status(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    asks_for_a_second_person(app)
    names = ("Wanda Writer", "Rita Reader")
    people = [make_staff_user(session, Role.ORGANIZER, name=name) for name in names]
    writer, reader = (f"staff:{person.id}" for person in people)
    now = utcnow()
    campaign = draft(session, act_by=now.date() + timedelta(days=9))
    status_changes.submit_for_review(session, campaign, actor=writer, now=now)
    session.commit()
    sign_in(client, app, Role.ADMIN)

    def show_status() -> str:
        page = client.get(f"/desk/campaigns/{campaign.slug}/status?to=open").text
        session.rollback()
        assert "changed the status" not in page
        return page

    assert "Wanda Writer sent it for approval on" in show_status()
    create_and_edit.edit_campaign(session, campaign, actor=reader, person_pronouns="they")
    session.commit()
    page = show_status()
    assert "Wanda Writer sent it for approval on" in page
    assert "Rita Reader has changed the campaign since then." in page
    moment = now + timedelta(days=1)
    status_changes.schedule_campaign(session, campaign, actor=writer, open_at=moment, now=now)
    create_and_edit.edit_campaign(session, campaign, actor=writer, person_pronouns="she")
    session.commit()
    assert "Wanda Writer changed the campaign on" in show_status()
    create_and_edit.edit_campaign(session, campaign, actor=reader, person_pronouns="he")
    session.commit()
    assert "Rita Reader has changed the campaign since then." in show_status()


def test_an_incomplete_draft_is_neither_submitted_nor_scheduled(session: Session) -> None:
    campaign = draft(session, targets=[])
    for move in (
        lambda: status_changes.submit_for_review(session, campaign, actor=BY, now=NOW),
        lambda: status_changes.schedule_campaign(
            session, campaign, actor=BY, open_at=NOW + timedelta(hours=1), now=NOW
        ),
    ):
        with pytest.raises(Refused) as refused:
            move()
        assert refused.value.slug == "campaign-not-ready"
    assert campaign.status is CampaignStatus.DRAFT


def test_it_opens_at_its_moment_and_not_before_and_once(session: Session) -> None:
    campaign = draft(session)
    moment = status_changes.moment_in("America/Toronto", datetime(2026, 11, 25, 9, 0))  # noqa: DTZ001
    assert moment == datetime(2026, 11, 25, 14, tzinfo=UTC)
    status_changes.schedule_campaign(session, campaign, actor=BY, open_at=moment, now=NOW)
    session.commit()
    status_changes.open_scheduled(moment - timedelta(seconds=1))
    assert reload(session, campaign.id).status is CampaignStatus.SCHEDULED
    session.rollback()
    status_changes.open_scheduled(moment)
    status_changes.open_scheduled(moment)
    opened = reload(session, campaign.id)
    assert (opened.status, opened.opened_at, opened.open_at) == (CampaignStatus.OPEN, moment, None)
    assert actions(session).count("campaign.open") == 1


def test_what_lacks_something_at_its_moment_stays_hidden_and_the_desk_says_so(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    lacking, whole = draft(session), draft(session)
    moment = NOW + timedelta(days=1)
    for campaign in (lacking, whole):
        status_changes.schedule_campaign(session, campaign, actor=BY, open_at=moment, now=NOW)
    lacking.targets[0].official.salutation = {}
    session.commit()
    status_changes.open_scheduled(moment)
    missed = reload(session, lacking.id)
    assert (missed.status, missed.opening_missed_at) == (CampaignStatus.DRAFT, moment)
    assert reload(session, whole.id).status is CampaignStatus.OPEN
    [entry] = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "campaign.opening-missed")
    )
    assert entry.detail == {"gaps": ["no-salutation"]}
    session.rollback()
    sign_in(client, app, Role.ADMIN)
    page = client.get(f"/desk/campaigns/{lacking.slug}").text
    assert "The campaign could not open" in page
    # Which step that is depends on the settings: an opening, or a request for approval.
    assert "Add what is missing. This page then offers the next step." in page
    assert "no longer scheduled to open" in client.get("/desk/campaigns/").text
    assert client.get(f"/en/actions/{lacking.slug}").status_code == 404


def test_the_calendar_closes_what_has_ended_everywhere_on_earth(session: Session) -> None:
    campaign = make_campaign(session, act_by=LAST_DAY, opened_at=NOW)
    endless = make_campaign(session, act_by=None)
    session.commit()
    status_changes.close_ended(ENDED - timedelta(seconds=1))
    assert reload(session, campaign.id).status is CampaignStatus.OPEN
    session.rollback()
    status_changes.close_ended(ENDED)
    status_changes.close_ended(ENDED + timedelta(days=1))
    closed = reload(session, campaign.id)
    assert (closed.status, closed.closed_at, closed.status_reasons) == (
        CampaignStatus.CLOSED,
        ENDED,
        {},
    )
    assert reload(session, endless.id).status is CampaignStatus.OPEN
    assert actions(session) == ["campaign.closed"]


def test_the_last_day_moves_to_a_later_one_only_and_only_while_the_campaign_is_open(
    session: Session,
) -> None:
    campaign = make_campaign(session, act_by=LAST_DAY, issued_on=date(2026, 11, 1))
    later = LAST_DAY + timedelta(days=7)
    for day, slug in ((date(2026, 11, 1), "deadline-past"), (LAST_DAY, "deadline-not-later")):
        with pytest.raises(Invalid) as refused:
            status_changes.extend_campaign(session, campaign, actor=BY, act_by=day, now=NOW)
        assert refused.value.fields == {"act_by": slug}
    before = campaign.changed_at
    status_changes.extend_campaign(session, campaign, actor=BY, act_by=later, now=NOW)
    assert campaign.act_by == later
    assert campaign.changed_at > before
    status_changes.close_campaign(session, campaign, actor=BY, now=NOW)
    last = later + timedelta(days=7)
    with pytest.raises(Refused):
        status_changes.extend_campaign(session, campaign, actor=BY, act_by=last, now=NOW)
    status_changes.open_campaign(session, campaign, actor=BY, now=NOW, act_by=last)
    assert (campaign.status, campaign.act_by) == (CampaignStatus.OPEN, last)


@pytest.mark.parametrize("step", ["extend", "reopen"])
def test_facts_opened_before_an_extension_do_not_undo_it(session: Session, step: str) -> None:
    campaign = make_campaign(session, act_by=LAST_DAY)
    later = LAST_DAY + timedelta(days=7)
    if step == "extend":
        status_changes.extend_campaign(session, campaign, actor=BY, act_by=later, now=NOW)
    else:
        status_changes.close_campaign(session, campaign, actor=BY, now=NOW)
        status_changes.open_campaign(session, campaign, actor=BY, now=NOW, act_by=later)
    with pytest.raises(Refused, match="changed-meanwhile"):
        create_and_edit.edit_campaign(session, campaign, actor=BY, based_on=0, act_by=LAST_DAY)
    assert campaign.act_by == later


def test_an_hour_that_the_clocks_skip_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        status_changes.moment_in("America/Toronto", datetime(2027, 3, 14, 2, 30))  # noqa: DTZ001
    assert refused.value.fields == {"open_at": "moment-skipped"}


@pytest.mark.both_engines
def test_further_information_carries_everything_over_but_what_is_of_its_own_time(
    session: Session,
) -> None:
    earlier = make_campaign(session, forbidden_words=["Nora"], full_text_edit=True)
    editions.save_edition(
        session,
        earlier,
        actor=BY,
        locale="en",
        title="T",
        summary="S",
        background="B",
        asks=["Protect her."],
        outcome="They were freed.",
    )
    letter = next(template for template in earlier.templates if template.locale == "en")
    continued = create_and_edit.continue_campaign(
        session, earlier, actor=BY, created_by_id=None, reference="UA 90/26"
    )
    session.commit()
    later = reload(session, continued.id)
    assert later.follows is not None
    assert later.follows.followed_by == [later]
    assert (later.status, later.slug) == (CampaignStatus.DRAFT, "ua-90-26")
    assert (later.forbidden_words, later.full_text_edit) == (["Nora"], True)
    assert (later.act_by, later.issued_on, later.opened_at) == (None, None, None)
    english = next(edition for edition in later.editions if edition.locale == "en")
    assert (english.title, english.background, english.outcome) == ("T", "B", "")
    assert {edition.locale for edition in later.editions} == {"en", "fr", "es"}
    assert [target.official_id for target in later.targets] == [
        target.official_id for target in later.follows.targets
    ]
    copied = next(template for template in later.templates if template.locale == "en")
    assert (copied.version, copied.opening) == (1, letter.opening)
    assert [(point.key, point.text) for point in copied.points] == [
        (point.key, point.text) for point in letter.points
    ]
    clone = create_and_edit.clone_campaign(
        session, later, actor=BY, created_by_id=None, reference="UA 91/26"
    )
    assert (clone.follows_id, len(clone.templates)) == (None, 3)
    with pytest.raises(Invalid) as taken:
        create_and_edit.clone_campaign(
            session, later, actor=BY, created_by_id=None, reference="ua 91/26"
        )
    assert taken.value.fields == {"reference": "reference-taken"}


_CARRIED_OVER = {
    "country", "format", "themes", "timezone", "person_name", "person_pronouns", "person_died",
    "default_locale", "letter_locales", "forbidden_words", "full_text_edit", "print_translation",
    "embed_hosts",
    "screening", "embargo_until", "picture", "picture_wide", "picture_small", "picture_alt",
    "picture_x", "picture_y",
}  # fmt: skip


def test_of_each_column_it_is_decided_whether_another_campaign_takes_it(session: Session) -> None:
    columns = {column.key for column in inspect(Campaign).column_attrs}
    assert columns == create_and_edit.OF_ITS_OWN | _CARRIED_OVER, "say here what becomes of it"
    assert create_and_edit.OF_ITS_OWN.isdisjoint(_CARRIED_OVER)
    moments = {"opened_at", "reopened_at", "closed_at", "stopped_at", "forgotten_at"}
    earlier = make_campaign(
        session, status=CampaignStatus.STOPPED, **{name: db.utcnow() for name in moments}
    )
    clone = create_and_edit.clone_campaign(
        session, earlier, actor=BY, created_by_id=None, reference="UA 92/26"
    )
    assert {getattr(clone, name) for name in moments} == {None}


@pytest.mark.parametrize("length", [1, 2, 4])
def test_a_circle_of_further_information_is_refused(session: Session, length: int) -> None:
    chain = [draft(session) for _ in range(length)]
    for later, before in zip(chain[1:], chain, strict=False):
        create_and_edit.edit_campaign(session, later, actor=BY, follows_id=before.id)
    with pytest.raises(Invalid) as refused:
        create_and_edit.edit_campaign(session, chain[0], actor=BY, follows_id=chain[-1].id)
    assert refused.value.fields == {"follows": "follows-circle"}
    assert chain[0].follows_id is None


@pytest.mark.both_engines
def test_the_public_pages_lead_to_each_other_once_both_are_public(
    client: FlaskClient, session: Session
) -> None:
    earlier = make_campaign(session, status=CampaignStatus.CLOSED)
    later = draft(session, follows_id=earlier.id, act_by=None)
    session.commit()
    hidden = client.get(f"/en/actions/{earlier.slug}").text
    assert later.slug not in hidden
    status_changes.open_campaign(session, later, actor=BY, now=db.utcnow(), copied_seen=ANYTHING)
    session.commit()
    client.application.extensions["page_cache"].recheck_now()
    assert f"/en/actions/{later.slug}" in client.get(f"/en/actions/{earlier.slug}").text
    assert f"/en/actions/{earlier.slug}" in client.get(f"/en/actions/{later.slug}").text


def test_an_outcome_has_its_day_and_its_text_on_the_public_page(
    client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session, status=CampaignStatus.CLOSED)
    post_update(
        session,
        campaign,
        actor=BY,
        kind=UpdateKind.OUTCOME,
        happened_on=date(2026, 12, 9),
        words={"en": ("She is free", "A court let her go.")},
    )
    session.commit()
    page = client.get(f"/en/actions/{campaign.slug}").text
    assert "2026-12-09" in page
    assert "A court let her go." in page


@pytest.mark.both_engines
def test_every_move_can_be_made_at_the_desk(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    asks_for_a_second_person(app)
    campaign = draft(session, act_by=date(2099, 1, 1))
    session.commit()
    other = app.test_client()
    sign_in(client, app, Role.ADMIN)
    sign_in(other, app, Role.ADMIN)
    url = f"/desk/campaigns/{campaign.slug}/status"

    def move(who: FlaskClient, to: str, **fields: str) -> int:
        return int(post(who, url, {"to": to, **fields}).status_code)

    assert move(client, "open") == 422
    assert move(client, "review") == 303
    assert "You edited the campaign last" in client.get(f"/desk/campaigns/{campaign.slug}").text
    assert move(client, "open") == 422
    assert move(other, "draft") == 422
    assert move(other, "draft", note="Mend the title.") == 303
    assert "Mend the title." in client.get(f"/desk/campaigns/{campaign.slug}").text
    assert move(client, "review") == 303
    soon = (db.utcnow() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    for wrong in ("", "yesterday", "2020-01-01T10:00", "2026-12-01T10:00+02:00"):
        assert move(other, "scheduled", open_at=wrong) == 422
    page = other.get(f"{url}?to=scheduled").text
    (seen,) = re.findall(r'name="seen"[^>]* value="([^"]+)"', page)
    assert move(other, "scheduled", open_at=soon, seen=seen) == 303
    assert client.get("/desk/campaigns/?status=scheduled").text.count(campaign.reference) == 1
    assert move(client, "open") == 303
    assert move(client, "draft") == 409
    extend = f"/desk/campaigns/{campaign.slug}/extend"
    assert post(client, extend, {"act_by": "2098-01-01"}).status_code == 422
    assert post(client, extend, {"act_by": "2099-02-01"}).status_code == 303
    assert move(client, "closed") == 303
    again = f"/desk/campaigns/{campaign.slug}/continue"
    assert post(client, again, {"reference": campaign.reference}).status_code == 422
    assert post(client, again, {"reference": "UA 7/27"}).status_code == 303
    assert client.get("/desk/campaigns/ua-7-27").status_code == 200
    clone = f"/desk/campaigns/{campaign.slug}/clone"
    assert post(client, clone, {"reference": "UA 8/27"}).status_code == 303
    assert "campaign.clone" in actions(session)
    assert "continues" not in client.get("/desk/campaigns/ua-8-27").text.casefold()
    assert move(client, "stopped") == 422
    assert move(client, "stopped", reason_en="It would do harm.", kind="harm") == 303
    assert move(client, "open") == 409
    assert client.get(f"/desk/campaigns/{campaign.slug}/nowhere").status_code == 404


@pytest.mark.both_engines
def test_who_signed_on_the_last_day_confirms_after_the_calendar_has_closed_it(
    session: Session,
) -> None:
    campaign = make_campaign(session, act_by=LAST_DAY, opened_at=NOW)
    token = new_token()
    [signature] = add_confirmed(
        session,
        campaign,
        1,
        state=SignatureState.PENDING,
        confirmed_at=None,
        token_digest=digest_of(token),
        token_expires_at=ENDED + timedelta(days=6),
    )
    session.commit()
    status_changes.close_ended(ENDED)
    reload(session, campaign.id)
    _found, first = confirm_letter.confirm(session, token=token, now=ENDED + timedelta(hours=2))
    assert first
    assert signature.state is SignatureState.CONFIRMED


def test_everybody_reads_at_once_why_an_action_was_stopped(
    client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session, embed_hosts=["example.org"])
    session.commit()
    pages = [f"/en/actions/{campaign.slug}", f"/fr/actions/{campaign.slug}/embed", "/en/archive"]
    assert all("She asked" not in client.get(page).text for page in pages)
    status_changes.stop_campaign(
        session, campaign, actor=BY, now=db.utcnow(), reasons={"en": "She asked us to."}
    )
    session.commit()
    client.application.extensions["page_cache"].recheck_now()
    assert all("She asked us to." in client.get(page).text for page in pages)
    assert campaign.slug not in client.get("/en/").text


def test_each_rule_and_its_twin_agree(session: Session) -> None:
    campaign = make_campaign(session)
    rules = {
        stop_rule.may_go_out: stop_rule.may_go_out_sql(),
        stop_rule.is_stopped: stop_rule.is_stopped_sql(),
        stop_rule.gives_letters: stop_rule.gives_letters_sql(),
        stop_rule.has_ended: stop_rule.has_ended_sql(),
    }
    for status in CampaignStatus:
        campaign.status = status
        session.flush()
        row = session.execute(select(*rules.values()).where(Campaign.id == campaign.id)).one()
        assert [bool(verdict) for verdict in row] == [rule(status) for rule in rules], status


OLD, NEW = "Planted-Witness is in danger.", "More letters could do harm."


@pytest.mark.both_engines
def test_a_reason_is_reworded_by_an_admin_without_a_second_mail(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session)
    status_changes.stop_campaign(
        session, campaign, actor="staff:1", now=utcnow(), reasons={"en": OLD}, kind=StopKind.HARM
    )
    session.commit()
    url = f"/desk/campaigns/{campaign.slug}/reason"
    sign_in(client, app, Role.ORGANIZER)
    assert post(client, url, {"reason_en": NEW}).status_code == 404
    sign_in(client, app, Role.ADMIN)
    assert OLD in client.get(url).text
    assert post(client, url, {"reason_en": " "}).status_code == 422
    assert post(client, url, {"reason_en": NEW}).status_code == 303
    page = client.get(f"/en/actions/{campaign.slug}").text
    assert NEW in page
    assert OLD not in page
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.reason")).one()
    assert "Planted" not in str(entry.detail)
    assert OLD in client.get("/desk/audit").text
    assert session.scalars(select(OutboxMail.id)).all() == []
    assert "another letter could do harm" in page
    assert post(client, url, {"reason_en": NEW, "kind": "safe"}).status_code == 303
    assert "another letter could do harm" not in client.get(f"/en/actions/{campaign.slug}").text
    session.rollback()
    entries = select(AuditEntry.detail).where(AuditEntry.action == "campaign.reason")
    (detail,) = session.scalars(entries.where(AuditEntry.id > entry.id))
    assert (detail["kind"], detail["before"]) == ("safe", "harm")


@pytest.mark.parametrize(("noun", "other"), [("letter", "card"), ("card", "letter")])
def test_the_workspace_says_of_a_stop_what_people_sign(
    client: FlaskClient, app: Flask, session: Session, noun: str, other: str
) -> None:
    campaign = make_campaign(session, format=noun)
    session.commit()
    home = f"/desk/campaigns/{campaign.slug}"
    sign_in(client, app, Role.ADMIN)
    pages = [client.get(f"{home}/status?to=stopped").text]
    end = {"kind": "harm", "reason_en": NEW}
    assert post(client, f"{home}/status?to=stopped", end).status_code == 303
    pages += [client.get(f"{home}{path}").text for path in ("", "/reason")]
    pages.append(post(client, f"{home}/status?to=closed", end).text)
    for page in pages:
        assert f"nother {noun} could do harm" in page
        assert f"nother {other} could do harm" not in page
    for page in (pages[0], pages[2]):
        assert f"There is good news: no more {noun}s are needed" in page


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.ADMIN])
@pytest.mark.parametrize("to", ["closed", "stopped"])
def test_two_who_end_a_campaign_lose_neither_reason(
    client: FlaskClient, app: Flask, session: Session, to: str, role: Role
) -> None:
    campaign = make_campaign(session)
    session.commit()
    home, other = f"/desk/campaigns/{campaign.slug}", app.test_client()
    sign_in(client, app, role)
    sign_in(other, app, role)
    end = {"to": to, "kind": "harm"}
    assert post(other, f"{home}/status", end | {"reason_en": OLD}).status_code == 303
    late = post(client, f"{home}/status?to={to}", end | {"reason_en": NEW, "reason_fr": "Non."})
    assert late.status_code == 409
    assert "Parts of the campaign" in late.text, "it is a page of the workspace"
    assert all(words in late.text for words in (OLD, NEW, "Non.", f'href="{home}"'))
    may_reword = role is Role.ADMIN
    assert (f'href="{home}/reason"' in late.text) == may_reword
    assert ("An admin can add your text to the reason." in late.text) != may_reword
    session.rollback()
    session.expire_all()
    assert campaign.status_reasons == {"en": OLD}


def test_who_stops_what_another_has_just_closed_is_told_and_no_reason_is_lost(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session)
    session.commit()
    home, other = f"/desk/campaigns/{campaign.slug}", app.test_client()
    url, closing = f"{home}/status?to=stopped", {"to": "closed", "reason_en": OLD}
    sign_in(client, app, Role.ADMIN)
    by = sign_in(other, app, Role.ADMIN)
    notice = f"{by.name or by.email} changed the status on"
    typed = read_form(client.get(url).text)
    typed |= {"kind": ["harm"], "reason_en": NEW, "reason_fr": "Non."}
    assert post(other, f"{home}/status", closing).status_code == 303
    late = post(client, url, typed)
    assert late.status_code == 422
    assert all(words in late.text for words in ("The campaign has changed.", notice, OLD))
    again = read_form(late.text)
    assert again == typed | {"seen": again["seen"]}
    assert reload(session, campaign.id).status is CampaignStatus.CLOSED
    reworded = read_form(other.get(f"{home}/reason").text) | {"reason_en": "Reworded meanwhile."}
    assert post(other, f"{home}/reason", reworded).status_code == 303
    unseen = post(client, url, again)
    assert unseen.status_code == 422
    assert "Reworded meanwhile." in unseen.text
    assert post(client, url, read_form(unseen.text)).status_code == 303
    assert reload(session, campaign.id).status_reasons == {"en": NEW, "fr": "Non."}
    assert OLD in client.get("/desk/audit").text
    details = session.scalars(select(AuditEntry.detail)).all()
    assert "Planted" not in str(details), "it is sealed"


def test_who_returns_what_another_has_scheduled_meanwhile_cancels_nothing_unseen(
    client: FlaskClient, session: Session
) -> None:
    campaign = draft(session, status=CampaignStatus.REVIEW)
    session.commit()
    url = f"/desk/campaigns/{campaign.slug}/status?to=draft"
    sign_in(client, client.application, Role.ADMIN)
    typed = read_form(client.get(url).text) | {"note": "Mend the title."}
    campaign.status, campaign.open_at = CampaignStatus.SCHEDULED, utcnow() + timedelta(days=2)
    session.commit()
    late = post(client, url, typed)
    assert (late.status_code, "The campaign has changed." in late.text) == (422, True)
    again = read_form(late.text)
    assert again["note"] == "Mend the title."
    assert reload(session, campaign.id).status is CampaignStatus.SCHEDULED
    assert post(client, url, again).status_code == 303


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("step", "end", "message"),
    [
        ("status?to=closed", status_changes.stop_campaign, "This is its status now."),
        ("status?to=stopped", status_changes.stop_campaign, "This is its status now."),
        ("status?to=stopped", status_changes.close_campaign, "The campaign has changed."),
        ("extend", status_changes.close_campaign, "This is its status now."),
    ],
)
def test_who_moves_a_campaign_while_another_is_ending_it_keeps_the_reason(
    client: FlaskClient,
    app: Flask,
    session: Session,
    step: str,
    end: Callable[..., None],
    message: str,
) -> None:
    campaign = make_campaign(session)
    session.commit()
    url, campaign_id = f"/desk/campaigns/{campaign.slug}/{step}", campaign.id
    sign_in(client, app, Role.ADMIN)
    typed = {"seen": "open", "kind": "harm", "reason_en": NEW, "act_by": "2099-01-01"}
    typed["csrf_token"] = csrf_token(client)
    session.rollback()
    with ThreadPoolExecutor(1) as pool:
        with app.app_context(), db.transaction() as own:
            theirs = own.get_one(Campaign, campaign_id)
            end(own, theirs, actor=BY, now=NOW, reasons={"en": OLD})
            own.flush()
            ended = pool.submit(client.post, url, data=typed)
            if own.get_bind().dialect.name == "postgresql":
                wait_for_lock(own)
        late = ended.result(timeout=30)
    assert late.status_code == (409 if "status now" in message else 422)
    assert all(words in late.text for words in (OLD, NEW, message))
    assert "Someone else" not in late.text
    if step == "extend":
        assert "1 January 2099" in late.text
    elif "stopped" in step:
        assert "Another letter could do harm" in late.text


def test_the_reason_that_a_step_takes_from_the_page_is_shown_whoever_closed_it(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(
        session, status=CampaignStatus.CLOSED, closed_at=NOW, status_reasons={"en": OLD}
    )
    session.commit()
    sign_in(client, app, Role.ADMIN)
    page = client.get(f"/desk/campaigns/{campaign.slug}/status?to=open").text
    assert "the page no longer shows this reason" in page
    assert OLD in page
    assert "How cases like this end" not in page
    session.get_one(Campaign, campaign.id).editions[0].outcome = "She was released."
    session.commit()
    page = client.get(f"/desk/campaigns/{campaign.slug}/status?to=open").text
    assert "stays public, under the heading “How cases like this end”" in page


def test_an_open_campaign_has_no_reason_to_reword(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/campaigns/{campaign.slug}/reason"
    told = client.get(url)
    assert (told.status_code, "This step is not possible now" in told.text) == (409, True)
    assert "What you typed" not in told.text
    late = post(client, url, {"reason_en": NEW})
    assert (late.status_code, NEW in late.text) == (409, True)


def test_an_extension_says_how_many_signed_letters_will_name_the_new_day(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session, act_by=date(2099, 1, 1))
    add_confirmed(session, campaign, 2)
    slug = campaign.slug
    session.commit()
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/campaigns/{slug}/extend"
    assert "in the proposed text of" not in client.get(url).text
    for template in campaign.templates:
        template.closing = "Please answer before ((deadline))."
    session.commit()
    warning = "in the proposed text of 2 signed letters that are not in a bundle yet"
    assert warning in client.get(url).text
    facts = client.get(f"/desk/campaigns/{slug}/facts").text
    assert "If you change the deadline, 2 signed letters that are not in a bundle yet" in facts
    session.execute(update(Signature).values(state=SignatureState.WITHDRAWN))
    session.commit()
    assert "in the proposed text of" not in client.get(url).text
    session.execute(update(Signature).values(state=SignatureState.CONFIRMED))
    campaign.status, campaign.closed_at = CampaignStatus.CLOSED, NOW
    session.commit()
    assert warning in client.get(f"/desk/campaigns/{slug}/status?to=open").text


def test_who_extends_after_a_colleague_did_reads_who_was_first_and_on_which_day(
    app: Flask, session: Session
) -> None:
    campaign = make_campaign(session, act_by=date(2099, 1, 1))
    session.commit()
    first, second = app.test_client(), app.test_client()
    sign_in(first, app, Role.ORGANIZER, name="Olivia Park")
    sign_in(second, app, Role.ORGANIZER, name="Noor Haddad")
    url = f"/desk/campaigns/{campaign.slug}/extend"
    (shown,) = re.findall(r'name="deadline"[^>]* value="([^"]+)"', second.get(url).text)
    assert post(first, url, {"act_by": "2099-02-01", "deadline": shown}).status_code == 303
    same = post(second, url, {"act_by": "2099-02-01", "deadline": shown})
    assert same.status_code == 422
    assert "Olivia Park already did this on" in same.text
    later = post(second, url, {"act_by": "2099-03-01", "deadline": shown})
    assert later.status_code == 422
    assert "because Olivia Park changed this on" in later.text
    assert "1 February 2099" in later.text
    assert 'value="2099-03-01"' in later.text
    assert actions(session).count("campaign.extend") == 1
    (shown,) = re.findall(r'name="deadline"[^>]* value="([^"]+)"', later.text)
    assert post(second, url, {"act_by": "2099-03-01", "deadline": shown}).status_code == 303


def test_who_closes_has_seen_that_a_colleague_extended(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session, act_by=date(2099, 1, 1))
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    url = f"/desk/campaigns/{campaign.slug}/status?to=closed"
    (seen,) = re.findall(r'name="seen"[^>]* value="([^"]+)"', client.get(url).text)
    session.rollback()
    campaign.act_by = date(2099, 2, 1)
    session.commit()
    late = post(client, url, {"seen": seen})
    assert late.status_code == 422
    assert "The campaign has changed. Read what is new" in late.text
    assert "1 February 2099" in late.text
    session.rollback()
    session.expire_all()
    assert campaign.status is CampaignStatus.OPEN
    session.rollback()
    (seen,) = re.findall(r'name="seen"[^>]* value="([^"]+)"', late.text)
    assert post(client, url, {"seen": seen}).status_code == 303


def last_edit(session: Session) -> dict[str, object]:
    session.rollback()
    edits = select(AuditEntry).filter_by(action="campaign.edit").order_by(AuditEntry.id.desc())
    return session.scalars(edits).first().detail  # type: ignore[union-attr]


def test_a_published_deadline_moves_earlier_only_where_it_was_a_mistake(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session, act_by=date(2099, 1, 1))
    add_confirmed(session, campaign, 2)
    for template in campaign.templates:
        template.closing = "Please answer before ((deadline))."
    slug, facts = campaign.slug, facts_sent(campaign)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/campaigns/{slug}/facts"
    assert "The published deadline was a mistake" not in client.get(url).text
    refused = post(client, url, facts | {"act_by": "2098-12-01"})
    assert refused.status_code == 422
    assert "Signed letters and printed sheets name the later deadline" in refused.text
    assert 'value="2098-12-01"' in refused.text
    assert "2 signed letters that are not in a bundle yet will name it too." in refused.text
    assert "keep the old deadline, 1 January 2099" in refused.text
    assert deadline_now(session, campaign) == date(2099, 1, 1)
    assert "only until 1 December 2098" in refused.text
    sure = tick(refused, "is_deadline_wrong")
    other = post(client, url, facts | {"act_by": "2098-11-01"} | sure)
    assert other.status_code == 422, "of this day nobody was asked"
    past = facts | {"act_by": f"{days_ago(3)}"}
    over = post(client, url, past | tick(post(client, url, past), "is_deadline_wrong"))
    assert "This day has passed." in over.text
    assert deadline_now(session, campaign) == date(2099, 1, 1)
    assert post(client, url, facts | {"act_by": "2098-12-01"} | sure).status_code == 303
    assert deadline_now(session, campaign) == date(2098, 12, 1)
    wrong = {"act_by_before": "2099-01-01", "act_by": "2098-12-01", "is_deadline_wrong": True}
    assert last_edit(session) == {"fields": ["act_by", "themes"]} | wrong
    assert post(client, url, facts | {"act_by": "2099-02-01"}).status_code == 303
    later = {"act_by_before": "2098-12-01", "act_by": "2099-02-01"}
    assert last_edit(session) == {"fields": ["act_by"]} | later
    history = f"/desk/campaigns/{slug}/history/facts/-"
    restored = post(client, f"{history}/1", {"seen": "2"})
    assert KEEPS_DEADLINE in client.get(restored.location).text
    assert deadline_now(session, campaign) == date(2099, 2, 1)


@pytest.mark.parametrize("status", [CampaignStatus.OPEN, CampaignStatus.CLOSED])
def test_a_published_deadline_is_not_taken_away(
    client: FlaskClient, app: Flask, session: Session, status: CampaignStatus
) -> None:
    last_day = date(2099, 1, 1)
    campaign = make_campaign(session, act_by=last_day, status=CampaignStatus.DRAFT)
    slug, facts = campaign.slug, facts_sent(campaign)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/campaigns/{slug}/facts"
    for day in ("", f"{last_day}"):
        assert post(client, url, facts | {"act_by": day}).status_code == 303
    campaign.status = status
    session.commit()
    sentence = "printed sheets name the deadline that was published"
    for more in ({}, {"is_deadline_wrong": "y"}):
        refused = post(client, url, facts | {"act_by": "", "person_name": "Typed"} | more)
        assert refused.status_code == 422
        assert sentence in refused.text
        assert 'href="#act_by"' in refused.text
        assert "Typed" in refused.text
        assert deadline_now(session, campaign) == last_day
    history = f"/desk/campaigns/{slug}/history/facts/-"
    restored = post(client, f"{history}/1", {"seen": "2"})
    page = client.get(restored.location).text
    assert KEEPS_DEADLINE in page[page.index('role="alert"') :]
    assert deadline_now(session, campaign) == last_day


def test_a_published_deadline_is_not_taken_away_by_a_merge(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    last_day = date(2099, 1, 1)
    official_first = ["es", "en", "fr"]
    campaign = make_campaign(session, act_by=last_day, letter_locales=official_first)
    slug, facts = campaign.slug, facts_sent(campaign) | {"act_by": f"{last_day}", "based_on": "0"}
    facts["letter_locales"] = ["en", "fr", "es"]
    session.commit()
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/campaigns/{slug}/facts"
    assert post(client, url, facts | {"person_pronouns": "she"}).status_code == 303
    meeting = post(client, url, facts | {"act_by": ""}).location
    page = client.get(meeting).text
    assert "Languages of the letters" not in page, "only their order differs in the form"
    (seen,) = re.findall(r'name="seen" value="(\d+)"', page)
    (choice,) = set(re.findall(r'name="(choice-\d+)"', page))
    refused = post(client, meeting, {"seen": seen, choice: "mine"})
    assert refused.status_code == 422
    assert "Choose the saved deadline." in refused.text
    assert deadline_now(session, campaign) == last_day


def test_a_reopening_does_not_move_a_published_deadline_earlier(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    last_day = date(2099, 1, 1)
    closed = {"status": CampaignStatus.CLOSED, "closed_at": NOW}
    campaign = make_campaign(session, act_by=last_day, **closed)
    slug = campaign.slug
    session.commit()
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/campaigns/{slug}/status?to=open"
    refused = post(client, url, {"seen": "closed", "act_by": "2098-12-01"})
    assert refused.status_code == 422
    assert "printed sheets name the later deadline that was published" in refused.text
    assert 'value="2098-12-01"' in refused.text
    assert deadline_now(session, campaign) == last_day
    assert post(client, url, {"seen": "closed", "act_by": f"{last_day}"}).status_code == 303


def test_a_campaign_that_never_had_a_deadline_may_get_one(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session, act_by=None)
    url, facts = f"/desk/campaigns/{campaign.slug}/facts", facts_sent(campaign)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    assert post(client, url, facts | {"act_by": ""}).status_code == 303
    assert post(client, url, facts | {"act_by": "2098-12-01"}).status_code == 303
    assert deadline_now(session, campaign) == date(2098, 12, 1)


@pytest.mark.both_engines
def test_before_the_opening_a_deadline_moves_as_it_likes(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session, act_by=date(2099, 1, 1), status=CampaignStatus.DRAFT)
    url, facts = f"/desk/campaigns/{campaign.slug}/facts", facts_sent(campaign)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    assert post(client, url, facts | {"act_by": "2098-12-01"}).status_code == 303
    assert deadline_now(session, campaign) == date(2098, 12, 1)


@pytest.mark.parametrize("kinds", [("letter", "card"), ("card", "letter")])
@pytest.mark.parametrize("state", [SignatureState.PENDING, SignatureState.CONFIRMED])
def test_once_somebody_has_signed_the_format_stays(
    client: FlaskClient, app: Flask, session: Session, kinds: tuple[str, str], state: SignatureState
) -> None:
    before, after = kinds
    campaign = make_campaign(session, format=LetterFormat(after))
    (signature,) = add_confirmed(session, campaign, 1, state=SignatureState.WITHDRAWN)
    url, facts = f"/desk/campaigns/{campaign.slug}/facts", facts_sent(campaign)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    assert post(client, url, facts | {"format": after}).status_code == 303
    assert post(client, url, facts | {"format": before}).status_code == 303, "it was withdrawn"
    signature.state = state
    session.commit()
    refused = post(client, url, facts | {"format": after, "person_name": "Typed"})
    assert refused.status_code == 422
    sentence = f"People have already signed {before}s, so this campaign can no longer"
    sentence += f" change to {after}s. To collect {after}s, copy the campaign and change the copy."
    assert sentence in refused.text
    assert "Typed" in refused.text
    history = f"/desk/campaigns/{campaign.slug}/history/facts/-"
    restored = post(client, f"{history}/1", {"seen": "2"}, follow_redirects=True)
    assert sentence in restored.text
    assert reload(session, campaign.id).format == before
    assert post(client, url, facts | {"format": before, "index_number": "X"}).status_code == 303


@pytest.mark.both_engines
@pytest.mark.parametrize("state", [SignatureState.PENDING, SignatureState.WITHDRAWN])
def test_once_somebody_has_signed_the_time_zone_stays(
    client: FlaskClient, app: Flask, session: Session, state: SignatureState
) -> None:
    campaign = make_campaign(session)
    before, after = campaign.timezone, "Pacific/Auckland"
    url, facts = f"/desk/campaigns/{campaign.slug}/facts", facts_sent(campaign)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    for zone in (after, before):
        assert post(client, url, facts | {"timezone": zone}).status_code == 303
    add_confirmed(session, campaign, 1, state=state)
    session.commit()
    refused = post(client, url, facts | {"timezone": after, "person_name": "Typed"})
    assert refused.status_code == 422
    sentence = "their letters have dates in this time zone. You can no longer change it."
    assert sentence in refused.text
    assert "Typed" in refused.text
    assert f'<option selected value="{after}">' in refused.text
    history = f"/desk/campaigns/{campaign.slug}/history/facts/-"
    restored = post(client, f"{history}/1", {"seen": "2"}, follow_redirects=True)
    assert sentence in restored.text
    assert reload(session, campaign.id).timezone == before


def test_who_rehearses_leaves_format_and_time_zone_open(session: Session) -> None:
    campaign = draft(session)
    add_confirmed(session, campaign, 1)
    create_and_edit.edit_campaign(
        session, campaign, actor=BY, format=LetterFormat.CARD, timezone="Pacific/Auckland"
    )
    assert (campaign.cards, campaign.timezone) == (True, "Pacific/Auckland")


def facts_sent(campaign: Campaign) -> dict[str, Any]:
    names = ("reference", "country", "person_name", "timezone", "default_locale", "letter_locales")
    return {name: getattr(campaign, name) for name in names} | {"format": "letter", "follows": ""}


def deadline_now(session: Session, campaign: Campaign) -> date | None:
    session.rollback()
    session.expire_all()
    return campaign.act_by
