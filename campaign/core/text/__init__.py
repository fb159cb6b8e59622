"""Texts compared, folded, searched and named.

`fold` is the one way to compare names and words, `phrases` finds words that are ruled out,
`search_words` the words of the directory's search, `desk_texts` tidies what organizers type.
"""
