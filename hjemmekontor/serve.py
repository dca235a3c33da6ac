"""Prefect's own server, a worker and the deployments, as child processes that end with us."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
import yaml
from rich.console import Console

from config.errors import ExpectedError
from config.installation import POOL, TAG, keyed, named
from config.policy_files import load_policy
from config.settings import Settings

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
SECONDS_TO_START = 120
SECONDS_TO_STOP = 15
SECONDS_TO_PARK = 30
"""As the unit in deploy/ gives what a worker runs."""


class ServerDidNotStartError(ExpectedError):
    """Prefect's server did not answer in time; its log says why."""


@contextmanager
def serving(port: int, settings: Settings, console: Console) -> Iterator[None]:
    """Server up, pool and deployments made, worker at work; everything is stopped at the end of the block.

    Raises:
        PolicyError, ServerDidNotStartError: one line.
    """
    _require_free(port)
    address = f"http://{HOST}:{port}"
    logs = settings.state_dir.absolute() / "log"
    logs.mkdir(parents=True, exist_ok=True)
    os.environ["PREFECT_API_URL"] = f"{address}/api"
    os.environ["PREFECT_LOGGING_LEVEL"] = "INFO"
    os.environ["PREFECT_UI_STATIC_DIRECTORY"] = str(room_for_one_page(settings.state_dir.absolute() / "prefect-page"))
    with ExitStack() as children:
        start = ("server", "start", "--host", HOST, "--port", str(port))
        children.enter_context(_running(start, logs / "server.log"))
        _wait_for(address, logs / "server.log")
        deploy(settings)
        _prepare_alerts(settings)
        children.enter_context(_running(worker_of(settings), logs / "worker.log"))
        console.print(f"Prefect: {address}   (logs in {logs}; Ctrl-C stops everything)")
        yield


def _require_free(port: int) -> None:
    """Else whatever server has it already, somebody else's perhaps, would be given our deployments and alerts."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            said = f"Prefect's server cannot listen on port {port}: {error.strerror}. Choose another by --port."
            raise ServerDidNotStartError(said) from None


def room_for_one_page(directory: Path) -> Path:
    """Where Prefect's server lays out its page, made so that the second one finds no room beside it.

    That one calls an analytics host. PREFECT_SERVER_UI_V2_ENABLED only says which of them comes first: the page would
    still lead to the other, unless its files cannot be laid out.
    """
    directory.mkdir(parents=True, exist_ok=True)
    second = directory / "v2"
    if not second.is_symlink():
        second.symlink_to("/nonexistent")
    return directory


def pool_of(settings: Settings) -> str:
    """The work pool of one municipality: its workers run its flows, in its environment, and nobody else's."""
    return keyed(POOL, settings)


def deploy(settings: Settings) -> None:
    """Create or update the work pool and every deployment of prefect.yaml; doing it again changes nothing.

    The forms of HR then ask what the policy asks, so this is done again whenever the policy asks something else.

    Raises:
        PolicyError: one line.
        ServerDidNotStartError: Prefect refused; its last line is in the message.
    """
    policy, pool = load_policy(settings.policy), pool_of(settings)
    declared = _declared(settings, pool)
    _prefect("work-pool", "create", pool, "--type", "process", "--overwrite")
    with TemporaryDirectory(prefix="hjemmekontor-") as directory:
        file = Path(directory) / "prefect.yaml"
        file.write_text(declared, encoding="utf-8")
        _prefect("--no-prompt", "deploy", "--all", "--prefect-file", str(file))
    # As in _prepare_alerts: not before it is known where the server is.
    from hjemmekontor.policy_forms import put_in_questions  # noqa: PLC0415

    put_in_questions(yaml.safe_load(declared)["deployments"], policy)


def _declared(settings: Settings, pool: str) -> str:
    """What prefect.yaml says, as this municipality's own where several share a server."""
    declared = (ROOT / "prefect.yaml").read_text(encoding="utf-8")
    if settings.installation is None:
        return declared
    content = yaml.safe_load(declared)
    for deployment in content["deployments"]:
        deployment["name"] = named(deployment["name"], settings)
        tags = [named(tag, settings) if tag == TAG else tag for tag in deployment["tags"]]
        deployment["tags"] = [*tags, settings.installation]
        deployment["work_pool"] = {"name": pool}
    return yaml.safe_dump(content, allow_unicode=True)


def _prepare_alerts(settings: Settings) -> None:
    # Prefect reads where its server is when it is imported, and that is known by now only.
    from hjemmekontor.automations import keep_automations  # noqa: PLC0415

    keep_automations(settings)


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "prefect", *arguments]


def _prefect(*arguments: str) -> None:
    done = subprocess.run(_command(arguments), cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise ServerDidNotStartError(f"`prefect {' '.join(arguments)}` failed: {' '.join(last)}")


def worker_of(settings: Settings) -> Sequence[str]:
    return ("worker", "start", "--pool", pool_of(settings))


@contextmanager
def _running(arguments: Sequence[str], log: Path) -> Iterator[None]:
    """A child process, ended gently and then for sure: Prefect's workers can ignore the gentle word.

    What a worker runs is told first, as by the unit in deploy/: a form goes back to wait for its turn.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(_command(arguments), cwd=ROOT, stdout=output, stderr=output, start_new_session=True)  # noqa: S603 - our own words
    try:
        yield
    finally:
        if arguments[0] == "worker":
            _tell(child.pid)
        left = _descendants(child.pid)  # once the child has ended, nothing says that they were its own
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(SECONDS_TO_STOP)
        for process in {*left, *_descendants(child.pid), child.pid}:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        child.wait()


def _tell(parent: int) -> None:
    """What this process runs is told to end, and has time to; it sees itself to what it has begun."""
    told = {process for process, of in _processes() if of == parent}
    for process in told:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_PARK
    while time.monotonic() < deadline and told & {process for process, _ in _processes()}:
        time.sleep(0.2)


def _processes() -> list[tuple[int, int]]:
    """Each process of the machine, and whose child it is."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            of = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]  # after the name
            found.append((int(stat.parent.name), int(of)))
    return found


def _descendants(parent: int) -> set[int]:
    """Ids of its children and theirs, also those with a session of their own."""
    born = _processes()
    found, fresh = set[int](), {parent}
    while fresh := {process for process, of in born if of in fresh} - found:
        found |= fresh
    return found


def _wait_for(address: str, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{address}/api/health", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.3)
    raise ServerDidNotStartError(f"Prefect's server at {address} did not start; see {log}.")
