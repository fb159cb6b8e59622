"""While tests are gathered the collector of garbage rests; `conftest.py` lets it go on."""

import gc

gc.disable()
