"""The modules of this project that a process really runs, digested as they were read.

A job is planned with a digest of each module, and starts later: meanwhile a file may be edited, and the edit undone
before the job ends. So what is digested is the source that was compiled. Python's own cache of compiled files (`.pyc`)
goes by time and size, which two edits within a second share, and is left out: compiling a job's modules takes 0.05 s.
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
    """A module is another one than the job was planned with: its name and its file."""

    def __init__(self, module: str, path: str) -> None:
        super().__init__(f"{module} ({path}) is not the module that this job was planned with")
        self.module, self.path = module, path


class Loader(SourceFileLoader):
    """Compiles a module from its source and notes that; raises `ModuleChangedError` if it is not the planned one."""

    def get_code(self, fullname: str) -> CodeType:
        """The code of the source as it is now."""
        path = self.get_filename(fullname)
        source = self.get_data(path)
        _sources[fullname] = source
        require_planned(fullname, path)
        return compile(source, path, "exec", dont_inherit=True)


class Finder(MetaPathFinder):
    """Finds modules of this project where Python finds them, and lets `Loader` load them."""

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The specification of a module of the packages, or of one that lies beside the scripts; None for others.

        Raises `ModuleChangedError` for one that is compiled: no source of it could be digested.
        """
        if "." in name and name.split(".")[0] in PACKAGES:
            spec = PathFinder.find_spec(name, path, target)  # type: ignore[arg-type]
        elif "." in name or name in sys.builtin_module_names:
            return None
        else:
            spec = PathFinder.find_spec(name, [str(SCRIPTS)])
            if spec is None or spec.loader is None:  # a folder is no module
                return None
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        elif spec is not None and isinstance(spec.loader, COMPILED):
            raise ModuleChangedError(name, str(spec.origin))
        return spec


def watch() -> None:
    """Note from now on the source of each module of the packages that is loaded, and of those that are already."""
    sys.meta_path.insert(0, Finder())
    note_loaded()


def note_loaded() -> None:
    """Note the source of modules that were loaded before `watch`, by Python itself or by the profiler."""
    for name, module in list(sys.modules.items()):
        place = getattr(module, "__file__", None)
        if name not in ("__main__", *_sources) and place and SCRIPTS in Path(place).parents:
            _sources[name] = Path(place).read_bytes()


def expect(planned: Mapping[str, str]) -> None:
    """Hold the script and all modules, those of now and those that are loaded later, against a plan.

    Args:
        planned: digest (`common.syntax_digest.digest`) by the module's name; nothing is asked of an empty one.

    Raises `ModuleChangedError`.
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
    """Raise `ModuleChangedError` unless a module is the planned one or of the frame of a job, or nothing is planned."""
    if _planned and name not in FRAME and _planned.get(name) != syntax_digest.digest(ast.parse(_sources[name])):
        raise ModuleChangedError(name, path)
