# Read by CMake after its own rules for Linux, before they are used.

# add_library(... SHARED) becomes static, with CMake's own warning.
set_property(GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS FALSE)
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)

foreach(lang C CXX Fortran ASM Go)
  # -rdynamic and -Wl,-Bdynamic are for a dynamic loader.
  set(CMAKE_SHARED_LIBRARY_LINK_${lang}_FLAGS "")
  set(CMAKE_EXE_LINK_DYNAMIC_${lang}_FLAGS "")
  set(CMAKE_EXE_LINK_STATIC_${lang}_FLAGS "")
  set(CMAKE_SHARED_LIBRARY_RUNTIME_${lang}_FLAG "")
endforeach()
