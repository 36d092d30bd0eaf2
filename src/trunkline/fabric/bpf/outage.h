/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that the outage programs and user space share; outage_records.py says the same in Python. Native byte order
 * throughout, no padding that is not named.
 */
#ifndef TRUNKLINE_OUTAGE_H
#define TRUNKLINE_OUTAGE_H

#include <linux/types.h>

#include "frame.h"

#define OU_RULES 256 /* that one node can hold */
#define OU_NODE 0    /* no interface has this number: the whole node */

enum ou_ways {
	OU_COMING = 1,
	OU_LEAVING = 2,
};

struct ou_key {
	__u32 ifindex;
	__u16 vid; /* of the outer tag; FRAME_NO_TAG: any frame */
	__u16 reserved;
};

/* Times by CLOCK_BOOTTIME. */
struct ou_rule {
	__u64 begun_ns;
	__u64 until_ns;  /* afterwards nothing happens to a frame */
	__u64 period_ns; /* 0: down all the time; else down for the first down_ns of each period */
	__u64 down_ns;
	__u32 ways;
	__u32 reserved;
};

/* Frames on the wire that vanished. */
struct ou_counter {
	__u64 coming;
	__u64 leaving;
};

#endif
