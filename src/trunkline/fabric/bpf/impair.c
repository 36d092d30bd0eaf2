/* SPDX-License-Identifier: Apache-2.0 */
/*
 * impair: the conditions of a line, as tc programs before all others on either hook of an interface.
 *
 *   frame -> been here? hand on -> rule for (ifindex, hook, outer tag)? -> lose -> duplicate -> detour through a TAP
 *            no rule, or its time is over: hand on                                                  |
 *   impair_return on the TAP: what the relay gives back goes on where it left  <--------------------+
 *
 * The map of TAPs is a DEVMAP because the kernel itself takes a device out of it when the device goes: if the relay is
 * killed, its TAP goes with it, and the next frame passes without delay instead of vanishing.
 */
#include <linux/pkt_cls.h>

#include "frame.h"
#include "impair.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, IM_RULES);
	__type(key, struct im_key);
	__type(value, struct im_rule);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, IM_RULES);
	__type(key, struct im_key);
	__type(value, struct im_counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, IM_RULES);
	__type(key, __u32);
	__type(value, __u32);
} taps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, IM_RULES);
	__type(key, __u32);
	__type(value, struct im_return);
} returns SEC(".maps");

/* Written by the relay, read by the plane. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, IM_RULES);
	__type(key, struct im_key);
	__type(value, struct im_relayed);
} relayed SEC(".maps");

static __always_inline int happens(__u64 chance)
{
	return chance && bpf_get_prandom_u32() < chance;
}

/* The rule for the frame's outer tag, else the one for every frame; ``key`` is then its key. */
static __always_inline struct im_rule *find(struct im_key *key, const struct frame *frame)
{
	struct im_rule *rule;

	key->vid = frame->vid[0];
	rule = bpf_map_lookup_elem(&rules, key);
	if (rule || key->vid == FRAME_NO_TAG)
		return rule;
	key->vid = FRAME_NO_TAG;
	return bpf_map_lookup_elem(&rules, key);
}

/* A copy goes on at once: through the TAP as the frame itself will, or past this program by its mark. */
static __always_inline void duplicate(struct __sk_buff *skb, __u32 tap, const struct im_key *key)
{
	if (tap) {
		bpf_clone_redirect(skb, tap, 0);
		return;
	}
	skb->mark = IM_PASSED;
	bpf_clone_redirect(skb, key->ifindex, key->egress ? 0 : BPF_F_INGRESS);
	skb->mark = 0;
}

static __always_inline int impair(struct __sk_buff *skb, struct im_key *key)
{
	struct frame frame = {};
	struct weight weight = {};
	struct im_counter *counter;
	struct im_rule *rule;
	__u32 *device, tap = 0;

	if (skb->mark == IM_PASSED) {
		skb->mark = 0;
		return TC_ACT_UNSPEC;
	}
	read_tags(skb, &frame);
	rule = find(key, &frame);
	if (!rule || bpf_ktime_get_boot_ns() >= rule->until_ns)
		return TC_ACT_UNSPEC;
	counter = bpf_map_lookup_elem(&counters, key);
	if (!counter)
		return TC_ACT_UNSPEC;
	weigh(skb, &frame, &weight);
	counter->seen += weight.packets;
	if (happens(rule->lose)) {
		counter->lost += weight.packets;
		return TC_ACT_SHOT;
	}
	if (happens(rule->detour)) {
		device = bpf_map_lookup_elem(&taps, &rule->tap);
		tap = device ? *device : 0;
		counter->missed += tap ? 0 : weight.packets;
	}
	if (happens(rule->duplicate)) {
		counter->duplicated += weight.packets;
		duplicate(skb, tap, key);
	}
	if (!tap)
		return TC_ACT_UNSPEC;
	counter->detoured += weight.packets;
	return bpf_redirect(tap, 0);
}

SEC("tc")
int impair_in(struct __sk_buff *skb)
{
	struct im_key key = {.ifindex = skb->ifindex};

	return impair(skb, &key);
}

SEC("tc")
int impair_out(struct __sk_buff *skb)
{
	struct im_key key = {.ifindex = skb->ifindex, .egress = 1};

	return impair(skb, &key);
}

SEC("tc")
int impair_return(struct __sk_buff *skb)
{
	__u32 tap = skb->ifindex;
	struct im_return *back = bpf_map_lookup_elem(&returns, &tap);

	if (!back)
		return TC_ACT_SHOT;
	skb->mark = IM_PASSED;
	return bpf_redirect(back->ifindex, back->egress ? 0 : BPF_F_INGRESS);
}

/* The helpers used here are open to every licence; see xconnect.c. */
char licence[] SEC("license") = "Apache-2.0";
