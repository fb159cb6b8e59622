"""From a frozen bundle to papers that agree with each other."""

import csv
import io
import json
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import downloads, find_bundles
from campaign.bundles.documents import bundle_zip
from campaign.bundles.documents.verify import verify_copy
from campaign.bundles.volumes import assemble, print_jobs, print_queue
from campaign.core import db, jobs
from campaign.models.bundle import Bundle, BundleState, Volume, VolumeState
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.signature import Disclosure, Letter, Signature, SignatureState
from tests.factories import add_confirmed, make_campaign
from tests.integration.bundles.conftest import Freeze, Print, reload

UNPRINTABLE = "\U000e0fff"
"""A code point that no script has."""


def zip_of(app: Flask, bundle_id: int, folder: Path) -> Path:
    with app.app_context(), db.transaction() as session:
        bundle = session.get_one(Bundle, bundle_id)
        download = downloads.open_download(
            session, bundle, storage.storage(), by=None, actor="command"
        )
        for _ in bundle_zip.write_zip(download.chunks, folder / download.name):
            pass
    return folder / download.name


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name.split("/")[1]: archive.read(name) for name in archive.namelist()}


def test_a_bundle_s_papers_agree_with_each_other(
    app: Flask, session: Session, freeze: Freeze, print_bundle: Print, tmp_path: Path
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 7)
    session.commit()
    bundle_id = freeze(campaign.id, volume_letters=3)
    assert print_bundle(bundle_id) is BundleState.READY
    path = zip_of(app, bundle_id, tmp_path)
    assert path.name == "UA-1-26_embassy-1_001.zip"
    result = verify_copy(path)
    assert result.findings == []
    assert (result.letters, result.volumes, result.set_aside) == (7, 3, 0)
    files = contents(path)
    assert list(files) == [
        "README.html",
        "cover-letter.pdf",
        "delivery-sheet.pdf",
        "letters-001.pdf",
        "letters-002.pdf",
        "letters-003.pdf",
        "contents.pdf",
        "signatures.pdf",
        "signatures.csv",
        "signatures.xlsx",
        "labels.pdf",
        "envelopes.pdf",
        "codes.txt",
        "manifest.json",
    ]
    manifest = json.loads(files["manifest.json"])
    rows = list(csv.reader(io.StringIO(files["signatures.csv"].decode("utf-8-sig"), newline="")))
    book = openpyxl.load_workbook(io.BytesIO(files["signatures.xlsx"]))
    cells = [list(row) for row in book.active.iter_rows(values_only=True)]
    numbers = [letter["number"] for letter in manifest["letters"]]
    assert numbers == [f"{n:05d}" for n in range(1, 8)]
    assert [row[0] for row in rows[1:]] == [row[0] for row in cells[1:]] == numbers
    assert cells[0][:3] == ["Number", "Name", "Town"]
    assert {(type(row[6]), type(row[9])) for row in cells[1:]} == {(datetime, int)}
    dated = [[cell.date() if isinstance(cell, datetime) else cell for cell in row] for row in cells]
    assert [["" if cell is None else str(cell) for cell in row] for row in dated[1:]] == rows[1:]
    bundle = reload(session, bundle_id)
    assert bundle.page_count == result.pages
    places = session.execute(
        select(Letter.sequence, Volume.sequence, Letter.first_page, Letter.pages)
        .join(Volume, Volume.id == Letter.volume_id)
        .order_by(Letter.sequence)
    ).all()
    assert [tuple(row) for row in places[2:5]] == [(3, 1, 3, 1), (4, 2, 1, 1), (5, 2, 2, 1)]
    with path.open("rb") as file:
        assert bundle.zip_sha256 == bundle_zip.digest_of(iter(lambda: file.read(65536), b""))


def test_the_lists_show_what_each_disclosure_allows_and_the_manifest_nobody(
    app: Flask, session: Session, freeze: Freeze, print_bundle: Print, tmp_path: Path
) -> None:
    campaign = make_campaign(session)
    for at, disclosure in enumerate(Disclosure):
        add_confirmed(
            session,
            campaign,
            1,
            disclosure=disclosure,
            given_name="Quille",
            locality=f"Town{at}",
            region=f"Region{at}",
            postal_code=f"Z{at}Z {at}Z{at}",
        )
    session.commit()
    bundle_id = freeze(campaign.id)
    print_bundle(bundle_id)
    files = contents(zip_of(app, bundle_id, tmp_path))
    rows = list(csv.DictReader(io.StringIO(files["signatures.csv"].decode("utf-8-sig"))))
    shown = [
        tuple(row[name] for name in ("locality", "region", "postal_code", "country"))
        for row in rows
    ]
    assert shown == [
        ("", "", "", ""),
        ("Town1", "", "", "Canada"),
        ("Town2", "Region2", "Z2Z 2Z2", "Canada"),
    ]
    manifest = files["manifest.json"].decode()
    assert not any(word in manifest for word in ("Quille", "Town", "Region", "Z2Z", "@"))


def test_cells_that_a_spreadsheet_would_run_are_inert(
    app: Flask, session: Session, freeze: Freeze, print_bundle: Print, tmp_path: Path
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1, given_name="=cmd|' /C calc'!A0", family_name="")
    session.commit()
    bundle_id = freeze(campaign.id)
    print_bundle(bundle_id)
    files = contents(zip_of(app, bundle_id, tmp_path))
    assert files["signatures.csv"].startswith(b"\xef\xbb\xbfnumber,")
    assert b"\r\n00001,'=cmd|" in files["signatures.csv"]
    cell = openpyxl.load_workbook(io.BytesIO(files["signatures.xlsx"])).active["B2"]
    assert (cell.data_type, cell.value) == ("s", "=cmd|' /C calc'!A0")


def test_a_letter_that_cannot_be_printed_is_set_aside_and_the_others_print(
    app: Flask, session: Session, freeze: Freeze, print_bundle: Print, tmp_path: Path
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    add_confirmed(session, campaign, 1, own_words=f"A mark {UNPRINTABLE} that no font has.")
    add_confirmed(session, campaign, 2)
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_bundle(bundle_id) is BundleState.READY
    path = zip_of(app, bundle_id, tmp_path)
    result = verify_copy(path)
    assert result.findings == []
    assert (result.letters, result.set_aside) == (4, 1)
    manifest = json.loads(contents(path)["manifest.json"])
    assert manifest["set_aside"] == [
        {"number": "00003", "reason": manifest["set_aside"][0]["reason"]}
    ]
    assert manifest["set_aside"][0]["reason"] in {"missing-glyph", "control-character"}
    letter = find_bundles.list_set_aside(session, reload(session, bundle_id))[0]
    assert json.loads(letter.set_aside_detail or "")["character"] == "U+E0FFF"
    # It stays where it is: a second bundle does not take it again.
    add_confirmed(session, session.get_one(Campaign, campaign.id), 1)
    session.commit()
    assert reload(session, freeze(campaign.id)).letter_count == 1


def test_a_bundle_of_which_nothing_can_be_printed_fails_and_makes_no_file(
    app: Flask, session: Session, freeze: Freeze, print_bundle: Print
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 4, own_words=UNPRINTABLE)
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_bundle(bundle_id) is BundleState.FAILED
    bundle = reload(session, bundle_id)
    assert (bundle.failure, bundle.zip_sha256) == ("nothing-printed", None)
    assert not list(storage.storage().names())


def test_what_was_withdrawn_or_does_not_open_costs_its_own_letter_only(
    session: Session, freeze: Freeze
) -> None:
    campaign = make_campaign(session)
    signatures = add_confirmed(session, campaign, 3)
    session.commit()
    bundle_id = freeze(campaign.id)
    session.execute(
        update(Signature)
        .where(Signature.id == signatures[0].id)
        .values(state=SignatureState.WITHDRAWN)
    )
    session.connection().exec_driver_sql(
        f"UPDATE signature SET own_words = family_name WHERE id = {signatures[1].id}"
    )
    session.commit()
    taken = print_queue.claim_next(bundle_id)
    assert taken is not None
    assert print_jobs.print_claimed(taken)
    volume = reload(session, bundle_id).volumes[0]
    assert (volume.printed_letters, volume.page_count) == (1, 1)
    aside = find_bundles.list_set_aside(session, volume.bundle)
    assert [(letter.sequence, letter.set_aside) for letter in aside] == [
        (1, "withdrawn"),
        (2, "unreadable"),
    ]


@pytest.mark.both_engines
def test_two_workers_on_one_volume_give_one_result(
    app: Flask, session: Session, freeze: Freeze
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3)
    session.commit()
    bundle_id = freeze(campaign.id)
    volume_id = session.scalars(select(Volume.id)).one()
    session.rollback()
    first = print_queue.claim(volume_id)
    assert first is not None
    assert print_queue.claim(volume_id) is None
    session.rollback()
    session.execute(update(Volume).values(lease_until=db.utcnow() - timedelta(days=2000)))
    session.commit()
    second = print_queue.claim(volume_id)
    assert second is not None
    assert print_jobs.print_claimed(second)
    assert not print_jobs.print_claimed(first)
    volume = reload(session, bundle_id).volumes[0]
    assert (volume.state, volume.attempt) == (VolumeState.PRINTED, 2)
    kept = [name.rpartition("/")[2] for name in storage.storage().names()]
    assert kept == ["letters-001.2.pdf"]


def test_jobs_pass_the_word_on_until_the_bundle_is_ready(
    app: Flask, session: Session, freeze: Freeze
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 5)
    session.commit()
    bundle_id = freeze(campaign.id, volume_letters=3)
    jobs.run_now("bundles.sweep")
    huey = jobs.queue().huey
    for _ in range(20):
        task = huey.dequeue()
        if task is None:
            break
        huey.execute(task)
    assert reload(session, bundle_id).state is BundleState.READY


def test_one_message_is_enough_to_call_every_worker(
    app: Flask, session: Session, freeze: Freeze
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 4)
    session.commit()
    bundle_id = freeze(campaign.id, volume_letters=1)
    ids = session.scalars(select(Volume.id).order_by(Volume.sequence)).all()
    session.rollback()
    courier = jobs.queue()
    begun = courier.waiting()
    print_queue.claim(ids[0])
    print_jobs.print_volume(ids[0])  # somebody has it: this prints the next one
    session.rollback()
    states = session.scalars(select(Volume.state).order_by(Volume.sequence)).all()
    session.rollback()
    assert states == [
        VolumeState.PRINTING,
        VolumeState.PRINTED,
        VolumeState.WAITING,
        VolumeState.WAITING,
    ]
    assert courier.waiting() == begun + 2, "one for an idle worker, one for this one"
    print_jobs.call_idle(bundle_id)
    assert courier.waiting() == begun + 2, "a message that waits is enough"


def test_a_stop_holds_back_a_bundle_that_is_being_printed(
    app: Flask, session: Session, freeze: Freeze
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1)
    session.commit()
    bundle_id = freeze(campaign.id)
    session.execute(update(Campaign).values(status=CampaignStatus.STOPPED))
    session.commit()
    assert print_queue.claim_next(bundle_id) is None
    assert not assemble.claim(bundle_id)


def test_a_volume_whose_file_is_lost_is_printed_again(
    app: Flask, session: Session, freeze: Freeze, print_bundle: Print
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    session.commit()
    bundle_id = freeze(campaign.id)
    taken = print_queue.claim_next(bundle_id)
    assert taken is not None
    print_jobs.print_claimed(taken)
    for name in list(storage.storage().names()):
        storage.storage().delete(name)
    assert print_bundle(bundle_id) is BundleState.READY
    assert reload(session, bundle_id).volumes[0].attempt == 2


def test_cards_print_four_to_a_sheet(
    app: Flask, session: Session, freeze: Freeze, print_bundle: Print, tmp_path: Path
) -> None:
    campaign = make_campaign(session, format="card")
    add_confirmed(session, campaign, 3, own_words="")
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_bundle(bundle_id) is BundleState.READY
    result = verify_copy(zip_of(app, bundle_id, tmp_path))
    assert result.findings == []
    assert (result.letters, result.pages) == (3, 1)
