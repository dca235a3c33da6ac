"""Settings: what an installation can have got wrong, in one line that names it and quotes no secret."""

from pathlib import Path

import pytest

from config.settings import GRAPH_REQUIRED, HR_REQUIRED, PREFIX, Settings, SettingsError, load_settings

SECRET = "hemmelig-7f3a"
REAL = {
    "HK_HR_URL": "https://hr.example.no/api",
    "HK_HR_TOKEN_URL": "https://hr.example.no/token",
    "HK_HR_CLIENT_ID": "hjemmekontor",
    "HK_HR_CLIENT_SECRET": SECRET,
    "HK_HR_USERNAME": "hjemmekontor@klient.example",
    "HK_HR_PASSWORD": SECRET,
    "HK_GRAPH_TENANT_ID": "11111111-2222-3333-4444-555555555555",
    "HK_GRAPH_CLIENT_ID": "66666666-7777-8888-9999-000000000000",
    "HK_GRAPH_CLIENT_SECRET": SECRET,
    "HK_GRAPH_SITE_ID": "sandvik.sharepoint.com,1,2",
    "HK_MAIL_SENDER": "hjemmekontor@sandvik.example",
    "HK_HR_MAIL": "hr@sandvik.example",
}


ALL_OR_NONE = "(set all of them, or none to use the sandbox)"
EVERYTHING = {**REAL, "HK_GRAPH_CERTIFICATE_PATH": "app.pem"}
BY_CERTIFICATE = {**EVERYTHING, "HK_GRAPH_CLIENT_SECRET": None}


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a directory without a `.env`, with none of our settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in (*REAL, *(PREFIX + field.upper() for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)


def load(monkeypatch: pytest.MonkeyPatch, **environment: str | None) -> Settings:
    for name, value in environment.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    return load_settings()


def refusal(monkeypatch: pytest.MonkeyPatch, **environment: str | None) -> str:
    with pytest.raises(SettingsError) as error:
        load(monkeypatch, **environment)
    assert error.value.__cause__ is None
    return str(error.value)


def test_the_sandbox_when_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    assert settings.uses_sandbox
    assert settings.policy == "prosedyre-websak"
    assert settings.database_url == "sqlite:///.local/hjemmekontor.db"
    assert settings.sandbox_dir == Path(".local/sandbox")


def test_our_own_settings_leave_the_sandbox_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, HK_DATABASE_URL="sqlite:///other.db", HK_POLICY="oslo", HK_STATE_DIR="x").uses_sandbox


def test_real_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **REAL)
    assert not settings.uses_sandbox
    assert not settings.graph_is_a_stand_in
    assert settings.hr_url == "https://hr.example.no/api"
    assert settings.graph_client_secret is not None
    assert settings.graph_client_secret.get_secret_value() == SECRET


def test_a_certificate_in_place_of_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **BY_CERTIFICATE)
    assert not settings.uses_sandbox
    assert settings.graph_certificate_path == Path("app.pem")


OF_APP = ("HK_GRAPH_TENANT_ID", "HK_GRAPH_CLIENT_ID", "HK_GRAPH_CLIENT_SECRET")


def test_a_managed_identity_needs_no_app_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    by_machine = {**REAL, **dict.fromkeys(OF_APP, None), "HK_GRAPH_CREDENTIAL": "managed-identity"}
    settings = load(monkeypatch, **by_machine)
    assert (settings.uses_sandbox, settings.graph_credential_kind) == (False, "managed-identity")


@pytest.mark.parametrize(("kind", "missing"), [("secret", "SECRET"), ("certificate", "CERTIFICATE_PATH")])
def test_what_is_asked_for_must_be_there(monkeypatch: pytest.MonkeyPatch, kind: str, missing: str) -> None:
    other = {"HK_GRAPH_CLIENT_SECRET": None, "HK_GRAPH_CERTIFICATE_PATH": "app.pem"} if kind == "secret" else {}
    named = "HK_GRAPH_CLIENT_SECRET" if missing == "SECRET" else "HK_GRAPH_CERTIFICATE_PATH"
    assert refusal(monkeypatch, **{**REAL, **other, "HK_GRAPH_CREDENTIAL": kind}) == f"missing: {named} {ALL_OR_NONE}"


def test_a_sovereign_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {"HK_GRAPH_BASE_URL": "https://graph.microsoft.us/v1.0", "HK_GRAPH_AUTHORITY": "https://login.us/"}
    settings = load(monkeypatch, **REAL, **elsewhere)
    assert (settings.graph_scope, settings.graph_authority) == (
        "https://graph.microsoft.us/.default",
        "https://login.us",
    )


@pytest.mark.parametrize("name", ["HK_MAILS_PER_MINUTE", "HK_SHAREPOINT_UNITS_PER_MINUTE"])
def test_a_budget_is_no_negative_number(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert refusal(monkeypatch, **{**REAL, name: "-1"}) == f"{name}: Input should be greater than or equal to 0"


@pytest.mark.parametrize("missing", sorted(REAL))
def test_half_a_configuration_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    named = "HK_GRAPH_CERTIFICATE_PATH" if missing == "HK_GRAPH_CLIENT_SECRET" else missing
    assert refusal(monkeypatch, **{**REAL, missing: None}) == f"missing: {named} {ALL_OR_NONE}"


@pytest.mark.parametrize("empty", sorted(REAL))
def test_an_empty_setting_is_a_missing_one(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    named = "HK_GRAPH_CERTIFICATE_PATH" if empty == "HK_GRAPH_CLIENT_SECRET" else empty
    assert refusal(monkeypatch, **{**REAL, empty: ""}) == f"missing: {named} {ALL_OR_NONE}"


def test_only_empty_settings_are_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **{PREFIX + field.upper(): "" for field in Settings.model_fields})
    assert settings.uses_sandbox
    assert settings.policy == "prosedyre-websak"
    assert settings.archive_folder == "{employee_number}/Hjemmekontor/{case_number}"


def test_an_empty_certificate_beside_a_secret_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, **REAL, HK_GRAPH_CERTIFICATE_PATH="").graph_certificate_path is None


def test_what_is_required_is_what_real_systems_are_given_here() -> None:
    assert {PREFIX + name.upper() for name in (*HR_REQUIRED["fint"], *GRAPH_REQUIRED)} == REAL.keys() - {
        "HK_GRAPH_CLIENT_SECRET"
    }


@pytest.mark.parametrize("alone", sorted(EVERYTHING))
def test_a_single_setting_names_all_the_others(monkeypatch: pytest.MonkeyPatch, alone: str) -> None:
    """Were it taken for the sandbox, a municipality that began to configure would never know that it is not done."""
    keys_to_graph = {"HK_GRAPH_CLIENT_SECRET", "HK_GRAPH_CERTIFICATE_PATH"}
    line = refusal(monkeypatch, **{alone: EVERYTHING[alone]})
    others = EVERYTHING.keys() - (keys_to_graph if alone in keys_to_graph else {alone, "HK_GRAPH_CLIENT_SECRET"})
    assert set(line.removeprefix("missing: ").removesuffix(f" {ALL_OR_NONE}").split(", ")) == others


def test_graph_elsewhere_alone_is_half_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "HK_GRAPH_TENANT_ID" in refusal(monkeypatch, HK_GRAPH_BASE_URL="https://graph.example.no")


A_FOLDER = 'must be the path of a folder, without " * : < > ? \\ |'


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        pytest.param("HK_REPORTS_FOLDER", "/", A_FOLDER, id="no-folder"),
        pytest.param("HK_REPORTS_FOLDER", "HR//2026", A_FOLDER, id="a-folder-without-a-name"),
        pytest.param("HK_REPORTS_FOLDER", "HR: 2026", A_FOLDER, id="a-sign-sharepoint-refuses"),
        pytest.param("HK_HR_URL", "hr.example.no", "must be an address that starts with https://", id="no-scheme"),
        pytest.param("HK_HR_URL", "ftp://hr.example.no", "must be an address that starts with https://", id="ftp"),
        pytest.param("HK_HR_TOKEN_URL", "https://", "must be an address that starts with https://", id="no-host"),
        pytest.param(
            "HK_GRAPH_BASE_URL",
            "http://graph.example.no/v1.0",
            "plain http is accepted for this machine only; use https",
            id="plain-http",
        ),
        pytest.param(
            "HK_HR_URL",
            "http://127.0.0.1.example.no",
            "plain http is accepted for this machine only; use https",
            id="plain-http-to-what-looks-like-this-machine",
        ),
        pytest.param(
            "HK_DATABASE_URL", "mysql://x", "must start with sqlite:/// or postgresql://", id="unknown-database"
        ),
        pytest.param(
            "HK_HR_KIND",
            "sap",
            "Input should be 'csv', 'fint', 'scim', 'unit4' or 'visma'",
            id="unknown-hr-system",
        ),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    assert refusal(monkeypatch, **{**REAL, name: value}) == f"{name}: {sentence}"


@pytest.mark.parametrize("name", ["HK_HR_URL", "HK_HR_TOKEN_URL", "HK_GRAPH_BASE_URL", "HK_DATABASE_URL"])
def test_a_secret_in_an_address_is_not_quoted(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    line = refusal(monkeypatch, **{**REAL, name: f"ftp://bruker:{SECRET}@example.no"})
    assert name in line
    assert SECRET not in line


def test_several_mistakes_are_still_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    line = refusal(monkeypatch, **{**REAL, "HK_HR_URL": "x", "HK_DATABASE_URL": SECRET, "HK_HR_KIND": "y"})
    assert line.count("\n") == 0
    assert [part.split(":")[0] for part in line.split("; ")] == ["HK_DATABASE_URL", "HK_HR_KIND", "HK_HR_URL"]
    assert SECRET not in line


def test_a_secret_is_in_nothing_that_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **REAL)
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()}"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("http://127.0.0.1:8080/v1.0/", "http://127.0.0.1:8080/v1.0", id="loopback"),
        pytest.param("http://localhost:8080", "http://localhost:8080", id="localhost"),
        pytest.param("http://[::1]:8080", "http://[::1]:8080", id="loopback-6"),
        pytest.param("https://graph.example.no/", "https://graph.example.no", id="https-elsewhere"),
    ],
)
def test_addresses(monkeypatch: pytest.MonkeyPatch, written: str, read: str) -> None:
    settings = load(monkeypatch, **{**REAL, "HK_GRAPH_BASE_URL": written})
    assert settings.graph_base_url == read
    assert settings.graph_is_a_stand_in == written.startswith("http:")


@pytest.mark.parametrize(
    "folder",
    [
        "{case_number}",
        "/{case_number}/",
        "{employee_number}/{case_number}",
        "Personal/{employee_number}/x/{case_number}",
    ],
)
def test_archive_folders(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    assert load(monkeypatch, HK_ARCHIVE_FOLDER=folder).archive_folder == folder


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param("Hjemmekontor", id="no-placeholder"),
        pytest.param("{employee_number}/Hjemmekontor", id="all-cases-in-one-folder"),
        pytest.param("sak-{case_number}", id="part-of-a-name"),
        pytest.param("{saksnummer}/{case_number}", id="unknown-placeholder"),
        pytest.param("{}/{case_number}", id="nameless"),
        pytest.param("{0}/{case_number}", id="numbered"),
        pytest.param("{case_number", id="not-closed"),
        pytest.param("{{case_number}}", id="escaped"),
        pytest.param("{employee_number:d}/{case_number}", id="format-of-a-number"),
        pytest.param("{employee_number.name}/{case_number}", id="attribute"),
        pytest.param("{employee_number[name]}/{case_number}", id="item"),
    ],
)
def test_an_archive_folder_that_could_not_be_filled_in(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    assert refusal(monkeypatch, HK_ARCHIVE_FOLDER=folder) == (
        "HK_ARCHIVE_FOLDER: must be a path with {case_number} as a folder of its own, and may use {employee_number}"
    )


def test_no_retention_label_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, HK_ARCHIVE_RETENTION_LABEL="").archive_retention_label is None
    assert load(monkeypatch, HK_ARCHIVE_RETENTION_LABEL="Personalmappe").archive_retention_label == "Personalmappe"


@pytest.mark.parametrize("scheme", ["postgresql://", "postgresql+psycopg://"])
def test_postgresql_is_reached_through_psycopg(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    settings = load(monkeypatch, HK_DATABASE_URL=f"{scheme}hk@db.example/hk")
    assert settings.database_url == "postgresql+psycopg://hk@db.example/hk"


def test_a_file_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("HK_POLICY=oslo\nHK_STATE_DIR=fra-fil\nANNET=1\n", encoding="utf-8")
    settings = load(monkeypatch, HK_STATE_DIR="fra-miljoet")
    assert (settings.policy, settings.state_dir) == ("oslo", Path("fra-miljoet"))


def test_an_empty_line_in_the_file_is_not_set() -> None:
    Path(".env").write_text("HK_HR_URL=\nHK_GRAPH_CLIENT_SECRET=\nHK_POLICY=\n", encoding="utf-8")
    settings = load_settings()
    assert settings.uses_sandbox
    assert settings.policy == "prosedyre-websak"


# --- The archive ------------------------------------------------------------------------------------------------


def test_packages_are_documents_with_an_arkivmelding(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "HK_ARCHIVE_TARGET: import needs HK_ARCHIVE_PLAN" in refusal(monkeypatch, HK_ARCHIVE_TARGET="import")
    settings = load(monkeypatch, HK_ARCHIVE_PLAN="arkiv.toml")
    assert (settings.has_imports, settings.import_marker) == (True, "ferdig.txt")


def test_the_archive_is_one_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not load(monkeypatch).has_imports
    assert "HK_ARCHIVE_TARGET" in refusal(monkeypatch, HK_ARCHIVE_TARGET="websak")


@pytest.mark.parametrize("name", ["a/b.txt", "  ", "hva?.txt"])
def test_the_marker_is_the_name_of_a_file(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert "HK_IMPORT_MARKER: must be the name of a file" in refusal(monkeypatch, HK_IMPORT_MARKER=name)


@pytest.mark.parametrize("address", ["https://hooks.example.no/T0/B0", "http://127.0.0.1:8080/hook"])
def test_a_webhook_is_a_secret(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    settings = load(monkeypatch, HK_ALERT_WEBHOOK=address)
    assert settings.uses_sandbox
    assert settings.alert_webhook is not None
    assert settings.alert_webhook.get_secret_value() == address
    assert address not in repr(settings)


@pytest.mark.parametrize("address", ["http://hooks.example.no/T0/B0", "hooks.example.no", "https://"])
def test_a_webhook_is_encrypted(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    said = refusal(monkeypatch, HK_ALERT_WEBHOOK=address)
    assert said == "HK_ALERT_WEBHOOK: must be an address that starts with https://"
