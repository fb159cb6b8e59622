"""Personal data out: asked for with a reason, made by a job, watermarked, gone after a day.

`requests` asks, lists, decides and hands out, `export_job` makes a file. `export_rules` says who
may have one; `records` are its rows, `write_file` its bytes. `people_in_file` keeps
who is in it, so that it is not given out once somebody must not be in it any more.
"""
