/* SPDX-License-Identifier: MIT */
/*
 * Solves Laplace's equation on a square by Jacobi's method with OpenMP, then
 * compares with the exact solution u(x, y) = x^2 - y^2 (harmonic, and the five
 * point stencil is exact for it). The only reduction is a maximum, so every
 * number of threads does the same iterations.
 */
#include <math.h>
#include <omp.h>

#include "check.h"

/* Small: each sweep ends at a barrier, where threads spin, and spinning is slow where a virtual
 * CPU has no real one to itself. */
#define N 18
#define TOLERANCE 1e-5
#define ITERATIONS_MAX 20000

static double grid[2][N][N];

static double exact(int i, int j)
{
	double x = (double)i / (N - 1), y = (double)j / (N - 1);

	return x * x - y * y;
}

static void boundary_set(void)
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			grid[0][i][j] = grid[1][i][j] =
				i == 0 || j == 0 || i == N - 1 || j == N - 1 ? exact(i, j) : 0;
}

static int solve(int threads)
{
	int iteration = 0;
	double change;

	omp_set_num_threads(threads);
	boundary_set();
	do {
		double(*from)[N] = grid[iteration & 1], (*to)[N] = grid[(iteration + 1) & 1];

		change = 0;
#pragma omp parallel for reduction(max : change) schedule(static)
		for (int i = 1; i < N - 1; i++) {
			for (int j = 1; j < N - 1; j++) {
				to[i][j] = 0.25 * (from[i - 1][j] + from[i + 1][j] + from[i][j - 1] + from[i][j + 1]);
				change = fmax(change, fabs(to[i][j] - from[i][j]));
			}
		}
		iteration++;
	} while (change > TOLERANCE && iteration < ITERATIONS_MAX);
	CHECK(iteration < ITERATIONS_MAX);
	return iteration;
}

static double error_max(int iterations)
{
	double worst = 0;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			worst = fmax(worst, fabs(grid[iterations & 1][i][j] - exact(i, j)));
	return worst;
}

int main(void)
{
	int first = solve(1);
	double error = error_max(first);

	printf("jacobi: %d iterations, largest error %.6e\n", first, error);
	CHECK(error < 1e-3);
	for (int threads = 2; threads <= 4; threads *= 2) {
		int again = solve(threads);

		CHECK(again == first && error_max(again) == error);
		printf("jacobi: the same on %d threads\n", threads);
	}
	puts("jacobi: ok");
	return 0;
}
