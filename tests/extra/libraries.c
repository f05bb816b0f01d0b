/* SPDX-License-Identifier: MIT */
/* Debian's static libraries in a Hermit program: OpenBLAS on its threads, and zlib. */
#include <cblas.h>
#include <zlib.h>

#include "check.h"

#define N 160

static double a[N][N], b[N][N], c[N][N];

static void test_blas(void)
{
	unsigned seed = 7;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			/* Small whole numbers: sums are exact, so their order does not matter. */
			a[i][j] = random_next(&seed) % 16;
			b[i][j] = random_next(&seed) % 16;
		}
	}
	cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1, &a[0][0], N, &b[0][0], N, 0, &c[0][0], N);
	for (int i = 0; i < N; i += 13) {
		for (int j = 0; j < N; j += 7) {
			double sum = 0;

			for (int k = 0; k < N; k++)
				sum += a[i][k] * b[k][j];
			CHECK(c[i][j] == sum);
		}
	}
	printf("dgemm: %.0f\n", c[N - 1][N - 1]);
}

static void test_zlib(void)
{
	static unsigned char text[200000], packed[250000], back[200000];
	uLongf packed_len = sizeof(packed), back_len = sizeof(back);
	unsigned seed = 3;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)("abcdefgh"[random_next(&seed) % 8]);
	CHECK(compress2(packed, &packed_len, text, sizeof(text), 9) == Z_OK);
	CHECK(uncompress(back, &back_len, packed, packed_len) == Z_OK);
	CHECK(back_len == sizeof(text) && !memcmp(text, back, back_len));
	printf("zlib: %lu bytes, crc %08lx\n", packed_len, crc32(0, packed, (uInt)packed_len));
}

int main(void)
{
	test_blas();
	test_zlib();
	puts("libraries: ok");
	return 0;
}
