/* SPDX-License-Identifier: MIT */
/* /sys: what runtimes read to learn about CPUs, nodes and huge pages.  There are no cgroups. */
#include "fs/pseudo.h"
#include "platform/platform.h"
#include "proc/cpu.h"

#define SYSFS_MAGIC 0x62656572

static long next_cpu(long from, const long *outer) { return from < (long)cpu_count ? from : -1; }

static const struct pseudo_class classes[] = {{'c', next_cpu}};

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
