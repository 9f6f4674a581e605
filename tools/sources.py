# SPDX-License-Identifier: Apache-2.0
"""The files of the repository, and C++ text with its comments and strings taken out. For floors, tidy and lint."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent

CPP_SUFFIXES = (".cc", ".h")

# One alternative per thing that must be read as a whole. Numbers come before characters, so that the
# separator of 10'000 begins no literal.
TOKEN = re.compile(
    r"""
    (?P<comment> //[^\n]*(?:\\\n[^\n]*)* | /\*.*?\*/ )
  | (?P<raw>     (?:u8|[uUL])?R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)" )
  | (?P<string>  (?:u8|[uUL])?"(?:\\.|[^"\\\n])*" )
  | (?P<number>  \.?[0-9](?:'?[0-9A-Za-z_.]|(?<=[eEpP])[+-])* )
  | (?P<word>    [A-Za-z_]\w* )
  | (?P<char>    '(?:\\.|[^'\\\n])+' )
    """,
    re.VERBOSE | re.DOTALL,
)


def files(root=ROOT):
    """Paths of all files, relative to `root`: what git tracks or would track, or, without git, what is there."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False) if (root / ".git").exists() else None
    if listed is not None and listed.returncode == 0:
        paths = [pathlib.PurePosixPath(name) for name in listed.stdout.decode().split("\0") if name]
        return sorted({path for path in paths if (root / path).is_file()})
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in (".git", "build", "__pycache__")]
        found += [pathlib.PurePosixPath(pathlib.Path(folder, name).relative_to(root)) for name in names]
    return sorted(found)


def _blank(text, keep=0):
    """As many columns and lines as `text`, with nothing in them but its first and last `keep` characters."""
    middle = "".join("\n" if c == "\n" else " " for c in text[keep:len(text) - keep])
    return text[:keep] + middle + text[len(text) - keep:] if keep else middle


def without_comments(text):
    """C++ text with its comments blanked; lines and columns stay where they were."""
    return TOKEN.sub(lambda m: _blank(m[0]) if m["comment"] else m[0], text)


def code_only(text):
    """C++ text with comments blanked and strings and characters emptied; lines and columns stay."""
    def replace(m):
        if m["comment"]:
            return _blank(m[0])
        if m["raw"] or m["string"]:
            start = m[0].index('"')
            return " " * start + _blank(m[0][start:], keep=1)
        if m["char"]:
            return _blank(m[0], keep=1)
        return m[0]

    # The name between the quotes of an #include is no string.
    return "\n".join(
        line if line.lstrip().startswith("#include") else coded
        for line, coded in zip(without_comments(text).split("\n"), TOKEN.sub(replace, text).split("\n")))


def is_test(path):
    """Whether a C++ file is one of tests, fuzzers and benchmarks and not part of the program. What several
    tests of a folder share is a header named `internal/<what>_test_<noun>.h`."""
    return re.search(r"_(test|fuzz|bench)\.(cc|h)$|_test_\w+\.h$", path.name) is not None
