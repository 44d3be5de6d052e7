# SPDX-License-Identifier: MIT
# libfdt comes without a pkg-config file.

find_path(IOVP_FDT_INCLUDE_DIR libfdt.h)
find_library(IOVP_FDT_LIBRARY fdt)
mark_as_advanced(IOVP_FDT_INCLUDE_DIR IOVP_FDT_LIBRARY)
if(NOT IOVP_FDT_INCLUDE_DIR OR NOT IOVP_FDT_LIBRARY)
  message(FATAL_ERROR "libfdt was not found: install libfdt-dev.")
endif()

add_library(iovp_fdt INTERFACE IMPORTED)
target_include_directories(iovp_fdt SYSTEM INTERFACE ${IOVP_FDT_INCLUDE_DIR})
target_link_libraries(iovp_fdt INTERFACE ${IOVP_FDT_LIBRARY})
