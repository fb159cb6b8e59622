"""Requests that no browser of ours sends."""

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("name", ["Origin", "Referer"])
@pytest.mark.parametrize("value", ["http://[", "http://evil.example", "//", "http://]:x"])
def test_a_form_from_an_address_that_is_not_ours_is_refused(
    client: FlaskClient, name: str, value: str
) -> None:
    answer = client.post("/en/actions/none/you", data={"x": "1"}, headers={name: value})
    assert answer.status_code == 403


def test_a_prefix_that_the_request_claims_is_in_no_link(client: FlaskClient) -> None:
    answer = client.get("/en/", environ_overrides={"SCRIPT_NAME": "//evil.example"})
    assert answer.status_code == 200
    assert "evil" not in answer.text


@pytest.mark.both_engines
@pytest.mark.parametrize("query", ["q=%91", "q=%00", "q=%ED%A0%80"])
def test_a_query_that_is_no_text_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/en/?{query}").status_code == 400


def test_the_desk_refuses_bytes_that_are_no_text_and_ten_thousand_fields(
    client: FlaskClient,
) -> None:
    kind = "application/x-www-form-urlencoded"
    assert client.post("/desk/sign-in", data=b"email=%91", content_type=kind).status_code == 400
    many = "&".join(f"f{number}=1" for number in range(10_000)).encode()
    assert client.post("/desk/sign-in", data=many, content_type=kind).status_code == 413
