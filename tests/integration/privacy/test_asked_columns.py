"""Each column that the signing form asks for, from the form to the erasure."""

from typing import Any

from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.core import db
from campaign.core.db.personal_columns import empty_values
from campaign.exports import records
from campaign.models.export import ExportKind
from campaign.models.signature import ASKED, WORDS, Signature
from campaign.privacy.subject_access import gather_data
from campaign.signing.campaign_terms import plan_of
from campaign.signing.sign import columns_of
from campaign.signing.states import empty_signature
from campaign.signing.validate import check_form
from campaign.tracking import change_or_withdraw
from campaign.tracking.letter_links import Mailbox
from tests.factories import add_confirmed, make_campaign
from tests.integration.signing.conftest import FORM

OTHER = {
    "given_name": "Anaïs",
    "family_name": "Roy",
    "locality": "Lyon",
    "region": "Rhône",
    "postal_code": "69001",
    "country": "FR",
    "full_text": "Please have Amara Okafor protected. I ask it of you.",
    "points": ["recognise"],
    "disclosure": "full",
}
"""What the letter is changed to; own words give way to the whole text."""
EMPTY = empty_values(Signature, counted=True)


def values_of(signature: Signature) -> dict[str, Any]:
    return {name: getattr(signature, name) for name in ASKED}


def test_all_that_is_asked_is_carried_signed_given_exported_changed_and_erased(
    client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session, full_text_edit=True)
    offer = plan_of(campaign).offer("en")
    form, problems = check_form(FORM, FORM["points"], offer, limit=500)  # type: ignore[arg-type]
    assert form is not None, problems
    [signature] = add_confirmed(session, campaign, 1, **columns_of(form))
    session.commit()

    lines = [name for name in ASKED if name not in WORDS]
    write, you = (
        client.post(f"/en/actions/{campaign.slug}/{step}", data=FORM).text
        for step in ("write", "you")
    )
    assert [n for n in lines if f'name="{n}" value="{escape(FORM[n])}"' not in write] == []
    assert [n for n in lines if f'name="{n}"' not in you] == []

    signed = values_of(signature)
    assert [name for name in ASKED if signed[name] == EMPTY[name]] == ["full_text"]
    now = db.utcnow()
    mailbox = Mailbox(signature.email, signature.email_hmac, now)
    [given] = gather_data(session, mailbox, now).data["letters"]
    assert {name: given[name] for name in ASKED} == signed
    source = records.Source(ExportKind.FULL, campaign.id, None, "UTC")
    [record] = records.iter_records(source, lambda: None)
    exported = dict(zip(source.columns, record, strict=True))
    assert {name: exported[name] for name in lines} == {name: str(signed[name]) for name in lines}
    assert exported["words"] == signed["own_words"]

    changed = change_or_withdraw.judge_change(session, signature, MultiDict(OTHER))
    assert changed.result.form is not None, changed.sent.problems
    change_or_withdraw.change_letter(session, signature, changed.result.form)
    session.commit()
    after = values_of(signature)
    assert [name for name in ASKED if after[name] == signed[name]] == ["email"]

    empty_signature(signature)
    assert values_of(signature) == {name: EMPTY[name] for name in ASKED}
