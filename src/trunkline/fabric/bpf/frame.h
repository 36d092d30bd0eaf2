/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame as every program here reads it: its tags, and how much it weighs.
 *
 * Counting rule: a frame counts as Ethernet header plus payload, without VLAN tags and without FCS, so a frame weighs
 * the same on either side of a cross-connect. A GSO frame counts as the frames that it will be on a wire.
 *
 * Where tags are: the kernel moves the outer tag into the skb before tc ingress runs (skb_vlan_untag), so it is in
 * vlan_tci; the inner one is in the payload. Both places are read, in that order, whatever the driver did.
 */
#ifndef TRUNKLINE_FRAME_H
#define TRUNKLINE_FRAME_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define FRAME_TAGS 2        /* most tags of a frame that we take */
#define FRAME_NO_TAG 0xffff /* a VLAN id that no frame can carry: "there is no such tag" */
#define VLAN_HEADER 4
#define VID_MASK 0x0fff

enum frame_flaw {
	FRAME_SOUND,
	FRAME_MALFORMED,     /* ends within its Ethernet header or its tags */
	FRAME_TOO_MANY_TAGS, /* more than FRAME_TAGS */
};

/* Frames on the wire, and their bytes. ``longest``: of the network layer in the longest of them. */
struct weight {
	__u64 packets;
	__u64 bytes;
	__u64 longest;
};

struct frame {
	__u16 vid[FRAME_TAGS];
	__u16 protocol[FRAME_TAGS];
	__u32 tag_count;
	__u32 in_payload; /* how many of the tags are in the payload */
	__u16 ethertype;  /* network order */
};

struct vlan_header {
	__be16 tci;
	__be16 ethertype;
};

static __always_inline int is_tag(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

/* Two or four bytes of the frame: at once where the kernel has them in one piece, else through its helper. */
static __always_inline int load(struct __sk_buff *skb, __u32 offset, void *to, __u32 size)
{
	void *from = (void *)(long)skb->data + offset;

	if (from + size > (void *)(long)skb->data_end)
		return bpf_skb_load_bytes(skb, offset, to, size);
	__builtin_memcpy(to, from, size);
	return 0;
}

/* What was read so far is in ``frame``, whatever the answer. */
static __always_inline enum frame_flaw read_tags(struct __sk_buff *skb, struct frame *frame)
{
	frame->vid[0] = frame->vid[1] = FRAME_NO_TAG;
	if (load(skb, 2 * ETH_ALEN, &frame->ethertype, sizeof(frame->ethertype)))
		return FRAME_MALFORMED;
	if (skb->vlan_present) {
		frame->vid[0] = skb->vlan_tci & VID_MASK;
		frame->protocol[0] = bpf_ntohs(skb->vlan_proto);
		frame->tag_count = 1;
	}
#pragma unroll
	for (int i = 0; i <= FRAME_TAGS; i++) {
		struct vlan_header header;
		__u32 at = frame->tag_count;

		if (!is_tag(frame->ethertype))
			return FRAME_SOUND;
		if (at >= FRAME_TAGS)
			return FRAME_TOO_MANY_TAGS;
		if (load(skb, ETH_HLEN + i * VLAN_HEADER, &header, sizeof(header)))
			return FRAME_MALFORMED;
		frame->vid[at & 1] = bpf_ntohs(header.tci) & VID_MASK;
		frame->protocol[at & 1] = bpf_ntohs(frame->ethertype);
		frame->ethertype = header.ethertype;
		frame->tag_count = at + 1;
		frame->in_payload = i + 1;
	}
	return FRAME_SOUND;
}

/* Bytes of the transport header at ``offset``; 0 if it is neither TCP nor UDP. */
static __always_inline __u32 transport_length(struct __sk_buff *skb, __u32 offset, __u8 protocol)
{
	__u8 words;

	if (protocol == IPPROTO_UDP)
		return 8;
	if (protocol != IPPROTO_TCP || bpf_skb_load_bytes(skb, offset + 12, &words, 1))
		return 0;
	return (words >> 4) * 4;
}

/* Bytes from the destination MAC to the end of the transport header, tags in the payload included. */
static __always_inline __u32 headers_length(struct __sk_buff *skb, const struct frame *frame)
{
	__u32 network = ETH_HLEN + frame->in_payload * VLAN_HEADER;
	__u8 start, protocol = 0;

	if (frame->ethertype == bpf_htons(ETH_P_IPV6)) {
		bpf_skb_load_bytes(skb, network + 6, &protocol, 1);
		return network + 40 + transport_length(skb, network + 40, protocol);
	}
	if (frame->ethertype != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, network, &start, 1))
		return network;
	bpf_skb_load_bytes(skb, network + 9, &protocol, 1);
	network += (start & 0x0f) * 4;
	return network + transport_length(skb, network, protocol);
}

/* A GSO frame. */
static __noinline void weigh_segments(struct __sk_buff *skb, const struct frame *frame, struct weight *weight)
{
	__u32 tags = frame->in_payload * VLAN_HEADER;
	__u32 headers = headers_length(skb, frame);
	__u32 segments = skb->gso_segs;

	if (!weight)
		return;
	if (!segments && skb->len > headers) /* tap and virtio may leave it to be worked out */
		segments = (skb->len - headers + skb->gso_size - 1) / skb->gso_size;
	if (!segments)
		segments = 1;
	weight->packets = segments;
	weight->bytes = skb->len - tags + (__u64)(segments - 1) * (headers - tags);
	weight->longest = headers - tags - ETH_HLEN + skb->gso_size;
}

static __always_inline void weigh(struct __sk_buff *skb, const struct frame *frame, struct weight *weight)
{
	if (skb->gso_size) {
		weigh_segments(skb, frame, weight);
		return;
	}
	weight->packets = 1;
	weight->bytes = skb->len - frame->in_payload * VLAN_HEADER;
	weight->longest = weight->bytes - ETH_HLEN;
}

#endif
