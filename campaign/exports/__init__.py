"""Personal data out: asked for with a reason, made by a job, watermarked, gone after a day.

`requests` asks, decides and hands out, `export_job` makes a file. `export_rules` says who may
have one; `records` are its rows, `list_words` its heads, `write_file` its bytes.
"""
