"""Domains of mailboxes that are often mistyped: then the link that confirms a letter is lost.

Pure. It only asks; nobody is refused for living at a domain that looks like another.
"""

_COMMON = (
    "gmail.com",
    "hotmail.com",
    "outlook.com",
    "yahoo.com",
    "icloud.com",
    "proton.me",
    "protonmail.com",
    "googlemail.com",
    "yahoo.ca",
    "yahoo.fr",
    "orange.fr",
    "videotron.ca",
)
"""Large providers; a list of our own, to be lengthened where supporters mistype others."""
_REAL = frozenset({"mail.com", "email.com", "gmx.com", "ymail.com", "hotmail.ca", "hotmail.fr"})
"""Providers one slip away from another one."""


def suggest_address(address: str) -> str:
    """Return the address that was probably meant; "" where the one given looks right.

    One slip is looked for: a character left out, doubled, changed, or two swapped.
    """
    local, at, domain = address.rpartition("@")
    typed = domain.casefold()
    if not at or typed in _COMMON or typed in _REAL:
        return ""
    near = next((provider for provider in _COMMON if _one_slip(typed, provider)), "")
    return f"{local}@{near}" if near else ""


def _one_slip(typed: str, right: str) -> bool:
    """Whether `typed` comes of `right` by one slip of the fingers."""
    if abs(len(typed) - len(right)) > 1:
        return False
    if len(typed) == len(right):
        at = [n for n, (one, other) in enumerate(zip(typed, right, strict=True)) if one != other]
        if len(at) == 1:
            return True
        swapped = len(at) == 2 and at[1] == at[0] + 1
        return swapped and typed[at[0]] == right[at[1]] and typed[at[1]] == right[at[0]]
    longer, shorter = (typed, right) if len(typed) > len(right) else (right, typed)
    return any(longer[:n] + longer[n + 1 :] == shorter for n in range(len(longer)))
