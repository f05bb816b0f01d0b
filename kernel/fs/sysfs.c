/* SPDX-License-Identifier: MIT */
/* /sys: what runtimes read to learn about CPUs, nodes and huge pages.  There are no cgroups. */
#include <arch/cpuinfo.h>
#include "fs/pseudo.h"
#include "platform/platform.h"
#include "proc/cpu.h"

#define SYSFS_MAGIC 0x62656572

static long next_cpu(long from, const long *outer) { return from < (long)cpu_count ? from : -1; }

static long next_cache(long from, const long *outer)
{
	struct arch_cache c;

	return arch_cache((unsigned)from, &c) ? from : -1;
}

static const struct pseudo_class classes[] = {{'c', next_cpu}, {'i', next_cache}};

static void show_cpus(struct text *t, const long *n)
{
	if (cpu_count > 1)
		text_printf(t, "0-%u\n", cpu_count - 1);
	else
		text_printf(t, "0\n");
}

static void show_cpu_mask(struct text *t, const long *n)
{
	u64 mask = cpu_count >= 64 ? ~0ull : (1ull << cpu_count) - 1;

	if (cpu_count > 32)
		text_printf(t, "%x,%08x\n", (u32)(mask >> 32), (u32)mask);
	else
		text_printf(t, "%x\n", (u32)mask);
}

static void show_kernel_max(struct text *t, const long *n) { text_printf(t, "%u\n", CPU_MAX - 1); }
static void show_empty(struct text *t, const long *n) { text_printf(t, "\n"); }
static void show_zero(struct text *t, const long *n) { text_printf(t, "0\n"); }
static void show_one(struct text *t, const long *n) { text_printf(t, "1\n"); }
static void show_cpu(struct text *t, const long *n) { text_printf(t, "%ld\n", n[0]); }
static void show_own_mask(struct text *t, const long *n)
{
	if (n[0] >= 32)
		text_printf(t, "%x,00000000\n", 1u << (n[0] - 32));
	else
		text_printf(t, "%x\n", 1u << n[0]);
}

static void show_node_meminfo(struct text *t, const long *n)
{
	unsigned long total = platform_memory_total() / KiB, left = platform_memory_free() / KiB;

	text_printf(t, "Node 0 MemTotal:       %8lu kB\nNode 0 MemFree:        %8lu kB\nNode 0 MemUsed:        %8lu kB\n",
		    total, left, total - left);
}
static void show_distance(struct text *t, const long *n) { text_printf(t, "10\n"); }

static void show_thp(struct text *t, const long *n) { text_printf(t, "[always] madvise never\n"); }
static void show_thp_defrag(struct text *t, const long *n)
{
	text_printf(t, "[always] defer defer+madvise madvise never\n");
}
static void show_thp_size(struct text *t, const long *n) { text_printf(t, "%lu\n", HUGE_SIZE); }

/* ---- caches: n[1] is the index ---- */

static struct arch_cache cache_of(const long *n)
{
	struct arch_cache c = {.type = "", .level = 0};

	(void)arch_cache((unsigned)n[1], &c);
	return c;
}

static void show_cache_type(struct text *t, const long *n) { text_printf(t, "%s\n", cache_of(n).type); }
static void show_cache_level(struct text *t, const long *n) { text_printf(t, "%u\n", cache_of(n).level); }
static void show_cache_line(struct text *t, const long *n) { text_printf(t, "%u\n", cache_of(n).line); }
static void show_cache_ways(struct text *t, const long *n) { text_printf(t, "%u\n", cache_of(n).ways); }
static void show_cache_sets(struct text *t, const long *n) { text_printf(t, "%u\n", cache_of(n).sets); }
static void show_cache_size(struct text *t, const long *n)
{
	struct arch_cache c = cache_of(n);

	text_printf(t, "%luK\n", (unsigned long)c.line * c.ways * c.sets * c.partitions / KiB);
}

/* What the topology files say: a core's own, or, of the last level, the package's. */
static bool cache_is_own(const long *n) { return cache_of(n).level < 3; }
static void show_cache_map(struct text *t, const long *n) { (cache_is_own(n) ? show_own_mask : show_cpu_mask)(t, n); }
static void show_cache_list(struct text *t, const long *n) { (cache_is_own(n) ? show_cpu : show_cpus)(t, n); }

static void show_off(struct text *t, const long *n) { text_printf(t, "notsupported\n"); }

#define CACHE CPU "cpu%c/cache/index%i/"
#define CPU  "devices/system/cpu/"
#define NODE "devices/system/node/"
#define TOPO CPU "cpu%c/topology/"
#define THP  "kernel/mm/transparent_hugepage/"

static const struct pseudo_row rows[] = {
	{CPU "online", 0, show_cpus, NULL, NULL, NULL},
	{CPU "possible", 0, show_cpus, NULL, NULL, NULL},
	{CPU "present", 0, show_cpus, NULL, NULL, NULL},
	{CPU "offline", 0, show_empty, NULL, NULL, NULL},
	{CPU "isolated", 0, show_empty, NULL, NULL, NULL},
	{CPU "kernel_max", 0, show_kernel_max, NULL, NULL, NULL},
	{CPU "cpu%c/online", 0, show_one, NULL, NULL, NULL},
	{TOPO "core_id", 0, show_cpu, NULL, NULL, NULL},
	{TOPO "physical_package_id", 0, show_zero, NULL, NULL, NULL},
	{TOPO "core_siblings", 0, show_cpu_mask, NULL, NULL, NULL},
	{TOPO "core_siblings_list", 0, show_cpus, NULL, NULL, NULL},
	{TOPO "package_cpus", 0, show_cpu_mask, NULL, NULL, NULL},
	{TOPO "package_cpus_list", 0, show_cpus, NULL, NULL, NULL},
	{TOPO "thread_siblings", 0, show_own_mask, NULL, NULL, NULL},
	{TOPO "thread_siblings_list", 0, show_cpu, NULL, NULL, NULL},
	{TOPO "core_cpus", 0, show_own_mask, NULL, NULL, NULL},
	{TOPO "core_cpus_list", 0, show_cpu, NULL, NULL, NULL},
	{TOPO "die_id", 0, show_zero, NULL, NULL, NULL},
	{CACHE "type", 0, show_cache_type, NULL, NULL, NULL},
	{CACHE "level", 0, show_cache_level, NULL, NULL, NULL},
	{CACHE "size", 0, show_cache_size, NULL, NULL, NULL},
	{CACHE "coherency_line_size", 0, show_cache_line, NULL, NULL, NULL},
	{CACHE "number_of_sets", 0, show_cache_sets, NULL, NULL, NULL},
	{CACHE "ways_of_associativity", 0, show_cache_ways, NULL, NULL, NULL},
	{CACHE "shared_cpu_map", 0, show_cache_map, NULL, NULL, NULL},
	{CACHE "shared_cpu_list", 0, show_cache_list, NULL, NULL, NULL},
	{CPU "smt/active", 0, show_zero, NULL, NULL, NULL},
	{CPU "smt/control", 0, show_off, NULL, NULL, NULL},
	{NODE "online", 0, show_zero, NULL, NULL, NULL},
	{NODE "possible", 0, show_zero, NULL, NULL, NULL},
	{NODE "has_cpu", 0, show_zero, NULL, NULL, NULL},
	{NODE "has_memory", 0, show_zero, NULL, NULL, NULL},
	{NODE "has_normal_memory", 0, show_zero, NULL, NULL, NULL},
	{NODE "node0/cpulist", 0, show_cpus, NULL, NULL, NULL},
	{NODE "node0/cpumap", 0, show_cpu_mask, NULL, NULL, NULL},
	{NODE "node0/distance", 0, show_distance, NULL, NULL, NULL},
	{NODE "node0/meminfo", 0, show_node_meminfo, NULL, NULL, NULL},
	{THP "enabled", 0, show_thp, NULL, NULL, NULL},
	{THP "defrag", 0, show_thp_defrag, NULL, NULL, NULL},
	{THP "shmem_enabled", 0, show_thp, NULL, NULL, NULL},
	{THP "hpage_pmd_size", 0, show_thp_size, NULL, NULL, NULL},
	{THP "use_zero_page", 0, show_zero, NULL, NULL, NULL},
	{"fs", S_IFDIR | 0555, NULL, NULL, NULL, NULL},
};

static const struct pseudo_fs sysfs = {rows, ARRAY_SIZE(rows), classes, ARRAY_SIZE(classes), false};

int sysfs_mount(struct mount *m, struct superblock **out)
{
	*out = pseudo_super(&sysfs, SYSFS_MAGIC, "sysfs");
	if (!*out)
		return -ENOMEM;
	(*out)->flags |= SB_RDONLY;
	return 0;
}
