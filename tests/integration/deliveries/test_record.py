"""What happened at the gate, as staff record it on a phone."""

import io
import re
import struct
import threading
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from campaign.campaigns.status_changes import stop_campaign
from campaign.core import audit, db, i18n, jobs
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid
from campaign.deliveries import attachments, record_delivery
from campaign.deliveries import visits as finding
from campaign.deliveries.desk import delivery_views
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.stopped_bundles import record_fate
from campaign.models.bundle import CAME_BACK, Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus, UpdateKind
from campaign.models.delivery import GateFile, GateVisit, PaperFate
from campaign.models.directory import Mission
from campaign.models.reply import Channel, Reply, ReplyState
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.models.staff import Role
from campaign.storage import storage
from tests.days import today
from tests.factories import add_confirmed, csrf_token, make_campaign, post, sign_in
from tests.integration.deliveries.conftest import Record, form, photograph, reload


def gate(bundle: Bundle) -> str:
    return f"/desk/bundles/{bundle.public_id}/deliver"


def visits(session: Session) -> list[GateVisit]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(GateVisit).order_by(GateVisit.id)))


def test_what_is_typed_at_one_gate_is_not_kept_for_the_form_of_another(
    staff: FlaskClient, bundle: Bundle
) -> None:
    """`form[data-kept]` is the mark of kept.js, whose value says which form it is."""
    [opening] = re.findall(r"<form[^>]* data-deliver[^>]*>", staff.get(gate(bundle)).text)
    assert "Kept on this phone, not sent yet" in opening
    assert "data-kept" not in opening


def test_a_delivery_is_recorded_with_all_that_was_written_down(
    staff: FlaskClient, bundle: Bundle, session: Session
) -> None:
    assert "7 letters" in staff.get(gate(bundle)).text
    answer = post(staff, gate(bundle), form())
    assert answer.status_code == 303
    [visit] = visits(session)
    [attempt] = visit.attempts
    assert (attempt.bundle_id, attempt.messages) == (bundle.id, 7)
    assert attempt.outcome is DeliveryOutcome.ACCEPTED
    assert (visit.received_by, visit.notes) == ("Planted Attaché", "Planted note.")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "delivery.record")).one()
    assert entry.detail == {"outcome": "accepted", "messages": 7}
    shown = staff.get(answer.location).text
    assert "Planted Attaché" in shown
    assert "Planted note." in shown
    # Both clocks have 24 hours.
    assert re.search(r" at 00:00 \(local time\)", shown)
    assert re.search(r" at \d\d:\d\d \(your organization’s time\)", shown)
    assert "You have no letters of this bundle left" in staff.get(gate(bundle)).text
    case = staff.get(f"/en/actions/{bundle.campaign.slug}").text
    assert "Planted" not in case, "nothing is public before it is published"


def test_who_went_who_opened_and_the_notes_are_sealed(
    staff: FlaskClient, bundle: Bundle, session: Session
) -> None:
    post(staff, gate(bundle), form())
    session.rollback()
    row = session.execute(text("SELECT received_by, delegates, notes FROM gate_visit")).one()
    assert all(b"Planted" not in bytes(value) for value in row)


@pytest.mark.both_engines
def test_pictures_and_receipt_are_drawn_anew_and_lie_sealed(
    staff: FlaskClient, bundle: Bundle, session: Session
) -> None:
    pdf = io.BytesIO()
    Image.new("RGB", (400, 600), "white").save(pdf, "PDF")
    pdf.seek(0)
    files = {
        "camera": (photograph(), "image.jpg"),
        "pictures": [(photograph("PNG"), "a.png"), (photograph("WEBP"), "b.webp")],
        "receipt": (pdf, "receipt.pdf"),
    }
    assert post(staff, gate(bundle), form() | files).status_code == 303
    [visit] = visits(session)
    assert [(file.kind.value, file.format.value) for file in visit.files] == [
        *[("picture", "image")] * 3,
        ("receipt", "pdf"),
    ]
    for file in visit.files:
        kept = b"".join(storage().sealed_chunks(f"gate/{file.folder}/page-1"))
        assert b"JFIF" not in kept, "sealed"
        body = attachments.read_page(file, 1)
        picture = Image.open(io.BytesIO(body))
        assert picture.format == "JPEG"
        assert max(picture.size) <= 2000
        assert not picture.getexif()
        assert b"PLANTED" not in body
    page = f"/desk/deliveries/{visit.public_id}"
    first = f"{page}/files/{visit.files[0].public_id}/1.jpg"
    assert staff.get(first).mimetype == "image/jpeg"
    assert staff.get(first.replace("/1.jpg", "/2.jpg")).status_code == 404
    download = f"{page}/files/{visit.files[3].public_id}/download"
    receipt = post(staff, download)
    assert receipt.data.startswith(b"%PDF-")
    assert "attachment" in receipt.headers["Content-Disposition"]
    other = f"/desk/deliveries/{'x' * 22}/files/{visit.files[0].public_id}/1.jpg"
    assert staff.get(other).status_code == 404
    storage().delete(f"gate/{visit.files[3].folder}/original")
    lost = post(staff, download)
    assert lost.status_code == 404
    assert "This file is not in the file storage." in lost.text


def _bomb() -> io.BytesIO:
    """A PNG that says it is 50,000 pixels wide and high."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + body)


@pytest.mark.parametrize(
    ("field", "file", "words"),
    [
        ("pictures", (b"<svg onload=alert(1)>", "gate.jpg"), "is not a JPEG, PNG or WebP"),
        ("pictures", (b"%PDF-1.7", "gate.jpg"), "is not a JPEG, PNG or WebP"),
        ("pictures", (photograph("PNG").getvalue(), "gate.jpg"), "does not match its kind"),
        ("pictures", (photograph().getvalue(), "../../gate.php"), "does not match its kind"),
        ("receipt", (photograph().getvalue(), "receipt.pdf"), "does not match the kind"),
        ("receipt", (b"%PDF-1.7 nothing", "receipt.jpg"), "does not match the kind"),
        ("receipt", (b"%PDF-1.7 nothing", "receipt.pdf"), "We cannot show this PDF"),
    ],
)
def test_a_file_that_lies_is_refused_and_what_was_typed_is_kept(
    staff: FlaskClient,
    bundle: Bundle,
    session: Session,
    field: str,
    file: tuple[bytes, str],
    words: str,
) -> None:
    sent = form(**{field: (io.BytesIO(file[0]), file[1])})
    answer = post(staff, gate(bundle), sent)
    assert answer.status_code == 422
    assert words in answer.text
    assert "Planted Attaché" in answer.text
    assert visits(session) == []


def test_a_file_that_is_too_big_is_refused() -> None:
    big = io.BytesIO(b"x" * (attachments.MAX_BYTES + 1))
    with pytest.raises(Invalid) as receipt:
        attachments.draw_receipt(big, "receipt.jpg")
    assert receipt.value.fields == {"receipt": "receipt-too-big"}
    big.seek(0)
    with pytest.raises(Invalid) as picture:
        attachments.draw_picture(big, "picture.jpg")
    assert picture.value.fields == {"pictures": "picture-too-big"}


@pytest.mark.both_engines
def test_a_bomb_of_pixels_and_too_many_pictures_are_refused(
    staff: FlaskClient, bundle: Bundle, session: Session
) -> None:
    bomb = post(staff, gate(bundle), form(pictures=(_bomb(), "gate.png")))
    assert bomb.status_code == 422
    assert "60 million pixels" in bomb.text
    two = [(photograph(size=(20, 20)), "street.jpg"), (io.BytesIO(b"no picture"), "door.jpg")]
    assert "door.jpg: This file is not a JPEG" in post(staff, gate(bundle), form(pictures=two)).text
    many = [(photograph(size=(20, 20)), "a.jpg") for _ in range(9)]
    assert "Choose eight pictures at most" in post(staff, gate(bundle), form(pictures=many)).text
    assert visits(session) == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("outcome", "", "Choose what happened"),
        ("outcome", "burnt", "Choose one of the answers offered"),
        ("outcome", "stopped", "Choose one of the answers offered"),
        ("happened_on", "31.2.2026", "Enter the date as"),
        ("happened_on", "2026-02-31", "There is no 31 February 2026."),
        ("happened_on", "2099-01-01", "has not come yet"),
        ("happened_time", "25:99", "Enter the time like this"),
        ("place", "x" * 201, "Use at most 200 characters"),
        ("received_by", "A\x01", "characters here are hidden"),
        ("key", "short", "We could not save this"),
    ],
)
def test_what_cannot_be_taken_is_said_by_its_field(
    staff: FlaskClient, bundle: Bundle, session: Session, field: str, value: str, words: str
) -> None:
    answer = post(staff, gate(bundle), form(**{field: value}))
    assert answer.status_code == 422
    assert words in answer.text
    assert visits(session) == []


def test_only_staff_come_to_the_gate_and_come_back_to_it_after_sign_in(
    client: FlaskClient, app: Flask, bundle: Bundle
) -> None:
    away = client.get(gate(bundle))
    assert away.status_code == 302
    assert away.location.startswith("/desk/sign-in?next=")
    assert gate(bundle).replace("/", "%2F") in away.location or gate(bundle) in away.location
    sign_in(client, app, Role.ORGANIZER)
    assert client.get(gate(bundle)).status_code == 404
    assert client.get(f"{gate(bundle)}/token").status_code == 404
    assert client.get("/desk/deliveries/").status_code == 404


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (BundleState.PRINTING, "because this bundle is being printed."),
        (BundleState.ASSEMBLING, "because this bundle is being printed."),
        (BundleState.FAILED, "because this bundle was not printed."),
        (BundleState.CANCELLED, "because this bundle was cancelled."),
    ],
)
def test_a_bundle_that_is_not_ready_is_not_carried_and_its_page_says_why(
    staff: FlaskClient, bundle: Bundle, session: Session, state: BundleState, words: str
) -> None:
    bundle.state = state
    session.commit()
    page = staff.get(gate(bundle), follow_redirects=True)
    assert page.request.path == f"/desk/bundles/{bundle.public_id}"
    assert words in page.text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (BundleState.CANCELLED, "this bundle was cancelled"),
        (BundleState.PRINTING, "this bundle is being made again"),
        (BundleState.FAILED, "this bundle could not be made"),
    ],
)
def test_what_was_typed_of_a_bundle_that_a_colleague_cancelled_or_remakes_is_kept(
    staff: FlaskClient, bundle: Bundle, session: Session, state: BundleState, words: str
) -> None:
    bundle.state, bundle.remade_at = state, db.utcnow()
    session.commit()
    page = post(staff, gate(bundle), form())
    assert page.status_code == 422
    assert words in page.text
    assert "Planted note." in page.text
    told = post(staff, gate(bundle), form(), headers={"Accept": "application/json"})
    if state is BundleState.PRINTING:
        assert told.status_code == 503, "the phone sends it again by itself"
        assert int(told.headers["Retry-After"]) > 0
        bundle.remade_at = db.utcnow() - timedelta(hours=1)
        session.commit()
        told = post(staff, gate(bundle), form(), headers={"Accept": "application/json"})
        assert told.status_code == 422, "not for ever"
        bundle.campaign.status, bundle.campaign.stopped_at = CampaignStatus.STOPPED, db.utcnow()
        bundle.remade_at = db.utcnow()
        session.commit()
        told = post(staff, gate(bundle), form(), headers={"Accept": "application/json"})
        assert told.status_code == 422, "it is not made again after a stop"
    else:
        assert told.status_code == 422
        assert any(words in problem for problem in told.json["problems"])
    assert visits(session) == []


def test_a_phone_that_sends_twice_makes_one_visit(
    staff: FlaskClient, bundle: Bundle, session: Session
) -> None:
    sent = form(outcome="refused")
    json = {"Accept": "application/json"}
    first = post(staff, gate(bundle), sent, headers=json)
    second = post(staff, gate(bundle), sent, headers=json)
    assert first.status_code == second.status_code == 200
    assert first.json == second.json
    assert first.json["sent"] is True
    assert len(visits(session)) == 1
    assert len(session.scalars(select(DeliveryAttempt)).all()) == 1


@pytest.mark.both_engines
def test_two_sendings_at_one_moment_make_one_visit(
    app: Flask, bundle: Bundle, session: Session
) -> None:
    visit_ids: list[int] = []
    at_once = threading.Barrier(4)

    def send() -> None:
        with app.app_context():
            at_once.wait()
            with db.transaction() as own:
                visit = record_delivery.record_visit(
                    own,
                    carried=[record_delivery.CarriedBundle(own.get_one(Bundle, bundle_id))],
                    happened=record_delivery.VisitFacts(
                        outcome=DeliveryOutcome.REFUSED, happened_on=today()
                    ),
                    key="one-key-of-a-phone",
                    actor="test",
                )
                visit_ids.append(visit.id)

    bundle_id = bundle.id
    session.rollback()
    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(visit_ids)) == 1
    assert len(visit_ids) == 4
    assert len(session.scalars(select(DeliveryAttempt)).all()) == 1


def test_a_colleague_who_was_there_as_well_does_not_record_it_twice(
    client: FlaskClient, app: Flask, bundle: Bundle, session: Session
) -> None:
    sign_in(client, app, Role.STAFF)
    assert post(client, gate(bundle), form(outcome="refused")).status_code == 303
    sign_in(client, app, Role.STAFF, email="second@example.org")
    again = post(client, gate(bundle), form(outcome="refused"))
    assert again.status_code == 422
    assert "has already recorded this: Refused, " in again.text
    assert len(visits(session)) == 1


def test_the_key_of_somebody_else_tells_nothing(
    client: FlaskClient, app: Flask, bundle: Bundle, session: Session
) -> None:
    sent = form(outcome="refused")
    sign_in(client, app, Role.STAFF)
    post(client, gate(bundle), sent)
    sign_in(client, app, Role.STAFF, email="second@example.org")
    answer = post(client, gate(bundle), sent, headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert "url" not in answer.json
    assert not answer.json["recorded"]


def test_a_stale_token_is_refused_and_a_fresh_one_is_to_be_had(
    staff: FlaskClient, bundle: Bundle, session: Session
) -> None:
    headers = {"Accept": "application/json"}
    stale = staff.post(gate(bundle), data=form(), headers=headers | {"X-CSRFToken": "stale"})
    assert stale.status_code == 400
    told = staff.get(f"{gate(bundle)}/token").json
    fresh = headers | {"X-CSRFToken": told["token"]}
    assert staff.post(gate(bundle), data=form(), headers=fresh).status_code == 200
    assert len(visits(session)) == 1


def test_the_worker_sees_this_page_alone(staff: FlaskClient, bundle: Bundle) -> None:
    page = staff.get(gate(bundle))
    assert "worker-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    worker = staff.get(f"{gate(bundle)}/worker.js")
    assert worker.mimetype == "text/javascript"
    assert worker.headers["Service-Worker-Allowed"] == gate(bundle)


def test_the_page_that_a_phone_keeps_names_nobody(
    client: FlaskClient, app: Flask, bundle: Bundle, session: Session
) -> None:
    user = sign_in(client, app, Role.STAFF, name="Planted Staff")
    page = client.get(gate(bundle)).text
    signers = session.scalars(select(Signature)).all()
    names = {user.name, user.email, *(signer.family_name for signer in signers)}
    assert len(names) > 4
    assert [name for name in names if name in page] == []


def test_a_part_says_how_many_and_is_a_part(
    staff: FlaskClient, bundle: Bundle, session: Session
) -> None:
    field = f"taken_{bundle.id}"
    for taken in ("", "0", "7", "8"):
        answer = post(staff, gate(bundle), form(outcome="part", **{field: taken}))
        assert answer.status_code == 422, taken
    answer = post(staff, gate(bundle), form(outcome="part", **{field: "3"}))
    assert answer.status_code == 303
    [visit] = visits(session)
    assert visit.attempts[0].messages == 3


def test_bundles_that_travel_together_have_an_attempt_each(
    staff: FlaskClient, bundle: Bundle, session: Session, make_ready: Callable[[], int]
) -> None:
    add_confirmed(session, bundle.campaign, 2, letter_locale="en", locality="Halifax")
    session.commit()
    second = reload(session, make_ready())
    assert f"with_{second.id}" in staff.get(gate(bundle)).text
    sent = form(**{f"with_{second.id}": "y"})
    assert post(staff, gate(bundle), sent).status_code == 303
    [visit] = visits(session)
    assert [(attempt.bundle_id, attempt.messages) for attempt in visit.attempts] == [
        (bundle.id, 7),
        (second.id, 2),
    ]
    # One that did not come along is taken out of the record alone.
    page = staff.get(f"/desk/deliveries/{visit.public_id}").text
    assert page.count(">Delete only UA 1/26 · 00") == 2
    removed = visit.attempts[1].public_id
    session.rollback()
    remove = f"/desk/deliveries/attempts/{removed}/remove"
    response = post(staff, remove)
    assert (response.status_code, response.location) == (303, f"/desk/deliveries/{visit.public_id}")
    assert [attempt.bundle_id for [visit] in [visits(session)] for attempt in visit.attempts] == [
        bundle.id
    ]
    assert "2 letters" in staff.get(gate(second)).text, "the letters are here again"
    assert post(staff, remove).status_code == 404


def test_who_deletes_a_record_reads_that_a_later_one_corrects_no_email(
    staff: FlaskClient, bundle: Bundle, record: Record
) -> None:
    first = record(bundle, DeliveryOutcome.REFUSED).public_id
    words = "There is a later record of the same bundle."
    assert words not in staff.get(f"/desk/deliveries/{first}").text
    second = record(bundle, DeliveryOutcome.ACCEPTED).public_id
    assert words in staff.get(f"/desk/deliveries/{first}").text
    assert words not in staff.get(f"/desk/deliveries/{second}").text


def test_a_companion_that_has_no_part_offers_none_and_says_so(
    staff: FlaskClient, bundle: Bundle, session: Session, make_ready: Callable[[], int]
) -> None:
    """One letter has no part, as little as sheets without numbers."""
    add_confirmed(session, bundle.campaign, 1, letter_locale="en", locality="Halifax")
    session.commit()
    second = reload(session, make_ready())
    page = staff.get(gate(bundle)).text
    assert f'name="taken_{bundle.id}"' in page
    assert f'name="taken_{second.id}"' not in page
    words = "This bundle cannot be accepted in part here. Record it on its own page."
    assert words in page
    taken = {f"taken_{bundle.id}": "3", f"with_{second.id}": "y"}
    answer = post(staff, gate(bundle), form(outcome="part", **taken))
    assert answer.status_code == 422
    assert f'id="with_{second.id}-error"' in answer.text
    assert visits(session) == []


def test_the_sheets_to_remove_from_a_bundle_that_comes_along_are_named_too(
    staff: FlaskClient, bundle: Bundle, session: Session, make_ready: Callable[[], int]
) -> None:
    add_confirmed(session, bundle.campaign, 3, letter_locale="en", locality="Halifax")
    session.commit()
    second = reload(session, make_ready())
    letter = session.scalars(select(Letter).where(Letter.bundle_id == second.id)).first()
    assert letter is not None
    letter.signature.state = SignatureState.WITHDRAWN
    session.commit()
    page = staff.get(gate(bundle)).text
    assert "Remove 1 letter first" in page
    assert f"If you also deliver this bundle: UA 1/26 · {second.sequence:03d}" in page
    assert f"<p>{letter.sequence:05d}</p>" in page
    assert "If you also deliver this bundle" not in staff.get(gate(second)).text


def test_a_number_at_a_bundle_without_its_tick_is_asked_about(
    staff: FlaskClient, bundle: Bundle, session: Session, make_ready: Callable[[], int]
) -> None:
    add_confirmed(session, bundle.campaign, 4, letter_locale="en", locality="Halifax")
    session.commit()
    second = reload(session, make_ready())
    taken = {f"taken_{bundle.id}": "3", f"taken_{second.id}": "2"}
    answer = post(staff, gate(bundle), form(outcome="part", **taken))
    assert answer.status_code == 422
    words = "Tick this bundle if it was delivered too, or remove its number."
    assert f'-error">{words}' in answer.text
    assert f"UA 1/26 · {second.sequence:03d}: {words}</a>" in answer.text, "away from its box"
    assert visits(session) == []
    whole = form(outcome="accepted", **taken, **{f"removed_{second.id}": "not a number"})
    assert post(staff, gate(bundle), whole).status_code == 303, "of it nothing is recorded"


def _stop(app: Flask, campaign_id: int) -> None:
    with app.app_context(), db.transaction() as own:
        stop_campaign(
            own,
            own.get_one(Campaign, campaign_id),
            actor="test",
            reasons={"en": "She asked us to."},
            now=db.utcnow(),
        )


def test_with_a_stopped_bundle_only_stopped_ones_came_along_until_it_is_said_that_it_went(
    app: Flask, staff: FlaskClient, bundle: Bundle, session: Session, make_ready: Callable[[], int]
) -> None:
    add_confirmed(session, bundle.campaign, 4, letter_locale="en", locality="Halifax")
    session.commit()
    stopped_too = make_ready()
    add_confirmed(session, bundle.campaign, 4, letter_locale="en", locality="Truro")
    session.commit()
    runs, campaign_id = make_ready(), bundle.campaign_id
    other = make_campaign(session, reference="UA 2/26", slug="ua-2-26")
    session.execute(update(Bundle).where(Bundle.id == runs).values(campaign_id=other.id))
    session.commit()
    assert f'name="with_{runs}"' in staff.get(gate(bundle)).text
    _stop(app, campaign_id)
    page = staff.get(gate(bundle)).text
    assert f'name="with_{runs}"' not in page, "there is nowhere to say how that one ended"
    assert f'name="with_{stopped_too}"' in page
    assert f'name="with_{runs}"' in staff.get(f"{gate(bundle)}?before=1").text


def test_a_stopped_bundle_that_may_come_along_is_an_alarm_until_it_is_said_what_became_of_it(
    app: Flask, staff: FlaskClient, bundle: Bundle, session: Session, make_ready: Callable[[], int]
) -> None:
    add_confirmed(session, bundle.campaign, 4, letter_locale="en", locality="Halifax")
    session.commit()
    second, page = make_ready(), gate(bundle)
    other = make_campaign(session, reference="UA 2/26", slug="ua-2-26")
    session.execute(update(Bundle).where(Bundle.id == second).values(campaign_id=other.id))
    letter = session.scalars(select(Letter).where(Letter.bundle_id == second)).first()
    assert letter is not None
    letter.signature.campaign_id, letter.signature.state = other.id, SignatureState.WITHDRAWN
    session.commit()
    other_id = other.id
    assert "If you also deliver this bundle: UA 2/26 · 002" in alarms(staff.get(page).text)
    _stop(app, other_id)
    told = staff.get(page).text
    # What the page asks for every half minute: it is compared with what stands there.
    for text_after in (alarms(told), alarms(staff.get(f"{page}?before=1").text)):
        assert "Stop: do not deliver UA 2/26 · 002" in text_after
        assert "She asked us to." in text_after
        assert "If you also deliver" not in text_after
        assert "data-stopped" not in text_after, "its own bundle is delivered"
    [label] = re.findall(rf'<label for="with_{second}">(.*?)</label>', told, re.DOTALL)
    assert "On hold: stopped" in label
    with app.app_context(), db.transaction() as own:
        record_fate(own, own.get_one(Bundle, second), PaperFate.DESTROYED, actor="test")
    over = staff.get(page).text
    assert "UA 2/26" not in over, "nobody has it any more"
    assert 'value="accepted"' in over


def test_the_record_names_what_was_stopped_of_it_and_that_a_reply_answers_it(
    app: Flask, staff: FlaskClient, bundle: Bundle, session: Session, make_ready: Callable[[], int]
) -> None:
    add_confirmed(session, bundle.campaign, 2, letter_locale="en")
    session.commit()
    second, page = make_ready(), gate(bundle)
    other = make_campaign(session, reference="UA 2/26", slug="ua-2-26")
    session.execute(update(Bundle).where(Bundle.id == second).values(campaign_id=other.id))
    session.commit()
    other_id = other.id
    recorded = post(staff, page, form(**{f"with_{second}": "y"})).location
    _stop(app, other_id)
    answer = "A published reply names this delivery."
    shown = staff.get(recorded).text
    assert "Stop: do not deliver UA 2/26" in shown
    assert "Stop: do not deliver anything" not in shown
    assert answer not in shown
    delivery = session.scalars(select(DeliveryAttempt)).first()
    assert delivery is not None
    facts = {"received_on": today(), "channel": Channel.EMAIL, "locale": "en"}
    session.add(
        Reply(
            campaign_id=delivery.campaign_id,
            delivery_id=delivery.id,
            state=ReplyState.PUBLISHED,
            **facts,
        )
    )
    session.commit()
    assert answer in staff.get(recorded).text


def alarms(page: str) -> str:
    """What is in the page's place for alarms."""
    _before, begun, rest = page.partition('<div id="alarms"')
    return begun + rest.partition("</div>\n")[0]


def test_a_stop_blocks_the_gate_and_records_that_nothing_was_delivered(
    app: Flask, staff: FlaskClient, bundle: Bundle, session: Session
) -> None:
    campaign_id = bundle.campaign_id
    session.rollback()
    _stop(app, campaign_id)
    page = staff.get(gate(bundle)).text
    assert "Stop: do not deliver anything" in page
    assert "She asked us to." in page
    assert 'value="accepted"' not in page
    assert post(staff, gate(bundle), form(outcome="stopped")).status_code == 303
    [visit] = visits(session)
    assert visit.attempts[0].outcome is DeliveryOutcome.STOPPED
    assert session.get_one(Campaign, campaign_id).status is CampaignStatus.STOPPED


def test_what_is_typed_elsewhere_is_kept_by_account_and_not_forgotten_at_the_gate(
    client: FlaskClient, app: Flask, bundle: Bundle
) -> None:
    marks = set()
    for _ in range(2):
        user = sign_in(client, app, Role.ADMIN, name="Ada Admin")
        page = client.get("/desk/missions").text
        marks |= set(re.findall(r'<body[^>]* data-staff="([^"]+)"', page))
        assert user.public_id in marks
        assert "js/kept" in page
        at_gate = client.get(gate(bundle)).text
        assert "js/kept" not in at_gate
        assert "data-staff" not in at_gate
    assert len(marks) == 2, "two of one name are two"


@pytest.mark.both_engines
def test_a_post_is_published_once_with_a_picture_that_is_described(
    staff: FlaskClient, bundle: Bundle, session: Session, fresh_pages: None
) -> None:
    two = [(photograph(), "a.jpg"), (photograph(size=(900, 600)), "b.jpg")]
    post(staff, gate(bundle), form(pictures=two))
    [visit] = visits(session)
    [attempt] = visit.attempts
    first, second = (file.public_id for file in visit.files)
    page = f"/desk/deliveries/attempts/{attempt.public_id}/publish"
    assert "7 letters delivered" in staff.get(page).text, "words to begin with"
    words = {
        "title_en": "Handed over in Ottawa",
        "body_en": "They took them.",
        f"show_{first}": "y",
        f"show_{second}": "y",
        f"alt_en_{second}": "A pile of letters",
    }
    bare = post(staff, page, words)
    assert bare.status_code == 422
    assert "Describe the picture for people" in bare.text
    half = post(staff, page, words | {f"alt_en_{first}": "Two", "title_fr": "Ha", "body_fr": ""})
    assert half.status_code == 422
    assert "Write the text in this language too" in half.text
    assert post(staff, page, words | {f"alt_en_{first}": "Two people at a gate"}).status_code == 303
    session.rollback()
    session.expire_all()
    [update] = session.get_one(Bundle, bundle.id).campaign.updates
    assert update.kind is UpdateKind.DELIVERY
    assert update.id == session.get_one(DeliveryAttempt, attempt.id).update_id
    case = f"/en/actions/{bundle.campaign.slug}"
    shown = staff.get(case).text
    assert "Handed over in Ottawa" in shown
    assert 'alt="Two people at a gate"' in shown
    assert 'alt="A pile of letters"' in shown
    names = re.findall(r"/pictures/([^\"]+)", shown)
    assert {staff.get(f"/pictures/{name}").status_code for name in names} == {200}
    assert "Planted" not in shown
    late = post(staff, page, words | {f"alt_en_{first}": "Again", "body_en": "Typed too late."})
    assert late.status_code == 422
    already = "has already published this delivery: “Handed over in Ottawa”"
    assert already in late.text
    assert "Typed too late." in late.text
    assert already in staff.get(staff.get(page).location).text
    remove = f"/desk/deliveries/{visit.public_id}/remove"
    assert post(staff, remove).status_code == 409, "not while a post tells of it"
    back = f"/desk/deliveries/attempts/{attempt.public_id}/take-back"
    other = make_campaign(session, picture=f"pictures/{names[0]}")
    session.commit()
    assert post(staff, back).status_code == 303
    assert "Handed over in Ottawa" not in staff.get(case).text
    assert "has already unpublished this" in staff.get(post(staff, back).location).text
    session.rollback()
    taken = select(AuditEntry).filter_by(action="delivery.take-back")
    kept = session.scalars(taken).one().detail[audit.SEALED_BEFORE]
    assert "Handed over in Ottawa" in audit.open_text(kept)
    assert staff.get(f"/pictures/{names[0]}").status_code == 200, "another case shows the same"
    other.picture = ""
    session.commit()
    assert {staff.get(f"/pictures/{name}").status_code for name in names} == {404}
    assert post(staff, remove).status_code == 303
    assert visits(session) == []
    assert session.scalars(select(GateFile)).all() == []
    assert "7 letters" in staff.get(gate(bundle)).text, "the letters are here again"


def test_letters_that_are_out_of_our_hands_are_not_handed_over_again(
    staff: FlaskClient, bundle: Bundle, session: Session, record: Record
) -> None:
    record(bundle, DeliveryOutcome.LEFT)
    answer = post(staff, gate(bundle), form())
    assert answer.status_code == 422
    assert "You have no letters of this bundle left" in answer.text
    assert len(visits(session)) == 1


def test_more_in_an_hour_than_anybody_visits_is_refused(
    staff: FlaskClient, bundle: Bundle, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_views, "_PER_HOUR", 1)
    assert post(staff, gate(bundle), form(outcome="refused")).status_code == 303
    sent: dict[str, Any] = form(outcome="refused", happened_time="00:01")
    assert post(staff, gate(bundle), sent).status_code == 429
    assert csrf_token(staff)
    assert len(visits(session)) == 1


def test_a_part_that_is_none_stands_by_the_bundle_it_is_about(
    staff: FlaskClient, bundle: Bundle, session: Session, make_ready: Callable[[], int]
) -> None:
    add_confirmed(session, bundle.campaign, 2, letter_locale="en", locality="Halifax")
    session.commit()
    second = reload(session, make_ready())
    page = staff.get(gate(bundle)).text
    assert 'max="6"' in page
    assert 'max="1"' in page
    assert "Enter a number from 1 to 6." in page, "a phone says it before anything is queued"
    words = "For “Accepted in part”, enter at least one letter, but not all of them."
    whole = " If they accepted or refused all of this bundle, untick it and record it separately."
    assert page.count(whole) == 1
    assert f"{words}{whole}" in page, "of two letters a part is one"
    fields = {f"taken_{bundle.id}": "3", f"with_{second.id}": "y", f"taken_{second.id}": "100"}
    answer = post(staff, gate(bundle), form(outcome="part", **fields))
    assert answer.status_code == 422
    assert f'id="taken_{second.id}-error"' in answer.text
    assert f'id="taken_{bundle.id}-error"' not in answer.text
    assert f"{words}{whole}</p>" in answer.text
    assert 'value="100"' in answer.text
    assert "Planted note." in answer.text


@pytest.mark.both_engines
def test_what_was_taken_is_here_no_more_before_it_is_named(
    staff: FlaskClient, bundle: Bundle, session: Session
) -> None:
    sent = form(outcome="part", **{f"taken_{bundle.id}": "3"})
    answer = post(staff, gate(bundle), sent)
    assert "You still have 4 letters here." in staff.get(answer.location).text
    assert (
        "You still have 4 letters here."
        in staff.get(f"/desk/bundles/{bundle.public_id}/after").text
    )
    assert "of 4" in staff.get(gate(bundle)).text
    refused = form(outcome="refused", happened_time="00:01")
    assert post(staff, gate(bundle), refused).status_code == 303
    assert [attempt.messages for visit in visits(session) for attempt in visit.attempts] == [3, 4]


@pytest.fixture
def second(session: Session, bundle: Bundle, make_ready: Callable[[], int]) -> Bundle:
    """Two more letters for the same mission, in a bundle of their own."""
    add_confirmed(session, bundle.campaign, 2, letter_locale="en", locality="Halifax")
    session.commit()
    return reload(session, make_ready())


def told(session: Session) -> list[list[tuple[int | None, str, int]]]:
    return [
        [(attempt.bundle_id, attempt.outcome.value, attempt.messages) for attempt in visit.attempts]
        for visit in visits(session)
    ]


@pytest.mark.parametrize("came_back", sorted(CAME_BACK))
def test_two_visits_that_were_written_down_out_of_reach_are_recorded_for_all_that_was_carried(
    staff: FlaskClient, bundle: Bundle, second: Bundle, session: Session, came_back: DeliveryOutcome
) -> None:
    along = {f"with_{second.id}": "y"}
    json = {"Accept": "application/json"}
    morning = form(outcome=came_back.value, **along)
    afternoon = form(outcome="accepted", happened_time="00:01", **along)
    assert post(staff, gate(bundle), morning, headers=json).status_code == 200
    assert f"with_{second.id}" in staff.get(gate(bundle)).text, "its letters came back"
    assert post(staff, gate(bundle), afternoon, headers=json).status_code == 200
    assert f"with_{second.id}" not in staff.get(gate(bundle)).text, "it was delivered there"
    assert told(session) == [
        [(bundle.id, came_back.value, 7), (second.id, came_back.value, 2)],
        [(bundle.id, "accepted", 7), (second.id, "accepted", 2)],
    ]


@pytest.mark.parametrize("came_back", sorted(CAME_BACK))
def test_a_refused_bundle_may_come_along_again_until_its_letters_are_in_envelopes(
    bundle: Bundle,
    second: Bundle,
    session: Session,
    record: Record,
    make_ready: Callable[[], int],
    came_back: DeliveryOutcome,
) -> None:
    add_confirmed(session, bundle.campaign, 1, letter_locale="en", locality="Truro")
    session.commit()
    third = make_ready()
    record(second, came_back)

    def list_ids() -> list[int]:
        session.rollback()
        viewed = session.get_one(Bundle, third)
        return [other.id for other in finding.list_companions(session, viewed)]

    assert list_ids() == [bundle.id, second.id], "first what nobody has carried yet"
    refused = session.get_one(Bundle, second.id)
    split_bundle.split_bundle(session, refused, letters_each=1, with_letters=False, actor="test")
    session.commit()
    assert list_ids() == [bundle.id]


@pytest.mark.parametrize(
    ("came_back", "words"),
    [
        (DeliveryOutcome.REFUSED, "This bundle was refused before."),
        (DeliveryOutcome.UNOPENED, "No one opened for this bundle before."),
    ],
)
def test_where_a_bundle_may_come_along_it_says_that_it_came_back_before(
    staff: FlaskClient,
    bundle: Bundle,
    second: Bundle,
    record: Record,
    came_back: DeliveryOutcome,
    words: str,
) -> None:
    hint = f'id="with_{second.id}-hint">{words}'
    assert hint not in staff.get(gate(bundle)).text
    record(second, came_back)
    page = staff.get(gate(bundle)).text
    assert hint in page
    assert f'aria-describedby="with_{second.id}-hint"' in page


def test_of_a_bundle_from_which_everyone_withdrew_the_page_of_another_warns(
    staff: FlaskClient, bundle: Bundle, second: Bundle, session: Session
) -> None:
    mine = select(Letter.signature_id).where(Letter.bundle_id == second.id)
    withdrawn = update(Signature).where(Signature.id.in_(mine))
    session.execute(withdrawn.values(state=SignatureState.WITHDRAWN, withdrawn_at=db.utcnow()))
    session.commit()
    for _job_before_and_after in range(2):
        page = staff.get(gate(bundle)).text
        assert f"Do not deliver {bundle.campaign.reference} · 002" in page
        assert "Its contents were withdrawn or are under review." in page
        assert "letters first" not in page
        session.rollback()
        jobs.run_now("bundles.remake")


def test_a_bundle_that_came_along_and_cannot_be_recorded_is_named_and_nothing_is_recorded(
    staff: FlaskClient, bundle: Bundle, second: Bundle, session: Session, record: Record
) -> None:
    record(second, DeliveryOutcome.ACCEPTED)
    sent = form(**{f"with_{second.id}": "y"})
    name = f"{bundle.campaign.reference} · {second.sequence:03d}: "
    words = f"{name}This is already recorded: Accepted all letters, {i18n.say_day(today(), 'en')}."
    words = f"{words} Open the record to add to it or correct it."
    from_phone = post(staff, gate(bundle), sent, headers={"Accept": "application/json"})
    assert from_phone.status_code == 422
    assert from_phone.json["problems"] == [words]
    at_desk = post(staff, gate(bundle), sent)
    assert at_desk.status_code == 422
    assert f'id="with_{second.id}-error">{words}' in at_desk.text
    assert f'name="with_{second.id}"' in at_desk.text, "it can be unticked"
    assert len(visits(session)) == 1
    assert post(staff, gate(bundle), form(key=sent["key"])).status_code == 303


def test_what_a_colleague_recorded_of_a_bundle_that_came_along_is_said_of_that_bundle(
    client: FlaskClient, app: Flask, bundle: Bundle, second: Bundle, session: Session
) -> None:
    sign_in(client, app, Role.STAFF)
    assert post(client, gate(second), form(outcome="refused")).status_code == 303
    sign_in(client, app, Role.STAFF, email="second@example.org")
    sent = form(outcome="refused", **{f"with_{second.id}": "y"})
    answer = post(client, gate(bundle), sent, headers={"Accept": "application/json"})
    name = f"{bundle.campaign.reference} · {second.sequence:03d}: "
    words = f"This is already recorded: Refused, {i18n.say_day(today(), 'en')}."
    mend = "Open the record to add to it or correct it."
    assert answer.json["problems"] == [f"{name}{words} {mend}"]
    [visit] = visits(session)
    assert answer.json["recorded"] == f"/desk/deliveries/attempts/{visit.attempts[0].public_id}"


def test_the_second_of_two_who_record_the_same_minute_is_led_to_the_record_of_the_first(
    client: FlaskClient, app: Flask, bundle: Bundle, session: Session
) -> None:
    for email in ("first@example.org", "second@example.org"):
        sign_in(client, app, Role.STAFF, email=email)
        answer = post(client, gate(bundle), form(outcome="refused"))
    assert answer.status_code == 422
    [visit] = visits(session)
    words = answer.text.split("has already recorded this: Refused, ")[1]
    [link] = re.findall('href="([^"]+)" target="_blank" rel="noopener">Open the record<', words)[:1]
    assert client.get(link).location == f"/desk/deliveries/{visit.public_id}"
    from_phone = post(
        client, gate(bundle), form(outcome="refused"), headers={"Accept": "application/json"}
    )
    assert (from_phone.status_code, from_phone.json["recorded"]) == (422, link)


@pytest.mark.parametrize("ticked", ["with_987654", "with_" + "9" * 20, "with_all"])
def test_a_bundle_that_is_not_there_is_not_dropped_without_a_word(
    staff: FlaskClient, bundle: Bundle, session: Session, ticked: str
) -> None:
    answer = post(staff, gate(bundle), form(**{ticked: "y"}))
    assert answer.status_code == 422
    assert "A bundle you ticked no longer exists." in answer.text
    assert visits(session) == []


@pytest.mark.both_engines
def test_a_bundle_of_another_mission_did_not_come_along(
    staff: FlaskClient, bundle: Bundle, second: Bundle, session: Session, other_mission: str
) -> None:
    second.mission = session.scalars(select(Mission).where(Mission.slug == other_mission)).one()
    session.commit()
    answer = post(staff, gate(bundle), form(**{f"with_{second.id}": "y"}))
    assert answer.status_code == 422
    assert visits(session) == []


def test_a_visit_that_is_not_recorded_leaves_no_picture(
    app: Flask, bundle: Bundle, session: Session
) -> None:
    drawn = attachments.draw_picture(photograph(), "gate.jpg")

    def record() -> None:
        with db.transaction() as own:
            record_delivery.record_visit(
                own,
                carried=[record_delivery.CarriedBundle(own.get_one(Bundle, bundle_id))],
                happened=record_delivery.VisitFacts(
                    outcome=DeliveryOutcome.REFUSED, happened_on=today(), files=(drawn, drawn)
                ),
                key=db.new_public_id(),
                actor="test",
            )
            kept = list(storage().names("gate"))
            assert len(kept) == 2
            raise ZeroDivisionError

    bundle_id = bundle.id
    session.rollback()
    with app.app_context():
        with pytest.raises(ZeroDivisionError):
            record()
        assert list(storage().names("gate")) == []
    assert visits(session) == []


@pytest.mark.both_engines
def test_older_visits_are_on_the_next_page(
    staff: FlaskClient,
    bundle: Bundle,
    session: Session,
    record: Record,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finding, "PAGE", 2)
    for at in range(3):
        record(bundle, DeliveryOutcome.REFUSED, place=f"Door {at}")
    first, second = (staff.get(f"/desk/deliveries/?page={page}").text for page in (1, 2))
    assert ["Door 2" in first, "Door 1" in first, "Door 0" in first] == [True, True, False]
    assert ["Door 1" in second, "Door 0" in second] == [False, True]
    assert "Page 1 of 2" in first
    assert staff.get("/desk/deliveries/?page=99999999999999999999").status_code == 200


@pytest.mark.parametrize(
    ("locale", "choices"),
    [
        ("fr", ["Acceptées en partie", "Refusées", "Laissées à la porte", "Envoyées par la poste"]),
        ("es", ["Aceptadas en parte", "Rechazadas", "Dejadas en la puerta"]),
    ],
)
def test_the_gate_speaks_of_letters_in_the_plural(
    app: Flask, client: FlaskClient, bundle: Bundle, locale: str, choices: list[str]
) -> None:
    sign_in(client, app, Role.STAFF, locale=locale)
    page = client.get(f"/desk/bundles/{bundle.public_id}/deliver").text
    assert [words for words in choices if f"{words}<" not in page] == []
