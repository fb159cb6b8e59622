"""What follows once letters go through another mission: for them, and for the bundle they left."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import downloads, file_names
from campaign.bundles.changes import cancel_bundle, remake_bundle
from campaign.bundles.documents.verify import verify_copy
from campaign.bundles.freeze import signed_sheets
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.letter_codes.proof_file import Proof
from campaign.bundles.letter_codes.stored_codes import find_proof
from campaign.commands.print_bundle import bundle as command
from campaign.core import db, jobs
from campaign.core.errors import Refused
from campaign.core.settings import Settings
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.recording_rules import Numbers
from campaign.exports import records
from campaign.mail.messages import OutboxMail
from campaign.models.bundle import Bundle, BundleKind, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import LetterMove, Rerouting
from campaign.models.directory import Mission
from campaign.models.export import ExportKind
from campaign.models.signature import WITHDRAWN, Letter, Origin, Signature, SignatureState
from campaign.models.taken_out import PersonOff
from campaign.privacy.overdue import is_awaited
from tests.days import days_ago
from tests.factories import add_confirmed, post
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.bundles.test_late_copies import add_copy
from tests.integration.bundles.test_print import contents, zip_of
from tests.integration.conftest import Keep
from tests.integration.deliveries.conftest import Record, Reroute
from tests.integration.deliveries.test_envelopes import after, posting

UNPRINTABLE = "\U000e0fff"


@pytest.fixture
def with_sheets(
    session: Session, campaign: Campaign, freeze: Freeze, print_bundle: Print, keep: Keep
) -> Bundle:
    """Two letters and two people on sheets, printed."""

    def make() -> int:
        add_confirmed(session, campaign, 2, letter_locale="en")
        for signature in add_confirmed(session, campaign, 2, family_name="Papier"):
            signature.origin, signature.letters = Origin.PAPER, []
        session.commit()
        bundle_id = freeze(campaign.id, on_paper=1)
        assert print_bundle(bundle_id) is BundleState.READY
        return bundle_id

    return reload(session, keep("with sheets", make))


def awaited_on_paper(session: Session) -> int:
    query = select(Signature.id).where(Signature.origin == Origin.PAPER, is_awaited())
    return len(session.scalars(query).all())


# --- Its lists -----------------------------------------------------------------------------------


def listed(session: Session, bundle_id: int) -> list[tuple[records.Cell, ...]]:
    """Number, what happened, and where a letter went on, of an export."""
    session.rollback()
    bundle = session.get_one(Bundle, bundle_id)
    source = records.Source(
        ExportKind.FULL,
        bundle.campaign_id,
        bundle_id,
        "America/Toronto",
        Frozen.from_json(bundle.frozen),
    )
    total = records.count(session, source)
    session.rollback()
    rows = [
        tuple(row[source.columns.index(name)] for name in ("number", "outcome", "went_on"))
        for row in records.iter_records(source, lambda: None)
    ]
    assert total == len(rows)
    return rows


def test_an_export_holds_who_signed_on_the_sheets_and_what_happened_to_them(
    session: Session, with_sheets: Bundle, record: Record, reroute: Reroute, print_bundle: Print
) -> None:
    printed = [("00001", "", ""), ("00002", "", "")]
    assert listed(session, with_sheets.id) == [*printed, ("P00001", "", ""), ("P00002", "", "")]
    session.rollback()
    record(reload(session, with_sheets.id), DeliveryOutcome.REFUSED)
    moved_id = reroute(with_sheets.id)
    numbers = ("00001", "00002", "P00001", "P00002")
    assert listed(session, with_sheets.id) == [
        (number, "refused", "001 (consulate-montreal)") for number in numbers
    ]
    session.rollback()
    assert print_bundle(moved_id) is BundleState.READY
    assert listed(session, moved_id) == [(number, "", "") for number in numbers]
    session.rollback()
    record(reload(session, moved_id), DeliveryOutcome.ACCEPTED)
    assert listed(session, moved_id) == [(number, "accepted", "") for number in numbers]
    bundle = reload(session, moved_id)
    off = PersonOff(number="P00001", reason="invalid", on="2026-11-01", sha256="")
    bundle.taken_out = bundle.taken_out.plus(off)
    session.commit()
    assert listed(session, moved_id)[2:] == [("P00001", "", ""), ("P00002", "accepted", "")]


@pytest.mark.parametrize(
    ("outcome", "says"),
    [(DeliveryOutcome.ACCEPTED, "Also 2 signatures on paper."), (DeliveryOutcome.REFUSED, "")],
)
def test_the_words_of_a_post_name_the_sheets_that_went_with_the_letters(
    staff: FlaskClient,
    session: Session,
    with_sheets: Bundle,
    record: Record,
    outcome: DeliveryOutcome,
    says: str,
) -> None:
    record(with_sheets, outcome)
    session.rollback()
    attempt = session.scalars(select(DeliveryAttempt)).one()
    page = staff.get(f"/desk/deliveries/attempts/{attempt.public_id}/publish").text
    assert ("signatures on paper" in page) is bool(says)
    assert says in page


def test_an_export_says_that_sheets_which_stayed_here_wait_for_another_bundle(
    staff: FlaskClient, session: Session, with_sheets: Bundle, record: Record
) -> None:
    record(with_sheets, DeliveryOutcome.REFUSED)
    assert post(staff, after(with_sheets, "split"), {"letters_each": "2"}).status_code == 303
    assert post(staff, after(with_sheets, "post"), posting()).status_code == 303
    assert listed(session, with_sheets.id)[2:] == [
        ("P00001", "refused", "waiting"),
        ("P00002", "refused", "waiting"),
    ]


def test_an_export_holds_all_that_was_printed_and_what_happened_to_each(
    app: Flask,
    session: Session,
    bundle: Bundle,
    record: Record,
    reroute: Reroute,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "_BATCH", 2)
    record(bundle, DeliveryOutcome.REFUSED, day=days_ago(2))
    part = record(bundle, DeliveryOutcome.PART, day=days_ago(1), taken=3).attempts[0]
    split_bundle.name_part(
        session,
        session.get_one(DeliveryAttempt, part.id),
        [Numbers(1, 2), Numbers(6, 6)],
        actor="test",
    )
    session.commit()
    moved_id = reroute(bundle.id)
    with app.app_context():
        went = "001 (consulate-montreal)"
        assert listed(session, bundle.id) == [
            ("00001", "refused accepted", ""),
            ("00002", "refused accepted", ""),
            ("00003", "refused refused", went),
            ("00004", "refused refused", went),
            ("00005", "refused refused", went),
            ("00006", "refused accepted", ""),
            ("00007", "refused refused", went),
        ]
        session.execute(update(Letter).where(Letter.bundle_id == moved_id).values(first_page=1))
        session.commit()
        assert [row[0] for row in listed(session, moved_id)] == ["00001", "00002", "00003", "00004"]


# --- The new bundle fails at its first printing ------------------------------------------------


@pytest.fixture
def failed(
    session: Session, bundle: Bundle, record: Record, reroute: Reroute, print_bundle: Print
) -> Bundle:
    """A bundle of letters that another mission refused, none of which can be printed."""
    record(bundle, DeliveryOutcome.REFUSED)
    moved_id = reroute(bundle.id)
    for signature in session.scalars(select(Signature)):
        signature.own_words = f"I write {UNPRINTABLE}"
    session.commit()
    assert print_bundle(moved_id) is BundleState.FAILED
    return reload(session, moved_id)


@pytest.mark.both_engines
def test_its_letters_can_be_given_back(
    staff: FlaskClient, session: Session, bundle: Bundle, failed: Bundle
) -> None:
    failed_id, url = failed.id, f"/desk/bundles/{failed.public_id}"
    session.rollback()
    assert post(staff, f"{url}/release", {}).location.endswith(url)
    cancelled = reload(session, failed_id)
    assert cancelled.state is BundleState.CANCELLED
    assert set(session.scalars(select(Letter.bundle_id))) == {bundle.id}, "where they were before"
    assert session.scalars(select(LetterMove)).all() == []
    assert reload(session, bundle.id).state is BundleState.READY
    assert staff.get(url).status_code == 200


def test_the_command_gives_them_back_to_the_bundle_that_they_came_from(
    session: Session,
    failed: Bundle,
    campaign: Campaign,
    other_mission: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(settings.folder))
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", settings.sqlalchemy_url)
    failed_id, slug = failed.id, campaign.slug
    session.rollback()
    arguments = [slug, "--mission", other_mission, "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "An earlier bundle failed. Its letters are ready again.",
        f"There is nothing new to print for {slug} and {other_mission}.",
    ]
    assert reload(session, failed_id).state is BundleState.CANCELLED


# --- The bundle that they left -----------------------------------------------------------------


def test_it_is_not_made_again_and_keeps_its_files(
    session: Session, printed: Bundle, record: Record, reroute: Reroute
) -> None:
    """One letter was withdrawn just before: it is all that is left of what was printed."""
    record(printed, DeliveryOutcome.REFUSED)
    first = session.scalars(select(Signature).order_by(Signature.id)).first()
    assert first is not None
    first.state = SignatureState.WITHDRAWN
    session.commit()
    reroute(printed.id)
    names = set(storage.storage().names(file_names.stored_folder(printed.public_id)))
    jobs.run_now("bundles.remake")
    left = reload(session, printed.id)
    assert (left.state, left.remade_at) == (BundleState.READY, None)
    assert set(storage.storage().names(file_names.stored_folder(left.public_id))) == names
    for deed in (
        lambda: remake_bundle.remake(session, left, actor="test"),
        lambda: cancel_bundle.cancel(session, left, storage.storage(), reason="x", actor="test"),
    ):
        with pytest.raises(Refused, match="moved-on"):
            deed()


def test_its_page_says_what_is_gone_and_promises_nothing(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record, reroute: Reroute
) -> None:
    record(printed, DeliveryOutcome.REFUSED)
    session.execute(
        update(Signature)
        .where(Signature.id.in_(select(Letter.signature_id).where(Letter.sequence == 1)))
        .values(state=SignatureState.WITHDRAWN)
    )
    session.commit()
    reroute(printed.id)
    page = staff.get(f"/desk/bundles/{printed.public_id}").text
    assert "Letter 00001, volume 001, page 1" in page
    assert "no longer changes" in page
    for word in ("Remake the volumes now", "Cancel this bundle", "Download the bundle"):
        assert word not in page


def test_the_first_print_of_what_went_on_is_to_be_destroyed(
    staff: FlaskClient,
    session: Session,
    bundle: Bundle,
    record: Record,
    reroute: Reroute,
    stop: Callable[[], None],
) -> None:
    count, page = bundle.letter_count, f"/desk/bundles/{bundle.public_id}"
    record(bundle, DeliveryOutcome.REFUSED)
    reroute(bundle.id)
    shown = staff.get(page).text
    assert "Lock up the printed sheets of this bundle" in shown
    assert "Download the bundle" not in shown
    where = "Consulate of the Republic"
    assert f"Lock up its printed sheets. Printed again: {where}" in listed_bundles(staff)
    stop()
    shown = staff.get("/desk/today").text.partition("Stopped: do not deliver 1 printed")[2]
    assert f"{count} letters" in shown
    assert "<bdi>001</bdi> · <bdi>Embassy of the Republic" in shown
    assert f"Destroy its printed sheets. Printed again: {where}" in shown
    assert "Destroy the printed sheets of this bundle." in staff.get(page).text
    assert f"Destroy its printed sheets. Printed again: {where}" in listed_bundles(staff)
    jobs.run_now("deliveries.campaign-stopped", bundle.campaign_id)
    [mail] = session.scalars(select(OutboxMail).where(OutboxMail.kind == "staff-stopped"))
    [named] = json.loads(mail.context or "")["bundles"]
    assert (named["name"], named["printed_again"]) == ("UA 1/26 · 001", True)
    assert post(staff, f"{page}/held-back", {"fate": "destroyed"}).status_code == 303
    assert "Stopped: do not deliver" not in staff.get("/desk/today").text


def listed_bundles(staff: FlaskClient) -> str:
    return staff.get("/desk/bundles/").text.partition("All bundles")[2]


def test_once_the_second_print_is_delivered_the_first_is_to_be_destroyed(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record, reroute: Reroute
) -> None:
    record(printed, DeliveryOutcome.REFUSED)
    second = session.get_one(Bundle, reroute(printed.id))
    second.state, second.ready_at = BundleState.READY, db.utcnow()
    session.commit()
    record(second, DeliveryOutcome.ACCEPTED)
    shown = staff.get(f"/desk/bundles/{printed.public_id}").text
    assert "Destroy the printed sheets of this bundle." in shown
    assert "under lock" not in shown
    assert "Destroy its printed sheets." in listed_bundles(staff)


def test_files_that_letters_left_go_too_once_everyone_withdrew(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    record: Record,
    reroute: Reroute,
    print_bundle: Print,
) -> None:
    record(printed, DeliveryOutcome.REFUSED)
    moved_id = reroute(printed.id)
    assert print_bundle(moved_id) is BundleState.READY
    bundles = [reload(session, printed.id), reload(session, moved_id)]
    folders = [file_names.stored_folder(bundle.public_id) for bundle in bundles]
    assert all(list(storage.storage().names(folder)) for folder in folders)
    session.execute(update(Signature).values(state=SignatureState.ERASED))
    session.commit()
    jobs.run_now("bundles.remake")
    assert [list(storage.storage().names(folder)) for folder in folders] == [[], []]
    for bundle_id in (printed.id, moved_id):
        assert reload(session, bundle_id).emptied_at is not None
    session.rollback()
    page = staff.get(f"/desk/bundles/{bundles[0].public_id}").text
    assert "Do not deliver the sheets of this bundle" in page
    assert "withdrawn" not in page.partition("Do not deliver the sheets")[2].partition("<table")[0]


def test_letters_that_came_back_are_on_the_first_sheets_again(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record, reroute: Reroute
) -> None:
    record(printed, DeliveryOutcome.REFUSED)
    second = session.get_one(Bundle, reroute(printed.id))
    second.state, second.ready_at = BundleState.READY, db.utcnow()
    session.commit()
    given_up = post(staff, f"/desk/bundles/{second.public_id}/cancel", {"reason": "A mistake"})
    assert given_up.status_code == 303
    assert "Download the bundle" in staff.get(f"/desk/bundles/{printed.public_id}").text
    parts = listed_bundles(staff).split("</tr>")
    assert [part.count("Destroy its printed sheets") for part in parts[1:3]] == [1, 0]


def test_after_a_part_was_taken_the_page_names_what_is_to_be_taken_out_by_hand(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record
) -> None:
    visit = record(printed, DeliveryOutcome.PART, taken=2)
    page = staff.get(f"/desk/deliveries/{visit.public_id}").text
    assert "They accepted 2 letters. Enter their numbers, so that" in page
    assert ">Enter the numbers</a>" in staff.get(f"/desk/bundles/{printed.public_id}").text
    assert post(staff, after(printed, "part"), {"numbers": "1-2"}).status_code == 303
    assert "Enter the" not in staff.get(f"/desk/deliveries/{visit.public_id}").text
    session.rollback()
    session.execute(
        update(Signature)
        .where(Signature.id.in_(select(Letter.signature_id).where(Letter.sequence == 5)))
        .values(state=SignatureState.WITHDRAWN)
    )
    session.commit()
    jobs.run_now("bundles.remake")
    page = staff.get(f"/desk/bundles/{printed.public_id}").text
    assert "Letter 00005, volume 001, page 5" in page
    assert "If its sheet is still here, remove it by hand." in page
    assert "Print again" in page
    for word in ("Remake the volumes now", "Download the bundle"):
        assert word not in page
    assert "00005" in staff.get(f"/desk/bundles/{printed.public_id}/deliver").text
    session.execute(update(Bundle).values(emptied_at=db.utcnow()))
    session.commit()
    assert "Letter 00005" not in staff.get(f"/desk/bundles/{printed.public_id}").text


def test_a_number_of_a_part_that_no_letter_has_is_named(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record
) -> None:
    record(printed, DeliveryOutcome.PART, taken=2)
    session.rollback()
    lost = update(Letter).where(Letter.bundle_id == printed.id, Letter.sequence.in_([3, 6]))
    session.execute(lost.values(set_aside="missing-glyph", first_page=None))
    session.commit()
    saved = post(staff, after(printed, "part"), {"numbers": "1-3, 6"}, follow_redirects=True).text
    assert "Numbers saved." in saved
    assert "Not counted, because they were not printed or were removed: 3, 6" in saved


def test_a_withdrawn_letter_is_named_where_the_others_are_fewer_than_were_accepted(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record
) -> None:
    record(printed, DeliveryOutcome.PART, taken=3)
    session.rollback()
    gone = update(Letter).where(Letter.bundle_id == printed.id, Letter.sequence == 4)
    session.execute(gone.values(set_aside=WITHDRAWN, first_page=None))
    session.commit()
    page = post(staff, after(printed, "part"), {"numbers": "1-2, 4"}).text
    assert "These are fewer letters than they accepted." in page
    assert "Not counted, because they were not printed or were removed: 4" in page
    page = post(staff, after(printed, "part"), {"numbers": "1-2"}).text
    assert "These are fewer letters than they accepted." in page
    assert "Not counted" not in page


def test_the_list_says_of_a_part_that_it_was_accepted_and_where_the_rest_is(
    staff: FlaskClient, printed: Bundle, record: Record, reroute: Reroute
) -> None:
    record(printed, DeliveryOutcome.PART, taken=2)
    assert post(staff, after(printed, "part"), {"numbers": "1-2"}).status_code == 303
    reroute(printed.id)
    row = listed_bundles(staff).split("</tr>")[2]
    assert "Accepted in part" in row
    assert "The rest is in another bundle" in row


def test_who_went_with_the_part_is_not_to_be_taken_out_by_hand(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record
) -> None:
    visit = record(printed, DeliveryOutcome.PART, taken=2)
    page = staff.get(f"/desk/deliveries/{visit.public_id}").text
    assert "They accepted 2 letters. Enter their numbers, so that" in page
    assert ">Enter the numbers</a>" in staff.get(f"/desk/bundles/{printed.public_id}").text
    assert post(staff, after(printed, "part"), {"numbers": "1-2"}).status_code == 303
    assert "Enter the" not in staff.get(f"/desk/deliveries/{visit.public_id}").text
    session.rollback()
    session.execute(
        update(Signature)
        .where(Signature.id.in_(select(Letter.signature_id).where(Letter.sequence.in_([2, 5]))))
        .values(state=SignatureState.ERASED)
    )
    session.commit()
    for page in (after(printed), f"/desk/bundles/{printed.public_id}/deliver"):
        shown = staff.get(page).text
        assert "Remove 1 letter first" in shown
        assert "<p>00005</p>" in shown
    # Its files hold both.
    page = staff.get(f"/desk/bundles/{printed.public_id}").text
    assert "Letter 00002, volume 001, page 2" in page
    assert "Letter 00005, volume 001, page 5" in page


def test_files_with_a_letter_that_was_taken_back_after_it_went_on_are_not_given_out(
    staff: FlaskClient,
    session: Session,
    campaign: Campaign,
    freeze: Freeze,
    print_bundle: Print,
    record: Record,
    reroute: Reroute,
) -> None:
    add_confirmed(session, campaign, 5, letter_locale="en")
    session.commit()
    bundle_id = freeze(campaign.id, volume_letters=2)
    assert print_bundle(bundle_id) is BundleState.READY
    left = reload(session, bundle_id)
    record(left, DeliveryOutcome.REFUSED)
    moved_id = reroute(left.id)
    left = reload(session, bundle_id)
    url = f"/desk/bundles/{left.public_id}"
    assert post(staff, f"{url}/download", {}).status_code == 200
    session.rollback()
    session.execute(
        update(Signature)
        .where(Signature.id.in_(select(Letter.signature_id).where(Letter.sequence == 4)))
        .values(state=SignatureState.WITHDRAWN)
    )
    session.commit()
    page = staff.get(url).text
    assert "Letter 00004, volume 002 –" in page
    assert "Download the bundle" not in page
    assert "Part of the bundle was withdrawn." in post(staff, f"{url}/download", {}).text
    session.rollback()
    names = set(downloads.list_choices(session, reload(session, bundle_id)))
    assert names >= {"letters-001.pdf", "letters-003.pdf", "cover-letter.pdf"}
    assert names.isdisjoint({"", "letters-002.pdf", "signatures.pdf"})
    assert "00004" not in staff.get(after(left)).text, "it is there no more"
    assert reload(session, moved_id).letter_count == 5


def test_somebody_who_leaves_its_sheets_does_not_have_it_made_again(
    session: Session, with_sheets: Bundle, record: Record, reroute: Reroute
) -> None:
    record(with_sheets, DeliveryOutcome.REFUSED)
    reroute(with_sheets.id)
    session.delete(
        session.scalars(select(Signature).where(Signature.origin == Origin.PAPER)).first()
    )
    session.commit()
    jobs.run_now("bundles.remake")
    assert reload(session, with_sheets.id).state is BundleState.READY


# --- What goes on ------------------------------------------------------------------------------


def test_sheets_that_came_back_go_on_with_the_letters(
    app: Flask,
    session: Session,
    with_sheets: Bundle,
    record: Record,
    reroute: Reroute,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    record(with_sheets, DeliveryOutcome.REFUSED)
    moved_id = reroute(with_sheets.id)
    assert print_bundle(moved_id) is BundleState.READY
    assert Frozen.from_json(reload(session, moved_id).frozen).on_paper == 2
    path = zip_of(app, moved_id, tmp_path)
    assert verify_copy(path).findings == []
    table = contents(path)["signatures.csv"].decode("utf-8-sig")
    assert table.count("Papier") == 2
    assert awaited_on_paper(session) == 2
    record(reload(session, moved_id), DeliveryOutcome.ACCEPTED)
    session.rollback()
    assert awaited_on_paper(session) == 0


def test_sheets_stay_where_a_part_was_taken(
    staff: FlaskClient, session: Session, with_sheets: Bundle, record: Record, reroute: Reroute
) -> None:
    page = staff.get(f"/desk/bundles/{with_sheets.public_id}/deliver").text
    assert "2 letters · 2 people on signed sheets" in page
    record(with_sheets, DeliveryOutcome.PART, taken=1)
    assert post(staff, after(with_sheets, "part"), {"numbers": "1"}).status_code == 303
    moved_id = reroute(with_sheets.id)
    assert signed_sheets.count_carried(session, moved_id) == 0
    assert signed_sheets.count_carried(session, with_sheets.id) == 2
    assert awaited_on_paper(session) == 0, "they went with the part"


def test_sheets_go_on_with_the_letters_that_were_not_posted(
    staff: FlaskClient, session: Session, with_sheets: Bundle, record: Record, reroute: Reroute
) -> None:
    record(with_sheets, DeliveryOutcome.REFUSED)
    assert post(staff, after(with_sheets, "split"), {"letters_each": "1"}).status_code == 303
    assert post(staff, after(with_sheets, "post"), posting()).status_code == 303
    moved_id = reroute(with_sheets.id)
    assert signed_sheets.count_carried(session, moved_id) == 2
    assert awaited_on_paper(session) == 2


def test_a_bundle_that_was_moved_is_told_from_the_one_it_left(
    staff: FlaskClient, session: Session, bundle: Bundle, record: Record, reroute: Reroute
) -> None:
    record(bundle, DeliveryOutcome.REFUSED)
    rerouted = reload(session, reroute(bundle.id))
    left, moved = (
        staff.get(f"/desk/bundles/{shown.public_id}").text for shown in (bundle, rerouted)
    )
    assert "First bundle" in left
    assert "First bundle" not in moved
    assert "Moved from another destination" in moved
    name = "UA 1/26 · 001 · Consulate of the Republic"
    assert f'<li aria-current="page">{name}</li>' in moved
    assert f'<li aria-current="page">{name}</li>' not in left
    gate = staff.get(f"/desk/bundles/{bundle.public_id}/deliver").text
    assert 'data-name="UA 1/26 · 001 · Embassy of the Republic"' in gate
    page = f"/desk/bundles/{rerouted.public_id}"
    for given_up in (False, True):
        kinds = re.findall(r'data-label="Kind">(\w+)', listed_bundles(staff))
        assert kinds == ["Moved", "First"], given_up
        assert "Moved from another destination" in staff.get(page).text
        post(staff, f"{page}/cancel", {"reason": "A mistake"})
    assert "This bundle was cancelled" in staff.get(page).text


def test_where_no_bundle_stands_it_is_a_first_one(
    session: Session, bundle: Bundle, record: Record, reroute: Reroute, other_mission: str
) -> None:
    other = session.scalars(select(Mission).where(Mission.slug == other_mission)).one()
    session.add(
        Bundle(
            campaign_id=bundle.campaign_id,
            mission_id=other.id,
            sequence=1,
            kind=BundleKind.FIRST,
            state=BundleState.CANCELLED,
            frozen={},
            letter_count=0,
        )
    )
    session.commit()
    record(bundle, DeliveryOutcome.REFUSED)
    rerouted = reload(session, reroute(bundle.id))
    assert (rerouted.sequence, rerouted.kind) == (2, BundleKind.FIRST)
    assert session.scalars(select(Rerouting.to_bundle_id)).one() == rerouted.id


def test_letters_are_proved_in_the_bundle_that_they_went_on_in_and_again_in_the_first(
    session: Session, printed: Bundle, record: Record, reroute: Reroute, print_bundle: Print
) -> None:
    def proofs(bundle_id: int) -> list[Proof]:
        session.rollback()
        session.expire_all()
        query = select(Letter).where(Letter.bundle_id == bundle_id).order_by(Letter.sequence)
        of_letters = (find_proof(session, letter) for letter in session.scalars(query))
        return [proof for proof in of_letters if proof is not None]

    before = proofs(printed.id)
    assert len(before) == 7
    record(printed, DeliveryOutcome.REFUSED)
    moved = reroute(printed.id)
    assert proofs(moved) == []
    assert print_bundle(moved) is BundleState.READY
    there = proofs(moved)
    assert {(proof.letters, proof.holds) for proof in there} == {(7, True)}
    assert {proof.words for proof in there}.isdisjoint({proof.words for proof in before})
    assert proofs(printed.id) == []
    session.rollback()
    cancel_bundle.cancel(
        session, session.get_one(Bundle, moved), storage.storage(), reason="Back", actor="test"
    )
    session.commit()
    assert proofs(printed.id) == before


@pytest.mark.both_engines
def test_what_goes_on_names_the_copies_of_its_own_letters(
    session: Session, campaign: Campaign, freeze: Freeze, reroute: Reroute
) -> None:
    before, since = (
        add_confirmed(session, campaign, 1, signed_at=db.utcnow() + timedelta(minutes=minutes))[0]
        for minutes in (-1, 1)
    )
    add_copy(session, campaign)
    session.commit()
    bundle_id = freeze(campaign.id)
    frozen_bundle = reload(session, bundle_id)
    assert Frozen.from_json(frozen_bundle.frozen).copies_in("en")[1] != []
    frozen_bundle.state = BundleState.READY
    session.execute(update(Letter).values(first_page=1, pages=1))
    session.get_one(Signature, since.id).state = SignatureState.WITHDRAWN
    session.commit()
    moved_to = reload(session, reroute(bundle_id))
    assert [
        letter.signature_id
        for letter in session.scalars(select(Letter).where(Letter.bundle_id == moved_to.id))
    ] == [before.id]
    assert Frozen.from_json(moved_to.frozen).copies_in("en") == ([], [])
