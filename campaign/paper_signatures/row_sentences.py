"""The sentences for what is wrong with a row, in the language of the page."""

from collections.abc import Callable

from flask_babel import gettext

from campaign.paper_signatures.read_file import Fault
from campaign.signing.clean_text import Problem
from campaign.signing.form.forms import describe_problem

_OWN: dict[str, Callable[[], str]] = {
    "give-name": lambda: gettext("Enter the name. We do not count a row without one."),
    "place-missing": lambda: gettext("Enter the town or the postal code."),
    "news-needs-email": lambda: gettext(
        "News goes by email. Enter the email address, or clear the box."
    ),
    "choose-country": lambda: gettext("Choose the country."),
    "country-unknown": lambda: gettext(
        "We do not recognize this country. Enter its name or its two-letter code."
    ),
    "formula": lambda: gettext(
        "This starts like a spreadsheet formula. Remove the sign at the start."
    ),
}


def say_fault(fault: Fault) -> str:
    if fault.sentence:
        return str(gettext(fault.sentence)) % dict(fault.data)
    return say_problem(Problem(fault.slug, fault.data))


def say_problem(problem: Problem) -> str:
    own = _OWN.get(problem.slug)
    return own() if own else describe_problem(problem)
