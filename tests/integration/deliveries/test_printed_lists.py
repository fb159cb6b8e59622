"""Lists that were printed name who signed on paper and has withdrawn since: staff are told."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import downloads
from campaign.bundles.changes import prints
from campaign.bundles.documents.contents_and_delivery_sheet import say_what_to_destroy
from campaign.core import audit, clock, db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid, Refused
from campaign.core.i18n import say_moment_in_zone
from campaign.deliveries import record_delivery, remaining_letters
from campaign.deliveries.carried_paper import list_papers
from campaign.deliveries.desk.print_words import list_sheets_to_remove
from campaign.models.bundle import (
    Bundle,
    BundleState,
    CarriedSignature,
    DeliveryAttempt,
    DeliveryOutcome,
)
from campaign.models.campaign import Campaign
from campaign.models.delivery import GateVisit
from campaign.models.paper_signature import PaperRow
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.paper_signatures import data_entry
from campaign.paper_signatures.check_row import Details
from campaign.tracking.letter_place import say_withdrawn
from tests.days import today
from tests.factories import add_confirmed
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.conftest import Keep
from tests.integration.deliveries.conftest import Record
from tests.integration.paper_signatures.test_sheets import ANA, make_sheet

ANY_CHANGE = [
    SignatureState.WITHDRAWN,
    SignatureState.ERASED,
    SignatureState.INVALID,
    SignatureState.HELD,
]
QUENTIN = Details("Quentin", "Roy", "Hull", "", "CA")
SetState = Callable[[SignatureState], None]


@pytest.fixture
def listed(
    session: Session, campaign: Campaign, freeze: Freeze, print_bundle: Print, keep: Keep
) -> Bundle:
    """Four letters, and two people on a signed sheet, printed."""

    def make() -> int:
        add_confirmed(session, campaign, 4, letter_locale="en")
        sheet = make_sheet(session, campaign)
        for person in (ANA, QUENTIN):
            data_entry.add_row(session, sheet, person, actor="test")
        session.commit()
        bundle_id = freeze(campaign.id, on_paper=2)
        print_bundle(bundle_id)
        return bundle_id

    return reload(session, keep("listed", make))


@pytest.fixture
def set_state(session: Session, listed: Bundle) -> SetState:
    """Change how the second person on the sheet, P00002, counts."""
    second = select(CarriedSignature.signature_id).where(
        CarriedSignature.bundle_id == listed.id, CarriedSignature.position == 2
    )

    def run(state: SignatureState) -> None:
        session.rollback()
        session.get_one(Signature, session.scalar(second)).state = state
        session.commit()

    return run


def say_second(app: Flask, session: Session, bundle: Bundle) -> str:
    """Return what the second person on the sheet, who withdrew today, reads."""
    second = select(Signature).join(CarriedSignature).where(CarriedSignature.position == 2)
    session.rollback()
    with app.test_request_context("/en/"):
        signature = session.scalars(second).one()
        signature.withdrawn_at = clock.moment_of(today(), time.min, bundle.zone)
        return say_withdrawn(session, signature)


@pytest.fixture
def remake(session: Session, listed: Bundle, print_bundle: Print) -> Callable[[], Bundle]:
    bundle_id = listed.id

    def run() -> Bundle:
        session.rollback()
        jobs.run_now("bundles.remake")
        print_bundle(bundle_id)
        return reload(session, bundle_id)

    return run


def download(app: Flask, session: Session, bundle: Bundle) -> dict[str, bytes]:
    bundle_id = bundle.id
    session.rollback()
    with app.app_context(), db.transaction() as own:
        same = own.get_one(Bundle, bundle_id)
        file = downloads.open_download(own, same, storage.storage(), by=None, actor="command")
        body = b"".join(file.chunks)
    with zipfile.ZipFile(io.BytesIO(body)) as folder:
        return {name.rpartition("/")[2]: folder.read(name) for name in folder.namelist()}


def choices_of(app: Flask, session: Session, bundle: Bundle) -> list[str]:
    bundle_id = bundle.id
    session.rollback()
    with app.app_context(), db.transaction() as own:
        return downloads.list_choices(own, own.get_one(Bundle, bundle_id))


def get_page(staff: FlaskClient, session: Session, bundle: Bundle, path: str = "") -> str:
    address = f"/desk/bundles/{bundle.public_id}{path}"
    session.rollback()
    return staff.get(address).text


def fact(page: str, label: str) -> str:
    match = re.search(rf"<dt>{label}</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL)
    return match[1].strip() if match else ""


@pytest.mark.parametrize("state", ANY_CHANGE)
def test_no_file_that_names_them_goes_out_until_it_is_made_again(
    app: Flask,
    session: Session,
    staff: FlaskClient,
    listed: Bundle,
    set_state: SetState,
    state: SignatureState,
) -> None:
    assert b"Quentin" in download(app, session, listed)["signatures.csv"]
    set_state(state)
    with pytest.raises(Refused, match="taken-back"):
        download(app, session, listed)
    assert choices_of(app, session, listed) == []
    page = get_page(staff, session, listed)
    assert "Download the bundle" not in page
    assert "1 paper signature no longer counts" in page
    assert "Until then you cannot download any files." in page
    assert f"{listed.public_id}/reprint" not in page


def test_a_letter_that_is_taken_back_holds_back_the_cover_letter_too(
    app: Flask, session: Session, listed: Bundle
) -> None:
    letter = select(Letter.signature_id).where(Letter.bundle_id == listed.id, Letter.sequence == 3)
    session.get_one(Signature, session.scalar(letter)).state = SignatureState.WITHDRAWN
    session.commit()
    assert choices_of(app, session, listed) == []
    store, name, bundle_id = storage.storage(), "cover-letter.pdf", listed.id
    session.rollback()
    with app.app_context(), db.transaction() as own:
        bundle = own.get_one(Bundle, bundle_id)
        with pytest.raises(Refused, match="taken-back"):
            downloads.reprint(own, bundle, store, name=name, reason="Paper jam", actor="command")


def test_a_name_that_is_corrected_is_printed_anew(
    app: Flask, session: Session, staff: FlaskClient, listed: Bundle, remake: Callable[[], Bundle]
) -> None:
    def correct(**columns: str) -> None:
        session.rollback()
        row = session.scalars(select(PaperRow).where(PaperRow.position == 2)).one()
        data_entry.correct_row(session, row, replace(QUENTIN, **columns), actor="test")
        session.commit()

    correct(postal_code="K1A 0A1")
    assert b"Quentin" in download(app, session, listed)["signatures.csv"]
    correct(given_name="Quintin")
    with pytest.raises(Refused, match="lists-changed"):
        download(app, session, listed)
    page = get_page(staff, session, listed, "/reprint")
    assert "The paper signatures have changed. Remake the lists first." in page
    session.rollback()
    jobs.run_now("bundles.remake")
    assert reload(session, listed.id).state is BundleState.PRINTING
    assert "We remade" not in get_page(staff, session, listed), "not yet"
    files = download(app, session, remake())
    assert b"Quintin" in files["signatures.csv"]
    with app.app_context():
        destroy = say_what_to_destroy()
    assert destroy in files["README.html"].decode()
    page = get_page(staff, session, listed)
    assert f"Names or dates in them were corrected. {destroy}" in page
    assert "Names or dates in the lists were corrected on " in files["README.html"].decode()
    session.rollback()
    papers = list_papers(session, session.get_one(Bundle, listed.id))
    assert [paper.number for paper in papers] == [2, 1], "either may be at hand"
    assert not any(paper.holds or paper.lacks for paper in papers)
    newest = prints.list_prints(session, listed)[-1]
    newest.files = [{name: file[name] for name in file if name != "names"} for file in newest.files]
    session.commit()
    assert download(app, session, listed), "one from before this was seen is not made again"


@pytest.mark.parametrize("state", ANY_CHANGE)
def test_after_the_remake_everything_says_what_to_destroy(
    app: Flask,
    session: Session,
    staff: FlaskClient,
    listed: Bundle,
    set_state: SetState,
    remake: Callable[[], Bundle],
    state: SignatureState,
) -> None:
    with app.app_context():
        destroy = say_what_to_destroy()
    assert destroy not in download(app, session, listed)["README.html"].decode()
    set_state(state)
    bundle = remake()
    readme = download(app, session, bundle)["README.html"].decode()
    assert readme.count(destroy) == 1
    assert "without number P00002." in readme
    assert b"Quentin" not in download(app, session, bundle)["signatures.csv"]
    page = get_page(staff, session, bundle)
    assert page.count(destroy) == 1
    assert "1 paper signature was removed from the lists" in page
    session.rollback()
    jobs.run_now("bundles.remake")
    assert reload(session, bundle.id).zip_sha256 == bundle.zip_sha256, "nothing more to remake"


def test_one_who_is_back_is_put_on_the_lists_even_where_another_left_them(
    app: Flask,
    session: Session,
    staff: FlaskClient,
    listed: Bundle,
    set_state: SetState,
    remake: Callable[[], Bundle],
) -> None:
    set_state(SignatureState.HELD)
    remake()
    set_state(SignatureState.CONFIRMED)
    first = select(CarriedSignature.signature_id).where(CarriedSignature.position == 1)
    session.get_one(Signature, session.scalar(first)).state = SignatureState.WITHDRAWN
    session.commit()
    with pytest.raises(Refused, match="taken-back"):
        download(app, session, listed)
    names = download(app, session, remake())["signatures.csv"]
    assert b"Quentin" in names
    assert b"P00001" not in names
    session.get_one(Signature, session.scalar(first)).state = SignatureState.CONFIRMED
    session.commit()
    with pytest.raises(Refused, match="lists-changed"):
        download(app, session, listed)
    assert "The paper signatures have changed" in get_page(staff, session, listed)
    assert b"P00001" in download(app, session, remake())["signatures.csv"]
    with app.app_context():
        destroy = say_what_to_destroy()
    assert destroy in get_page(staff, session, listed)


@pytest.mark.both_engines
def test_who_was_gone_before_the_first_print_stood_in_no_list(
    app: Flask, session: Session, campaign: Campaign, freeze: Freeze, print_bundle: Print
) -> None:
    sheet = make_sheet(session, campaign)
    rows = [data_entry.add_row(session, sheet, each, actor="test") for each in (ANA, QUENTIN)]
    session.commit()
    bundle_id = freeze(campaign.id, on_paper=2)
    signature = rows[1].signature
    assert signature is not None
    signature.state = SignatureState.WITHDRAWN
    session.commit()
    print_bundle(bundle_id)
    bundle = reload(session, bundle_id)
    readme = download(app, session, bundle)["README.html"].decode()
    assert "P00002" not in readme
    with app.app_context():
        assert say_what_to_destroy() not in readme


def test_prints_of_sheets_alone_count_whom_their_lists_name(
    session: Session, campaign: Campaign, freeze: Freeze, print_bundle: Print
) -> None:
    sheet = make_sheet(session, campaign)
    for person in (ANA, QUENTIN, replace(QUENTIN, given_name="Rosa")):
        data_entry.add_row(session, sheet, person, actor="test")
    session.commit()
    bundle_id = freeze(campaign.id, on_paper=3)
    print_bundle(bundle_id)
    people = select(CarriedSignature.signature_id).order_by(CarriedSignature.position)
    first, _second, third = (session.get_one(Signature, key) for key in session.scalars(people))

    def set_state(signature: Signature, state: SignatureState) -> None:
        session.refresh(signature)
        signature.state = state
        session.commit()

    def count_people() -> list[int]:
        papers = list_papers(session, reload(session, bundle_id))
        return [paper.letters for paper in papers if not paper.by_hand]

    def remake() -> None:
        session.rollback()
        jobs.run_now("bundles.remake")
        print_bundle(bundle_id)

    set_state(third, SignatureState.WITHDRAWN)
    remake()
    assert count_people() == [2, 3]
    set_state(first, SignatureState.INVALID)
    assert count_people() == [2, 3], "as they were printed"
    remake()
    assert count_people() == [1, 2, 3]
    set_state(first, SignatureState.CONFIRMED)
    assert count_people() == [1, 2, 3]
    names = list_sheets_to_remove(
        session, bundle := reload(session, bundle_id), list_papers(session, bundle)
    )
    assert "P00001" not in {name for sheets in names for name in sheets.names}, "counts again"
    remake()
    assert count_people() == [2, 1, 2, 3], "the one with a person less may be at hand as well"


def test_the_gate_names_rows_to_black_out_of_what_comes_along(
    staff: FlaskClient,
    session: Session,
    listed: Bundle,
    set_state: SetState,
    freeze: Freeze,
    print_bundle: Print,
) -> None:
    listed_id, campaign_id = listed.id, listed.campaign_id
    add_confirmed(session, listed.campaign, 1, letter_locale="en", locality="Halifax")
    session.commit()
    second_id = freeze(campaign_id)
    print_bundle(second_id)
    set_state(SignatureState.WITHDRAWN)
    for bundle_id, along in ((listed_id, 0), (second_id, 1)):
        page = get_page(staff, session, reload(session, bundle_id), "/deliver")
        notice = page.partition("Black out rows on the signature sheets")[2].partition("</ul>")[0]
        assert "row 2" in notice
        assert notice.count("If you also deliver this bundle: ") == along


@pytest.mark.parametrize("path", ["/deliver", "/after"])
def test_before_the_remake_the_gate_names_who_on_the_lists_is_gone(
    staff: FlaskClient,
    session: Session,
    listed: Bundle,
    set_state: SetState,
    remake: Callable[[], Bundle],
    record: Record,
    path: str,
) -> None:
    named = "Make their names unreadable by hand: P00002"
    record(listed, DeliveryOutcome.REFUSED)
    assert named not in get_page(staff, session, listed, path)
    set_state(SignatureState.INVALID)
    assert named in get_page(staff, session, listed, path)
    assert named not in get_page(staff, session, remake(), path)


@pytest.mark.parametrize("state", [SignatureState.ERASED, SignatureState.WITHDRAWN])
def test_the_row_of_a_deleted_signature_is_to_be_blacked_out(
    session: Session,
    staff: FlaskClient,
    listed: Bundle,
    set_state: SetState,
    remake: Callable[[], Bundle],
    state: SignatureState,
) -> None:
    """Once staff have removed the row, no list of rows names it any more."""
    told = "also those that your team removed in the workspace."
    set_state(state)
    bundle = reload(session, listed.id)
    assert (told in get_page(staff, session, bundle)) is (state is SignatureState.ERASED)
    assert (told in get_page(staff, session, remake())) is (state is SignatureState.ERASED)


def test_the_gate_asks_which_lists_went(
    app: Flask,
    session: Session,
    staff: FlaskClient,
    listed: Bundle,
    set_state: SetState,
    remake: Callable[[], Bundle],
    record: Record,
) -> None:
    set_state(SignatureState.WITHDRAWN)
    bundle = remake()
    first, second = prints.list_prints(session, bundle)
    new, old, by_hand = list_papers(session, bundle)
    assert (new.letters, old.letters, by_hand.letters) == (4, 4, 4)
    session.commit()
    assert (new.lacks, old.holds, by_hand.lacks) == (("P00002",), ("P00002",), ("P00002",))
    page = get_page(staff, session, bundle, "/deliver")
    assert "Number P00002 is in it." in page
    words = "Names of people whose paper signatures no longer count were made unreadable by hand"
    assert words in page
    hint = "Count the letters, or compare the check code on the papers that go with them."
    assert f"{hint} Check whether the names that no longer count can still be read" in page
    assert "Black out rows on the signature sheets" in page
    with app.app_context():
        assert say_what_to_destroy() in page
    bundle = reload(session, bundle.id)
    session.commit()
    visit = record(bundle, DeliveryOutcome.ACCEPTED, paper=old.value)
    bundle = reload(session, bundle.id)
    assert bundle.zip_sha256 == first.zip_sha256 != second.zip_sha256
    assert visit.attempts[0].messages == 4
    assert [person.carried for person in bundle.taken_out.people] == [True]
    with pytest.raises(Refused, match="taken-back"):
        download(app, session, bundle)
    page = get_page(staff, session, bundle)
    assert "1 paper signature no longer counts" in page
    assert "You can no longer download its ZIP or its lists." in page
    assert "The lists that went out have this name." in page
    assert "A list with your name went out on" in say_second(app, session, bundle)
    moment = say_moment_in_zone(first.made_at, bundle.zone)
    assert f"The bundle went out as printed on {moment}, with 4 letters." in page
    assert fact(page, "Paper signatures in this bundle") == "2"
    record_delivery.remove_visit(session, session.get_one(GateVisit, visit.id), actor="test")
    session.commit()
    bundle = reload(session, bundle.id)
    assert bundle.zip_sha256 == second.zip_sha256
    session.commit()
    record(bundle, DeliveryOutcome.ACCEPTED, paper=new.value)
    told = say_second(app, session, bundle)
    assert "If the row could still be read then" in told, "its lists had no such name"
    assert "The lists that went out have this name." not in get_page(staff, session, bundle)
    visit = session.scalars(select(GateVisit)).one()
    record_delivery.remove_visit(session, visit, actor="test")
    session.commit()
    bundle = reload(session, bundle.id)
    new, old, by_hand = list_papers(session, bundle)
    assert (new.lacks, old.holds, by_hand.lacks) == (("P00002",), ("P00002",), ("P00002",))
    session.commit()
    assert "cover-letter.pdf" in choices_of(app, session, bundle), "it is not made anew"


def test_of_letters_that_came_back_nobody_asks_about_names_in_the_lists(
    session: Session, listed: Bundle, set_state: SetState, record: Record
) -> None:
    set_state(SignatureState.WITHDRAWN)
    bundle = reload(session, listed.id)
    session.commit()
    with pytest.raises(Invalid) as unsaid:
        record(bundle, DeliveryOutcome.ACCEPTED)
    assert unsaid.value.fields == {f"paper_{bundle.id}": "paper-unsaid"}
    assert record(bundle, DeliveryOutcome.REFUSED).attempts[0].messages == 4


@pytest.mark.parametrize("by_hand", [False, True])
def test_beside_letters_the_only_print_is_asked_about_names_too(
    app: Flask,
    session: Session,
    staff: FlaskClient,
    listed: Bundle,
    set_state: SetState,
    record: Record,
    by_hand: bool,
) -> None:
    set_state(SignatureState.WITHDRAWN)
    bundle = reload(session, listed.id)
    papers = list_papers(session, bundle)
    assert [(paper.letters, paper.holds) for paper in papers] == [(4, ("P00002",)), (4, ())]
    page = get_page(staff, session, bundle, "/deliver")
    assert "Check whether the names that no longer count can still be read" in page
    bundle = reload(session, listed.id)
    session.commit()
    visit = record(bundle, DeliveryOutcome.ACCEPTED, paper=papers[by_hand].value)
    assert visit.attempts[0].messages == 4
    told = say_second(app, session, bundle := reload(session, listed.id))
    assert ("A list with your name went out on" in told) is not by_hand
    assert ("If the row could still be read then" in told) is by_hand
    page = get_page(staff, session, bundle)
    assert ("The name was made unreadable by hand on the lists." in page) is by_hand
    assert ("The lists that went out have this name." in page) is not by_hand
    session.rollback()
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "delivery.record")).one()
    assert entry.detail.get("by_hand") == ("P00002" if by_hand else None)
    # The record says it, whatever the audit has.
    audit.record(session, "test", "delivery.record", entry.subject, by_hand="P00001")
    session.commit()
    assert session.scalar(select(DeliveryAttempt.by_hand)) == (["P00002"] if by_hand else [])
    page = staff.get(f"/desk/deliveries/{visit.public_id}").text
    assert ("Names made unreadable by hand on the lists: P00002." in page) is by_hand
    assert ("Names that could still be read on the lists: P00002." in page) is not by_hand


@pytest.mark.parametrize("place", range(4))
def test_sheets_and_names_are_asked_about_apart(
    session: Session, listed: Bundle, set_state: SetState, record: Record, place: int
) -> None:
    withdraw_letter(session, listed, 3)
    set_state(SignatureState.WITHDRAWN)
    bundle = reload(session, listed.id)
    papers = list_papers(session, bundle)
    both = ("00003", "P00002")
    assert [(paper.letters, paper.holds) for paper in papers] == [
        (4, both),
        (4, ("00003",)),
        (3, ("P00002",)),
        (3, ()),
    ]
    paper = papers[place]
    visit = record(bundle, DeliveryOutcome.ACCEPTED, paper=paper.value)
    assert visit.attempts[0].messages == paper.letters
    bundle = reload(session, bundle.id)
    assert bundle.taken_out.carried == {*paper.holds}
    fate = "removed" if "00003" in paper.lacks else "went"
    assert remaining_letters.find_sheet_fates(session, bundle) == {"00003": fate}


def withdraw_letter(session: Session, bundle: Bundle, number: int) -> None:
    letter = select(Letter.signature_id).where(
        Letter.bundle_id == bundle.id, Letter.sequence == number
    )
    session.get_one(Signature, session.scalar(letter)).state = SignatureState.WITHDRAWN
    session.commit()


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_kept_volume_is_asked_about_the_names_on_its_newer_lists(
    session: Session,
    listed: Bundle,
    set_state: SetState,
    remake: Callable[[], Bundle],
    record: Record,
    by_hand: bool,
) -> None:
    withdraw_letter(session, listed, 3)
    set_state(SignatureState.WITHDRAWN)
    remake()
    first = select(CarriedSignature.signature_id).where(CarriedSignature.position == 1)
    session.get_one(Signature, session.scalar(first)).state = SignatureState.WITHDRAWN
    session.commit()
    bundle = reload(session, listed.id)
    papers = list_papers(session, bundle)
    kept = [paper for paper in papers if paper.papers_at]
    assert [paper.holds for paper in kept] == [("P00001",), ()]
    assert len({paper.value for paper in papers}) == len(papers)
    visit = record(bundle, DeliveryOutcome.ACCEPTED, paper=kept[by_hand].value)
    assert visit.attempts[0].messages == 3
    taken_out = reload(session, bundle.id).taken_out
    assert taken_out.carried == (set() if by_hand else {"P00001"})
    assert taken_out.by_hand == {"00003", *(["P00001"] if by_hand else [])}
