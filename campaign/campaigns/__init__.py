"""Urgent actions: campaigns and their life.

`lifecycle` says which moves a status may make, `stop_rule` what a stop holds back, `status_changes`
makes the moves, by hand and by the calendar, `record_change` records them. What a campaign says is
in `content`, what it still lacks `check_readiness` says.
"""
