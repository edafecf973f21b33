"""Settings: each is a flag, an environment variable and a key of amlclassic.toml."""

import argparse
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.settings import Settings, SettingsError, add_flags, flag_name, resolve, variable_name

NAMES = [item.name for item in fields(Settings)]
SAMPLES = {"int": "7", "int | None": "7", "float": "2.5", "bool": "true"}
VALUES = {"int": 7, "int | None": 7, "float": 2.5, "bool": True}


def text_of(item):
    choices = item.metadata.get("choices")
    if choices:
        return choices[-1]
    return "http://build:1/x" if "url" in item.name else "some text"


def sample(item):
    """Return a value as text, and what it means."""
    return (SAMPLES[item.type], VALUES[item.type]) if item.type in SAMPLES else (text_of(item), text_of(item))


def flags_of(*words):
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return vars(parser.parse_args(words))


def test_without_anything_the_defaults_hold(tmp_path):
    """No flag, no variable and no file give the defaults of the interface."""
    settings = resolve({}, {}, tmp_path)
    assert Settings() == settings
    assert (8350, 10000, "127.0.0.1", None, 40) == (
        settings.port,
        settings.blob_port,
        settings.host,
        settings.state,
        settings.running_jobs,
    )


NEEDED = {"watch": {"AMLCLASSIC_WORKSPACE": "folder"}}  # settings that make no sense without another


@pytest.mark.parametrize("item", fields(Settings), ids=NAMES)
def test_each_setting_in_three_ways(tmp_path, item):
    """Every setting can be given as a flag, as a variable and in the file, with the same meaning."""
    text, value = sample(item)
    words = [flag_name(item.name)] if item.type == "bool" else [flag_name(item.name), text]
    others = NEEDED.get(item.name, {})
    shown = text if item.type in SAMPLES else f'"{text}"'
    (tmp_path / "amlclassic.toml").write_text(f"{item.name} = {shown}\n")
    found = [
        resolve(flags_of(*words), others, tmp_path / "nowhere"),
        resolve({}, {**others, variable_name(item.name): text}, tmp_path / "nowhere"),
        resolve({}, others, tmp_path),
    ]
    assert [value] * 3 == [getattr(settings, item.name) for settings in found]


def test_flag_before_variable_before_file(tmp_path):
    """The flag wins over the variable, the variable over the file, the file over the default."""
    (tmp_path / "amlclassic.toml").write_text("port = 1\nblob-port = 2\nworkers = 3\n")
    settings = resolve(flags_of("--port", "10"), {"AMLCLASSIC_PORT": "20", "AMLCLASSIC_BLOB_PORT": "30"}, tmp_path)
    assert (10, 30, 3) == (settings.port, settings.blob_port, settings.workers)


def test_an_empty_variable_is_none(tmp_path):
    """A variable that is set to nothing is as good as not set."""
    assert Settings() == resolve({}, {variable_name(name): "" for name in NAMES}, tmp_path)


def test_a_flag_can_be_taken_back(tmp_path):
    """A truth value of the file can be denied by a flag."""
    (tmp_path / "amlclassic.toml").write_text("auto_accounts = true\n")
    assert not resolve(flags_of("--no-auto-accounts"), {}, tmp_path).auto_accounts


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"port": "http"}, "--port takes a whole number, not 'http'."),
        ({"port": "1.5"}, "--port takes a whole number, not '1.5'."),
        ({"port": "65536"}, "--port takes a port from 0 to 65535, not 65536."),
        ({"blob_port": "-1"}, "--blob-port takes a port from 0 to 65535, not -1."),
        ({"sas_seconds": "nan"}, "--sas-seconds takes a number, not 'nan'."),
        ({"sas_seconds": "inf"}, "--sas-seconds takes a number, not 'inf'."),
        ({"workers": "-1"}, "--workers cannot be negative."),
        ({"low_throttle_calls": "-4"}, "--low-throttle-calls cannot be negative."),
        ({"job_time_limit": "-4"}, "--job-time-limit cannot be negative."),
        ({"unknown_address": "403"}, "--unknown-address takes 401 or 404, not '403'."),
        ({"public_url": "localhost:1"}, "--public-url takes a URL that begins with http:// or https://"),
        ({"control_token": ""}, "--control-token cannot be empty"),
    ],
)
def test_values_that_cannot_be(tmp_path, flags, words):
    """A value that cannot be is told in one sentence that names the flag and what it takes."""
    with pytest.raises(SettingsError) as caught:
        resolve(flags, {}, tmp_path)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = [1]", "port in amlclassic.toml takes a whole number, not '[1]'."),
        ("port = true", "port in amlclassic.toml takes a whole number, not 'True'."),
        ("port = 8350.0", "port in amlclassic.toml takes a whole number, not '8350.0'."),
        ("sas_seconds = true", "sas_seconds in amlclassic.toml takes a number, not 'True'."),
        ("sas_seconds = {}", "sas_seconds in amlclassic.toml takes a number, not '{}'."),
        ("auto_accounts = 5", "auto_accounts in amlclassic.toml takes true or false, not '5'."),
        ("state = 1979-05-27", "state in amlclassic.toml takes text, not '1979-05-27'."),
        ("state = true", "state in amlclassic.toml takes text, not 'True'."),
        ("prot = 1", "has unknown keys: prot."),
        ("port = ", "cannot be read"),
        ("seed = '\ud800'", "cannot be read"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, text, words):
    """A file that cannot be read, an unknown key and a value of a wrong type are told in one sentence."""
    (tmp_path / "amlclassic.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SettingsError) as caught:
        resolve({}, {}, tmp_path)
    assert words in str(caught.value)


TOML = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.just({})


@given(st.sampled_from(NAMES), TOML)
def test_no_value_breaks_the_reader(name, value):
    """Whatever a flag or a file holds, there are settings or there is one sentence."""
    try:
        settings = resolve({name: value}, {}, None)
    except SettingsError as error:
        assert flag_name(name) in str(error)  # noqa: PT017 - either way is right, and each has its law
    else:
        assert value is None or isinstance(settings, Settings)


def test_every_flag_has_its_text():
    """The help of each flag says what it is for, and the default where there is one."""
    parser = argparse.ArgumentParser()
    add_flags(parser)
    shown = " ".join(parser.format_help().split())
    for item in fields(Settings):
        assert flag_name(item.name) in shown
        assert " ".join(item.metadata["help"].split())[:30] in shown
        assert item.default in (None, False, "") or f"(default {item.default})" in shown
