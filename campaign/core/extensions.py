"""Instances of extensions; imports no feature, so that every feature can import it."""

from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect

babel = Babel()
csrf = CSRFProtect()
