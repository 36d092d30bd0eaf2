/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token bucket kept as a clock (the virtual scheduling form of GCRA, ITU-T I.371 annex A): the moment at which all
 * that was let through so far would have been sent at the rate. Its whole state is one word that is changed by
 * compare-and-swap, so all CPUs share it without a lock, and a new rate needs no new state.
 *
 * The clock ticks 2^POLICE_TICK times in a nanosecond: at 400 Gbit/s the smallest frame takes 1.2 ns. It wraps every
 * 208 days, so moments are compared by their distance: a clock further ahead of now than any burst is long was left
 * behind long ago (or never started), and its bucket is full.
 */
#ifndef TRUNKLINE_POLICE_H
#define TRUNKLINE_POLICE_H

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#define POLICE_SHIFT 20 /* of pace: time per unit in 2^-20 ns */
#define POLICE_TICK 10  /* of the clock: time in 2^-10 ns */
#define POLICE_REACH 33 /* bursts are shorter than 2^33 ns */
#define POLICE_TRIES 16 /* CPUs that change the clock at the same moment */

/* What one bucket is told. ``pace``: (10^9 << POLICE_SHIFT) / units per second; 0 lets everything through. */
struct bucket {
	__u64 pace;
	__u64 burst_ns; /* how far the clock may run ahead of now: burst / rate; less than 2^POLICE_REACH */
};

/* Whether a clock so far ahead of now is one that was left behind. */
static __always_inline int is_stale(__u64 ahead)
{
	return ahead >> (POLICE_REACH + POLICE_TICK) != 0;
}

/* Whether nothing is taken from the bucket at this moment. */
static __always_inline int is_full(const __u64 *clock, __u64 now_ns)
{
	return is_stale(*(const volatile __u64 *)clock - (now_ns << POLICE_TICK));
}

/* Whether ``units`` (bytes, or packets) may pass now; if so they are taken from the bucket. */
static __always_inline int conforms(__u64 *clock, const struct bucket *bucket, __u64 units, __u64 now_ns)
{
	__u64 cost = (units * bucket->pace) >> (POLICE_SHIFT - POLICE_TICK);
	__u64 burst = bucket->burst_ns << POLICE_TICK;
	__u64 now = now_ns << POLICE_TICK;

	if (!bucket->pace)
		return 1;
	for (int i = 0; i < POLICE_TRIES; i++) {
		__u64 held = *(volatile __u64 *)clock;
		__u64 ahead = held - now;

		if (is_stale(ahead))
			ahead = 0;
		if (ahead + cost > burst)
			return 0;
		if (__sync_val_compare_and_swap(clock, held, now + ahead + cost) == held)
			return 1;
	}
	return 0;
}

#endif
