# SPDX-License-Identifier: MIT
# Language standards, warnings and sanitizers for everything in this tree.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
# POSIX in spite of -std=c11.  Empty, so that a file may define it itself.
add_compile_definitions(_DEFAULT_SOURCE=)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# A cache entry: SystemC dictates the C++ standard (see IovpSystemC.cmake).
if(IOVP_SYSTEMC)
  set(CMAKE_CXX_STANDARD 17 CACHE STRING "C++ standard")
  set(CMAKE_CXX_STANDARD_REQUIRED ON)
  set(CMAKE_CXX_EXTENSIONS OFF)
  set(CMAKE_CXX_VISIBILITY_PRESET hidden)
  set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
endif()

add_compile_options(-Wall -Wextra -Wshadow
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
  $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>)
set(IOVP_WARNINGS_TEXT "reported")
if(IOVP_WERROR)
  add_compile_options(-Werror)
  set(IOVP_WARNINGS_TEXT "errors")
endif()

# gcc would gather neighbouring fields in vector registers to store them at
# once, which takes longer than the stores: 3 % of a translation.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:C>:-fno-tree-slp-vectorize>)
endif()

# A fused multiply-add would make figures differ between processors.
add_compile_options(-ffp-contract=off)

set(IOVP_NO_UNDEFINED -Wl,--no-undefined)
if(IOVP_SANITIZE STREQUAL "thread")
  set(sanitizers thread)
else()
  set(sanitizers address,undefined)
endif()
if(IOVP_SANITIZE)
  add_compile_options(-fsanitize=${sanitizers}
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${sanitizers})
  if(CMAKE_C_COMPILER_ID MATCHES Clang)
    # clang's sanitizer runtime is in the executable only.
    set(IOVP_NO_UNDEFINED "")
  endif()
endif()
