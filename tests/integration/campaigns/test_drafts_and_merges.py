"""Drafts that are kept, two editors at once, and what was saved before."""

import html
import re
from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from campaign.campaigns.content import targets
from campaign.campaigns.content.part_contents import facts_content, letter_content, targets_content
from campaign.campaigns.content.templates import current_template
from campaign.campaigns.desk.labels import texts_of_content, value_text
from campaign.models.campaign import Campaign, CampaignStatus, Target, TargetKind
from campaign.models.directory import Official
from campaign.models.signature import Letter
from tests.factories import add_confirmed, make_target_official, post
from tests.integration.campaigns.conftest import DESK, Send

Fresh = Callable[[], Campaign]
PAGE = "/editions/en"
TEXT = {"title": "Amara", "summary": "Three.", "asks": "Protect her", "outcome": ""}
STORY = "First.\n\nSecond.\n\nThird."
LETTER = {"subject": "S", "opening": "I write.", "closing": "Thanks.",
          "points-0-key": "protect", "points-0-text": "Protect her.", "points-0-position": "1",
          "points-1-key": "investigate", "points-1-text": "Find out.", "points-1-position": "2",
          }  # fmt: skip


def english(campaign: Campaign) -> str:
    return next(edition.background for edition in campaign.editions if edition.locale == "en")


def test_what_is_typed_is_kept_for_its_writer_alone_and_never_published(
    desk: FlaskClient, other: FlaskClient, send: Send, fresh: Fresh, session: Session
) -> None:
    typed = TEXT | {"title": "", "background": "Planted words", "based_on": "0", "draft_tab": "a"}
    assert send("/drafts/edition/en", typed).status_code == 204
    assert english(fresh()) == ""
    raw = session.execute(text("SELECT content FROM desk_draft")).scalar_one()
    assert b"Planted" not in bytes(raw)
    session.rollback()
    assert "did not save it" in desk.get(DESK + PAGE).text
    assert "Planted words" not in desk.get(DESK + PAGE).text
    assert "Planted words" in desk.get(f"{DESK}{PAGE}?draft=1").text
    assert "did not save it" not in other.get(DESK + PAGE).text
    assert "Planted words" not in other.get(f"{DESK}{PAGE}?draft=1").text
    assert send(PAGE, typed | {"title": "Amara"}).status_code == 303
    assert "did not save it" not in desk.get(DESK + PAGE).text
    assert english(fresh()) == "Planted words"


def test_a_draft_of_a_closed_tab_goes_once_the_same_is_saved_and_stays_where_it_differs(
    desk: FlaskClient, send: Send
) -> None:
    typed = TEXT | {"background": "Typed twice", "based_on": "0"}
    for draft, is_left in ((typed, False), (typed | {"summary": "Other"}, True)):
        assert send("/drafts/edition/en", draft | {"draft_tab": "closed"}).status_code == 204
        (seen,) = re.findall(r'name="based_on"[^>]* value="(\d+)"', desk.get(DESK + PAGE).text)
        saved = typed | {"based_on": seen, "draft_tab": "new"}
        assert send(PAGE, saved).status_code == 303
        assert ("did not save it" in desk.get(DESK + PAGE).text) is is_left


def test_a_draft_can_be_thrown_away_and_strange_places_do_not_exist(
    desk: FlaskClient, send: Send
) -> None:
    assert send("/drafts/facts/-", {"person_name": "Half", "draft_tab": "a"}).status_code == 204
    assert "did not save it" in desk.get(f"{DESK}/facts").text
    assert send("/drafts/facts/-/drop", {"draft_tab": "a"}).status_code == 303
    assert "did not save it" not in desk.get(f"{DESK}/facts").text
    for place in ("edition/xx", "letter/en:nobody", "nothing/-", "facts/en", "texts/en"):
        assert send(f"/drafts/{place}", {"title": "x"}).status_code == 404
    assert desk.post(f"{DESK}/drafts/facts/-", data={"person_name": "x"}).status_code == 400
    assert desk.get(f"{DESK}/drafts/facts/-").status_code == 405


def test_two_texts_that_do_not_meet_are_merged_and_those_that_do_wait_for_a_choice(
    desk: FlaskClient, other: FlaskClient, send: Send, fresh: Fresh
) -> None:
    assert send(PAGE, TEXT | {"background": STORY, "based_on": "0"}).status_code == 303
    seen = {"based_on": "1"}
    assert 'name="based_on" type="hidden" value="1"' in desk.get(DESK + PAGE).text
    theirs = TEXT | seen | {"background": STORY.replace("First", "Theirs first"), "title": "Ada’s"}
    assert post(other, DESK + PAGE, theirs).status_code == 303
    mine = TEXT | seen | {"background": STORY.replace("Third", "My third"), "title": "Olivia’s"}
    late = send(PAGE, mine)
    assert (late.status_code, late.location) == (303, f"{DESK}/merge/edition/en")
    assert english(fresh()) == theirs["background"]
    page = desk.get(late.location).text
    assert "Ada saved this part" in page
    assert "Both changes fit together" in page
    assert "What happened (English)</h3>" in page
    assert "merge/edition/en" in desk.get(DESK).text
    assert other.get(late.location).status_code == 404
    assert send("/merge/edition/en", {"seen": "1", "choice-0": "mine"}).status_code == 422
    assert send("/merge/edition/en", {"seen": "2", "choice-0": "hers"}).status_code == 400
    assert send("/merge/edition/en", {"seen": "2", "choice-0": "mine"}).status_code == 303
    saved = next(edition for edition in fresh().editions if edition.locale == "en")
    assert saved.title == "Olivia’s"
    assert saved.background == "Theirs first.\n\nSecond.\n\nMy third."
    assert desk.get(late.location).status_code == 404


@pytest.mark.both_engines
def test_a_letter_written_at_once_keeps_both_editors_points(
    desk: FlaskClient, other: FlaskClient, send: Send, fresh: Fresh, session: Session
) -> None:
    seen = {"based_on": "1"}
    hers = LETTER | seen | {"points-0-text": "Protect her at home."}
    assert post(other, f"{DESK}/letters/fr", hers).status_code == 303
    mine = (
        LETTER
        | seen
        | {"points-1-text": "Find out who.", "points-2-text": "Say so.", "points-2-position": "3"}
    )
    late = send("/letters/fr", mine)
    assert late.location == f"{DESK}/merge/letter/fr"
    page = desk.get(late.location).text
    assert "What to keep" in page or "fit together" in page
    data = {f"choice-{number}": "theirs" for number in range(9)}
    assert send("/merge/letter/fr", {"seen": "2", **data}).status_code == 303
    points = {point.key: point.text for point in current_template(session, fresh(), "fr").points}
    assert points["protect"] == "Protect her at home."
    assert points["say-so"] == "Say so."


def test_facts_and_options_are_not_overwritten_either(
    desk: FlaskClient, other: FlaskClient, send: Send, fresh: Fresh
) -> None:
    words = {"based_on": "0", "forbidden_words": "one\ntwo"}
    assert post(other, f"{DESK}/letter-options", words).status_code == 303
    mine = {"based_on": "0", "forbidden_words": "three", "full_text_edit": "y"}
    assert send("/letter-options", mine).location == f"{DESK}/merge/options/-"
    assert "Words not allowed" in desk.get(f"{DESK}/merge/options/-").text
    assert send("/merge/options/-", {"seen": "1"}).status_code == 422  # nothing is preset
    assert send("/merge/options/-", {"seen": "1", "choice-0": "both"}).status_code == 303
    options = fresh()
    assert options.forbidden_words == ["one", "two", "three"]
    assert options.full_text_edit is True


@pytest.mark.both_engines
def test_every_state_is_kept_with_who_and_what_and_can_be_brought_back(
    desk: FlaskClient, other: FlaskClient, send: Send, fresh: Fresh
) -> None:
    first = "It <script>alert(1)</script> *happened*."
    send(PAGE, TEXT | {"background": first})
    post(other, DESK + PAGE, TEXT | {"background": "It never happened."})
    page = desk.get(f"{DESK}/history/edition/en").text
    assert "Ada" in page
    assert "<del><span" in page
    assert "[removed:" in page
    assert "never" in page
    assert "<script>alert" not in page
    assert "<script>alert" not in desk.get(f"{DESK}/history/edition/en?at=1").text
    assert "Page text" in desk.get(f"{DESK}/history").text
    stale = send("/history/edition/en/1", {"seen": "1"})
    assert "Someone has saved a newer version" in desk.get(stale.location).text
    assert send("/history/edition/en/1", {"seen": "2"}).status_code == 303
    assert english(fresh()) == first
    page = desk.get(f"{DESK}/history/edition/en").text
    assert "It restored version 1." in page
    same = send("/history/edition/en/1", {"seen": "3"}, follow_redirects=True).text
    assert "Version 1 says the same as the newest version. Nothing was changed." in same
    assert "It is saved as a new version." not in same
    assert "It is the same as the version before" not in page
    assert send("/history/edition/en/9", {"seen": "4"}).status_code == 404
    assert desk.get(f"{DESK}/history/edition/en/2").status_code == 405


@pytest.mark.both_engines
@pytest.mark.parametrize("place", ["letter/en", "targets/-", "facts/-", "options/-"])
def test_each_part_has_its_history(desk: FlaskClient, send: Send, fresh: Fresh, place: str) -> None:
    send("/letters/en", LETTER | {"based_on": "1"})
    send("/letter-options", {"forbidden_words": "Planted"})
    page = desk.get(f"{DESK}/history/{place}")
    assert page.status_code == 200
    assert ("Planted" in page.text) == (place == "options/-")
    if place == "letter/en":
        assert send("/history/letter/en/1", {"seen": "2"}).status_code == 303
        assert "threatened in ((country))" in desk.get(f"{DESK}/letters/en").text


@pytest.mark.both_engines
def test_what_a_part_holds_is_said_in_words(app: Flask, session: Session, draft: Campaign) -> None:
    campaign = draft
    target = campaign.targets[0]
    assert target.mission is not None
    campaign.act_by = date(2026, 12, 4)
    session.commit()
    with app.app_context(), force_locale("fr"):
        targets = texts_of_content("targets", targets_content(campaign), campaign)
        facts = texts_of_content("facts", facts_content(campaign), campaign)
        letter = letter_content(campaign.templates[0])
        order = value_text("letter", "order", letter["order"], letter)
    assert targets["order"] == target.official.name
    assert target.mission.slug not in targets[f"point:{target.official.slug}"]
    assert (facts["country"], facts["act_by"]) == ("Mexique", "4 décembre 2026")
    assert facts["letter_locales"].splitlines()[0] in {"anglais", "espagnol", "français"}
    assert "defenders" not in facts["themes"]
    assert order.split()[0] == str(letter[f"point:{letter['order'][0]}"]).split()[0]


def add_second_target(session: Session, campaign: Campaign) -> tuple[Official, Official]:
    first, second = campaign.targets[0].official, make_target_official(2, name="Bea Ortiz")
    session.add(second)
    session.flush()
    aims = [targets.Aim(first, mission=campaign.targets[0].mission), targets.Aim(second)]
    targets.set_targets(session, campaign, actor="staff:1", aims=aims)
    return first, second


@pytest.mark.both_engines
def test_recipients_that_cannot_come_back_say_why(
    desk: FlaskClient, send: Send, fresh: Fresh, session: Session
) -> None:
    campaign = fresh()
    _first, second = add_second_target(session, campaign)
    campaign.status = CampaignStatus.OPEN
    add_confirmed(session, campaign, 1)
    session.commit()

    def restore(number: int) -> str:
        refused = send(f"/history/targets/-/{number}", {"seen": "1"})
        return html.unescape(desk.get(refused.location).text)

    misfit = "This version does not fit the campaign as it is now. It cannot be restored."
    must_stay = (
        "People have already written to Bea Ortiz or a predecessor. "
        "This official must stay a recipient."
    )
    assert f"{misfit} {must_stay}" in restore(0)

    session.execute(delete(Letter))
    session.execute(delete(Target).where(Target.official_id == second.id))
    session.execute(delete(Official).where(Official.id == second.id))
    session.commit()
    gone = "One of the officials or missions is no longer in the directory."
    assert f"{misfit} {gone}" in restore(1)


def test_a_version_in_which_somebody_only_receives_a_copy_does_not_come_back_over_letters(
    desk: FlaskClient, send: Send, fresh: Fresh, session: Session
) -> None:
    campaign = fresh()
    first, second = add_second_target(session, campaign)
    through = campaign.targets[0].mission
    for kind in (TargetKind.COPY, TargetKind.TO):
        aims = [targets.Aim(first, mission=through), targets.Aim(second, kind)]
        targets.set_targets(session, campaign, actor="staff:1", aims=aims)
    campaign.status = CampaignStatus.OPEN
    add_confirmed(session, campaign, 1)
    session.commit()
    refused = send("/history/targets/-/2", {"seen": "3"})
    page = html.unescape(desk.get(refused.location).text)
    assert (
        "People have already written to Bea Ortiz or a predecessor. "
        "This official cannot only receive a copy."
    ) in page
    assert [target.kind for target in fresh().targets] == [TargetKind.TO] * 2


def test_recipients_that_people_wrote_to_stay_in_a_merge_too(
    desk: FlaskClient, other: FlaskClient, send: Send, fresh: Fresh, session: Session
) -> None:
    campaign = fresh()
    first, second = add_second_target(session, campaign)
    rows = {"kind": "to", "mission": "", "based_on": "1"}
    for at, official in enumerate((first, second)):
        row = {"official": official.slug, "kind": "to", "mission": "", "position": f"{at + 1}"}
        rows |= {f"rows-{at}-{name}": value for name, value in row.items()}
    session.commit()
    assert post(other, f"{DESK}/targets", rows | {"rows-0-kind": "copy"}).status_code == 303
    late = send("/targets", rows | {"rows-1-remove": "y"})
    assert late.location == f"{DESK}/merge/targets/-"
    add_confirmed(session, fresh(), 1)
    session.commit()
    refused = send("/merge/targets/-", {"seen": "2"} | {f"choice-{at}": "mine" for at in range(4)})
    assert refused.status_code == 422
    assert "People have already written to Bea Ortiz or a predecessor." in html.unescape(
        refused.text
    )
