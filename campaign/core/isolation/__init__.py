"""Work on what strangers wrote or sent, in processes of its own: limits, no keys, no network.

`worker` is our end of such a process, `worker_process` the other end, and `orders` what both know.
`confine` is what a child gives up before it begins. Two kinds of processes use them: the one that
lays out letters (`printing/engine/work.py`) and the one that reads files (`run_apart`, `readers`).
"""
