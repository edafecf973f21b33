"""The pytest plugin, in test runs of its own."""

import pytest

pytest_plugins = ["pytester"]

HEAVY = (
    "flask",
    "waitress",
    "sqlite3",
    "numpy",
    "pandas",
    "sklearn",
    "onnxruntime",
    "requests",
    "amlemulator.emulator",
)


@pytest.fixture
def run(pytester):
    """Run a file of tests with the plugin; returns pytest's result."""

    def run(text, *arguments, conftest=""):
        pytester.makepyfile(text)
        if conftest:
            pytester.makeconftest(conftest)
        # Schemathesis would change for all tests after this one how Hypothesis shows an example.
        without = [word for name in ("randomly", "cacheprovider", "schemathesis") for word in ("-p", f"no:{name}")]
        return pytester.runpytest_inprocess(*without, "--strict-markers", *arguments)

    return run


def test_a_fresh_workspace_for_each_test(run):
    """Each test has a workspace, a storage account and services of its own, in one emulator for all."""
    result = run(
        """
        seen = []

        def check(aml, aml_server):
            assert aml.emulator is aml_server
            assert len(aml.services) == 4
            assert aml.requests.count() == 0
            assert aml.workspace.id in aml.endpoint("Census Model").api_location
            seen.append((aml.workspace.id, aml.token, aml.connection_string, aml.services[0].id))

        def test_one(aml, aml_server):
            check(aml, aml_server)

        def test_two(aml, aml_server):
            check(aml, aml_server)
            assert all(one != other for one, other in zip(*seen))
        """
    )
    result.assert_outcomes(passed=2)


def test_nothing_of_one_test_reaches_another(run):
    """Faults, policies, the clock and requests end with the test, blobs' faults too."""
    result = run(
        """
        import urllib.request
        import pytest

        def test_one(aml):
            aml.clock.freeze(1000)
            aml.faults.add(status=503)
            aml.faults.add(operation="blob.*", status=503)
            aml.jobs.policy("manual")
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(aml.endpoint("Census Model").api_location + "/jobs")
            caught.value.close()
            assert aml.requests.count(status=503) == 1

        def test_two(aml):
            assert not aml.clock.frozen
            assert aml.emulator.faults.list() == []
            assert aml.emulator.jobs.policy_of(aml.workspace.id) == "run"
            assert aml.requests.count() == 0
        """
    )
    result.assert_outcomes(passed=2)


def test_the_marker_has_options(run):
    """Region, tier, samples, policy and clock are set by the marker; the one closest to the test decides."""
    result = run(
        """
        import pytest

        pytestmark = pytest.mark.aml(region="West Europe", samples=False)

        @pytest.mark.aml(tier="free", policy={"polls": 2}, freeze=1000)
        def test_options(aml):
            assert (aml.workspace.region, aml.workspace.tier) == ("West Europe", "free")
            assert aml.services == ()
            assert aml.emulator.jobs.policy_of(aml.workspace.id) == {"polls": 2}
            assert aml.clock.now() == 1000

        @pytest.mark.aml(region="South Central US", freeze=True)
        def test_closest(aml):
            assert aml.workspace.region == "South Central US"
            assert aml.clock.frozen
        """
    )
    result.assert_outcomes(passed=2)


def test_an_unknown_option_is_an_error(run):
    """A misspelt option of the marker is told, with those that there are."""
    result = run(
        """
        import pytest

        @pytest.mark.aml(colour="red")
        def test_it(aml):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*The marker aml takes freeze, policy, region, samples, tier, by name*"])


def test_the_configuration_is_ours_to_override(run):
    """The fixture aml_config sets what amlclassic serve has flags for."""
    result = run(
        """
        import pytest

        @pytest.fixture(scope="session")
        def aml_config():
            return {"seed": "mine", "cancelled": "Canceled"}

        def test_it(aml):
            assert aml.emulator.settings.seed == "mine"
            assert aml.emulator.settings.cancelled == "Canceled"
        """
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("moon", "The emulator of tests is here, wsgi, subprocess or the URL of one that runs, not 'moon'."),
        ("http://127.0.0.1:9", "No emulator answers at http://127.0.0.1:9. Start one there, *"),
    ],
)
def test_an_emulator_that_is_not_to_be_had_is_one_sentence(run, where, said):
    """Without a traceback of ours."""
    result = run("def test_it(aml):\n    pass", "--aml", where)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([said])
    assert "pytest_plugin.py" not in result.stdout.str()


BROKEN = """
    import urllib.request
    import urllib.error

    def broken(*arguments):
        raise ZeroDivisionError("a bug of the emulator")

    def call(aml):
        try:
            urllib.request.urlopen(aml.endpoint("Census Model").api_location + "/swagger.json").close()
        except urllib.error.HTTPError as error:
            error.close()

    def test_breaks(aml, monkeypatch):
        monkeypatch.setattr(aml.emulator.directory, "endpoint", broken)
        try:
            call_in_workspace(aml)
        finally:
            monkeypatch.undo()

    def call_in_workspace(aml):
        url = aml.base_url + f"/ussouthcentral.services/workspaces/{aml.workspace.id}/services/x/jobs"
        try:
            urllib.request.urlopen(url).close()
        except urllib.error.HTTPError as error:
            error.close()
        %s

    def test_after(aml):
        call(aml)
"""


def test_an_error_inside_the_emulator_fails_the_test_that_caused_it(run):
    """The test fails with the emulator's own traceback; the next one does not."""
    result = run(BROKEN % "pass")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*ZeroDivisionError: a bug of the emulator*", "*pipeline.py*"])


def test_a_test_that_fails_anyway_tells_of_it_too(run):
    """The emulator's traceback is a note to the test's own failure."""
    result = run(BROKEN % "assert False")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*The emulator itself failed:*", "*ZeroDivisionError: a bug of the emulator*"])


def test_the_marker_and_the_fixtures_explain_themselves(run):
    """Pytest --markers and --fixtures show them with their help."""
    run("", "--markers").stdout.fnmatch_lines(["@pytest.mark.aml(region='South Central US', *"])
    shown = run("", "--fixtures").stdout
    shown.fnmatch_lines(["aml_config *", "aml_server *", "aml *"])


def test_unused_it_imports_nothing(pytester):
    """A run that uses no fixture of it loads neither the emulator nor anything heavy."""
    pytester.makeconftest(
        f"import sys\ndef pytest_unconfigure():\n    print('loaded', [m for m in {HEAVY} if m in sys.modules])"
    )
    pytester.makepyfile(
        "def test_nothing(pytestconfig):\n    assert pytestconfig.pluginmanager.has_plugin('amlclassic')"
    )
    arguments = [
        f"-pno:{name}" for name in ("randomly", "xdist", "timeout", "hypothesispytest", "anyio", "schemathesis")
    ]
    result = pytester.runpytest_subprocess(*arguments)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*loaded []*"])


def test_workers_of_xdist_share_nothing(pytester):
    """Each worker has an emulator of its own on ports of its own, in any order."""
    pytester.makepyfile(
        """
        import pytest
        import urllib.request

        @pytest.mark.parametrize("number", range(8))
        def test_it(aml, number):
            key = aml.endpoint("Census Model").key
            url = aml.endpoint("Census Model").help_location
            with urllib.request.urlopen(url) as answer:
                assert answer.status == 200
            assert aml.requests.count(operation="help.*") == 1
        """
    )
    without = [f"-pno:{name}" for name in ("cacheprovider", "schemathesis", "hypothesispytest")]
    pytester.runpytest_subprocess("-n", "2", *without).assert_outcomes(passed=8)
