"""Recipients that change after people signed: the page asks first, with how many letters change."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.campaigns.content import revisions
from campaign.campaigns.content.targets import Aim, replace_official, set_targets
from campaign.core.answers import ANYTHING
from campaign.directory.duplicate_entries import merge
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.directory import Official
from campaign.models.revision import Part, RiskFlag, RiskKind
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import Role
from campaign.signing.letter.draft import signed_letters
from tests.factories import add_confirmed, make_campaign, make_target_official, post, sign_in
from tests.ticks import tick

SAYS_COPY = "signed letters that are not in a bundle yet say that Jane Doe receives a copy"
WAY = "signed letters to Ines Quintero Vidal are not in a bundle yet"
NAMED = ("Copy: Jane Doe, Chief Justice",)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    campaign = make_campaign(session)
    judge = make_target_official(9, name="Jane Doe", office={"en": "Chief Justice"})
    campaign.targets.append(Target(kind=TargetKind.COPY, official=judge, position=1))
    session.commit()
    return campaign


@pytest.fixture
def desk(client: FlaskClient, app: Flask, campaign: Campaign) -> FlaskClient:
    sign_in(client, app, Role.ADMIN)
    return client


def rows_of(campaign: Campaign, **change: str) -> dict[str, str]:
    fields = {"official": "", "kind": "copy", "mission": "", **change}
    for at, target in enumerate(campaign.targets):
        row = {"official": target.official.slug, "kind": target.kind.value, "position": f"{at + 1}"}
        row["mission"] = target.mission.slug if target.mission else ""
        fields |= {f"rows-{at}-{name}": value for name, value in row.items()} | change
    return fields


def fresh(session: Session, campaign: Campaign) -> Campaign:
    session.rollback()
    session.expire_all()
    return campaign


def read_copies(session: Session, signature: Signature) -> tuple[str, ...]:
    session.rollback()
    session.expire_all()
    return signed_letters(session.get_one(Signature, signature.id))[0].copies_to


def test_a_removed_copy_asks_first_and_comes_back_for_those_who_read_of_it(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    home = f"/desk/campaigns/{campaign.slug}"
    [before, *_others] = add_confirmed(session, campaign, 2, letter_locale="en")
    add_confirmed(session, campaign, 1, state=SignatureState.WITHDRAWN)
    session.commit()
    removed = rows_of(campaign, **{"rows-1-remove": "y"})
    judge = campaign.targets[1].official.slug
    session.rollback()
    asked = post(desk, f"{home}/targets", removed)
    assert asked.status_code == 422
    assert f"2 {SAYS_COPY}" in asked.text
    assert "Save it anyway" in asked.text
    assert read_copies(session, before) == NAMED
    assert post(desk, f"{home}/targets", removed | tick(asked)).status_code == 303
    assert read_copies(session, before) == ()
    [between] = add_confirmed(session, campaign, 1, letter_locale="en")
    session.commit()
    # Added again by hand, taken off by an earlier version, and restored by a later one.
    again = rows_of(fresh(session, campaign), official=judge)
    session.rollback()
    assert post(desk, f"{home}/targets", again).status_code == 303
    [after] = add_confirmed(session, campaign, 1, letter_locale="en")
    session.commit()
    for number, names_copy in ((None, True), (1, False), (2, True)):
        if number:
            newest = revisions.newest_number(session, campaign, Part.TARGETS, "")
            session.rollback()
            data, url = {"seen": f"{newest}"}, f"{home}/history/targets/-/{number}"
            if not names_copy:
                asked = post(desk, url, data)
                assert asked.status_code == 422
                assert f"3 {SAYS_COPY}" in asked.text
            assert (
                post(desk, url, data | (tick(asked) if not names_copy else {})).status_code == 303
            )
        for signature in (before, after):
            assert read_copies(session, signature) == (NAMED if names_copy else ())
        assert read_copies(session, between) == ()


def test_a_copy_that_no_signed_letter_names_is_removed_without_a_question(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    url = f"/desk/campaigns/{campaign.slug}/targets"
    kept = [Aim(target.official, target.kind, target.mission) for target in campaign.targets]
    set_targets(session, campaign, actor="staff:1", aims=kept[:1])
    add_confirmed(session, campaign, 1)
    set_targets(session, campaign, actor="staff:1", aims=kept)
    session.commit()
    removed = rows_of(campaign, **{"rows-1-remove": "y"})
    session.rollback()
    assert post(desk, url, removed).status_code == 303
    assert len(fresh(session, campaign).targets) == 1


def test_another_way_asks_first(desk: FlaskClient, campaign: Campaign, session: Session) -> None:
    url = f"/desk/campaigns/{campaign.slug}/targets"
    by_post = rows_of(campaign, **{"rows-0-mission": ""})
    session.rollback()
    assert WAY not in post(desk, url, by_post | {"rows-0-kind": "nothing"}).text
    add_confirmed(session, campaign, 2)
    campaign.risk_flags.append(RiskFlag(kind=RiskKind.OTHER, words="Bo Lindqvist"))
    named = make_target_official(10, name="Bo Lindqvist")
    session.add(named)
    session.commit()
    flagged = by_post | {"official": named.slug}
    session.rollback()
    asked = post(desk, url, by_post)
    assert asked.status_code == 422
    assert f"2 {WAY}" in asked.text
    both = post(desk, url, flagged).text
    assert f"2 {WAY}" in both
    assert "<mark>Bo Lindqvist</mark>" in both
    assert both.count("Save it anyway") == 1
    assert fresh(session, campaign).targets[0].mission is not None
    session.rollback()
    assert post(desk, url, by_post | tick(asked)).status_code == 303
    assert fresh(session, campaign).targets[0].mission is None


@pytest.mark.both_engines
@pytest.mark.parametrize("merged", [False, True])
def test_what_was_signed_follows_the_office(
    app: Flask, session: Session, campaign: Campaign, merged: bool
) -> None:
    [signature] = add_confirmed(session, campaign, 1, letter_locale="en")
    kept = [Aim(target.official, target.kind, target.mission) for target in campaign.targets]
    successor = make_target_official(10, name="Bo Lindqvist", office={"en": "Chief Justice"})
    session.add(successor)
    session.flush()
    for aims in (kept[:1], kept):
        set_targets(session, campaign, actor="staff:1", aims=aims, risks_seen=ANYTHING)
    if merged:
        with app.test_request_context():
            gone = kept[1].official
            merge(session, kept=successor, gone=gone, take=(), actor="staff:1", risks_seen=ANYTHING)
    else:
        target = campaign.targets[1]
        replace_official(session, target=target, successor=successor, actor="staff:1")
    session.commit()
    assert session.query(Official).filter_by(name="Bo Lindqvist").count() == 1
    assert read_copies(session, signature) == ("Copy: Bo Lindqvist, Chief Justice",)
