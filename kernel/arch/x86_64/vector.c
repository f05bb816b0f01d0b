/* SPDX-License-Identifier: MIT */
#include <arch/vector.h>
#include "lib/string.h"
#include "mm/heap.h"

#define CPUID_1_ECX_XSAVE     (1u << 26)
#define CPUID_D1_EAX_XSAVEOPT (1u << 0)

#define CR0_MP	       (1ul << 1)
#define CR0_EM	       (1ul << 2)
#define CR0_TS	       (1ul << 3)
#define CR0_NE	       (1ul << 5)
#define CR4_OSFXSR     (1ul << 9)
#define CR4_OSXMMEXCPT (1ul << 10)
#define CR4_OSXSAVE    (1ul << 18)

/*
 * x87, SSE, AVX, and AVX-512's three.  Not MPX, which is dead; not PKRU, as the kernel has no protection
 * keys; not AMX, whose 8 KiB a Linux program has to ask for with arch_prctl(ARCH_REQ_XCOMP_PERM).
 */
#define VECTOR_WANTED	0xe7ull
#define XFEATURE_X87_SSE 0x03ull
#define XFEATURE_AVX	0x04ull
#define XFEATURE_AVX512 0xe0ull

#define MXCSR_DEFAULT	   0x1f80u
#define MXCSR_MASK_DEFAULT 0xffbfu /* where the CPU reports 0: SDM vol. 1, 11.6.6 */
#define FCW_DEFAULT	   0x37fu

u8 vector_mode;
u32 vector_size;
u64 vector_features;
u32 vector_mxcsr_mask;

/* The initial state: a header that names no component initialises all (SDM vol. 1, 13.8.1). */
static const u8 vector_initial[VECTOR_LEGACY + VECTOR_HEADER] __aligned(64) = {
	[VECTOR_FCW] = FCW_DEFAULT & 0xff,
	[VECTOR_FCW + 1] = FCW_DEFAULT >> 8,
	[VECTOR_MXCSR] = MXCSR_DEFAULT & 0xff,
	[VECTOR_MXCSR + 1] = MXCSR_DEFAULT >> 8,
};

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

static struct cpuid_regs cpuid(u32 leaf, u32 sub)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(sub));
	return r;
}

static u64 xgetbv0(void)
{
	u32 lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (u64)hi << 32 | lo;
}

static void xsetbv0(u64 v)
{
	__asm__ volatile("xsetbv" ::"c"(0), "a"((u32)v), "d"((u32)(v >> 32)));
}

static void detect_mxcsr_mask(void)
{
	static u8 area[VECTOR_LEGACY] __aligned(16);

	__asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
	memcpy(&vector_mxcsr_mask, area + VECTOR_MXCSR_MASK, sizeof(vector_mxcsr_mask));
	if (!vector_mxcsr_mask)
		vector_mxcsr_mask = MXCSR_MASK_DEFAULT;
}

void vector_detect(void)
{
	bool xsaveopt = false, xsave = cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE;

	detect_mxcsr_mask();
	if (xsave) {
		/*
		 * CPUID makes any hypervisor step in, and one that has not seen our XSETBV comes back with XCR0 as
		 * it believes it to be (nested SVM as QEMU 7.2 translates it).  XSAVE would leave out SSE then.
		 */
		xsaveopt = cpuid(0xd, 1).eax & CPUID_D1_EAX_XSAVEOPT;
		vector_features = xgetbv0();
	}
	if ((vector_features & XFEATURE_X87_SSE) != XFEATURE_X87_SSE) {
		vector_mode = VECTOR_FXSAVE;
		vector_features = XFEATURE_X87_SSE;
		vector_size = VECTOR_LEGACY;
		return;
	}
	vector_mode = xsaveopt ? VECTOR_XSAVEOPT : VECTOR_XSAVE;
	vector_size = cpuid(0xd, 0).ebx; /* for the components that XCR0 has now */
}

/* What XCR0 may have on this CPU: AVX-512 needs AVX and all of its three parts (SDM vol. 1, 13.3). */
static u64 usable_features(void)
{
	struct cpuid_regs r = cpuid(0xd, 0);
	u64 have = ((u64)r.edx << 32 | r.eax) & VECTOR_WANTED;

	if ((have & XFEATURE_AVX512) != XFEATURE_AVX512 || !(have & XFEATURE_AVX))
		have &= ~XFEATURE_AVX512;
	return have;
}

void vector_init_cpu(void)
{
	bool xsave = cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE && !(vector_size && vector_mode == VECTOR_FXSAVE);
	u64 cr0, cr4;

	__asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("movq %0, %%cr0" ::"r"((cr0 & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE));
	__asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
	cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT | (xsave ? CR4_OSXSAVE : 0);
	__asm__ volatile("movq %0, %%cr4" ::"r"(cr4));
	if (xsave)
		xsetbv0(vector_size ? vector_features : usable_features());
	if (!vector_size)
		vector_detect();
	/* Programs look at CR4.OSXSAVE, through CPUID, before they use AVX. */
	if (xsave && vector_mode == VECTOR_FXSAVE)
		__asm__ volatile("movq %0, %%cr4" ::"r"(cr4 & ~CR4_OSXSAVE));
	vector_reset();
}

void *vector_alloc(void)
{
	/* The heap aligns to 16; the pointer to free stands in front of the image. */
	u8 *raw = kzalloc(vector_size + 64 + sizeof(void *));
	u8 *img;

	if (!raw)
		return NULL;
	img = (u8 *)ALIGN_UP((u64)raw + sizeof(void *), 64);
	memcpy(img - sizeof(void *), &raw, sizeof(raw));
	memcpy(img, vector_initial, VECTOR_MXCSR + sizeof(u32));
	return img;
}

void vector_free(void *img)
{
	void *raw;

	if (!img)
		return;
	memcpy(&raw, (u8 *)img - sizeof(void *), sizeof(raw));
	kfree(raw);
}

void vector_save_all(void *img)
{
	if (vector_mode != VECTOR_FXSAVE)
		__asm__ volatile("xsave64 (%0)" ::"r"(img), "a"(~0u), "d"(~0u) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" ::"r"(img) : "memory");
}

void vector_reset(void)
{
	vector_restore(vector_initial);
	/* FXRSTOR and XRSTOR of an initial x87 part leave no exception pending; nothing else is to clear. */
}

void vector_image_reset(void *img)
{
	memset(img, 0, vector_size);
	memcpy(img, vector_initial, VECTOR_MXCSR + sizeof(u32));
}

bool vector_image_ok(const void *img)
{
	const u8 *p = img;
	u64 header[3];
	u32 mxcsr;

	memcpy(&mxcsr, p + VECTOR_MXCSR, sizeof(mxcsr));
	if (mxcsr & ~vector_mxcsr_mask)
		return false;
	if (vector_mode == VECTOR_FXSAVE)
		return true;
	memcpy(header, p + VECTOR_XSTATE_BV, sizeof(header));
	/* XSTATE_BV within XCR0, bytes 8 to 23 zero (SDM vol. 1, 13.8.1); the CPU does not look at the rest.
	 */
	return !(header[0] & ~vector_features) && !header[1] && !header[2];
}
