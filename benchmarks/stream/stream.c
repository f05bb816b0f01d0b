/* SPDX-License-Identifier: MIT */
/*
 * Sustainable memory bandwidth by four vector kernels, after the published
 * definition of STREAM (J. D. McCalpin, "Memory Bandwidth and Machine Balance
 * in Current High Performance Computers", 1995). Written anew for Hermit, so
 * what it prints is "based on a variant of the STREAM benchmark code" and says
 * so, as STREAM's licence asks.
 *
 *	Copy	c[i] = a[i]		16 bytes an element
 *	Scale	b[i] = q * c[i]		16
 *	Add	c[i] = a[i] + b[i]	24
 *	Triad	a[i] = b[i] + q * c[i]	24
 *
 * Usage: stream [ARRAY_SIZE [REPETITIONS]]; the defaults are -DSTREAM_ARRAY_SIZE and -DNTIMES.
 */
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#ifndef STREAM_ARRAY_SIZE
#define STREAM_ARRAY_SIZE 10000000
#endif
#ifndef NTIMES
#define NTIMES 10
#endif
#ifndef STREAM_TYPE
#define STREAM_TYPE double
#endif

/* Two calls of the clock nearer together than this say nothing about a kernel. */
#define TICKS_WANTED 20
#define GRANULARITY_SAMPLES 20
#define SCALAR 3.0
/* Each repetition multiplies the elements by 15; beyond this they are infinite. */
#define REPETITIONS_MAX (sizeof(element) == 4 ? 30 : 250)
#define RULE "-------------------------------------------------------------"
/* So that a page boundary falls alike in all three arrays. */
#define ALIGNMENT (2u << 20)

typedef STREAM_TYPE element;

enum kernel { COPY, SCALE, ADD, TRIAD, KERNELS };

static const struct {
	const char *name;
	int arrays; /* moved through memory */
} kernels[KERNELS] = { { "Copy:", 2 }, { "Scale:", 2 }, { "Add:", 3 }, { "Triad:", 3 } };

struct times {
	double sum, min, max;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void kernel_run(enum kernel k, element *restrict a, element *restrict b, element *restrict c, ptrdiff_t n)
{
	const element q = (element)SCALAR;

	switch (k) {
	case COPY:
#pragma omp parallel for schedule(static)
		for (ptrdiff_t i = 0; i < n; i++)
			c[i] = a[i];
		break;
	case SCALE:
#pragma omp parallel for schedule(static)
		for (ptrdiff_t i = 0; i < n; i++)
			b[i] = q * c[i];
		break;
	case ADD:
#pragma omp parallel for schedule(static)
		for (ptrdiff_t i = 0; i < n; i++)
			c[i] = a[i] + b[i];
		break;
	default:
#pragma omp parallel for schedule(static)
		for (ptrdiff_t i = 0; i < n; i++)
			a[i] = b[i] + q * c[i];
		break;
	}
}

/* The least step between two readings of the clock, in microseconds; at least 1. */
static int clock_granularity(void)
{
	double least = DBL_MAX, last = now();

	for (int i = 0; i < GRANULARITY_SAMPLES; i++) {
		double t;

		do
			t = now();
		while (t - last < 1e-6);
		if (t - last < least)
			least = t - last;
		last = t;
	}
	return least * 1e6 < 1 ? 1 : (int)(least * 1e6);
}

static element *array_new(ptrdiff_t n)
{
	size_t len = ((size_t)n * sizeof(element) + ALIGNMENT - 1) & ~((size_t)ALIGNMENT - 1);
	element *p = aligned_alloc(ALIGNMENT, len);

	if (!p) {
		fprintf(stderr, "stream: %zu bytes for an array: %s (take a smaller array or more memory)\n", len,
			strerror(errno));
		exit(1);
	}
	return p;
}

/* What the elements must be, by doing with one element what was done with all. */
static void expected_values(int repetitions, element want[3])
{
	element a = 1, b = 2, c = 0;

	a = 2 * a; /* the timing estimate */
	for (int k = 0; k < repetitions; k++) {
		c = a;
		b = (element)SCALAR * c;
		c = a + b;
		a = b + (element)SCALAR * c;
	}
	want[0] = a;
	want[1] = b;
	want[2] = c;
}

/* The number of arrays that are wrong. */
static int validate(element *const arrays[3], ptrdiff_t n, int repetitions)
{
	const double epsilon = sizeof(element) == 4 ? 1e-6 : 1e-13;
	element want[3];
	int wrong = 0;

	expected_values(repetitions, want);
	for (int v = 0; v < 3; v++) {
		double sum = 0, error;
		ptrdiff_t off = 0;

		for (ptrdiff_t i = 0; i < n; i++) {
			double e = fabs((double)arrays[v][i] - (double)want[v]);

			sum += e;
			off += !(e <= epsilon * fabs((double)want[v]));
		}
		error = sum / (double)n / fabs((double)want[v]);
		/* Written so that a NaN fails. */
		if (error <= epsilon && off == 0)
			continue;
		wrong++;
		printf("Failed Validation on array %c[], AvgRelAbsErr > epsilon (%e)\n", 'a' + v, epsilon);
		printf("     Expected Value: %e, AvgRelAbsErr: %e, elements beyond it: %td\n", (double)want[v], error, off);
	}
	if (!wrong)
		printf("Solution Validates: avg error less than %e on all three arrays\n", epsilon);
	return wrong;
}

static ptrdiff_t number(const char *text, const char *what, ptrdiff_t least, ptrdiff_t most)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno || end == text || *end || n < least || n > most) {
		fprintf(stderr, "stream: %s: not a valid %s (a number from %td to %td)\n", text, what, least, most);
		exit(2);
	}
	return (ptrdiff_t)n;
}

static void report_setup(ptrdiff_t n, int repetitions)
{
	double mib = (double)n * sizeof(element) / (1 << 20);

	puts(RULE);
	puts("Hermit's variant of the STREAM benchmark code");
	puts(RULE);
	printf("This system uses %zu bytes per array element.\n", sizeof(element));
	puts(RULE);
	printf("Array size = %td (elements), Offset = 0 (elements)\n", n);
	printf("Memory per array = %.1f MiB (= %.1f GiB).\n", mib, mib / 1024);
	printf("Total memory required = %.1f MiB (= %.1f GiB).\n", 3 * mib, 3 * mib / 1024);
	printf("Each kernel will be executed %d times.\n", repetitions);
	puts(" The *best* time for each kernel (excluding the first iteration)");
	puts(" will be used to compute the reported bandwidth.");
#ifdef _OPENMP
	int threads = 0;

	puts(RULE);
	printf("Number of Threads requested = %d\n", omp_get_max_threads());
#pragma omp parallel reduction(+ : threads)
	threads += 1;
	printf("Number of Threads counted = %d\n", threads);
#endif
}

/* Says how fine the clock is and how long a kernel takes against it. Doubles a[], which
 * expected_values knows. */
static void report_clock(element *a, ptrdiff_t n)
{
	int granularity = clock_granularity();
	double t;

	puts(RULE);
	printf("Your clock granularity/precision appears to be %d microseconds.\n", granularity);
	t = now();
#pragma omp parallel for schedule(static)
	for (ptrdiff_t i = 0; i < n; i++)
		a[i] = 2 * a[i];
	t = (now() - t) * 1e6;
	printf("Each test below will take on the order of %d microseconds.\n", (int)t);
	printf("   (= %d clock ticks)\n", (int)(t / granularity));
	if (t / granularity < TICKS_WANTED)
		printf("Fewer than %d ticks: the rates mean little; take a larger array.\n", TICKS_WANTED);
	puts(RULE);
	fflush(stdout);
}

static void report_rates(const struct times times[KERNELS], ptrdiff_t n, int repetitions)
{
	puts("Function    Best Rate MB/s  Avg time     Min time     Max time");
	for (int k = 0; k < KERNELS; k++) {
		double bytes = (double)kernels[k].arrays * sizeof(element) * (double)n;

		printf("%-12s%12.1f  %11.6f  %11.6f  %11.6f\n", kernels[k].name, 1e-6 * bytes / times[k].min,
		       times[k].sum / (repetitions - 1), times[k].min, times[k].max);
	}
	puts(RULE);
}

int main(int argc, char **argv)
{
	struct times times[KERNELS];
	ptrdiff_t n = STREAM_ARRAY_SIZE;
	int repetitions = NTIMES, wrong;
	element *a, *b, *c;

	if (argc > 3) {
		fprintf(stderr, "usage: stream [ARRAY_SIZE [REPETITIONS]]\n");
		return 2;
	}
	if (argc > 1)
		n = number(argv[1], "array size", 1, PTRDIFF_MAX / (ptrdiff_t)sizeof(element) - ALIGNMENT);
	if (argc > 2)
		repetitions = (int)number(argv[2], "number of repetitions", 2, REPETITIONS_MAX);

	report_setup(n, repetitions);
	a = array_new(n);
	b = array_new(n);
	c = array_new(n);
	/* By the threads that will use them, so that first touch places them well. */
#pragma omp parallel for schedule(static)
	for (ptrdiff_t i = 0; i < n; i++) {
		a[i] = 1;
		b[i] = 2;
		c[i] = 0;
	}
	report_clock(a, n);

	for (int k = 0; k < KERNELS; k++)
		times[k] = (struct times){ .min = DBL_MAX };
	for (int round = 0; round < repetitions; round++) {
		for (int k = 0; k < KERNELS; k++) {
			double t = now();

			kernel_run((enum kernel)k, a, b, c, n);
			t = now() - t;
			if (round == 0)
				continue;
			times[k].sum += t;
			times[k].min = t < times[k].min ? t : times[k].min;
			times[k].max = t > times[k].max ? t : times[k].max;
		}
	}
	report_rates(times, n, repetitions);
	wrong = validate((element *const[3]){ a, b, c }, n, repetitions);
	puts(RULE);
	puts("Results are based on a variant of the STREAM benchmark code.");
	free(a);
	free(b);
	free(c);
	return wrong ? 1 : 0;
}
