/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outage: what fails on purpose, as the first tc program on either hook of an interface.
 *
 *   frame -> a rule for the node, for (ifindex), or for (ifindex, outer tag), this way, now? -> count and drop
 *            no: hand on
 *
 * A rule ends, and comes and goes, by the kernel's clock: nobody has to be there for it.
 */
#include <linux/pkt_cls.h>

#include "frame.h"
#include "outage.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, OU_RULES);
	__type(key, struct ou_key);
	__type(value, struct ou_rule);
} outages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, OU_RULES);
	__type(key, struct ou_key);
	__type(value, struct ou_counter);
} vanished SEC(".maps");

static __always_inline int is_down(const struct ou_rule *rule, __u32 way)
{
	__u64 now = bpf_ktime_get_boot_ns();

	if (!(rule->ways & way) || now >= rule->until_ns)
		return 0;
	return !rule->period_ns || now < rule->begun_ns || (now - rule->begun_ns) % rule->period_ns < rule->down_ns;
}

/* Whether a rule of this key takes the frame. */
static __always_inline int takes(struct __sk_buff *skb, const struct frame *frame, const struct ou_key *key, __u32 way)
{
	struct ou_rule *rule = bpf_map_lookup_elem(&outages, key);
	struct ou_counter *counter;
	struct weight weight = {};

	if (!rule || !is_down(rule, way))
		return 0;
	counter = bpf_map_lookup_elem(&vanished, key);
	if (counter) {
		weigh(skb, frame, &weight);
		if (way == OU_COMING)
			counter->coming += weight.packets;
		else
			counter->leaving += weight.packets;
	}
	return 1;
}

static __always_inline int meet(struct __sk_buff *skb, __u32 way)
{
	struct ou_key node = {.ifindex = OU_NODE, .vid = FRAME_NO_TAG};
	struct ou_key line = {.ifindex = skb->ifindex, .vid = FRAME_NO_TAG};
	struct ou_key tagged = {.ifindex = skb->ifindex};
	struct frame frame = {};

	read_tags(skb, &frame);
	tagged.vid = frame.vid[0];
	if (takes(skb, &frame, &node, way) || takes(skb, &frame, &line, way))
		return TC_ACT_SHOT;
	if (tagged.vid != FRAME_NO_TAG && takes(skb, &frame, &tagged, way))
		return TC_ACT_SHOT;
	return TC_ACT_UNSPEC;
}

SEC("tc")
int outage_in(struct __sk_buff *skb)
{
	return meet(skb, OU_COMING);
}

SEC("tc")
int outage_out(struct __sk_buff *skb)
{
	return meet(skb, OU_LEAVING);
}

/* The helpers used here are open to every licence; see xconnect.c. */
char licence[] SEC("license") = "Apache-2.0";
