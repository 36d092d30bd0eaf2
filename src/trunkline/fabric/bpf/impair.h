/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that the impair programs, the relay and user space share; impair_records.py says the same in Python. Native
 * byte order throughout, no padding that is not named.
 */
#ifndef TRUNKLINE_IMPAIR_H
#define TRUNKLINE_IMPAIR_H

#include <linux/types.h>

#include "frame.h"

#define IM_RULES 256       /* rules, and TAPs, that one node can hold */
#define IM_PASSED 0x544c4b /* mark of a frame that has been through: the program lets it go on and takes it off */

struct im_key {
	__u32 ifindex;
	__u16 egress; /* 0 frames that come in, 1 frames that are about to leave */
	__u16 vid;    /* of the outer tag; FRAME_NO_TAG: any frame */
};

/* Chances are out of 2^32. What stands below ``detour`` is the relay's business. */
struct im_rule {
	__u64 until_ns; /* CLOCK_BOOTTIME; afterwards nothing happens to a frame */
	__u64 lose;
	__u64 duplicate;
	__u64 detour; /* to leave the path through the relay's TAP */
	__u64 corrupt;
	__u64 reorder;
	__u64 delay_ns;
	__u64 jitter_ns;
	__u64 hold_ns; /* how long a frame that is to be overtaken is held back beyond its delay */
	__u32 tap;     /* key in the map of TAPs */
	__u32 reserved;
};

/* Frames on the wire. ``missed``: were to leave the path, but there was no relay. */
struct im_counter {
	__u64 seen;
	__u64 lost;
	__u64 duplicated;
	__u64 detoured;
	__u64 missed;
};

/* What the relay did, in frames as it gets them. */
struct im_relayed {
	__u64 returned;
	__u64 corrupted;
	__u64 reordered;
	__u64 overflowed;
};

/* Where a frame that comes out of a TAP goes on. */
struct im_return {
	__u32 ifindex;
	__u32 egress;
};

#endif
