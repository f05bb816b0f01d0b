# include(PREFIX/cmake/HermitCore-Application.cmake) before project(): the whole project is then
# built for Hermit, without -DCMAKE_TOOLCHAIN_FILE on the command line.

if(PROJECT_NAME)
  message(FATAL_ERROR "HermitCore-Application.cmake must be included before project()")
endif()
if(NOT CMAKE_TOOLCHAIN_FILE)
  set(CMAKE_TOOLCHAIN_FILE ${CMAKE_CURRENT_LIST_DIR}/HermitCore.cmake)
endif()
