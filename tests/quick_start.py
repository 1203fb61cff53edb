"""Loaded by pytest before anything else, for a quick start.

nbformat checks notebooks with jsonschema, which on import looks for a checker of internationalised
web addresses. That one builds its grammar as it loads, for seconds, in every process of the tests,
and no schema of a notebook asks for it. It is optional, and None says that it is not to be had.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
