"""Envelopes, headers and statuses."""

from __future__ import annotations

from dataclasses import replace

from amlemulator import pipeline
from amlemulator.core.identity import Guids
from amlemulator.faces import bes, management, render
from mutants.patching import Patch, mutant


@mutant("no-request-id", "access.scoring-key")
def _(patch: Patch) -> None:
    """Answers have no request id."""

    def make(original):
        def stamp(emulator, environ, start_response):
            def stripped(status, headers, exc_info=None):
                kept = [one for one in headers if one[0].lower() != "x-ms-request-id"]
                return start_response(status, kept, exc_info)

            return original(emulator, environ, stripped)

        return stamp

    patch.wrap(pipeline, "stamp", make)


@mutant("one-request-id", "access.scoring-key")
def _(patch: Patch) -> None:
    """Every answer has the same request id."""
    patch.set(Guids, "__call__", lambda guids: "00000000-0000-0000-0000-000000000007")


@mutant("challenge", "access.scoring-key")
def _(patch: Patch) -> None:
    """A 401 comes with WWW-Authenticate."""

    def make(original):
        def render_error(error):
            response = original(error)
            if response.status_code == 401:
                response.headers["WWW-Authenticate"] = "Bearer"
            return response

        return render_error

    patch.wrap(pipeline, "render_error", make)


@mutant("error-as-text", "access.scoring-key")
def _(patch: Patch) -> None:
    """Errors say that they are text."""

    def make(original):
        def render_error(error):
            response = original(error)
            response.headers["Content-Type"] = "text/plain"
            return response

        return render_error

    patch.wrap(pipeline, "render_error", make)


@mutant("no-details", "access.scoring-key")
def _(patch: Patch) -> None:
    """The scoring host's errors come without details."""
    patch.set(
        render,
        "ENVELOPES",
        {
            **render.ENVELOPES,
            "details": lambda error: {"error": {"code": error.entry.group, "message": error.group_message}},
        },
    )


@mutant("details-everywhere", "regions.management")
def _(patch: Patch) -> None:
    """The management host's flat errors come with empty details."""
    flat = render.ENVELOPES["flat"]
    patch.set(
        render,
        "ENVELOPES",
        {**render.ENVELOPES, "flat": lambda error: {"error": flat(error)["error"] | {"details": []}}},
    )


@mutant("null-target", "access.scoring-key")
def _(patch: Patch) -> None:
    """A detail without a target has null for it."""

    def make(original):
        def details(error):
            shown = original(error)
            for one in shown["error"]["details"]:
                one.setdefault("target", None)
            return shown

        return details

    patch.set(render, "ENVELOPES", {**render.ENVELOPES, "details": make(render.ENVELOPES["details"])})


@mutant("capital-members", "access.scoring-key")
def _(patch: Patch) -> None:
    """Errors of the scoring host are written with capital letters, as the Studio API's are."""
    details = render.ENVELOPES["details"]
    patch.set(
        render,
        "ENVELOPES",
        {
            **render.ENVELOPES,
            "details": lambda error: {"Error": {k.title(): v for k, v in details(error)["error"].items()}},
        },
    )


@mutant("own-words", "rrs.missing-input")
def _(patch: Patch) -> None:
    """Errors are told in words of ours."""

    def make(original):
        def render_error(error):
            return original(replace_message(error))

        return render_error

    patch.wrap(pipeline, "render_error", make)


def replace_message(error):
    """Return the refusal with another text."""
    error.message = "Something is wrong with the request."
    return error


@mutant("unprocessable", "rrs.column-name")
def _(patch: Patch) -> None:
    """What cannot be scored is 422."""

    def make(original):
        def render_error(error):
            if error.entry.status == 400:
                error.entry = replace(error.entry, status=422)
            return original(error)

        return render_error

    patch.wrap(pipeline, "render_error", make)


@mutant("start-accepted-202", "bes.life")
def _(patch: Patch) -> None:
    """A start is answered with 202."""
    patch.set(bes, "nothing", lambda status=200: management.nothing(202))


@mutant("put-created-201", "endpoints.listed")
def _(patch: Patch) -> None:
    """A new endpoint is answered with 201."""

    def make(original):
        return lambda value, status=200: original(value, 201 if "Resources" in value else status)

    patch.wrap(management, "answer", make)


@mutant("delete-204", "endpoints.delete")
def _(patch: Patch) -> None:
    """A delete is answered with 204."""
    patch.wrap(management, "nothing", lambda original: lambda status=200: original(204 if status == 200 else status))


@mutant("method-not-allowed-404", "rrs.methods")
def _(patch: Patch) -> None:
    """A method that a route does not have is 404."""
    from amlemulator.core.errors import failure
    from amlemulator.faces import hosts

    patch.set(
        hosts, "_no_route", lambda role, problem: failure("NotFound" if role == "services" else "management/NotFound")
    )
