# hermit_add_diff_test(NAME name PROGRAM program-or-path [ARGS ...] [CPUS 1 2 4] [STDIN file]
#                      [FILES dir] [ENV NAME=VALUE ...] [MEM size] [MACHINE m] [STATUS n]
#                      [TIMEOUT seconds] [LABELS ...] [OPTIONS ...])
#
# Runs the same executable on Linux and in an isle (tests/diff/run says what is compared and which
# HERMIT_TEST_* variables choose isle, machine, kernel, memory, CPUs), once for each number in CPUS.
# PROGRAM is a name given to hermit_add_program, or a path; OPTIONS go to tests/diff/run as they are.

set(HERMIT_DIFF_RUN ${CMAKE_CURRENT_LIST_DIR}/run)
set(HERMIT_SANITIZER_SLOW 3) # how many times as long a sanitizer's kernel may take

# Whatever runs a program tests the prefix as it is installed, so installing comes first; a ctest
# typed after ninja never tests an old kernel.
add_test(NAME stage COMMAND ${CMAKE_COMMAND} --install ${CMAKE_BINARY_DIR} --prefix ${CMAKE_BINARY_DIR}/prefix)
set_tests_properties(stage PROPERTIES FIXTURES_SETUP prefix TIMEOUT 120)

function(hermit_add_diff_test)
  cmake_parse_arguments(T "" "NAME;PROGRAM;STDIN;FILES;MEM;MACHINE;STATUS;TIMEOUT" "ARGS;CPUS;ENV;LABELS;OPTIONS"
                        ${ARGN})
  if(NOT IS_ABSOLUTE "${T_PROGRAM}")
    hermit_program_path(path "${T_PROGRAM}")
    if(NOT path)
      message(STATUS "test ${T_NAME}: left out with its program")
      return()
    endif()
    set(T_PROGRAM ${path})
  endif()
  if(NOT T_CPUS)
    set(T_CPUS 1)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 60)
  endif()
  set(options --timeout ${T_TIMEOUT})
  foreach(one STDIN FILES MEM MACHINE STATUS)
    if(NOT "${T_${one}}" STREQUAL "")
      string(TOLOWER --${one} option)
      list(APPEND options ${option} ${T_${one}})
    endif()
  endforeach()
  foreach(env ${T_ENV})
    list(APPEND options --env ${env})
  endforeach()
  list(LENGTH T_CPUS many)
  # Two runs, each bounded by T_TIMEOUT, and something for the script itself.
  math(EXPR limit "2 * ${T_TIMEOUT} + 20")
  foreach(cpus ${T_CPUS})
    set(name diff-${T_NAME})
    if(many GREATER 1)
      set(name diff-${T_NAME}-${cpus}cpu)
    endif()
    add_test(NAME ${name} COMMAND ${HERMIT_DIFF_RUN} --prefix ${CMAKE_BINARY_DIR}/prefix --cpus ${cpus} ${options}
                                  ${T_OPTIONS} -- ${T_PROGRAM} ${T_ARGS})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${limit} PROCESSORS ${cpus} FIXTURES_REQUIRED prefix
                                         LABELS "diff;${T_LABELS}")
  endforeach()

  # Once more under each sanitizer's kernel, where any report ends the run and so fails the test. A test that is
  # about the memory's size is left out: KASan's kernel takes an eighth of it.
  if(NOT T_MEM AND T_LABELS MATCHES "extra|abi|stress")
    list(GET T_CPUS -1 cpus)
    math(EXPR limit "${HERMIT_SANITIZER_SLOW} * ${limit}")
    if(cpus GREATER 2)
      set(cpus 2)
    endif()
    foreach(kind ubsan kasan)
      add_test(NAME ${kind}-${T_NAME} COMMAND ${HERMIT_DIFF_RUN} --prefix ${CMAKE_BINARY_DIR}/prefix --cpus ${cpus}
                                              ${options} ${T_OPTIONS} -- ${T_PROGRAM} ${T_ARGS})
      set_tests_properties(${kind}-${T_NAME} PROPERTIES TIMEOUT ${limit} PROCESSORS ${cpus} FIXTURES_REQUIRED prefix
        ENVIRONMENT "HERMIT_TEST_KERNEL=${CMAKE_BINARY_DIR}/kernel/hermit-x86_64-${kind}.elf;HERMIT_TEST_SLOW=${HERMIT_SANITIZER_SLOW}"
        LABELS "sanitizer;${kind}")
    endforeach()
  endif()
endfunction()
