# SPDX-License-Identifier: MIT
# The installed tree keeps the relative layout of the sources, so that the
# headers' relative includes work:
#   include/iovp/iovp.h, iovp_attrs.h             the C API
#   include/iovp/iovp_dl.h, iovp_unstable.h       for dlopen; the second tier
#   include/iovp/models/...                       cores and SystemC modules
include(CMakePackageConfigHelpers)

set(IOVP_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/iovp)
set(IOVP_HEADER_DIR ${CMAKE_INSTALL_INCLUDEDIR}/iovp)

install(TARGETS iovp EXPORT iovpTargets)
file(RELATIVE_PATH to_lib ${CMAKE_INSTALL_FULL_BINDIR}
  ${CMAKE_INSTALL_FULL_LIBDIR})
set_target_properties(iovp_command PROPERTIES
  INSTALL_RPATH "$ORIGIN/${to_lib}")
install(TARGETS iovp_command)
install(TARGETS iovp_qemu_plugin
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/iovp)
# A SystemC outside the system's folders must still be found.
set_target_properties(iovp PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)

install(FILES docs/iovp.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

set_target_properties(iovp_models PROPERTIES EXPORT_NAME models)
target_include_directories(iovp_models PUBLIC
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS iovp_models EXPORT iovpTargets)
install(EXPORT iovpTargets NAMESPACE iovp:: DESTINATION ${IOVP_CMAKE_DIR})

install(FILES capi/iovp.h capi/iovp_dl.h capi/iovp_unstable.h
  models/common/iovp_attrs.h DESTINATION ${IOVP_HEADER_DIR})
file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
  models/common/*.h models/smmuv3/smmuv3.h
  models/pcie/*.h models/pcie/endpoints/*.h)
list(FILTER headers EXCLUDE REGEX "models/pcie/.*_internal.h$")
if(IOVP_SYSTEMC)
  set_target_properties(iovp_tlm PROPERTIES EXPORT_NAME tlm)
  install(TARGETS iovp_tlm EXPORT iovpTlmTargets)
  install(EXPORT iovpTlmTargets NAMESPACE iovp::
    DESTINATION ${IOVP_CMAKE_DIR})
  install(FILES cmake/IovpSystemC.cmake DESTINATION ${IOVP_CMAKE_DIR})
  file(GLOB tlm_headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
    models/*/tlm/*.h)
  list(APPEND headers ${tlm_headers})
endif()
foreach(header IN LISTS headers)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${header} DESTINATION ${IOVP_HEADER_DIR}/${folder})
endforeach()

file(GLOB python CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
  capi/python/*iovp*.py)
install(FILES ${python}
  DESTINATION ${CMAKE_INSTALL_DATADIR}/iovp/python)
# With the device trees that they use.
file(GLOB python CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
  capi/python/examples/*.py)
install(FILES ${python} capi/examples/soc.dts platforms/arm-soc.dts
  DESTINATION ${CMAKE_INSTALL_DATADIR}/iovp/python/examples)

configure_package_config_file(capi/iovpConfig.cmake.in iovpConfig.cmake
  INSTALL_DESTINATION ${IOVP_CMAKE_DIR})
write_basic_package_version_file(iovpConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/iovpConfig.cmake
  ${PROJECT_BINARY_DIR}/iovpConfigVersion.cmake
  DESTINATION ${IOVP_CMAKE_DIR})
# Relative to the file, so that the installed tree may be moved.
file(RELATIVE_PATH IOVP_PC_TO_PREFIX
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(capi/iovp.pc.in iovp.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/iovp.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
