# hermit_add_program(NAME SOURCE... [FLAGS ...] [LIBS ...] [OUTPUT file] [INSTALL dir] [DEPENDS ...])
#
# Builds a Hermit program with the cross driver of the first source's language, as a user would.
# The file is OUTPUT, or NAME in the current binary directory; the target is program-NAME, and
# hermit_program_path(VAR NAME) tells where the file will be. Where the language's compiler is not
# installed, the program is left out with a message (tools/setup brings all of them).

function(hermit_program_driver var source)
  set(driver)
  if(source MATCHES "\\.(c|S)$")
    set(driver gcc)
  elseif(source MATCHES "\\.(cc|cpp|cxx|C)$")
    set(driver g++)
  elseif(source MATCHES "\\.(f|f90|f95|f03|f08|F|F90)$")
    set(driver gfortran)
  elseif(source MATCHES "\\.go$")
    set(driver gccgo)
  else()
    message(FATAL_ERROR "hermit_add_program: ${source}: no driver for this kind of file")
  endif()
  string(TOUPPER HERMIT_HAVE_${driver} have)
  find_program(${have} NAMES ${driver} ${driver}-14 ${driver}-13 ${driver}-12)
  if(NOT ${have})
    set(driver)
  endif()
  set(${var} ${driver} PARENT_SCOPE)
endfunction()

function(hermit_add_program name)
  cmake_parse_arguments(P "" "OUTPUT;INSTALL" "FLAGS;LIBS;DEPENDS" ${ARGN})
  list(GET P_UNPARSED_ARGUMENTS 0 first)
  hermit_program_driver(driver ${first})
  if(NOT driver)
    message(STATUS "${name}: left out, no compiler for ${first} (tools/setup installs it)")
    return()
  endif()
  if(NOT P_OUTPUT)
    set(P_OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name})
  endif()
  set(sources)
  foreach(source ${P_UNPARSED_ARGUMENTS})
    get_filename_component(source ${source} ABSOLUTE)
    list(APPEND sources ${source})
  endforeach()
  get_filename_component(dir ${P_OUTPUT} DIRECTORY)
  file(MAKE_DIRECTORY ${dir})

  # With one C or C++ source the compiler tells which headers it read.
  set(dep)
  list(LENGTH sources count)
  if(driver MATCHES "^g(cc|\\+\\+)$" AND count EQUAL 1)
    set(dep_flags -MMD -MF ${P_OUTPUT}.d -MT ${P_OUTPUT})
    set(dep DEPFILE ${P_OUTPUT}.d)
  endif()
  # Fortran's modules go where the build is.
  if(driver STREQUAL gfortran)
    file(MAKE_DIRECTORY ${P_OUTPUT}.mod.d)
    set(dep_flags -J ${P_OUTPUT}.mod.d)
  endif()
  add_custom_command(OUTPUT ${P_OUTPUT}
                     COMMAND ${HERMIT_TOOLCHAIN_BIN}/x86_64-hermit-${driver} ${P_FLAGS} ${dep_flags}
                             -o ${P_OUTPUT} ${sources} ${P_LIBS}
                     DEPENDS ${sources} ${P_DEPENDS} hermit-toolchain hermit-driver ${dep}
                     COMMENT "Building Hermit program ${name}" VERBATIM)
  add_custom_target(program-${name} ALL DEPENDS ${P_OUTPUT})
  set_property(GLOBAL PROPERTY hermit_program_${name} ${P_OUTPUT})
  if(P_INSTALL)
    install(PROGRAMS ${P_OUTPUT} DESTINATION ${P_INSTALL})
    set_property(GLOBAL APPEND PROPERTY HERMIT_INSTALLED program-${name})
  endif()
endfunction()

# Empty if the program was left out.
function(hermit_program_path var name)
  get_property(path GLOBAL PROPERTY hermit_program_${name})
  set(${var} ${path} PARENT_SCOPE)
endfunction()
