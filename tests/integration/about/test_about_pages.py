"""Pages about us: public, in each language, with the instance's own numbers; consents know them."""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from campaign.about.page_texts import list_empty_settings, note_notice
from campaign.about.privacy_notice import list_sections
from campaign.core import audit, clock
from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.about import OrganisationText, PrivacyNotice
from campaign.models.campaign import Campaign
from campaign.models.network import NetworkMember
from campaign.models.signature import ConsentWording, Signature
from campaign.models.staff import Role
from tests.factories import post, sign_in
from tests.integration.signing.conftest import FORM

_PAGES = ("privacy", "about", "accessibility")
_KEPT = "If you delete everything, we keep or cannot reach this:"


@pytest.fixture(autouse=True)
def _pages_are_always_fresh(fresh_pages: None) -> None:
    """Each look makes a page anew."""


def _notice(app: Flask, **changed: object) -> str:
    settings: Settings = app.extensions["settings"]
    with app.test_request_context("/en/"):
        sections = list_sections(settings.model_copy(update=changed), "en")
    return "\n".join(section.text for section in sections)


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
@pytest.mark.parametrize("page", _PAGES)
def test_each_page_answers_in_each_language_and_can_be_kept(
    client: FlaskClient, page: str, lang: str
) -> None:
    response = client.get(f"/{lang}/{page}")
    assert response.status_code == 200
    assert f'lang="{lang}" dir="{"rtl" if lang == "ar" else "ltr"}"' in response.text
    assert response.headers["Cache-Control"] == "public, max-age=60, must-revalidate"
    assert response.headers["ETag"]
    assert "Set-Cookie" not in response.headers
    assert "<script" not in response.text


def test_every_public_page_links_to_them_and_so_do_the_forms(
    client: FlaskClient, campaign: Campaign
) -> None:
    case = f"/en/actions/{campaign.slug}"
    for path in ("/en/", case, "/en/my-letters", "/en/no-such-page"):
        foot = client.get(path).text.partition('<footer class="site-foot">')[2]
        for page in _PAGES:
            assert f'href="/en/{page}"' in foot, (path, page)
    pages = [
        client.post(f"{case}/you", data=FORM),
        client.post(f"{case}/check", data=FORM),
        client.get("/en/network"),
    ]
    for response in pages:
        form = response.text.partition("<form")[2].partition("</form>")[0]
        assert 'href="/en/privacy"' in form


def test_every_email_leads_to_the_notice_in_its_language(
    app: Flask, client: FlaskClient, campaign: Campaign, session: Session
) -> None:
    client.post(f"/fr/actions/{campaign.slug}/sign", data=FORM)
    [row] = session.scalars(select(OutboxMail)).all()
    with app.app_context():
        message = render(row, app.extensions["settings"])
    address = "http://127.0.0.1:5000/fr/privacy"
    for part in ("plain", "html"):
        body = message.get_body((part,))
        assert body is not None
        assert address in body.get_content()
    for name in app.jinja_env.list_templates(filter_func=lambda name: name.startswith("mail/")):
        if "/_" not in name and "/outbox" not in name and ".subject." not in name:
            assert app.jinja_env.loader is not None
            source = app.jinja_env.loader.get_source(app.jinja_env, name)[0]
            assert re.search(r'extends "mail/_\w+\.(txt|html)"', source), name


@pytest.mark.parametrize("page", ["privacy", "about", "network", "actions/{slug}/you"])
def test_an_address_breaks_within_no_number(
    client: FlaskClient, session: Session, campaign: Campaign, page: str
) -> None:
    address = f"/ar/{page.format(slug=campaign.slug)}"
    answer = client.post(address, data=FORM) if "actions" in page else client.get(address)
    assert "12\xa0Example Street, Ottawa ON K1A\xa00A1" in unescape(answer.text)
    assert "12 Example Street" not in answer.text
    notices = session.scalars(select(PrivacyNotice.text)).all()
    assert all("\xa0Example" not in text for text in notices), "what is stored stays as it was"


def test_the_notice_has_the_numbers_of_the_instance(app: Flask) -> None:
    before = _notice(app)
    for words in (
        "A letter you do not confirm: 7 days.",
        "details and words until 6 months after the delivery.",
        "A letter you withdraw: we delete your own words at once. We delete your details 6 months",
        "Your IP address and browser: 30 days.",
        "On our server, such lists are deleted after 24 hours.",
        "We delete that copy when the details of everyone who signed these letters",
        "12 Example Street, Ottawa ON K1A 0A1",
        "Every export is logged.",
    ):
        assert words in before
    after = _notice(
        app,
        confirm_days=3,
        retention_months=12,
        trace_days=1,
        export_hours=48,
        backup_days=90,
        keep_printed_files=True,
        exports_need_second_person=True,
        privacy_officer="Privacy Officer, privacy@example.org",
        hosting_provider="Example Hosting, Canada",
        email_provider="Example Post, Iceland",
        printing_provider="Example Print, Canada",
        supervisory_authority="Example Commission",
        minimum_age=16,
    )
    for words in (
        "confirm: 3 days.",
        "words until 12 months after",
        "browser: 1 day.",
        "On our server, such lists are deleted after 48 hours.",
        "Encrypted backups keep a copy for 90 days.",
        "When we deliver letters together, we keep one copy of them all.\n",
        "needs a second person’s approval",
        "In charge of personal information: Privacy Officer",
        "Hosting: Example Hosting, Canada",
        "Sending emails: Example Post, Iceland",
        "Printing of letters: Example Print, Canada",
        "You can complain to this authority: Example Commission.",
        "at least 16 years old",
    ):
        assert words in after
        assert words not in before
    identified = before.index("After these times we keep only what does not identify you")
    for copy in ("one copy of them all", "Lists of names that our staff", "Encrypted backups"):
        assert before.index(copy) > identified, "copies that hold names last longer"
    assert "What was already delivered" in before[before.index(_KEPT) :]
    assert "also remove the letter from our print files" in before[: before.index(_KEPT)]
    assert "print files" not in before[before.index(_KEPT) :], "what we remove is not what we keep"
    kept = _notice(app, retention_months=0, minimum_age=0)
    assert "Your details and words: until you delete them." in kept
    assert "There is no minimum age." in kept


def _list_notices(session: Session, locale: str) -> list[PrivacyNotice]:
    query = select(PrivacyNotice).where(PrivacyNotice.locale == locale)
    return list(session.scalars(query.order_by(PrivacyNotice.id)))


def _notice_of_last_consent(session: Session) -> PrivacyNotice:
    session.rollback()  # what was committed since is seen
    signature = session.scalars(select(Signature).order_by(Signature.id.desc())).first()
    assert signature is not None
    wording = session.get_one(ConsentWording, signature.consent_wording_id)
    return session.get_one(PrivacyNotice, wording.privacy_notice_id)


def test_a_consent_records_which_notice_was_there(
    app: Flask, client: FlaskClient, campaign: Campaign, session: Session
) -> None:
    address = f"/en/actions/{campaign.slug}/sign"
    client.post(address, data=FORM)
    first = _notice_of_last_consent(session)
    words = first.text
    assert "A letter you do not confirm: 7 days." in words
    client.post(address, data=FORM | {"email": "second@example.org"})
    assert _notice_of_last_consent(session).id == first.id
    sign_in(client, app, Role.ADMIN)
    _save(client, "privacy", "en", "We keep paper sheets in a locked room.")
    client.post(address, data=FORM | {"email": "third@example.org"})
    third = _notice_of_last_consent(session)
    assert third.id != first.id
    assert "locked room" in third.text
    assert "locked room" not in first.text
    assert len(_list_notices(session, "en")) == 2
    page = client.get("/en/privacy").text
    assert "locked room" in page
    assert "Last changed on" in page
    # Who reads French sees the text in the language that there is, and its version is kept too.
    assert 'lang="en" dir="ltr"><p>We keep paper sheets' in client.get("/fr/privacy").text
    assert "locked room" in _list_notices(session, "fr")[-1].text


def test_a_consent_to_the_network_records_it_too(client: FlaskClient, session: Session) -> None:
    form = {
        "email": "member@example.org",
        "consent": "y",
        "frequency": "each",
        "country_scope": "all",
        "theme_scope": "all",
    }
    assert client.post("/es/network", data=form).status_code == 303
    [member] = session.scalars(select(NetworkMember)).all()
    assert session.get_one(PrivacyNotice, member.privacy_notice_id).locale == "es"


def test_signing_asks_the_database_nothing_more_for_it(
    app: Flask, client: FlaskClient, campaign: Campaign
) -> None:
    address = f"/en/actions/{campaign.slug}/sign"
    for number in range(2):  # the second finds the version that the first has added
        client.post(address, data=FORM | {"email": f"warm{number}@example.org"})
    statements: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: Any) -> None:
        statements.append(" ".join(statement.split()))

    engine = app.extensions["database"].engine
    event.listen(engine, "before_cursor_execute", note)
    client.post(address, data=FORM | {"email": "cold@example.org"})
    event.remove(engine, "before_cursor_execute", note)
    # The statement that asks how the campaign is runs by itself, and is no more than it was.
    tables = ("privacy_notice", "organisation_text", "consent_wording")
    assert [sql for sql in statements if any(f"FROM {table}" in sql for table in tables)] == []


def test_the_same_words_make_no_second_version(session: Session, app: Flask) -> None:
    with app.test_request_context("/ar/"):
        first = note_notice(session, "ar")
        assert note_notice(session, "ar") is first


def _save(client: FlaskClient, page: str, locale: str, text: str) -> Any:
    address = f"/desk/about-us/{page}/{locale}"
    seen = re.search(r'name="seen"[^>]*value="([^"]*)"', client.get(address).text)
    assert seen is not None
    return post(client, address, {"text": text, "seen": seen[1]})


def test_each_save_is_a_version_with_its_day_and_writer(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    admin = sign_in(client, app, Role.ADMIN)
    assert _save(client, "about", "fr", "## Bureau\n\nNous sommes à Québec.  ").status_code == 303
    _save(client, "about", "fr", "Nous sommes à Montréal.")
    _save(client, "about", "fr", "Nous sommes à Montréal.")  # nothing changed
    versions = session.scalars(select(OrganisationText).order_by(OrganisationText.id)).all()
    assert [version.text for version in versions] == [
        "## Bureau\n\nNous sommes à Québec.",
        "Nous sommes à Montréal.",
    ]
    assert {version.written_by_id for version in versions} == {admin.id}
    entries = session.scalars(
        select(audit.AuditEntry).where(audit.AuditEntry.action == "about.edit")
    ).all()
    assert [entry.detail for entry in entries] == [
        {"locale": "fr", "version": 1},
        {"locale": "fr", "version": 2},
    ]
    assert "Nous sommes à Montréal." in client.get("/fr/about").text
    page = client.get("/desk/about-us/about/fr").text
    assert "Nous sommes à Québec." in page
    assert "About us" in client.get("/desk/staff/audit-log").text


@pytest.mark.both_engines
def test_a_second_admin_overwrites_nobody_and_nothing_active_gets_through(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    address = "/desk/about-us/about/en"
    seen = re.search(r'name="seen"[^>]*value="([^"]*)"', client.get(address).text)
    assert seen is not None
    _save(client, "about", "en", "From a colleague.")
    answer = post(client, address, {"text": "Mine.", "seen": seen[1]})
    assert answer.status_code == 422
    assert "From a colleague." in answer.text
    assert "Mine." in answer.text
    assert _save(client, "about", "en", "x" * 20_001).status_code == 422
    _save(client, "about", "en", "<script>alert(1)</script> [x](javascript:alert(1))")
    page = client.get("/en/about").text
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_security_txt_says_what_rfc_9116_asks_for(client: FlaskClient) -> None:
    response = client.get("/.well-known/security.txt")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in response.text.splitlines())
    assert set(fields) == {"Contact", "Expires", "Preferred-Languages", "Canonical", "Policy"}
    assert fields["Contact"] == "mailto:office@example.org"
    assert fields["Preferred-Languages"] == "en, fr, es, ar"
    assert fields["Canonical"] == "http://127.0.0.1:5000/.well-known/security.txt"
    expires = datetime.fromisoformat(fields["Expires"])
    assert timedelta(days=30) < expires - clock.utcnow() < timedelta(days=365)
    policy = client.get(fields["Policy"].removeprefix("http://127.0.0.1:5000").partition("#")[0])
    security = policy.text.partition('id="security"')[2]
    assert 'href="mailto:office@example.org"' in security


def test_the_accessibility_page_says_how_long_which_link_works(
    app: Flask, client: FlaskClient
) -> None:
    changed = {"link_hours": 5, "confirm_days": 3}
    app.extensions["settings"] = app.extensions["settings"].model_copy(update=changed)
    page = client.get("/en/accessibility").text
    assert (
        "The link to confirm a letter works for 3 days. After you confirm, it opens the page of"
        in page
    )
    assert "The link to My letters works for at least 5 hours." in page
    assert '<a href="/en/my-letters">My letters</a>' in page.partition("<article")[2]


def test_production_names_what_is_still_empty_and_a_demo_does_not(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    demo: Settings = app.extensions["settings"]
    assert list_empty_settings(demo) == []
    live = demo.model_copy(update={"mode": "production", "privacy_officer": "Ana, Ottawa"})
    assert list_empty_settings(live) == [
        "organisation_name",
        "organisation_email",
        "organisation_address",
        "supervisory_authority",
        "hosting_provider",
        "email_provider",
        "backup_days",
        "minimum_age",
    ]
    filled = {"minimum_age": 0, "backup_days": 30}
    assert "minimum_age" not in list_empty_settings(live.model_copy(update=filled))
    sign_in(client, app, Role.ADMIN)
    assert "hosting_provider" not in client.get("/desk/today").text
    app.extensions["settings"] = live
    page = client.get("/desk/today").text
    app.extensions["settings"] = demo
    assert "hosting_provider" in page
    assert 'href="/desk/about-us/about/ar"' in page
    assert "privacy_officer" not in page
