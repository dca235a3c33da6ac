"""Microsoft's own client library against the tenant: the forms of addresses and bodies it sends."""

import asyncio

import httpx
import pytest
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.message import Message
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.users.item.send_mail.send_mail_post_request_body import SendMailPostRequestBody
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from config.sharepoint import ARCHIVE_LIBRARY
from tests.sandbox.conftest import KARI, Graph


class GivenToken(AccessTokenProvider):
    """Says the token it was given, to every host."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def get_authorization_token(
        self,
        uri: str,  # noqa: ARG002 - the library's signature
        additional_authentication_context: dict[str, object] | None = None,  # noqa: ARG002 - the same
    ) -> str:
        return self._token

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator([])


async def use(graph: Graph) -> list[object]:
    drive_id = graph.drive(ARCHIVE_LIBRARY).rpartition("/")[2]
    token = graph.client.headers["Authorization"].removeprefix("Bearer ")
    # The library wraps the transport and forgets to close it.
    async with httpx.AsyncHTTPTransport() as transport:
        http = httpx.AsyncClient(base_url=f"{graph.url}/v1.0", transport=transport)
        with_middleware = GraphClientFactory.create_with_default_middleware(client=http)
        adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(GivenToken(token)), client=with_middleware)
        adapter.base_url = f"{graph.url}/v1.0"
        client = GraphServiceClient(request_adapter=adapter)
        recipient = Recipient(email_address=EmailAddress(address=KARI.mail))
        body = SendMailPostRequestBody(
            message=Message(subject="Hei", to_recipients=[recipient]), save_to_sent_items=True
        )
        await client.users.by_user_id(graph.tenant.sender).send_mail.post(body)
        list_builder = client.sites.by_site_id(graph.tenant.site_id).lists.by_list_id("Soknader")
        items = await list_builder.items.delta.get()
        drive = client.drives.by_drive_id(drive_id).items
        written = await drive.by_drive_item_id("root:/x æ.txt:").content.put(b"innhold")
        read = await drive.by_drive_item_id("root:/x æ.txt:").get()
        users = await client.users.delta.get()
        assert items is not None
        assert written is not None
        assert read is not None
        assert users is not None
        return [len(items.value or []), written.size, read.name, len(users.value or [])]


# The library warns of its own classes whenever it is imported.
@pytest.mark.filterwarnings("ignore:.* deprecated.*:DeprecationWarning")
def test_the_sdk_understands_the_tenant_and_is_understood(graph: Graph) -> None:
    graph.tenant.add_list_item("Soknader", {"DagerPerUke": 1}, KARI)
    assert asyncio.run(use(graph)) == [1, 7, "x æ.txt", 3]
    assert graph.tenant.sent_messages()[0].subject == "Hei"
