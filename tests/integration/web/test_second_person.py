"""With `exports_need_second_person` nobody alone gets files that name supporters.

Each view of the desk that gives out a file stands in one of the two tables below.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.core import db
from campaign.core.settings import Settings
from campaign.deliveries.envelopes import envelope_store
from campaign.models.bundle import BundleState
from campaign.models.campaign import Campaign
from campaign.models.delivery import EnvelopeRun, RunState
from campaign.models.export import FileApproval, FileApprovalState
from campaign.models.paper_signature import PaperSheet, Scan, ScanKind, SheetKind
from campaign.models.screening import Hold
from campaign.models.signature import SignatureState
from campaign.models.staff import Role, StaffUser
from tests.days import today
from tests.factories import (
    add_confirmed,
    add_decider,
    make_campaign,
    make_target_mission,
    post,
    sign_in,
)
from tests.integration.bundles.conftest import Freeze, Print, freeze, print_bundle, reload

__all__ = ["freeze", "print_bundle"]

GATED: dict[str, tuple[str, dict[str, Any]]] = {
    "bundles.download": ("/desk/bundles/{bundle}/download", {}),
    "bundles.take_reprint": ("/desk/bundles/{bundle}/reprint", {"reason": "Torn.", "file": "zip"}),
    "bundles.print_proof": (
        "/desk/bundles/new/proof",
        {"mission": "embassy-1", "campaign": "ua-1-26", "of": "ua-1-26"},
    ),
    "deliveries.reroute_proof": (
        "/desk/bundles/{bundle}/after/reroute/proof",
        {"mission": "embassy-2"},
    ),
    "deliveries.envelopes_download": ("/desk/bundles/{bundle}/after/files/labels.pdf", {}),
    "paper_signatures.scan_download": ("/desk/paper/{sheet}/scans/{scan}/download", {}),
    "screening.letter_download": ("/desk/screening/letters/{held}/letter.pdf", {}),
}
"""Address and form of each view that gives out such a file."""
OF_THEIR_OWN = {"exports.download"}
"""Views whose file was asked for and approved by itself."""
NAMES_NO_LIST = {
    "bundles_rehearsal.download": "people are invented",
    "staff.audit_log.download": "ids and counts",
    "crm.compare_file": "addresses that the admin brought: those to which no one may write",
    "crm.wrong_rows": "rows of the file that the same person uploaded",
    "campaigns.show_picture": "public",
    "campaigns.show_proposed_picture": "public once it is approved",
    "dashboard.campaigns_file": "counts",
    "dashboard.table_file": "counts",
    "deliveries.file_page": "a photograph or a receipt",
    "deliveries.receipt_download": "a receipt that an embassy signed",
    "deliveries.worker": "a script",
    "directory.export": "public offices",
    "directory.refused_rows": "public offices",
    "directory.sample_file": "invented",
    "paper_signatures.scan_page": "one page, looked at while it is keyed in",
    "paper_signatures.wrong_rows": "rows of the file that the same person uploaded",
    "replies.publish.shown": "an answer",
    "replies.scan_download": "an answer",
    "replies.scan_page": "an answer",
    "signing_previews.preview_html": "a mail without a recipient",
    "bundles.progress": "a part of a page",
    "bundles.joint_delivery_sheet": "counts",
    "bundles.edit_cover": "words of a cover letter",
    "signing_previews.preview_letter": "a letter of nobody",
    "exports.progress": "a part of a page",
}
_FILE = re.compile(r"(?<!> )\bResponse\(|\bsend_file\(|Content-Disposition|\bstream_template\(")


def _functions(view: Callable[..., Any], depth: int = 2) -> Iterator[FunctionType]:
    """The view, and what of ours it calls."""
    function = inspect.unwrap(view)
    if not isinstance(function, FunctionType):
        return
    yield function
    for name in function.__code__.co_names if depth else ():
        called = function.__globals__.get(name)
        ours = (getattr(called, "__module__", "") or "").startswith("campaign.")
        if ours and isinstance(called, FunctionType):
            yield from _functions(called, depth - 1)


def _gives_file(view: Callable[..., Any]) -> bool:
    return any(_FILE.search(inspect.getsource(function)) for function in _functions(view))


def _is_guarded(app: Flask, endpoint: str) -> bool:
    names = endpoint.split(".")[:-1]
    above = (".".join(names[: count + 1]) for count in range(len(names)))
    return any(hasattr(app.blueprints[name], "allowed_roles") for name in above)


def test_each_view_that_gives_a_file_passes_the_gate_or_names_nobody(app: Flask) -> None:
    files = {
        endpoint
        for endpoint, view in app.view_functions.items()
        if _is_guarded(app, endpoint) and _gives_file(view)
    }
    assert files == GATED.keys() | NAMES_NO_LIST.keys() | OF_THEIR_OWN


@pytest.fixture
def addresses(app: Flask, session: Session, freeze: Freeze, print_bundle: Print) -> dict[str, str]:
    """What the addresses of `GATED` name: a bundle in envelopes, and a scan of a sheet."""
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2, letter_locale="en")
    session.add(make_target_mission(2))
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_bundle(bundle_id) is BundleState.READY
    bundle = reload(session, bundle_id)
    sheet_campaign = session.get_one(Campaign, bundle.campaign_id)
    add_confirmed(session, sheet_campaign, 1, letter_locale="en")
    sheet = PaperSheet(
        campaign_id=bundle.campaign_id, kind=SheetKind.SHEET, collected_on=today(), country="CA"
    )
    run = EnvelopeRun(
        bundle_id=bundle.id,
        letters_each=1,
        with_letters=False,
        letter_count=2,
        envelope_count=2,
        state=RunState.READY,
        files=[{"name": "labels.pdf", "attempt": 1}],
    )
    [held] = add_confirmed(session, sheet_campaign, 1, state=SignatureState.HELD)
    session.add(Hold(signature_id=held.id, campaign_id=sheet_campaign.id, reasons=["first"]))
    session.add_all([sheet, run])
    session.flush()
    scan = Scan(sheet_id=sheet.id, kind=ScanKind.PDF, folder="x", pages=0, byte_count=1)
    session.add(scan)
    session.commit()
    with app.app_context():
        name = envelope_store.name_stored_file(bundle.public_id, run.public_id, 1, "labels.pdf")
        with storage.storage().writing(name) as path:
            path.write_bytes(b"labels")
    return {
        "bundle": bundle.public_id,
        "sheet": sheet.public_id,
        "scan": scan.public_id,
        "held": held.public_id,
    }


def test_nobody_alone_gets_a_file_that_names_supporters(
    app: Flask, client: FlaskClient, settings: Settings, addresses: dict[str, str]
) -> None:
    ask_for_a_second_person(app, settings)
    sign_in(client, app, Role.ADMIN)
    for endpoint, (address, form) in GATED.items():
        answer = post(client, address.format(**addresses), form)
        assert answer.status_code == 303, endpoint
        assert answer.location.startswith("/desk/bundles/approvals/new?campaign=ua-1-26"), endpoint
        assert client.get(answer.location).status_code == 200, endpoint


def test_with_the_leave_of_another_the_files_of_that_bundle_are_given_for_a_time(
    app: Flask, client: FlaskClient, session: Session, settings: Settings, addresses: dict[str, str]
) -> None:
    ask_for_a_second_person(app, settings)
    other = app.test_client()
    add_decider(app, other)
    asker = sign_in(client, app, Role.STAFF)
    download = f"/desk/bundles/{addresses['bundle']}/download"
    ask = {"campaign": "ua-1-26", "bundle": addresses["bundle"], "reason": "For the embassy today."}
    page = post(client, "/desk/bundles/approvals/new", ask).location
    assert "For the embassy today." in other.get(page).text
    assert "Approve</button>" not in client.get(page).text
    assert "Approve</button>" in other.get(page).text
    assert post(client, f"{page}/approve").status_code == 409
    assert post(client, download).status_code == 303, "it is only asked for"
    assert post(other, f"{page}/approve").status_code == 303
    assert post(client, download).data[:2] == b"PK"
    reprint = {"reason": "Torn.", "file": "zip"}
    assert post(client, download.replace("download", "reprint"), reprint).data[:2] == b"PK"
    assert post(other, download).status_code == 303, "it is another’s"
    proof = GATED["bundles.print_proof"]
    assert post(client, *proof).status_code == 303, "of the bundle alone"
    session.execute(update(FileApproval).values(expires_at=db.utcnow()))
    session.commit()
    assert post(client, download).status_code == 303, "its time is over"
    approval = session.scalars(select(FileApproval)).one()
    assert approval.requested_by_id == asker.id
    assert approval.state is FileApprovalState.APPROVED


@pytest.mark.parametrize("change", [{"totp_since": None}, {"created_at": None}])
def test_who_has_a_new_account_or_no_second_factor_approves_nothing(
    app: Flask,
    client: FlaskClient,
    session: Session,
    settings: Settings,
    addresses: dict[str, str],
    change: dict[str, None],
) -> None:
    """Also where they were able to when it was asked for."""
    ask_for_a_second_person(app, settings)
    other = app.test_client()
    decider = add_decider(app, other)
    sign_in(client, app, Role.STAFF)
    ask = {"campaign": "ua-1-26", "bundle": addresses["bundle"], "reason": "For the embassy today."}
    page = post(client, "/desk/bundles/approvals/new", ask).location
    values = {
        name: value or (db.utcnow() if name == "created_at" else None)
        for name, value in change.items()
    }
    session.execute(update(StaffUser).where(StaffUser.id == decider.id).values(**values))
    session.commit()
    assert "Approve</button>" not in other.get(page).text
    assert post(other, f"{page}/approve").status_code == 409
    again = post(client, "/desk/bundles/approvals/new", ask)
    assert again.status_code == 409, "there is nobody who could"
    assert session.scalars(select(FileApproval.state)).all() == [FileApprovalState.ASKED]


@pytest.mark.both_engines
def test_what_was_refused_opens_nothing_and_is_not_decided_again(
    app: Flask, client: FlaskClient, session: Session, settings: Settings, addresses: dict[str, str]
) -> None:
    ask_for_a_second_person(app, settings)
    other = app.test_client()
    add_decider(app, other)
    sign_in(client, app, Role.STAFF)
    ask = {"campaign": "ua-1-26", "bundle": addresses["bundle"], "reason": "For the embassy today."}
    page = post(client, "/desk/bundles/approvals/new", ask).location
    assert post(client, f"{page}/refuse").status_code == 409, "it is one’s own"
    assert post(other, f"{page}/refuse").status_code == 303
    assert session.scalars(select(FileApproval.state)).all() == [FileApprovalState.REFUSED]
    assert post(other, f"{page}/approve").status_code == 409
    assert post(client, f"/desk/bundles/{addresses['bundle']}/download").status_code == 303


def test_without_the_setting_one_person_suffices(
    app: Flask, client: FlaskClient, addresses: dict[str, str]
) -> None:
    sign_in(client, app, Role.STAFF)
    assert post(client, f"/desk/bundles/{addresses['bundle']}/download").data[:2] == b"PK"


def ask_for_a_second_person(app: Flask, settings: Settings) -> None:
    changed = settings.model_copy(update={"exports_need_second_person": True})
    app.extensions["settings"] = changed
