# Go for CMake, by gccgo: a package is one source file or several listed in one target, which is
# compiled file by file; files of one package that need each other's names belong into one file.

if(NOT CMAKE_Go_COMPILER)
  find_program(CMAKE_Go_COMPILER NAMES gccgo)
endif()
mark_as_advanced(CMAKE_Go_COMPILER)
set(CMAKE_Go_COMPILER_ENV_VAR GCCGO)
set(CMAKE_Go_COMPILER_ID GNU)

configure_file(${CMAKE_CURRENT_LIST_DIR}/CMakeGoCompiler.cmake.in ${CMAKE_PLATFORM_INFO_DIR}/CMakeGoCompiler.cmake
               @ONLY)
