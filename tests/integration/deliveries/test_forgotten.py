"""Months after a part was delivered: no file gives out who was deleted, and the rest can go on."""

import html
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import downloads
from campaign.bundles.changes import prints, withdrawals
from campaign.core import db
from campaign.core.errors import Refused
from campaign.deliveries import record_delivery
from campaign.deliveries.envelopes import envelope_store
from campaign.deliveries.remaining_letters import count_left
from campaign.models.bundle import Bundle, BundleState, CarriedSignature, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import EnvelopeRun, GateVisit, LetterMove, RunState
from campaign.models.signature import Letter, Origin, Signature
from campaign.signing import signed_links
from tests.factories import add_confirmed, post
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.conftest import Keep
from tests.integration.deliveries.conftest import Record, let_go, run_of
from tests.integration.deliveries.test_envelopes import after, pages_of, posting
from tests.integration.tracking.conftest import Erase, long_ago

PAPERS = {"cover-letter.pdf", "delivery-sheet.pdf", "contents.pdf", "labels.pdf", "envelopes.pdf"}
Again = Callable[[str, int], None]


@pytest.fixture
def printed(
    session: Session, campaign: Campaign, freeze: Freeze, print_bundle: Print, keep: Keep
) -> Bundle:
    """Twelve letters in three volumes of four."""

    def make() -> int:
        names = [f"Quille{'abcdefghijkl'[at]}" for at in range(12)]
        add_confirmed(session, campaign, 12, letter_locale="en", given_name=names.__getitem__)
        session.commit()
        bundle_id = freeze(campaign.id, volume_letters=4)
        assert print_bundle(bundle_id) is BundleState.READY
        return bundle_id

    return let_go(session, reload(session, keep("twelve letters", make)))


@pytest.fixture
def part(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record, erase: Erase
) -> Bundle:
    """Of the twelve, the first five were accepted so long ago that their writers are deleted."""
    record(printed, DeliveryOutcome.PART, taken=5)
    assert post(staff, after(printed, "part"), {"numbers": "1-5"}).status_code == 303
    long_ago(session, 190)
    assert erase() == [{"signatures": 5, "scans": 0, "bundles": 0}]
    return let_go(session, reload(session, printed.id))


def offered(session: Session, bundle: Bundle) -> set[str]:
    names = set(downloads.list_choices(session, reload(session, bundle.id)))
    session.rollback()
    return names


def forget(session: Session, ids: Select[int]) -> None:
    """Have these people be forgotten."""
    now = db.utcnow()
    session.execute(update(Signature).where(Signature.id.in_(ids)).values(forgotten_at=now))
    session.commit()


def test_files_that_name_them_are_not_given_out(
    app: Flask, staff: FlaskClient, session: Session, part: Bundle
) -> None:
    assert offered(session, part) == {"letters-003.pdf", *PAPERS}
    page = f"/desk/bundles/{part.public_id}"
    shown = staff.get(page).text
    assert "We deleted the details of some people in this bundle" in shown
    assert "put them into envelopes or send them through another mission" in shown
    assert "Download the bundle" not in shown
    answer = post(staff, f"{page}/download")
    assert answer.status_code == 409
    assert "We no longer give out files that name them" in answer.text
    wish = {"file": "letters-001.pdf", "reason": "Torn"}
    assert post(staff, f"{page}/reprint", wish).status_code == 422
    for name in ("", "letters-001.pdf", "letters-002.pdf", "signatures.pdf"):
        with app.app_context(), db.transaction() as own, pytest.raises(Refused, match="forgotten"):
            downloads.reprint(
                own,
                own.get_one(Bundle, part.id),
                storage.storage(),
                name=name,
                reason="Torn",
                actor="command",
            )
    whole = post(staff, f"{page}/reprint", wish | {"file": "letters-003.pdf"})
    assert "Quillei" in "".join(pages_of(whole.data))
    recorded = prints.find_print(session, reload(session, part.id))
    assert recorded is not None
    assert not any(prints.is_damaged(storage.storage(), file) for file in recorded.files)


def test_the_page_of_their_letter_says_what_is_kept_of_it(
    app: Flask, client: FlaskClient, session: Session, part: Bundle
) -> None:
    first = session.get_one(Signature, session.scalar(select(func.min(Signature.id))))
    first.token_digest = signed_links.digest_of("token")
    session.commit()
    page = client.get("/en/letter/token").text
    assert "In our records, we keep only what identifies no one" in page
    assert "we keep one copy of them all. We delete that copy when" in page
    assert "Our staff can no longer open the parts of it that contain your letter." in page
    session.execute(update(Bundle).values(emptied_at=db.utcnow()))
    session.commit()
    assert "we keep one copy of them all" not in client.get("/en/letter/token").text


def test_where_the_settings_keep_files_for_their_names_they_are_given_out(
    app: Flask, session: Session, part: Bundle
) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"keep_printed_files": True})
    with app.app_context():
        assert {"", "letters-001.pdf"} <= offered(session, part)


def test_envelopes_of_the_rest_hold_the_rest_alone(
    staff: FlaskClient, session: Session, part: Bundle, again: Again
) -> None:
    typed = {"letters_each": "7", "with_letters": "y"}
    assert post(staff, after(part, "split"), typed).status_code == 303
    again("deliveries.print-envelopes", run_of(session).id)
    body = post(staff, after(part, "files/envelopes-001.pdf"))
    assert body.status_code == 200
    text = "".join(pages_of(body.data))
    assert [name for name in "abcdefghijkl" if f"Quille{name}" in text] == list("fghijkl")


@pytest.mark.both_engines
def test_another_mission_gets_the_rest_and_files_of_both_bundles_are_held_back_in_turn(
    staff: FlaskClient, session: Session, part: Bundle, other_mission: str, print_bundle: Print
) -> None:
    moved = post(staff, after(part, "reroute"), {"mission": other_mission, "confirmed": "y"})
    assert moved.status_code == 303, html.unescape(moved.text)
    newest = session.scalar(select(func.max(Bundle.id)))
    rerouted = let_go(session, reload(session, newest or 0))
    assert print_bundle(rerouted.id) is BundleState.READY
    text = "".join(pages_of(_take(staff, rerouted, "letters-001.pdf")))
    assert [name for name in "abcdefghijkl" if f"Quille{name}" in text] == list("fghi")
    last = select(Letter.signature_id).where(Letter.sequence == 7)
    forget(session, last.where(Letter.bundle_id == rerouted.id))
    session.execute(update(LetterMove).values(volume_id=None))  # as nobody noted it once
    session.commit()
    assert offered(session, part) == PAPERS, "the last of them stands in its third volume"
    assert offered(session, rerouted) == {"letters-001.pdf", *PAPERS}


def test_where_the_record_of_their_part_is_deleted_the_rest_alone_is_here(
    session: Session, part: Bundle
) -> None:
    visit = session.scalars(select(GateVisit)).one()
    record_delivery.remove_visit(session, visit, actor="test")
    assert count_left(session, reload(session, part.id)) == 7


def _take(staff: FlaskClient, bundle: Bundle, name: str) -> bytes:
    url = f"/desk/bundles/{bundle.public_id}/reprint"
    answer = post(staff, url, {"file": name, "reason": "Torn"})
    assert answer.status_code == 200
    return answer.data


@pytest.mark.both_engines
def test_files_of_envelopes_that_were_posted_are_made_anew_without_them(
    app: Flask,
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    record: Record,
    erase: Erase,
    again: Again,
) -> None:
    record(printed, DeliveryOutcome.REFUSED)
    typed = {"letters_each": "4", "with_letters": "y"}
    assert post(staff, after(printed, "split"), typed).status_code == 303
    run = run_of(session)
    again("deliveries.print-envelopes", run.id)
    assert post(staff, after(printed, "post"), posting(last="2")).status_code == 303
    long_ago(session, 190)
    assert erase() == [{"signatures": 8, "scans": 0, "bundles": 0}]
    with app.app_context(), db.transaction() as own:
        its_run = own.get_one(EnvelopeRun, run.id)
        with pytest.raises(Refused, match="forgotten"):
            envelope_store.read_file(own, its_run, "envelopes-001.pdf", actor="test")
    file = after(printed, "files/envelopes-001.pdf")
    assert post(staff, file).status_code == 303
    again("deliveries.print-envelopes", run.id)
    remade = run_of(session)
    assert (remade.state, remade.files[1]["letters"]) == (RunState.READY, [[9, 12]])
    text = "".join(pages_of(post(staff, file).data))
    assert [name for name in "abcdefghijkl" if f"Quille{name}" in text] == list("ijkl")


def test_lists_name_who_signed_a_sheet(
    session: Session, campaign: Campaign, freeze: Freeze, print_bundle: Print
) -> None:
    add_confirmed(session, campaign, 1, letter_locale="en")
    for signature in add_confirmed(session, campaign, 1, family_name="Papier"):
        signature.origin, signature.letters = Origin.PAPER, []
    session.commit()
    bundle = reload(session, freeze(campaign.id, on_paper=1))
    session.rollback()
    assert print_bundle(bundle.id) is BundleState.READY
    assert "signatures.pdf" in offered(session, bundle)
    forget(session, select(CarriedSignature.signature_id))
    kept = offered(session, bundle)
    assert "letters-001.pdf" in kept
    assert not {"", "signatures.pdf"} & kept
    with pytest.raises(Refused, match="forgotten"):
        withdrawals.refuse_forgotten(session, reload(session, bundle.id))
