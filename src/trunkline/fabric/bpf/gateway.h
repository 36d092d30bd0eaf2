/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that the gateway programs and user space share; gateway_records.py says the same in Python. Native byte order,
 * no padding that is not named.
 */
#ifndef TRUNKLINE_GATEWAY_H
#define TRUNKLINE_GATEWAY_H

#include <linux/types.h>

#include "police.h"

#define GW_INSTANCES 2
#define GW_SLOTS 8 /* flows of a set: one cache line */

enum gw_direction {
	GW_IN,  /* from circuits */
	GW_OUT, /* from the virtual network */
	GW_DIRECTIONS,
};

/* What became of a frame: with the direction, index into the map of counters. */
enum gw_verdict {
	GW_PASSED,
	GW_CONTROL,   /* for an instance itself, or no IP unicast: never held back */
	GW_BANDWIDTH, /* dropped: beyond the bytes per second */
	GW_PACKETS,   /* dropped: beyond the packets per second */
	GW_FLOWS,     /* dropped: a new flow, and there are as many as the size allows */
	GW_MALFORMED, /* dropped: ends within its headers */
	GW_VERDICTS,
};

struct gw_limits {
	struct bucket bytes;
	struct bucket packets;
	__u32 flows;
	__u32 idle_s; /* a flow without packets for longer is forgotten */
	__u32 sets;   /* of the map of flows */
	__u32 reserved;
	__be32 own[GW_INSTANCES]; /* 0: none */
	__u64 own6[GW_INSTANCES][2];
	__u64 seed; /* nobody can choose flows that meet in one set */
};

/* Each direction has buckets of its own; flows are counted once for both. */
struct gw_state {
	__u64 byte_clocks[GW_DIRECTIONS];
	__u64 packet_clocks[GW_DIRECTIONS];
	__u64 flows; /* signed where it is compared: for a moment it may be less than nothing */
	__u64 hand; /* the set that is looked at next for idle flows */
	__u64 tick;
};

/* A slot: 40 bits of the flow's hash, 24 bits of the second in which it was seen last; 0 is free. */
struct gw_set {
	__u64 slots[GW_SLOTS];
};

struct gw_counter {
	__u64 packets;
	__u64 bytes;
};

#endif
