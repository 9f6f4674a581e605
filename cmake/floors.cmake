# SPDX-License-Identifier: Apache-2.0
# One library per folder of src/:
#
#   causeway_folder(<name> FLOORS <folders below> LINK <libraries> TEST_FLOORS <more, for its tests>
#                   PROGRAM <what main.cc becomes>)
#
# takes every source of the folder. *_test.cc become the program <name>_tests; each *_fuzz.cc a program
# that replays its corpus in the test run, or searches in the fuzz preset; the *_bench.cc of a release
# build the program <name>_bench. FLOORS are the only folders whose headers may be included, and
# tools/floors holds the sources to it. For all folders together there are the targets unit_tests,
# fuzzers, micro_benches and header_check.
if(CAUSEWAY_TESTS AND NOT CAUSEWAY_FUZZ)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  find_package(benchmark QUIET)  # micro-benchmarks are for who has it; the program does not wait for it
endif()

add_custom_target(unit_tests)
add_custom_target(fuzzers)
add_custom_target(micro_benches)
add_custom_target(header_check)

# Sanitized tests take several times as long.
set(CAUSEWAY_TEST_SECONDS_MAX 120)
if(CAUSEWAY_SANITIZE)
  set(CAUSEWAY_TEST_SECONDS_MAX 300)
endif()

# GoogleTest is two thirds of what a small test compiles. Parsed once, it is shared by all test programs.
if(CAUSEWAY_TESTS AND NOT CAUSEWAY_FUZZ)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/test_headers.cc CONTENT "")
  add_library(causeway_test_headers OBJECT ${PROJECT_BINARY_DIR}/test_headers.cc)
  target_link_libraries(causeway_test_headers PRIVATE causeway_flags GTest::gtest GTest::gmock)
  target_compile_options(causeway_test_headers PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  target_precompile_headers(causeway_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
endif()

# The folder's tests, as one program; each TEST is a test of its own to ctest.
function(causeway_tests name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name}_tests ${arg_SOURCES})
  target_link_libraries(${name}_tests PRIVATE ${arg_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_tests PRIVATE CAUSEWAY_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_precompile_headers(${name}_tests REUSE_FROM causeway_test_headers)
  add_dependencies(unit_tests ${name}_tests)
  gtest_discover_tests(${name}_tests TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${CAUSEWAY_TEST_SECONDS_MAX} LABELS unit)
endfunction()

# One fuzzer. Its corpus is fuzz/corpus/<the file's name>.
function(causeway_fuzzer source)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  get_filename_component(stem ${source} NAME_WE)
  add_executable(${stem} ${source})
  target_link_libraries(${stem} PRIVATE ${arg_LINK})
  if(CAUSEWAY_FUZZ)
    target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers ${stem})
  else()
    target_sources(${stem} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/replay_main.cc)
    add_dependencies(unit_tests ${stem})
    add_test(NAME fuzz_replay.${stem} COMMAND ${stem} ${PROJECT_SOURCE_DIR}/fuzz/corpus/${stem})
    set_tests_properties(fuzz_replay.${stem} PROPERTIES TIMEOUT ${CAUSEWAY_TEST_SECONDS_MAX} LABELS fuzz)
  endif()
endfunction()

function(causeway_folder name)
  cmake_parse_arguments(arg "" "PROGRAM" "FLOORS;LINK;TEST_FLOORS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "causeway_folder(${name}): ${arg_UNPARSED_ARGUMENTS} belongs to no keyword")
  endif()
  set(here ${CMAKE_CURRENT_SOURCE_DIR})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${here}/*.h)
  file(GLOB_RECURSE all CONFIGURE_DEPENDS ${here}/*.cc)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "(_(test|fuzz|bench)|/main)\\.cc$")
  foreach(kind test fuzz bench)
    set(${kind}_sources ${all})
    list(FILTER ${kind}_sources INCLUDE REGEX "_${kind}\\.cc$")
  endforeach()
  list(TRANSFORM arg_FLOORS PREPEND causeway_ OUTPUT_VARIABLE floors)
  list(TRANSFORM arg_TEST_FLOORS PREPEND causeway_ OUTPUT_VARIABLE test_floors)

  set(target causeway_${name})
  if(sources)
    set(scope PUBLIC)
    add_library(${target} STATIC ${sources})
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  target_link_libraries(${target} ${scope} causeway_flags ${arg_LINK} ${floors})

  if(arg_PROGRAM)
    add_executable(${arg_PROGRAM} ${here}/main.cc)
    target_link_libraries(${arg_PROGRAM} PRIVATE ${target})
  endif()

  # A header compiles alone: CMake makes a source of each, which includes it and nothing else.
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${headers})
  if(headers)
    set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
    add_dependencies(header_check ${target}_verify_interface_header_sets)
  endif()

  if(test_sources AND CAUSEWAY_TESTS AND NOT CAUSEWAY_FUZZ)
    causeway_tests(${name} SOURCES ${test_sources} LINK ${target} ${test_floors})
  endif()
  if(CAUSEWAY_TESTS OR CAUSEWAY_FUZZ)
    foreach(source ${fuzz_sources})
      causeway_fuzzer(${source} LINK ${target} ${test_floors})
    endforeach()
  endif()
  if(bench_sources AND benchmark_FOUND)
    add_executable(${name}_bench EXCLUDE_FROM_ALL ${bench_sources})
    target_link_libraries(${name}_bench PRIVATE ${target} ${test_floors} benchmark::benchmark benchmark::benchmark_main)
    add_dependencies(micro_benches ${name}_bench)
  endif()
endfunction()
