"""The troubleshooting guide, made from the catalogue: ``docs/troubleshooting.md`` and its Korean twin."""

from __future__ import annotations

from collections.abc import Iterator

from amlemulator.failures.catalogue import Failure, failures, sections
from amlemulator.failures.patterns import described

FILES = {"en": "troubleshooting.md", "ko": "troubleshooting.ko.md"}
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Troubleshooting the retraining of an Azure Machine Learning classic web service",
        "intro": "Every failure below can be met here: its command sets it up, does the calls, shows what the service "
        "answers, applies the mend and shows that it works. The order is that of the document of the same title. "
        "When it is not known which of them it is: `amlclassic diagnose` walks the checks of the document against a "
        "running service and names the cause.",
        "braces": "A name in braces is what the setup makes: `{added.patch}` is the PATCH URL of the endpoint that was "
        "added, `{training.api}` the address of the training service.",
        "made": "Made from contracts/failures/*.yaml by `make troubleshooting`. Do not edit.",
        "meet": "Meet it",
        "answer": "The service answers",
        "why": "Why",
        "mend": "Mend",
        "mended": "Mended when",
        "known": "How this is known",
        "observed": "observed (a recorded reply)",
        "documented": "documented",
        "inferred": "inferred (from what clients need)",
        "chosen": "chosen (the real answer is not known; this one is ours)",
    },
    "ko": {
        "title": "Azure Machine Learning 기존 웹 서비스의 재학습 문제 해결",
        "intro": "아래의 모든 문제는 여기에서 직접 재현할 수 있습니다. 각 명령은 문제를 준비하고, 호출을 보내고, "
        "서비스의 응답을 보여 주고, 해결 방법을 적용한 다음 해결된 것을 보여 줍니다. "
        "순서는 같은 제목의 문서를 따릅니다. "
        "어느 문제인지 모를 때는 `amlclassic diagnose`가 실행 중인 서비스를 문서의 순서대로 확인하고 "
        "원인을 알려 줍니다.",
        "braces": "중괄호 안의 이름은 준비 단계에서 만든 것입니다. `{added.patch}`는 추가한 끝점의 PATCH URL이고 "
        "`{training.api}`는 학습 서비스의 주소입니다.",
        "made": "contracts/failures/*.yaml에서 `make troubleshooting`으로 만든 문서입니다. 직접 편집하지 마십시오.",
        "meet": "재현",
        "answer": "서비스의 응답",
        "why": "이유",
        "mend": "해결",
        "mended": "해결 확인",
        "known": "근거",
        "observed": "관찰됨(기록된 응답)",
        "documented": "문서화됨",
        "inferred": "추론됨(클라이언트의 요구에서)",
        "chosen": "선택됨(실제 응답은 알려지지 않았으며 이 응답은 우리가 정한 것)",
    },
}


def guide(language: str) -> str:
    """Return the whole guide in a language, ``en`` or ``ko``."""
    words = WORDS[language]
    parts = [f"<!-- {words['made']} -->", f"# {words['title']}", words["intro"], words["braces"]]
    for section, titles in sections():
        parts.append(f"## {titles[language]}")
        parts += [_entry(failure, language) for failure in failures() if failure.section == section]
    return "\n\n".join(parts) + "\n"


def _entry(failure: Failure, language: str) -> str:
    words = WORDS[language]
    evidence = failure.data["evidence"]
    command = f"amlclassic failures run {failure.id}" + (" --lang ko" if language == "ko" else "")
    lines = [
        f'### <a id="{failure.id}"></a>{failure.text("title", language)}',
        failure.text("story", language),
        f"{words['meet']}: `{command}`",
        f"{words['answer']}:",
        "```\n" + "\n".join(_answers(failure)) + "\n```",
        "\n".join(f"- **{words[name]}**: {failure.text(name, language)}" for name in ("why", "mend", "mended")),
        f"{words['known']}: {words[evidence['mark']]}; {evidence['source']}.",
    ]
    return "\n\n".join(lines)


def _answers(failure: Failure) -> Iterator[str]:
    """Yield each call that shows the failure, and the pattern of its answer."""
    for step in failure.steps("calls"):
        if "call" in step:
            yield str(step["call"])
            yield f"  {described(step['answer'])}"
