"""Work on what strangers wrote or sent, in processes of its own: limits, no keys, no network.

`worker` is our end of such a process, with some kept ready, and `worker_process` the other, which
forks a child for each order. `confine` is what a child gives up before it begins. There are two
kinds of processes: the press lays letters out (`printing/engine/work.py`), and `run_apart` has the
readers of files read one (`campaign/file_readers.py`).
"""
