"""The command ``amlclassic``. Each command is a module of its own, imported only when it is called."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

COMMANDS = {
    "serve": "run the emulator until it is stopped",
    "start": "run the emulator in the background, unless it runs already",
    "stop": "stop the emulator that runs in the background",
    "demo": "show the whole retraining flow, start to end",
    "deploy": "make an experiment file a web service of the running emulator",
    "retrain": "retrain a model through a training service and put it behind an endpoint",
    "run": "run an unmodified program, with the real host names in it, against the emulator",
    "adopt": "find the ids and keys in a program, propose the workspace that it needs",
    "ca": "write the certificate to trust for TLS, and say how to trust it and how to stop",
    "hosts": "print the lines of a hosts file that lead the real host names here",
    "status": "list web services, endpoints and where their models come from",
    "snapshot": "write what a running emulator serves as a workspace folder",
    "experiments": "check and draw experiment files",
    "models": "show what a trained model's file holds, or export it as plain ONNX",
    "diagnose": "say what is wrong with a retraining, and how to mend it",
    "contracts": "check that a service keeps the promises of the real one",
    "failures": "list, explain and play the documented ways in which retraining goes wrong",
}


class Help(argparse.HelpFormatter):
    """Fills each paragraph of an epilog to the width of the terminal; what is indented stays as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.strip("\n").split("\n\n")
        return "\n\n".join(
            one if one.startswith(" ") else super(Help, self)._fill_text(one, width, indent) for one in paragraphs
        )


if TYPE_CHECKING:
    SubParsers: TypeAlias = "argparse._SubParsersAction[Parser]"  # generic for type checkers only
else:
    SubParsers = argparse._SubParsersAction


class Actions(SubParsers):
    """Subcommands, each described by its line in the list."""

    def add_parser(self, name: str, **options: Any) -> Parser:
        """Add one."""
        text = options.get("help") or ""
        options.setdefault("description", f"{text[:1].upper()}{text[1:]}.")
        return super().add_parser(name, **{"allow_abbrev": False, **options})


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence, without listing every flag there is."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.register("action", "parsers", Actions)

    def format_help(self) -> str:
        """Return the help, which reads well at any width."""
        self.formatter_class = Help
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is; end with status 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help.\n")


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser; only ``command`` gets its own flags, so that no other module is imported."""
    top = Parser(
        prog="amlclassic",
        description="A local emulator of the web services of Azure Machine Learning Studio (classic).",
        epilog="Start with: amlclassic demo",
    )
    subparsers = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=text)
        if name == command:
            importlib.import_module(f"amlemulator.commands.{name}").configure(subparser)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0 done, 1 failed or found broken, 2 called wrongly, 130 stopped by Ctrl-C."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = next((word for word in words if not word.startswith("-")), None)
    command = command if command in COMMANDS else None
    parsed, unknown = parser(command).parse_known_args(words)
    if unknown:
        name = f"amlclassic {parsed.command}"
        print(f"{name}: there is no {' '.join(unknown)}; see {name} --help.", file=sys.stderr)
        return 2
    try:
        status = int(importlib.import_module(f"amlemulator.commands.{parsed.command}").run(parsed))
        sys.stdout.flush()
    except BrokenPipeError:  # who read has gone, as `| head` does; Python would complain once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:  # of a command that has nothing to tidy up
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
