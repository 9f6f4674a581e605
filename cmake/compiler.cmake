# SPDX-License-Identifier: Apache-2.0
# What every target is compiled with. One compiler, named here, and a clear word when it is another.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang"
   OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19
   OR CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 20)
  message(FATAL_ERROR
    "Causeway is built with clang 19, not with ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}: "
    "GCC 12 miscompiles common forms of coroutines, and lint, sanitizers and program must agree on the language.\n"
    "Run ./dev build, which installs it, or configure with a preset: cmake --preset release")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(CAUSEWAY_NATIVE "Compile for this machine only" OFF)
option(CAUSEWAY_WERROR "Warnings are errors" ON)
option(CAUSEWAY_TESTS "Build the test programs; needs GoogleTest" ON)
option(CAUSEWAY_FUZZ "Build the fuzzers with libFuzzer instead of as corpus replayers, and no tests" OFF)
set(CAUSEWAY_SANITIZE "" CACHE STRING "Sanitizers for every target, as -fsanitize takes them")

add_library(causeway_flags INTERFACE)
target_include_directories(causeway_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(causeway_flags INTERFACE _GLIBCXX_ASSERTIONS CAUSEWAY_VERSION="${PROJECT_VERSION}")
# Paths in assertions are those of the repository, whoever compiled it.
target_compile_options(causeway_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough
  -Wunused-result -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-designated-field-initializers
  -fno-omit-frame-pointer -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
target_link_options(causeway_flags INTERFACE -fuse-ld=lld -Wl,--as-needed)

# Hardening: a program at an address of chance (no library of ours is ever shared, so PIE, not PIC),
# stack protector, stack probes, CET; the table of relocations is read-only once linked.
target_compile_options(causeway_flags INTERFACE
  -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full)
target_link_options(causeway_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)

if(CAUSEWAY_WERROR)
  target_compile_options(causeway_flags INTERFACE -Werror)
endif()
if(CAUSEWAY_NATIVE)
  target_compile_options(causeway_flags INTERFACE -march=native)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  target_compile_options(causeway_flags INTERFACE -march=x86-64-v2)
endif()

if(CAUSEWAY_SANITIZE)
  target_compile_options(causeway_flags INTERFACE
    -fsanitize=${CAUSEWAY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(causeway_flags INTERFACE -fsanitize=${CAUSEWAY_SANITIZE})
endif()
if(CAUSEWAY_FUZZ)
  target_compile_options(causeway_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(causeway_flags INTERFACE _FORTIFY_SOURCE=3)
  target_compile_options(causeway_flags INTERFACE -flto=thin)
  target_link_options(causeway_flags INTERFACE -flto=thin
    -Wl,--thinlto-cache-dir=${PROJECT_BINARY_DIR}/thinlto,--thinlto-cache-policy=cache_size_bytes=1g)
endif()

# ccache, when it is there. It takes precompiled headers only when told that their defines and times
# do not matter, which holds: clang is told to keep no time in them.
find_program(CAUSEWAY_CCACHE NAMES ccache DOC "Compiler cache")
mark_as_advanced(CAUSEWAY_CCACHE)
if(CAUSEWAY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CAUSEWAY_CCACHE})
endif()
