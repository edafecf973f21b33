"""The work of ``amlclassic diagnose``."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from amlclient import (
    AmlError,
    BlobLocation,
    CheckResult,
    Diagnosis,
    EndpointsFile,
    RetrainingSetup,
    WorkspaceEntry,
    WrongCall,
    diagnose,
)
from amlemulator.commands._targets import background_file, read_endpoints

SECRETS = ("token", "scoring_key", "training_key", "sas_blob_token")
ADDRESSES = ("patch_url", "scoring_url", "training_url")
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "ok": "ok",
        "wrong": "WRONG",
        "unknown": "-",
        "why": "Why",
        "mend": "Mend",
        "parted": "These look the same from outside. To tell them apart",
        "uncharted": "The catalogue has no such failure; what was seen says it all.",
        "healthy": "Nothing wrong was found.",
        "partly": "Nothing wrong was found, in what could be checked; a line with - says what was not.",
        "sick": "{n} wrong. Mend the first, then diagnose again.",
    },
    "ko": {
        "ok": "정상",
        "wrong": "문제",
        "unknown": "-",
        "why": "이유",
        "mend": "해결",
        "parted": "밖에서는 똑같이 보입니다. 구분하려면",
        "uncharted": "카탈로그에 없는 문제입니다. 위에 적은 내용이 알아낸 전부입니다.",
        "healthy": "문제를 찾지 못했습니다.",
        "partly": "확인할 수 있는 범위에서는 문제를 찾지 못했습니다. 확인하지 못한 것은 - 로 표시했습니다.",
        "sick": "문제 {n}개. 첫 번째를 해결한 다음 다시 진단하십시오.",
    },
}


def diagnosed(arguments: argparse.Namespace) -> int:
    """Diagnose as the arguments say, and tell. Returns the exit status."""
    shown = None if arguments.json else lambda check: print(told(check, arguments.lang), flush=True)
    try:
        diagnosis = diagnose(_setup(arguments), on_check=shown)
    except AmlError as error:
        print(f"amlclassic diagnose: {error}", file=sys.stderr)
        if arguments.json:
            print(json.dumps({"ok": False, "error": {"type": type(error).__name__, "message": str(error)}}))
        return 2 if isinstance(error, WrongCall) else 1
    except KeyboardInterrupt:
        print("amlclassic diagnose: stopped; nothing was changed", file=sys.stderr)
        return 130
    if arguments.json:
        print(json.dumps(diagnosis.to_json(arguments.lang), ensure_ascii=False))
    else:
        print(_conclusion(diagnosis, WORDS[arguments.lang]))
    return 0 if diagnosis.healthy else 1


def _setup(arguments: argparse.Namespace) -> RetrainingSetup:
    given = {name: getattr(arguments, name) for name in (*ADDRESSES, *SECRETS)}
    for name in SECRETS:
        given[name] = given[name] if given[name] is not None else os.environ.get(f"AMLCLASSIC_{name.upper()}")
    sas = given.pop("sas_blob_token")
    workspace = _workspace(arguments)
    if arguments.job_id and workspace is not None:
        given.update(_trainer(workspace, given["training_url"], given["training_key"]))
    return RetrainingSetup(
        **given,
        resource_name=arguments.resource_name,
        model=_model(arguments, sas),
        job_id=arguments.job_id,
        request=_request(arguments.request),
        workspace=workspace,
        scoring_service=arguments.scoring_service,
        endpoint_name=arguments.endpoint_name,
    )


def _trainer(workspace: WorkspaceEntry, url: str | None, key: str | None) -> dict[str, str | None]:
    """Return address and key of the training endpoint that a job is of, as far as the endpoints file knows them."""
    trainers = [service.default for service in workspace.services if service.kind == "training"]
    if url is None and len(trainers) != 1:
        known = ", ".join(service.name for service in workspace.services if service.kind == "training") or "none"
        raise WrongCall(f"which service ran the job? Give its address as --training-url; training services: {known}")
    found = trainers[0] if url is None else next((one for one in trainers if url.startswith(one.api_location)), None)
    if found is None:
        return {}
    return {"training_url": url or found.api_location, "training_key": key or found.primary_key}


def _workspace(arguments: argparse.Namespace) -> WorkspaceEntry | None:
    """Return what an endpoints file says of the workspace that is meant.

    None when addresses are given and no file that was not named knows their workspace.
    """
    addresses = [getattr(arguments, name) for name in ADDRESSES if getattr(arguments, name)]
    if not addresses and not arguments.endpoints_file and not background_file(arguments).exists():
        raise WrongCall(
            "say what to look at: --endpoints-file FILE (from `amlclassic serve --endpoints-file aml.json`), "
            "or addresses and keys: --patch-url, --token, --scoring-url, --scoring-key"
        )
    named = {found[1] for url in addresses if (found := re.search(r"/workspaces/([^/?]+)", url))}
    if addresses and not arguments.endpoints_file:
        return _known_elsewhere(arguments, named)
    file = read_endpoints(arguments)
    met = next((one.id for one in file.workspaces if one.id in named), None)
    return file.workspace(arguments.workspace or met)


def _known_elsewhere(arguments: argparse.Namespace, named: set[str]) -> WorkspaceEntry | None:
    """Return the workspace of the addresses from a file that nobody named: of the environment, or in the background."""
    path = background_file(arguments)
    if not path.exists():
        return None
    return next((one for one in EndpointsFile.read(path).workspaces if one.id in named), None)


def _model(arguments: argparse.Namespace, sas: str | None) -> BlobLocation | None:
    parts = (arguments.relative_location, arguments.base_location, sas)
    if arguments.model_url is not None:
        if any(part is not None for part in parts):
            raise WrongCall("give --model-url, or BaseLocation, RelativeLocation and SasBlobToken, not both")
        return BlobLocation.from_url(arguments.model_url)
    return BlobLocation(*parts) if any(part is not None for part in parts) else None


def _request(path: str | None) -> Mapping[str, Any] | None:
    if path is None:
        return None
    try:
        body = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise WrongCall(f"the request {path} cannot be read: {error}") from None
    if not isinstance(body, dict):
        raise WrongCall(f"the request {path} is no JSON object")
    return body


def told(check: CheckResult, language: str) -> str:
    """Return one check as people read it: the question, what was seen, and what is wrong with it."""
    words = WORDS[language]
    lines = [_block(f"{words[check.outcome]:<6}", check.question(language))]
    lines += [_block(" " * 8, one) for one in check.told(language)]
    if check.outcome != "wrong":
        return "\n".join(lines)
    for cause in check.causes:
        lines.append(_block(" " * 6, f"=> {cause.id}: {cause.text('title', language)}"))
        lines += [_block(" " * 9, f"{words[name]}: {cause.text(name, language)}") for name in ("why", "mend")]
    test = check.parted_by(language)
    if test is not None:
        lines.append(_block(" " * 9, f"{words['parted']}: {test}"))
    if not check.causes:
        lines.append(_block(" " * 6, words["uncharted"]))
    return "\n".join(lines)


def _block(head: str, text: str) -> str:
    width = max(60, min(110, shutil.get_terminal_size().columns))
    folded = " ".join(text.split())
    indent = " " * (len(head) + 2 if head.strip() else len(head))
    first = head + "  " if head.strip() else head
    return fill(
        folded, width, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _conclusion(diagnosis: Diagnosis, words: Mapping[str, str]) -> str:
    if not diagnosis.healthy:
        return "\n" + words["sick"].format(n=len(diagnosis.findings))
    sure = all(check.outcome == "ok" for check in diagnosis.checks)
    return "\n" + words["healthy" if sure else "partly"]
