"""What processes with limits do: letters laid out chunk by chunk, and PDFs joined.

`work` is their table; `letters_job` lays out whole letters and cards; `segments`, `fast_text` and
`assemble_pages` lay out once what many letters share.
"""
