"""Nothing but campaign/campaigns/stop_rule.py asks whether a campaign is stopped."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import campaign
from campaign.campaigns import lifecycle, stop_rule
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign, CampaignStatus

_ROOT = Path(campaign.__file__).parent
_WHO_MAY = {
    "campaigns/stop_rule.py": "the rule",
    "models/campaign.py": "the states' own names, and which of them are the end",
    "campaigns/lifecycle.py": "which states follow each other, and which are public",
    "campaigns/status_changes.py": "it stops campaigns",
    "models/bundle.py": "an outcome of a delivery has that name too",
}
_PUBLIC = {"OPEN", "CLOSED"}
"""Asked for together, and no other with them, they say: not stopped."""


def _state_of(node: ast.AST) -> str:
    """The name of a campaign's state where the node is one; STOPPED also for its value."""
    if isinstance(node, ast.Constant) and node.value == "stopped":
        return "STOPPED"
    if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("CampaignStatus"):
        return node.attr
    return ""


def _asked(source: str) -> Iterator[int]:
    """Line of each question about a stop: a comparison, a set of states, a name for the state.

    Keys of a table of words ask nothing, and so does the slug of an error.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            states = {_state_of(operand) for operand in (node.left, *node.comparators)}
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            states = {_state_of(member) for member in node.elts}
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.keyword) and node.value:
            states = {_state_of(node.value)}
        elif isinstance(node, ast.Call):
            given = {
                _state_of(argument)
                for argument in node.args
                if not isinstance(argument, ast.Constant)
            }
            states = given & {"STOPPED"}
        else:
            continue
        if "STOPPED" in states or states == _PUBLIC:
            yield node.lineno


def test_the_rule_alone_asks_for_a_stop() -> None:
    places = [
        f"{name}:{line}"
        for path in sorted(_ROOT.rglob("*.py"))
        if (name := str(path.relative_to(_ROOT))) not in _WHO_MAY
        and not name.startswith("migrations/")
        for line in _asked(path.read_text("utf-8"))
    ]
    assert all(list(_asked((_ROOT / name).read_text("utf-8"))) for name in _WHO_MAY)
    assert not places, "Ask campaigns/stop_rule.py instead: " + ", ".join(places)


@pytest.mark.parametrize(
    "planted",
    [
        "stopped = bundle.campaign.status is CampaignStatus.STOPPED",
        "if campaign.status != models.CampaignStatus.STOPPED: pass",
        "query.where(Campaign.status == CampaignStatus.STOPPED)",
        "query.where(Campaign.status.not_in({*HIDDEN, CampaignStatus.STOPPED}))",
        "over = status in (CampaignStatus.CLOSED, CampaignStatus.STOPPED)",
        "runs = status in {CampaignStatus.OPEN, CampaignStatus.CLOSED}",
        "_STOPPED = CampaignStatus.STOPPED",
        'held = row.status == "stopped"',
        '_OVER = ("closed", "stopped")',
        "query.filter_by(status=CampaignStatus.STOPPED)",
        "operator.eq(status, CampaignStatus.STOPPED)",
    ],
)
def test_each_other_way_is_found(planted: str) -> None:
    assert list(_asked(planted))


@pytest.mark.parametrize(
    "allowed",
    [
        "may_go_out(campaign.status)",
        'words = {CampaignStatus.STOPPED: "Stopped"}',
        'raise Refused("stopped")',
        "outcome is DeliveryOutcome.STOPPED",
        "status is CampaignStatus.OPEN",
        "status in lifecycle.PUBLIC",
    ],
)
def test_what_asks_nothing_is_let_be(allowed: str) -> None:
    assert not list(_asked(allowed))


@pytest.mark.parametrize("status", list(CampaignStatus))
def test_a_stop_alone_holds_everything_back(status: CampaignStatus) -> None:
    stopped = status.value == "stopped"
    asked = Campaign(slug="amara", status=status)
    assert stop_rule.is_stopped(status) is stopped
    assert stop_rule.may_go_out(status) is not stopped
    assert stop_rule.has_ended(status) is (status.value in {"closed", "stopped"})
    assert stop_rule.gives_letters(status) is (status.value in {"open", "closed"})
    if stopped:
        with pytest.raises(Refused, match="stopped") as refused:
            stop_rule.refuse_stopped(asked)
        assert refused.value.data == {"campaign": "amara"}
    else:
        stop_rule.refuse_stopped(asked)


@pytest.mark.parametrize("tells_of_stop", [True, False])
@pytest.mark.parametrize("status", list(CampaignStatus))
def test_the_outbox_holds_back_rehearsals_and_what_a_stop_forbids(
    status: CampaignStatus, tells_of_stop: bool
) -> None:
    why = lifecycle.why_not_mailed(status, tells_of_stop=tells_of_stop)
    if status.value in {"draft", "review", "scheduled"}:
        assert why == "campaign not open"
    elif status.value == "stopped" and not tells_of_stop:
        assert why == "campaign stopped"
    else:
        assert why == ""
