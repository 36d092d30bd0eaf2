/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that the xconnect program and user space share; records.py says the same in Python. Native byte order
 * throughout, no padding that is not named: map keys are compared byte by byte.
 */
#ifndef TRUNKLINE_XCONNECT_H
#define TRUNKLINE_XCONNECT_H

#include <linux/types.h>

#define XC_ENTRIES 10000 /* entries, and counters, that one node can hold */
#define XC_TAGS 2        /* most tags of a frame that we take */
#define XC_NO_TAG 0xffff /* a VLAN id that no frame can carry: "there is no such tag" */
#define XC_NAME 63       /* bytes of an attachment's name, padded with zeros */

struct xc_key {
	__u32 ifindex; /* ingress */
	__u16 outer;   /* VLAN ids, XC_NO_TAG if absent */
	__u16 inner;
};

struct xc_tag {
	__u16 protocol; /* 0x8100 or 0x88a8 */
	__u16 vid;
};

/* Names itself, so that counters can be read without any other memory and outlive their entry's updates. */
struct xc_counter_key {
	char attachment[XC_NAME];
	__u8 direction; /* 0 in, 1 out */
};

struct xc_entry {
	struct xc_counter_key counter;
	__u32 egress;                 /* ifindex */
	__u16 protocols[XC_TAGS];     /* of the tags matched, outer first; 0 if absent */
	struct xc_tag push[XC_TAGS];  /* outer first */
	__u8 match_count;
	__u8 push_count;
	__u8 drop;
	__u8 reserved;
};

struct xc_counter {
	__u64 packets;
	__u64 bytes;
};

/* Why a frame was dropped: index into the map of drops. */
enum xc_reason {
	XC_UNKNOWN_TAG,   /* tagged, and nothing is connected to these tags here */
	XC_UNTAGGED,      /* no tag, and nothing is connected to untagged frames here */
	XC_TOO_MANY_TAGS, /* more than XC_TAGS */
	XC_MALFORMED,     /* ends within its Ethernet header or its tags */
	XC_FAULT,         /* the entry says drop: a rehearsed fault */
	XC_FAILED,        /* the kernel could not change the tags (out of memory) */
	XC_REASONS,
};

#endif
