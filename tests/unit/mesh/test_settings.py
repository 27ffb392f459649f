"""Settings come from the environment and are checked all at once."""

from pathlib import Path

import pytest

from mesh.config import ConfigurationError, Secret, Settings


def test_an_empty_environment_means_everything_embedded_on_loopback() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert settings.is_loopback
    assert settings.engine == "extractive"
    assert settings.database_path == Path(".mootion/mootion.db")
    assert settings.address("quiz") == "127.0.0.1:50051"


def test_a_service_may_have_an_address_of_its_own() -> None:
    settings = Settings.from_environment(
        {"MOOTION_QUIZ_ADDRESS": "quiz.mootion:1234", "MOOTION_RENDER_WORKER_ADDRESS": "w:1"}
    )
    assert settings.address("quiz") == "quiz.mootion:1234"
    assert settings.address("render-worker") == "w:1"
    assert settings.address("llm") == "127.0.0.1:50051"


def test_a_key_chooses_the_engine_and_is_shown_nowhere() -> None:
    settings = Settings.from_environment({"OPENAI_API_KEY": "sk-canary"})
    assert settings.engine == "openai"
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.reveal() == "sk-canary"
    assert "canary" not in repr(settings) + str(settings.openai_api_key) + f"{settings.openai_api_key}"


def test_passwords_in_urls_are_shown_nowhere() -> None:
    settings = Settings.from_environment({"DATABASE_URL": "postgresql://me:canary@db/mootion"})
    assert settings.database_url == "postgresql://me:canary@db/mootion"
    assert "canary" not in repr(settings)
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environment({"DATABASE_URL": "mysql://me:canary@db/mootion"})
    assert "canary" not in str(raised.value)


def test_every_problem_is_listed() -> None:
    wrong = {
        "MOOTION_GRPC_PORT": "70000",
        "MOOTION_EDGE_PORT": "eighty",
        "MOOTION_ENGINE": "magic",
        "MOOTION_RENDER_WORKERS": "-1",
        "MOOTION_LOG_LEVEL": "loud",
        "MOOTION_LOCAL_PRINCIPAL": "maybe",
        "MOOTION_DRAIN_GRACE_SECONDS": "nan",
        "MOOTION_QUIZ_ADDRESS": "quiz",
        "REDIS_URL": "http://redis",
        "BLOB_URL": "ftp://blobs",
    }
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environment(wrong)
    assert len(raised.value.problems) == len(wrong)
    for name in wrong:
        assert name in str(raised.value)


def test_what_the_edge_bears_is_set_and_an_origin_must_be_one() -> None:
    settings = Settings.from_environment(
        {
            "MOOTION_CORS_ORIGINS": "https://learn.example.org, http://localhost:5173",
            "MOOTION_TRUSTED_PROXIES": "1",
            "MOOTION_EDGE_HEAP_MIB": "512",
        }
    )
    assert settings.cors_origins == ("https://learn.example.org", "http://localhost:5173")
    assert (settings.trusted_proxies, settings.edge_heap_mib) == (1, 512)
    assert settings.calls_an_address == 1000
    for wrong in ("*", "learn.example.org", "https://learn.example.org/", "https://*.example.org", "null"):
        with pytest.raises(ConfigurationError, match="is no origin"):
            Settings.from_environment({"MOOTION_CORS_ORIGINS": wrong})


def test_an_engine_that_needs_a_key_says_so() -> None:
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        Settings.from_environment({"MOOTION_ENGINE": "openai"})
    Settings.from_environment({"MOOTION_ENGINE": "openai", "OPENAI_BASE_URL": "http://127.0.0.1:8000/v1"})


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("::1", True), ("127.9.9.9", True), ("0.0.0.0", False), ("db", False)],
)
def test_loopback_is_what_no_other_machine_reaches(host: str, loopback: bool) -> None:
    assert Settings(bind_host=host).is_loopback is loopback


def test_a_secret_compares_by_value() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
