"""No text leaves the desk, for the public, a mail or paper, past the campaign's risk flags."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import proposals
from campaign.campaigns.content import revisions
from campaign.core.answers import ANYTHING
from campaign.core.audit import AuditEntry
from campaign.core.clock import utcnow
from campaign.mail.messages import OutboxMail
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.delivery import GateVisit
from campaign.models.reply import Channel, Reply, ReplyState
from campaign.models.revision import Part, ProposalKind, RiskFlag, RiskKind
from campaign.models.screening import Hold
from campaign.models.signature import SignatureState
from campaign.models.staff import Role
from campaign.replies import replies
from campaign.replies.replies import ReplyFacts
from tests.factories import (
    add_confirmed,
    make_campaign,
    make_staff_user,
    make_target_official,
    post,
    sign_in,
)
from tests.integration.campaigns.test_risks_and_picture import picture
from tests.integration.campaigns.test_side_by_side import fields
from tests.integration.screening.conftest import read_seen
from tests.integration.web.test_routes import _roles, _rules
from tests.ticks import tick

NAME = "Halldora Lysing"
DAY = date(2026, 1, 9)
SENTENCE = f"{NAME} saw it."
HOME = "/desk/campaigns/ua-1-26"
TEXT = {"title": "T", "summary": "S", "asks": "A", "background": "", "outcome": ""}
POINT = {"text": "P", "key": "protect", "required": "y", "position": "1"}
LETTER = {"subject": "S", "opening": "O", "closing": ""} | {
    f"points-0-{name}": value for name, value in POINT.items()
}

_STAFF_ONLY = "staff alone read it: accounts, roles, settings, keys, the audit"
_DIRECTORY = "no entry that a campaign names says anything new; a new target passes `edit_targets`"
_ASKS_ITSELF = "an entry that public campaigns name asks, or stays out: test_flagged_entries"
_ABOUT_US = "is the organization’s text about itself: it belongs to no campaign"
_NO_TEXT = "a choice, a number or a day: no text that anybody outside reads"
_DRAFT = "kept for its writer, or a draft: what goes out passes where it is saved or opened"
_SUPPORTERS = "what supporters wrote on paper, kept and printed as they signed it"
_SEALED = "kept sealed for the desk; what is published of it passes the gate there"
_INVENTED = "a rehearsal: invented people, nobody is mailed, nothing is printed for a mission"
_GONE_BEFORE = "sends or prints again what passed the gate when it was saved"

SAYS_NOTHING: dict[str, str] = {
    endpoint: why
    for why, names in {
        _STAFF_ONLY: """staff.audit_log.download staff.audit_log.search staff.change_password
            staff.passkeys.add staff.passkeys.remove
            staff.prove staff.save_account staff.second_factor.renew_codes
            staff.second_factor.start staff.second_factor.turn_off
            staff.second_factor.turn_on staff.sign_out staff.users.add
            staff.users.change_role staff.users.disable staff.users.enable
            staff.users.make_link staff.users.reset_factor campaigns.add_to_team
            campaigns.hand_over campaigns.remove_from_team handover.hand_over exports.add_key
            exports.approve exports.ask exports.download exports.refuse exports.remake
            exports.remove_key exports.withdraw bundles.approve_files bundles.refuse_files
            bundles.send_request screening.count_now screening.letter_download
            screening.move_invalidation screening.new_invalidation screening.undo
            screening_rules.edit_rules campaigns.edit_risks campaigns.edit_options
            api_tokens.approve api_tokens.create api_tokens.revoke
            crm.add_connection crm.apply_file crm.approve_connection crm.change_key crm.change_list
            crm.check_file crm.compare_file crm.forget_person crm.remove_connection
            crm.try_again crm.upload exports.ask_consents webhooks.change webhooks.create
            webhooks.delete webhooks.send_again webhooks.send_test webhooks.show_secret
            webhooks.turn_off webhooks.try_again webhooks.turn_on""",
        _DIRECTORY: """directory.create directory.create_mission
            directory.delete directory.discard_import
            directory.edit_posts directory.imports directory.leave_office directory.mapping
            directory.new_successor directory.tell_apart""",
        _ASKS_ITSELF: """directory.edit directory.edit_mission directory.apply_import
            directory.undo_import directory.change_many directory.merge
            directory.known_successor campaigns.aimed_at""",
        _ABOUT_US: "about_desk.edit",
        _NO_TEXT: """campaigns.delete campaigns.edit_reach campaigns.extend
            campaigns.take_back_update
            replies.publish.edit_bars replies.publish.take_back deliveries.take_back
            replies.publish.black_out replies.scan_draw""",
        _DRAFT: """campaigns.clone campaigns.continue_as campaigns.create campaigns.drop_draft
            campaigns.drop_new_draft campaigns.keep_draft campaigns.keep_new_draft
            campaigns.preview_text replies.drop_draft replies.drop_new_draft replies.keep_draft
            replies.keep_new_draft""",
        _SUPPORTERS: """paper_signatures.apply_import paper_signatures.attach
        paper_signatures.correct paper_signatures.create paper_signatures.decide
            paper_signatures.delete paper_signatures.detach paper_signatures.edit
            paper_signatures.key_in paper_signatures.scan_download paper_signatures.show_import
            paper_signatures.undo_import paper_signatures.upload""",
        _SEALED: """replies.create replies.delete replies.detach replies.edit
            replies.scan_download deliveries.deliver deliveries.receipt_download
            deliveries.remove deliveries.remove_attempt deliveries.correct deliveries.add_files
            deliveries.settle_held_back""",
        _INVENTED: """bundles_rehearsal.download bundles_rehearsal.make_bundle
        bundles_rehearsal.sign bundles_rehearsal.wipe
            screening_rehearsal.decide signing_rehearsal.check signing_rehearsal.live
            signing_rehearsal.preview_pdf signing_rehearsal.sign signing_rehearsal.write
            signing_rehearsal.you""",
        _GONE_BEFORE: """network_desk.tell bundles.cancel bundles.create bundles.download
            bundles.print_proof bundles.release bundles.remake bundles.take_reprint
            deliveries.again deliveries.envelopes_download deliveries.more deliveries.part
            deliveries.post deliveries.reroute deliveries.reroute_proof deliveries.split
            deliveries.tell_mistake deliveries.undo""",
    }.items()
    for endpoint in names.split()
}
"""POST views of the desk by which no text of staff leaves it unasked, each with the reason."""


class World:
    """An open campaign with a witness, and somebody at the desk."""

    def __init__(self, session: Session, browser: FlaskClient) -> None:
        self.unit, self.browser = session, browser
        self.campaign = make_campaign(session)
        self.campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words=NAME)]
        session.commit()

    def send(self, url: str, data: dict[str, Any]) -> Any:
        """Post a form."""
        return post(self.browser, url, data)

    def add_hold(self) -> str:
        """Public id of a letter that waits for a look."""
        held = add_confirmed(self.unit, self.campaign, 1)[0]
        held.state = SignatureState.HELD
        self.unit.add(Hold(signature_id=held.id, campaign_id=self.campaign.id, reasons=["first"]))
        self.unit.commit()
        return held.public_id

    def add_reply(self) -> Reply:
        """An answer that names the witness, over two lines of it."""
        facts = ReplyFacts(
            received_on=DAY,
            channel=Channel.LETTER,
            locale="en",
            target=None,
            mission=None,
            delivery=None,
            sender="",
            text="We spoke to Halldora\nLysing.",
            notes="",
            translations={},
            titles={"en": "An answer"},
        )
        reply = replies.log_reply(self.unit, self.campaign, facts, actor="staff:1")
        self.unit.commit()
        return reply

    def add_attempt(self) -> str:
        """Public id of a delivery that is not public yet."""
        mission = self.campaign.targets[0].mission
        assert mission is not None
        visit = GateVisit(
            key="k", mission_id=mission.id, happened_on=DAY, delegates="", received_by="", notes=""
        )
        self.unit.add(visit)
        self.unit.flush()
        attempt = DeliveryAttempt(
            campaign=self.campaign,
            mission_id=mission.id,
            visit_id=visit.id,
            happened_on=DAY,
            messages=3,
            outcome=DeliveryOutcome.ACCEPTED,
        )
        self.unit.add(attempt)
        self.unit.commit()
        return attempt.public_id


Sent = tuple[str, dict[str, Any]]
Writer = Callable[[World], Sent]


def _change_status(world: World) -> Sent:
    return f"{HOME}/status?to=closed", {"reason_fr": SENTENCE}


def _stop(world: World) -> Sent:
    data = {"kind": "harm", "reason_en": "Danger.", "reason_ar": SENTENCE}
    return f"{HOME}/status?to=stopped", data


def _reason(world: World) -> Sent:
    world.campaign.status = CampaignStatus.STOPPED
    world.campaign.status_reasons = {"en": "Danger."}
    world.unit.commit()
    return f"{HOME}/reason", {"reason_en": SENTENCE}


def _open(world: World) -> Sent:
    world.campaign.status, world.campaign.opened_at = CampaignStatus.DRAFT, None
    world.campaign.editions[0].background = SENTENCE
    world.unit.commit()
    return f"{HOME}/status?to=open", {}


def _schedule(world: World) -> Sent:
    _open(world)
    soon = utcnow() + timedelta(days=1)
    return f"{HOME}/status?to=scheduled", {"open_at": soon.strftime("%Y-%m-%dT%H:%M")}


def _edit_scheduled(world: World) -> Sent:
    world.campaign.status, world.campaign.opened_at = CampaignStatus.SCHEDULED, None
    world.unit.commit()
    return _edition(world)


def _edition(world: World) -> Sent:
    return f"{HOME}/editions/en", TEXT | {"background": SENTENCE}


def _side(world: World) -> Sent:
    url = f"{HOME}/languages/texts"
    return url, fields(world.browser.get(url).text) | {"asks_fr": SENTENCE}


def _template(world: World) -> Sent:
    return f"{HOME}/letters/en", LETTER | {"based_on": "1", "points-0-text": SENTENCE}


def _update(world: World) -> Sent:
    return f"{HOME}/updates", {
        "kind": "outcome",
        "happened_on": "2026-01-09",
        "title_en": "T",
        "body_en": SENTENCE,
    }


def _with_second_person(world: World) -> None:
    settings = world.browser.application.extensions["settings"]
    world.browser.application.extensions["settings"] = settings.model_copy(
        update={"second_person_posts": True}
    )


def _propose_update(world: World) -> Sent:
    _with_second_person(world)
    return _update(world)


def _propose_stop(world: World) -> Sent:
    _with_second_person(world)
    return _stop(world)


def _propose_reason(world: World) -> Sent:
    sent = _reason(world)
    _with_second_person(world)
    return sent


def _approve(world: World) -> Sent:
    """The flag came after the proposal: it is asked about once more."""
    author = make_staff_user(world.unit, Role.ORGANIZER)
    proposal = proposals.propose_reasons(
        world.unit,
        world.campaign,
        kind=ProposalKind.CLOSE,
        by=author,
        reasons={"en": SENTENCE},
        risks_seen=ANYTHING,
    )
    world.unit.commit()
    return f"{HOME}/proposals/{proposal.public_id}", {"decision": "approve"}


def _picture(world: World) -> Sent:
    alts = {"alt_en": "A river.", "alt_fr": SENTENCE, "alt_es": "Un río."}
    return f"{HOME}/picture", alts | {"picture": (io.BytesIO(picture()), "river.jpg")}


def _facts(world: World) -> Sent:
    page = world.browser.get(f"{HOME}/facts").text
    assert 'name="person_name"' in page
    it = world.campaign
    return f"{HOME}/facts", {
        "based_on": "0",
        "reference": it.reference,
        "country": it.country,
        "format": it.format.value,
        "person_name": NAME,
        "timezone": it.timezone,
        "default_locale": it.default_locale,
        "letter_locales": list(it.letter_locales),
        "act_by": it.act_by.isoformat() if it.act_by else "",
    }


def _targets(world: World) -> Sent:
    official = make_target_official(7, name=NAME)
    world.unit.add(official)
    world.unit.commit()
    mission = world.campaign.targets[0].mission
    assert mission is not None
    first = {
        "rows-0-official": world.campaign.targets[0].official.slug,
        "rows-0-kind": "to",
        "rows-0-mission": mission.slug,
        "rows-0-position": "1",
    }
    more = {"official": official.slug, "kind": "copy", "mission": mission.slug, "based_on": "0"}
    return f"{HOME}/targets", first | more


def _restore(world: World) -> Sent:
    words = TEXT | {"asks": ["A"]}
    after = words | {"summary": SENTENCE}
    revisions.keep(world.unit, world.campaign, Part.EDITION, "staff:1", words, after, "en")
    world.unit.commit()
    assert world.send(f"{HOME}/editions/en", TEXT).status_code == 303
    return f"{HOME}/history/edition/en/1", {"seen": "2"}


def _merge(world: World) -> Sent:
    first, mine = TEXT | {"based_on": "0"}, TEXT | {"based_on": "0", "background": SENTENCE}
    assert world.send(f"{HOME}/editions/en", first | {"background": "Hers."}).status_code == 303
    late = world.send(f"{HOME}/editions/en", mine)
    assert late.location == f"{HOME}/merge/edition/en"
    return f"{HOME}/merge/edition/en", {"seen": "1", "choice-0": "mine"}


def _return(world: World) -> Sent:
    url = f"/desk/screening/letters/{world.add_hold()}"
    seen = read_seen(world.browser.get("/desk/screening/").text)[0]  # and a line in the audit
    return url, {"decision": "return", "note": SENTENCE, "seen": seen}


def _return_all(world: World) -> Sent:
    world.add_hold()
    world.add_hold()
    seen = read_seen(world.browser.get("/desk/screening/").text)[1]
    data = {"decision": "return", "note": SENTENCE, "seen": seen}
    return "/desk/screening/all", data


def _reply(world: World) -> Sent:
    url = f"/desk/replies/{world.add_reply().public_id}/publish"
    look = world.browser.get(url).text.partition('name="look" type="hidden" value="')[2]
    return url, {"look": look.partition('"')[0], "checked": "y"}


def _delivery(world: World) -> Sent:
    url = f"/desk/deliveries/attempts/{world.add_attempt()}/publish"
    return url, {"title_en": "Handed over", "body_en": SENTENCE}


def _cover(world: World) -> Sent:
    mission = world.campaign.targets[0].mission
    assert mission is not None
    data = {"subject": "S", "salutation": "Dear", "body": SENTENCE, "close": "Yours"}
    return f"/desk/bundles/missions/{mission.slug}/cover/en", data


WRITERS: dict[str, list[Writer]] = {
    "campaigns.change_status": [_change_status, _stop, _propose_stop, _open, _schedule],
    "campaigns.decide_proposal": [_approve],
    "campaigns.edit_edition": [_edition, _edit_scheduled],
    "campaigns.edit_facts": [_facts],
    "campaigns.edit_picture": [_picture],
    "campaigns.edit_targets": [_targets],
    "campaigns.edit_template": [_template],
    "campaigns.merge": [_merge],
    "campaigns.post_update": [_update, _propose_update],
    "campaigns.reason.edit": [_reason, _propose_reason],
    "campaigns.restore": [_restore],
    "campaigns.side_by_side": [_side],
    "bundles.edit_cover": [_cover],
    "deliveries.publish": [_delivery],
    "replies.publish.publish": [_reply],
    "screening.decide": [_return],
    "screening.decide_all": [_return_all],
}
"""POST views by which a text leaves the desk: each of these is asked about below."""


def test_each_view_of_the_desk_asks_about_risk_flags_or_says_why_it_need_not(app: Flask) -> None:
    """Whoever adds a view puts it into one of the two lists above."""
    views = {
        rule.endpoint
        for rule in _rules(app)
        if "POST" in (rule.methods or ()) and _roles(app, rule.endpoint) is not None
    }
    assert views == WRITERS.keys() | SAYS_NOTHING.keys()
    assert not WRITERS.keys() & SAYS_NOTHING.keys()


@pytest.mark.parametrize("writer", [writer for writers in WRITERS.values() for writer in writers])
def test_a_text_that_names_a_witness_is_asked_about_before_it_leaves_the_desk(
    app: Flask, client: FlaskClient, session: Session, writer: Writer
) -> None:
    sign_in(client, app, Role.ADMIN)
    world = World(session, client)
    url, data = writer(world)
    before = _state(session, world.campaign)
    refused = world.send(url, copy_files(data))
    assert refused.status_code == 422, refused.text
    assert f"<mark>{NAME}</mark>" in refused.text.replace("Halldora\nLysing", NAME)
    assert _state(session, world.campaign) == before
    assert world.send(url, copy_files(data) | tick(refused)).status_code == 303
    assert _state(session, world.campaign) != before


CHANGED: list[Writer] = [
    _edition, _side, _template, _picture, _facts, _return, _reason, _update, _delivery
]  # fmt: skip
"""Ways by which a text of a public case changes."""


@pytest.mark.parametrize("writer", CHANGED)
def test_what_is_blacked_out_in_a_reply_is_asked_about_wherever_it_would_be_read(
    app: Flask, client: FlaskClient, session: Session, writer: Writer
) -> None:
    sign_in(client, app, Role.ADMIN)
    world = World(session, client)
    world.campaign.risk_flags = []
    world.add_reply().text = f"We spoke to [[{NAME}]]."
    session.commit()
    url, data = writer(world)
    refused = world.send(url, copy_files(data))
    assert refused.status_code == 422
    assert "Blacked out in a reply:" in refused.text
    assert f"<mark>{NAME}</mark>" in refused.text
    assert world.send(url, copy_files(data) | tick(refused)).status_code == 303


def test_a_blacked_out_word_that_is_read_already_is_not_asked_about_again(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    world = World(session, client)
    world.campaign.risk_flags = []
    world.add_reply().text = f"We spoke to [[{NAME}]]."
    session.commit()
    url, data = _edition(world)
    assert world.send(url, data | tick(world.send(url, data))).status_code == 303
    again = data | {"background": f"{SENTENCE} So it is.", "based_on": "1"}
    assert world.send(url, again).status_code == 303


def test_words_are_blacked_out_of_a_reply_from_its_preview(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    world = World(session, client)
    reply = world.add_reply()
    url = f"/desk/replies/{reply.public_id}/publish"
    assert "The reply contains words that a risk flag rules out" in client.get(url).text
    words = {"words": "Halldora\nLysing"}
    assert world.send(url.replace("/publish", "/black-out"), words).status_code == 303
    session.rollback()
    session.expire_all()
    assert reply.text == "We spoke to [[Halldora\nLysing]]."
    assert "The reply contains words that a risk flag rules out" not in client.get(url).text
    look = client.get(url).text.partition('name="look" type="hidden" value="')[2].partition('"')[0]
    assert world.send(url, {"look": look, "checked": "y"}).status_code == 303
    session.rollback()
    session.expire_all()
    assert reply.state is ReplyState.PUBLISHED


def copy_files(data: dict[str, Any]) -> dict[str, Any]:
    """A file can be sent once."""
    return {
        name: (io.BytesIO(picture()), value[1]) if isinstance(value, tuple) else value
        for name, value in data.items()
    }


def _state(session: Session, campaign: Campaign) -> tuple[int | None, int]:
    """What a deed leaves behind: its entry in the audit, and its mails."""
    session.rollback()
    session.expire_all()
    last = session.scalar(select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1))
    return last, len(session.scalars(select(OutboxMail.id)).all())
