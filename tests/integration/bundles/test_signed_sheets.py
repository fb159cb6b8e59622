"""Signed sheets of which no letter comes along: a bundle of their own, to the gate and beyond."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from campaign.bundles.changes import withdrawals
from campaign.bundles.documents import cover_texts
from campaign.bundles.documents.cover_texts import CoverWords
from campaign.bundles.documents.verify import verify_copy
from campaign.bundles.freeze import freeze_bundle, signed_sheets
from campaign.bundles.freeze.choices import BundleChoice
from campaign.campaigns.status_changes import stop_campaign
from campaign.commands.print_bundle import bundle as command
from campaign.core import db, jobs
from campaign.core.errors import Refused
from campaign.core.settings import Settings
from campaign.deliveries.publish_delivery import propose_post
from campaign.models.bundle import Bundle, BundleKind, BundleState, DeliveryAttempt
from campaign.models.campaign import Campaign
from campaign.models.delivery import Rerouting
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.models.staff import Role
from campaign.privacy.overdue import is_awaited
from tests.factories import add_confirmed, make_campaign, make_target_mission, post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.bundles.test_cover_texts import text_of
from tests.integration.bundles.test_print import contents, zip_of
from tests.integration.conftest import Keep
from tests.integration.deliveries.conftest import form

NEW = "/desk/bundles/new"
WISH = {"campaign": "ua-1-26", "mission": "embassy-1"}


@pytest.fixture
def campaign(session: Session) -> Campaign:
    """A campaign that two people signed by hand, and nobody online."""
    opened = make_campaign(session)
    for signature in add_confirmed(session, opened, 2, family_name="Papier"):
        signature.origin, signature.letters = Origin.PAPER, []
    session.commit()
    return opened


@pytest.fixture
def ready(campaign: Campaign, freeze: Freeze, print_bundle: Print, keep: Keep) -> int:
    """Their bundle, that is ready."""

    def make() -> int:
        bundle_id = freeze(campaign.id, on_paper=1)
        assert print_bundle(bundle_id) is BundleState.READY
        return bundle_id

    return keep("ready", make)


def awaited(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count(Signature.id)).where(is_awaited())) or 0


def test_its_papers_speak_of_sheets_and_hold_together(
    app: Flask,
    session: Session,
    campaign: Campaign,
    freeze: Freeze,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    mission = campaign.targets[0].mission
    assert mission is not None
    own = CoverWords("Letters", "Dear all:", "We bring ((letters)).\n\n((counts))", "Yours,")
    cover_texts.save_words(session, mission=mission, locale="en", words=own, actor="command")
    session.commit()
    bundle_id = freeze(campaign.id, on_paper=1)
    assert print_bundle(bundle_id) is BundleState.READY
    path = zip_of(app, bundle_id, tmp_path)
    result = verify_copy(path)
    assert result.findings == []
    assert (result.letters, result.volumes) == (0, 0)
    files = contents(path)
    assert not {"contents.pdf", "letters-001.pdf"} & set(files)
    manifest = json.loads(files["manifest.json"])
    assert (manifest["letters"], manifest["volumes"], manifest["set_aside"]) == ([], [], [])
    assert [entry["number"] for entry in manifest["on_paper"]] == ["P00001", "P00002"]
    rows = list(csv.DictReader(io.StringIO(files["signatures.csv"].decode("utf-8-sig"))))
    assert [(row["number"], row["kind"]) for row in rows] == [
        ("P00001", "paper"),
        ("P00002", "paper"),
    ]
    cover = " ".join(text_of(files["cover-letter.pdf"]).split())
    assert "what people have signed by hand" in cover
    assert "2 people signed by hand" in cover
    gate = text_of(files["delivery-sheet.pdf"])
    assert "Delivery of signatures" in gate
    assert "List of the people who signed" in gate
    assert "Accepted in part" not in gate, "sheets have no numbers by which a part could be named"
    listed = " ".join(text_of(files["signatures.pdf"]).split())
    assert "2 people who signed on paper" in listed
    for text in (cover, gate, listed, files["README.html"].decode()):
        assert "letters" not in text.replace("Letters for Defenders", "").lower()
    session.rollback()
    bundle = reload(session, bundle_id)
    assert (bundle.kind, bundle.letter_count, bundle.page_count) == (BundleKind.FIRST, 0, 0)


def test_sheets_that_nobody_takes_along_are_no_reason(
    session: Session, campaign: Campaign, freeze: Freeze
) -> None:
    campaign_id = campaign.id
    session.rollback()
    with pytest.raises(Refused, match="nothing-to-print"):
        freeze(campaign_id)
    freeze(campaign_id, on_paper=1)
    with pytest.raises(Refused, match="nothing-to-print"):
        freeze(campaign_id, on_paper=1)


def test_its_numbers_go_on_after_no_letter(
    session: Session, campaign: Campaign, settings: Settings
) -> None:
    add_confirmed(session, campaign, 3)
    mission = campaign.targets[0].mission
    assert mission is not None

    def make(on_paper: int) -> Bundle:
        return freeze_bundle.freeze(
            session,
            campaign=campaign,
            mission=mission,
            settings=settings,
            locale="en",
            actor="command",
            on_paper=on_paper,
            choice=BundleChoice(goes_on=True),
        )

    bundles = [make(0), make(1)]
    add_confirmed(session, campaign, 1)
    bundles.append(make(0))
    assert [bundle.frozen["first_number"] for bundle in bundles] == [1, 1, 4]


@pytest.mark.both_engines
def test_a_worker_makes_its_papers_and_a_sweep_finds_it(
    app: Flask, session: Session, campaign: Campaign, client: FlaskClient
) -> None:
    sign_in(client, app, Role.STAFF)
    answer = post(client, NEW, WISH)
    assert answer.status_code == 303
    session.rollback()
    page = client.get(answer.location).text
    assert "Making the lists" in page
    assert "Printed 0 of" not in page
    bundle_id = session.scalars(select(Bundle.id)).one()
    session.rollback()
    with app.app_context():
        assert jobs.queue().waiting() == 1
        jobs.run_now("bundles.sweep")
        assert jobs.queue().waiting() == 2
        jobs.run_now("bundles.assemble", bundle_id)
    assert reload(session, bundle_id).state is BundleState.READY
    session.rollback()
    page = client.get(answer.location).text
    assert "one ZIP file with what goes with the signature sheets" in page


def test_the_desk_offers_them(
    app: Flask, session: Session, campaign: Campaign, client: FlaskClient
) -> None:
    sign_in(client, app, Role.STAFF)
    index = client.get("/desk/bundles/").text
    assert "2 people on signed sheets" in index
    letters = client.get(f"{NEW}/letters", query_string={"mission": "embassy-1"}).text
    assert "2 people on signed sheets" in letters
    check = client.get(NEW, query_string=WISH).text
    assert "Only signature sheets are waiting" in check
    assert "Freeze and print" in check
    chosen = {
        **WISH,
        "how": "1",
        "layout": "fr",
        "size": "40",
        "order": "name",
        "volumes": "size",
        "numbers": "one",
        "locale": "es",
    }
    unticked = client.get(NEW, query_string=chosen)
    assert "2 paper signatures are not in a bundle yet." in unticked.text
    assert re.search(r'/paper[^"]*#sheets_travel"', unticked.text)
    assert "Nothing is waiting" not in unticked.text
    assert "Freeze and print" not in unticked.text
    assert client.get(f"{NEW}/paper", query_string=WISH).status_code == 200
    assert client.get(f"{NEW}/proof", query_string=WISH).status_code == 200


def test_the_command_takes_them_where_it_is_told_to(
    session: Session,
    campaign: Campaign,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(settings.folder))
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", settings.sqlalchemy_url)
    arguments = ["ua-1-26", "--mission", "embassy-1", "--out", str(tmp_path), "--json"]
    session.rollback()
    assert CliRunner().invoke(command, arguments).exit_code == 1
    result = CliRunner().invoke(command, [*arguments, "--sheets"])
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    assert (facts["letters"], facts["volumes"], facts["pages"], facts["on_paper"]) == (0, 0, 0, 2)
    assert verify_copy(Path(facts["zip"])).findings == []


def test_of_a_stopped_campaign_today_says_how_many_people_stand_on_its_sheets(
    app: Flask, session: Session, ready: int, client: FlaskClient
) -> None:
    bundle = reload(session, ready)
    stop_campaign(
        session, bundle.campaign, actor="test", now=db.utcnow(), reasons={"en": "She asked us to."}
    )
    session.commit()
    sign_in(client, app, Role.STAFF)
    page = client.get("/desk/today").text
    assert "Stopped: do not deliver 1 printed bundle" in page
    assert "2 people on signed sheets" in page


def test_at_the_gate_people_are_counted_and_nobody_waits_afterwards(
    app: Flask, session: Session, ready: int, client: FlaskClient
) -> None:
    bundle = reload(session, ready)
    url = f"/desk/bundles/{bundle.public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    gate = client.get(f"{url}/deliver").text
    assert "2 people on signed sheets" in gate
    assert 'value="part"' not in gate
    assert ">Accepted</label>" in gate
    assert "Accepted all letters" not in gate
    assert awaited(session) == 2
    part = post(client, f"{url}/deliver", form(outcome="part", **{f"taken_{ready}": "1"}))
    assert part.status_code == 422
    assert post(client, f"{url}/deliver", form(happened_time="")).status_code == 303
    assert awaited(session) == 0
    attempt = session.scalars(select(DeliveryAttempt)).one()
    assert attempt.messages == 2
    assert propose_post(attempt, bundle.mission, "en")[0] == "Signature sheets delivered"
    page = client.get(url).text
    assert "2 people on signed sheets" in page
    assert "Record a delivery" not in page
    assert post(client, f"{url}/deliver", form(place="again")).status_code == 422


def test_the_list_of_signed_sheets_can_be_exported_from_the_page_of_the_bundle(
    app: Flask, session: Session, ready: int, client: FlaskClient
) -> None:
    public_id = reload(session, ready).public_id
    session.rollback()
    sign_in(client, app, Role.STAFF)
    page = html.fromstring(client.get(f"/desk/bundles/{public_id}").text)
    (address,) = page.xpath("//a[.='Export the signature list']/@href")
    chosen = html.fromstring(client.get(address).text).get_element_by_id("bundle")
    assert chosen.value == public_id


@pytest.mark.both_engines
def test_sheets_that_were_refused_go_through_another_mission(
    app: Flask,
    session: Session,
    ready: int,
    client: FlaskClient,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    session.add(make_target_mission(7, slug="consulate-montreal", locality="Montréal"))
    session.commit()
    url = f"/desk/bundles/{reload(session, ready).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    refused = form(outcome="refused", happened_time="")
    assert post(client, f"{url}/deliver", refused).status_code == 303
    after = client.get(f"{url}/after").text
    assert "You still have the signature sheets here." in after
    assert "Make the envelopes" not in after
    moved = post(client, f"{url}/after/reroute", {"mission": "consulate-montreal"})
    assert moved.status_code == 303
    assert "The signature sheets now go through this mission:" in client.get(url).text
    rerouted_id = session.scalars(select(Rerouting.to_bundle_id)).one()
    session.rollback()
    assert print_bundle(rerouted_id) is BundleState.READY
    assert signed_sheets.count_carried(session, rerouted_id) == 2
    assert verify_copy(zip_of(app, rerouted_id, tmp_path)).findings == []
    assert (
        post(client, f"{url}/after/reroute", {"mission": "consulate-montreal"}).status_code == 409
    )


def test_it_is_made_again_without_who_is_gone_and_its_files_go_without_anybody(
    session: Session, ready: int, print_bundle: Print
) -> None:
    first = session.scalars(select(Signature.id).order_by(Signature.id)).first()
    session.execute(delete(Signature).where(Signature.id == first))
    session.commit()
    jobs.run_now("bundles.remake")
    assert print_bundle(ready) is BundleState.READY
    assert signed_sheets.count_carried(session, ready) == 1
    session.execute(delete(Signature))
    session.commit()
    jobs.run_now("bundles.remake")
    assert reload(session, ready).emptied_at is not None


def test_people_on_sheets_still_count_where_every_letter_was_withdrawn(
    client: FlaskClient,
    app: Flask,
    session: Session,
    campaign: Campaign,
    freeze: Freeze,
    print_bundle: Print,
) -> None:
    letters = [signature.id for signature in add_confirmed(session, campaign, 2)]
    session.commit()
    bundle_id = freeze(campaign.id, on_paper=1)
    assert print_bundle(bundle_id) is BundleState.READY
    withdrawn = update(Signature).where(Signature.id.in_(letters))
    session.execute(withdrawn.values(state=SignatureState.WITHDRAWN))
    session.commit()
    jobs.run_now("bundles.remake")
    url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    page = client.get(url).text
    assert "The contents of this bundle were withdrawn" in page
    assert "but keep signature sheets" in page
    assert "Everything in this bundle was withdrawn" not in page
    assert "withdrawn or under review" in client.get("/desk/today").text
    assert post(client, f"{url}/cancel", {"reason": "For the sheets"}).status_code == 303
    session.rollback()
    assert signed_sheets.count_carried(session, bundle_id) == 0, "they wait for another bundle"


def test_it_is_made_again_where_as_many_people_are_others(
    session: Session, campaign: Campaign, freeze: Freeze, print_bundle: Print
) -> None:
    bundle_id = freeze(campaign.id, on_paper=1)
    first, second = session.scalars(select(Signature).order_by(Signature.id)).all()
    second.state = SignatureState.WITHDRAWN
    session.commit()
    assert print_bundle(bundle_id) is BundleState.READY
    assert not withdrawals.lists_are_stale(session, reload(session, bundle_id))
    first, second = session.scalars(select(Signature).order_by(Signature.id)).all()
    first.state, second.state = SignatureState.WITHDRAWN, SignatureState.CONFIRMED
    session.commit()
    assert withdrawals.lists_are_stale(session, reload(session, bundle_id))


def test_letters_that_all_fail_are_not_hidden_behind_sheets(
    session: Session, campaign: Campaign, freeze: Freeze, print_bundle: Print
) -> None:
    add_confirmed(session, campaign, 1)
    for signature in session.scalars(select(Signature).where(Signature.origin != Origin.PAPER)):
        signature.own_words = "\U000e0fff"
    session.commit()
    assert print_bundle(freeze(campaign.id, on_paper=1)) is BundleState.FAILED
