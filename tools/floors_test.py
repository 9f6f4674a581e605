# SPDX-License-Identifier: Apache-2.0
import unittest

import loading

floors = loading.load("floors")

CMAKE = "# comment (with brackets)\ncauseway_folder({})\n"


def complaints_of(files):
    with loading.tree(files) as root:
        return floors.check(root)


def two_folders(lower, upper, source="x.cc", keyword="FLOORS"):
    """A tree in which `upper`/`source` includes a header of `lower`, with a fitting CMakeLists.txt in each."""
    return {
        f"src/{lower}/CMakeLists.txt": CMAKE.format(lower),
        f"src/{lower}/a.h": "",
        f"src/{upper}/CMakeLists.txt": CMAKE.format(f"{upper} {keyword} {lower}"),
        f"src/{upper}/{source}": f'// first line\n#include "{lower}/a.h"\n',
    }


class Includes(unittest.TestCase):
    def test_downward_is_fine(self):
        self.assertEqual(complaints_of(two_folders("base", "net")), [])

    def test_upward_is_refused_with_its_place(self):
        self.assertIn('src/base/x.cc:2: base (floor 0) may not include "net/a.h" (floor 4)',
                      complaints_of(two_folders("net", "base")))

    def test_sideways_is_refused(self):
        for left, right in (("model", "wire"), ("observe", "model"), ("proxy", "tunnel")):
            self.assertTrue(any("may not include" in one for one in complaints_of(two_folders(left, right))))

    def test_tests_may_include_sim_and_the_program_may_not(self):
        self.assertEqual(complaints_of(two_folders("sim", "runtime", "x_test.cc", "TEST_FLOORS")), [])
        self.assertEqual(complaints_of(two_folders("sim", "proxy", "x_fuzz.cc", "TEST_FLOORS")), [])
        self.assertTrue(any('may not include "sim/a.h"' in one for one in complaints_of(two_folders("sim", "proxy"))))

    def test_sim_stands_on_floor_five(self):
        self.assertEqual(complaints_of(two_folders("upstream", "sim")), [])
        self.assertTrue(any("may not include" in one for one in complaints_of(two_folders("proxy", "sim"))))

    def test_internal_is_for_its_own_folder(self):
        files = two_folders("base", "net")
        files["src/base/internal/b.h"] = ""
        files["src/base/b.cc"] = '#include "base/internal/b.h"\n'
        self.assertEqual(complaints_of(files), [])
        files["src/net/y.cc"] = '#include "base/internal/b.h"\n'
        self.assertEqual(complaints_of(files), ['src/net/y.cc:1: "base/internal/b.h" is internal to base'])

    def test_an_include_of_nowhere_is_refused(self):
        files = two_folders("base", "net")
        files["src/net/x.cc"] += '#include "a.h"\n#include "lib/a.h"\n#include "base/none.h"\n#include <base/a.h>\n'
        self.assertEqual(complaints_of(files), [
            'src/net/x.cc:3: "a.h" names no folder: includes are relative to src/',
            'src/net/x.cc:4: "lib/a.h" is in no folder that has a floor',
            "src/net/x.cc:5: there is no src/base/none.h",
            'src/net/x.cc:6: <base/a.h> is ours: "base/a.h"',
        ])

    def test_an_include_in_a_comment_is_none(self):
        files = two_folders("base", "net")
        files["src/net/y.cc"] = '// #include "app/a.h"\n/*\n#include "app/a.h"\n*/\n'
        self.assertEqual(complaints_of(files), [])

    def test_a_folder_without_a_floor_is_refused(self):
        files = {"src/misc/CMakeLists.txt": CMAKE.format("misc"), "src/misc/x.cc": ""}
        self.assertEqual(complaints_of(files), ["src/misc/x.cc:1: src/misc has no floor; floors are listed in tools/floors"])


class Cmake(unittest.TestCase):
    def test_a_floor_that_is_used_must_be_named(self):
        files = two_folders("base", "net")
        files["src/net/CMakeLists.txt"] = CMAKE.format("net")
        self.assertEqual(complaints_of(files), ["src/net/x.cc:2: base is not among the FLOORS of src/net/CMakeLists.txt"])

    def test_a_floor_that_is_named_must_be_used(self):
        files = two_folders("base", "net")
        files["src/net/CMakeLists.txt"] = CMAKE.format("net FLOORS base os LINK fmt::fmt TEST_FLOORS sim")
        self.assertEqual(complaints_of(files), [
            "src/net/CMakeLists.txt:1: FLOORS names os, which nothing here includes",
            "src/net/CMakeLists.txt:1: TEST_FLOORS names sim, which no test here includes",
        ])

    def test_a_floor_above_may_not_be_named(self):
        files = two_folders("base", "net")
        files["src/net/CMakeLists.txt"] = CMAKE.format("net FLOORS base proxy")
        self.assertIn("src/net/CMakeLists.txt:1: net (floor 4) may not stand on proxy (floor 6)", complaints_of(files))

    def test_the_name_is_that_of_the_folder(self):
        files = two_folders("base", "net")
        files["src/base/CMakeLists.txt"] = CMAKE.format("model")
        self.assertEqual(complaints_of(files), ["src/base/CMakeLists.txt:1: causeway_folder(model) stands in src/base"])

    def test_a_folder_with_sources_has_one(self):
        self.assertEqual(complaints_of({"src/base/x.cc": ""}), ["src/base:1: has sources but no CMakeLists.txt"])


if __name__ == "__main__":
    unittest.main()
