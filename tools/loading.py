# SPDX-License-Identifier: Apache-2.0
"""For tests of the tools: a tool as a module, and a small tree of files to let it loose on."""

import contextlib
import importlib.machinery
import importlib.util
import pathlib
import sys
import tempfile


def load(name):
    """The tool tools/<name>, which has no suffix that Python would import it by."""
    path = pathlib.Path(__file__).parent / name
    loader = importlib.machinery.SourceFileLoader(f"tool_{name}", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


@contextlib.contextmanager
def tree(files):
    """A directory that holds `files`, path to text, until the end of the block."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield pathlib.Path(root)
