"""Why a delivery failed, in a sentence for whoever reads the night's report, with the service's own code behind it."""

from collections.abc import Mapping
from http import HTTPStatus

from config.errors import ExpectedError
from integrations.graph.archive import NotReadBackError
from integrations.graph.errors import GraphError

BY_STATUS: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "Microsoft 365 godtar ikke det vi ba om; se om biblioteket har kolonnene det skal ha.",
    HTTPStatus.FORBIDDEN: "Programmet har ikke tilgang; gi det rettigheter på SharePoint-området.",
    HTTPStatus.NOT_FOUND: "Filen eller mappen finnes ikke; det prøves på nytt neste gang.",
    HTTPStatus.CONFLICT: "Noe annet har navnet allerede; det prøves på nytt neste gang.",
    HTTPStatus.GONE: "Filen eller mappen finnes ikke lenger; det prøves på nytt neste gang.",
    HTTPStatus.PRECONDITION_FAILED: "Noen endret filen samtidig; det prøves på nytt neste gang.",
    HTTPStatus.LOCKED: "Filen eller mappen er låst, kanskje fordi noen har den åpen; det prøves på nytt neste gang.",
    HTTPStatus.TOO_MANY_REQUESTS: "Microsoft 365 ba oss vente; det prøves på nytt neste gang.",
    HTTPStatus.INSUFFICIENT_STORAGE: "SharePoint-området er fullt. Utvid lagringsplassen; så prøves det på nytt.",
}
IN_THE_SERVICE = "Microsoft 365 hadde en feil; det prøves på nytt neste gang."
NOT_READ_BACK = "Arkivet viser ikke det som ble lagt der; det kontrolleres på nytt neste gang."


def reason_of(error: ExpectedError) -> str:
    """The sentence; what is no answer of Graph's says itself what a person should do."""
    if isinstance(error, NotReadBackError):
        return f"{NOT_READ_BACK} ({error})"
    if not isinstance(error, GraphError):
        return str(error)
    in_service = IN_THE_SERVICE if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else ""
    sentence = BY_STATUS.get(error.status, in_service)
    return f"{sentence} ({error})" if sentence else str(error)
