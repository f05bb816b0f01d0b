/* SPDX-License-Identifier: MIT */
/* Without a network stack each family says so; a program that probes for one goes on without it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(void)
{
	static const struct {
		const char *name;
		int family;
	} families[] = {
		{"inet", AF_INET}, {"inet6", AF_INET6}, {"packet", AF_PACKET}, {"netlink", AF_NETLINK}, {"vsock", AF_VSOCK}};
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		for (size_t k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
			errno = 0;
			int fd = socket(families[i].family, types[k], 0);

			printf("%s %zu: %s\n", families[i].name, k, fd >= 0 ? "given" : strerrorname_np(errno));
		}
	}
	return 0;
}
