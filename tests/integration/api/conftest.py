"""What the tests of the API share: an action with a signer, a member, and programs with tokens."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.core import clock, db
from campaign.models.api_token import ApiScope
from campaign.models.campaign import Campaign
from campaign.models.network import NetworkMember
from campaign.models.signature import Signature
from tests.factories import add_confirmed, make_campaign, make_members, make_token

PERSON = {
    "given_name": "Maëlle",
    "family_name": "Tremblay",
    "email_addresses": [{"address": "maelle@example.org", "status": "subscribed"}],
    "postal_addresses": [
        {"locality": "Saint-Jérôme", "region": "QC", "postal_code": "J7Z 1A1", "country": "CA"}
    ],
    "languages_spoken": ["fr"],
}


@dataclass
class Program:
    """Another program with a token, which asks for addresses below /api/osdi/."""

    client: FlaskClient
    secret: str

    def get(self, path: str, status: int = 200, **query: str) -> Any:
        answer = self.client.get(
            self._address(path), headers=self._headers, query_string=query or None
        )
        return self._read(answer, status)

    def post(self, path: str, body: object, status: int = 200) -> Any:
        return self._read(
            self.client.post(self._address(path), headers=self._headers, json=body), status
        )

    @property
    def _headers(self) -> dict[str, str]:
        return {"OSDI-API-Token": self.secret} if self.secret else {}

    @staticmethod
    def _address(path: str) -> str:
        return path.removeprefix("http://127.0.0.1:5000") if "//" in path else f"/api/osdi/{path}"

    @staticmethod
    def _read(answer: Any, status: int) -> Any:
        assert answer.status_code == status, answer.text
        assert answer.mimetype == "application/hal+json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in answer.headers
        return json.loads(answer.get_data())


@pytest.fixture
def program(app: Flask) -> Callable[..., Program]:
    """Makes a program with a token for these scopes; without any, for all."""

    def make(*scopes: ApiScope) -> Program:
        return Program(app.test_client(), make_token(app, *scopes))

    return make


@dataclass
class Site:
    campaign: Campaign
    signer: Signature
    """Who agreed to news of new actions, and is in the network."""
    member: NetworkMember


@pytest.fixture
def site(session: Session) -> Site:
    campaign = make_campaign(session, slug="ua-58-20")
    day = clock.cut_to_day(db.utcnow(), campaign.timezone)
    (signer,) = add_confirmed(
        session,
        campaign,
        1,
        signed_at=day,
        confirmed_at=day,
        consent_network_at=day,
        own_words="My words are for the governor.",
    )
    (member,) = make_members(
        session,
        1,
        email=signer.email,
        email_hmac=signer.email_hmac,
        joined_at=day,
        confirmed_at=day,
    )
    session.commit()
    return Site(campaign, signer, member)


def values_of(site: Site) -> Mapping[str, str]:
    """What stands in addresses, by the names that the documentation has for it."""
    return {
        "slug": site.campaign.slug,
        "petition_id": site.campaign.public_id,
        "campaign_id": site.campaign.public_id,
        "signature_id": site.signer.public_id,
        "person_id": site.member.public_id,
    }
