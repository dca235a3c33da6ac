"""Deployments of prefect.yaml that reports and alerts refer to by name: what repairs what."""

from collections.abc import Mapping, Sequence

NIGHT = "nattkjoring"
STAFF = "ansatte"
REVIEW_HOLD = "Avgjør stanset kjøring"
REPLAY = "Spill av avvik på nytt"
SEND_AGAIN = "Send på nytt"
REPORTS = "Lag rapporter"
OF_STEPS: Mapping[str, Sequence[str]] = {
    "Ansatte": (STAFF, REPLAY),
    "Nye saker": ("nye-saker", REPLAY),
    "Dokumentasjon": ("dokumentasjon", REPLAY),
    "Arkivering": ("arkivering", SEND_AGAIN),
    "Evalueringer": ("evalueringer", REPLAY),
    "Evaluering av ordningen": (REPORTS,),
    "Utløp": ("utlop", REPLAY),
    "Sletting": ("slett-gamle-saker",),
    "E-post i retur": (NIGHT,),
    "Utkast": (NIGHT,),
    "E-post": (NIGHT, SEND_AGAIN),
}
"""By the step's title: run it again, or go on to the form for what stopped it. A held sync has a part of its own."""
