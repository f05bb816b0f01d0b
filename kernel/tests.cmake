# Kernels for tests.  What they add stands before or between the kernel's own parts by the linker's --wrap:
# nothing in the sources knows of it.
set(SELFTEST selftest/selftest.c selftest/wrong.c selftest/stress.c)
set(SELFTEST_LINK -Wl,--wrap=kernel_main)

hermit_add_kernel(hermit-x86_64-test SOURCES ${SELFTEST})
target_link_options(hermit-x86_64-test PRIVATE ${SELFTEST_LINK})

# UBSan: lib/ubsan.c ends the run at the first report.
hermit_add_kernel(hermit-x86_64-ubsan SOURCES ${SELFTEST} lib/ubsan.c FLAGS -fsanitize=undefined -fno-wrapv)
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
# The runtime itself, and the allocators, which link what is free through itself.
set_source_files_properties(lib/kasan.c mm/kasan/heap.c platform/vm/kasan/shadow.c mm/heap.c mm/frame.c mm/buddy.c
  PROPERTIES COMPILE_OPTIONS "-fno-sanitize=kernel-address")
hermit_add_kernel(hermit-x86_64-kasan SOURCES ${SELFTEST} lib/kasan.c mm/kasan/heap.c platform/vm/kasan/shadow.c
  FLAGS ${KASAN_FLAGS})
set(KASAN_WRAP vm_start platform_kstack_alloc frame_alloc frame_free frame_unref kmalloc kzalloc krealloc kfree
    kmalloc_size kstrdup memcpy memmove memset)
list(TRANSFORM KASAN_WRAP PREPEND -Wl,--wrap=)
target_link_options(hermit-x86_64-kasan PRIVATE ${SELFTEST_LINK} ${KASAN_WRAP})
