/* SPDX-License-Identifier: MIT */
/*
 * The 9P server (hostfs/p9/p9.h).  The input is messages, each with two bytes of length and one that says how much
 * room the reply has and how the pieces lie; p9_mutator.c makes some up.
 */
#include "fuzz.h"
#include "tree.h"
#include "hostfs/p9/p9.h"
#include "hostfs/p9/wire.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MAX 70000u

static uint8_t reply[ROOM_MAX];

static void serve(struct p9_server *s, const uint8_t *msg, size_t len, uint8_t how)
{
	size_t room = how & 1 ? ROOM_MAX : (size_t)(how >> 1);
	size_t in_cut = len * (how >> 4) / 16, out_cut = room * (how & 15) / 16, n;
	uint8_t *copy = malloc(len + 1);
	struct iovec in[2], out[2];

	FUZZ_CHECK(copy);
	memcpy(copy, msg, len);
	in[0] = (struct iovec){ copy, in_cut };
	in[1] = (struct iovec){ copy + in_cut, len - in_cut };
	out[0] = (struct iovec){ reply, out_cut };
	out[1] = (struct iovec){ reply + out_cut, room - out_cut };
	n = p9_serve(s, in, 2, out, 2);
	free(copy);
	FUZZ_CHECK(n <= room && (!n || n >= P9_HEADER));
	FUZZ_CHECK(!n || (reply[0] | reply[1] << 8 | reply[2] << 16) == (int)n);
	FUZZ_CHECK(!tree_is_secret(reply, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct hostfs_share *share;
	struct p9_server *s;

	tree_renew();
	FUZZ_CHECK(!hostfs_share_open(tree_share(), 0, 64, &share) && !p9_server_new(share, &s));
	while (in.left) {
		size_t len = fuzz_u16(&in);
		uint8_t how = fuzz_u8(&in);
		const uint8_t *msg = fuzz_take(&in, &len);

		serve(s, msg, len, how);
	}
	p9_server_free(s);
	/* Nothing is left over. */
	FUZZ_CHECK(hostfs_share_nodes(share) == 1 && hostfs_share_fds(share) == 1);
	hostfs_share_close(share);
	tree_check_outside();
	return 0;
}
