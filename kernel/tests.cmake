# Kernels for tests.  What they add stands before or between the kernel's own parts by the linker's --wrap:
# nothing in the sources knows of it.
set(SELFTEST selftest/selftest.c selftest/wrong.c selftest/stress.c selftest/hypervisor.c)
set(SELFTEST_LINK -Wl,--wrap=kernel_main)

hermit_add_kernel(hermit-x86_64-test SOURCES ${SELFTEST})
target_link_options(hermit-x86_64-test PRIVATE ${SELFTEST_LINK})

# What checks leave of the code makes these warn where nothing is wrong (GCC's manual, -fsanitize).
set(SANITIZER_FLAGS $<$<COMPILE_LANG_AND_ID:C,GNU>:-Wno-array-bounds -Wno-maybe-uninitialized>)

# UBSan: lib/ubsan.c ends the run at the first report.
hermit_add_kernel(hermit-x86_64-ubsan SOURCES ${SELFTEST} lib/ubsan.c FLAGS ${SANITIZER_FLAGS}
  -fsanitize=undefined -fno-wrapv)
target_link_options(hermit-x86_64-ubsan PRIVATE ${SELFTEST_LINK})

# KASan: calls, not inline checks, because most addresses have no shadow; lib/kasan.h has the offset too.
set(KASAN_OFFSET 0xdfffe00000000000)
if(CMAKE_C_COMPILER_ID MATCHES Clang)
  set(KASAN_FLAGS -fsanitize=kernel-address "SHELL:-mllvm -asan-mapping-offset=${KASAN_OFFSET}"
      "SHELL:-mllvm -asan-instrumentation-with-call-threshold=0" "SHELL:-mllvm -asan-globals=1"
      "SHELL:-mllvm -asan-stack=1")
else()
  set(KASAN_FLAGS -fsanitize=kernel-address -fasan-shadow-offset=${KASAN_OFFSET}
      --param=asan-instrumentation-with-call-threshold=0 --param=asan-globals=1 --param=asan-stack=1)
endif()
# The run time itself is not checked, nor are the allocators, which link what is free through itself.
set(KASAN_UNCHECKED mm/heap.c mm/frame.c mm/buddy.c)
add_library(kasan_unchecked OBJECT lib/kasan.c mm/kasan/heap.c platform/vm/kasan/shadow.c ${KASAN_UNCHECKED})
hermit_kernel_compile(kasan_unchecked)

list(TRANSFORM KASAN_UNCHECKED PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
set(KERNEL_COMMON_ALL ${KERNEL_COMMON})
list(REMOVE_ITEM KERNEL_COMMON ${KASAN_UNCHECKED})
hermit_add_kernel(hermit-x86_64-kasan SOURCES ${SELFTEST} $<TARGET_OBJECTS:kasan_unchecked>
  FLAGS ${SANITIZER_FLAGS} $<$<COMPILE_LANGUAGE:C>:${KASAN_FLAGS}>)
set(KERNEL_COMMON ${KERNEL_COMMON_ALL})
set(KASAN_WRAP vm_start platform_kstack_alloc frame_alloc frame_free frame_unref kmalloc kzalloc krealloc kfree
    kmalloc_size kstrdup memcpy memmove memset)
list(TRANSFORM KASAN_WRAP PREPEND -Wl,--wrap=)
target_link_options(hermit-x86_64-kasan PRIVATE ${SELFTEST_LINK} ${KASAN_WRAP})
