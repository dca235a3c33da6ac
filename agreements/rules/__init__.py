"""The rules of the life cycle, a file a topic: each is a day it falls due and what it then brings about."""
