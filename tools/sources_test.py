# SPDX-License-Identifier: Apache-2.0
import pathlib
import subprocess
import unittest

import loading
import sources


class CodeOnly(unittest.TestCase):
    def test_comments_become_blanks_of_the_same_shape(self):
        text = "int a; // throw\nint b; /* new\n delete */ int c;\n"
        code = sources.code_only(text)
        self.assertEqual([len(line) for line in text.split("\n")], [len(line) for line in code.split("\n")])
        self.assertEqual(code.split(), ["int", "a;", "int", "b;", "int", "c;"])

    def test_strings_are_emptied_and_keep_their_quotes(self):
        self.assertEqual(sources.code_only('f("throw \\" new", 1);'), 'f("            ", 1);')

    def test_a_raw_string_ends_at_its_own_mark(self):
        code = sources.code_only('auto s = R"x(throw )" new\nok)x"; int kept;')
        self.assertNotIn("throw", code)
        self.assertNotIn("new", code)
        self.assertIn("int kept;", code)
        self.assertEqual(code.count("\n"), 1)

    def test_a_separator_in_a_number_begins_no_character(self):
        self.assertEqual(sources.code_only("int a = 10'000; int b = 20'000;"), "int a = 10'000; int b = 20'000;")

    def test_a_quote_as_a_character_begins_no_string(self):
        self.assertEqual(sources.code_only("char c = '\"'; throw x; char d = '\"';"), "char c = ' '; throw x; char d = ' ';")

    def test_a_comment_inside_a_string_is_text(self):
        self.assertIn("int kept", sources.code_only('f("http://x"); int kept;'))

    def test_the_name_in_an_include_is_kept(self):
        self.assertEqual(sources.code_only('#include "base/x.h"  // why'), '#include "base/x.h"        ')


class Files(unittest.TestCase):
    def test_ignored_and_deleted_files_are_left_out(self):
        with loading.tree({"a.cc": "", "gone.cc": "", "build/b.cc": "", ".gitignore": "/build/\n"}) as root:
            subprocess.run(["git", "init", "-q", str(root)], check=True)
            subprocess.run(["git", "-C", str(root), "add", "gone.cc"], check=True)
            (root / "gone.cc").unlink()
            self.assertEqual([str(path) for path in sources.files(root)], [".gitignore", "a.cc"])

    def test_without_git_everything_but_the_build_is_there(self):
        with loading.tree({"src/a.cc": "", "build/b.cc": ""}) as root:
            self.assertEqual([str(path) for path in sources.files(root)], ["src/a.cc"])


class IsTest(unittest.TestCase):
    def test_is_told_by_the_end_of_the_name(self):
        for name, expected in (("x_test.cc", True), ("x_fuzz.cc", True), ("x_bench.cc", True), ("x_test.h", True),
                               ("test.cc", False), ("x_test_data.cc", False), ("latest.cc", False)):
            self.assertEqual(sources.is_test(pathlib.PurePosixPath("src/base", name)), expected, name)


if __name__ == "__main__":
    unittest.main()
