/* SPDX-License-Identifier: MIT */
/*
 * A system call as a function call: the site of a `syscall` instruction becomes a jump to a stub near it, and the
 * stub a jump into patched.S.  docs/syscalls-as-calls.md has the forms, and why each step is safe.
 */
#include <arch/offsets.h>
#include <arch/patch.h>
#include <arch/trap.h>
#include "arch/x86_64/displace.h"
#include "hermit/boot.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "platform/boot.h"
#include "platform/platform.h"
#include "proc/thread.h"
#include "proc/wait.h"

#define PATCH_AFTER 4 /* a site is worth its rewriting (some thousand instructions) once it has been used so often */

#define JMP_LEN	    5
#define SYSCALL_LEN 2
#define MOV_LEN	    5
#define INT3	    0xcc
#define MOVED_MAX   10

#define SLOT_SIZE 32
#define AREA_SIZE 0x10000 /* all values of a jump's low 16 bits */
#define SLOTS	  (AREA_SIZE / SLOT_SIZE)
#define REACH	  0x40000000ull /* a jump reaches 2 GiB; the moved instruction's stub must, too */
#define AREAS_MAX 16
#define SITES	  2048 /* a power of two */

/* In the order of patched.S. */
enum patched_kind { PATCHED_PLAIN, PATCHED_FLAGS, PATCHED_PLAIN_ANY, PATCHED_FLAGS_ANY, PATCHED_KINDS };
extern const struct patched_entry {
	u64 entry, switched, exit, jump;
} patched_entries[], patched_entries_end[];

/*
 * A stub.  Known number: mov $nr, %eax; lea back(%rip), %rcx; jmp *entry(%rip).
 * Moved instruction: lea tail(%rip), %rcx; jmp *entry(%rip); tail: the instruction; jmp back.
 */
#define LEA_LEN	     7
#define JMP_MEM_LEN  6
#define STUB_TAIL    (LEA_LEN + JMP_MEM_LEN)
_Static_assert(STUB_TAIL + MOVED_MAX + JMP_LEN <= SLOT_SIZE, "slot");
_Static_assert(MOV_LEN + LEA_LEN + JMP_MEM_LEN <= SLOT_SIZE, "slot");

struct call_site {
	vaddr_t at;   /* first byte of the jump; 0: free */
	vaddr_t stub;
	u8 moved;     /* length of the instruction behind `syscall` that was moved; 0: the jump is in `mov`'s place */
	bool changing;
};

struct stub_area {
	vaddr_t base; /* slot 0: the addresses that stubs jump to, by enum patched_kind */
	u64 used[SLOTS / 64];
};

struct call_sites {
	struct mutex mutex;
	struct stub_area *areas[AREAS_MAX];
	unsigned area_count, count;
	struct call_site site[SITES];
};

/* Return addresses of sites, by their low byte, that are not to be considered again.  syscall.S looks. */
u64 patch_left_alone[256];
static struct {
	u64 ret;
	unsigned count;
} seen[256];

static struct call_sites *sites_here(void) { return current->process->space->sites; }

/* ---- the table: entries are filled before `at` is set, and looked at without a lock ---- */

static unsigned site_hash(vaddr_t at) { return (unsigned)((at * 0x9e3779b97f4a7c15ull) >> 48) % SITES; }

static struct call_site *site_find(struct call_sites *c, vaddr_t at)
{
	struct call_site *s;

	for (unsigned i = site_hash(at);; i = (i + 1) % SITES) {
		s = &c->site[i];
		vaddr_t there = __atomic_load_n(&s->at, __ATOMIC_ACQUIRE);

		if (there == at)
			return s;
		if (!there)
			return NULL;
	}
}

static struct call_site *site_add(struct call_sites *c, vaddr_t at, vaddr_t stub, unsigned moved)
{
	unsigned i = site_hash(at);

	while (c->site[i].at)
		i = (i + 1) % SITES;
	c->site[i].stub = stub;
	c->site[i].moved = moved;
	c->site[i].changing = true;
	__atomic_store_n(&c->site[i].at, at, __ATOMIC_RELEASE);
	c->count++;
	return &c->site[i];
}

static struct call_site *site_of_stub(struct call_sites *c, vaddr_t pc)
{
	for (unsigned i = 0; i < __atomic_load_n(&c->area_count, __ATOMIC_ACQUIRE); i++) {
		if (pc - c->areas[i]->base >= AREA_SIZE)
			continue;
		for (unsigned n = 0; n < SITES; n++)
			if (c->site[n].at && pc - c->site[n].stub < SLOT_SIZE)
				return &c->site[n];
	}
	return NULL;
}

static void jump_make(u8 *code, vaddr_t at, vaddr_t to)
{
	s32 rel = (s32)(to - (at + JMP_LEN));

	code[0] = 0xe9;
	memcpy(code + 1, &rel, 4);
}

/* Whether the jump stands there (still: the program may have mapped something else). */
static bool site_stands(const struct call_site *s)
{
	u8 want[JMP_LEN], is[JMP_LEN];

	if (READ_ONCE(s->changing))
		return true;
	jump_make(want, s->at, s->stub);
	return !copy_from_user(is, (const void __user *)s->at, sizeof(is)) && !memcmp(want, is, sizeof(is));
}

/* ---- room for stubs ---- */

static int area_add(struct space *space, struct call_sites *c, vaddr_t site)
{
	struct stub_area *a;
	s64 base;
	u64 entries[PATCHED_KINDS];
	int err;

	if (c->area_count == AREAS_MAX)
		return -ENOSPC;
	a = kzalloc(sizeof(*a));
	if (!a)
		return -ENOMEM;
	base = space_map_near(space, site, REACH, AREA_SIZE, AREA_READ | AREA_EXEC | AREA_NOHUGE, "[syscall]");
	if (base < 0) {
		kfree(a);
		return (int)base;
	}
	for (int i = 0; i < PATCHED_KINDS; i++)
		entries[i] = patched_entries[i].entry;
	err = platform_code_write(space, (vaddr_t)base, entries, sizeof(entries));
	if (err) {
		space_unmap(space, (vaddr_t)base, AREA_SIZE);
		kfree(a);
		return err;
	}
	a->base = (vaddr_t)base;
	a->used[0] = 1;
	c->areas[c->area_count] = a;
	__atomic_store_n(&c->area_count, c->area_count + 1, __ATOMIC_RELEASE);
	return 0;
}

/* Whether a jump at `at` to `stub` has an int3 as its third byte, where the moved instruction began. */
static bool traps_inside(vaddr_t at, vaddr_t stub) { return ((stub - (at + JMP_LEN)) >> 8 & 0xff) == INT3; }

static vaddr_t slot_find(struct stub_area *a, vaddr_t at, bool moved)
{
	u64 distance = a->base > at ? a->base - at : at - a->base;

	if (distance > REACH)
		return 0;
	for (unsigned i = 1; i < SLOTS; i++)
		if (!(a->used[i / 64] & 1ull << i % 64) && (!moved || traps_inside(at, a->base + i * SLOT_SIZE)))
			return a->base + i * SLOT_SIZE;
	return 0;
}

static vaddr_t slot_take(struct space *space, struct call_sites *c, vaddr_t at, bool moved, vaddr_t *entries)
{
	for (unsigned i = 0;; i++) {
		if (i == c->area_count && area_add(space, c, at))
			return 0;
		vaddr_t stub = slot_find(c->areas[i], at, moved);

		if (stub) {
			unsigned n = (unsigned)(stub - c->areas[i]->base) / SLOT_SIZE;

			c->areas[i]->used[n / 64] |= 1ull << n % 64;
			*entries = c->areas[i]->base;
			return stub;
		}
	}
}

/* ---- rewriting ---- */

static u8 *put_relative(u8 *p, const void *opcode, unsigned len, vaddr_t end, vaddr_t to)
{
	s32 rel = (s32)(to - end);

	memcpy(p, opcode, len);
	memcpy(p + len, &rel, 4);
	return p + len + 4;
}

static int stub_write(struct space *space, vaddr_t stub, vaddr_t entry, vaddr_t back, u32 nr, const u8 *moved, unsigned len)
{
	u8 code[SLOT_SIZE], *p = code;
	vaddr_t go_on = moved ? stub + STUB_TAIL : back;

	memset(code, INT3, sizeof(code));
	if (!moved) {
		*p++ = 0xb8;
		memcpy(p, &nr, 4);
		p += 4;
	}
	p = put_relative(p, "\x48\x8d\x0d", 3, stub + (vaddr_t)(p - code) + LEA_LEN, go_on);
	p = put_relative(p, "\xff\x25", 2, stub + (vaddr_t)(p - code) + JMP_MEM_LEN, entry);
	if (moved) {
		memcpy(p, moved, len);
		p += len;
		jump_make(p, stub + (vaddr_t)(p - code), back);
	}
	return platform_code_write(space, stub, code, sizeof(code));
}

/*
 * The jump, byte by byte: while it is made, who comes here meets an int3 and is sent on by patch_breakpoint().
 * Each write returns when no CPU can run what was there before.
 */
static int jump_write(struct space *space, struct call_site *s)
{
	static const u8 int3 = INT3;
	u8 code[JMP_LEN];
	int err;

	jump_make(code, s->at, s->stub);
	err = platform_code_write(space, s->at, &int3, 1);
	if (!err && s->moved)
		err = platform_code_write(space, s->at + SYSCALL_LEN, &int3, 1);
	if (!err)
		err = platform_code_write(space, s->at + 1, code + 1, JMP_LEN - 1);
	if (!err)
		err = platform_code_write(space, s->at, code, 1);
	return err;
}

/* What is at the site: 3 + 5 bytes ahead of `syscall`, and 2 + MOVED_MAX from it on. */
struct site_code {
	u8 before[3 + MOV_LEN], call[SYSCALL_LEN], after[MOVED_MAX];
	size_t after_len;
};

static bool site_read(vaddr_t ret, struct site_code *code)
{
	vaddr_t start = ret - sizeof(code->before) - SYSCALL_LEN;
	size_t left = PAGE_SIZE - (ret & (PAGE_SIZE - 1)); /* the next page may be another's */

	memset(code, 0, sizeof(*code));
	if (copy_from_user(code->before, (const void __user *)start, sizeof(code->before) + SYSCALL_LEN))
		return false;
	code->after_len = left < MOVED_MAX ? left : MOVED_MAX;
	if (copy_from_user(code->after, (const void __user *)ret, code->after_len))
		return false;
	return code->call[0] == 0x0f && code->call[1] == 0x05;
}

static bool in_one_page(vaddr_t at) { return (at & (PAGE_SIZE - 1)) + JMP_LEN <= PAGE_SIZE; }

/* -EAGAIN: not a site that can be rewritten. */
static int site_rewrite(struct space *space, struct call_sites *c, vaddr_t ret, u32 nr, const struct site_code *code)
{
	bool sets_flags;
	unsigned len = displace_length(code->after, code->after_len, &sets_flags);
	bool known = displace_is_mov_eax(code->before, code->before + 3, nr) && nr < SYSCALL_MAX;
	/* A function's return: the ABI gives the flags to nobody behind it. */
	bool flags = !sets_flags && !(code->after_len && code->after[0] == 0xc3);
	vaddr_t at = ret - SYSCALL_LEN - (known ? MOV_LEN : 0), stub, entries, back;
	enum patched_kind kind = (flags ? PATCHED_FLAGS : PATCHED_PLAIN) + (known ? 0 : PATCHED_PLAIN_ANY);
	struct call_site *s;
	int err;

	if (!known && (len < JMP_LEN - SYSCALL_LEN || len > MOVED_MAX))
		return -EAGAIN;
	if (!in_one_page(at) || c->count >= SITES / 2 || site_find(c, at))
		return -EAGAIN;
	stub = slot_take(space, c, at, !known, &entries);
	if (!stub)
		return -EAGAIN;
	back = known ? ret : ret + len;
	err = stub_write(space, stub, entries + 8 * kind, back, nr, known ? NULL : code->after, len);
	if (err)
		return err;
	s = site_add(c, at, stub, known ? 0 : len);
	err = jump_write(space, s);
	WRITE_ONCE(s->changing, false);
	return err;
}

static struct call_sites *sites_get(struct space *space)
{
	struct call_sites *c = READ_ONCE(space->sites), *none = NULL;

	if (c)
		return c;
	c = kzalloc(sizeof(*c));
	if (!c)
		return NULL;
	mutex_init(&c->mutex);
	if (__atomic_compare_exchange_n(&space->sites, &none, c, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return c;
	kfree(c);
	return none;
}

void patch_consider(const struct trap_frame *f)
{
	u64 ret = f->rip, *left = &patch_left_alone[ret & 0xff];
	struct space *space = current->process->space;
	struct call_sites *c;
	struct site_code code;

	if (f->trapno != TRAP_SYSCALL)
		return;
	if (boot_info.flags & HERMIT_BOOT_F_NO_PATCH) {
		*left = ret;
		return;
	}
	/* Hints: a race costs a rewriting too early or too late. */
	if (seen[ret & 0xff].ret != ret) {
		seen[ret & 0xff].ret = ret;
		seen[ret & 0xff].count = 1;
		return;
	}
	if (++seen[ret & 0xff].count < PATCH_AFTER)
		return;
	c = sites_get(space);
	if (!c)
		return;
	mutex_lock(&c->mutex);
	if (site_read(ret, &code))
		(void)site_rewrite(space, c, ret, (u32)f->error, &code);
	mutex_unlock(&c->mutex);
	*left = ret; /* who still comes by the instruction shall not ask again */
}

void patch_free(struct call_sites *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->area_count; i++)
		kfree(c->areas[i]);
	kfree(c);
	memset(patch_left_alone, 0, sizeof(patch_left_alone));
}

/* ---- who is in the midst of it ---- */

bool patch_breakpoint(struct trap_frame *f)
{
	struct call_sites *c = sites_here();
	vaddr_t at = f->rip - 1;
	struct call_site *s;

	if (!c)
		return false;
	s = site_find(c, at);
	if (s && site_stands(s)) {
		f->rip = s->stub;
		return true;
	}
	s = site_find(c, at - SYSCALL_LEN);
	if (s && s->moved && site_stands(s)) {
		f->rip = s->stub + STUB_TAIL;
		return true;
	}
	return false;
}

static u64 program_pc(struct call_sites *c, u64 pc)
{
	struct call_site *s = site_of_stub(c, pc);

	if (!s)
		return pc;
	if (!s->moved || pc < s->stub + STUB_TAIL)
		return s->at;
	return s->at + SYSCALL_LEN + (pc > s->stub + STUB_TAIL ? s->moved : 0);
}

u64 patch_program_pc(u64 pc)
{
	struct call_sites *c = sites_here();

	return c ? program_pc(c, pc) : pc;
}

/* From the return address that a stub has loaded to where its site begins. */
static u64 site_of_return(u64 ret)
{
	struct call_sites *c = sites_here();
	struct call_site *s = c ? site_of_stub(c, ret) : NULL;

	return s ? s->at : ret - SYSCALL_LEN - MOV_LEN;
}

void patch_interrupted(struct trap_frame *f, bool kernel)
{
	for (const struct patched_entry *e = patched_entries; e < patched_entries_end; e++) {
		if (!kernel && f->rip >= e->entry && f->rip < e->switched)
			f->rip = site_of_return(f->rcx);
		else if (!kernel && f->rip == e->jump)
			f->rip = f->rcx;
		else if (kernel && f->rip > e->exit && f->rip < e->jump) {
			f->rip = e->exit;
			f->rsp = (u64)current->frame;
		}
	}
}
