# `cmake --install`: the programs, and a package so that find_package(quanta CONFIG) gives
# quanta::quanta. The archives of the libraries Quanta uses go along (lib/quanta/), so a consumer
# needs nothing but the prefix.
include(CMakePackageConfigHelpers)

set(quanta_modules core platform format text kernels llm)
set(quanta_installed)
add_library(quanta_all INTERFACE)
add_library(quanta::quanta ALIAS quanta_all)
set_target_properties(quanta_all PROPERTIES EXPORT_NAME quanta)
foreach(module ${quanta_modules})
  if(TARGET quanta_${module})
    target_link_libraries(quanta_all INTERFACE quanta_${module})
    list(APPEND quanta_installed quanta_${module})
  endif()
endforeach()

set(quanta_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/quanta)
install(TARGETS quanta_all ${quanta_installed} EXPORT quantaTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT quantaTargets NAMESPACE quanta:: DESTINATION ${quanta_package_dir})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/runtime/include/quanta
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

get_property(quanta_archive_names GLOBAL PROPERTY quanta_archive_names)
get_property(quanta_archive_targets GLOBAL PROPERTY quanta_archive_targets)
foreach(name target IN ZIP_LISTS quanta_archive_names quanta_archive_targets)
  install(FILES $<TARGET_FILE:${target}>
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/quanta RENAME lib${name}.a)
endforeach()

configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/quantaConfig.cmake.in ${PROJECT_BINARY_DIR}/quantaConfig.cmake
  INSTALL_DESTINATION ${quanta_package_dir} PATH_VARS CMAKE_INSTALL_LIBDIR
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/quantaConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/quantaConfig.cmake ${PROJECT_BINARY_DIR}/quantaConfigVersion.cmake
  DESTINATION ${quanta_package_dir})

if(NOT EMSCRIPTEN)
  foreach(program quanta quanta-convert quanta-train tiss-lite)
    if(TARGET ${program})
      install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
  endforeach()
endif()
