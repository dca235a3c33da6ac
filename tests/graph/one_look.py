"""A child process that looks at the site once with the settings in its environment, then at each address it is given.

A process of its own, since whom it trusts is read from SSL_CERT_FILE once.
"""

import asyncio
import gc
import sys

from config.errors import ExpectedError
from config.settings import load_settings
from integrations.graph.client import open_graph
from integrations.graph.patience import Patience
from integrations.graph.throttling import Budget, OwnLedger
from tasks.quiet import quiet_logs
from tests.graph.hours import START, Hours


async def look() -> None:
    """Twice at most, by a clock that nobody waits for."""
    hours = Hours()
    async with open_graph(load_settings(), Patience(tries=2), Budget({}, OwnLedger(hours.clock))) as graph:
        await graph.get(f"{graph.site}?$select=id", "GET site")
        for address in sys.argv[1:]:
            await graph.handed_out("GET", address, "GET download")
    if hours.slept:
        print("waited", round((hours.now - START).total_seconds()))  # noqa: T201 - what the parent reads


if __name__ == "__main__":
    quiet_logs()
    try:
        asyncio.run(look())
    except ExpectedError as error:
        print(error)  # noqa: T201 - what the parent reads
    gc.collect()
