"""Action Network and CiviCRM: adding a person and taking one off, never changing what is there.

By the pages of their makers: actionnetwork.org/docs/v2/person_signup_helper and docs.civicrm.org,
"APIv4 REST". Each call may be made again: a person is looked for before one is added.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol
from urllib.parse import quote, urlencode

from campaign.core.errors import DomainError
from campaign.core.i18n import language_with_country
from campaign.core.outgoing_http import OutgoingFailed, OutgoingHttp, rest_of
from campaign.models.crm import CrmConnection, CrmKind

_REST = 600  # seconds, where a program that is asked too often says none
_KEY_REST = 3600
_MOST_PAGES = 40  # of tags, of which a program chooses how many are on each
_LONGEST_WORDS = 300  # characters
_ID = re.compile(r"[\w-]{1,100}", re.ASCII)  # it is kept with each person
_LARGEST_ID = 2**63


class CallFailed(DomainError):
    """`words`: what the program said of it itself."""

    status = 502

    def __init__(self, slug: str, rest: int = 0, *, words: str = "") -> None:
        super().__init__(slug)
        self.rest, self.words = rest, words


class PersonRefused(CallFailed):
    """The program does not take this person: asking again would not help."""


class ProgramAway(CallFailed):
    """It cannot be used now. `rest`: seconds for which to leave it alone; 0: as long as usual."""


@dataclass(frozen=True, slots=True)
class Person:
    name: str  # in other programs (`consent_list.name_outside`)
    email: str
    locale: str
    given_name: str = ""
    family_name: str = ""
    locality: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


class Program(Protocol):
    def add(self, person: Person, *, resubscribe: bool) -> str:
        """Return its id of the person. Raises PersonRefused, ProgramAway, as `remove` does."""
        ...

    def remove(self, name: str, remote_id: str) -> None:
        """Unsubscribe them; without an id, by our name. Raises PersonRefused (`not-known`)."""
        ...

    def has_list(self) -> bool:
        """Return whether its tag is there. Raises PersonRefused, ProgramAway."""
        ...


def program_of(connection: CrmConnection, http: OutgoingHttp) -> Program:
    facts = (http, connection.address.rstrip("/"), connection.key, connection.list_name)
    return ActionNetwork(*facts) if connection.kind is CrmKind.ACTION_NETWORK else CiviCrm(*facts)


@dataclass(frozen=True, slots=True)
class ActionNetwork:
    http: OutgoingHttp
    address: str  # https://actionnetwork.org/api/v2
    key: str
    tag: str

    def add(self, person: Person, *, resubscribe: bool) -> str:
        quoted = person.email.replace("'", "''")
        query = quote(f"email_address eq '{quoted}'")
        matches = self._call("GET", f"people/?filter={query}")
        facts: dict[str, Any] = {"email_addresses": [{"address": person.email}]}
        if not _list(matches, "_embedded", "osdi:people"):
            facts |= _describe(person)
        elif resubscribe:
            facts["email_addresses"][0]["status"] = "subscribed"
        body = {"person": facts, "add_tags": [self.tag] if self.tag else []}
        answer = self._call("POST", "people/", body)
        for identifier in _list(answer, "identifiers"):
            system, _, number = str(identifier).partition(":")
            if system == "action_network" and _ID.fullmatch(number):
                return number
        raise ProgramAway("half-answer")

    def remove(self, name: str, remote_id: str) -> None:
        if not remote_id:
            raise PersonRefused("not-known")
        body = {"email_addresses": [{"status": "unsubscribed"}]}
        try:
            self._call("PUT", f"people/{quote(remote_id, safe='')}", body)
        except PersonRefused as problem:
            if problem.slug != "http-404":  # deleted there: that is more than was asked
                raise

    def has_list(self) -> bool:
        if not self.tag:
            return True
        for page in range(1, _MOST_PAGES + 1):
            tags = _list(self._call("GET", f"tags?page={page}"), "_embedded", "osdi:tags")
            if any(isinstance(tag, dict) and tag.get("name") == self.tag for tag in tags):
                return True
            if not tags:
                break
        return False

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        headers = {"OSDI-API-Token": self.key, "Content-Type": "application/json"}
        content = json.dumps(body).encode() if body is not None else b""
        return _call(self.http, method, f"{self.address}/{path}", headers, content)


def _describe(person: Person) -> dict[str, Any]:
    """Return what is said of who is new there; who is known already keeps what they have."""
    address = {
        "locality": person.locality,
        "region": person.region,
        "postal_code": person.postal_code,
        "country": person.country,
    }
    place = {name: value for name, value in address.items() if value}
    facts: dict[str, Any] = {
        "identifiers": [person.name],
        "languages_spoken": [person.locale],
        "given_name": person.given_name,
        "family_name": person.family_name,
        "postal_addresses": [place] if place else [],
    }
    return {name: value for name, value in facts.items() if value}


@dataclass(frozen=True, slots=True)
class CiviCrm:
    http: OutgoingHttp
    address: str  # https://example.org/civicrm/ajax/api4
    key: str
    group: str

    def add(self, person: Person, *, resubscribe: bool) -> str:
        contact = self._find_contact(person.name) or self._find_by_email(person.email)
        contact = contact or self._create(person)
        where = [["contact_id", "=", contact], ["group_id", "=", int(self.group)]]
        entries = self._call("GroupContact", "get", {"where": where, "limit": 1})
        if not entries:
            values = {"contact_id": contact, "group_id": int(self.group), "status": "Added"}
            self._call("GroupContact", "create", {"values": values})
        elif resubscribe and entries[0].get("status") != "Added":
            self._call("GroupContact", "update", {"where": where, "values": {"status": "Added"}})
        return str(contact)

    def remove(self, name: str, remote_id: str) -> None:
        contact = int(remote_id) if remote_id else self._find_contact(name)
        if not contact:
            raise PersonRefused("not-known")
        where = [["contact_id", "=", contact], ["group_id", "=", int(self.group)]]
        self._call("GroupContact", "update", {"where": where, "values": {"status": "Removed"}})

    def has_list(self) -> bool:
        # What `add` asks as well: whether a key may read groups, too, is not known.
        where = [["group_id", "=", int(self.group)]]
        self._call("GroupContact", "get", {"where": where, "limit": 1})
        return True

    def _find_contact(self, name: str) -> int:
        where: list[Any] = [["external_identifier", "=", name], ["is_deleted", "=", False]]
        return self._first("Contact", "id", where)

    def _find_by_email(self, email: str) -> int:
        where: list[Any] = [["email", "=", email], ["contact_id.is_deleted", "=", False]]
        return self._first("Email", "contact_id", where)

    def _first(self, entity: str, column: str, where: list[Any]) -> int:
        rows = self._call(entity, "get", {"select": [column], "where": where, "limit": 1})
        return _number(rows[0], column) if rows else 0

    def _create(self, person: Person) -> int:
        values = {
            "contact_type": "Individual",
            "external_identifier": person.name,
            "first_name": person.given_name,
            "last_name": person.family_name,
            "preferred_language": language_with_country(person.locale),
            "source": "Urgent action network",
            "email_primary.email": person.email,
        }
        place = {
            "address_primary.city": person.locality,
            "address_primary.postal_code": person.postal_code,
            "address_primary.country_id:abbr": person.country,
        }
        kept = {name: value for name, value in (values | place).items() if value}
        rows = self._call("Contact", "create", {"values": kept})
        if not rows:
            _raise_half()
        return _number(rows[0], "id")

    def _call(self, entity: str, action: str, params: object) -> list[Any]:
        headers = {
            "X-Civi-Auth": f"Bearer {self.key}",
            "X-Requested-With": "XMLHttpRequest",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode({"params": json.dumps(params)}).encode()
        answer = _call(self.http, "POST", f"{self.address}/{entity}/{action}", headers, body)
        if "error_message" in answer:
            raise PersonRefused("crm-error", words=_words_of(answer))
        rows = _list(answer, "values")
        if not all(isinstance(row, dict) for row in rows):
            _raise_half()
        return rows


def _call(
    http: OutgoingHttp, method: str, address: str, headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """Return the JSON object of a good answer. Raises PersonRefused, ProgramAway."""
    try:
        answer = http.send(method, address, headers=headers, body=body)
    except OutgoingFailed as problem:
        is_no_key = isinstance(problem.__cause__, UnicodeError)  # no header can have it
        raise ProgramAway("key-refused" if is_no_key else problem.slug) from problem
    if answer.status == 429:
        raise ProgramAway("too-many", rest_of(answer) or _REST)
    if answer.status in {401, 403}:
        raise ProgramAway("key-refused", _KEY_REST)
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    if answer.status >= 500:
        raise ProgramAway("http-500", rest_of(answer), words=_words_of(content))
    if answer.status >= 400:
        raise PersonRefused(f"http-{answer.status}", words=_words_of(content))
    if not isinstance(content, dict):
        _raise_half()
    return content


def _words_of(content: Any) -> str:
    """Return the sentence of an error: Action Network has it in `error`, CiviCRM with its code."""
    facts = content if isinstance(content, dict) else {}
    words = facts.get("error_message") or facts.get("error")
    signs = words[:_LONGEST_WORDS] if isinstance(words, str) else ""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in signs).split())


def _list(content: Any, *path: str) -> list[Any]:
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    if not isinstance(content, list):
        _raise_half()
    return content


def _number(row: Any, column: str) -> int:
    try:
        number = int(row[column])
    except (KeyError, TypeError, ValueError, OverflowError):
        _raise_half()
    if not 0 < number < _LARGEST_ID:
        _raise_half()
    return number


def _raise_half() -> NoReturn:
    raise ProgramAway("half-answer")
