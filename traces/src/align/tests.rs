//! Clocks whose truth is known: made-up offsets and drifts, collectives whose ends spread as they do between servers.

use super::*;

/// The same for a seed: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    /// Between -1 and 1.
    fn either_way(&mut self) -> f64 {
        self.next() as f64 / u64::MAX as f64 * 2.0 - 1.0
    }
}

struct Truth {
    offset_ns: f64,
    drift: f64,
}

/// What a clock shows at a true time.
fn shown(truth: &Truth, ns: i64) -> i64 {
    ns + (truth.offset_ns + truth.drift * ns as f64).round() as i64
}

/// Offsets within ±5 ms and drifts within ±20 ppm; every group meets a hundred times in a minute, its members' ends up to
/// 15 µs apart, and one in twelve is a millisecond late.
fn made_up(clocks: u32, groups: &[Vec<u32>], seed: u64) -> (Vec<Truth>, Vec<Meeting>) {
    let mut random = Random(seed);
    let truths: Vec<Truth> = (0..clocks)
        .map(|_| Truth { offset_ns: 5e6 * random.either_way(), drift: 20e-6 * random.either_way() })
        .collect();
    let mut meetings = Vec::new();
    for turn in 0..100 {
        for (number, group) in groups.iter().enumerate() {
            let ended = turn * 600_000_000 + number as i64 * 1_000_000;
            let mut end = |&clock: &u32| {
                let spread = (7_500.0 * random.either_way()) as i64;
                let late = if random.next().is_multiple_of(12) { 1_000_000 } else { 0 };
                (clock, shown(&truths[clock as usize], ended + spread + late))
            };
            meetings.push(Meeting { ends: group.iter().map(&mut end).collect() });
        }
    }
    (truths, meetings)
}

/// How far two clocks of one axis put one true moment apart, at the worst of both ends and the middle.
fn apart(axis: &Axis, truths: &[Truth], a: usize, b: usize) -> i64 {
    let of = |clock: usize, ns: i64| axis.clocks[clock].on_axis(shown(&truths[clock], ns));
    let distance = |ns| (of(a, ns) - of(b, ns)).abs();
    [0, 30_000_000_000, 60_000_000_000].into_iter().map(distance).max().unwrap_or(0)
}

#[test]
fn offsets_and_drifts_are_found_within_the_stated_residual() {
    // Chains of servers, no two of which hold all: the last is reached by way of five others.
    let groups: Vec<Vec<u32>> =
        vec![(0..4).collect(), (3..9).collect(), vec![8, 9], (9..16).collect(), vec![2, 12]];
    for seed in 0..8 {
        let (truths, meetings) = made_up(16, &groups, seed);
        let axis = axis(16, &meetings);
        assert_eq!(axis.parts, 1);
        for clock in 1..16 {
            let stated = axis.clocks[clock].residual_p99_ns;
            let off = apart(&axis, &truths, 0, clock);
            assert!(off <= stated, "seed {seed}, clock {clock}: {off} ns off, {stated} stated");
            assert!(off < 10_000, "seed {seed}, clock {clock}: {off} ns off");
            let half = axis.clocks[clock].residual_p50_ns;
            assert!((500..10_000).contains(&half), "{half}: what half of the ends keep");
        }
    }
}

#[test]
fn servers_that_never_met_are_on_axes_of_their_own() {
    let (truths, meetings) = made_up(7, &[vec![0, 2], vec![1, 3, 4]], 3);
    let axis = axis(7, &meetings);
    let parts: Vec<usize> = axis.clocks.iter().map(|clock| clock.part).collect();
    assert_eq!(parts, [0, 1, 0, 1, 1, 2, 3]);
    assert_eq!(axis.parts, 4);
    assert!(apart(&axis, &truths, 1, 4) < 10_000);
    assert_eq!((axis.clocks[5].readings, axis.clocks[5].offset_ns), (0, 0));
    assert!(axis.clocks[0].readings > 0 && axis.clocks[0].offset_ns == 0);
}

/// One clock counts from 1970, the other from its own start.
#[test]
fn clocks_may_count_from_anywhere() {
    let (truths, mut meetings) = made_up(3, &[vec![0, 1, 2]], 9);
    let far = 1_700_000_000_000_000_000;
    for meeting in &mut meetings {
        meeting.ends[1].1 += far;
    }
    let axis = axis(3, &meetings);
    let at = 30_000_000_000;
    let one = axis.clocks[0].on_axis(shown(&truths[0], at));
    let other = axis.clocks[1].on_axis(shown(&truths[1], at) + far);
    assert!((one - other).abs() < 10_000, "{one} {other}");
}

#[test]
fn nothing_met_is_no_axis_but_its_own() {
    assert_eq!(axis(0, &[]), Axis::default());
    let alone = axis(2, &[Meeting::default(), Meeting { ends: vec![(1, 5)] }]);
    assert_eq!(alone.parts, 2);
    assert!(alone.clocks.iter().all(|clock| clock.on_axis(77) == 77));
}
