"""Where a letter tells of somebody's family by name, or of where they live. Pure.

Such words are held for a look, never refused: a rule of this kind cannot know what is public.
"""

import re
from collections.abc import Iterator

_KIN = {
    "en": (
        r"(?:her|his|their)\s(?:[\w-]+\s){0,2}(?:daughters?|sons?|child|children|baby|mother"
        r"|father|sisters?|brothers?|wife|husband|partner|nephew|niece|cousin)"
    ),
    "fr": (
        r"(?:sa|son|ses|leurs?)\s(?:[\w-]+\s){0,2}(?:filles?|fils|enfants?|bébé|mère|père"
        r"|sœurs?|soeurs?|frères?|femme|épouse|mari|compagn(?:e|on)|neveu|nièce|cousine?)"
    ),
    "es": (
        r"sus?\s(?:[\w-]+\s){0,2}(?:hij[oa]s?|niñ[oa]s?|bebé|madre|padre|herman[oa]s?|espos[oa]"
        r"|marido|mujer|compañer[oa]|sobrin[oa]s?|prim[oa]s?)"
    ),
}
_NAMED = (
    r"(?:,\s|\s(?:called\s|named\s|llamad[oa]\s|nommée?\s|appelée?\s)?)"
    r"[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]\w*"
)
_HOMES = (
    (
        r"\b(?:lives?|living|stays|staying|hides|hiding)\s(?:at|on)\s"
        r"(?:no\.?\s)?(?:\d|[A-ZÀ-Þ])[\w’'-]*"
    ),
    r"\bhome\saddress\b",
    (
        r"\b(?:habite|habitent|loge|logent|se\scache|se\scachent)\s"
        r"(?:au\s\d+|\d+|(?:dans\sla\s)?rue|(?:dans\sl[’'])?avenue|chez)\b"
    ),
    r"\badresse\s(?:personnelle|privée)\b",
    r"\b(?:viven?|se\sesconden?)\sen\s(?:la\s)?(?:calle|avenida|colonia|casa)\b",
    r"\bdomicilio\s(?:particular|personal)\b",
    r"(?:يسكن|تسكن|يعيش|تعيش|يختبئ|تختبئ|يقيم|تقيم)\sفي\s(?:شارع|حي|منزل|بيت|شقة)",
    r"عنوان\s(?:بيته|بيتها|منزله|منزلها)",
)
_KINSHIP = "|".join(rf"(?i:\b{words}){_NAMED}" for words in _KIN.values())
_PRIVATE = re.compile("|".join([_KINSHIP, *(rf"(?:{home})" for home in _HOMES)]))


def private_places(text: str) -> Iterator[tuple[int, int]]:
    """Yield where in `text` such a detail begins and ends."""
    for match in _PRIVATE.finditer(text):
        yield match.span()
