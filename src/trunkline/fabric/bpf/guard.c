/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * guard: who may come in at an attachment, as a tc program on the ingress of a VRF's interface towards the customer.
 *
 *   frame -> sent by whom it says? (ARP: the peer; IP: an address that this VRF routes back to here)
 *         -> for the VRF itself? then only as much as its class may have, BGP and BFD from the peer alone
 *         -> else on to the kernel, which forwards it
 *
 * On a link that many share (an exchange's LAN), ports there see to it that stations speak for themselves alone. What is
 * forwarded must come from behind a station that announced it, and leads to no other station.
 *
 * All VRFs of an edge share one program and its maps. Who is legitimate is asked of the VRF's own routing table, so it
 * is whatever BGP has learned at that moment.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include "frame.h"
#include "guard.h"
#include "police.h"

#define PORT_BGP 179
#define PORT_BFD 3784       /* RFC 5881 */
#define PORT_BFD_ECHO 3785
#define PORT_BFD_HOPS 4784  /* RFC 5883 */
#define FRAGMENT_OFFSET 0x1fff
#define ARP_ETHERNET 1 /* RFC 826 */
#define ARP_REQUEST 1
#define ND_SOLICITATION 135 /* RFC 4861 */
#define ND_ADVERTISEMENT 136
#define ND_ROUTER_SOLICITATION 133
#define ND_ROUTER_ADVERTISEMENT 134
#define ND_REDIRECT 137
#define MLD_QUERY 130
#define MLD_DONE 132
#define MLD2_REPORT 143
#define TCP_SYN 0x02
#define TCP_ACK 0x10
#define FAMILY_IPV4 2 /* AF_INET, AF_INET6 */
#define FAMILY_IPV6 10

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GUARD_SENTRIES);
	__type(key, __u32);
	__type(value, struct sentry);
} sentries SEC(".maps");

/* A row exists once its first frame was refused. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GUARD_SENTRIES * GUARD_REASONS);
	__type(key, struct refused_key);
	__type(value, struct refusals);
} refused SEC(".maps");

/* By a hash of the source; two of the same hash cost each other their grace. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GUARD_TRACES);
	__type(key, __u32);
	__type(value, struct trace);
} traces SEC(".maps");

/* ``per_second`` packets, and ``burst`` of them at once. */
#define BUCKET(per_second, burst) \
	{ (1000000000ULL << POLICE_SHIFT) / (per_second), (burst) * 1000000000ULL / (per_second) }

static const struct bucket buckets[GUARD_CLASSES] = {
	[GUARD_BFD] = BUCKET(1000, 200),
	[GUARD_BGP] = BUCKET(5000, 5000),
	[GUARD_BGP_OPEN] = BUCKET(10, 20),
	[GUARD_ARP] = BUCKET(50, 50),
	[GUARD_ND] = BUCKET(50, 50),
	[GUARD_ICMP] = BUCKET(500, 500),
	[GUARD_OTHER] = BUCKET(100, 100),
	[GUARD_EXPIRED] = BUCKET(100, 100),
};

/* What is being judged. ``at``: where the header after the network's begins. */
struct visitor {
	struct __sk_buff *skb;
	struct sentry *sentry;
	__u32 at;
	__u8 protocol;
	__u8 is_peer; /* sent by the peer to the VRF's address on this attachment */
};

static __always_inline __u32 police(struct visitor *visitor, enum guard_class class)
{
	__u32 packets = visitor->skb->gso_size ? visitor->skb->gso_segs : 1;

	if (conforms(&visitor->sentry->clocks[class], &buckets[class], packets, bpf_ktime_get_ns()))
		return GUARD_PASS;
	return GUARD_POLICED;
}

/* What the VRF's routing table says of an address. */
enum way {
	WAY_HERE,      /* it is behind this attachment */
	WAY_BESIDE,    /* it is a station of this link itself */
	WAY_ELSEWHERE, /* it is behind another interface, or thrown away */
	WAY_OWN,       /* it is the VRF's own, or there is no way to it */
};

/*
 * ``tot_len`` is there so that no MTU is asked for; a neighbour that is not resolved is nothing to us. The kernel writes
 * the next hop over the destination, unless they are one.
 */
static __always_inline enum way look_up(struct __sk_buff *skb, struct bpf_fib_lookup *query)
{
	long answer;

	query->ifindex = skb->ifindex;
	query->tot_len = 1;
	answer = bpf_fib_lookup(skb, query, sizeof(*query), 0);
	if (answer == BPF_FIB_LKUP_RET_NOT_FWDED)
		return WAY_OWN;
	if (answer != BPF_FIB_LKUP_RET_SUCCESS && answer != BPF_FIB_LKUP_RET_NO_NEIGH)
		return WAY_ELSEWHERE;
	return query->ifindex == skb->ifindex ? WAY_HERE : WAY_ELSEWHERE;
}

static __always_inline enum way way_to(struct __sk_buff *skb, __be32 address)
{
	struct bpf_fib_lookup query = {.family = FAMILY_IPV4, .ipv4_dst = address};

	enum way way = look_up(skb, &query);

	return way == WAY_HERE && query.ipv4_dst == address ? WAY_BESIDE : way;
}

static __always_inline enum way way_to6(struct __sk_buff *skb, const struct in6_addr *address)
{
	struct bpf_fib_lookup query = {.family = FAMILY_IPV6};
	enum way way;

	__builtin_memcpy(query.ipv6_dst, address, sizeof(query.ipv6_dst));
	way = look_up(skb, &query);
	for (int word = 0; word < 4; word++)
		if (query.ipv6_dst[word] != address->in6_u.u6_addr32[word])
			return way;
	return way == WAY_HERE ? WAY_BESIDE : way;
}

static __always_inline int is_back(enum way way)
{
	return way == WAY_HERE || way == WAY_BESIDE;
}

/*
 * When BGP withdraws a prefix, or its session closes, the customer's router goes on sending for as long as it takes to
 * change its own table. And when a session comes up again, it may send before this VRF has learned where that comes
 * from. So a source without any way back is let in for a moment if it was legitimate just before, or ever before and BGP
 * has just begun anew. One with a way elsewhere never is.
 */
static __always_inline int belongs(const struct sentry *sentry, __u64 source, enum way way)
{
	__u32 at = (source * 0x9e3779b97f4a7c15ULL) >> 32 & (GUARD_TRACES - 1);
	struct trace *trace = bpf_map_lookup_elem(&traces, &at);
	__u64 now = bpf_ktime_get_coarse_ns();

	if (way == WAY_ELSEWHERE || !trace)
		return is_back(way);
	if (way == WAY_OWN)
		return trace->source == source &&
		       (now - trace->seen_ns < GUARD_GRACE_NS || now - sentry->opened_ns < GUARD_OPENING_NS);
	if (trace->source != source || now - trace->seen_ns > GUARD_GRACE_NS / 8) {
		trace->seen_ns = now;
		trace->source = source;
	}
	return 1;
}

/* ``to_own``: it is sent to the VRF's own address, as a station of a shared link may do itself. */
static __always_inline int belongs_here(struct visitor *visitor, __be32 address, int to_own)
{
	__u64 source = (__u64)visitor->skb->ifindex << 32 | address;
	enum way way = way_to(visitor->skb, address);

	if (way == WAY_BESIDE && visitor->sentry->shared)
		return to_own;
	return belongs(visitor->sentry, source, way);
}

static __always_inline int belongs_here6(struct visitor *visitor, const struct in6_addr *address, int to_own)
{
	const __u64 *half = (const void *)address;
	__u64 source = (half[0] ^ visitor->skb->ifindex) * 0xff51afd7ed558ccdULL ^ half[1] * 0xc4ceb9fe1a85ec53ULL;
	enum way way = way_to6(visitor->skb, address);

	if (way == WAY_BESIDE && visitor->sentry->shared)
		return to_own;
	return belongs(visitor->sentry, source, way);
}

/* What is neither for the VRF nor refused is forwarded, from a shared link never back to it. */
static __always_inline __u32 judge_transit(struct visitor *visitor, enum way way, __u8 hops)
{
	if (visitor->sentry->shared && is_back(way))
		return GUARD_TRANSIT;
	return hops > 1 ? GUARD_PASS : police(visitor, GUARD_EXPIRED);
}

/* ── for the VRF itself ── */

/* Both ports are at the same place in TCP and UDP. */
static __always_inline __u32 judge_transport(struct visitor *visitor)
{
	__be16 ports[2];
	__u8 flags = 0;
	__u16 source, target;

	if (bpf_skb_load_bytes(visitor->skb, visitor->at, ports, sizeof(ports)))
		return GUARD_MALFORMED;
	source = bpf_ntohs(ports[0]);
	target = bpf_ntohs(ports[1]);
	if (visitor->protocol == IPPROTO_UDP) {
		if (target != PORT_BFD && target != PORT_BFD_ECHO && target != PORT_BFD_HOPS)
			return police(visitor, GUARD_OTHER);
		return visitor->is_peer ? police(visitor, GUARD_BFD) : GUARD_STRANGER;
	}
	if (source != PORT_BGP && target != PORT_BGP)
		return police(visitor, GUARD_OTHER);
	if (!visitor->is_peer)
		return GUARD_STRANGER;
	if (bpf_skb_load_bytes(visitor->skb, visitor->at + 13, &flags, 1))
		return GUARD_MALFORMED;
	if (flags & TCP_SYN)
		visitor->sentry->opened_ns = bpf_ktime_get_coarse_ns();
	return police(visitor, (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN ? GUARD_BGP_OPEN : GUARD_BGP);
}

static __always_inline __u32 judge_own(struct visitor *visitor)
{
	if (visitor->protocol == IPPROTO_TCP || visitor->protocol == IPPROTO_UDP)
		return judge_transport(visitor);
	return police(visitor, visitor->protocol == IPPROTO_ICMP ? GUARD_ICMP : GUARD_OTHER);
}

/* ── ARP ── */

struct arp {
	__be16 hardware, protocol;
	__u8 hardware_length, protocol_length;
	__be16 operation;
	__be16 sender_mac[3];
	__u8 sender[4];
	__be16 target_mac[3];
	__u8 target[4];
} __attribute__((packed));

/* An address of no one asks whether an address is free (RFC 5227). */
static __always_inline __u32 judge_arp(struct visitor *visitor)
{
	struct arp arp;
	__be16 from[3];
	__be32 sender;

	if (bpf_skb_load_bytes(visitor->skb, ETH_HLEN, &arp, sizeof(arp)) ||
	    bpf_skb_load_bytes(visitor->skb, ETH_ALEN, from, sizeof(from)))
		return GUARD_MALFORMED;
	if (arp.hardware != bpf_htons(ARP_ETHERNET) || arp.protocol != bpf_htons(ETH_P_IP) ||
	    arp.hardware_length != ETH_ALEN || arp.protocol_length != 4)
		return GUARD_MALFORMED;
	if (!visitor->sentry->own)
		return GUARD_FOREIGN;
	__builtin_memcpy(&sender, arp.sender, sizeof(sender));
	if (!visitor->sentry->shared && sender != visitor->sentry->peer &&
	    (sender || arp.operation != bpf_htons(ARP_REQUEST)))
		return GUARD_SPOOFED;
	if (arp.sender_mac[0] != from[0] || arp.sender_mac[1] != from[1] || arp.sender_mac[2] != from[2])
		return GUARD_SPOOFED;
	return police(visitor, GUARD_ARP);
}

/* ── IPv4 ── */

/* This network, loopback, link-local, multicast and beyond (RFC 6890): nobody's source on a routed link. */
static __always_inline int is_nobody(__be32 address)
{
	__u32 host = bpf_ntohl(address);

	return !(host >> 24) || host >> 24 == 127 || host >> 16 == 0xa9fe || host >> 28 >= 0xe;
}

static __always_inline int is_peers(const struct sentry *sentry, __be32 address)
{
	return address && (address == sentry->peer || address == sentry->second);
}

static __always_inline __u32 judge_ipv4(struct visitor *visitor)
{
	struct sentry *sentry = visitor->sentry;
	struct iphdr ip;
	enum way way;

	if (bpf_skb_load_bytes(visitor->skb, ETH_HLEN, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return GUARD_MALFORMED;
	if (!sentry->own)
		return GUARD_FOREIGN;
	if (!is_peers(sentry, ip.saddr) &&
	    (is_nobody(ip.saddr) || !belongs_here(visitor, ip.saddr, ip.daddr == sentry->own)))
		return GUARD_SPOOFED;
	if (ip.daddr != sentry->own && (way = way_to(visitor->skb, ip.daddr)) != WAY_OWN)
		return judge_transit(visitor, way, ip.ttl);
	visitor->is_peer = is_peers(sentry, ip.saddr) && ip.daddr == sentry->own;
	visitor->at = ETH_HLEN + ip.ihl * 4;
	visitor->protocol = ip.frag_off & bpf_htons(FRAGMENT_OFFSET) ? IPPROTO_RAW : ip.protocol;
	return judge_own(visitor);
}

/* ── IPv6 ── */

static __always_inline int is_same(const void *one, const void *other)
{
	const __u64 *a = one, *b = other;

	return a[0] == b[0] && a[1] == b[1];
}

static __always_inline int is_nothing(const struct in6_addr *address)
{
	static const __u8 nothing[16] __attribute__((aligned(8)));

	return is_same(address, nothing);
}

static __always_inline int is_peers6(const struct sentry *sentry, const struct in6_addr *address)
{
	return !is_nothing(address) && (is_same(address, sentry->peer6) || is_same(address, sentry->second6));
}

static __always_inline int is_link_local(const struct in6_addr *address)
{
	return address->in6_u.u6_addr8[0] == 0xfe && (address->in6_u.u6_addr8[1] & 0xc0) == 0x80;
}

/* Multicast that stays on the link. */
static __always_inline int is_link_multicast(const struct in6_addr *address)
{
	return address->in6_u.u6_addr8[0] == 0xff && (address->in6_u.u6_addr8[1] & 0x0f) <= 2;
}

/* A neighbour speaks for its own address; from no address it asks whether one is free (RFC 4862). */
static __always_inline __u32 judge_neighbor(struct visitor *visitor, const struct ipv6hdr *ip, __u8 type)
{
	struct in6_addr target __attribute__((aligned(8)));
	int is_own_voice = is_nothing(&ip->saddr) || is_link_local(&ip->saddr) ||
			   is_same(&ip->saddr, visitor->sentry->peer6);

	if (bpf_skb_load_bytes(visitor->skb, visitor->at + 8, &target, sizeof(target)))
		return GUARD_MALFORMED;
	if (!visitor->sentry->shared &&
	    (!is_own_voice || (type == ND_ADVERTISEMENT && !is_link_local(&target) &&
			       !is_same(&target, visitor->sentry->peer6))))
		return GUARD_SPOOFED;
	return police(visitor, GUARD_ND);
}

static __always_inline __u32 judge_icmpv6(struct visitor *visitor, const struct ipv6hdr *ip)
{
	__u8 type;

	if (bpf_skb_load_bytes(visitor->skb, visitor->at, &type, 1))
		return GUARD_MALFORMED;
	if (type == ND_SOLICITATION || type == ND_ADVERTISEMENT)
		return judge_neighbor(visitor, ip, type);
	if (type == ND_ROUTER_ADVERTISEMENT || type == ND_REDIRECT)
		return GUARD_STRANGER;
	if (type == ND_ROUTER_SOLICITATION || type == MLD2_REPORT || (type >= MLD_QUERY && type <= MLD_DONE))
		return police(visitor, GUARD_ND);
	return is_nothing(&ip->saddr) ? GUARD_SPOOFED : police(visitor, GUARD_ICMP);
}

/* Listener reports come behind a hop-by-hop header (RFC 3810), which nothing else for the VRF needs. */
static __always_inline __u32 judge_own6(struct visitor *visitor, const struct ipv6hdr *ip)
{
	if (visitor->protocol == IPPROTO_ICMPV6)
		return judge_icmpv6(visitor, ip);
	if (visitor->protocol == IPPROTO_HOPOPTS)
		return police(visitor, GUARD_ND);
	if (is_nothing(&ip->saddr))
		return GUARD_SPOOFED;
	return judge_own(visitor);
}

static __always_inline int is_legitimate6(struct visitor *visitor, const struct ipv6hdr *ip)
{
	if (is_peers6(visitor->sentry, &ip->saddr))
		return 1;
	if (is_nothing(&ip->saddr))
		return is_link_multicast(&ip->daddr);
	if (is_link_local(&ip->saddr)) /* a neighbour makes sure of us from there too (RFC 4861, 7.3.3) */
		return is_link_local(&ip->daddr) || is_link_multicast(&ip->daddr) ||
		       is_same(&ip->daddr, visitor->sentry->own6);
	/* Neighbours ask at addresses of a group, and answer to link-local ones. */
	return ip->saddr.in6_u.u6_addr8[0] != 0xff &&
	       belongs_here6(visitor, &ip->saddr,
			     is_same(&ip->daddr, visitor->sentry->own6) || is_link_multicast(&ip->daddr) ||
				     is_link_local(&ip->daddr));
}

static __always_inline __u32 judge_ipv6(struct visitor *visitor)
{
	struct sentry *sentry = visitor->sentry;
	struct ipv6hdr ip __attribute__((aligned(8)));
	enum way way;

	if (bpf_skb_load_bytes(visitor->skb, ETH_HLEN, &ip, sizeof(ip)) || ip.version != 6)
		return GUARD_MALFORMED;
	if (is_nothing((struct in6_addr *)sentry->own6))
		return GUARD_FOREIGN;
	if (!is_legitimate6(visitor, &ip))
		return GUARD_SPOOFED;
	if (!is_same(&ip.daddr, sentry->own6) && !is_link_local(&ip.daddr) && ip.daddr.in6_u.u6_addr8[0] != 0xff &&
	    (way = way_to6(visitor->skb, &ip.daddr)) != WAY_OWN)
		return judge_transit(visitor, way, ip.hop_limit);
	visitor->is_peer = (is_peers6(sentry, &ip.saddr) && is_same(&ip.daddr, sentry->own6)) ||
			   (!sentry->shared && is_link_local(&ip.saddr) && is_link_local(&ip.daddr));
	visitor->at = ETH_HLEN + sizeof(ip);
	visitor->protocol = ip.nexthdr;
	return judge_own6(visitor, &ip);
}

/* ── every frame ── */

static __always_inline __u32 judge(struct __sk_buff *skb, struct frame *frame)
{
	__u32 ifindex = skb->ifindex;
	struct visitor visitor = {.skb = skb, .sentry = bpf_map_lookup_elem(&sentries, &ifindex)};

	if (!visitor.sentry)
		return GUARD_NO_SENTRY;
	if (read_tags(skb, frame) != FRAME_SOUND)
		return GUARD_MALFORMED;
	if (frame->tag_count)
		return GUARD_FOREIGN;
	switch (frame->ethertype) {
	case bpf_htons(ETH_P_IP):
		return judge_ipv4(&visitor);
	case bpf_htons(ETH_P_IPV6):
		return judge_ipv6(&visitor);
	case bpf_htons(ETH_P_ARP):
		return judge_arp(&visitor);
	default:
		return GUARD_FOREIGN;
	}
}

static __always_inline void count(struct __sk_buff *skb, const struct frame *frame, __u32 reason)
{
	struct refused_key key = {.ifindex = skb->ifindex, .reason = reason};
	struct weight weight = {};
	struct refusals nothing = {};
	struct refusals *counter = bpf_map_lookup_elem(&refused, &key);

	if (!counter) {
		bpf_map_update_elem(&refused, &key, &nothing, BPF_NOEXIST);
		counter = bpf_map_lookup_elem(&refused, &key);
	}
	weigh(skb, frame, &weight);
	if (counter) {
		counter->packets += weight.packets;
		counter->bytes += weight.bytes;
	}
}

SEC("tc")
int guard(struct __sk_buff *skb)
{
	struct frame frame = {};
	__u32 reason = judge(skb, &frame);

	if (reason == GUARD_PASS)
		return TC_ACT_UNSPEC;
	count(skb, &frame, reason);
	return TC_ACT_SHOT;
}

/*
 * bpf_fib_lookup is open to programs under the GPL only, so this file may be had under either licence. The kernel knows
 * no word for that choice: what it is told is the one under which it takes the program.
 */
char licence[] SEC("license") = "GPL";
