"""Who writes: an address as its country wants it, and what officials will see."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.signing.conftest import FORM


def labels(page: str) -> list[str]:
    """The labels of the address, in order."""
    address = page[page.index('class="address"') : page.index("<fieldset")]
    return [words.strip() for words in re.findall(r"<label[^>]*>\s*([^<]*)", address)]


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("", ["City, town or village", "Province, state or region", "Postal code"]),
        ("CA", ["City, town or village", "Province", "Postal code"]),
        ("US", ["City, town or village", "State", "ZIP code"]),
        ("MX", ["Postal code", "City, town or village", "State"]),
        ("FR", ["Postal code", "City, town or village"]),
        ("SG", ["City, town or village", "Postal code"]),
        ("JP", ["City, town or village", "Prefecture", "Postal code"]),
        ("XX", ["City, town or village", "Province, state or region", "Postal code"]),
    ],
)
def test_the_address_is_asked_for_as_in_its_country(
    client: FlaskClient, case: str, country: str, expected: list[str]
) -> None:
    page = client.post(f"{case}/you", data={**FORM, "country": country}).text
    assert labels(page) == expected


@pytest.mark.parametrize(
    ("country", "hint", "optional"),
    [("", "Needed in some countries, if", 0), ("CA", "Needed only if", 0), ("XX", "", 2)],
)
def test_what_officials_may_see_is_called_optional_only_where_it_is(
    client: FlaskClient, case: str, country: str, hint: str, optional: int
) -> None:
    page = client.post(f"{case}/you", data={**FORM, "country": country}).text
    address = page.split('class="address"')[1].split("</div>\n</div>")[0]
    address = address.split('name="disclosure"')[0]
    assert address.count("(optional)") == optional
    assert address.count("Needed") == address.count(hint) == 2 if hint else "Needed" not in address


def test_fields_know_what_a_browser_may_fill_in(client: FlaskClient, case: str) -> None:
    page = client.post(f"{case}/you", data=FORM).text
    for name, token in {
        "given_name": "given-name",
        "family_name": "family-name",
        "email": "email",
        "locality": "address-level2",
        "region": "address-level1",
        "postal_code": "postal-code",
        "country": "country",
    }.items():
        [tag] = re.findall(rf"<(?:input|select)[^>]*\bid=\"{name}\"[^>]*>", page)
        assert f'autocomplete="{token}"' in tag


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"postal_code": "99999"}, "One from Canada looks like H3Z 2Y7."),
        ({"country": "FR", "postal_code": "J7Z 1A1"}, "One from France"),
        ({"disclosure": "full", "postal_code": ""}, "Enter your postal code, or choose below"),
        (
            {"disclosure": "full", "region": ""},
            "needs this as well as the postal code. Fill it in, or",
        ),
    ],
)
def test_an_address_that_cannot_be_is_refused_with_a_hint(
    client: FlaskClient, case: str, changes: dict[str, str], hint: str
) -> None:
    response = client.post(f"{case}/check", data={**FORM, **changes})
    assert response.status_code == 422
    assert hint in response.text


@pytest.mark.parametrize(
    "changes",
    [
        {"postal_code": "j7z1a1"},
        {"postal_code": "", "region": ""},
        {"country": "HK", "postal_code": "anything"},
        {"country": "FR", "postal_code": "33380", "region": "", "disclosure": "full"},
        {"country": "AQ", "postal_code": "BIQQ 1ZZ"},
    ],
)
def test_an_address_that_may_be_right_is_taken(
    client: FlaskClient, case: str, changes: dict[str, Any]
) -> None:
    assert client.post(f"{case}/check", data={**FORM, **changes}).status_code == 200


def test_samples_show_what_officials_will_see(client: FlaskClient, case: str) -> None:
    page = client.post(f"{case}/you", data=FORM).text
    assert '<dd dir="auto">Maëlle Tremblay</dd>' in page
    assert '<dd dir="auto">Maëlle Tremblay, Saint-Jérôme, Canada</dd>' in page
    assert '<bdi class="code" dir="ltr">J7Z 1A1</bdi>, Canada</dd>' in page
    blank = client.post(f"{case}/you", data={"letter_locale": "en"}).text
    assert "Ana Gómez, Ottawa, Canada</dd>" in blank
    assert re.search(r'<p class="hint" data-invented>', blank)


def test_a_region_is_shown_as_it_prints(client: FlaskClient, case: str) -> None:
    form = {**FORM, "locality": "Québec", "region": "Québec", "disclosure": "full"}
    page = client.post(f"{case}/you", data=form).text
    assert "Québec QC " in page
    assert "Québec Québec" not in page
    assert '<option value="Québec" data-printed="QC">' in page
    assert "Québec QC " in client.post(f"{case}/check", data=form).text


def test_who_has_no_email_address_is_led_to_what_is_written_by_hand(
    client: FlaskClient, case: str
) -> None:
    page = client.post(f"{case}/you", data=FORM).text
    assert f'href="{case}#papers"' in page
    assert 'id="papers"' in client.get(case).text


def test_a_postal_code_keeps_its_order_on_a_page_that_runs_from_right_to_left(
    client: FlaskClient, case: str
) -> None:
    arabic, form = case.replace("/en/", "/ar/"), {**FORM, "country": "JP", "disclosure": "full"}
    page = client.post(f"{arabic}/you", data={**form, "postal_code": "100-0001"}).text
    assert '<bdi class="code" dir="ltr">154-0023</bdi>' in page
    assert '<bdi class="code" dir="ltr">100-0001</bdi>' in page
    wrong = client.post(f"{arabic}/check", data={**form, "postal_code": "1"}).text
    assert "\u2068154-0023\u2069" in wrong


def test_names_keep_their_order_on_a_page_that_runs_from_right_to_left(
    client: FlaskClient, case: str
) -> None:
    page = client.post(f"{case.replace('/en/', '/ar/')}/you", data=FORM).text
    assert "<dd>Maëlle Tremblay\u2069، \u2068Saint-Jérôme\u2069، \u2068كندا</dd>" in page
    assert 'data-comma="\u2069، \u2068"' in page


def test_a_quoted_phone_number_keeps_its_order_on_such_a_page(
    client: FlaskClient, case: str
) -> None:
    form = {**FORM, "own_words": "Call 514-555-0199 or 514-555-0198."}
    assert (
        "Remove the phone number: “514-555-0199” “514-555-0198”."
        in client.post(f"{case}/you", data=form).text
    )
    arabic = client.post(f"{case.replace('/en/', '/ar/')}/you", data=form).text
    assert "«\u2068514-555-0199\u2069» «\u2068514-555-0198\u2069»" in arabic


def test_what_is_wrong_is_listed_in_the_order_of_the_page(client: FlaskClient, case: str) -> None:
    form = {**FORM, "country": "MX", "locality": "", "postal_code": "9" * 30}
    for country, order in {
        "MX": ["postal_code", "locality"],
        "": ["country", "locality", "postal_code"],
    }.items():
        page = client.post(f"{case}/check", data={**form, "country": country}).text
        summary = page[page.index("error-summary") : page.index("</ul>")]
        assert re.findall(r'href="#([a-z_]+)', summary) == order


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("a b@example.org", "Remove the space from this email address."),
        ("x@example..com", "This email address has two dots in a row"),
        ("x@example", "Enter a complete email address"),
    ],
)
def test_an_address_of_mail_is_told_what_is_wrong_with_it(
    client: FlaskClient, case: str, address: str, hint: str
) -> None:
    assert hint in client.post(f"{case}/check", data={**FORM, "email": address}).text
