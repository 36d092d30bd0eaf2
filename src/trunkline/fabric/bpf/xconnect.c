/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xconnect: the cross-connect of a hand-off, as a tc program on the ingress of every port of a node.
 *
 *   frame -> read its tags -> entry for (ifindex, outer, inner)? -> pop the tags -> push others -> egress
 *                                        no: count the reason and drop
 *
 * Counting rule: a frame counts as Ethernet header plus payload, without VLAN tags and without FCS, so a frame weighs
 * the same on either side of a cross-connect. A GSO frame counts as the frames that it will be on a wire.
 *
 * Where tags are: the kernel moves the outer tag into the skb before tc ingress runs (skb_vlan_untag), so it is in
 * vlan_tci; the inner one is in the payload. Both places are read, in that order, whatever the driver did.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "xconnect.h"

#define VLAN_HEADER 4
#define VID_MASK 0x0fff

/*
 * Hashes allocate their elements one by one (no prealloc): a CE with two entries should not pay for 10,000. The
 * program never inserts, so it never has to allocate.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, XC_ENTRIES);
	__type(key, struct xc_key);
	__type(value, struct xc_entry);
} entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, XC_ENTRIES);
	__type(key, struct xc_counter_key);
	__type(value, struct xc_counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, XC_REASONS);
	__type(key, __u32);
	__type(value, struct xc_counter);
} drops SEC(".maps");

struct frame {
	__u16 vid[XC_TAGS];
	__u16 protocol[XC_TAGS];
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

/* The reason why the frame cannot be taken, XC_REASONS if it can. What was read so far is in ``frame``. */
static __always_inline __u32 read_tags(struct __sk_buff *skb, struct frame *frame)
{
	frame->vid[0] = frame->vid[1] = XC_NO_TAG;
	if (bpf_skb_load_bytes(skb, 2 * ETH_ALEN, &frame->ethertype, sizeof(frame->ethertype)))
		return XC_MALFORMED;
	if (skb->vlan_present) {
		frame->vid[0] = skb->vlan_tci & VID_MASK;
		frame->protocol[0] = bpf_ntohs(skb->vlan_proto);
		frame->tag_count = 1;
	}
#pragma unroll
	for (int i = 0; i <= XC_TAGS; i++) {
		struct vlan_header header;
		__u32 at = frame->tag_count;

		if (!is_tag(frame->ethertype))
			return XC_REASONS;
		if (at >= XC_TAGS)
			return XC_TOO_MANY_TAGS;
		if (bpf_skb_load_bytes(skb, ETH_HLEN + i * VLAN_HEADER, &header, sizeof(header)))
			return XC_MALFORMED;
		frame->vid[at & 1] = bpf_ntohs(header.tci) & VID_MASK;
		frame->protocol[at & 1] = bpf_ntohs(frame->ethertype);
		frame->ethertype = header.ethertype;
		frame->tag_count = at + 1;
		frame->in_payload = i + 1;
	}
	return XC_REASONS;
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

static __noinline void count(struct xc_counter *counter, struct __sk_buff *skb, const struct frame *frame)
{
	__u32 tags = frame->in_payload * VLAN_HEADER;
	__u32 segments = 1, repeated = 0;

	if (!counter)
		return;
	if (skb->gso_size) {
		__u32 headers = headers_length(skb, frame);

		segments = skb->gso_segs;
		if (!segments) /* tap and virtio may leave it to be worked out */
			segments = (skb->len - headers + skb->gso_size - 1) / skb->gso_size;
		repeated = headers - tags;
	}
	if (!segments)
		segments = 1;
	counter->packets += segments;
	counter->bytes += skb->len - tags + (__u64)(segments - 1) * repeated;
}

static __always_inline int drop(struct __sk_buff *skb, const struct frame *frame, __u32 reason)
{
	count(bpf_map_lookup_elem(&drops, &reason), skb, frame);
	return TC_ACT_SHOT;
}

static __always_inline int matches(const struct xc_entry *entry, const struct frame *frame)
{
	return entry->match_count == frame->tag_count && entry->protocols[0] == frame->protocol[0] &&
	       entry->protocols[1] == frame->protocol[1];
}

static __always_inline int replace_tags(struct __sk_buff *skb, const struct xc_entry *entry)
{
	if (entry->match_count > 0 && bpf_skb_vlan_pop(skb))
		return -1;
	if (entry->match_count > 1 && bpf_skb_vlan_pop(skb))
		return -1;
	if (entry->push_count > 1 && bpf_skb_vlan_push(skb, bpf_htons(entry->push[1].protocol), entry->push[1].vid))
		return -1;
	if (entry->push_count > 0 && bpf_skb_vlan_push(skb, bpf_htons(entry->push[0].protocol), entry->push[0].vid))
		return -1;
	return 0;
}

/* The reason why the frame is not connected, XC_REASONS if it is; then ``entry`` says to what. */
static __always_inline __u32 find(struct __sk_buff *skb, struct frame *frame, struct xc_entry **entry)
{
	struct xc_key key = {.ifindex = skb->ifindex};
	__u32 refused = read_tags(skb, frame);

	if (refused != XC_REASONS)
		return refused;
	key.outer = frame->vid[0];
	key.inner = frame->vid[1];
	*entry = bpf_map_lookup_elem(&entries, &key);
	if (!*entry || !matches(*entry, frame))
		return frame->tag_count ? XC_UNKNOWN_TAG : XC_UNTAGGED;
	return (*entry)->drop ? XC_FAULT : XC_REASONS;
}

SEC("tc")
int xconnect(struct __sk_buff *skb)
{
	struct frame frame = {};
	struct xc_entry *entry = 0;
	__u32 reason = find(skb, &frame, &entry);

	if (reason != XC_REASONS || !entry)
		return drop(skb, &frame, reason);
	count(bpf_map_lookup_elem(&counters, &entry->counter), skb, &frame);
	if (replace_tags(skb, entry))
		return drop(skb, &frame, XC_FAILED);
	return bpf_redirect(entry->egress, 0);
}

/*
 * The kernel asks for a GPL-compatible licence only of programs that call GPL-only helpers. The ones used here (map
 * lookups, skb_load_bytes, skb_vlan_push and _pop, redirect) are open to every licence, so ours may be named.
 */
char licence[] SEC("license") = "Apache-2.0";
