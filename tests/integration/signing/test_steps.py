"""A supporter's way from the case to the confirmed letter, as a browser without scripts goes it."""

import hashlib
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.models.campaign import Campaign
from campaign.models.signature import ConsentWording, Disclosure, Signature, SignatureState
from campaign.signing.consents import Consents, record_of
from tests.integration.signing.conftest import FORM

Mails = Callable[[], list[dict[str, Any]]]


class Fields(HTMLParser):
    """What a browser would send of the page's form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self._text: str | None = None
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, kind = given.get("name"), given.get("type", "text")
        if tag == "select":
            self._select = name or ""
        elif tag == "option" and self._select and "selected" in given:
            self.sent.append((self._select, given.get("value") or ""))
        elif tag == "textarea" and name:
            self._text = ""
            self._name = name
        elif (
            tag == "input"
            and name
            and (kind not in {"checkbox", "radio", "submit"} or "checked" in given)
        ):
            self.sent.append((name, given.get("value") or ""))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text is not None:
            self.sent.append((self._name, self._text.removeprefix("\r\n").removeprefix("\n")))
            self._text = None
        elif tag == "select":
            self._select = ""

    def with_answers(self, **answers: str) -> dict[str, list[str]]:
        kept: dict[str, list[str]] = {}
        for name, value in self.sent:
            if name not in answers:
                kept.setdefault(name, []).append(value)
        return kept | {name: [value] for name, value in answers.items()}


YOU = {
    name: str(FORM[name])
    for name in (
        "given_name",
        "family_name",
        "email",
        "locality",
        "region",
        "postal_code",
        "country",
        "disclosure",
    )
}


@pytest.mark.parametrize(
    ("lang", "salutation", "sentence", "thanks"),
    [
        ("en", "Dear Governor,", "Please have Amara Okafor protected.", "UA 1/26"),
        ("fr", "Madame la Gouverneure,", "Veuillez faire protéger Amara Okafor.", "UA 1/26"),
        ("es", "Señora Gobernadora:", "Haga proteger a Amara Okafor.", "UA 1/26"),
    ],
)
def test_the_whole_way_in_each_language(
    client: FlaskClient,
    campaign: Campaign,
    mails: Mails,
    lang: str,
    salutation: str,
    sentence: str,
    thanks: str,
) -> None:
    case = f"/{lang}/actions/{campaign.slug}"
    assert f'href="{case}/write"' in client.get(case).text
    write = client.get(f"{case}/write").text
    assert salutation in write
    assert sentence in write

    own = "Je pense à vous, ñandú."
    you = client.post(f"{case}/you", data=Fields(write).with_answers(own_words=own))
    assert you.status_code == 200
    check = client.post(f"{case}/check", data=Fields(you.text).with_answers(**YOU))
    assert check.status_code == 200
    for words in (own, salutation, sentence, "Maëlle Tremblay", "100 Sample Street"):
        assert words in check.text
    sent = client.post(f"{case}/sign", data=Fields(check.text).with_answers())
    assert (sent.status_code, sent.location) == (303, f"{case}/sent")
    assert "maelle" not in client.get(sent.location).text

    [mail] = mails()
    assert (mail["kind"], mail["to"], mail["locale"]) == (
        "confirm-letter",
        "maelle@example.org",
        lang,
    )
    link = mail["link"].removeprefix("http://127.0.0.1:5000")
    assert own in client.get(link).text
    confirmed = client.post(link)
    assert (confirmed.status_code, confirmed.location) == (303, link)
    page = client.get(link).text
    assert thanks in page
    pdf = client.get(f"{link}/letter.pdf")
    assert pdf.mimetype == "application/pdf"
    text = " ".join(_pdf_text(pdf.data).split())
    for words in (own, salutation, sentence, "Maëlle Tremblay", "100 Sample Street"):
        assert words in text


def _pdf_text(body: bytes) -> str:
    document = pypdfium2.PdfDocument(io.BytesIO(body))
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def test_all_free_points_are_taken_at_first_and_can_be_left_out(
    client: FlaskClient, case: str
) -> None:
    write = client.get(f"{case}/write").text
    taken = Fields(write).with_answers()["points"]
    assert taken == ["protect", "investigate", "recognise"]
    assert 'type="checkbox" name="points" value="protect"' not in write
    form = {**FORM, "points": ["recognise"]}
    assert "find out who threatened her" not in client.post(f"{case}/check", data=form).text


def test_who_insists_on_a_town_that_looks_like_a_street_goes_on(
    client: FlaskClient, case: str
) -> None:
    street = {"locality": "12 Main Street"}
    you = client.post(f"{case}/you", data={"letter_locale": "en"}).text
    assert 'name="town_is_right"' not in you
    asked = client.post(f"{case}/check", data=Fields(you).with_answers(**YOU | street))
    assert asked.status_code == 422
    assert "This looks like a street." in asked.text
    fields = Fields(asked.text)
    assert ("locality", "12 Main Street") in fields.sent
    check = client.post(f"{case}/check", data=fields.with_answers(town_is_right="y"))
    assert check.status_code == 200
    # The tick goes along, also back to the letter and the details.
    write = client.post(f"{case}/write", data=Fields(check.text).with_answers()).text
    you = client.post(f"{case}/you", data=Fields(write).with_answers()).text
    assert client.post(f"{case}/check", data=Fields(you).with_answers()).status_code == 200


def test_going_back_keeps_everything(client: FlaskClient, case: str) -> None:
    check = client.post(f"{case}/check", data={**FORM, "consent_updates": "y"})
    carried = Fields(check.text).with_answers()
    write = client.post(f"{case}/write", data=carried)
    assert write.status_code == 200
    again = Fields(write.text).with_answers()
    you = client.post(f"{case}/you", data=again)
    kept = Fields(you.text).with_answers()
    for name, value in {**FORM, "consent_updates": "y"}.items():
        expected = ["protect", "investigate"] if name == "points" else [value]
        assert sorted(set(kept[name]) | ({"protect"} if name == "points" else set())) == sorted(
            expected
        )
    assert "consent_network" not in kept


def test_the_letter_changes_its_language_and_keeps_what_was_typed(
    client: FlaskClient, case: str
) -> None:
    page = client.post(f"{case}/write", data={**FORM, "letter_locale": "es"}).text
    assert "Señora Gobernadora:" in page
    assert "I write because I care." in page
    assert "In your own words" in page
    sent = Fields(page).with_answers()
    assert (sent["letter_locale"], sent["points"]) == (["es"], ["protect", "investigate"])


def test_an_address_can_name_the_language_of_the_letter(client: FlaskClient, case: str) -> None:
    assert "Señora Gobernadora:" in client.get(f"{case}/write?letter=es").text
    assert "Dear Governor," in client.get(f"{case}/write?letter=xx").text


def test_a_script_can_send_the_fields_of_the_contract_at_once(
    client: FlaskClient, case: str, session: Session
) -> None:
    fields = {name: value for name, value in FORM.items() if name != "letter_locale"}
    assert client.post(f"{case}/sign", data=fields).status_code == 303
    [signature] = session.query(Signature).all()
    assert signature.given_name == "Maëlle"
    assert signature.points == ["protect", "investigate"]
    assert signature.letter_locale == "en"
    assert signature.disclosure is Disclosure.TOWN
    assert signature.state is SignatureState.PENDING
    assert [letter.template.locale for letter in signature.letters] == ["en"]


def test_before_signing_the_page_says_what_is_kept_and_how_long(
    app: Flask, client: FlaskClient, case: str
) -> None:
    settings = app.extensions["settings"]
    page = client.post(f"{case}/check", data=FORM).text
    kept = page[: page.index("Sign this letter")]
    assert f"We delete them {settings.retention_months} months after we deliver it" in kept
    assert f"the name of your browser for {settings.trace_days} days" in kept
    assert "change what you wrote until we print it, and withdraw it until we deliver it" in kept
    assert "one copy of them all" not in kept
    changed = {"retention_months": 0, "trace_days": 9, "keep_printed_files": True}
    app.extensions["settings"] = settings.model_copy(update=changed)
    page = client.post(f"{case}/check", data=FORM).text
    assert "We keep your details encrypted until you delete them." in page
    assert "for 9 days" in page
    assert "When we deliver letters together, we keep one copy of them all." in page


def test_a_new_wording_is_a_new_version_and_the_old_one_stays(session: Session) -> None:
    old = record_of(session, "en", Consents("Deliver it.", "Send me news.", "Tell me."))
    new = record_of(session, "en", Consents("Deliver it.", "Email me news.", "Tell me."))
    assert old.id != new.id
    assert session.get_one(ConsentWording, old.id).updates == "Send me news."
    again = record_of(session, "en", Consents("Deliver it.", "Send me news.", "Tell me."))
    assert again.id == old.id
    # Records from before the notices had versions are found by their words alone.
    words = json.dumps(["en", "Deliver it.", "Send me news.", "Tell me."])
    assert old.digest == hashlib.sha256(words.encode()).digest()


def test_consents_are_recorded_with_their_wording_and_time(
    app: Flask, client: FlaskClient, campaign: Campaign, session: Session
) -> None:
    form = {**FORM, "consent_updates": "y"}
    check = client.post(f"/fr/actions/{campaign.slug}/check", data=form)
    client.post(f"/fr/actions/{campaign.slug}/sign", data=form)
    [signature] = session.query(Signature).all()
    wording = session.get_one(ConsentWording, signature.consent_wording_id)
    assert wording.locale == "fr"
    assert wording.delivery in check.text
    assert app.extensions["settings"].organisation_name in wording.delivery
    sender = ", ".join(app.extensions["settings"].organisation_address)
    for consent in (wording.updates, wording.network):
        assert sender in consent, "who sends the emails is part of both consents to them"
    assert signature.consent_updates_at == signature.consent_delivery_at == signature.signed_at
    assert signature.consent_network_at is None


def test_both_consents_come_unticked(client: FlaskClient, case: str) -> None:
    you = client.post(f"{case}/you", data=Fields(client.get(f"{case}/write").text).with_answers())
    assert 'name="consent_updates"' in you.text
    assert "consent_updates" not in Fields(you.text).with_answers()


def test_a_warning_stands_before_signing_and_is_stronger_at_home(
    client: FlaskClient, case: str
) -> None:
    unknown = {name: value for name, value in FORM.items() if name != "country"}
    blank = client.post(f"{case}/you", data=unknown).text
    assert "If you live in Mexico or are a citizen" in blank
    elsewhere = client.post(f"{case}/you", data=FORM).text
    told = "we deliver a list of names. It shows the same details and the day you signed."
    assert f"With the letters, {told}" in elsewhere
    assert (
        "Your letter goes to officials of this country: Mexico. They will see your name."
        in elsewhere
    )
    assert "You live in Mexico" not in elsewhere
    assert "You live in Mexico" in client.post(f"{case}/you", data={**FORM, "country": "MX"}).text
    assert "You live in Mexico" not in client.post(f"{case}/check", data=FORM).text
    home = {**FORM, "country": "MX", "region": "Jal.", "postal_code": "44100"}
    at_home = client.post(f"{case}/check", data=home).text
    assert "You live in Mexico" in at_home
    # The button stays in sight: what warns of it stands before the letter, not below it.
    assert at_home.index("You live in Mexico") < at_home.index('<article class="letter')


def test_the_sheet_shows_only_what_the_supporter_discloses(client: FlaskClient, case: str) -> None:
    form = {**FORM, "disclosure": "name"}
    page = client.post(f"{case}/check", data=form).text
    sheet = re.findall(r'<article class="letter.*?</article>', page, re.DOTALL)[0]
    assert "Maëlle Tremblay" in sheet
    assert "Saint-Jérôme" not in sheet
    full = client.post(f"{case}/check", data={**FORM, "disclosure": "full"}).text
    assert "J7Z 1A1" in re.findall(r'<article class="letter.*?</article>', full, re.DOTALL)[0]


@pytest.mark.parametrize("step", ["you", "check", "sign", "preview.pdf"])
def test_a_step_asked_for_by_its_address_leads_to_the_letter(
    client: FlaskClient, case: str, step: str
) -> None:
    response = client.get(f"{case}/{step}")
    assert (response.status_code, response.location) == (302, f"{case}/write")


def test_the_letter_can_be_seen_as_pdf_before_it_is_signed(
    client: FlaskClient, case: str, session: Session
) -> None:
    response = client.post(f"{case}/preview.pdf", data=FORM)
    assert response.mimetype == "application/pdf"
    assert response.headers["Cache-Control"] == "no-store"
    assert "I write because I care." in _pdf_text(response.data)
    assert session.query(Signature).count() == 0


@pytest.mark.parametrize("page", ["write", "sent"])
def test_pages_of_signing_are_kept_by_nobody(client: FlaskClient, case: str, page: str) -> None:
    response = client.get(f"{case}/{page}")
    assert response.headers["Cache-Control"] == "no-store"
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("step", ["write", "you", "check"])
def test_another_language_takes_along_what_is_typed(
    client: FlaskClient, campaign: Campaign, step: str
) -> None:
    case = f"/en/actions/{campaign.slug}"
    form = FORM | {"own_words": "I know her."}
    page = client.post(f"{case}/{step}", data=form).text
    assert f'formaction="/fr/actions/{campaign.slug}/{step}"' in page
    french = client.post(f"/fr/actions/{campaign.slug}/{step}", data=form).text
    assert '<html lang="fr"' in french
    assert "I know her." in french
