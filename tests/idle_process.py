"""A kind of process that does nothing: what is tried with it is how processes come and go."""

from campaign.core.isolation.orders import ProcessKind, WorkTable

KIND = ProcessKind("tests.idle_process")
TABLE = WorkTable(run=lambda _work, _job, _data: {}, load=lambda: None, failed="failed")
