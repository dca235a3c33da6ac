"""How long a test waits for what must come."""

AT_MOST = 300
"""Seconds before a test says that it did not come. Ends a hang, and demands nothing of a busy machine."""
