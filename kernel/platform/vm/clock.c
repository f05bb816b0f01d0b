/* SPDX-License-Identifier: MIT */
/*
 * The clock is the TSC.  Its frequency comes from the hypervisor or the boot
 * record; where nobody says, from comparing it with the APIC timer, which
 * counts all through boot: so nothing waits.  That comparison goes on while no
 * timer is armed, so the longer it runs the better the frequency is known.
 */
#include "platform/vm/clock.h"
#include <arch/cpu.h>
#include "lib/log.h"
#include "lib/spinlock.h"
#include "mm/vdso.h"
#include "platform/boot.h"
#include "platform/platform.h"
#include "platform/vm/apic.h"
#include "platform/vm/vm.h"
#include "proc/cpu.h"

#define KVM_SIGNATURE_EBX 0x4b4d564b /* "KVMK" */
#define MSR_KVM_SYSTEM_TIME 0x4b564d01
#define REFERENCE_COUNT 0xffffffffu /* what the reference counts down from */

static struct spinlock clock_lock; /* writers of *vdso_clock */
static u64 tsc_hz;
static bool exact; /* somebody told us the frequency */
/* The comparison that runs on CPU 0, and how long the best one so far took. */
static u64 reference_tsc, best_span;
static bool reference_runs;

struct pvclock_time { /* Linux, Documentation/virt/kvm/x86/msr.rst */
	u32 version, pad;
	u64 tsc, system_time;
	u32 mul;
	s8 shift;
	u8 flags, pad2[2];
} __packed __aligned(32);

static u64 kvmclock_hz(void)
{
	static struct pvclock_time page;
	struct cpuid id = cpu_cpuid(0x40000000, 0);
	u64 hz;

	if (id.ebx != KVM_SIGNATURE_EBX || !(cpu_cpuid(0x40000001, 0).eax & 1u << 3))
		return 0;
	msr_write(MSR_KVM_SYSTEM_TIME, virt_to_phys(&page) | 1);
	if (!page.mul)
		return 0;
	hz = (NSEC_PER_SEC << 32) / page.mul;
	hz = page.shift < 0 ? hz << -page.shift : hz >> page.shift;
	msr_write(MSR_KVM_SYSTEM_TIME, 0);
	return hz;
}

static u64 known_hz(void)
{
	u32 max = cpu_cpuid(0, 0).eax;

	if (boot_info.tsc_khz)
		return boot_info.tsc_khz * 1000;
	if (max >= 0x15) {
		struct cpuid id = cpu_cpuid(0x15, 0);

		if (id.eax && id.ebx && id.ecx)
			return (u64)id.ecx * id.ebx / id.eax;
	}
	if (cpu_has(CPU_FEATURE_HYPERVISOR)) {
		u64 hz;

		if (cpu_cpuid(0x40000000, 0).eax >= 0x40000010) {
			hz = cpu_cpuid(0x40000010, 0).eax * 1000ull;
			if (hz)
				return hz;
		}
		hz = kvmclock_hz();
		if (hz)
			return hz;
	}
	if (max >= 0x16)
		return cpu_cpuid(0x16, 0).eax * 1000000ull;
	return 0;
}

static u64 scale(u64 ticks, u64 mult) { return (u64)((unsigned __int128)ticks * mult >> 32); }

/* From now on the clock runs at hz, going on from where it is. */
static void set_frequency(u64 hz)
{
	unsigned long ev = spin_lock(&clock_lock);
	u64 now = cpu_rdtsc();
	u64 mono = vdso_clock->mult ? vdso_clock->mono_base + scale(now - vdso_clock->tsc_base, vdso_clock->mult)
				    : now * NSEC_PER_MSEC / (hz / 1000);

	__atomic_store_n(&vdso_clock->seq, vdso_clock->seq + 1, __ATOMIC_SEQ_CST);
	vdso_clock->tsc_base = now;
	vdso_clock->mono_base = mono;
	vdso_clock->mult = (NSEC_PER_SEC << 32) / hz;
	vdso_clock->usable = 1;
	__atomic_store_n(&vdso_clock->seq, vdso_clock->seq + 1, __ATOMIC_SEQ_CST);
	tsc_hz = hz;
	spin_unlock(&clock_lock, ev);
}

static void reference_start(void)
{
	apic_timer_interrupts(false);
	apic_timer_start(REFERENCE_COUNT);
	reference_tsc = cpu_rdtsc();
	reference_runs = true;
}

/* Takes what the comparison says, if it ran long enough to say it better than before. */
static void reference_take(void)
{
	u32 left = apic_timer_left();
	u64 ticks = cpu_rdtsc() - reference_tsc, span = REFERENCE_COUNT - left;

	reference_runs = false;
	if (!left || span < 4 * best_span || span < 1000)
		return;
	best_span = span;
	/* ticks per second; span is below 2^32 ns, ticks below 2^36 or so: no overflow in two steps */
	set_frequency(ticks * 1000 / span * (APIC_TIMER_HZ / 1000) +
		      ticks * 1000 % span * (APIC_TIMER_HZ / 1000) / span);
}

void clock_init(void)
{
	reference_start();
}

void clock_ready(void)
{
	u64 hz = known_hz();

	exact = hz != 0;
	if (exact) {
		reference_runs = false;
		set_frequency(hz);
	} else {
		reference_take();
		if (!tsc_hz) { /* the timer does not count: better a wrong clock than none */
			log_warn("the TSC's frequency is unknown: assuming 1 GHz");
			set_frequency(NSEC_PER_SEC);
		}
		reference_start();
	}
	if (exact)
		apic_timer_interrupts(true);
	/* The TSC began to count when the machine did, right after the loader looked at its clock. */
	if (boot_info.wall_time)
		vdso_clock->wall_offset = (s64)boot_info.wall_time;
	if (log_verbose) /* formatting it would take a fiftieth of the whole boot */
		log_info("TSC at %lu kHz", tsc_hz / 1000);
}

nsec_t platform_clock(void)
{
	u32 seq;
	u64 ns;

	do {
		seq = __atomic_load_n(&vdso_clock->seq, __ATOMIC_ACQUIRE);
		ns = vdso_clock->mono_base + scale(cpu_rdtsc() - vdso_clock->tsc_base, vdso_clock->mult);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (seq & 1 || seq != __atomic_load_n(&vdso_clock->seq, __ATOMIC_RELAXED));
	return ns;
}

s64 platform_wall_clock(void) { return (s64)platform_clock() + READ_ONCE(vdso_clock->wall_offset); }

void platform_set_wall_clock(s64 ns)
{
	unsigned long ev = spin_lock(&clock_lock);

	__atomic_store_n(&vdso_clock->seq, vdso_clock->seq + 1, __ATOMIC_SEQ_CST);
	vdso_clock->wall_offset = ns - (s64)(vdso_clock->mono_base +
					     scale(cpu_rdtsc() - vdso_clock->tsc_base, vdso_clock->mult));
	__atomic_store_n(&vdso_clock->seq, vdso_clock->seq + 1, __ATOMIC_SEQ_CST);
	spin_unlock(&clock_lock, ev);
}

void platform_timer_arm(nsec_t deadline)
{
	bool boot_cpu_timer = !exact && this_cpu()->id == 0;
	nsec_t now, ahead;

	if (boot_cpu_timer && reference_runs)
		reference_take();
	if (!deadline) {
		if (boot_cpu_timer)
			reference_start();
		else if (cpu_has(CPU_FEATURE_TSC_DEADLINE))
			apic_timer_deadline(0);
		else
			apic_timer_start(0);
		return;
	}
	if (boot_cpu_timer)
		apic_timer_interrupts(true);
	now = platform_clock();
	ahead = deadline > now ? deadline - now : 1;
	if (cpu_has(CPU_FEATURE_TSC_DEADLINE)) {
		ahead = MIN(ahead, 100 * NSEC_PER_SEC); /* it fires early and is armed again */
		apic_timer_deadline(cpu_rdtsc() + ahead * (tsc_hz / 1000) / NSEC_PER_MSEC + 1);
	} else {
		apic_timer_start((u32)MIN(ahead, (nsec_t)0xffffffff));
	}
}
