"""Action Network and CiviCRM as their makers' API pages describe them, with faults on order.

actionnetwork.org/docs/v2/people and /person_signup_helper; docs.civicrm.org, "APIv4 REST". As the
real one, Action Network overwrites what is posted of a person whom it knows.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.http_target import Handler

Fault = Callable[[Handler], None]
KEY = "a-key-of-tests"
GROUP = 7


def too_many(handler: Handler) -> None:
    handler.say(429, b"slow down", **{"Retry-After": "3600"})


def broken(handler: Handler) -> None:
    handler.say(500, b"<h1>Oops</h1>")


@dataclass
class StandIn:
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    half: bytes | None = None
    """Do what is asked, and answer with this, which is no whole JSON."""
    calls: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, handler: Handler) -> None:
        body = handler.server.target.received[-1].body
        self.calls.append((handler.command, unquote(handler.path)))
        if self.faults:
            self.faults.pop(0)(handler)
            return
        if not self.is_known(handler):
            handler.say(403, b"{}")
            return
        status, content = self.do(handler.command, handler.path, body)
        data = json.dumps(content).encode()
        writes = handler.command == "PUT" or b"email_addresses" in body or "/create" in handler.path
        handler.say(status, self.half if self.half and writes else data)

    def is_known(self, handler: Handler) -> bool:
        raise NotImplementedError

    def do(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        raise NotImplementedError


@dataclass
class ActionNetworkStandIn(StandIn):
    tags: list[str] = field(default_factory=lambda: ["donors", "urgent-actions"])

    def is_known(self, handler: Handler) -> bool:
        return handler.headers["OSDI-API-Token"] == KEY

    def do(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if method == "GET" and "/tags" in path:
            page = int(parse_qs(urlsplit(path).query)["page"][0])
            names = self.tags[page - 1 : page]  # one on each
            return 200, {"_embedded": {"osdi:tags": [{"name": name} for name in names]}}
        if method == "GET":
            query = parse_qs(urlsplit(path).query)["filter"][0]
            email = re.fullmatch(r"email_address eq '(.+)'", query)[1].replace("''", "'")
            people = [person for person in self.people.values() if person["email"] == email]
            return 200, {"_embedded": {"osdi:people": people}}
        facts = json.loads(body)
        if method == "PUT":
            person = self.people.get(path.rpartition("/")[2])
            if person is None:
                return 404, {"error": "not found"}
            person["status"] = facts["email_addresses"][0]["status"]
            return 200, person
        address = facts["person"].pop("email_addresses")[0]
        if address["address"].startswith("refused"):
            return 400, {"error": " email address\u202e\nis not valid "}
        same = [known for known in self.people.values() if known["email"] == address["address"]]
        person = (
            same[0] if same else {"email": address["address"], "tags": [], "status": "subscribed"}
        )
        person |= facts["person"] | {"status": address.get("status", person["status"])}
        person["tags"] = [*person["tags"], *facts["add_tags"]]
        number = person.setdefault("id", f"uuid-{len(self.people) + 1}")
        self.people[number] = person
        return 200, {"identifiers": [f"action_network:{number}"]}


class CiviStandIn(StandIn):
    groups: dict[str, str]

    def is_known(self, handler: Handler) -> bool:
        return (
            handler.headers["X-Civi-Auth"] == f"Bearer {KEY}"
            and handler.headers["X-Requested-With"] == "XMLHttpRequest"
        )

    def do(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        params = json.loads(parse_qs(body.decode())["params"][0])
        where = {name: value for name, _is, value in params.get("where", ())}
        call = "/".join(path.split("/")[-2:])
        values: list[Any] = []
        if call == "Contact/get":
            values = self._find("external_identifier", where["external_identifier"], "id")
        elif call == "Email/get":
            values = self._find("email_primary.email", where["email"], "contact_id")
        elif call == "Contact/create":
            facts = params["values"]
            if facts["email_primary.email"].startswith("refused"):
                return 200, {"error_code": 0, "error_message": "Not a valid address"}
            number = str(len(self.people) + 1)
            self.people[number] = facts | {"group": ""}
            values = [{"id": int(number)}]
        elif call == "GroupContact/get":
            status = self.people.get(str(where.get("contact_id")), {}).get("group", "")
            values = [{"status": status}] if status else []
        elif call in {"GroupContact/create", "GroupContact/update"}:
            number = params.get("values", {}).get("contact_id", where.get("contact_id"))
            assert where.get("group_id", params["values"].get("group_id")) == GROUP
            self.people[str(number)]["group"] = params["values"]["status"]
            values = [{}]
        return 200, {"values": values, "count": len(values)}

    def _find(self, name: str, value: str, column: str) -> list[Any]:
        people = self.people.items()
        return [{column: int(key)} for key, person in people if person.get(name) == value]
