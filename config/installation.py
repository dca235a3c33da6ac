"""What is one municipality's own in Prefect, where several share a server. Alone on a server, names are plain."""

from config.settings import Settings

POOL = "hjemmekontor"
TAG = "hjemmekontor"
"""Of every deployment but the one that alerts: an alert is about runs with it, and so never about an alert."""
RESOURCE = "hjemmekontor"
"""Every event of ours is about `hjemmekontor.<what>`."""


def named(name: str, settings: Settings) -> str:
    """A name that people read: a deployment's, a tag's, an alert's."""
    return name if settings.installation is None else f"{name} ({settings.installation})"


def keyed(key: str, settings: Settings) -> str:
    """A key of small letters, digits and dashes: an artifact's, a block's, a pool's."""
    return key if settings.installation is None else f"{key}-{settings.installation}"


def resource(what: str, settings: Settings) -> str:
    """What an event is about. A name has no dot in it, so `hjemmekontor.*` is nobody else's."""
    return f"{keyed(RESOURCE, settings)}.{what}"
