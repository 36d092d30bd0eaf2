/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that the xconnect program and user space share; records.py says the same in Python. Native byte order
 * throughout, no padding that is not named: map keys are compared byte by byte.
 */
#ifndef TRUNKLINE_XCONNECT_H
#define TRUNKLINE_XCONNECT_H

#include <linux/types.h>

#include "frame.h"
#include "police.h"

#define XC_ROOM 64 /* entries, meters and policers of a node that begins; user space loads a larger set when it is full */
#define XC_NAME 63 /* bytes of a name, padded with zeros */

struct xc_key {
	__u32 ifindex; /* ingress */
	__u16 outer;   /* VLAN ids, FRAME_NO_TAG if absent */
	__u16 inner;
};

struct xc_tag {
	__u16 protocol; /* 0x8100 or 0x88a8 */
	__u16 vid;
};

struct xc_entry {
	__u32 egress;  /* ifindex */
	__u32 meter;   /* its place in the array of meters */
	__u32 policer; /* its place in the array of policers; XC_NONE: there is none */
	__u32 mtu;     /* most bytes of the network layer; 0: any */
	__u16 protocols[FRAME_TAGS];    /* of the tags matched, outer first; 0 if absent */
	struct xc_tag push[FRAME_TAGS]; /* outer first */
	__u8 match_count;
	__u8 push_count;
	__u16 reserved;
};

#define XC_ICMPV6 58
#define XC_BGP 179  /* TCP, RFC 4271 */
#define XC_BFD 3784 /* UDP, RFC 5881 */

#define XC_NONE 0 /* the first place of both arrays is nobody's */

/* Whose place it is, so that meters and policers outlive the updates of entries and can be read without any other memory. */
struct xc_name {
	char name[XC_NAME];
	__u8 kind; /* 0 attachment in, 1 attachment out, 2 port, 3 policer */
};

struct xc_counter {
	__u64 packets;
	__u64 bytes;
};

/* Why a frame was dropped: index into a meter's drops. */
enum xc_reason {
	XC_UNKNOWN_TAG,   /* tagged, and nothing is connected to these tags here */
	XC_UNTAGGED,      /* no tag, and nothing is connected to untagged frames here */
	XC_TOO_MANY_TAGS, /* more than FRAME_TAGS */
	XC_MALFORMED,     /* ends within its Ethernet header or its tags */
	XC_MTU,           /* longer than the entry allows */
	XC_POLICED,       /* more than the policer lets through */
	XC_FAILED,        /* the kernel could not change the tags (out of memory) */
	XC_REASONS,
};

/* ``dropped``: the sum of the reasons' packets, so that who reads sees at once whether there is anything. */
struct xc_meter {
	struct xc_counter passed;
	__u64 dropped;
	struct xc_counter drops[XC_REASONS];
};

/*
 * ``tolerance``: while traffic keeps to it, ``limit`` does not apply; once it is exceeded, ``limit`` applies until its
 * bucket is full again. Without pace, ``limit`` always applies.
 */
struct xc_policer {
	struct bucket limit;
	struct bucket tolerance;
	struct bucket control; /* for control traffic that ``limit`` refused */
};

struct xc_clocks {
	__u64 limit;
	__u64 tolerance;
	__u64 control;
	__u64 limiting;
};

#endif
