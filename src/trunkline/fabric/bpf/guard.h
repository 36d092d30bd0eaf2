/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that the guard program and user space share; guard_records.py says the same in Python. Native byte order, but
 * for addresses, and no padding that is not named.
 */
#ifndef TRUNKLINE_GUARD_H
#define TRUNKLINE_GUARD_H

#include <linux/types.h>

#define GUARD_SENTRIES 16384 /* attachments of one edge */
#define GUARD_NAME 64        /* bytes of an attachment's name, padded with zeros */
#define GUARD_TRACES 16384   /* sources that are remembered; a power of two */
#define GUARD_GRACE_NS 1000000000ULL
#define GUARD_OPENING_NS 10000000000ULL

/* What a VRF has to look at itself; each has a bucket of its own, so that none starves another. */
enum guard_class {
	GUARD_BFD,
	GUARD_BGP,
	GUARD_BGP_OPEN, /* the first segment of a connection */
	GUARD_ARP,
	GUARD_ND,      /* and multicast listener reports */
	GUARD_ICMP,    /* to the VRF */
	GUARD_OTHER,   /* to the VRF, or to where it has no route: answered with an error at most */
	GUARD_EXPIRED, /* to be forwarded, but its hop limit ends here */
	GUARD_CLASSES,
};

/* Why a frame was refused. */
enum guard_reason {
	GUARD_SPOOFED,   /* from an address that is not routed to this attachment */
	GUARD_STRANGER,  /* BGP, BFD, router advertisement or redirect that is not the peer's to send */
	GUARD_POLICED,   /* more of its class than the VRF takes */
	GUARD_MALFORMED, /* ends within its headers, or they contradict each other */
	GUARD_FOREIGN,   /* tagged, or a protocol that is not spoken on this attachment */
	GUARD_NO_SENTRY, /* nobody said what may come in here */
	GUARD_TRANSIT,   /* from one station of a shared link to what is behind another */
	GUARD_REASONS,
	GUARD_PASS = GUARD_REASONS,
};

/* Where ``sentries`` is asked: the VRF's interface, whose number is unique among those of its edge. */
struct sentry {
	char attachment[GUARD_NAME];
	__be32 own; /* 0: no IPv4 */
	__be32 peer;
	__be32 second; /* another peer; 0: none */
	__u32 shared;  /* many stations are on the link */
	__u8 own6[16]; /* ::, no IPv6 */
	__u8 peer6[16];
	__u8 second6[16];
	__u64 opened_ns;             /* when the peer last began a BGP connection, or accepted one */
	__u64 clocks[GUARD_CLASSES]; /* of the buckets */
};

struct refusals {
	__u64 packets;
	__u64 bytes;
};

/* When a source was last seen where it belongs. */
struct trace {
	__u64 source;
	__u64 seen_ns;
};

struct refused_key {
	__u32 ifindex;
	__u32 reason;
};

#endif
