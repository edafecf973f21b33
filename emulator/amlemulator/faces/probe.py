"""The root of each host, which the R client asks before anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from amlemulator.faces.calls import answer, mount, route

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator


class Probe:
    """The view of a host's root."""

    @route("GET", "/services", "hosts.probe", "anonymous")
    @route("GET", "/management", "hosts.probe", "anonymous")
    @route("GET", "/studioapi", "hosts.probe", "anonymous")
    @route("GET", "/studioapi/api", "hosts.probe", "anonymous")
    def probe(self) -> Response:
        """Answer: any status will do (clients.md section 9)."""
        return answer({"service": "amlclassic"})


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the hosts' roots."""
    return mount("probe", Probe())
