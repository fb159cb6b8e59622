"""Addresses of people: one canonical form of an e-mail address, so that aliases are one person.

Pure.
"""

import idna

from campaign.core.text.fold import normal_form

_GMAIL = {"gmail.com", "googlemail.com"}
_LONGEST_DOMAIN = 253


def canonical_email(address: str) -> str:
    """Return the form in which two spellings of one mailbox are equal.

    Lower case; the domain in its ASCII form; what follows a `+` dropped; for Gmail also dots, and
    googlemail.com is gmail.com. Only for comparing: mails go to what was typed.
    """
    local, _, domain = address.strip().rpartition("@")
    local = normal_form("NFKC", local).casefold().partition("+")[0] or local.casefold()
    domain = _ascii_domain(domain.rstrip(".").casefold())
    if domain in _GMAIL:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def spelling(address: str) -> str:
    """Return the spelling of an address: those of one spelling surely are one mailbox.

    The canonical form goes further (it drops what follows a `+`), which is right for counting
    people, and too trusting for opening somebody's letters: not every mail server takes `ana+x`
    for `ana`. Gmail does, and says so.
    """
    canonical = canonical_email(address)
    if canonical.endswith("@gmail.com"):
        return canonical
    return f"{address.strip().rpartition('@')[0].casefold()}@{canonical.rpartition('@')[2]}"


def _ascii_domain(domain: str) -> str:
    if domain.isascii() or len(domain) > _LONGEST_DOMAIN:
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return domain
