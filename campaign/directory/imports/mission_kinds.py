"""The kind of a mission, from a word for its type or from its name, in many languages. Pure."""

from campaign.core.text.fold import fold_name
from campaign.core.text.word_table import read_word_table
from campaign.core.unreadable_file import N_
from campaign.directory.imports.row_problems import UnreadableRow
from campaign.models.directory import MissionKind

_WORDS = read_word_table("""
permanent-mission: permanent|permanente|standige vertretung|standige mission|البعثة الدائمة|
  بعثة دائمة|الوفد الدائم|постоянное представительство|常驻|대표부
consulate: consul|konsul|consolato|assistant high commission|deputy high commission|قنصلي|консуль|
  генконсуль|영사|领事|領事|konsolosluk|الشعبة القنصلية
high-commission: high commission|haut commissariat|alto comisionado|alta comision|hochkommissariat|
  المفوضية العليا|المفوضية السامية|alto comissariado
embassy: embassy|embassies|ambassade|embajada|embaixada|ambasciata|botschaft|ambasada|buyukelcilik|
  buyukelciligi|سفارة|السفارة|посольств|대사관|大使馆|大使館|nunciature|nonciature|nunciatura|nuntiatur|
  nunziatura|السفارة البابوية|delegation|delegacion|delegacao|interests section|section d interets|
  liaison office|representative office|government office|diplomatic mission|mission diplomatique|
  mision diplomatica|chancery|legation
""")
"""Of kinds; de facto embassies do an embassy's work."""
_FOLDED = [(MissionKind(kind), fold_name(word)) for kind, words in _WORDS.items() for word in words]


def find_kind(words: str) -> MissionKind | None:
    """Find the kind that a name or a type tells: by the first of its words, the longest."""
    folded = fold_name(words)
    matches = [(folded.find(word), -len(word), kind) for kind, word in _FOLDED if word in folded]
    return min(matches)[2] if matches else None


def read_kind(words: str, column: str = "type") -> MissionKind:
    """Return the kind that a type such as "consulate general" is; raises UnreadableRow."""
    if kind := find_kind(words):
        return kind
    raise UnreadableRow(
        column,
        N_(
            "We do not know the kind “%(value)s”. Write embassy, high commission, consulate or "
            "permanent mission."
        ),
        value=words,
    )
