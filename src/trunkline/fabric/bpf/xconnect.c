/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xconnect: the cross-connect of a hand-off, as a tc program on the ingress of every port of a node.
 *
 *   frame -> read its tags -> entry for (ifindex, outer, inner)? -> short enough? -> policer? -> other tags -> egress
 *                                        no: count the reason and drop
 *
 * Every frame is counted exactly once: as passed, or under its reason. One that belongs to no entry counts on its port.
 */
#include <linux/pkt_cls.h>

#include "frame.h"
#include "police.h"
#include "xconnect.h"

/*
 * Hashes allocate their elements one by one (no prealloc): a CE with two entries should not pay for 64. The program
 * never inserts, so it never has to allocate.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, XC_ROOM);
	__type(key, struct xc_key);
	__type(value, struct xc_entry);
} entries SEC(".maps");

/* Which meter counts what is connected to nothing, by ifindex. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, XC_ROOM);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, XC_ROOM);
	__type(key, __u32);
	__type(value, struct xc_meter);
} meters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, XC_ROOM);
	__type(key, __u32);
	__type(value, struct xc_policer);
} policers SEC(".maps");

/* Apart from what policers are told, so that telling them another rate touches no state. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, XC_ROOM);
	__type(key, __u32);
	__type(value, struct xc_clocks);
} clocks SEC(".maps");

/* User space's own: whose places in the arrays are, which come next, and what was counted while a set was replaced. */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, XC_ROOM);
	__type(key, struct xc_name);
	__type(value, __u32);
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, XC_ROOM);
	__type(key, __u32);
	__type(value, __u32);
} free_meters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, XC_ROOM);
	__type(key, __u32);
	__type(value, __u32);
} free_policers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, XC_ROOM);
	__type(key, __u32);
	__type(value, struct xc_meter);
} late SEC(".maps");

static __always_inline void count(struct xc_counter *counter, const struct weight *weight)
{
	counter->packets += weight->packets;
	counter->bytes += weight->bytes;
}

static __always_inline int drop(__u32 place, __u32 reason, const struct weight *weight)
{
	struct xc_meter *meter = bpf_map_lookup_elem(&meters, &place);

	if (meter && reason < XC_REASONS) {
		meter->dropped += weight->packets;
		count(&meter->drops[reason], weight);
	}
	return TC_ACT_SHOT;
}

static __always_inline int drop_on_port(struct __sk_buff *skb, __u32 reason, const struct weight *weight)
{
	__u32 ifindex = skb->ifindex;
	__u32 *place = bpf_map_lookup_elem(&ports, &ifindex);

	return drop(place ? *place : XC_NONE, reason, weight);
}

static __always_inline int matches(const struct xc_entry *entry, const struct frame *frame)
{
	return entry->match_count == frame->tag_count && entry->protocols[0] == frame->protocol[0] &&
	       entry->protocols[1] == frame->protocol[1];
}

/* The entry that a frame belongs to; without one ``reason`` says why. */
static __always_inline struct xc_entry *find(struct __sk_buff *skb, struct frame *frame, __u32 *reason)
{
	struct xc_key key = {.ifindex = skb->ifindex};
	struct xc_entry *entry;

	switch (read_tags(skb, frame)) {
	case FRAME_MALFORMED:
		*reason = XC_MALFORMED;
		return 0;
	case FRAME_TOO_MANY_TAGS:
		*reason = XC_TOO_MANY_TAGS;
		return 0;
	default:
		break;
	}
	key.outer = frame->vid[0];
	key.inner = frame->vid[1];
	entry = bpf_map_lookup_elem(&entries, &key);
	if (entry && matches(entry, frame))
		return entry;
	*reason = frame->tag_count ? XC_UNKNOWN_TAG : XC_UNTAGGED;
	return 0;
}

/* What keeps a session alive: ARP, ND, BGP, BFD. */
static __noinline int is_control(struct __sk_buff *skb, const struct frame *frame)
{
	__u32 network = ETH_HLEN + frame->in_payload * VLAN_HEADER;
	__be16 ports[2] = {};
	__u8 start, protocol = 0;

	if (frame->ethertype == bpf_htons(ETH_P_ARP))
		return 1;
	if (frame->ethertype == bpf_htons(ETH_P_IPV6)) {
		bpf_skb_load_bytes(skb, network + 6, &protocol, 1);
		network += 40;
	} else if (frame->ethertype == bpf_htons(ETH_P_IP) && !bpf_skb_load_bytes(skb, network, &start, 1)) {
		bpf_skb_load_bytes(skb, network + 9, &protocol, 1);
		network += (start & 0x0f) * 4;
	} else {
		return 0;
	}
	bpf_skb_load_bytes(skb, network, ports, sizeof(ports));
	if (protocol == XC_ICMPV6) /* type, in the first byte: RFC 4861 */
		return (bpf_ntohs(ports[0]) >> 8) >= 133 && (bpf_ntohs(ports[0]) >> 8) <= 137;
	if (protocol == IPPROTO_TCP)
		return ports[0] == bpf_htons(XC_BGP) || ports[1] == bpf_htons(XC_BGP);
	return protocol == IPPROTO_UDP && ports[1] == bpf_htons(XC_BFD);
}

/* Bandwidth is that of the network layer: Ethernet headers take nothing of it. */
static __always_inline int is_within(__u32 place, const struct weight *weight, __u64 now_ns)
{
	struct xc_policer *policer = bpf_map_lookup_elem(&policers, &place);
	struct xc_clocks *clock = bpf_map_lookup_elem(&clocks, &place);
	__u64 bytes = weight->bytes - weight->packets * ETH_HLEN;

	if (!policer || !clock)
		return 1;
	if (policer->tolerance.pace) {
		if (clock->limiting && is_full(&clock->limit, now_ns))
			clock->limiting = 0;
		if (!clock->limiting && conforms(&clock->tolerance, &policer->tolerance, bytes, now_ns))
			return 1;
		clock->limiting = 1;
	}
	return conforms(&clock->limit, &policer->limit, bytes, now_ns);
}

/* A little bandwidth is kept for control traffic, so that a flood of data costs no session. */
static __always_inline int may_pass(struct __sk_buff *skb, const struct frame *frame, __u32 place,
				    const struct weight *weight)
{
	__u64 now_ns = bpf_ktime_get_ns();
	struct xc_policer *policer;
	struct xc_clocks *clock;

	if (is_within(place, weight, now_ns))
		return 1;
	if (!is_control(skb, frame))
		return 0;
	policer = bpf_map_lookup_elem(&policers, &place);
	clock = bpf_map_lookup_elem(&clocks, &place);
	return policer && clock &&
	       conforms(&clock->control, &policer->control, weight->bytes - weight->packets * ETH_HLEN, now_ns);
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

/* XC_REASONS: there is none to drop it. */
static __always_inline __u32 objection(struct __sk_buff *skb, const struct frame *frame, const struct xc_entry *entry,
				       const struct weight *weight)
{
	if (entry->mtu && weight->longest > entry->mtu)
		return XC_MTU;
	if (entry->policer != XC_NONE && !may_pass(skb, frame, entry->policer, weight))
		return XC_POLICED;
	return replace_tags(skb, entry) ? XC_FAILED : XC_REASONS;
}

SEC("tc")
int xconnect(struct __sk_buff *skb)
{
	__u32 reason = XC_REASONS;
	struct weight weight = {};
	struct frame frame = {};
	struct xc_meter *meter;
	struct xc_entry *entry = find(skb, &frame, &reason);

	weigh(skb, &frame, &weight);
	if (!entry)
		return drop_on_port(skb, reason, &weight);
	reason = objection(skb, &frame, entry, &weight);
	if (reason != XC_REASONS)
		return drop(entry->meter, reason, &weight);
	meter = bpf_map_lookup_elem(&meters, &entry->meter);
	if (meter)
		count(&meter->passed, &weight);
	return bpf_redirect(entry->egress, 0);
}

/*
 * The kernel asks for a GPL-compatible licence only of programs that call GPL-only helpers. The ones used here (map
 * lookups, skb_load_bytes, skb_vlan_push and _pop, ktime_get_ns, redirect) are open to every licence, so ours may be
 * named.
 */
char licence[] SEC("license") = "Apache-2.0";
