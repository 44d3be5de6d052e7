# SPDX-License-Identifier: MIT
# iovp_find_systemc([REQUIRED]) makes the target iovp::systemc and sets
# IOVP_SYSTEMC_FOUND_BY.  Installed too: iovpConfig.cmake uses it.
#
# SYSTEMC_HOME (variable or environment) wins if it is set; otherwise the CMake
# package SystemCLanguage, then pkg-config.

set(IOVP_SYSTEMC_PROBE [[
#include <systemc>
int sc_main(int, char **)
{
    sc_core::sc_start();
    return 0;
}
]])

function(iovp_systemc_from_home home)
  find_package(SystemCLanguage CONFIG QUIET PATHS ${home} NO_DEFAULT_PATH)
  if(TARGET SystemC::systemc)
    target_link_libraries(iovp::systemc INTERFACE SystemC::systemc)
  else()
    find_path(IOVP_SYSTEMC_INCLUDE_DIR systemc
      PATHS ${home}/include ${home}/src REQUIRED NO_DEFAULT_PATH)
    find_library(IOVP_SYSTEMC_LIBRARY systemc REQUIRED NO_DEFAULT_PATH
      PATHS ${home}/lib ${home}/lib64 ${home}/lib-linux64
      ${home}/lib-linuxaarch64 ${home}/lib/${CMAKE_LIBRARY_ARCHITECTURE})
    mark_as_advanced(IOVP_SYSTEMC_INCLUDE_DIR IOVP_SYSTEMC_LIBRARY)
    target_include_directories(iovp::systemc SYSTEM INTERFACE
      ${IOVP_SYSTEMC_INCLUDE_DIR})
    target_link_libraries(iovp::systemc INTERFACE ${IOVP_SYSTEMC_LIBRARY})
  endif()
  set(IOVP_SYSTEMC_FOUND_BY "SYSTEMC_HOME ${home}" PARENT_SCOPE)
endfunction()

function(iovp_systemc_from_system)
  find_package(SystemCLanguage CONFIG QUIET)
  if(TARGET SystemC::systemc)
    target_link_libraries(iovp::systemc INTERFACE SystemC::systemc)
    set(IOVP_SYSTEMC_FOUND_BY
      "${SystemCLanguage_VERSION} (CMake package)" PARENT_SCOPE)
    return()
  endif()
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(IOVP_PC_SYSTEMC QUIET IMPORTED_TARGET systemc)
  endif()
  if(TARGET PkgConfig::IOVP_PC_SYSTEMC)
    target_link_libraries(iovp::systemc INTERFACE PkgConfig::IOVP_PC_SYSTEMC)
    set(IOVP_SYSTEMC_FOUND_BY
      "${IOVP_PC_SYSTEMC_VERSION} (pkg-config)" PARENT_SCOPE)
  endif()
endfunction()

function(iovp_systemc_links standard result)
  try_compile(linked SOURCE_FROM_VAR probe.cpp IOVP_SYSTEMC_PROBE
    LINK_LIBRARIES iovp::systemc OUTPUT_VARIABLE log
    CXX_STANDARD ${standard} CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
  set(${result} ${linked} PARENT_SCOPE)
  set(IOVP_SYSTEMC_LOG "${log}" PARENT_SCOPE)
endfunction()

# SystemC refuses at link time what was compiled for another C++ standard.
function(iovp_systemc_probe)
  set(tested IOVP_SYSTEMC_LINKS_CXX${CMAKE_CXX_STANDARD})
  if(${tested})
    return()
  endif()
  iovp_systemc_links(${CMAKE_CXX_STANDARD} ok)
  if(ok)
    set(${tested} ON CACHE INTERNAL "SystemC links with this C++ standard")
    return()
  endif()
  set(log "${IOVP_SYSTEMC_LOG}")
  foreach(standard IN ITEMS 17 20 14 23 11)
    iovp_systemc_links(${standard} ok)
    if(ok)
      message(FATAL_ERROR "The installed SystemC was built for "
        "C++${standard}, not C++${CMAKE_CXX_STANDARD}: configure with "
        "-DCMAKE_CXX_STANDARD=${standard}.")
    endif()
  endforeach()
  message(FATAL_ERROR "SystemC (${IOVP_SYSTEMC_FOUND_BY}) was found, but a "
    "program that uses it does not build with any C++ standard:\n${log}")
endfunction()

macro(iovp_find_systemc)
  if(NOT TARGET iovp::systemc)
    add_library(iovp::systemc INTERFACE IMPORTED)
    set(IOVP_SYSTEMC_FOUND_BY "")
    if(NOT SYSTEMC_HOME AND DEFINED ENV{SYSTEMC_HOME})
      set(SYSTEMC_HOME $ENV{SYSTEMC_HOME})
    endif()
    if(SYSTEMC_HOME)
      iovp_systemc_from_home(${SYSTEMC_HOME})
    else()
      iovp_systemc_from_system()
    endif()
  endif()
  if("${ARGN}" STREQUAL "REQUIRED")
    if(NOT IOVP_SYSTEMC_FOUND_BY)
      message(FATAL_ERROR "SystemC was not found: install libsystemc-dev, set "
        "SYSTEMC_HOME, or configure with -DIOVP_SYSTEMC=OFF.")
    endif()
    iovp_systemc_probe()
  endif()
endmacro()
