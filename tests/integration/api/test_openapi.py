"""The description of the API: each example in it is what the address answers."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.api.openapi import read_operations, schema_of
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import CampaignStatus
from tests.integration.api.conftest import Program, Site, values_of

pytestmark = pytest.mark.usefixtures("fresh_pages")


OPERATIONS = read_operations("http://127.0.0.1:5000")


def shape_of(value: object) -> object:
    """Names and kinds of all that is in an answer; what may be empty is of no kind."""
    if isinstance(value, dict):
        return {name: shape_of(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else []
    return type(value).__name__


def assert_fits(value: object, schema: Mapping[str, Any]) -> None:
    """Hold a value against the part of JSON Schema that the description uses."""
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    if "type" not in schema:
        return
    names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    assert type(value) in {type(None) if name == "null" else kinds[name] for name in names}
    if isinstance(value, dict):
        assert set(schema["required"]) <= value.keys()
        for name in value.keys() & schema["properties"].keys():
            assert_fits(value[name], schema["properties"][name])
    for part in value if isinstance(value, list) else []:
        assert_fits(part, schema["items"])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation["name"])
def test_each_example_is_what_the_address_answers(
    app: Flask, program: Callable[..., Program], site: Site, operation: Mapping[str, Any]
) -> None:
    values = values_of(site)
    assert operation.get("in_path", {}).keys() == set(re.findall(r"\{(\w+)\}", operation["path"]))
    answer = app.test_client().open(
        operation["path"].format(**values),
        method=operation["method"],
        headers={"OSDI-API-Token": program().secret} if operation.get("scope") else {},
        query_string=operation.get("query", {}),
        json=operation.get("body"),
    )
    assert answer.status_code == 200, answer.text
    given = json.loads(answer.get_data())
    assert shape_of(given) == shape_of(operation["answer"])
    assert_fits(given, schema_of(operation["answer"]))


def test_answers_with_less_in_them_are_as_described(
    program: Callable[..., Program], client: FlaskClient, session: Session, site: Site
) -> None:
    site.campaign.status = CampaignStatus.CLOSED
    site.campaign.issued_on = None
    site.signer.consent_network_at = None
    session.commit()
    schemas = {operation["name"]: schema_of(operation["answer"]) for operation in OPERATIONS}
    reader, days = program(), "modified_date gt '2020-01-01'"
    path = f"petitions/{site.campaign.public_id}"
    assert "osdi:record_signature_helper" not in reader.get(path)["_links"]
    assert_fits(reader.get(path), schemas["petition"])
    assert_fits(reader.get(f"{path}/signatures", filter=days), schemas["signatures"])
    assert_fits(reader.get(f"people/{site.member.public_id}"), schemas["person"])
    action = json.loads(client.get(f"/api/actions/{site.campaign.slug}").get_data())
    assert (action["write_url"], action["issued_on"]) == (None, None)
    assert_fits(action, schemas["action"])


@pytest.mark.parametrize("name", ["record_signature_helper", "person_signup_helper"])
def test_a_body_with_what_the_description_needs_is_taken(
    program: Callable[..., Program], session: Session, site: Site, name: str
) -> None:
    (operation,) = (operation for operation in OPERATIONS if operation["name"] == name)

    def reduce(value: Any) -> Any:
        if isinstance(value, list):
            return [reduce(part) for part in value]
        if isinstance(value, dict):
            return {key: reduce(value[key]) for key in value if key in operation["needed"]}
        return value

    path = operation["path"].format(**values_of(site)).removeprefix("/api/osdi/")
    body = reduce(operation["body"])
    assert "status" not in str(body)
    program().post(path, body)
    assert session.scalars(select(OutboxMail.kind)).all()
    assert_fits(body, schema_of(operation["body"], operation["needed"]))
    for key in body["person"]:
        person = {other: value for other, value in body["person"].items() if other != key}
        program().post(path, {"person": person}, 400)


def test_every_address_is_described(app: Flask, client: FlaskClient) -> None:
    document = json.loads(client.get("/api/openapi.json").get_data())
    assert document["openapi"] == "3.1.0"
    described = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path))
        for path, operations in document["paths"].items()
        for method in operations
    }
    served = {
        (method, re.sub(r"<[\w:]+>", "{}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in rule.methods & {"GET", "POST"}
    }
    same = {"/api/openapi.json", "/api/docs"}
    same.add("/api/osdi/petitions/{}/record_signature_helper")
    assert {(method, path) for method, path in served if path not in same} == described


def test_people_read_the_same_page(client: FlaskClient) -> None:
    page = client.get("/api/docs")
    assert page.headers["Content-Security-Policy"]
    ids = set(re.findall(r'id="(\w+)"', page.text))
    for operation in OPERATIONS:
        assert operation["name"] in ids
        assert operation["path"] in page.text
    # The curies of OSDI lead to the part of the page that describes each link.
    assert set(re.findall(r'"osdi:(\w+)"', json.dumps(OPERATIONS))) <= ids
    assert "letters.example.org" not in page.text
    assert 'href="/desk/api-tokens/"' in page.text


def test_the_description_says_how_each_address_refuses(client: FlaskClient) -> None:
    paths = client.get("/api/openapi.json").json["paths"]
    statuses = {
        operation["operationId"]: set(operation["responses"])
        for operations in paths.values()
        for operation in operations.values()
    }
    assert statuses["index"] == {"200"}
    assert statuses["actions"] == statuses["action"] == statuses["oembed"] == {"200", "400", "404"}
    assert statuses["people"] == {"200", "400", "401", "403", "404", "429"}
    assert statuses["person_signup_helper"] == {"200", "400", "401", "403", "413", "429"}
    assert statuses["record_signature_helper"] >= {"404", "409", "413"}
