# SPDX-License-Identifier: Apache-2.0
import pathlib
import unittest

import loading

tidy = loading.load("tidy")

LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"
HEAD = LICENCE + "// A thing that is made for this test alone.\n#pragma once\n"


def complaints_of(path, text):
    """The names of the rules that `text` breaks, in the order of its lines."""
    return [sentence.split(":")[0] for _, sentence in sorted(tidy.check_text(pathlib.PurePosixPath(path), text))]


def complaints_of_code(code, path="src/proxy/x.cc"):
    return complaints_of(path, LICENCE + code)


class Heads(unittest.TestCase):
    def test_the_licence_comes_first(self):
        self.assertEqual(complaints_of("src/base/x.cc", "int x;\n"), ["licence"])
        self.assertEqual(complaints_of("src/base/x.cc", LICENCE), [])

    def test_the_licence_follows_the_interpreter(self):
        self.assertEqual(complaints_of("dev", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n"), [])
        self.assertEqual(complaints_of("dev", "#!/bin/sh\necho\n"), ["licence"])

    def test_a_header_says_what_it_is_for(self):
        self.assertEqual(complaints_of("src/base/x.h", HEAD), [])
        self.assertEqual(complaints_of("src/base/x.h", LICENCE + "#pragma once\n"), ["head"])

    def test_a_header_is_read_once(self):
        self.assertEqual(complaints_of("src/base/x.h", HEAD.replace("#pragma once\n", "")), ["head"])


class Sizes(unittest.TestCase):
    def lines(self, count, head=""):
        return LICENCE + head + "int x;\n" * (count - 1 - head.count("\n"))

    def test_six_hundred_lines_are_enough(self):
        self.assertEqual(complaints_of("src/base/x.cc", self.lines(600)), [])
        self.assertEqual(complaints_of("src/base/x.cc", self.lines(601)), ["size", "size"])

    def test_more_is_explained_and_accepted(self):
        tidy.LONG_FILES["src/base/long.cc"] = 700
        self.addCleanup(tidy.LONG_FILES.clear)
        head = "// Over 600 lines because the table is one.\n"
        self.assertEqual(complaints_of("src/base/long.cc", self.lines(700, head)), [])
        self.assertEqual(complaints_of("src/base/long.cc", self.lines(700)), ["size"])
        self.assertEqual(complaints_of("src/base/long.cc", self.lines(701, head)), ["size"])

    def test_what_shrank_stays_small(self):
        tidy.LONG_FILES["src/base/long.cc"] = 700
        self.addCleanup(tidy.LONG_FILES.clear)
        self.assertEqual(complaints_of("src/base/long.cc", self.lines(500)), ["size"])

    def test_a_thousand_lines_never_land(self):
        tidy.LONG_FILES["src/base/long.cc"] = 2000
        self.addCleanup(tidy.LONG_FILES.clear)
        self.assertIn("size", complaints_of("src/base/long.cc", self.lines(1001, "// Over 600 lines because.\n")))


class Words(unittest.TestCase):
    BANNED = {
        "clock": ["auto t = std::chrono::steady_clock::now();", "clock_gettime(CLOCK_MONOTONIC, &t);", "time(nullptr);"],
        "socket": ["int s = ::socket(1, 2, 3);", "if (::connect (s, a, n) < 0) f();", "epoll_wait(e, v, n, -1);"],
        "throw": ["throw Oops{};"],
        "new": ["auto* p = new int;", "auto* p = ::new (place) T;"],
        "delete": ["delete p;", "delete[] p;"],
        "operator-new": ["void* operator new(std::size_t n);"],
        "number-parsing": ["long v = strtol(s, &e, 10);", "int v = std::stoi(s);", "int v = atoi(s);"],
        "regex": ["std::regex r;", "#include <regex>", "std::smatch m; std::cregex_iterator i;"],
        "sleep": ["std::this_thread::sleep_for(1s);", "usleep(1);", "::sleep(1);"],
        "shared_ptr": ["std::shared_ptr<int> p;", "auto p = std::make_shared<int>();"],
        "std-format": ['auto s = std::format("x");', "std::println(x);", "std::generator<int> g();"],
        "using-namespace": ["using namespace std;"],
        "detach": ["thread.detach();"],
    }

    def test_each_is_found(self):
        for name, lines in self.BANNED.items():
            for line in lines:
                with self.subTest(line):
                    self.assertEqual(set(complaints_of_code(line + "\n")), {name})

    def test_every_rule_has_an_example_here(self):
        self.assertEqual({one.name for one in tidy.RULES}, set(self.BANNED))

    def test_none_is_found_in_comments_and_strings(self):
        for lines in self.BANNED.values():
            for line in lines:
                with self.subTest(line):
                    self.assertEqual(complaints_of_code(f"// {line}\n/* {line} */\n"), [])
                    self.assertEqual(complaints_of_code(f'f(R"x({line})x");\n'), [])

    def test_words_that_only_look_alike_are_fine(self):
        for line in ("X(const X&) = delete;", "X& operator=(X&&) =delete;", "int renewed = new_count;", "auto b = std::bind(f);",
                     "runtime::sleep_for(1s);", "Sleep sleep(at);", "x.connect(y);", "net::connect(y);", "std::format_context c;",
                     "#include <new>", "using namespace std::chrono_literals;", "auto d = idle_time(nullptr_t{});"):
            with self.subTest(line):
                self.assertEqual(complaints_of_code(line + "\n"), [])

    def test_exceptions_are_by_place(self):
        self.assertEqual(complaints_of_code("clock_gettime(c, &t);\n", "src/os/clock.cc"), [])
        self.assertEqual(complaints_of_code("int s = ::socket(1, 2, 3);\n", "src/os/socket.cc"), [])
        self.assertEqual(complaints_of_code("int s = ::socket(1, 2, 3);\n", "src/sim/network.cc"), ["socket"])
        self.assertEqual(complaints_of_code("int s = ::socket(1, 2, 3);\n", "bench/floor/relay.cc"), [])
        self.assertEqual(complaints_of_code("auto* p = ::new (place) T;\n", "src/runtime/frame_pool.cc"), [])

    def test_a_path_of_one_machine_is_found_in_any_file(self):
        self.assertEqual(complaints_of("README.md", "see /home/" + "somebody/x\n"), ["place"])
        self.assertEqual(complaints_of("README.md", "see /etc/causeway, ./build/dev and https://a.example/root/x\n"), [])


class Notes(unittest.TestCase):
    def test_a_nolint_has_a_check_and_a_reason(self):
        self.assertEqual(complaints_of_code("int x;  // NOLINT\n"), ["nolint"])
        self.assertEqual(complaints_of_code("int x;  // NOLINT(check-name)\n"), ["nolint"])
        self.assertEqual(complaints_of_code("int x;  // NOLINTNEXTLINE(check-name): \n"), ["nolint"])
        self.assertEqual(complaints_of_code("int x;  // NOLINT(check-name): the standard wants it\n"), [])
        self.assertEqual(complaints_of_code("// NOLINTBEGIN(a-b): a reason\nint x;\n// NOLINTEND(a-b)\n"), [])

    def test_a_todo_has_a_kind(self):
        self.assertEqual(complaints_of_code("// TODO: later\n"), ["todo"])
        self.assertEqual(complaints_of_code("// TODO(somebody): later\n"), ["todo"])
        self.assertEqual(complaints_of_code("// TODO(perf): batch the writes.\n"), [])


class Awaits(unittest.TestCase):
    def body(self, statement):
        return "Task<void> f() {\n  " + statement + "\n}\n"

    def test_a_statement_of_its_own_is_fine(self):
        for statement in ("const auto got = co_await f(a, {1, 2});", "co_await f();", "co_return co_await f(a, b);",
                          "for (;;) { const auto x = co_await f(); }", "if (x) co_await f();",
                          "if (x) co_return co_await f();", "if (x) {\n co_await f();\n } else {\n co_await g();\n }",
                          "switch (x) { case 1: { const auto y = co_await f(); break; } default: break; }",
                          "auto g = [](int a) -> Task<int> { co_return co_await h(a); };", "do { co_await f(); } while (x);",
                          "while (x) {\n const auto y = co_await f();\n if (y) co_await g();\n }"):
            with self.subTest(statement):
                self.assertEqual(complaints_of_code(self.body(statement)), [])

    def test_hidden_ones_are_found(self):
        for statement in ("if (co_await f()) g();", "if (const auto x = co_await f(); x) g();", "while (!co_await f()) {}",
                          "switch (co_await f()) {}", "g(co_await f());", "const X x{.a = co_await f()};", "X x = {co_await f()};",
                          "for (auto x : co_await f()) {}", "co_return X{co_await f()};", "g(1,\n    co_await f());",
                          "const auto x = a[co_await f()];", "co_return co_await f(co_await g());",
                          "const int x = co_await f() + co_await g();", "EXPECT_EQ(co_await f(), 1);"):
            with self.subTest(statement):
                self.assertIn("await", complaints_of_code(self.body(statement)))

    def test_the_operator_is_no_await(self):
        self.assertEqual(complaints_of_code("struct X { Awaiter operator co_await() && noexcept { return {}; } };\n"), [])


if __name__ == "__main__":
    unittest.main()
