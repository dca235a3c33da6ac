"""HR's forms as this municipality's policy has them: with its own questions, scores and packages in Prefect's page."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentUpdate

from agreements.policy import Policy
from flows.forms import Job


def put_in_questions(deployments: Iterable[dict[str, Any]], policy: Policy) -> None:
    """Update those of these deployments, as prefect.yaml declares them, whose form asks what the policy asks.

    Prefect makes a form when it is deployed, from the flow alone, which knows no policy.
    """
    with get_client(sync_client=True) as client:
        for declared in deployments:
            flow, job = _named(declared["entrypoint"])
            if job is not None and job.asks is not None:
                deployed = client.read_deployment_by_name(f"{flow.name}/{declared['name']}")
                shown = DeploymentUpdate(parameter_openapi_schema=shown_form(flow, job, policy))
                client.update_deployment(deployed.id, shown)


def shown_form(flow: Any, job: Job, policy: Policy) -> dict[str, Any]:  # noqa: ANN401 - a flow of whatever kind
    """The parameters as Prefect's page shows them: those of the flow, with the form as it is under the policy."""
    schema: dict[str, Any] = flow.parameters.model_dump()
    form = job.model_under(policy).model_json_schema(ref_template="#/definitions/{model}")
    schema["definitions"] = {**form.pop("$defs", {}), job.model.__name__: form}
    return schema


def _named(entrypoint: str) -> tuple[Any, Job | None]:
    path, _, name = entrypoint.partition(":")
    module = import_module(path.removesuffix(".py").replace("/", "."))
    return getattr(module, name), getattr(module, "JOB", None)
