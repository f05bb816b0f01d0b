/* SPDX-License-Identifier: MIT */
/*
 * A guest for uhyve that does one thing, named on its command line: 32-bit code
 * without paging, integers only, so that a software KVM runs it too.
 */
#include <stdint.h>

#define COM1	  0x3f8
#define EXIT_PORT 0xf4
#define WINDOW	  0xfeb00000u
#define SLOT	  0x200u

struct start_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, cmdline;
};

void guest_main(const struct start_info *info);

/* The PVH note and the entry: ebx holds the start info. */
__asm__(".section .note.pvh, \"a\", @note\n"
	".long 4, 4, 18\n"
	".asciz \"Xen\"\n"
	".long guest_start\n"
	".section .text.start, \"ax\"\n"
	".globl guest_start\n"
	"guest_start:\n"
	"mov $stack_top, %esp\n"
	"push %ebx\n"
	"call guest_main\n"
	".bss\n"
	".balign 16\n"
	".skip 16384\n"
	"stack_top:\n"
	".text\n");

static void out8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

static void out32(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

static uint32_t in32(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static uint8_t in8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static void say(const char *s)
{
	for (; *s; s++)
		out8(COM1, (uint8_t)*s);
}

static void say_hex(uint32_t v)
{
	for (int i = 28; i >= 0; i -= 4)
		out8(COM1, (uint8_t)"0123456789abcdef"[v >> i & 15]);
}

static uint32_t state = 1;

static uint32_t any(void)
{
	state = state * 1664525u + 1013904223u;
	return state >> 8 ^ state << 13;
}

static volatile uint32_t *word(uint32_t addr) { return (volatile uint32_t *)addr; }

static void do_log(const struct start_info *info)
{
	say("the guest speaks\nof ");
	say_hex((uint32_t)info->cmdline);
	say(" without an end of line");
}

static void do_empty(const struct start_info *info)
{
	/* Where nothing is, all is ones: behind the devices, in the hole, and on a port. */
	static const uint32_t places[] = { WINDOW - 4, WINDOW + 19 * SLOT, 0xd0000000u, 0xffffff00u };

	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		*word(places[i]) = 1;
		if (*word(places[i]) != ~0u)
			say("not empty\n");
	}
	if (in32(0xcf8) != ~0u || in8(0x60) != 0xff)
		say("a port is not empty\n");
	if (*word(WINDOW) != 0x74726976)
		say("no device\n");
	say("done\n");
}

/* Every register of every device, with anything, in every width; rings anywhere. */
static void do_wild(const struct start_info *info)
{
	for (uint32_t n = 0; n < 8000; n++) {
		uint32_t at = WINDOW + any() % (3 * SLOT);

		switch (any() % 6) {
		case 0:
			*(volatile uint8_t *)at = (uint8_t)any();
			break;
		case 1:
			*(volatile uint16_t *)at = (uint16_t)any();
			break;
		case 2:
			(void)*word(at);
			break;
		case 3: /* a status, so that devices come up now and then */
			*word((at & ~(SLOT - 1)) + 0x70) = (uint32_t[]){ 0, 1, 3, 11, 15, 0xff }[any() % 6];
			break;
		default:
			*word(at & ~3u) = any() % 3 ? any() % 1024 : any();
		}
		if (n % 64 == 0)
			*word(0x200000 + any() % 4096 * 4) = any();
	}
	say("done\n");
}

static void do_ports(const struct start_info *info)
{
	for (uint32_t port = 0; port < 0x10000; port += 1 + any() % 200) {
		if (port >= EXIT_PORT - 3 && port <= EXIT_PORT)
			continue;
		/* What KVM's own PICs take would only mask them. */
		out32((uint16_t)port, any());
		(void)in32((uint16_t)port);
		(void)in8((uint16_t)port);
	}
	say("\ndone\n");
}

static void do_triple(const struct start_info *info)
{
	static struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) none;

	in8(COM1 + 5);
	__asm__ volatile("mov $0x1234abcd, %%edx\n lidt %0\n ud2" ::"m"(none) : "edx");
}

static void do_fail(const struct start_info *info)
{
	say("the guest gives up\n");
	out8(EXIT_PORT, 1);
}

/* --- a device that somebody has added: its first queue, once up and once more after a reset --- */

#define ADDED	 (WINDOW + 2 * SLOT) /* behind console and rng */
#define RINGS	 0x300000u
#define REQUEST	 0x304000u
#define ANSWER	 0x305000u
#define DEVICE_9P 9

static void set(uint32_t reg, uint32_t v) { *word(ADDED + reg) = v; }

/* Descriptors, the available ring and the used one: virtio 1.2, 2.7. */
struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

static void device_start(void)
{
	for (uint32_t at = RINGS; at < ANSWER + 4096; at += 4)
		*word(at) = 0;
	set(0x70, 0);
	set(0x70, 3);
	set(0x24, 1);
	set(0x20, 1);
	set(0x70, 11);
	set(0x30, 0);
	set(0x38, 8);
	set(0x80, RINGS);
	set(0x90, RINGS + 0x1000);
	set(0xa0, RINGS + 0x2000);
	set(0x44, 1);
	set(0x70, 15);
}

/* What the device reads at REQUEST, then what it writes at ANSWER, in two pieces. */
static void device_ask(uint32_t out, uint32_t in, uint32_t more)
{
	volatile struct desc *d = (volatile struct desc *)RINGS;
	volatile uint16_t *avail = (volatile uint16_t *)(RINGS + 0x1000);
	volatile uint16_t *used = (volatile uint16_t *)(RINGS + 0x2000);

	d[0].addr = REQUEST;
	d[0].len = out;
	d[0].flags = 1;
	d[0].next = 1;
	d[1].addr = ANSWER;
	d[1].len = in;
	d[1].flags = 1 | 2;
	d[1].next = 2;
	d[2].addr = ANSWER + in;
	d[2].len = more;
	d[2].flags = 2;
	avail[2] = 0;
	avail[1] = 1;
	set(0x50, 0);
	while (!used[1])
		;
}

static void do_device(const struct start_info *info)
{
	static const uint8_t version[] = { 21, 0, 0, 0, 100, 0xff, 0xff, 0, 0x20, 0, 0, 8, 0, '9', 'P', '2', '0', '0', '0', '.', 'L' };

	for (int round = 0; round < 2; round++) {
		device_start();
		if (*word(ADDED + 8) == DEVICE_9P) {
			for (uint32_t i = 0; i < sizeof(version); i++)
				*(volatile uint8_t *)(REQUEST + i) = version[i];
			device_ask(sizeof(version), 7, 100);
			say("a reply of type ");
			say_hex(*(volatile uint8_t *)(ANSWER + 4));
		} else { /* a disk's first sector, its header being zeros */
			device_ask(16, 512, 1);
			say("a sector of ");
			say_hex(*word(ANSWER + 508));
		}
		say("\n");
	}
	set(0x70, 0);
	say("done\n");
}

/* --- for a debugger: tests/uhyve/gdb --- */

static volatile uint32_t counter, go_on;

static void __attribute__((noinline)) tick(void) { counter++; }

static void do_spin(const struct start_info *info)
{
	while (!go_on)
		tick();
	say("freed\n");
}

static const struct {
	const char *name;
	void (*fn)(const struct start_info *info);
} deeds[] = {
	{ "log", do_log }, { "empty", do_empty }, { "wild", do_wild }, { "ports", do_ports }, { "triple", do_triple },
	{ "fail", do_fail }, { "device", do_device }, { "spin", do_spin },
};

static int is(const char *line, const char *name)
{
	while (*name)
		if (*line++ != *name++)
			return 0;
	return *line == ' ' || !*line;
}

void guest_main(const struct start_info *info)
{
	for (unsigned int i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		if (is((const char *)(uint32_t)info->cmdline, deeds[i].name))
			deeds[i].fn(info);
	out8(EXIT_PORT, 0);
	for (;;)
		__asm__ volatile("hlt");
}
