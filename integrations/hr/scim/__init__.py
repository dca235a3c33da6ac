"""SCIM 2.0 (RFC 7643 and 7644): users with the enterprise extension, from any system that speaks it.

`client` asks, `walk` proves that everyone came, `records` reads rows, `source` puts the picture together.
"""
