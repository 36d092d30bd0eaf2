/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway: what the size of a virtual network gateway lets through, as tc programs on the ingress of its instances'
 * interfaces: gateway_in on tunnels from circuits, gateway_out on links to the virtual network.
 *
 *   frame -> for an instance itself (BGP, BFD), ARP, multicast? pass
 *         -> of a flow that is known, or that there is room for? -> within packets per second? -> within bytes? pass
 *
 * Both instances share one loaded set, so the bounds are the gateway's, however flows spread. Flows stand in an array of
 * sets that is as large as the size needs and never grows: a flow may be in either of two sets, and a new one takes the
 * emptier. Idle flows are swept set by set by the packets themselves, so nobody outside has to.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include "frame.h"
#include "gateway.h"

#define FRAGMENT_OFFSET 0x1fff
#define SECOND_NS 1000000000ULL
#define SEEN_BITS 24
#define SEEN_MASK ((1ULL << SEEN_BITS) - 1)
#define TICK_SHIFT 20 /* a set is swept about every millisecond */
#define SWEEP_SETS 64 /* and so many for a new flow that finds no room */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gw_limits);
} limits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gw_state);
} state SEC(".maps");

/* Resized when it is loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gw_set);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GW_DIRECTIONS * GW_VERDICTS);
	__type(key, __u32);
	__type(value, struct gw_counter);
} counters SEC(".maps");

struct ends {
	__u64 source[2];
	__u64 destination[2];
	__be16 ports[2];
	__u8 protocol;
};

static __always_inline __u64 mixed(__u64 word)
{
	word ^= word >> 32;
	word *= 0xd6e8feb86659fd93ULL;
	word ^= word >> 32;
	word *= 0xd6e8feb86659fd93ULL;
	return word ^ word >> 32;
}

/* The same for both directions of a flow. */
static __always_inline __u64 hash_of(const struct ends *ends, __u64 seed)
{
	__u64 from = mixed(mixed(ends->source[0] ^ seed) ^ ends->source[1]) ^ ends->ports[0];
	__u64 to = mixed(mixed(ends->destination[0] ^ seed) ^ ends->destination[1]) ^ ends->ports[1];

	return mixed((mixed(from ^ seed) + mixed(to ^ seed)) ^ ends->protocol);
}

static __always_inline struct gw_set *set_at(__u32 place)
{
	return bpf_map_lookup_elem(&flows, &place);
}

static __always_inline const struct gw_limits *size_of(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&limits, &zero);
}

static __always_inline struct gw_state *state_of(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&state, &zero);
}

static __always_inline int is_idle(__u64 slot, __u64 second, __u32 idle_s)
{
	return ((second - slot) & SEEN_MASK) > idle_s;
}

/*
 * Functions that are not static are verified once, and not again for each of their calls: together with what calls them
 * they would be too much for the verifier.
 */
__noinline int sweep(__u64 second)
{
	const struct gw_limits *size = size_of();
	struct gw_state *gateway = state_of();
	struct gw_set *set;

	if (!gateway || !size || !size->sets)
		return 0;
	set = set_at(__sync_fetch_and_add(&gateway->hand, 1) % size->sets);
	if (!set)
		return 0;
	for (int i = 0; i < GW_SLOTS; i++) {
		__u64 slot = *(volatile __u64 *)&set->slots[i];

		if (slot && is_idle(slot, second, size->idle_s) &&
		    __sync_val_compare_and_swap(&set->slots[i], slot, 0) == slot)
			__sync_fetch_and_add(&gateway->flows, -1);
	}
	return 1;
}

#define FOUND 100

/* FOUND if the flow stands in the set, which has seen it now; else how many free slots there are. */
__noinline __u32 find(__u32 place, __u64 mark, __u64 second)
{
	struct gw_set *set = set_at(place);
	__u32 free = 0;

	if (!set)
		return 0;
	for (int i = 0; i < GW_SLOTS; i++) {
		__u64 slot = *(volatile __u64 *)&set->slots[i];

		if (slot >> SEEN_BITS == mark && (slot & SEEN_MASK) != second) /* unless it is swept meanwhile */
			slot = __sync_val_compare_and_swap(&set->slots[i], slot, mark << SEEN_BITS | second);
		if (slot >> SEEN_BITS == mark)
			return FOUND;
		free += !slot;
	}
	return free;
}

__noinline int take(__u32 place, __u64 slot)
{
	struct gw_state *gateway = state_of();
	struct gw_set *set = set_at(place);

	if (!gateway || !set)
		return 0;
	for (int i = 0; i < GW_SLOTS; i++) {
		if (!*(volatile __u64 *)&set->slots[i] && !__sync_val_compare_and_swap(&set->slots[i], 0, slot)) {
			__sync_fetch_and_add(&gateway->flows, 1);
			return 1;
		}
	}
	return 0;
}

/* Signed: a flow is counted after its slot was taken, and may be swept in between. */
static __always_inline int is_below(const struct gw_state *gateway, __u32 most)
{
	return *(const volatile __s64 *)&gateway->flows < (__s64)most;
}

__noinline int has_room(__u64 second)
{
	const struct gw_limits *size = size_of();
	struct gw_state *gateway = state_of();

	if (!gateway || !size)
		return 0;
	for (int i = 0; i < SWEEP_SETS && !is_below(gateway, size->flows); i++)
		sweep(second);
	return is_below(gateway, size->flows);
}

/* Whether the flow of this hash is known, or may begin. */
__noinline int admits(__u64 hash, __u64 now_ns)
{
	const struct gw_limits *size = size_of();
	struct gw_state *gateway = state_of();
	__u64 second = now_ns / SECOND_NS & SEEN_MASK, mark = hash >> SEEN_BITS | 1;
	__u32 one, other, free_one, free_other;

	if (!gateway || !size)
		return 0;
	if (gateway->tick != now_ns >> TICK_SHIFT) {
		gateway->tick = now_ns >> TICK_SHIFT;
		sweep(second);
	}
	one = (hash & 0xffffffff) * size->sets >> 32;
	other = (mixed(hash) & 0xffffffff) * size->sets >> 32;
	free_one = find(one, mark, second);
	free_other = free_one == FOUND ? FOUND : find(other, mark, second);
	if (free_other == FOUND)
		return 1;
	return has_room(second) && take(free_one >= free_other ? one : other, mark << SEEN_BITS | second);
}

/* What is to be judged: GW_PASSED so far, or the verdict. */
static __always_inline __u32 read_ipv4(struct __sk_buff *skb, const struct gw_limits *size, struct ends *ends)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) || ip.ihl < 5)
		return GW_MALFORMED;
	if (ip.daddr == size->own[0] || ip.daddr == size->own[1] || (bpf_ntohl(ip.daddr) >> 28) == 0xe)
		return GW_CONTROL;
	ends->source[0] = ip.saddr;
	ends->destination[0] = ip.daddr;
	ends->protocol = ip.protocol;
	if ((ip.protocol == IPPROTO_TCP || ip.protocol == IPPROTO_UDP) && !(bpf_ntohs(ip.frag_off) & FRAGMENT_OFFSET) &&
	    bpf_skb_load_bytes(skb, ETH_HLEN + ip.ihl * 4, ends->ports, sizeof(ends->ports)))
		return GW_MALFORMED;
	return GW_PASSED;
}

static __always_inline int is_own6(const struct ends *ends, const __u64 *own)
{
	return ends->destination[0] == own[0] && ends->destination[1] == own[1];
}

static __always_inline __u32 read_ipv6(struct __sk_buff *skb, const struct gw_limits *size, struct ends *ends)
{
	struct ipv6hdr ip;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return GW_MALFORMED;
	__builtin_memcpy(ends->source, &ip.saddr, sizeof(ends->source));
	__builtin_memcpy(ends->destination, &ip.daddr, sizeof(ends->destination));
	if (is_own6(ends, size->own6[0]) || is_own6(ends, size->own6[1]) || ip.daddr.s6_addr[0] == 0xff ||
	    (ip.daddr.s6_addr[0] == 0xfe && (ip.daddr.s6_addr[1] & 0xc0) == 0x80))
		return GW_CONTROL;
	ends->protocol = ip.nexthdr;
	if ((ip.nexthdr == IPPROTO_TCP || ip.nexthdr == IPPROTO_UDP) &&
	    bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(ip), ends->ports, sizeof(ends->ports)))
		return GW_MALFORMED;
	return GW_PASSED;
}

static __always_inline __u32 judge(struct __sk_buff *skb, __u32 direction, const struct weight *weight)
{
	const struct gw_limits *size = size_of();
	struct gw_state *gateway = state_of();
	__u32 verdict = GW_CONTROL;
	__u64 now_ns = bpf_ktime_get_ns();
	struct ends ends = {};

	if (!size || !gateway)
		return GW_CONTROL;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		verdict = read_ipv4(skb, size, &ends);
	else if (skb->protocol == bpf_htons(ETH_P_IPV6))
		verdict = read_ipv6(skb, size, &ends);
	if (verdict != GW_PASSED)
		return verdict;
	if (!admits(hash_of(&ends, size->seed), now_ns))
		return GW_FLOWS;
	if (!conforms(&gateway->packet_clocks[direction], &size->packets, weight->packets, now_ns))
		return GW_PACKETS;
	if (!conforms(&gateway->byte_clocks[direction], &size->bytes, weight->bytes, now_ns))
		return GW_BANDWIDTH;
	return GW_PASSED;
}

static __always_inline int meter(struct __sk_buff *skb, __u32 direction)
{
	struct frame frame = {.ethertype = skb->protocol};
	struct weight weight = {};
	struct gw_counter *counter;
	__u32 verdict, place;

	weigh(skb, &frame, &weight);
	verdict = judge(skb, direction, &weight);
	place = direction * GW_VERDICTS + verdict;
	counter = bpf_map_lookup_elem(&counters, &place);
	if (counter) {
		counter->packets += weight.packets;
		counter->bytes += weight.bytes;
	}
	return verdict <= GW_CONTROL ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int gateway_in(struct __sk_buff *skb)
{
	return meter(skb, GW_IN);
}

SEC("tc")
int gateway_out(struct __sk_buff *skb)
{
	return meter(skb, GW_OUT);
}

char licence[] SEC("license") = "Apache-2.0";
