/* SPDX-License-Identifier: MIT */
int part_answer(void);

int part_answer(void)
{
	return 42;
}
