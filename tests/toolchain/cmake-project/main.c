/* SPDX-License-Identifier: MIT */
#include <omp.h>
#include <stdio.h>
#include <zlib.h>

int part_answer(void);

int main(void)
{
	int n = 0;

#pragma omp parallel for reduction(+ : n)
	for (int i = 0; i < part_answer(); i++)
		n++;
	printf("answer: %d, crc %lx\n", n, crc32(0, (const Bytef *)"x", 1));
	return 0;
}
