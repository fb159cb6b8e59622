"""What may be done, as the pages ask before they offer it."""

import pytest

from campaign.core.errors import DomainError, Gone, NotFound, Refused, is_allowed


def refuse(problem: DomainError | None) -> None:
    if problem:
        raise problem


def test_what_is_refused_as_expected_is_not_allowed() -> None:
    assert is_allowed(refuse, None, expected=Refused)
    assert not is_allowed(refuse, Refused("closed"), expected=Refused)
    assert not is_allowed(refuse, Gone("over"), expected=(Refused, Gone))


def test_no_button_hides_because_of_a_mistake() -> None:
    with pytest.raises(NotFound):
        is_allowed(refuse, NotFound("campaign"), expected=(Refused, Gone))
