"""Processes with limits that lay out letters chunk by chunk, and join them to one PDF.

`run` goes through the chunks, `work` is what the processes (`core.isolation`) can do; `render_job`
and `cards_job` lay out whole letters and cards; `segments`, `fast_text` and `assemble_pages` lay
out once what many letters share.
"""
