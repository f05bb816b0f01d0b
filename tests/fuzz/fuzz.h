/* SPDX-License-Identifier: MIT */
/*
 * What all fuzz targets share: taking an input apart, and ending a run that went wrong.  A target is a file with
 * LLVMFuzzerTestOneInput(); CMakeLists.txt names it, its sources and its corpus.  One thread.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* For targets whose form is far from bytes: LLVM's "Structure-aware fuzzing". */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* A property of the code under test does not hold: says which, and lets libFuzzer keep the input. */
_Noreturn void fuzz_fail(const char *file, int line, const char *what);
#define FUZZ_CHECK(x) ((x) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #x))

/* What is left of an input.  Beyond its end all is zeros. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

uint8_t fuzz_u8(struct fuzz_input *in);
uint16_t fuzz_u16(struct fuzz_input *in);
uint32_t fuzz_u32(struct fuzz_input *in);
/* Copies up to n bytes.  Gives how many there were. */
size_t fuzz_bytes(struct fuzz_input *in, void *to, size_t n);
/* The same without a copy. */
const uint8_t *fuzz_take(struct fuzz_input *in, size_t *n);

#endif
