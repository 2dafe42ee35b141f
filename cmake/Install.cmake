# What `cmake --install` puts into a prefix: the program, and the authentication library with its headers, CMake package and
# pkg-config file. `--component auth` installs the library alone. Headers go to include/ptarmigan/{base,dns,message,facts,auth}
# and are included as in this source: #include "auth/authenticate.hpp".

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(auth_libraries auth facts message dns base) # from the top down: the order in which a linker reads them
# What a library keeps for itself.
set(private_headers "(ldns_bridge|grammar|tags|reduce)\\.hpp$")
set(header_folder ${CMAKE_INSTALL_INCLUDEDIR}/ptarmigan)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/ptarmigan)

foreach(library IN LISTS auth_libraries)
  set_target_properties(ptarmigan_${library} PROPERTIES EXPORT_NAME ${library})
  target_include_directories(ptarmigan_${library} INTERFACE $<INSTALL_INTERFACE:${header_folder}>)
  install(TARGETS ptarmigan_${library} EXPORT auth ARCHIVE COMPONENT auth)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/src/${library} DESTINATION ${header_folder} COMPONENT auth
    FILES_MATCHING PATTERN "*.hpp"
    REGEX "/(tests|fuzz|bench)$" EXCLUDE
    REGEX ${private_headers} EXCLUDE)
endforeach()
target_compile_features(ptarmigan_base PUBLIC cxx_std_23)

install(EXPORT auth NAMESPACE ptarmigan:: FILE ptarmiganAuthTargets.cmake DESTINATION ${package_folder} COMPONENT auth)
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/ptarmiganConfig.cmake.in ${CMAKE_BINARY_DIR}/ptarmiganConfig.cmake
  INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break what the one before it promised.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/ptarmiganConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/ptarmiganConfig.cmake ${CMAKE_BINARY_DIR}/ptarmiganConfigVersion.cmake
  DESTINATION ${package_folder} COMPONENT auth)

# The prefix is told from where the file lies, so that the tree may be moved.
file(RELATIVE_PATH prefix_from_pkg_config /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" prefix_from_pkg_config ${prefix_from_pkg_config})
list(TRANSFORM auth_libraries REPLACE "(.+)" "-lptarmigan_\\1" OUTPUT_VARIABLE link_words)
list(JOIN link_words " " link_words)
configure_file(${CMAKE_SOURCE_DIR}/cmake/ptarmigan-auth.pc.in ${CMAKE_BINARY_DIR}/ptarmigan-auth.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/ptarmigan-auth.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT auth)

install(TARGETS ptarmigan RUNTIME COMPONENT program)
