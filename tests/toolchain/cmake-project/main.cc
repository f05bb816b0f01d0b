/* SPDX-License-Identifier: MIT */
#include <iostream>
#include <stdexcept>

extern "C" int part_answer(void);

int main()
{
	try {
		throw std::runtime_error("answer");
	} catch (const std::exception &e) {
		std::cout << e.what() << ": " << part_answer() << std::endl;
	}
}
