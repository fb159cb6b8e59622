"""Processes with limits that lay out letters chunk by chunk, and join them to one PDF.

`run` goes through the chunks, `worker` is our end of a process and `worker_process` the other,
`worker_pool` keeps some ready; `render_job` and `cards_job` lay out whole letters and cards;
`segments`, `fast_text` and `assemble_pages` lay out once what many letters share.
"""
