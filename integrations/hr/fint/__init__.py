"""FINT (Novari): the HR system behind the counties' common API.

`client` asks, `walk` proves that everything came, `records` reads rows, `source` puts the picture together.
"""
