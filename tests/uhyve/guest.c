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

static const struct {
	const char *name;
	void (*fn)(const struct start_info *info);
} deeds[] = {
	{ "log", do_log }, { "empty", do_empty }, { "wild", do_wild }, { "ports", do_ports }, { "triple", do_triple },
	{ "fail", do_fail },
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
