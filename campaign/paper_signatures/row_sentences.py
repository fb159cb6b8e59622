"""The sentences for what is wrong with a row, in the language of the page."""

from collections.abc import Callable

from flask_babel import gettext

from campaign.paper_signatures.read_file import Fault
from campaign.signing.clean_text import Problem
from campaign.signing.form.problem_texts import describe_problem

_OWN: dict[str, Callable[[], str]] = {
    "give-name": lambda: gettext("Key in the name. A row without one is not counted."),
    "place-missing": lambda: gettext("Key in the town or the postal code."),
    "news-needs-email": lambda: gettext(
        "Somebody who wants news needs an e-mail address. Key it in, or clear the tick."
    ),
    "choose-country": lambda: gettext("Choose the country."),
    "country-unknown": lambda: gettext(
        "This is no country. Write its name or its code of two letters."
    ),
    "formula": lambda: gettext(
        "This begins as a formula of a spreadsheet does. Take the sign away at its start."
    ),
}


def say_fault(fault: Fault) -> str:
    if fault.sentence:
        return str(gettext(fault.sentence)) % dict(fault.data)
    return say_problem(Problem(fault.slug, fault.data))


def say_problem(problem: Problem) -> str:
    own = _OWN.get(problem.slug)
    return own() if own else describe_problem(problem)
