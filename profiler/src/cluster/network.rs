//! What moving bytes between servers takes.

use super::spec::{ClusterSpec, Tier};

/// Links between servers.
#[derive(Clone, Debug)]
pub(super) struct Links {
    spec: super::spec::Network,
    slow: Vec<([u32; 2], f64)>,
}

/// Within a server a send takes no network: what NVLink 4 moves.
const WITHIN: Tier = Tier { bytes_per_s: 370e9, latency_ns: 2_000.0 };

impl Links {
    pub(super) fn of(spec: &ClusterSpec) -> Self {
        let slow = spec.slow_links.iter().map(|link| (link.between, link.times));
        Self { spec: spec.network.clone(), slow: slow.collect() }
    }

    /// What a GPU of one server has to one of another.
    pub(super) fn between(&self, a: u32, b: u32) -> Tier {
        let per_rack = self.spec.servers_per_rack;
        let tier = match (a == b, a / per_rack == b / per_rack) {
            (true, _) => WITHIN,
            (_, true) => self.spec.rack,
            _ => self.spec.spine,
        };
        let is_it = |pair: &[u32; 2]| *pair == [a, b] || *pair == [b, a];
        let times: f64 =
            self.slow.iter().filter(|(pair, _)| is_it(pair)).map(|(_, times)| times).product();
        Tier { bytes_per_s: tier.bytes_per_s / times, ..tier }
    }

    /// A send from a server to another, ns.
    pub(super) fn send_ns(&self, from: u32, to: u32, bytes: f64) -> i64 {
        let tier = self.between(from, to);
        (tier.latency_ns + bytes / tier.bytes_per_s * 1e9).round() as i64
    }

    /// An all-reduce over ranks of these servers, in this order, once all are there, ns: the bytes of a ring over its slowest
    /// link, and up and down a tree of latencies.
    pub(super) fn all_reduce_ns(&self, servers: &[u32], bytes: f64) -> i64 {
        let ranks = servers.len().max(2) as f64;
        let next = servers.iter().skip(1).chain(servers.first());
        let ring = || servers.iter().zip(next.clone()).map(|(&a, &b)| self.between(a, b));
        let slowest = ring().map(|tier| tier.bytes_per_s).fold(f64::INFINITY, f64::min);
        let latency = ring().map(|tier| tier.latency_ns).fold(0.0, f64::max);
        let moved = link_bytes(ranks, bytes) / slowest * 1e9;
        (2.0 * ranks.log2().ceil() * latency + moved).round() as i64
    }
}

/// Bytes over a link of an all-reduce: `2 (n - 1) / n` of the buffer, as nccl-tests has it.
pub(super) fn link_bytes(ranks: f64, bytes: f64) -> f64 {
    2.0 * (ranks - 1.0) / ranks * bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Network, SlowLink};

    #[test]
    fn tiers_and_slow_links_decide() {
        let tier = |gb: f64, latency_ns| Tier { bytes_per_s: gb * 1e9, latency_ns };
        let network = Network {
            servers_per_rack: 2,
            rack: tier(50.0, 1000.0),
            spine: tier(25.0, 3000.0),
            end_spread_ns: 0,
        };
        let slow_links = vec![SlowLink { between: [3, 2], times: 5.0 }];
        let links = Links::of(&ClusterSpec { network, slow_links, ..ClusterSpec::default() });
        // 50 MB: 1 ms in the rack, 2 ms over the spine, 5 ms over the slow link of a rack.
        assert_eq!(links.send_ns(0, 1, 50e6), 1_001_000);
        assert_eq!(links.send_ns(1, 2, 50e6), 2_003_000);
        assert_eq!(links.send_ns(2, 3, 50e6), 5_001_000);
        // Of four, 1.5 times the bytes over the slowest link of the ring, and two steps of a tree each way.
        assert_eq!(links.all_reduce_ns(&[0, 1, 4, 5], 50e6), 3_000_000 + 4 * 3000);
        assert_eq!(links.all_reduce_ns(&[0, 1, 2, 3], 50e6), 7_500_000 + 4 * 3000);
    }
}
