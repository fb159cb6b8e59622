"""A letter's way through a supplementary bundle, from the first print to one without it."""

import csv
import io
import re
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.documents.verify import verify_copy
from campaign.mail.messages import OutboxMail
from campaign.models.bundle import BundleState
from campaign.models.campaign import Campaign
from campaign.models.staff import Role
from tests.factories import add_confirmed, post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.bundles.test_print import contents
from tests.integration.tracking.conftest import sign


def list_names(desk: FlaskClient, url: str, folder: Path) -> list[str]:
    """Who stands in the list of the bundle, which is downloaded and verified."""
    answer = post(desk, f"{url}/download")
    assert answer.status_code == 200
    name = re.search(r'filename="?([^";]+\.zip)', answer.headers["Content-Disposition"])
    assert name is not None
    path = folder / name[1]
    path.write_bytes(answer.data)
    assert verify_copy(path).findings == []
    text = contents(path)["signatures.csv"].decode("utf-8-sig")
    return sorted(row["name"] for row in csv.DictReader(io.StringIO(text, newline="")))


def withdraw(client: FlaskClient, session: Session, public_id: str, address: str) -> None:
    """Take the letter back by the link that is mailed to that address."""
    client.post("/en/my-letters", data={"email": address})
    mail = session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc())).first()
    assert mail is not None
    link = re.search(r'/en/my-letters/[^"]+', mail.context or "")
    assert link is not None
    session.rollback()
    page = f"{link[0]}/{public_id}/withdraw"
    assert "It is already printed." in client.get(page).text
    assert client.post(page).status_code == 303


def test_late_letters_make_a_supplementary_bundle_and_one_that_is_taken_back_leaves_it(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    freeze: Freeze,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    add_confirmed(session, campaign, 1)
    session.commit()
    freeze(campaign.id)
    wanda, _zoltan = (
        sign(
            session,
            campaign,
            email=f"{name.lower()}@example.org",
            given_name=name,
            family_name="Example",
        )
        for name in ("Wanda", "Zoltan")
    )
    wanda_id = wanda.public_id
    bundle_id = freeze(campaign.id)
    assert print_bundle(bundle_id) is BundleState.READY
    desk = app.test_client()
    sign_in(desk, app, Role.STAFF)
    url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    assert "Supplementary bundle" in desk.get(url).text
    assert list_names(desk, url, tmp_path) == ["Wanda Example", "Zoltan Example"]

    withdraw(client, session, wanda_id, "wanda@example.org")
    assert post(desk, f"{url}/download").status_code == 409
    assert post(desk, f"{url}/remake").status_code == 303
    assert print_bundle(bundle_id) is BundleState.READY
    page = " ".join(re.sub("<[^>]+>", " ", desk.get(url).text).split())
    assert "1 letter was removed" in page
    assert re.search("Letter 0000[0-9], volume 001, page [0-9] – in the print of .+ – Withdr", page)
    assert list_names(desk, url, tmp_path) == ["Zoltan Example"]
