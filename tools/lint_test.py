# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import unittest
from unittest import mock

import loading

lint = loading.load("lint")

TREE = {
    "src/base/a.h": "",
    "src/base/a.cc": '#include "base/a.h"\n',
    "src/base/a_test.cc": '#include "base/a.h"\n',
    "src/base/b.h": "",  # without a source of its own
    "src/net/n.cc": '#include "base/a.h"\n#include "base/b.h"\n',
}
SOURCES = {name for name in TREE if name.endswith(".cc")}


def git(root, *arguments):
    identity = {name: "x" for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")}
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, env=os.environ | identity)


class Affected(unittest.TestCase):
    def affected(self, changed):
        with loading.tree(TREE) as root:
            return lint.affected(root, SOURCES, changed)

    def test_a_changed_source_is_looked_at(self):
        self.assertEqual(self.affected({"src/net/n.cc", "README.md"}), ["src/net/n.cc"])

    def test_a_changed_header_brings_the_sources_of_its_name(self):
        self.assertEqual(self.affected({"src/base/a.h"}), ["src/base/a.cc", "src/base/a_test.cc"])

    def test_a_header_without_source_brings_all_that_include_it(self):
        self.assertEqual(self.affected({"src/base/b.h"}), ["src/net/n.cc"])

    def test_the_configuration_brings_everything(self):
        self.assertEqual(self.affected({".clang-tidy"}), sorted(SOURCES))
        self.assertEqual(self.affected(None), sorted(SOURCES))

    def test_nothing_brings_nothing(self):
        self.assertEqual(self.affected(set()), [])


class Changed(unittest.TestCase):
    def test_on_the_main_branch_it_is_the_last_commit_and_the_work_on_it(self):
        with loading.tree({"one": "", "two": ""}) as root:
            git(root, "init", "-q", "-b", "main")
            self.assertIsNone(lint.changed_files(root))
            git(root, "add", "one")
            git(root, "commit", "-q", "-m", "one")
            self.assertIsNone(lint.changed_files(root))
            git(root, "add", "two")
            git(root, "commit", "-q", "-m", "two")
            (root / "three").write_text("")
            self.assertEqual(lint.changed_files(root), {"two", "three"})

    def test_on_a_branch_it_is_all_since_the_branch_began(self):
        with loading.tree({"one": ""}) as root:
            git(root, "init", "-q", "-b", "main")
            git(root, "add", "one")
            git(root, "commit", "-q", "-m", "one")
            git(root, "checkout", "-q", "-b", "topic")
            for name in ("two", "three"):
                (root / name).write_text("")
                git(root, "add", name)
                git(root, "commit", "-q", "-m", name)
            self.assertEqual(lint.changed_files(root), {"two", "three"})


class Run(unittest.TestCase):
    def run_with(self, script):
        """Lints one file with `script` in the place of clang-tidy; returns the number of failures and the output."""
        with loading.tree({"a.cc": "", "clang-tidy": f"#!/bin/sh\n{script}\n"}) as root:
            (root / "clang-tidy").chmod(0o755)
            printed = []
            with mock.patch.object(lint, "CLANG_TIDY", str(root / "clang-tidy")), \
                    mock.patch("builtins.print", lambda text, **_: printed.append(text)):
                return lint.run(root, root / "build", ["a.cc"], 2), "\n".join(printed)

    def test_a_clean_file_is_silent(self):
        failed, printed = self.run_with("echo 30 warnings generated >&2")
        self.assertEqual(failed, 0)
        self.assertNotIn("generated", printed)

    def test_a_complaint_is_shown_and_counted(self):
        failed, printed = self.run_with("echo 'a.cc:1: bad'; exit 1")
        self.assertEqual(failed, 1)
        self.assertIn("a.cc:1: bad", printed)

    def test_a_crash_without_a_word_counts(self):
        self.assertEqual(self.run_with("exit 139")[0], 1)


class Compiled(unittest.TestCase):
    def test_generated_sources_are_left_out(self):
        with loading.tree({"src/a.cc": ""}) as root:
            build = root / "build"
            build.mkdir()
            commands = [{"directory": str(build), "file": str(root / "src/a.cc")},
                        {"directory": str(build), "file": str(build / "made.cc")}]
            (build / "compile_commands.json").write_text(json.dumps(commands))
            self.assertEqual(lint.compiled_sources(root, build), {"src/a.cc"})


if __name__ == "__main__":
    unittest.main()
