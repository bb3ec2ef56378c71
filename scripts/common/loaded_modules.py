"""Digests of the project's modules that a process has loaded, taken from the source that was compiled.

A job is planned with a digest of each module and starts later: meanwhile a file may be edited, and the edit undone
before the job ends. Therefore the compiled source itself is digested. Python's cache of compiled files (`.pyc`) is
validated by time and size, which two edits within a second may share, and is not used: compiling a job's modules takes
0.05 s.
"""

import ast
import sys
from collections.abc import Mapping
from importlib.abc import MetaPathFinder
from importlib.machinery import ExtensionFileLoader, ModuleSpec, PathFinder, SourceFileLoader, SourcelessFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from common import syntax_digest
from common.frame import FRAME

PACKAGES = ("common", "softrec")
SCRIPTS = Path(__file__).resolve().parents[1]
COMPILED = (SourcelessFileLoader, ExtensionFileLoader)
_sources: dict[str, bytes] = {}
_planned: dict[str, str] = {}


class ModuleChangedError(Exception):
    """A module differs from the one that the job was planned with; `module` is its name and `path` its file."""

    def __init__(self, module: str, path: str) -> None:
        super().__init__(f"{module} ({path}) is not the module that this job was planned with")
        self.module, self.path = module, path


class Loader(SourceFileLoader):
    """Loader that compiles a module from source and records the source.

    Raises `ModuleChangedError` unless the module is as planned.
    """

    def get_code(self, fullname: str) -> CodeType:
        """Compile the current source."""
        path = self.get_filename(fullname)
        source = self.get_data(path)
        _sources[fullname] = source
        require_planned(fullname, path)
        return compile(source, path, "exec", dont_inherit=True)


class Finder(MetaPathFinder):
    """Finder of this project's modules that assigns them to `Loader`."""

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find a module of the packages or in the folder of scripts; None for others.

        Raises `ModuleChangedError` for a compiled module, which has no source to digest.
        """
        if "." in name and name.split(".")[0] in PACKAGES:
            spec = PathFinder.find_spec(name, path, target)  # type: ignore[arg-type]
        elif "." in name or name in sys.builtin_module_names:
            return None
        else:
            spec = PathFinder.find_spec(name, [str(SCRIPTS)])
            if spec is None or spec.loader is None:  # a folder without __init__.py is not a module
                return None
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        elif spec is not None and isinstance(spec.loader, COMPILED):
            raise ModuleChangedError(name, str(spec.origin))
        return spec


def watch() -> None:
    """Start to record the source of each loaded module of the project, including those already loaded."""
    sys.meta_path.insert(0, Finder())
    note_loaded()


def note_loaded() -> None:
    """Record the source of modules loaded before `watch`, by Python itself or by a profiler."""
    for name, module in list(sys.modules.items()):
        place = getattr(module, "__file__", None)
        if name not in ("__main__", *_sources) and place and SCRIPTS in Path(place).parents:
            _sources[name] = Path(place).read_bytes()


def expect(planned: Mapping[str, str]) -> None:
    """Compare the script and all modules, those loaded already and later, with a plan; raises `Changed` if one differs.

    Args:
        planned: digest (`common.syntax_digest.digest`) of each module by name; an empty mapping disables the check.
    """
    _planned.clear()
    _planned.update(planned)
    script = getattr(sys.modules["__main__"], "__file__", None)
    if script is not None and Path(script).stem in planned:
        _sources[Path(script).stem] = Path(script).read_bytes()
    note_loaded()
    for name in list(_sources):
        module = sys.modules.get(name)
        require_planned(name, str(getattr(module, "__file__", script)))


def require_planned(name: str, path: str) -> None:
    """Raise `ModuleChangedError` unless a module is as planned or in `FRAME`, or there is no plan."""
    if _planned and name not in FRAME and _planned.get(name) != syntax_digest.digest(ast.parse(_sources[name])):
        raise ModuleChangedError(name, path)
