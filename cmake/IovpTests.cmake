# SPDX-License-Identifier: MIT
# Each tests/test_<name>.c becomes one program and one CTest entry, labelled
# `unit`; each tests/tlm/test_<name>.cpp likewise, labelled `tlm`.  A scenario of
# tests/boot/boot.py is an entry that is labelled `boot`.

set(IOVP_TEST_REGEX "" CACHE STRING "Build and run only tests named like this")
set(IOVP_TEST_TIMEOUT 120)
if(IOVP_SANITIZE)
  set(IOVP_TEST_TIMEOUT 600)
endif()

set(IOVP_TEST_LSAN LSAN_OPTIONS=print_suppressions=0:suppressions=)
string(APPEND IOVP_TEST_LSAN ${PROJECT_SOURCE_DIR}/tests/data/lsan.supp)

# libsystemc.so must see the sc_main of a test.
set(CMAKE_CXX_VISIBILITY_PRESET default)

# An object library, because libsystemc.so brings a main of its own, which
# would win over one in an archive.
add_library(iovp_shim OBJECT tests/shim/shim.c)
target_include_directories(iovp_shim PUBLIC tests/shim)
if(IOVP_SYSTEMC)
  find_package(GTest REQUIRED)
  target_sources(iovp_shim PRIVATE tests/shim/shim_gtest.cpp)
  target_link_libraries(iovp_shim PUBLIC GTest::gtest)
else()
  target_sources(iovp_shim PRIVATE tests/shim/shim_plain.c)
endif()

add_library(iovp_internal STATIC
  $<TARGET_OBJECTS:iovp_objects> $<TARGET_OBJECTS:iovp_traces>)
target_link_libraries(iovp_internal PUBLIC iovp_objects iovp_traces)

# What several tests share: tests/*.c and tests/tlm/*.cpp without test_, and
# tests/drivers.
iovp_glob(sources tests/*.c tests/drivers/*.c tests/tlm/*.c tests/tlm/*.cpp)
list(FILTER sources EXCLUDE REGEX "^tests/(tlm/)?test_")
# What enumerates the bus for the command does so for tests.
list(APPEND sources platforms/cmd_pci_enum.c)
# What of iovp boot works without QEMU.
list(APPEND sources platforms/qemu/layout.c platforms/qemu/merge.c
  platforms/qemu/image.c platforms/qemu/line.c)
set(IOVP_FIXTURES "")
if(sources)
  add_library(iovp_fixtures STATIC ${sources})
  target_include_directories(iovp_fixtures PRIVATE tests/shim)
  target_link_libraries(iovp_fixtures PUBLIC iovp_internal)
  set(IOVP_FIXTURES iovp_fixtures)
endif()

function(iovp_add_test source label)
  cmake_path(GET source STEM program)
  string(REGEX REPLACE "^test_" "" name ${program})
  if(label STREQUAL tlm)
    set(name tlm_${name})
    set(program test_${name})
  endif()
  add_executable(${program} ${source})
  set_target_properties(${program} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_compile_definitions(${program} PRIVATE
    IOVP_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    IOVP_BINARY_DIR="${PROJECT_BINARY_DIR}")
  # --as-needed: tests of cores run without SystemC being loaded.
  target_link_libraries(${program} PRIVATE iovp_shim -Wl,--as-needed
    ${IOVP_FIXTURES} iovp_internal iovp_driver m)
  add_dependencies(${program} iovp_command)
  add_test(NAME ${name} COMMAND ${program}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES
    LABELS ${label} TIMEOUT ${IOVP_TEST_TIMEOUT}
    ENVIRONMENT "IOVP_COMMAND=${PROJECT_BINARY_DIR}/iovp;${IOVP_TEST_LSAN}")
endfunction()

iovp_glob(tests tests/test_*.c)
list(FILTER tests INCLUDE REGEX "tests/test_.*(${IOVP_TEST_REGEX})")
foreach(test IN LISTS tests)
  iovp_add_test(${test} unit)
endforeach()
# It plays QEMU, whose functions the plugin calls.
if(TARGET test_qemu_plugin)
  set_target_properties(test_qemu_plugin PROPERTIES ENABLE_EXPORTS ON)
endif()
iovp_glob(tests tests/tlm/test_*.cpp)
foreach(test IN LISTS tests)
  iovp_add_test(${test} tlm)
endforeach()

# The shim itself: a program whose failures are expected.
add_executable(shim_selftest tests/tools/shim_selftest.c)
set_target_properties(shim_selftest PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
target_link_libraries(shim_selftest PRIVATE iovp_shim)
add_test(NAME shim_selftest COMMAND
  ${PROJECT_SOURCE_DIR}/tests/tools/shim_selftest.sh
  $<TARGET_FILE:shim_selftest>)
set_tests_properties(shim_selftest PROPERTIES
  LABELS unit TIMEOUT ${IOVP_TEST_TIMEOUT})

# The Python binding.  Sanitizers come with the library, not with Python, so
# their runtime is loaded first; Python keeps memory until its end.
find_package(Python3 3.8 COMPONENTS Interpreter)
if(Python3_FOUND)
  set(environment "IOVP_LIBRARY=$<TARGET_SONAME_FILE:iovp>"
    PYTHONDONTWRITEBYTECODE=1)
  if(IOVP_SANITIZE STREQUAL "thread")
    set(Python3_FOUND FALSE) # Python itself is not built with it
  elseif(IOVP_SANITIZE)
    execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=libasan.so
      OUTPUT_VARIABLE asan OUTPUT_STRIP_TRAILING_WHITESPACE)
    list(APPEND environment LD_PRELOAD=${asan} ASAN_OPTIONS=detect_leaks=0)
  endif()
  if(Python3_FOUND AND
      (NOT IOVP_SANITIZE OR CMAKE_C_COMPILER_ID STREQUAL "GNU"))
    foreach(name IN ITEMS binding examples gen objects)
      add_test(NAME python_${name} COMMAND ${Python3_EXECUTABLE}
        ${PROJECT_SOURCE_DIR}/tests/python/test_${name}.py)
      set_tests_properties(python_${name} PROPERTIES LABELS unit
        TIMEOUT ${IOVP_TEST_TIMEOUT} ENVIRONMENT "${environment}")
    endforeach()
  endif()
endif()

# Kernels and firmware on QEMU's processors: once, in the build that is shipped.
# Status 77 is a skip: no network, no cross compiler ...
if(Python3_FOUND AND IOVP_SYSTEMC AND NOT IOVP_SANITIZE)
  foreach(name IN ITEMS firmware strict lazy passthrough nomsi wild vfio kexec
    speed)
    add_test(NAME boot_${name} COMMAND ${Python3_EXECUTABLE}
      ${PROJECT_SOURCE_DIR}/tests/boot/boot.py $<TARGET_FILE:iovp_command>
      ${PROJECT_BINARY_DIR}/boot/${name} ${name})
    # QEMU is one processor's work, iovp another's.
    set_tests_properties(boot_${name} PROPERTIES LABELS boot TIMEOUT 600
      PROCESSORS 2 SKIP_RETURN_CODE 77 ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
  endforeach()
  # It builds a kernel first: only on demand, with ctest -C sva.
  add_test(NAME sva COMMAND ${Python3_EXECUTABLE}
    ${PROJECT_SOURCE_DIR}/tests/sva/sva.py $<TARGET_FILE:iovp_command>
    ${PROJECT_BINARY_DIR}/sva CONFIGURATIONS sva)
  set_tests_properties(sva PROPERTIES LABELS sva TIMEOUT 7200
    PROCESSORS 2 SKIP_RETURN_CODE 77 ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()
