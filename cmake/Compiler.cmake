# The compiler, its flags and the sanitizers.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "GCC ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines: it destroys aggregate temporaries in co_await expressions "
    "twice (a silent double free). Use clang-19:\n"
    "  apt-get install clang-19 lld-19\n"
    "  cmake --preset dev          (or: ./dev build)")
endif()
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR
    "Ptarmigan is built and tested with clang 19 or newer, not with ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}. "
    "Install clang-19 and configure with: cmake --preset dev")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

option(PTARMIGAN_TESTS "Build the unit tests" ON)
option(PTARMIGAN_FUZZ "Build the libFuzzer targets" OFF)
set(PTARMIGAN_SANITIZE "" CACHE STRING "address (with undefined), thread, or empty")

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough -Wswitch-enum -Werror=return-type
  -Werror=switch -fstack-protector-strong -fno-omit-frame-pointer
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=) # no path of the building machine in the program
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-O1 -g1)
else()
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
add_link_options(-fuse-ld=lld-19)

if(PTARMIGAN_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(PTARMIGAN_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(NOT PTARMIGAN_SANITIZE STREQUAL "")
  message(FATAL_ERROR "PTARMIGAN_SANITIZE is '${PTARMIGAN_SANITIZE}'; known: address, thread")
endif()
if(PTARMIGAN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
