/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "proc/runqueue.h"

#define MS NSEC_PER_MSEC

static struct rq_entity fair(int nice) { return (struct rq_entity){.weight = rq_weight_of_nice(nice)}; }
static struct rq_entity rt(u8 prio) { return (struct rq_entity){.rt_prio = prio, .weight = 1024}; }

/* Runs the next one for `slice`; returns it. */
static struct rq_entity *run_one(struct runqueue *rq, nsec_t slice)
{
	struct rq_entity *e = rq_peek(rq);

	rq_dequeue(rq, e);
	rq_charge(rq, e, slice);
	rq_enqueue(rq, e, false);
	return e;
}

static void weights_grow_by_a_quarter(void **state)
{
	assert_int_equal(rq_weight_of_nice(0), 1024);
	for (int n = -20; n < 19; n++) {
		double ratio = (double)rq_weight_of_nice(n) / rq_weight_of_nice(n + 1);

		assert_true(ratio > 1.18 && ratio < 1.34);
	}
	assert_int_equal(rq_weight_of_nice(-99), rq_weight_of_nice(-20));
	assert_int_equal(rq_weight_of_nice(99), rq_weight_of_nice(19));
}

static void equal_threads_share_equally(void **state)
{
	struct runqueue rq;
	struct rq_entity e[5];
	u64 got[5] = {0};

	rq_init(&rq);
	for (int i = 0; i < 5; i++) {
		e[i] = fair(0);
		rq_attach(&rq, &e[i]);
		rq_enqueue(&rq, &e[i], false);
	}
	for (int i = 0; i < 5000; i++) {
		nsec_t slice = 1 + unit_below(4 * MS);

		got[run_one(&rq, slice) - e] += slice;
	}
	for (int i = 1; i < 5; i++)
		assert_true(got[i] < got[0] + 5 * MS && got[0] < got[i] + 5 * MS);
}

static void time_follows_weight(void **state)
{
	struct runqueue rq;
	struct rq_entity a = fair(0), b = fair(5);
	u64 got[2] = {0};
	double ratio;

	rq_init(&rq);
	rq_enqueue(&rq, &a, false);
	rq_enqueue(&rq, &b, false);
	for (int i = 0; i < 20000; i++)
		got[run_one(&rq, MS) == &b] += MS;
	ratio = (double)got[0] / (double)got[1];
	assert_true(ratio > 2.9 && ratio < 3.2); /* 1.25^5 = 3.05 */
}

static void real_time_goes_first_by_priority_then_arrival(void **state)
{
	struct runqueue rq;
	struct rq_entity f = fair(-20), a = rt(1), b = rt(99), c = rt(50), d = rt(50), e = rt(63), g = rt(64);
	struct rq_entity *const order[] = {&b, &g, &e, &c, &d, &a, &f};

	rq_init(&rq);
	assert_null(rq_peek(&rq));
	rq_enqueue(&rq, &f, false);
	rq_enqueue(&rq, &a, false);
	rq_enqueue(&rq, &c, true);
	rq_enqueue(&rq, &d, false);
	rq_enqueue(&rq, &e, false);
	rq_enqueue(&rq, &g, false);
	rq_enqueue(&rq, &b, false);
	assert_int_equal(rq.count, 7);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_ptr_equal(rq_peek(&rq), order[i]);
		rq_dequeue(&rq, order[i]);
		assert_false(order[i]->queued);
	}
	assert_null(rq_peek(&rq));
	assert_int_equal(rq.count, 0);
}

static void preempted_real_time_keeps_its_turn(void **state)
{
	struct runqueue rq;
	struct rq_entity a = rt(10), b = rt(10);

	rq_init(&rq);
	rq_enqueue(&rq, &a, false);
	rq_enqueue(&rq, &b, false);
	rq_dequeue(&rq, &a);
	rq_enqueue_front(&rq, &a); /* preempted */
	assert_ptr_equal(rq_peek(&rq), &a);
	rq_dequeue(&rq, &a);
	rq_enqueue(&rq, &a, false); /* its slice ended */
	assert_ptr_equal(rq_peek(&rq), &b);
}

static void sleep_is_not_saved_up(void **state)
{
	struct runqueue rq;
	struct rq_entity worker = fair(0), sleeper = fair(0);
	unsigned sleeper_ms = 0;

	rq_init(&rq);
	rq_enqueue(&rq, &worker, false);
	for (int i = 0; i < 100000; i++) /* 100 s */
		run_one(&rq, MS);
	rq_enqueue(&rq, &sleeper, true);
	assert_ptr_equal(rq_peek(&rq), &sleeper);
	while (run_one(&rq, MS) == &sleeper)
		sleeper_ms++;
	assert_in_range(sleeper_ms, 1, 5);
}

static void new_thread_cannot_starve_the_others(void **state)
{
	struct runqueue rq;
	struct rq_entity worker = fair(0), fresh = fair(0);
	unsigned fresh_ms = 0;

	rq_init(&rq);
	rq_enqueue(&rq, &worker, false);
	for (int i = 0; i < 10000; i++)
		run_one(&rq, MS);
	rq_enqueue(&rq, &fresh, false); /* vruntime 0, and nobody attached it */
	for (int i = 0; i < 100; i++)
		fresh_ms += run_one(&rq, MS) == &fresh;
	assert_in_range(fresh_ms, 48, 52);
}

static void preemption_wants_a_margin(void **state)
{
	struct rq_entity a = fair(0), b = fair(0), r10 = rt(10), r11 = rt(11);

	a.vruntime = 10 * MS;
	b.vruntime = 10 * MS - 100;
	assert_false(rq_preempts(&b, &a));
	b.vruntime = 8 * MS;
	assert_true(rq_preempts(&b, &a));
	assert_false(rq_preempts(&a, &b));
	assert_true(rq_preempts(&r10, &b));
	assert_false(rq_preempts(&b, &r10));
	assert_true(rq_preempts(&r11, &r10));
	assert_false(rq_preempts(&r10, &r11));
	assert_false(rq_preempts(&r10, &r10));
}

static void moving_keeps_the_lag(void **state)
{
	struct runqueue x, y;
	struct rq_entity a = fair(0), b = fair(0), c = fair(0);

	rq_init(&x);
	rq_init(&y);
	rq_enqueue(&x, &a, false);
	rq_enqueue(&x, &c, false);
	for (int i = 0; i < 1000; i++)
		run_one(&x, MS);
	rq_enqueue(&y, &b, false);
	for (int i = 0; i < 7; i++)
		run_one(&y, MS);
	rq_dequeue(&x, &a);
	rq_charge(&x, &a, 2 * MS);
	rq_detach(&x, &a);
	rq_attach(&y, &a);
	assert_in_range(a.vruntime, y.min_vruntime, y.min_vruntime + 3 * MS);
	rq_enqueue(&y, &a, false);
	assert_ptr_equal(rq_peek(&y), &b); /* a has run more than its share */
}

static void virtual_time_may_wrap(void **state)
{
	struct runqueue rq;
	struct rq_entity a = fair(0), b = fair(0);
	unsigned got = 0;

	rq_init(&rq);
	rq.min_vruntime = 0 - 5 * MS;
	rq_attach(&rq, &a);
	rq_attach(&rq, &b);
	rq_enqueue(&rq, &a, false);
	rq_enqueue(&rq, &b, false);
	for (int i = 0; i < 1000; i++)
		got += run_one(&rq, MS) == &a;
	assert_in_range(got, 499, 501);
	assert_true(rq.min_vruntime < 1000 * MS); /* it did wrap */
}

static void light_weight_never_divides_by_zero(void **state)
{
	struct runqueue rq;
	struct rq_entity idle = {.weight = 0};

	rq_init(&rq);
	rq_charge(&rq, &idle, MS);
	assert_int_equal(idle.vruntime, 1024 * MS);
}

/* Whoever is next runs, the one that yields behind it, whatever else is queued. */
static void yield_goes_behind_the_next(void **state)
{
	for (unsigned others = 1; others < 6; others++) {
		struct rq_entity e[6];
		struct runqueue rq;
		struct rq_entity *running = &e[others];
		unsigned turns[6] = {0};

		rq_init(&rq);
		for (unsigned i = 0; i <= others; i++)
			e[i] = fair(0);
		for (unsigned i = 0; i < others; i++)
			rq_enqueue(&rq, &e[i], false);
		for (int i = 0; i < 3000; i++) {
			struct rq_entity *expected = rq_peek(&rq), *was = running;

			running = rq_yield(&rq, running, unit_below(MS));
			assert_ptr_equal(running, expected);
			assert_false(running->queued);
			assert_true(was->queued);
			assert_int_equal(rq.count, others);
			assert_true((s64)(rq_peek(&rq)->vruntime - rq.min_vruntime) >= 0 || others > 1);
			turns[running - e]++;
		}
		for (unsigned i = 0; i <= others; i++)
			assert_true(turns[i] > 3000 / (others + 1) / 2);
	}
}

static void yield_does_not_pass_classes(void **state)
{
	struct rq_entity a = rt(50), b = rt(50), low = rt(10), f = fair(0);
	struct runqueue rq;

	rq_init(&rq);
	rq_enqueue(&rq, &f, false);
	assert_ptr_equal(rq_yield(&rq, &a, MS), &a); /* real-time does not yield to fair */
	rq_enqueue(&rq, &low, false);
	assert_ptr_equal(rq_yield(&rq, &a, MS), &a);
	rq_enqueue(&rq, &b, false);
	assert_ptr_equal(rq_yield(&rq, &a, MS), &b);
	assert_ptr_equal(rq_yield(&rq, &b, MS), &a);
	rq_dequeue(&rq, &low);
	rq_dequeue(&rq, &b);
	assert_ptr_equal(rq_peek(&rq), &f);
	rq_dequeue(&rq, &f);
	rq_enqueue(&rq, &low, false);
	assert_ptr_equal(rq_yield(&rq, &f, MS), &low); /* fair yields to it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_grow_by_a_quarter),
		cmocka_unit_test(yield_goes_behind_the_next),
		cmocka_unit_test(yield_does_not_pass_classes),
		cmocka_unit_test(equal_threads_share_equally),
		cmocka_unit_test(time_follows_weight),
		cmocka_unit_test(real_time_goes_first_by_priority_then_arrival),
		cmocka_unit_test(preempted_real_time_keeps_its_turn),
		cmocka_unit_test(sleep_is_not_saved_up),
		cmocka_unit_test(new_thread_cannot_starve_the_others),
		cmocka_unit_test(preemption_wants_a_margin),
		cmocka_unit_test(moving_keeps_the_lag),
		cmocka_unit_test(virtual_time_may_wrap),
		cmocka_unit_test(light_weight_never_divides_by_zero),
	};

	return cmocka_run_group_tests_name("runqueue", tests, NULL, NULL);
}
