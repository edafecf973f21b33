"""What a program called, in a few lines."""

from amlemulator.programs.report import report


def call(host, method, status):
    return {"host": host, "method": method, "url": "/", "status": status}


def test_calls_are_told_by_host():
    """Each host once, in the order of its first call, with what it answered and how often."""
    calls = [call("b.net", "POST", 200), call("a.azureml.net", "GET", 404), call("b.net", "POST", 200)]
    assert [
        "It called 2 real hosts, 3 calls:",
        "  b.net          POST 200 (2 times)",
        "  a.azureml.net  GET 404",
    ] == report({"calls": calls, "troubles": []})


def test_a_cut_connection_is_told_as_one():
    """Status 0 is a connection that an armed fault has cut."""
    assert "  a  GET cut off" in report({"calls": [call("a", "GET", 0)], "troubles": []})


def test_what_went_wrong_is_told():
    """Refused hosts with the sentence, and programs that broke off."""
    troubles = [
        {"kind": "refused", "host": "x:443", "reason": "x:443 is no host of the service", "times": 2},
        {"kind": "distrusted", "host": "a.net", "reason": "it left", "times": 1},
    ]
    assert [
        "No call was answered:",
        "  refused (2 times): x:443 is no host of the service",
        "  a.net: the program broke off: it left",
    ] == report({"calls": [], "troubles": troubles})


def test_a_program_that_called_nobody_gets_a_hint():
    """Most often it takes no notice of the proxy: what helps then."""
    first, *hints = report({"calls": [], "troubles": []})
    assert "It called none of the service's hosts." == first
    assert "serve --tls" in hints[0]
