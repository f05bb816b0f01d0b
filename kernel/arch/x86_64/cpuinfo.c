/* SPDX-License-Identifier: MIT */
/* /proc/cpuinfo from CPUID (SDM volume 2A, CPUID), with Linux's names of the features. */
#include <arch/cpu.h>
#include <arch/cpuinfo.h>
#include "lib/format.h"
#include "lib/string.h"

/* Names by bit; NULL: not shown. */
static const char *const leaf1_edx[32] = {
	"fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", NULL, "sep", "mtrr", "pge", "mca", "cmov",
	"pat", "pse36", "pn", "clflush", NULL, "dts", "acpi", "mmx", "fxsr", "sse", "sse2", "ss", "ht", "tm", "ia64",
	"pbe"};
static const char *const leaf1_ecx[32] = {
	"pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx", "smx", "est", "tm2", "ssse3", "cid", "sdbg", "fma",
	"cx16", "xtpr", "pdcm", NULL, "pcid", "dca", "sse4_1", "sse4_2", "x2apic", "movbe", "popcnt",
	"tsc_deadline_timer", "aes", "xsave", NULL, "avx", "f16c", "rdrand", "hypervisor"};
static const char *const leaf7_ebx[32] = {
	"fsgsbase", "tsc_adjust", "sgx", "bmi1", "hle", "avx2", NULL, "smep", "bmi2", "erms", "invpcid", "rtm", "cqm",
	NULL, "mpx", "rdt_a", "avx512f", "avx512dq", "rdseed", "adx", "smap", "avx512ifma", NULL, "clflushopt", "clwb",
	"intel_pt", "avx512pf", "avx512er", "avx512cd", "sha_ni", "avx512bw", "avx512vl"};
static const char *const leaf7_ecx[32] = {
	NULL, "avx512vbmi", "umip", "pku", "ospke", "waitpkg", "avx512_vbmi2", NULL, "gfni", "vaes", "vpclmulqdq",
	"avx512_vnni", "avx512_bitalg", NULL, "avx512_vpopcntdq", NULL, "la57", NULL, NULL, NULL, NULL, NULL, "rdpid"};
static const char *const ext_edx[32] = {
	[11] = "syscall", [19] = "mp", [20] = "nx", [22] = "mmxext", [25] = "fxsr_opt", [26] = "pdpe1gb",
	[27] = "rdtscp", [29] = "lm", [30] = "3dnowext", [31] = "3dnow"};
static const char *const ext_ecx[32] = {
	"lahf_lm", "cmp_legacy", "svm", "extapic", "cr8_legacy", "abm", "sse4a", "misalignsse", "3dnowprefetch",
	"osvw", "ibs", "xop", "skinit", "wdt", NULL, "lwp", "fma4", "tce", NULL, "nodeid_msr", NULL, "tbm", "topoext"};

struct out {
	char *buf;
	size_t size, len;
};

static void put(struct out *o, const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n && o->len + i + 1 < o->size; i++)
		o->buf[o->len + i] = s[i];
	o->len += n;
}

static void put_flags(struct out *o, u32 bits, const char *const *names)
{
	for (int i = 0; i < 32; i++) {
		if (!(bits >> i & 1) || !names[i])
			continue;
		put(o, " ");
		put(o, names[i]);
	}
}

static void put_name(struct out *o)
{
	char name[49] = "unknown";
	const char *p = name;

	if (cpu_cpuid(0x80000000, 0).eax >= 0x80000004) {
		for (u32 i = 0; i < 3; i++) {
			struct cpuid c = cpu_cpuid(0x80000002 + i, 0);

			memcpy(name + 16 * i, &c, 16);
		}
		name[48] = '\0';
	}
	while (*p == ' ')
		p++;
	put(o, p);
}

int arch_cpuinfo(char *buf, size_t size, unsigned cpu, unsigned count, u64 khz)
{
	struct out o = {buf, size, 0};
	struct cpuid c0 = cpu_cpuid(0, 0), c1 = cpu_cpuid(1, 0), c7 = {0, 0, 0, 0}, ext = {0, 0, 0, 0};
	u32 family = c1.eax >> 8 & 15, model = c1.eax >> 4 & 15, max_ext = cpu_cpuid(0x80000000, 0).eax;
	u32 phys = 36, virt = 48;
	char vendor[13], line[512];

	if (family == 6 || family == 15)
		model |= c1.eax >> 12 & 0xf0;
	if (family == 15)
		family += c1.eax >> 20 & 0xff;
	memcpy(vendor, &c0.ebx, 4);
	memcpy(vendor + 4, &c0.edx, 4);
	memcpy(vendor + 8, &c0.ecx, 4);
	vendor[12] = '\0';
	if (c0.eax >= 7)
		c7 = cpu_cpuid(7, 0);
	if (max_ext >= 0x80000001)
		ext = cpu_cpuid(0x80000001, 0);
	if (max_ext >= 0x80000008) {
		u32 eax = cpu_cpuid(0x80000008, 0).eax;

		phys = eax & 0xff;
		virt = eax >> 8 & 0xff;
	}
	format_string(line, sizeof(line), "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: ",
		      cpu, vendor, family, model);
	put(&o, line);
	put_name(&o);
	format_string(line, sizeof(line), "\nstepping\t: %u\n", c1.eax & 15);
	put(&o, line);
	if (khz) {
		format_string(line, sizeof(line), "cpu MHz\t\t: %lu.%03lu\n", (unsigned long)(khz / 1000),
			      (unsigned long)(khz % 1000));
		put(&o, line);
	}
	format_string(line, sizeof(line),
		      "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\n"
		      "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\nflags\t\t:",
		      count, cpu, count, cpu, c0.eax);
	put(&o, line);
	put_flags(&o, c1.edx, leaf1_edx);
	put_flags(&o, ext.edx, ext_edx);
	put_flags(&o, c1.ecx, leaf1_ecx);
	put_flags(&o, ext.ecx, ext_ecx);
	put_flags(&o, c7.ebx, leaf7_ebx);
	put_flags(&o, c7.ecx, leaf7_ecx);
	format_string(line, sizeof(line),
		      "\nclflush size\t: %u\ncache_alignment\t: %u\naddress sizes\t: %u bits physical, %u bits virtual\n\n",
		      (c1.ebx >> 8 & 0xff) * 8, (c1.ebx >> 8 & 0xff) * 8, phys, virt);
	put(&o, line);
	if (size)
		buf[MIN(o.len, size - 1)] = '\0';
	return o.len;
}
