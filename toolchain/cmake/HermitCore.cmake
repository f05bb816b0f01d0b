# CMake toolchain file: cmake -DCMAKE_TOOLCHAIN_FILE=PREFIX/cmake/HermitCore.cmake ...
#
# Everything is found from this file's own place, so the prefix can be moved.

get_filename_component(HERMIT_PREFIX "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

# The program's interface is Linux's, so projects' checks for Linux are right; HERMIT tells the
# difference where one is wanted.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(HERMIT TRUE)
set(HERMITCORE TRUE)

set(HERMIT_TOOL ${HERMIT_PREFIX}/bin/x86_64-hermit-)
set(CMAKE_C_COMPILER ${HERMIT_TOOL}gcc)
set(CMAKE_CXX_COMPILER ${HERMIT_TOOL}g++)
set(CMAKE_Fortran_COMPILER ${HERMIT_TOOL}gfortran)
set(CMAKE_Go_COMPILER ${HERMIT_TOOL}gccgo)
set(CMAKE_ASM_COMPILER ${HERMIT_TOOL}gcc)

# try_run(), add_test() and add_custom_command() run programs by this.
set(CMAKE_CROSSCOMPILING_EMULATOR ${HERMIT_PREFIX}/bin/proxy)

# One static file a program: see the rules for what this takes.
set(BUILD_SHARED_LIBS OFF CACHE BOOL "Hermit loads no shared libraries")
set(CMAKE_USER_MAKE_RULES_OVERRIDE ${CMAKE_CURRENT_LIST_DIR}/HermitCore-Rules.cmake)

# For project(... LANGUAGES Go).
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR}/Modules)
