"""A very small runner for programs that drive somebody else's client inside that client's own environment.

It knows which functions of the client ran: by watching calls, not by anybody's word. The result is a JSON file that the
test outside reads.
"""

import inspect
import json
import sys
import traceback
from pathlib import Path

DRIVES = []


def drive(function):
    """Register a drive: it does something with the client and asserts what came of it."""
    DRIVES.append(function)
    return function


def expect(kind, function, *arguments, **named):
    """Return the exception of that kind in which a call ends; fail when it ends otherwise."""
    try:
        function(*arguments, **named)
    except kind as error:
        return error
    raise AssertionError(f"{function} raised no {kind.__name__}")


class Watch:
    """Notes the functions of a package that run."""

    def __init__(self, package):
        self._folder = str(Path(package.__file__).parent)
        self.ran = set()

    def __enter__(self):
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)

    def _note(self, frame, event, _):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(self._folder):
            self.ran.add(code.co_qualname)


def public_functions(modules, exposed=()):
    """Return the public functions, methods and properties that modules define; ``exposed`` private names count too."""
    found = set()
    for module in modules:
        for member in vars(module).values():
            if inspect.isfunction(member) and member.__module__ == module.__name__:
                found.add(member.__code__.co_qualname)
            elif inspect.isclass(member) and member.__module__ == module.__name__:
                found |= _of_class(member)
    shown = ("__call__", "__iter__", "__len__", "__getitem__", *exposed)
    return {name for name in found if all(part in shown or part[0] not in "_<" for part in name.split("."))}


def _of_class(kind):
    found = set()
    for member in vars(kind).values():
        if inspect.isclass(member):
            found |= _of_class(member)
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if inspect.isfunction(function):
            found.add(function.__code__.co_qualname)
    return found


def main(package, modules, exposed=()):
    """Run every drive and write what came of it to the file named by the last argument."""
    results = []
    with Watch(package) as watch:
        for function in DRIVES:
            try:
                function()
                error = None
            except Exception:
                error = traceback.format_exc()
            results.append({"name": function.__name__, "error": error})
    found = {
        "version": package.__version__,
        "drives": results,
        "functions": sorted(public_functions(modules, exposed)),
        "ran": sorted(watch.ran),
    }
    Path(sys.argv[-1]).write_text(json.dumps(found), "utf-8")
