"""Putting a bundle together on the desk: letters, paper, check."""

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pikepdf
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.bundles.desk import wizard_views
from campaign.bundles.freeze.choices import BundleChoice
from campaign.bundles.freeze.eligible import Why, list_left_out, list_offers
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.waiting_counts import first_blocks
from campaign.bundles.volumes import proof_print
from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.models.bundle import Bundle, Journey
from campaign.models.campaign import Campaign, CampaignStatus, LetterFormat, Target
from campaign.models.signature import Origin, Signature, SignatureState
from tests.factories import (
    add_confirmed,
    make_campaign,
    make_target_mission,
    make_target_official,
    post,
    sign_in,
)
from tests.integration.bundles.conftest import Freeze

NEW = "/desk/bundles/new"


@pytest.fixture
def campaigns(session: Session) -> list[Campaign]:
    """Two campaigns for one mission: six letters and three; the first aims at two officials."""
    first, second = make_campaign(session), make_campaign(session, person_name="Ilse Brandt")
    mission = first.targets[0].mission
    second.targets[0].mission = mission
    first.targets.append(Target(official=make_target_official(9), mission=mission, position=1))
    session.flush()
    start = db.utcnow()
    add_confirmed(
        session,
        first,
        3,
        confirmed_at=lambda at: start + timedelta(seconds=at),
        family_name=lambda at: ["Zhou", "Abel", "Ngo"][at],
        letter_locale=lambda at: ["en", "fr", "en"][at],
    )
    add_confirmed(session, second, 3)
    session.commit()
    return [first, second]


def base(campaigns: list[Campaign], **more: Any) -> dict[str, Any]:
    mission = campaigns[0].targets[0].mission
    assert mission is not None
    return {"mission": mission.slug, "campaign": [campaign.slug for campaign in campaigns], **more}


def bundles(session: Session) -> list[Bundle]:
    session.rollback()
    return list(session.scalars(select(Bundle).order_by(Bundle.id)))


def test_the_list_groups_what_waits_by_mission(
    app: Flask, client: FlaskClient, campaigns: list[Campaign]
) -> None:
    sign_in(client, app, "staff")
    page = client.get("/desk/bundles/").text
    assert page.count("Embassy of the Republic") >= 1
    assert "/desk/bundles/new/letters?mission=embassy-1" in page
    assert "6 letters" in page
    assert "3 letters" in page


def test_each_step_carries_what_was_chosen_before(
    app: Flask, client: FlaskClient, campaigns: list[Campaign]
) -> None:
    sign_in(client, app, "staff")
    letters = client.get(f"{NEW}/letters", query_string={"mission": "embassy-1"})
    assert letters.status_code == 200
    assert "Ilse Brandt: 3 letters" in letters.text
    assert "UA 1/26 – Ines Quintero Vidal, Governor of Altamar: 3 letters" in letters.text
    chosen = base(campaigns, chosen="1", written=["en"], target=["ua-1-26:governor-9"])
    paper = client.get(f"{NEW}/paper", query_string=chosen).text
    assert '<option selected value="es">' in paper, "the mission's language"
    assert '<input type="hidden" name="written" value="en">' in paper
    assert '<input type="hidden" name="target" value="ua-1-26:governor-9">' in paper
    check = client.get(
        NEW,
        query_string={
            **chosen,
            "how": "1",
            "layout": "fr",
            "duplex": "y",
            "size": "40",
            "order": "name",
            "volumes": "size",
            "numbers": "one",
            "locale": "es",
        },
    ).text
    assert "A4 – French DL envelope" in check
    assert "Both, each letter on its own sheet" in check
    assert "By family name" in check
    assert "Waiting, for an official you did not choose" in check
    assert "Waiting, in a language you did not choose" in check
    assert '<input type="hidden" name="layout" value="fr">' in check


def test_skipping_to_the_check_takes_along_what_was_unticked(
    app: Flask, client: FlaskClient, campaigns: list[Campaign]
) -> None:
    sign_in(client, app, "staff")
    page = client.get(f"{NEW}/letters", query_string=base(campaigns)).text
    form = page[page.index(f'action="{NEW}/paper"') : page.index("Skip to the check")]
    assert form.rstrip().endswith(f'formaction="{NEW}">'), "a button of the form"
    fields = re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]+)"', form)
    fields.remove(("campaign", campaigns[1].slug))
    check = client.get(NEW, query_string=MultiDict(fields)).text
    assert re.findall('name="campaign" value="([^"]+)"', check) == [campaigns[0].slug]


def test_no_way_between_the_steps_leaves_behind_what_is_chosen(
    app: Flask, client: FlaskClient, campaigns: list[Campaign]
) -> None:
    sign_in(client, app, "staff")
    chosen = base(campaigns)
    letters = client.get(f"{NEW}/letters", query_string=chosen).text
    paper = client.get(f"{NEW}/paper", query_string=chosen).text
    assert list_steps(letters) == list_steps(paper) == []
    form = paper[paper.index("<form") : paper.index("Back to the first step")]
    assert form.rstrip().endswith(f'formaction="{NEW}/letters">'), "a button of the form"
    chosen |= {"how": "1", "layout": "fr"}
    letters = client.get(f"{NEW}/letters", query_string=chosen).text
    assert '<input type="hidden" name="layout" value="fr">' in letters
    links = list_steps(client.get(NEW, query_string=chosen).text)
    assert [link.count("layout=fr") for link in links] == [1, 1]


def list_steps(page: str) -> list[str]:
    (steps,) = re.findall(r'<ol class="steps.*?</ol>', page, re.DOTALL)
    return re.findall('href="([^"]+)"', steps)


def test_signed_sheets_that_are_left_behind_lead_to_their_tick(
    app: Flask, client: FlaskClient, session: Session, campaigns: list[Campaign]
) -> None:
    for signature in add_confirmed(session, campaigns[0], 2, family_name="Papier"):
        signature.origin, signature.letters = Origin.PAPER, []
    session.commit()
    sign_in(client, app, "staff")
    chosen = base(campaigns)
    page = client.get(NEW, query_string=chosen).text
    assert "2 paper signatures are not in a bundle yet." in page
    link = re.search(r'href="([^"]*/new/paper[^"]*)#sheets_travel"', page)
    assert link is not None
    assert 'id="sheets_travel"' in client.get(html.unescape(link[1])).text
    ticked = chosen | {"how": "1", "sheets_travel": "y", "layout": "fr"}
    assert "are not in a bundle yet" not in client.get(NEW, query_string=ticked).text


def test_sheets_of_a_campaign_without_letters_travel_beside_letters_of_another(
    app: Flask, client: FlaskClient, session: Session, campaigns: list[Campaign]
) -> None:
    third = make_campaign(session)
    third.targets[0].mission = campaigns[0].targets[0].mission
    for signature in add_confirmed(session, third, 2, family_name="Papier"):
        signature.origin, signature.letters = Origin.PAPER, []
    session.commit()
    sign_in(client, app, "staff")
    chosen = base([campaigns[0], third], chosen="1", written="en", target="ua-1-26:governor-9")
    paper = client.get(f"{NEW}/paper", query_string=chosen).text
    assert re.search(r'checked id="sheets_travel"', paper)
    assert "UA 1/26 · UA 3/26" in paper
    proof = client.get(f"{NEW}/proof", query_string=chosen).text
    assert "Proof of UA 1/26" in proof
    assert "Proof of UA 3/26" not in proof, "no letter of it is printed"

    unticked = chosen | {"how": "1", "layout": "fr", "size": "40"}
    page = client.get(NEW, query_string=unticked).text
    assert "2 paper signatures are not in a bundle yet." in page
    assert 'name="sheets_travel"' in client.get(f"{NEW}/paper", query_string=unticked).text

    page = client.get(NEW, query_string=chosen).text
    assert "are not in a bundle yet" not in page
    shown = shown_to_freeze(page)
    assert shown["campaign"] == ["ua-1-26", "ua-3-26"]
    del shown["csrf_token"]
    assert "/journeys/" in post(client, NEW, shown).location
    assert [(bundle.letter_count, bundle.frozen["on_paper"]) for bundle in bundles(session)] == [
        (2, 0),
        (0, 2),
    ]


@pytest.mark.parametrize("ticked", [["ua-1-26", "ua-2-26"], ["ua-1-26", "ua-2-26", "ua-3-26"]])
def test_the_check_names_sheets_that_stay_whether_their_campaign_is_ticked_or_not(
    app: Flask, client: FlaskClient, session: Session, campaigns: list[Campaign], ticked: list[str]
) -> None:
    third = make_campaign(session)
    third.targets[0].mission = campaigns[0].targets[0].mission
    session.commit()
    sign_in(client, app, "staff")
    wish = base(campaigns, how="1", layout="fr", size="40") | {"campaign": ticked}
    assert "No one is left out." in client.get(NEW, query_string=wish).text
    for signature in add_confirmed(session, third, 2, family_name="Papier"):
        signature.origin, signature.letters = Origin.PAPER, []
    session.commit()
    page = client.get(NEW, query_string=wish).text
    assert "No one is left out." not in page
    left = re.sub(r"<[^>]+>|\s+", " ", page[page.index("Not in the bundle") :])
    assert re.search(r"UA 3/26 +Paper signatures, not in a bundle yet +2 people", left)


def shown_to_freeze(page: str) -> dict[str, list[str]]:
    """What the button of the check page sends."""
    form = page[page.index('<form class="form" method="post"') :].partition("</form>")[0]
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(html.unescape(value))
    return fields


def test_who_freezes_second_gets_what_was_shown_and_no_signed_sheets(
    app: Flask, client: FlaskClient, session: Session, campaigns: list[Campaign]
) -> None:
    for signature in add_confirmed(session, campaigns[0], 2, family_name="Papier"):
        signature.origin, signature.letters = Origin.PAPER, []
    session.commit()
    sign_in(client, app, "staff")
    page = client.get(NEW, query_string=base(campaigns[:1])).text
    both_look_at = shown_to_freeze(page)
    del both_look_at["csrf_token"]
    assert "sheets_travel" not in both_look_at
    assert post(client, NEW, both_look_at).status_code == 303
    assert post(client, NEW, both_look_at).status_code == 409
    [bundle] = bundles(session)
    assert (bundle.letter_count, bundle.frozen["on_paper"]) == (6, 0)


def test_a_campaign_that_begins_to_wait_does_not_go_along_unseen(
    app: Flask, client: FlaskClient, session: Session, campaigns: list[Campaign]
) -> None:
    sign_in(client, app, "staff")
    shown = shown_to_freeze(client.get(NEW, query_string={"mission": "embassy-1"}).text)
    del shown["csrf_token"]
    third = make_campaign(session)
    third.targets[0].mission = campaigns[0].targets[0].mission
    add_confirmed(session, third, 1)
    session.commit()
    assert post(client, NEW, shown).status_code == 303
    assert {bundle.campaign_id for bundle in bundles(session)} == {
        campaign.id for campaign in campaigns
    }


def said_of_paper(page: str) -> str:
    """What the check page says of sheets and volumes, in plain text."""
    facts = page[page.index("Print details") :].partition("</aside>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", facts)))


@pytest.mark.both_engines
def test_the_check_says_sheets_and_volumes_before_anything_is_frozen(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaigns: list[Campaign],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sign_in(client, app, "staff")
    wish = base(campaigns, how="1", layout="fr", size="4", order="confirmed", numbers="one")
    words = said_of_paper(client.get(NEW, query_string=wish | {"volumes": "size"}).text)
    assert "About 9 sheets, on one side or both. Each letter begins on its own sheet." in words
    assert "3 volumes of 2 to 4 letters" in words
    cards = said_of_paper(client.get(NEW, query_string=wish | {"cards": ["ua-1-26"]}).text)
    assert "2 sheets, four cards to a sheet" in cards
    assert "About 3 sheets, on one side or both" in cards
    by_region = wish | {"volumes": "region"}
    words = said_of_paper(client.get(NEW, query_string=by_region).text)
    assert "4 volumes of 1 to 4 letters" in words
    monkeypatch.setattr(wizard_views, "_MOST_OPENED", 8)
    words = said_of_paper(client.get(NEW, query_string=by_region).text)
    assert "By region. The number of volumes is known after you freeze the bundle." in words
    session.execute(update(Campaign).values(print_translation=True))
    session.commit()
    words = said_of_paper(client.get(NEW, query_string=wish).text)
    assert "About 13 sheets on one side, about 9 sheets on both sides" in words


def test_what_was_chosen_is_frozen(
    app: Flask, client: FlaskClient, session: Session, campaigns: list[Campaign]
) -> None:
    sign_in(client, app, "staff")
    wish = base(
        campaigns[:1],
        chosen="1",
        written=["en", "fr"],
        target=["ua-1-26:governor-9"],
        how="1",
        cards=["ua-1-26"],
        layout="din-5008-a",
        duplex="y",
        order="name",
        volumes="region",
        size="2",
        numbers="on",
        locale="fr",
    )
    answer = post(client, NEW, wish)
    assert answer.status_code == 303
    bundle = bundles(session)[0]
    frozen = Frozen.from_json(bundle.frozen)
    assert answer.location.endswith(f"/desk/bundles/{bundle.public_id}")
    assert (frozen.format, frozen.layout, frozen.locale) == ("card", "din-5008-a", "fr")
    assert (frozen.duplex, frozen.order, frozen.volumes) == (False, "name", "region")  # cards
    assert (frozen.volume_letters, frozen.first_number) == (2, 1)
    assert list(frozen.targets) == [campaigns[0].targets[1].id]
    assert bundle.letter_count == 3
    page = client.get(answer.location).text
    assert "A4 – DIN 5008 form A" in page


def test_several_campaigns_lead_to_their_journey(
    app: Flask, client: FlaskClient, session: Session, campaigns: list[Campaign]
) -> None:
    sign_in(client, app, "staff")
    answer = post(client, NEW, base(campaigns))
    journey = session.scalars(select(Journey)).one()
    assert answer.location.endswith(f"/desk/bundles/journeys/{journey.public_id}")
    assert [bundle.letter_count for bundle in bundles(session)] == [6, 3]


@pytest.mark.parametrize(
    ("wrong", "step", "words"),
    [
        (
            {"chosen": "1", "written": "en"},
            "Continue to the paper",
            "Choose at least one official.",
        ),
        (
            {"chosen": "1", "target": "ua-1-26:governor-9"},
            "Continue to the paper",
            "Choose at least one language.",
        ),
        ({"size": "501"}, "Check the bundle", "Enter a number from 1 to 500."),
        ({"size": "many"}, "Check the bundle", "Maximum in one volume"),
        ({"order": "height"}, "Check the bundle", "Order"),
        ({"layout": "a0"}, "Check the bundle", "Paper and envelope"),
        ({"locale": "xx"}, "Check the bundle", "Language of the cover letter"),
        ({"volumes": "colour"}, "Check the bundle", "Volumes"),
        ({"numbers": "7"}, "Check the bundle", "Numbers"),
        (
            {"written": "xx", "chosen": "1", "target": "ua-1-26:governor-9"},
            "Continue to the paper",
            "Languages",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["get", "post"])
def test_what_cannot_be_chosen_leads_back_to_its_step(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaigns: list[Campaign],
    wrong: dict[str, str],
    step: str,
    words: str,
    verb: str,
) -> None:
    sign_in(client, app, "staff")
    wish = base(campaigns, **wrong)
    answer = post(client, NEW, wish) if verb == "post" else client.get(NEW, query_string=wish)
    assert answer.status_code == 422
    assert step in answer.text
    assert words in answer.text
    assert bundles(session) == []


def test_one_stopped_campaign_holds_back_all_and_is_named(
    app: Flask, client: FlaskClient, session: Session, campaigns: list[Campaign]
) -> None:
    campaigns[1].status = CampaignStatus.STOPPED
    session.commit()
    sign_in(client, app, "staff")
    page = client.get(NEW, query_string=base(campaigns)).text
    assert "UA 2/26: The campaign has been stopped." in page
    assert "Freeze and print" not in page
    answer = post(client, NEW, base(campaigns))
    assert answer.status_code == 409
    assert bundles(session) == []


@pytest.mark.both_engines
def test_the_check_says_what_is_not_in_and_why(
    session: Session, freeze: Freeze, campaigns: list[Campaign]
) -> None:
    first = campaigns[0]
    freeze(first.id)
    add_confirmed(session, first, 2)
    for state, count in (
        (SignatureState.PENDING, 4),
        (SignatureState.HELD, 3),
        (SignatureState.REJECTED, 1),
        (SignatureState.WITHDRAWN, 2),
        (SignatureState.INVALID, 1),
        (SignatureState.ERASED, 1),
    ):
        add_confirmed(session, first, count, state=state)
    other = Target(official=make_target_official(8), mission=make_target_mission(8), position=2)
    first.targets.append(other)
    session.flush()
    add_confirmed(session, first, 1, letter_locale="es")
    mission = first.targets[0].mission
    assert mission is not None
    offers = list_offers(session, mission)
    choice = BundleChoice(targets=frozenset({first.targets[0].id}), locales=frozenset({"en", "fr"}))
    left = {
        (entry.campaign.reference, entry.why): entry.count
        for entry in list_left_out(
            session, mission, offers, {first.slug: choice}, sheets_travel=False
        )
    }
    assert left == {
        ("UA 1/26", Why.OFFICIAL): 3,
        ("UA 1/26", Why.LANGUAGE): 1,
        ("UA 1/26", Why.MISSION): 1,
        ("UA 1/26", Why.EARLIER): 6,
        ("UA 1/26", Why.PENDING): 4,
        ("UA 1/26", Why.HELD): 3,
        ("UA 1/26", Why.REJECTED): 1,
        ("UA 1/26", Why.WITHDRAWN): 2,
        ("UA 1/26", Why.INVALID): 1,
        ("UA 1/26", Why.ERASED): 1,
        ("UA 2/26", Why.CAMPAIGN): 3,
    }


@contextmanager
def pages_of(data: bytes) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        yield pdf


@pytest.mark.parametrize("most", [proof_print.SORTED, 0])
def test_a_proof_shows_the_first_three_the_odd_ones_and_what_would_be_set_aside(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaigns: list[Campaign],
    monkeypatch: pytest.MonkeyPatch,
    most: int,
) -> None:
    monkeypatch.setattr(proof_print, "SORTED", most)
    second = campaigns[1]
    later = db.utcnow() + timedelta(hours=1)
    long = "A longer word of my own. " * 30
    add_confirmed(session, second, 1, own_words=long, confirmed_at=later, letter_locale="en")
    add_confirmed(session, second, 1, given_name="Νίκος", confirmed_at=later, letter_locale="en")
    add_confirmed(session, second, 1, own_words="\U000e0fff", confirmed_at=later)
    session.commit()
    jobs.run_now("overview.count")
    assert first_blocks(session, [second.targets[0].id], None, letters=1, most=1)
    session.commit()
    sign_in(client, app, "staff")
    wish = base([second])
    page = client.get(f"{NEW}/proof", query_string=wish).text
    for words in (
        "Letter 00001",
        "Letter 00002",
        "Letter 00003",
        f"The longest: {len(long.strip())} characters in the supporter’s own words",
        "Written in another script (Greek)",
        "We checked all of them.",
        "Not printable",
        "U+E0FFF",
    ):
        assert words in page
    answer = post(client, f"{NEW}/proof", {**wish, "of": second.slug})
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    with pages_of(answer.data) as pdf:
        assert len(pdf.pages) == 5
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.action, entry.detail) == ("bundle.proof", {"letters": 5})
    assert bundles(session) == []


def test_a_proof_of_cards_names_what_is_too_long_for_one(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session, format=LetterFormat.CARD)
    long = "I write because what happened there matters to me. " * 30
    add_confirmed(session, campaign, 8, own_words=lambda at: long if at < 7 else "Be free.")
    session.commit()
    sign_in(client, app, "staff")
    page = client.get(f"{NEW}/proof", query_string=base([campaign])).text
    aside = page[page.index("Not printable") :]
    assert aside.count("The text does not fit on a card.") == 5
    assert "and 2 more" in aside
    as_letters = base([campaign], how="1", layout="fr")
    assert "does not fit" not in client.get(f"{NEW}/proof", query_string=as_letters).text


@pytest.mark.both_engines
def test_a_proof_looks_at_the_newest_letters_too(
    app: Flask, client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof_print, "LOOKED_AT", 3)
    monkeypatch.setattr(proof_print, "_NEWEST", 2)
    monkeypatch.setattr(proof_print, "_LONGEST", 0)
    campaign = make_campaign(session)
    start = db.utcnow()
    add_confirmed(
        session,
        campaign,
        9,
        confirmed_at=lambda at: start + timedelta(seconds=at),
        own_words="",
        given_name=lambda at: "\u0410\u043d\u043d\u0430" if at == 8 else "Ana",
    )
    session.commit()
    sign_in(client, app, "staff")
    page = client.get(f"{NEW}/proof", query_string=base([campaign])).text
    assert "Written in another script (Cyrillic)" in page
    assert "Checked 5 of 9" in page


def test_a_proof_of_a_campaign_that_is_not_chosen_is_not_found(
    app: Flask, client: FlaskClient, campaigns: list[Campaign]
) -> None:
    sign_in(client, app, "staff")
    answer = post(client, f"{NEW}/proof", {**base(campaigns[:1]), "of": campaigns[1].slug})
    assert answer.status_code == 404


def test_looking_at_the_steps_writes_nothing(
    app: Flask, client: FlaskClient, session: Session, campaigns: list[Campaign]
) -> None:
    sign_in(client, app, "staff")
    before = session.scalar(select(func.count(AuditEntry.id)))
    for step in ("", "/letters", "/paper", "/proof"):
        assert client.get(f"{NEW}{step}", query_string=base(campaigns)).status_code == 200
    assert bundles(session) == []
    assert session.scalar(select(func.count(AuditEntry.id))) == before


@pytest.mark.parametrize("step", ["", "/letters", "/paper", "/proof"])
def test_steps_are_for_staff_and_need_a_mission(
    app: Flask, client: FlaskClient, campaigns: list[Campaign], step: str
) -> None:
    assert client.get(f"{NEW}{step}", query_string=base(campaigns)).status_code == 302
    sign_in(client, app, "organizer")
    assert client.get(f"{NEW}{step}", query_string=base(campaigns)).status_code == 404
    sign_in(client, app, "staff", email="other@example.org")
    assert client.get(f"{NEW}{step}", query_string={"mission": "no"}).status_code == 404
    assert client.get(f"{NEW}{step}").status_code == 404


def test_a_letter_that_does_not_open_is_named_in_the_proof_and_holds_up_no_other(
    app: Flask, client: FlaskClient, session: Session, campaigns: list[Campaign]
) -> None:
    second = campaigns[1]
    damaged = session.scalars(
        select(Signature.id).where(Signature.campaign_id == second.id).order_by(Signature.id)
    ).first()
    session.connection().exec_driver_sql(
        f"UPDATE signature SET own_words = region WHERE id = {damaged}"
    )
    session.commit()
    sign_in(client, app, "staff")
    page = client.get(f"{NEW}/proof", query_string=base([second])).text
    assert "The stored text cannot be opened" in page
    assert "Letter 00002" in page
    assert "Letter 00003" not in page


def test_only_what_travels_is_asked_about_cards_and_the_other_ticks_ride_along(
    app: Flask, client: FlaskClient, session: Session, campaigns: list[Campaign]
) -> None:
    first, second = campaigns
    second.format = LetterFormat.CARD
    rest = {"chosen": "1", "written": ["en"], "target": ["ua-1-26:governor-9"]}
    session.commit()
    sign_in(client, app, "staff")
    page = client.get(f"{NEW}/paper", query_string=base([first], **rest)).text
    cards = re.findall(r'<input[^>]*name="cards"[^>]*>', page)
    assert [('type="checkbox"' in tag, 'value="ua-1-26"' in tag) for tag in cards] == [
        (True, True),
        (False, False),
    ]
    assert 'type="hidden" name="cards" value="ua-2-26"' in page
    both = client.get(f"{NEW}/paper", query_string=base(campaigns, **rest)).text
    assert len(re.findall(r'<input[^>]*name="cards"[^>]*type="checkbox"', both)) == 2
