/* SPDX-License-Identifier: MIT */
/*
 * Behind a system call comes nearly always a comparison of the result, a move of it or a return.  Those forms are
 * known here (SDM 2, tables 2-2 and A-2); whatever else there is stays where it is.
 */
#include "arch/x86_64/displace.h"

#define MODRM_MOD(b) ((b) >> 6)
#define MODRM_REG(b) ((b) >> 3 & 7)
#define MODRM_RM(b)  ((b) & 7)

enum { GROUP1_ADC = 2, GROUP1_SBB = 3, GROUP3_NEG = 3 };

/* ModRM with SIB and displacement; 0: cut off, or relative to rip. */
static unsigned modrm_length(const u8 *p, size_t len)
{
	unsigned n = 1;

	if (!len)
		return 0;
	u8 mod = MODRM_MOD(p[0]), rm = MODRM_RM(p[0]);

	if (mod == 3)
		return 1;
	if (mod == 0 && rm == 5)
		return 0;
	if (rm == 4) {
		if (len < 2)
			return 0;
		if (mod == 0 && MODRM_RM(p[1]) == 5) /* no base: 32 bits of displacement */
			n += 4;
		n++;
	}
	n += mod == 1 ? 1 : mod == 2 ? 4 : 0;
	return n <= len ? n : 0;
}

unsigned displace_length(const u8 *code, size_t len, bool *sets_flags)
{
	unsigned prefix = len && (code[0] & 0xf0) == 0x40, modrm, n;
	const u8 *p = code + prefix;
	bool wide = prefix && (code[0] & 8);

	*sets_flags = false;
	if (len < prefix + 2)
		return 0;
	modrm = modrm_length(p + 1, len - prefix - 1);
	switch (p[0]) {
	case 0x3d: /* cmp $imm32, %eax */
		*sets_flags = true;
		n = 1 + 4;
		break;
	case 0x81: /* add or adc sbb and sub xor cmp $imm32, r/m */
	case 0x83: /* ... $imm8 */
		if (!modrm)
			return 0;
		*sets_flags = MODRM_REG(p[1]) != GROUP1_ADC && MODRM_REG(p[1]) != GROUP1_SBB;
		n = 1 + modrm + (p[0] == 0x81 ? 4 : 1);
		break;
	case 0x39: /* cmp %r, r/m and its reverse */
	case 0x3b:
	case 0x85: /* test */
	case 0x31: /* xor */
	case 0x33:
		*sets_flags = true;
		n = modrm ? 1 + modrm : 0;
		break;
	case 0x89: /* mov */
	case 0x8b:
	case 0x8d: /* lea */
		n = modrm ? 1 + modrm : 0;
		break;
	case 0xc7: /* mov $imm32, r/m */
		n = modrm && !MODRM_REG(p[1]) ? 1 + modrm + 4 : 0;
		break;
	case 0xf7:
		if (!modrm || MODRM_REG(p[1]) != GROUP3_NEG)
			return 0;
		*sets_flags = true;
		n = 1 + modrm;
		break;
	case 0xb8 ... 0xbf: /* mov $imm, %r */
		n = 1 + (wide ? 8 : 4);
		break;
	default:
		return 0;
	}
	n = n ? n + prefix : 0;
	return n <= len ? n : 0;
}

bool displace_is_mov_eax(const u8 *before, const u8 *code, u32 number)
{
	u32 imm = code[1] | code[2] << 8 | code[3] << 16 | (u32)code[4] << 24;

	if (code[0] != 0xb8 || imm != number)
		return false;
	/* A prefix makes it another register's; behind these opcodes 0xb8 may be ModRM's displacement. */
	if ((before[2] & 0xf0) == 0x40 || before[2] == 0x66)
		return false;
	for (int i = 0; i < 2; i++)
		if (before[i] == 0xc7 || before[i] == 0x81 || before[i] == 0x69 || before[i] == 0xf7)
			return false;
	return true;
}
