"""Campaigns: made, changed, found, opened and ended."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import create_and_edit, find_campaigns, status_changes
from campaign.campaigns.content import editions, targets, updates
from campaign.campaigns.desk import views
from campaign.core import audit, db
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.directory.missions import best_mission
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    LetterFormat,
    Target,
    TargetKind,
    UpdateKind,
)
from campaign.models.staff import Role
from tests.factories import (
    add_confirmed,
    make_campaign,
    make_staff_user,
    make_target_mission,
    make_target_official,
)
from tests.races import overtake

BY = "staff:1"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = date(2099, 1, 1)


def facts(**overrides: Any) -> dict[str, Any]:
    return {
        "reference": "UA 58/20",
        "index_number": "AMR 1/2020",
        "country": "MX",
        "format": LetterFormat.LETTER,
        "person_name": "Amara Okafor",
        "person_pronouns": "she",
        "themes": ["defenders"],
        "issued_on": date(2026, 11, 1),
        "act_by": LATER,
        "timezone": "America/Toronto",
        "default_locale": "en",
        "letter_locales": ["en"],
        "follows_id": None,
    } | overrides


def aims_of(campaign: Campaign) -> list[targets.Aim]:
    return [
        targets.Aim(target.official, target.kind, target.mission) for target in campaign.targets
    ]


def aim_at(session: Session, campaign: Campaign, aim: targets.Aim) -> Target:
    """Aim at one more, the last in the order."""
    return targets.set_targets(session, campaign, actor=BY, aims=[*aims_of(campaign), aim])[-1]


def draft(session: Session, **overrides: Any) -> Campaign:
    return make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None, **overrides)


def actions(session: Session, campaign: Campaign) -> list[str]:
    subject = f"campaign:{campaign.id}"
    return list(
        session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject == subject).order_by(AuditEntry.id)
        )
    )


def test_a_new_campaign_is_a_draft_with_an_address_from_its_reference(session: Session) -> None:
    campaign = create_and_edit.create_campaign(session, actor=BY, **facts())
    assert campaign.status is CampaignStatus.DRAFT
    assert campaign.slug == "ua-58-20"
    assert actions(session, campaign) == ["campaign.create"]


@pytest.mark.parametrize("reference", ["UA 58/20", "ua 58/20", "UA-58-20", "new"])
def test_a_reference_or_address_that_is_taken_is_refused(session: Session, reference: str) -> None:
    create_and_edit.create_campaign(session, actor=BY, **facts())
    with pytest.raises(Invalid) as refused:
        create_and_edit.create_campaign(session, actor=BY, **facts(reference=reference))
    assert refused.value.fields == {"reference": "reference-taken"}


def test_the_address_follows_the_reference_until_the_campaign_opens(session: Session) -> None:
    campaign = draft(session)
    create_and_edit.edit_campaign(session, campaign, actor=BY, reference="UA 7/26")
    assert campaign.slug == "ua-7-26"
    status_changes.open_campaign(session, campaign, actor=BY, now=db.utcnow())
    create_and_edit.edit_campaign(session, campaign, actor=BY, reference="UA 8/26")
    assert campaign.slug == "ua-7-26"


def test_saving_the_same_facts_changes_nothing(session: Session) -> None:
    campaign = make_campaign(session)
    before = campaign.changed_at
    create_and_edit.edit_campaign(session, campaign, actor=BY, person_name=campaign.person_name)
    assert campaign.changed_at == before
    assert actions(session, campaign) == []


def test_every_change_that_the_public_sees_moves_changed_at(session: Session) -> None:
    campaign = make_campaign(session)
    official = make_target_official(2)
    session.add(official)
    session.flush()
    changes = [
        lambda: create_and_edit.edit_campaign(
            session, campaign, actor=BY, person_name="Amara N. Okafor"
        ),
        lambda: editions.save_edition(
            session,
            campaign,
            actor=BY,
            locale="fr",
            title="Titre",
            summary="Résumé",
            background="",
            asks=["Demande"],
            outcome="",
        ),
        lambda: aim_at(
            session, campaign, targets.Aim(official, mission=campaign.targets[0].mission)
        ),
        lambda: updates.post_update(
            session,
            campaign,
            actor=BY,
            kind=UpdateKind.GOOD_NEWS,
            happened_on=date(2026, 11, 2),
            words={"en": ("She is safe", "")},
        ),
        lambda: status_changes.close_campaign(
            session, campaign, actor=BY, now=NOW, reasons={"en": "Done."}
        ),
        lambda: status_changes.open_campaign(session, campaign, actor=BY, now=NOW, act_by=LATER),
        lambda: status_changes.stop_campaign(
            session, campaign, actor=BY, now=NOW, reasons={"fr": "Stop."}
        ),
    ]
    for number, change in enumerate(changes, 1):
        before = campaign.changed_at
        change()
        assert campaign.changed_at > before
        assert len(actions(session, campaign)) == number


def test_a_draft_that_lacks_something_does_not_open(session: Session) -> None:
    campaign = draft(session, targets=[])
    with pytest.raises(Refused) as refused:
        status_changes.open_campaign(session, campaign, actor=BY, now=NOW)
    assert (refused.value.slug, refused.value.data) == ("campaign-not-ready", {"missing": 1})
    assert campaign.status is CampaignStatus.DRAFT


@pytest.mark.both_engines
def test_a_closed_campaign_opens_again_with_a_new_last_day(session: Session) -> None:
    campaign = make_campaign(session, act_by=date(2026, 11, 1))
    status_changes.close_campaign(
        session, campaign, actor=BY, now=NOW, reasons={"en": "The day is over."}
    )
    assert (campaign.closed_at, campaign.status_reasons) == (NOW, {"en": "The day is over."})
    with pytest.raises(Invalid, match="invalid") as late:
        status_changes.open_campaign(session, campaign, actor=BY, now=NOW)
    assert late.value.fields == {"act_by": "reopens-after-deadline"}
    status_changes.open_campaign(session, campaign, actor=BY, now=NOW, act_by=LATER)
    assert campaign.status is CampaignStatus.OPEN
    assert (campaign.act_by, campaign.closed_at, campaign.status_reasons) == (LATER, None, {})
    entry = audit.find_last(session, f"campaign:{campaign.id}", "campaign.open")
    assert entry is not None
    assert entry.detail["act_by_before"] == "2026-11-01"
    assert entry.detail["act_by"] == LATER.isoformat()


def test_a_stop_needs_a_reason_and_is_final(session: Session) -> None:
    campaign = make_campaign(session)
    with pytest.raises(Invalid) as missing:
        status_changes.stop_campaign(session, campaign, actor=BY, now=NOW, reasons={"en": " "})
    assert missing.value.fields == {"reason_en": "reason-missing"}
    status_changes.stop_campaign(
        session, campaign, actor=BY, now=NOW, reasons={"en": "More letters would harm."}
    )
    assert campaign.status_reasons == {"en": "More letters would harm."}
    with pytest.raises(Refused):
        status_changes.open_campaign(session, campaign, actor=BY, now=NOW)


def test_a_closed_campaign_can_be_stopped(session: Session) -> None:
    campaign = make_campaign(session, status=CampaignStatus.CLOSED)
    status_changes.stop_campaign(
        session, campaign, actor=BY, now=NOW, reasons={"en": "Letters would harm."}
    )
    assert campaign.status is CampaignStatus.STOPPED


def test_an_open_campaign_keeps_what_it_needs(session: Session) -> None:
    campaign = make_campaign(session, locales=["en"])
    with pytest.raises(Invalid) as language:
        create_and_edit.edit_campaign(session, campaign, actor=BY, default_locale="fr")
    assert set(language.value.fields.values()) == {"edition-missing"}
    with pytest.raises(Invalid) as text:
        editions.save_edition(
            session,
            campaign,
            actor=BY,
            locale="en",
            title="T",
            summary="",
            background="",
            asks=[],
            outcome="",
        )
    assert text.value.fields == {"summary": "edition-incomplete"}


@pytest.mark.both_engines
def test_the_public_finds_no_draft(session: Session) -> None:
    hidden = draft(session)
    shown = make_campaign(session)
    assert find_campaigns.find_public_campaign(session, hidden.slug) is None
    assert find_campaigns.find_public_campaign(session, shown.slug) is shown
    assert find_campaigns.get_campaign(session, hidden.slug) is hidden


def test_an_unknown_address_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        find_campaigns.get_campaign(session, "ua-0-00")
    assert find_campaigns.find_public_campaign(session, "ua-0-00") is None


def test_open_campaigns_stand_by_last_day_and_ended_ones_in_the_archive(session: Session) -> None:
    today = date(2026, 11, 24)
    endless = make_campaign(session, act_by=None)
    soon = make_campaign(session, act_by=today)
    late = make_campaign(session, act_by=today + timedelta(days=9))
    over = make_campaign(session, act_by=date(2026, 11, 22), issued_on=date(2026, 10, 1))
    closed = make_campaign(session, status=CampaignStatus.CLOSED, issued_on=date(2026, 11, 1))
    stopped = make_campaign(session, status=CampaignStatus.STOPPED, issued_on=None)
    draft(session)
    taking = session.scalars(find_campaigns.select_open(NOW)).all()
    assert taking == [soon, late, endless]
    assert not {closed, over, stopped} & set(taking)


@pytest.mark.both_engines
def test_the_desks_list_filters_orders_and_pages(session: Session) -> None:
    first = make_campaign(session, person_name="Zoe")
    second = draft(session, person_name="Ana")
    third = make_campaign(session, person_name="Mia")
    admin = make_staff_user(session, Role.ADMIN)

    def listed(**query: Any) -> tuple[list[Campaign], int]:
        state = views.ListState(**{"sort": "person"} | query)
        rows, total = views.list_for_desk(session, state, by=admin, per_page=2)
        return [row.campaign for row in rows], total

    assert listed() == ([second, third], 3)
    assert listed(page=2) == ([first], 3)
    assert listed(descending=True) == ([first, third], 3)
    assert listed(status=CampaignStatus.DRAFT) == ([second], 1)
    counts = views.count_by_status(session, by=admin)
    assert counts == {CampaignStatus.OPEN: 2, CampaignStatus.DRAFT: 1}


def test_the_same_edition_again_changes_nothing(session: Session) -> None:
    campaign = draft(session, locales=["en"])
    texts: dict[str, Any] = {
        "title": "Titre",
        "summary": "",
        "background": "",
        "asks": [],
        "outcome": "",
    }
    edition = editions.save_edition(session, campaign, actor=BY, locale="fr", **texts)
    entry = audit.find_last(session, f"campaign:{campaign.id}", "campaign.edition")
    assert entry is not None
    assert entry.detail == {"locale": "fr", "fields": ["title"]}, "empty texts did not change"
    before = campaign.changed_at
    assert editions.save_edition(session, campaign, actor=BY, locale="fr", **texts) is edition
    assert campaign.changed_at == before
    assert len(campaign.editions) == 2


def test_an_official_is_a_target_once(session: Session) -> None:
    campaign = make_campaign(session)
    official = campaign.targets[0].official
    with pytest.raises(Invalid) as refused:
        aim_at(session, campaign, targets.Aim(official))
    assert refused.value.fields == {"official": "target-twice"}


@pytest.mark.both_engines
def test_targets_are_ordered_changed_and_removed(session: Session) -> None:
    campaign = draft(session)
    first = campaign.targets[0]
    copied = make_target_official(2, preferred_locale="fr")
    mission = make_target_mission(2)
    session.add_all([copied, mission])
    session.flush()
    second = aim_at(session, campaign, targets.Aim(copied, TargetKind.COPY, mission))
    targets.set_targets(
        session,
        campaign,
        actor=BY,
        aims=[
            targets.Aim(copied, TargetKind.TO, None),
            targets.Aim(first.official, TargetKind.COPY, mission),
        ],
    )
    session.commit()
    session.expire_all()
    assert [target.id for target in campaign.targets] == [second.id, first.id]
    assert [target.kind for target in campaign.targets] == [TargetKind.TO, TargetKind.COPY]
    assert [target.mission for target in campaign.targets] == [None, mission]
    assert campaign.letter_locales[0] == "fr"
    targets.set_targets(session, campaign, actor=BY, aims=aims_of(campaign)[:1])
    assert [target.id for target in campaign.targets] == [second.id]


def test_a_target_to_whom_somebody_wrote_stays(session: Session) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1)
    target = campaign.targets[0]
    with pytest.raises(Refused) as refused:
        targets.set_targets(session, campaign, actor=BY, aims=[])
    assert refused.value.slug == "target-has-letters"
    assert list(campaign.targets) == [target]


def test_the_suggested_mission_is_that_of_the_officials_country_where_we_are(
    session: Session,
) -> None:
    embassy = make_target_mission(1)
    consulate = make_target_mission(2, kind="consulate")
    elsewhere = make_target_mission(3, host_country="US")
    foreign = make_target_mission(4, sending_country="GT")
    session.add_all([consulate, elsewhere, foreign, embassy])
    session.flush()
    missions = list(targets.missions_sent_by(session, {"MX"}))
    assert best_mission(missions, "CA") is embassy
    assert best_mission(missions, "FR") is None


def test_an_update_needs_the_main_language_and_leaves_empty_ones_out(session: Session) -> None:
    campaign = make_campaign(session)
    post: dict[str, Any] = {"actor": BY, "kind": UpdateKind.REPLY, "happened_on": date(2026, 11, 2)}
    with pytest.raises(Invalid) as refused:
        updates.post_update(session, campaign, words={"fr": ("Réponse", "")}, **post)
    assert refused.value.fields == {"title_en": "update-title-missing"}
    words = {"en": ("A reply", "It says *yes*."), "fr": ("", "")}
    update = updates.post_update(session, campaign, words=words, **post)
    assert [(edition.locale, edition.title) for edition in update.editions] == [("en", "A reply")]


@pytest.mark.both_engines
@pytest.mark.parametrize("move", ["open", "close"])
def test_a_stop_is_not_overwritten_by_who_looked_before_it(app: Flask, move: str) -> None:
    before = CampaignStatus.CLOSED if move == "open" else CampaignStatus.OPEN
    with app.app_context(), db.transaction() as session:
        campaign_id = make_campaign(session, status=before).id

    def stop(session: Session) -> None:
        campaign = session.get_one(Campaign, campaign_id)
        status_changes.stop_campaign(
            session, campaign, actor=BY, now=NOW, reasons={"en": "She asked us to."}
        )

    with pytest.raises(Refused, match="campaign-status"):
        overtake(
            app,
            stop,
            lambda session: session.get_one(Campaign, campaign_id),
            lambda session, seen: getattr(status_changes, f"{move}_campaign")(
                session, seen, actor=BY, now=NOW
            ),
        )
    with app.app_context(), db.reading() as session:
        kept = session.get_one(Campaign, campaign_id)
        assert (kept.status, kept.status_reasons["en"]) == (
            CampaignStatus.STOPPED,
            "She asked us to.",
        )


def _edit(session: Session, campaign: Campaign) -> None:
    create_and_edit.edit_campaign(session, campaign, actor="staff:2", index_number="AMR 41/2020")


def _post(session: Session, campaign: Campaign) -> None:
    words = {"en": ("She is well", "")}
    updates.post_update(
        session,
        campaign,
        words=words,
        actor="staff:2",
        kind=UpdateKind.REPLY,
        happened_on=date(2026, 11, 2),
    )


@pytest.mark.both_engines
@pytest.mark.parametrize("change", [_edit, _post])
def test_an_opening_is_not_undone_by_who_looked_before_it(
    app: Flask, change: Callable[[Session, Campaign], None]
) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_person_opens": True})
    with app.app_context(), db.transaction() as session:
        waiting = make_campaign(
            session, status=CampaignStatus.SCHEDULED, opened_at=None, submitted_by_id=None
        )
        campaign_id = waiting.id

    def open_it(session: Session) -> None:
        status_changes.open_campaign(
            session, session.get_one(Campaign, campaign_id), actor="job", now=NOW
        )

    overtake(app, open_it, lambda session: session.get_one(Campaign, campaign_id), change)
    with app.app_context(), db.reading() as session:
        kept = session.get_one(Campaign, campaign_id)
        assert (kept.status, kept.submitted_by_id) == (CampaignStatus.OPEN, None)


@pytest.mark.both_engines
def test_of_two_who_take_one_reference_at_once_one_is_told(app: Flask) -> None:
    def create(session: Session, _seen: object = None) -> Campaign:
        return create_and_edit.create_campaign(session, actor=BY, **facts())

    with pytest.raises(Invalid) as refused:
        overtake(app, create, lambda session: session.scalar(select(Campaign.id)), create)
    assert refused.value.fields == {"reference": "reference-taken"}


@pytest.mark.both_engines
def test_of_two_who_rename_to_one_reference_at_once_one_is_told(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        ids = [draft(session, slug=f"d-{at}", reference=f"D {at}").id for at in (1, 2)]

    def rename(session: Session, campaign: Campaign) -> None:
        create_and_edit.edit_campaign(session, campaign, actor=BY, reference="UA 9/26")

    with pytest.raises(Invalid) as refused:
        overtake(
            app,
            lambda session: rename(session, session.get_one(Campaign, ids[0])),
            lambda session: session.get_one(Campaign, ids[1]),
            rename,
        )
    assert refused.value.fields == {"reference": "reference-taken"}


def test_the_next_open_campaign_is_the_nearest_that_is_left(session: Session) -> None:
    days = (date(2099, 1, 3), date(2099, 1, 1), date(2099, 1, 2), None)
    campaigns = [
        make_campaign(session, slug=f"c-{at}", reference=f"C {at}", act_by=day)
        for at, day in enumerate(days)
    ]
    order = [campaigns[1], campaigns[2], campaigns[0], campaigns[3]]
    for done in range(4):
        signed = select(Campaign.id).where(
            Campaign.id.in_([campaign.id for campaign in order[:done]])
        )
        assert find_campaigns.find_open(session, NOW, besides=signed) is order[done]
    assert find_campaigns.find_open(session, NOW, besides=select(Campaign.id)) is None
