"""What the API is, as OpenAPI 3.1.

`operations.json` has each address, what it wants, and an example of its answer; a test holds each
example against what the address really answers.
"""

import json
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from apispec import APISpec

from campaign.core.settings import current_settings
from campaign.web.security import MAX_BODY_BYTES

Operation = Mapping[str, Any]
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer", "minimum": 1}
_SCHEMES = {
    "token": {"type": "apiKey", "in": "header", "name": "OSDI-API-Token"},
    "bearer": {"type": "http", "scheme": "bearer"},
}
_EXAMPLE_SITE = "https://letters.example.org"
"""Base of the addresses in `operations.json`; readers are shown those of their own site."""
_ERRORS: Mapping[str, str] = {
    "400": "The request is not understood. Below /api/osdi/ also: the token is in the address.",
    "401": "The token is missing, unknown, revoked or expired.",
    "403": "The token lacks the scope.",
    "404": "There is nothing at this address, or nothing that may be read.",
    "409": "This action takes no letters any more.",
    "413": f"The body has more than {MAX_BODY_BYTES // 1024} KiB.",
    "429": "Too many requests with this token; Retry-After says how many seconds to wait.",
}
_SOMETIMES = {
    *("total_records", "total_pages"),  # not with a filter
    *("osdi:person", "osdi:record_signature_helper"),
    *("en", "fr", "es", "ar"),  # those of the site
}
"""What not each answer of its kind has."""
_MAY_BE_NULL = {"issued_on", "act_by", "write_url"}
_PARAMETERS = {
    "page": (
        _NUMBER,
        "Number of the page. Below /api/osdi/ 100 at most: to read further, follow “next”.",
    ),
    "per_page": (_NUMBER, "Number of entries on a page, 25 at most."),
    "filter": (_TEXT, "Comparisons as in OData. Join several with “and”."),
    "lang": (_TEXT, "One of the languages of the site."),
    "status": (_TEXT, "Either “open” or “ended”."),
    "url": (_TEXT, "Address of the page of an action."),
}
_DESCRIPTION = (
    "Addresses below /api/osdi/ need a token with a scope, except the entry point. Anyone can read "
    "the others. The file docs/api.md of the source code explains pages, filters and forms on "
    "other sites."
)


@cache
def read_operations(base_url: str) -> list[Operation]:
    text = Path(__file__).with_name("operations.json").read_text("utf-8")
    operations: list[Operation] = json.loads(text.replace(_EXAMPLE_SITE, base_url))
    return operations


def describe_api() -> dict[str, Any]:
    site = current_settings()
    base_url = site.base_url.rstrip("/")
    spec = APISpec(
        title=f"{site.organisation_name}: API",
        version="1",
        openapi_version="3.1.0",
        info={"description": _DESCRIPTION},
        servers=[{"url": base_url}],
    )
    for name, scheme in _SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    for operation in read_operations(base_url):
        spec.path(operation["path"], operations={operation["method"]: _describe(operation)})
    document: dict[str, Any] = spec.to_dict()
    return document


def _describe(operation: Operation) -> dict[str, Any]:
    is_osdi = operation["path"].startswith("/api/osdi/")
    places: Mapping[str, str] = operation.get("in_path", {})
    described: dict[str, Any] = {
        "operationId": operation["name"],
        "summary": operation["summary"],
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": _TEXT, "example": value}
                for name, value in places.items()
            ),
            *(
                _describe_parameter(name, value)
                for name, value in operation.get("query", {}).items()
            ),
        ],
        "responses": {
            "200": {
                "description": operation["summary"],
                "content": _give_example(
                    "application/hal+json" if is_osdi else "application/json", operation["answer"]
                ),
            },
            **{status: {"description": _ERRORS[status]} for status in _list_errors(operation)},
        },
    }
    if note := operation.get("note"):
        described["description"] = note
    if scope := operation.get("scope"):
        described |= {"security": [{"token": []}, {"bearer": []}], "x-scope": scope}
    if body := operation.get("body"):
        content = _give_example("application/json", body, operation["needed"])
        described["requestBody"] = {"required": True, "content": content}
    return described


def _list_errors(operation: Operation) -> list[str]:
    """Return the statuses with which an address may refuse. Pure."""
    takes_more = bool(operation.get("query") or operation.get("in_path"))
    applies = {
        "400": takes_more or operation["path"].startswith("/api/osdi/"),
        "401": "scope" in operation,
        "403": "scope" in operation,
        "404": takes_more,
        "409": operation["name"] == "record_signature_helper",
        "413": "body" in operation,
        "429": "scope" in operation,
    }
    return [status for status, does in applies.items() if does]


def _describe_parameter(name: str, value: object) -> dict[str, Any]:
    schema, words = _PARAMETERS[name]
    return {"name": name, "in": "query", "schema": schema, "description": words, "example": value}


def _give_example(
    kind: str, example: object, needed: Collection[str] | None = None
) -> dict[str, Any]:
    return {kind: {"schema": schema_of(example, needed), "example": example}}


def schema_of(value: object, needed: Collection[str] | None = None) -> dict[str, Any]:
    """Return the JSON schema of an example of an answer, or of a body that needs these. Pure."""
    if isinstance(value, dict):
        properties = {name: schema_of(part, needed) for name, part in value.items()}
        for name in _MAY_BE_NULL & properties.keys():
            properties[name] = {"type": ["string", "null"]}
        required = [
            name
            for name in properties
            if (name not in _SOMETIMES if needed is None else name in needed)
        ]
        return {"type": "object", "properties": properties, "required": required}
    if isinstance(value, list):
        return {"type": "array", "items": schema_of(value[0], needed) if value else {}}
    kinds = {bool: "boolean", int: "integer", str: "string"}
    return {"type": kinds[type(value)]} if type(value) in kinds else {}
