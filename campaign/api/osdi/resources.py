"""Petitions, advocacy campaigns, signatures and people as OSDI has them."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from campaign.api.action_json import Json
from campaign.api.osdi.people import Person
from campaign.campaigns.content.address_and_salutation import (
    goes_by_post,
    list_addressed,
    name_and_office,
)
from campaign.campaigns.lifecycle import takes_signatures
from campaign.campaigns.public_counts import in_steps
from campaign.core import db, i18n
from campaign.core.i18n import force_locale
from campaign.core.settings import current_settings
from campaign.exports.consent_list import name_outside
from campaign.models.campaign import Campaign, Edition, Target
from campaign.models.network import NetworkMember
from campaign.models.signature import Signature
from campaign.network.pages import consent_wording
from campaign.public.share_links import whole_url
from campaign.signing.consents import consents_in_words
from campaign.web.markup import markdown

NAMESPACE = "campaign"


def describe_petition(campaign: Campaign, edition: Edition, signatures: int) -> Json:
    address = whole_url("osdi.show_petition", action_id=campaign.public_id)
    links = {"self": {"href": address}, "osdi:signatures": {"href": f"{address}/signatures"}}
    if takes_signatures(campaign.status, campaign.act_by, db.utcnow()):
        links["osdi:record_signature_helper"] = {"href": f"{address}/signatures"}
    return _describe_campaign(campaign, edition) | {
        "petition_text": "\n".join(edition.asks or ()),
        "total_signatures": in_steps(signatures),
        "target": [{"name": _name(target, campaign)} for target in list_addressed(campaign)],
        "_links": links,
    }


def describe_advocacy_campaign(campaign: Campaign, edition: Edition, signatures: int) -> Json:
    """Describe it with who wrote as a count: a letter is read by whom it is addressed to."""
    targets = list_addressed(campaign)
    address = whole_url("osdi.show_advocacy_campaign", action_id=campaign.public_id)
    return _describe_campaign(campaign, edition) | {
        "type": "postal mail" if goes_by_post(campaign) else "in-person",
        "total_outreaches": in_steps(signatures),
        "targets": "; ".join(_name(target, campaign) for target in targets),
        "target_list": [
            {
                "title": i18n.words_in(target.official.office, campaign.default_locale),
                "given_name": target.official.given_name,
                "family_name": target.official.family_name,
                "organization": i18n.words_in(target.mission.name, campaign.default_locale)
                if target.mission
                else "",
            }
            for target in targets
        ],
        "_links": {
            "self": {"href": address},
            "osdi:petition": {
                "href": whole_url("osdi.show_petition", action_id=campaign.public_id)
            },
        },
    }


def _describe_campaign(campaign: Campaign, edition: Edition) -> Json:
    return {
        **_head(campaign.public_id, campaign.opened_at or campaign.created_at, campaign.changed_at),
        "name": campaign.reference,
        "title": edition.title,
        "summary": edition.summary,
        "description": _render(edition.background, edition.locale),
        "browser_url": whole_url("public.case", lang=edition.locale, slug=campaign.slug),
        f"{NAMESPACE}:status": campaign.status.value,
        f"{NAMESPACE}:kind": campaign.format.value,
    }


@lru_cache(maxsize=512)
def _render(text: str, lang: str) -> str:
    """Render Markdown of what is public: a page has 25 such texts, and is asked for often."""
    with force_locale(lang):
        return str(markdown(text)) if text else ""


def _name(target: Target, campaign: Campaign) -> str:
    return name_and_office(target.official, campaign.default_locale)


SIGNATURE_COLUMNS = (
    Signature.public_id,
    Signature.signed_at,
    Signature.confirmed_at,
    Signature.consent_updates_at,
    Signature.consent_network_at,
    Signature.id,
)
"""All that is read of a signature: nothing that is sealed."""


def describe_signature(row: Any, petition_id: str) -> Json:
    address = whole_url("osdi.show_petition", action_id=petition_id)
    links = {
        "self": {"href": f"{address}/signatures/{row.public_id}"},
        "osdi:petition": {"href": address},
    }
    if row.consent_updates_at or row.consent_network_at:
        links["osdi:person"] = {"href": whole_url("osdi.show_person", person_id=row.public_id)}
    return {
        **_head(row.public_id, row.signed_at, row.confirmed_at),
        "action_date": _day(row.signed_at),
        "_links": links,
    }


def describe_person(person: Person) -> Json:
    source, names = person.source, person.names
    is_member = isinstance(source, NetworkMember)
    address = whole_url("osdi.show_person", person_id=source.public_id)
    status = "bouncing" if person.bounces else "subscribed"
    place = {name: names.get(name, "") for name in ("locality", "region", "postal_code", "country")}
    return {
        **_head(
            source.public_id,
            source.joined_at if isinstance(source, NetworkMember) else source.signed_at,
            source.confirmed_at,
        ),
        "given_name": names.get("given_name", ""),
        "family_name": names.get("family_name", ""),
        "languages_spoken": [source.locale],
        "email_addresses": [{"primary": True, "address": source.email, "status": status}],
        "postal_addresses": [
            {"primary": True, "address_lines": [], **place, "language": source.locale}
        ]
        if names
        else [],
        "custom_fields": {"news_of": "all actions" if is_member else "this action"},
        "_links": {"self": {"href": address}, "osdi:taggings": {"href": f"{address}/taggings"}},
    }


def describe_entry_point() -> Json:
    site = current_settings()

    def link(endpoint: str, title: str) -> Json:
        return {"href": whole_url(endpoint), "title": title}

    return {
        "motd": f"{site.organisation_name}: urgent actions",
        "vendor_name": site.organisation_name,
        "product_name": "Urgent action letters",
        "osdi_version": "1.2",
        "namespace": NAMESPACE,
        "max_pagesize": 25,
        f"{NAMESPACE}:consents": {lang: _list_consents(lang) for lang in i18n.languages()},
        "_links": {
            "self": link("osdi.index", "This entry point"),
            "osdi:petitions": link("osdi.list_petitions", "Actions that people sign"),
            "osdi:advocacy_campaigns": link("osdi.list_advocacy_campaigns", "Actions as letters"),
            "osdi:people": link("osdi.list_people", "Members of the urgent action network"),
            "osdi:tags": link("osdi.list_tags", "Tags: always empty"),
            "osdi:person_signup_helper": link("osdi.add_person", "For forms on other sites"),
            "docs": link("api.show_docs", "Documentation"),
        },
    }


def _list_consents(lang: str) -> dict[str, str]:
    """List the sentences that forms elsewhere show, as ours do: they are what is recorded."""
    with force_locale(lang):
        letter, card = consents_in_words(), consents_in_words(cards=True)
        return {
            "letter": letter.delivery,
            "card": card.delivery,
            "network": letter.recorded["network"],
            "network_only": consent_wording(),
        }


def _head(public_id: str, created_at: datetime, modified_at: datetime | None) -> Json:
    return {
        "identifiers": [name_outside(public_id)],
        "origin_system": current_settings().organisation_name,
        "created_date": _day(created_at),
        "modified_date": _day(modified_at or created_at),
    }


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
