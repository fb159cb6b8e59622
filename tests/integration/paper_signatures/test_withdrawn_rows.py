"""Who signed a sheet and takes that back: the row is blacked out before the sheet leaves."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.bundles.changes import withdrawals
from campaign.bundles.freeze.signed_sheets import count_carried
from campaign.campaigns.status_changes import stop_campaign
from campaign.core import clock, db, i18n, jobs
from campaign.core.settings import Settings
from campaign.deliveries.carried_paper import list_papers
from campaign.mail.messages import OutboxMail, address_fingerprint
from campaign.mail.sender import render
from campaign.models.bundle import Bundle, BundlePrint, BundleState
from campaign.models.campaign import Campaign, LetterFormat, UpdateKind
from campaign.models.notice import LettersLink
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.models.staff import Role
from campaign.paper_signatures import data_entry, sheets
from campaign.paper_signatures.check_row import Details
from campaign.privacy.overdue import is_awaited
from campaign.signing import signed_links
from campaign.tracking.change_or_withdraw import withdraw_letter
from campaign.tracking.letter_place import say_sheet_went
from campaign.tracking.news_subscription import unsubscribe_url
from tests.factories import add_confirmed, post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, freeze, print_bundle, reload
from tests.integration.bundles.test_print import contents, zip_of
from tests.integration.conftest import Keep
from tests.integration.deliveries.conftest import form, today
from tests.integration.deliveries.test_envelopes import posting
from tests.integration.paper_signatures.test_sheets import ANA, counted, make_sheet, sign_online
from tests.integration.paper_signatures.test_sheets_in_bundles import EVA
from tests.integration.tracking.test_notices import post as post_news
from tests.integration.tracking.test_notices import stop, tell_all

__all__ = ["freeze", "print_bundle"]

NO_LETTER = "You signed a sheet or a list of names. There is no letter to change or download."
MIKA = Details("Mika", "Ng", "Ottawa", "", "CA")
BLACK_OUT = "Black out row 2 on this sheet"
TOKEN = re.compile(r'name="csrf_token" value="[^"]+"')


@pytest.fixture
def sheet(session: Session) -> PaperSheet:
    """On which Ana signed, and Eva, who gets the news; two letters wait besides."""
    paper_sheet = make_sheet(session, place="Hull")
    add_confirmed(session, paper_sheet.campaign, 2)
    for details in (ANA, EVA):
        data_entry.add_row(session, paper_sheet, details, actor="test")
    session.commit()
    return paper_sheet


@pytest.fixture
def eva(session: Session, sheet: PaperSheet) -> Signature:
    row = session.scalars(select(PaperRow).where(PaperRow.position == 2)).one()
    assert row.signature is not None
    return row.signature


@pytest.fixture
def box(session: Session, eva: Signature) -> str:
    """The address of Eva's letters."""
    return open_letters(session, eva)


def open_letters(session: Session, signature: Signature) -> str:
    """Return the address of all letters of its mailbox: the same in each test."""
    now = db.utcnow()
    token = f"letters-of-a-mailbox-{session.scalar(select(func.count(LettersLink.id)))}"
    session.add(
        LettersLink(
            email=signature.email,
            email_hmac=signature.email_hmac,
            locale="en",
            token_digest=signed_links.digest_of(token),
            created_at=clock.cut_to_day(now, "UTC"),
            expires_at=clock.end_of_hour(now + timedelta(hours=3)),
        )
    )
    session.commit()
    return f"/en/my-letters/{token}"


@pytest.fixture
def print_sheet(
    session: Session, sheet: PaperSheet, freeze: Freeze, print_bundle: Print
) -> Callable[..., int]:
    """Print the bundle with which the sheet travels; return its id."""
    campaign_id = sheet.campaign_id

    def run(on_paper: int = 2) -> int:
        session.rollback()
        bundle_id = freeze(campaign_id, on_paper=on_paper)
        assert print_bundle(bundle_id) is BundleState.READY
        return bundle_id

    return run


@pytest.fixture
def remake(app: Flask, print_bundle: Print) -> Callable[[int], None]:
    """Make the bundle again, without who is gone."""

    def run(bundle_id: int) -> None:
        with app.app_context():
            jobs.run_now("bundles.remake")
        assert print_bundle(bundle_id) is BundleState.READY

    return run


@pytest.fixture(params=["withdraw", "erase"])
def take_back(
    request: pytest.FixtureRequest, client: FlaskClient, session: Session, box: str, eva: Signature
) -> Callable[[], str]:
    """Eva withdraws, or has everything deleted; return the page that she reads before."""

    def run() -> str:
        session.rollback()
        url = f"{box}/erase" if request.param == "erase" else f"{box}/{eva.public_id}/withdraw"
        session.rollback()
        page = client.get(url).text
        assert post(client, url).status_code == 303
        return page

    return run


def test_staff_are_told_to_black_the_row_out_until_the_sheet_is_delivered(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    take_back: Callable[[], str],
    print_sheet: Callable[..., int],
    remake: Callable[[int], None],
    tmp_path: Path,
) -> None:
    sheet_url = f"/desk/paper/{sheet.public_id}"
    bundle_id = print_sheet()
    assert "Black out" not in contents(zip_of(app, bundle_id, tmp_path))["README.html"].decode()
    told = take_back()
    assert "unreadable" in told
    assert "1 letter" not in told
    session.rollback()
    assert counted(session, sheet.campaign) == (3, 1)
    session.rollback()
    remake(bundle_id)
    readme = contents(zip_of(app, bundle_id, tmp_path))["README.html"].decode()
    assert "Hull · 1 person" in readme
    assert "Black out on it" in readme
    assert "row 2" in readme
    bundle_url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    page = client.get(bundle_url).text
    assert re.search(r"Paper signatures in this bundle</dt>\s*<dd>1</dd>", page)
    assert "Black out rows on the signature sheets" in page
    assert "row 2" in page
    today = client.get("/desk/today").text
    assert "Black out 1 row of a signature sheet" in today
    assert sheet_url in today
    assert re.search(r"<bdi>Hull</bdi></a>\s*<bdi class=\"hint\">row 2</bdi>", today)
    page = client.get(sheet_url).text
    assert BLACK_OUT in page
    assert "Hull , Canada" not in page
    assert "1 row counted" in page
    assert "1 no longer counted" in page
    newest = list_papers(session, reload(session, bundle_id))[0].value
    session.rollback()
    carried = form(happened_time="", **{f"paper_{bundle_id}": newest})
    assert post(client, f"{bundle_url}/deliver", carried).status_code == 303
    assert "Black out" not in client.get("/desk/today").text
    assert "Black out" not in client.get(bundle_url).text
    assert "Black out" not in client.get(sheet_url).text


def stop_by_request(session: Session, campaign_id: int) -> None:
    stop_campaign(
        session,
        session.get_one(Campaign, campaign_id),
        actor="test",
        now=db.utcnow(),
        reasons={"en": "She asked us to."},
    )
    session.commit()


def test_nobody_is_told_to_black_out_rows_of_a_stopped_action(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    take_back: Callable[[], str],
    print_sheet: Callable[..., int],
) -> None:
    sheet_url, campaign_id = f"/desk/paper/{sheet.public_id}", sheet.campaign_id
    bundle_id = print_sheet()
    take_back()
    bundle_url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    pages = (bundle_url, f"{bundle_url}/deliver", "/desk/today", sheet_url)
    assert ["Black out" in client.get(page).text for page in pages] == [True] * 4
    stop_by_request(session, campaign_id)
    assert ["Black out" in client.get(page).text for page in pages] == [False] * 4
    assert "Do not print or deliver anything" in client.get(bundle_url).text


@pytest.fixture
def in_envelopes(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    print_sheet: Callable[..., int],
    keep: Keep,
) -> Bundle:
    """Two letters that were refused and put into an envelope each, with the sheet."""

    def make() -> int:
        bundle_id = print_sheet()
        bundle = reload(session, bundle_id)
        bundle.created_at -= timedelta(days=2)
        session.commit()
        refused = form(outcome="refused", happened_time="")
        url = f"/desk/bundles/{bundle.public_id}"
        assert post(client, f"{url}/deliver", refused).status_code == 303
        assert post(client, f"{url}/after/split", {"letters_each": "1"}).status_code == 303
        return bundle_id

    session.rollback()
    sign_in(client, app, Role.STAFF)
    return reload(session, keep("in envelopes", make))


def test_a_posted_envelope_takes_no_sheet_along(
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    eva: Signature,
    in_envelopes: Bundle,
    take_back: Callable[[], str],
) -> None:
    take_back()
    url, sheet_url = f"/desk/bundles/{in_envelopes.public_id}", f"/desk/paper/{sheet.public_id}"
    pages = ("/desk/today", sheet_url, url, f"{url}/deliver", f"{url}/after")
    ana = session.scalars(select(PaperRow).where(PaperRow.position == 1)).one().signature
    assert ana is not None

    def told() -> list[bool]:
        return ["Black out" in client.get(page).text for page in pages]

    def went() -> list[bool]:
        session.rollback()
        awaited = session.scalar(select(Signature.id).where(Signature.id == ana.id, is_awaited()))
        return [bool(say_sheet_went(session, ana)), not awaited]

    assert (told(), went()) == ([True] * 5, [False] * 2)
    session.rollback()
    assert post(client, f"{url}/after/post", posting()).status_code == 303
    assert (told(), went()) == ([True] * 5, [False] * 2)
    session.rollback()
    page = client.get(f"{url}/deliver").text
    assert "1 letter · 1 person on signed sheets" in page
    assert "Make their names unreadable by hand: P00002" in page
    assert post(client, f"{url}/deliver", form(happened_time="")).status_code == 422, "asked"
    paper = list_papers(session, reload(session, in_envelopes.id))[-1].value
    session.rollback()
    accepted = form(happened_time="", **{f"paper_{in_envelopes.id}": paper})
    assert post(client, f"{url}/deliver", accepted).status_code == 303
    assert (told(), went()) == ([False] * 5, [True] * 2)
    assert "The name was made unreadable by hand on the lists." in client.get(url).text


def test_a_row_taken_back_before_the_bundle_is_in_its_readme(
    app: Flask,
    session: Session,
    take_back: Callable[[], str],
    print_sheet: Callable[..., int],
    tmp_path: Path,
) -> None:
    session.rollback()
    take_back()
    bundle_id = print_sheet(1)
    readme = contents(zip_of(app, bundle_id, tmp_path))["README.html"].decode()
    assert "Black out on it" in readme
    assert "row 2" in readme


def test_a_sheet_on_which_nobody_counts_any_more_stays(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    take_back: Callable[[], str],
    print_sheet: Callable[..., int],
    remake: Callable[[int], None],
    tmp_path: Path,
) -> None:
    first = session.scalars(select(PaperRow).where(PaperRow.position == 1)).one()
    data_entry.remove_row(session, first, actor="test")
    session.commit()
    bundle_id = print_sheet(1)
    take_back()
    remake(bundle_id)
    readme = contents(zip_of(app, bundle_id, tmp_path))["README.html"].decode()
    assert "Do not deliver this signed sheet" in readme
    assert "Lay the sheets below the list" not in readme
    session.rollback()
    assert count_carried(session, bundle_id) == 0
    bundle_url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    assert "do not deliver this sheet" in client.get(bundle_url).text
    assert "Black out 2 rows of signature sheets" in client.get("/desk/today").text


def test_a_row_that_staff_removed_is_named_by_its_number_until_the_sheet_is_delivered(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    print_sheet: Callable[..., int],
    remake: Callable[[int], None],
    tmp_path: Path,
) -> None:
    sheet_url = f"/desk/paper/{sheet.public_id}"
    bundle_id = print_sheet()
    row = session.scalars(select(PaperRow).where(PaperRow.position == 2)).one()
    data_entry.remove_row(session, row, actor="test")
    row.keyed_at = db.utcnow() - timedelta(days=data_entry.KEPT_DAYS, minutes=1)
    session.commit()
    remake(bundle_id)
    with app.app_context():
        jobs.run_now("paper.forget")
    assert "row 2" in contents(zip_of(app, bundle_id, tmp_path))["README.html"].decode()
    session.rollback()
    assert not withdrawals.awaits_remake(session, reload(session, bundle_id))
    bundle_url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    pages = (bundle_url, f"{bundle_url}/deliver", "/desk/today", sheet_url)
    assert ["row 2" in client.get(page).text for page in pages] == [True] * 4
    assert BLACK_OUT in client.get(sheet_url).text
    newest = list_papers(session, reload(session, bundle_id))[0].value
    session.rollback()
    carried = form(happened_time="", **{f"paper_{bundle_id}": newest})
    assert post(client, f"{bundle_url}/deliver", carried).status_code == 303
    assert ["Black out" in client.get(page).text for page in pages] == [False] * 4
    with app.app_context():
        jobs.run_now("paper.forget")
    session.rollback()
    assert session.scalars(select(PaperRow.position)).all() == [1]


@pytest.mark.both_engines
def test_who_withdrew_reads_what_becomes_of_the_row(
    client: FlaskClient, session: Session, box: str, eva: Signature
) -> None:
    url = f"{box}/{eva.public_id}"
    session.rollback()
    asked = client.get(f"{url}/withdraw").text
    assert "Withdraw your signature?" in asked
    assert "make your row on the sheet unreadable before they deliver the sheet" in asked
    assert "own words" not in asked
    page = client.get(post(client, f"{url}/withdraw").location).text
    assert "You have withdrawn your signature. We will not count it." in page
    assert "We told our staff to make your row on the sheet unreadable" in page
    assert "deliver it." not in page.replace("deliver the sheet", "")


@pytest.mark.parametrize(("days_before", "by_hand"), [(0, False), (0, True), (1, False)])
def test_who_withdrew_reads_when_the_sheet_went_out(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    box: str,
    eva: Signature,
    print_sheet: Callable[..., int],
    days_before: int,
    by_hand: bool,
) -> None:
    """Somebody who was on the way may record the delivery only after the withdrawal."""
    url = f"{box}/{eva.public_id}"
    bundle_id = print_sheet()
    post(client, f"{url}/withdraw")
    day = today() - timedelta(days=days_before)
    bundle = reload(session, bundle_id)
    bundle.created_at = bundle.ready_at = db.utcnow() - timedelta(days=2)
    session.execute(update(BundlePrint).values(made_at=bundle.created_at))
    bundle_url = f"/desk/bundles/{bundle.public_id}"
    paper = next(paper for paper in list_papers(session, bundle) if paper.by_hand is by_hand)
    session.commit()
    sign_in(client, app, Role.STAFF)
    which = {f"paper_{bundle_id}": paper.value}
    carried = form(happened_on=day.isoformat(), happened_time="", **which)
    assert post(client, f"{bundle_url}/deliver", carried).status_code == 303
    page, said_day = client.get(url).text, i18n.say_date(day, "en")
    assert "may still be delivered" not in page
    before = f"The sheet you signed went out on {said_day}, before you withdrew"
    named = f"A list with your name went out on {said_day}, together with the sheet you signed."
    row = (
        "We told our staff to make your row on the sheet unreadable. The sheet went out on "
        f"{said_day}."
    )
    told = before if days_before else row if by_hand else named
    assert [words for words in (before, named, row) if words in page] == [told]


@pytest.mark.both_engines
@pytest.mark.parametrize("has_address", [True, False])
def test_the_page_of_a_letter_tells_of_the_row_with_its_address_and_of_no_other(
    client: FlaskClient, session: Session, *, has_address: bool
) -> None:
    """Who signs in the name of somebody else does not learn whether they signed a sheet."""
    sheet, address = make_sheet(session), "mika@example.org"
    hmac = address_fingerprint(address)
    letter = sign_online(session, sheet.campaign, MIKA, email=address, email_hmac=hmac)
    row = data_entry.add_row(
        session, sheet, replace(MIKA, email=address if has_address else ""), actor="test"
    )
    assert row.twin is letter
    box = open_letters(session, letter)
    url = f"{box}/{letter.public_id}"
    stays = client.get(f"{box}/erase").text
    assert ("we tell our staff to make your row unreadable" in stays) is has_address
    told = "A sheet was also signed by hand with this email address."
    assert (told in client.get(url).text) is has_address
    unreadable = "make the row that was signed with your email address unreadable"
    assert (unreadable in client.get(f"{url}/withdraw").text) is has_address
    page = client.get(post(client, f"{url}/withdraw").location).text
    assert told not in page
    assert (unreadable in page) is has_address


@pytest.mark.parametrize(
    ("withdrawn_on", "went_on", "told"),
    [
        (0, 1, "sheet with the row {row} went out on {day}. We cannot get it back."),
        (0, 0, "sheet with the row {row} went out on {day}. If the row could still be read then,"),
        (1, 0, "We told our staff to make the row {row} unreadable. The sheet went out on {day}."),
    ],
)
def test_who_withdrew_a_letter_reads_when_the_sheet_with_the_row_went_out(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    print_sheet: Callable[..., int],
    withdrawn_on: int,
    went_on: int,
    told: str,
) -> None:
    """Staff are told of a row only as long as its sheet is here: within a day nobody knows that."""
    address, zone = "mika@example.org", sheet.campaign.timezone
    hmac = address_fingerprint(address)
    letter = sign_online(session, sheet.campaign, MIKA, email=address, email_hmac=hmac)
    data_entry.add_row(session, sheet, replace(MIKA, email=address), actor="test")
    url = f"{open_letters(session, letter)}/{letter.public_id}"
    session.commit()
    bundle_id = print_sheet()
    post(client, f"{url}/withdraw")
    bundle = reload(session, bundle_id)
    bundle.created_at = bundle.ready_at = db.utcnow() - timedelta(days=2)
    session.execute(update(BundlePrint).values(made_at=bundle.created_at))
    session.refresh(letter)
    letter.withdrawn_at = clock.cut_to_day(db.utcnow() - timedelta(days=withdrawn_on), zone)
    bundle_url = f"/desk/bundles/{bundle.public_id}"
    by_hand = next(paper for paper in list_papers(session, bundle) if paper.removed)
    session.commit()
    day = today() - timedelta(days=went_on)
    sign_in(client, app, Role.STAFF)
    which = {f"paper_{bundle_id}": by_hand.value}
    carried = form(happened_on=day.isoformat(), happened_time="", **which)
    assert post(client, f"{bundle_url}/deliver", carried).status_code == 303
    row, page = "that was signed with your email address", client.get(url).text
    assert told.format(row=row, day=i18n.say_date(day, "en")) in page
    assert ("We told our staff to make the row" in page) is bool(withdrawn_on)


def test_who_signed_online_and_on_a_sheet_reads_when_the_sheet_went_out(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    freeze: Freeze,
    print_bundle: Print,
) -> None:
    address, campaign_id = "mika@example.org", sheet.campaign_id
    mailbox = {"email": address, "email_hmac": address_fingerprint(address)}
    token = signed_links.digest_of("mika")
    letter = sign_online(session, sheet.campaign, MIKA, token_digest=token, **mailbox)
    data_entry.add_row(session, sheet, replace(MIKA, email=address), actor="test")
    url = f"{open_letters(session, letter)}/{letter.public_id}"
    session.commit()
    with_letters = freeze(campaign_id)
    with_sheets = freeze(campaign_id, on_paper=2)
    sign_in(client, app, Role.STAFF)

    def deliver(bundle_id: int) -> None:
        assert print_bundle(bundle_id) is BundleState.READY
        bundle_url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
        session.rollback()
        carried = form(happened_time="")
        assert post(client, f"{bundle_url}/deliver", carried).status_code == 303

    row = "The sheet with the row that was signed with your email address went out on"
    told = f"{row} {i18n.say_date(today(), 'en')}. We cannot get it back."
    pages = ("/en/letter/mika", url)
    assert [told in client.get(page).text for page in (*pages, f"{url}/withdraw")] == [False] * 3
    deliver(with_sheets)
    assert [told in client.get(page).text for page in (*pages, f"{url}/withdraw")] == [True] * 3
    deliver(with_letters)
    refused = post(client, f"{url}/withdraw")
    assert refused.status_code == 409
    assert "This letter is no longer in our hands" in refused.text
    assert told in refused.text
    assert [told in client.get(page).text for page in pages] == [True] * 2


def test_a_sheet_that_was_delivered_is_out_of_our_hands(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    box: str,
    eva: Signature,
    print_sheet: Callable[..., int],
) -> None:
    eva_id, sheet_url = eva.id, f"/desk/paper/{sheet.public_id}"
    url = f"{box}/{eva.public_id}"
    bundle_id = print_sheet()
    bundle_url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    assert "This sheet is no longer here" not in client.get(sheet_url).text
    assert post(client, f"{bundle_url}/deliver", form(happened_time="")).status_code == 303
    for sheet_page in (sheet_url, f"{sheet_url}/about"):
        page = client.get(sheet_page).text
        assert "This sheet is no longer here" in page
        assert bundle_url in page
    refused = post(client, f"{url}/withdraw")
    assert refused.status_code == 409
    told = f"The sheet you signed went out on {i18n.say_date(today(), 'en')}, so you can no longer"
    assert told in refused.text
    page = client.get(url).text
    assert told in page
    session.rollback()
    excluded = {"state": SignatureState.INVALID, "state_before": SignatureState.CONFIRMED}
    db.update_rows(session, Signature, Signature.id == eva_id, **excluded)
    session.commit()
    again = client.get(url).text
    # The token of its forms has the second in which it was made.
    assert TOKEN.sub("", again) == TOKEN.sub("", page), "nobody is told that they are excluded"
    db.update_rows(session, Signature, Signature.id == eva_id, state=SignatureState.CONFIRMED)
    session.commit()
    session.rollback()
    assert session.get_one(Signature, eva_id).state is SignatureState.CONFIRMED
    stays = client.get(f"{box}/erase").text
    assert "we tell our staff to make your row unreadable" not in stays
    assert "What was already delivered or sent" in stays


@pytest.mark.parametrize("origin", [Origin.PAPER, Origin.IMPORT])
def test_a_signature_without_a_letter_says_so(
    client: FlaskClient, session: Session, box: str, eva: Signature, origin: Origin
) -> None:
    url = f"{box}/{eva.public_id}"
    eva.origin = origin
    session.commit()
    page = client.get(url).text
    assert NO_LETTER in page
    for words in ("Your letter", "(not yet)", "own words", "Change this letter", "Download your"):
        assert words not in page, words
    assert "Signature of Eva Park" in client.get(box).text
    assert client.get(url.replace("/en/", "/fr/")).status_code == 200
    for part in ("change", "letter.pdf"):
        answer = client.get(f"{url}/{part}")
        assert answer.status_code == 409, part
        assert NO_LETTER in answer.text
    everything = post(client, f"{box}/everything.zip")
    assert everything.status_code == 200
    with ZipFile(io.BytesIO(everything.data)) as archive:
        assert len(archive.namelist()) == 1


def test_news_to_who_signed_a_sheet_speaks_of_a_signature(
    app: Flask, session: Session, settings: Settings, sheet: PaperSheet, eva: Signature
) -> None:
    campaign = session.get_one(Campaign, sheet.campaign_id)
    post_news(app, campaign, UpdateKind.OUTCOME)
    tell_all(session)
    message = render(session.scalars(select(OutboxMail)).one(), settings)
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None
        text = part.get_content()
        assert "You signed for" in text
        assert "You wrote" not in text
        assert "Follow your signature" in text
        assert "Follow your letter" not in text


@pytest.mark.parametrize("writes", [False, True])
def test_after_a_stop_a_letter_is_spoken_of_where_somebody_of_the_mailbox_wrote(
    app: Flask,
    session: Session,
    settings: Settings,
    sheet: PaperSheet,
    eva: Signature,
    *,
    writes: bool,
) -> None:
    campaign = session.get_one(Campaign, sheet.campaign_id)
    if writes:
        mailbox = {"email": eva.email, "email_hmac": eva.email_hmac}
        sign_online(session, campaign, MIKA, **mailbox, consent_updates_at=db.utcnow())
    session.commit()
    stop(app, campaign)
    tell_all(session)
    to_eva = OutboxMail.recipient_hmac == eva.email_hmac
    message = render(session.scalars(select(OutboxMail).where(to_eva)).one(), settings)
    part = message.get_body(("plain",))
    assert part is not None
    text = part.get_content()
    assert ("We will not deliver any more signatures." in text) is not writes
    assert ("Please do not send your letter" in text) is writes


def test_the_email_with_the_link_to_a_signature_on_a_sheet_speaks_of_no_letter(
    client: FlaskClient, session: Session, settings: Settings, eva: Signature
) -> None:
    address = eva.email
    session.commit()
    post(client, "/en/my-letters", {"email": address})
    message = render(session.scalars(select(OutboxMail)).one(), settings)
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None
        assert "what you signed with this email address" in " ".join(part.get_content().split())


@pytest.mark.parametrize("cards", [False, True])
def test_who_signed_a_sheet_and_stops_the_news_reads_of_no_letter(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    eva: Signature,
    print_sheet: Callable[..., int],
    *,
    cards: bool,
) -> None:
    campaign, link = session.get_one(Campaign, sheet.campaign_id), unsubscribe_url(eva)
    campaign.format = LetterFormat.CARD if cards else LetterFormat.LETTER
    eva_id, campaign_id = eva.id, campaign.id
    session.commit()

    def lead() -> str:
        page = client.post(f"/en{urlsplit(link).path}", data={"on": "0"}).text
        [text] = re.findall(r'<p class="lead">(.*?)</p>', page)
        session.rollback()
        return str(text).removeprefix("We will not email you news about this case.").strip()

    assert lead() == "This does not withdraw your signature."
    bundle_id = print_sheet()
    assert lead() == "This does not withdraw your signature."
    bundle_url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    assert post(client, f"{bundle_url}/deliver", form(happened_time="")).status_code == 303
    assert lead() == ""
    stop(app, session.get_one(Campaign, campaign_id))
    stopped = "This action has been stopped. We will not deliver any more signatures."
    assert lead() == stopped
    # Who shares the address and wrote online is told of a letter; Eva, whose news it is, is not.
    mailbox = {"email": EVA.email, "email_hmac": session.get_one(Signature, eva_id).email_hmac}
    sign_online(session, session.get_one(Campaign, campaign_id), MIKA, **mailbox)
    session.get_one(Signature, eva_id).consent_updates_at = db.utcnow()
    session.commit()
    assert lead() == stopped


@pytest.mark.parametrize("state", withdrawals.GONE)
def test_the_row_and_its_double_are_blacked_out_whatever_ended_the_signature(
    session: Session, sheet: PaperSheet, eva: Signature, state: SignatureState
) -> None:
    other = make_sheet(session, sheet.campaign)
    double = data_entry.add_row(session, other, EVA, actor="test")
    assert sheets.list_black_out(session, other) == []
    eva.state = state
    session.flush()
    assert sheets.list_black_out(session, other) == [double]
    assert [row.position for row in sheets.list_black_out(session, sheet)] == [2]


def test_where_only_a_row_is_to_be_blacked_out_what_was_printed_is_kept(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    freeze: Freeze,
    print_sheet: Callable[..., int],
    remake: Callable[[int], None],
    tmp_path: Path,
) -> None:
    online = sign_online(session, sheet.campaign, MIKA)
    assert data_entry.add_row(session, sheet, MIKA, actor="test").twin is online
    campaign_id, online_id = sheet.campaign_id, online.id
    session.commit()
    freeze(campaign_id)  # takes the letters
    bundle_id = print_sheet()
    session.get_one(Signature, online_id).state = SignatureState.WITHDRAWN
    session.commit()
    remake(bundle_id)
    readme = contents(zip_of(app, bundle_id, tmp_path))["README.html"].decode()
    assert "row 3" in readme
    assert "Destroy" not in readme
    bundle_url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    page = client.get(bundle_url).text
    assert "You can keep what you printed before." in page
    assert "Destroy" not in page
    stop_by_request(session, campaign_id)
    page = client.get(bundle_url).text
    assert "Destroy it or keep it under lock." in page
    assert "You can keep what you printed before." not in page


def test_nobody_is_told_to_print_anything_again_of_a_stopped_bundle(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    take_back: Callable[[], str],
    print_sheet: Callable[..., int],
    remake: Callable[[int], None],
) -> None:
    bundle_id, campaign_id = print_sheet(), sheet.campaign_id
    take_back()
    remake(bundle_id)
    bundle_url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    assert "Print them again." in client.get(bundle_url).text
    stop_by_request(session, campaign_id)
    page = client.get(bundle_url).text
    assert "1 paper signature was removed from the lists" in page
    assert "Print them again." not in page


def test_lists_with_the_old_day_of_a_sheet_are_not_kept(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    eva: Signature,
    print_sheet: Callable[..., int],
    remake: Callable[[int], None],
    tmp_path: Path,
) -> None:
    sheet_id = sheet.id
    bundle_id = print_sheet()
    session.rollback()
    sheet = session.get_one(PaperSheet, sheet_id)
    facts = {"collected_on": sheet.collected_on - timedelta(days=2)}
    sheets.edit_sheet(session, sheet, facts, actor="test")
    session.commit()
    remake(bundle_id)
    readme = contents(zip_of(app, bundle_id, tmp_path))["README.html"].decode()
    assert "Names or dates in the lists were corrected" in readme
    bundle_url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    page = client.get(bundle_url).text
    assert "Names or dates in them were corrected." in page
    assert "You can keep what you printed before." not in page


def test_who_withdrew_is_not_counted_by_a_further_row(
    session: Session, sheet: PaperSheet, eva: Signature
) -> None:
    withdraw_letter(session, eva, db.utcnow())
    other = make_sheet(session, sheet.campaign)
    again = data_entry.add_row(session, other, EVA, actor="test")
    assert (again.verdict, again.twin) == (RowVerdict.DOUBLE, eva)
    assert counted(session, sheet.campaign) == (3, 1)
    assert sheets.count_rows(session, other).taken_back == 1
    assert sheets.list_black_out(session, other) == [again]


def test_who_signed_again_online_after_withdrawing_counts_for_that(
    session: Session, sheet: PaperSheet, eva: Signature
) -> None:
    withdraw_letter(session, eva, db.utcnow())
    online = sign_online(session, sheet.campaign, EVA)
    other = make_sheet(session, sheet.campaign)
    assert data_entry.add_row(session, other, EVA, actor="test").twin is online
    assert sheets.list_black_out(session, other) == []


def test_a_row_that_was_counted_although_its_person_withdrew_counts_no_more(
    app: Flask, session: Session, sheet: PaperSheet, eva: Signature
) -> None:
    other = make_sheet(session, sheet.campaign)
    again = data_entry.add_row(session, other, EVA, actor="test")
    data_entry.count_row(session, again, actor="test")
    again.told_apart = False
    withdraw_letter(session, eva, db.utcnow())
    session.commit()
    with app.app_context():
        jobs.run_now("paper.match")
    session.expire_all()
    assert (again.verdict, again.twin) == (RowVerdict.DOUBLE, eva)
    (own,) = sheets.list_black_out(session, sheet)
    assert (own.verdict, own.signature) == (RowVerdict.COUNTED, eva)
    assert counted(session, sheet.campaign) == (3, 1)


@pytest.mark.both_engines
def test_a_withdrawn_row_that_is_taken_out_and_put_back_does_not_count(
    session: Session, sheet: PaperSheet, eva: Signature
) -> None:
    withdraw_letter(session, eva, db.utcnow())
    row = session.scalars(select(PaperRow).where(PaperRow.position == 2)).one()
    data_entry.remove_row(session, row, actor="test")
    assert eva.state is SignatureState.WITHDRAWN, "its person still finds it"
    data_entry.restore_row(session, row, actor="test")
    assert (row.verdict, row.twin) == (RowVerdict.DOUBLE, eva)
    assert counted(session, sheet.campaign) == (3, 1)
    assert sheets.list_black_out(session, sheet) == [row]


@pytest.mark.both_engines
def test_a_row_whose_name_is_gone_is_named_by_those_next_to_it(
    app: Flask, client: FlaskClient, session: Session, sheet: PaperSheet, box: str
) -> None:
    data_entry.add_row(session, sheet, MIKA, actor="test", position=5)
    url = f"/desk/paper/{sheet.public_id}"
    session.commit()
    post(client, f"{box}/erase")
    sign_in(client, app, Role.STAFF)
    page = client.get(url).text
    assert "<li>Row 2: data deleted · row 1: <bdi>Ana Núñez</bdi> · row 5: <bdi>" in page


def test_a_row_whose_person_signs_online_is_not_called_deleted(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    print_sheet: Callable[..., int],
    remake: Callable[[int], None],
) -> None:
    bundle_id = print_sheet()
    url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    letter = sign_online(session, sheet.campaign, ANA)
    session.commit()
    with app.app_context():
        jobs.run_now("paper.match")
    sign_in(client, app, Role.STAFF)

    def told(number: str = "P00001") -> tuple[list[str], bool]:
        page = client.get(url).text
        return re.findall(rf"{number} – <span[^>]*>([^<]*)", page), "Black out" in page

    assert told() == (["Also signed online"], False)
    remake(bundle_id)
    assert told() == (["Also signed online"], False)
    eva = session.scalars(select(PaperRow).where(PaperRow.position == 2)).one()
    data_entry.remove_row(session, eva, actor="test")
    session.commit()
    assert told("P00002") == (["Removed"], True)
    assert told()[0] == ["Also signed online"]
    withdraw_letter(session, session.get_one(Signature, letter.id), now=db.utcnow())
    session.commit()
    assert told() == (["Withdrawn"], True)
