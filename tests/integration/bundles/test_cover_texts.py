"""The words of a cover letter, per mission and language; people on sheets in the lists."""

import csv
import io
import json
import re
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

import openpyxl
import pypdfium2  # type: ignore[import-untyped]
import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles.documents import cover_letter, cover_texts
from campaign.bundles.documents.cover_texts import CoverWords
from campaign.bundles.documents.verify import verify_copy
from campaign.core import jobs
from campaign.core.errors import Invalid
from campaign.directory.duplicate_entries import merge
from campaign.models.bundle import BundleState, CarriedSignature, CoverText
from campaign.models.campaign import Campaign
from campaign.models.directory import Mission
from campaign.models.signature import Disclosure, Origin, Signature
from campaign.models.staff import Role
from tests.factories import add_confirmed, make_campaign, make_target_mission, post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.bundles.test_print import contents, zip_of

OWN = CoverWords(
    "((reference)): ((letters))",
    "Dear ((head_of_mission)):",
    "We bring ((letters)) for ((person_name)).\n\n((sheets))\n\n((counts))\n\n"
    "From ((organisation)).",
    "With respect,",
)


@pytest.fixture
def mission(session: Session) -> Mission:
    """The mission of a campaign with three letters that wait."""
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3)
    session.commit()
    embassy = campaign.targets[0].mission
    assert embassy is not None
    return embassy


def text_of(data: bytes) -> str:
    with pypdfium2.PdfDocument(data) as pdf:
        return "\n".join(page.get_textpage().get_text_bounded() for page in pdf)


def keep(session: Session, mission: Mission, words: CoverWords | None, locale: str = "en") -> None:
    cover_texts.save_words(session, mission=mission, locale=locale, words=words, actor="command")
    session.commit()


def test_a_mission_s_own_words_are_filled_and_printed(
    app: Flask,
    session: Session,
    mission: Mission,
    freeze: Freeze,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    keep(session, mission, OWN)
    bundle_id = freeze(session.scalars(select(Campaign.id)).one())
    assert print_bundle(bundle_id) is BundleState.READY
    text = text_of(contents(zip_of(app, bundle_id, tmp_path))["cover-letter.pdf"])
    for words in (
        "UA 1/26: 3 letters",
        "Dear Tomas Arbelaez:",
        "We bring 3 letters for Amara",
        "From Letters for Defenders.",
        "With respect,",
    ):
        assert words in text
    assert "((" not in text


@pytest.mark.both_engines
def test_a_bundle_keeps_the_words_that_stood_when_it_was_frozen(
    app: Flask,
    session: Session,
    mission: Mission,
    freeze: Freeze,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    keep(session, mission, OWN)
    campaign_id = session.scalars(select(Campaign.id)).one()
    session.rollback()
    bundle_id = freeze(campaign_id)
    keep(session, mission, CoverWords("Later", "Later", "Later", "Later"))
    assert print_bundle(bundle_id) is BundleState.READY
    text = text_of(contents(zip_of(app, bundle_id, tmp_path))["cover-letter.pdf"])
    assert "With respect," in text
    assert "Later" not in text


def test_versions_never_change_and_the_usual_text_can_come_back(
    session: Session, mission: Mission
) -> None:
    keep(session, mission, OWN)
    keep(session, mission, OWN)
    keep(session, mission, None)
    keep(session, mission, OWN, "fr")
    rows = session.execute(
        select(CoverText.locale, CoverText.version, CoverText.body).order_by(CoverText.id)
    ).all()
    assert [tuple(row) for row in rows] == [("en", 1, OWN.body), ("en", 2, ""), ("fr", 1, OWN.body)]
    assert cover_texts.find_words(session, mission_id=mission.id, locale="en") is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (CoverWords("a", "b", "We bring ((leters)).", "d"), {"body": "cover-placeholder"}),
        (CoverWords("a", "b", "We bring ((name.__class__)).", "d"), {"body": "cover-placeholder"}),
        (CoverWords("", "b", "c", "d"), {"subject": "cover-empty"}),
        (CoverWords("a", "b", "x" * 4001, "d"), {"body": "cover-too-long"}),
        (CoverWords("a", "\U0001f600", "c", "d"), {"salutation": "cover-character"}),
    ],
)
def test_words_that_cannot_be_printed_are_refused_by_field(
    words: CoverWords, expected: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as problem:
        cover_texts.check_words(words)
    assert problem.value.fields == expected


def test_the_usual_words_hold_no_placeholder_that_is_none(app: Flask) -> None:
    with app.test_request_context():
        for kind in ("embassy", "consulate"):
            cover_texts.check_words(cover_letter.usual_words(kind))


def test_the_language_of_a_mission_is_its_country_s(session: Session) -> None:
    site = ["en", "fr", "es", "ar"]
    for country, language in (("MX", "es"), ("EG", "ar"), ("SN", "fr"), ("JP", "en")):
        mission = make_target_mission(9, sending_country=country)
        assert cover_texts.language_of(mission, site) == language


def test_when_two_missions_become_one_the_texts_of_both_languages_stay(
    session: Session, mission: Mission
) -> None:
    other = make_target_mission(2)
    session.add(other)
    session.flush()
    keep(session, mission, OWN)
    keep(session, other, CoverWords("Theirs", "b", "c", "d"))
    keep(session, other, OWN, "es")
    merge(session, kept=mission, gone=other, take=(), actor="command")
    session.commit()
    for locale in ("en", "es"):
        words = cover_texts.find_words(session, mission_id=mission.id, locale=locale)
        assert words == OWN
    assert session.scalar(select(func.count(CoverText.id))) == 2


# --- At the desk -------------------------------------------------------------------------------


def test_staff_write_look_and_go_back(
    app: Flask, client: FlaskClient, session: Session, mission: Mission
) -> None:
    url = f"/desk/bundles/missions/{mission.slug}/cover"
    session.rollback()
    sign_in(client, app, Role.ORGANIZER)
    assert client.get(url).status_code == 404
    sign_in(client, app, Role.STAFF)
    assert client.get(url).location == f"{url}/es"
    page = client.get(f"{url}/en")
    assert page.status_code == 200
    assert "((counts))" in page.text
    form = {
        "subject": OWN.subject,
        "salutation": OWN.salutation,
        "body": OWN.body,
        "close": OWN.close,
    }
    looked = post(client, f"{url}/en", {**form, "look": "1"})
    assert looked.mimetype == "application/pdf"
    assert "With respect," in text_of(looked.data)
    assert session.scalar(select(func.count(CoverText.id))) == 0
    session.rollback()
    with app.test_request_context(), force_locale("en"):
        usual = asdict(cover_letter.usual_words(mission.kind.value))
    assert post(client, f"{url}/en", usual).status_code == 303
    assert "The standard text is in use." in client.get(f"{url}/en").text
    assert post(client, f"{url}/en", form).status_code == 303
    assert "Dear ((head_of_mission))" in client.get(f"{url}/en").text
    wrong = post(client, f"{url}/en", {**form, "body": "We bring ((lettres))."})
    assert wrong.status_code == 422
    assert "((lettres)) is not a placeholder" in wrong.text
    assert post(client, f"{url}/en", {**form, "usual": "1"}).status_code == 303
    assert "With this letter we deliver ((letters))" in client.get(f"{url}/en").text
    assert client.get(f"{url}/{quote('xx')}").status_code == 404


# --- People on sheets --------------------------------------------------------------------------


def test_people_on_sheets_stand_in_the_lists_counted_apart(
    app: Flask,
    session: Session,
    mission: Mission,
    freeze: Freeze,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    campaign = session.scalars(select(Campaign)).one()
    for at, person in enumerate(add_confirmed(session, campaign, 3, family_name="Papier")):
        person.origin, person.letters, person.disclosure = Origin.PAPER, [], list(Disclosure)[at]
    session.commit()
    bundle_id = freeze(campaign.id, on_paper=1)
    assert print_bundle(bundle_id) is BundleState.READY
    path = zip_of(app, bundle_id, tmp_path)
    result = verify_copy(path)
    assert result.findings == []
    assert result.letters == 3
    files = contents(path)
    rows = list(csv.DictReader(io.StringIO(files["signatures.csv"].decode("utf-8-sig"))))
    assert [(row["number"], row["kind"]) for row in rows[3:]] == [
        ("P00001", "paper"),
        ("P00002", "paper"),
        ("P00003", "paper"),
    ]
    assert [bool(row["postal_code"]) for row in rows[3:]] == [False, False, True]
    sheet = openpyxl.load_workbook(io.BytesIO(files["signatures.xlsx"])).active
    assert sheet["A5"].value == "P00001"
    listed = " ".join(text_of(files["signatures.pdf"]).split())
    assert "3 letters · 3 people who signed on paper" in listed
    assert listed.index("Signed on paper, on the sheets") < listed.index("P00001")
    manifest = json.loads(files["manifest.json"])
    assert (manifest["bundle"]["printed"], manifest["bundle"]["on_paper"]) == (3, 3)
    assert [entry["number"] for entry in manifest["on_paper"]] == ["P00001", "P00002", "P00003"]
    gate = " ".join(text_of(files["delivery-sheet.pdf"]).split())
    assert "Sheets of paper" in gate
    assert "If in part: how many letters, and their numbers" in gate
    assert "3 people signed by hand" in text_of(files["cover-letter.pdf"])
    assert "Papier" not in files["manifest.json"].decode()


def test_who_is_taken_off_a_sheet_is_taken_off_the_lists_before_they_are_handed_over(
    app: Flask,
    session: Session,
    mission: Mission,
    freeze: Freeze,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    campaign = session.scalars(select(Campaign)).one()
    people = add_confirmed(session, campaign, 2, family_name="Papier")
    for person in people:
        person.origin, person.letters = Origin.PAPER, []
    session.commit()
    bundle_id = freeze(campaign.id, on_paper=1)
    assert print_bundle(bundle_id) is BundleState.READY
    session.delete(session.get_one(Signature, people[0].id))
    session.commit()
    assert session.scalar(select(func.count()).select_from(CarriedSignature)) == 1
    session.rollback()
    jobs.run_now("bundles.remake")
    assert reload(session, bundle_id).state is BundleState.PRINTING
    session.rollback()
    assert print_bundle(bundle_id) is BundleState.READY
    path = zip_of(app, bundle_id, tmp_path)
    assert verify_copy(path).findings == []
    manifest = json.loads(contents(path)["manifest.json"])
    assert [entry["number"] for entry in manifest["on_paper"]] == ["P00002"]
    assert {volume.attempt for volume in reload(session, bundle_id).volumes} == {1}


@pytest.mark.parametrize("locale", ["en", "fr", "es", "ar"])
@pytest.mark.parametrize("cards", [False, True])
def test_the_usual_words_speak_of_one_letter_as_one(app: Flask, locale: str, cards: bool) -> None:
    many = r"letters|each|cards|lettres|cartes|chaque|cartas|tarjetas|cada|الرسائل|البطاقات|كل "
    with app.test_request_context(f"/{locale}/"), force_locale(locale):
        singular = cover_letter.usual_words("embassy", cards=cards, letters=1)
        several = cover_letter.usual_words("embassy", cards=cards, letters=42)
    kept = singular.body.replace("((letters))", "")
    assert not re.search(many, f"{singular.subject}\n{kept}", re.IGNORECASE)
    assert re.search(many, several.body.replace("((letters))", ""), re.IGNORECASE)


def test_a_volume_of_one_letter_says_so(app: Flask) -> None:
    volumes = [
        {"sequence": at, "state": state, "done": 0, "letters": letters}
        for at, (state, letters) in enumerate([("printed", 1), ("waiting", 1), ("printed", 9)], 1)
    ]
    with app.test_request_context("/en/"):
        source = "{% import '_ui.html' as ui with context %}{{ ui.volumes(volumes) }}"
        markup = render_template_string(source, volumes=volumes)
    assert "Volume 1: printed, 1 letter</span>" in markup
    assert "Volume 2: waiting, 1 letter</span>" in markup
    assert "Volume 3: printed, 9 letters" in markup
