# Outside libraries, found once. Debian package names are in tools/packages/build.txt.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(fmt REQUIRED)
find_package(Boost 1.81 REQUIRED)
if(PTARMIGAN_TESTS)
  find_package(GTest REQUIRED)
endif()

function(ptarmigan_pkg_config target module)
  pkg_check_modules(${target} REQUIRED IMPORTED_TARGET ${module})
  add_library(lib::${target} ALIAS PkgConfig::${target})
endfunction()

ptarmigan_pkg_config(ldns ldns)
# libunbound's .pc file asks for libevent's, which the library itself does not need.
find_library(UNBOUND_LIBRARY unbound REQUIRED)
find_path(UNBOUND_INCLUDE_DIR unbound-event.h REQUIRED)
add_library(lib::unbound INTERFACE IMPORTED)
target_link_libraries(lib::unbound INTERFACE ${UNBOUND_LIBRARY})
target_include_directories(lib::unbound SYSTEM INTERFACE ${UNBOUND_INCLUDE_DIR})
ptarmigan_pkg_config(sqlite sqlite3)
ptarmigan_pkg_config(idn2 libidn2)
ptarmigan_pkg_config(psl libpsl)
ptarmigan_pkg_config(re2 re2)

find_package(RocksDB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(pugixml REQUIRED)
find_package(ZLIB REQUIRED)
find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)
find_package(CLI11 REQUIRED)
