/* SPDX-License-Identifier: MIT */
/*
 * Page tables of x86-64 (SDM 3A, 4.5), for the kernel's own half and for program
 * spaces.  Only platform/vm/ may include this.  Program tables are guarded by
 * space.lock; the kernel's half by a lock of its own.
 */
#ifndef PLATFORM_VM_PAGING_H
#define PLATFORM_VM_PAGING_H

#include "lib/types.h"

#define PTE_P	 (1ull << 0)
#define PTE_W	 (1ull << 1)
#define PTE_PCD	 (1ull << 4)
#define PTE_A	 (1ull << 5)
#define PTE_D	 (1ull << 6)
#define PTE_PS	 (1ull << 7) /* in a PDPT or PD: maps 1 GiB or 2 MiB */
#define PTE_G	 (1ull << 8)
#define PTE_NONE (1ull << 11) /* ours: not P because the area allows no access; the page is still there */
#define PTE_NX	 (1ull << 63)
#define PTE_ADDR 0x000ffffffffff000ull

struct space;

static inline bool pte_there(u64 e) { return e & (PTE_P | PTE_NONE); }

extern u64 kernel_root[512], direct_pdpt[512], kernel_pt[2048];
extern char text_start[], text_end[], rodata_start[], rodata_end[], kernel_start[], kernel_end[];

/* Finishes the kernel's half: protections of its image, tables for MMIO and stacks. */
void paging_init(void);
void paging_map_ram(paddr_t start, paddr_t end); /* extends the direct map, before or after frames_init */
/* Maps one page of the kernel's half (MMIO, kernel stacks).  -ENOMEM. */
int paging_map_kernel(vaddr_t va, paddr_t pa, u64 flags);

/*
 * The entry that maps va in the tables below `root`, or NULL if a table is missing.  *huge tells
 * whether it is a PD entry for 2 MiB (present and PS), else it is a PT entry, present or not.
 */
u64 *paging_find(paddr_t root, vaddr_t va, bool *huge);
/* As above, making tables: the PD entry (huge) or the PT entry.  NULL: no memory, or in the way: a huge page. */
u64 *paging_make(paddr_t root, vaddr_t va, bool huge);
/* The next address at or above va whose entry may be present: skips missing tables. */
vaddr_t paging_skip(paddr_t root, vaddr_t va, vaddr_t end);
/* Replaces the 2 MiB entry that maps va by 512 small ones with the same flags.  -ENOMEM. */
int paging_split(u64 *pde);
/* Frees all tables of the program's half (not what they map). */
void paging_free_tables(paddr_t root);

/* ---- TLB ---- */
void tlb_flush_local(vaddr_t start, vaddr_t end);
/* On all CPUs of `cpus` (a cpumask_t), this one included; returns when all have done it.  With any lock held. */
void tlb_flush(u64 cpus, vaddr_t start, vaddr_t end);
/*
 * The same for all that use s, with space.lock held.  An idle CPU is left asleep: it looks for itself when it wakes,
 * before it can touch the program's memory.
 */
void tlb_flush_space(struct space *s, vaddr_t start, vaddr_t end);
u32 tlb_idle_enter(void); /* around a sleep, events masked; leave takes what enter gave */
void tlb_idle_leave(u32 seen);
void tlb_serve(void); /* answers other CPUs' requests: the event handler and platform_spin_wait call it */

#endif
