"""The rule for a stop says in a query what it says of a campaign."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import stop_rule
from campaign.models.campaign import Campaign, CampaignStatus
from tests.factories import make_campaign


def test_each_rule_and_its_twin_agree(session: Session) -> None:
    made = make_campaign(session)
    rules = {
        stop_rule.may_go_out: stop_rule.may_go_out_sql(),
        stop_rule.is_stopped: stop_rule.is_stopped_sql(),
        stop_rule.gives_letters: stop_rule.gives_letters_sql(),
        stop_rule.has_ended: stop_rule.has_ended_sql(),
    }
    for status in CampaignStatus:
        made.status = status
        session.flush()
        row = session.execute(select(*rules.values()).where(Campaign.id == made.id)).one()
        assert [bool(one) for one in row] == [rule(status) for rule in rules], status
