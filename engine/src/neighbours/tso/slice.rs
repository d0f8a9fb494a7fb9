//! A slice of a convolution: what it holds, what it moves, and the search for the best.

use crate::machine::Machine;

/// Bytes of a number.
pub(super) const NUMBER_BYTES: u32 = 2;
const BYTES: f64 = NUMBER_BYTES as f64;

/// A convolution over square images, padded so that the output has its input's side over the stride. Images lie in memory as
/// TensorFlow has them, all channels of a place together, place by place, row by row; weights, which do not change, slice by slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Convolution {
    /// Channels that it reads.
    pub(super) inputs: u32,
    /// Channels that it writes.
    pub(super) outputs: u32,
    /// Rows, and columns, of the output.
    pub(super) side: u32,
    /// Rows, and columns, of the kernel.
    pub(super) kernel: u32,
    /// Places of the input from output to output.
    pub(super) stride: u32,
}

/// What a core works on at a time, of all input channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// Of the output.
    pub(super) rows: u32,
    /// Of the output.
    pub(super) columns: u32,
    /// Of the output.
    pub(super) channels: u32,
}

impl Convolution {
    /// Products summed up for a number of the output.
    pub(super) fn depth(&self) -> u32 {
        self.inputs * self.kernel * self.kernel
    }

    /// Rows of the input that `rows` of the output from `first` on need: those beyond its edges are not there.
    fn input_rows(&self, first: u32, rows: u32) -> u32 {
        let (padding, input_side) = (self.kernel / 2, self.side * self.stride);
        let begin = (first * self.stride).saturating_sub(padding);
        let end = (first + rows - 1) * self.stride + self.kernel - padding;
        end.min(input_side) - begin
    }

    /// The same of all slices of so many rows, or columns, together.
    fn input_rows_of_all(&self, rows: u32) -> u32 {
        let firsts = (0..self.side).step_by(rows as usize);
        firsts.map(|first| self.input_rows(first, rows.min(self.side - first))).sum()
    }
}

impl Slice {
    /// How many there are down, across and through the channels.
    pub(super) fn counts(&self, of: &Convolution) -> [u32; 3] {
        [
            of.side.div_ceil(self.rows),
            of.side.div_ceil(self.columns),
            of.outputs.div_ceil(self.channels),
        ]
    }

    /// What it keeps in the scratchpad: input, weights, output.
    fn held_bytes(&self, of: &Convolution) -> f64 {
        let high = (self.rows - 1) * of.stride + of.kernel;
        let wide = (self.columns - 1) * of.stride + of.kernel;
        let input = f64::from(of.inputs) * f64::from(high) * f64::from(wide);
        let weights = f64::from(of.depth()) * f64::from(self.channels);
        let output = f64::from(self.rows) * f64::from(self.columns) * f64::from(self.channels);
        BYTES * (input + weights + output)
    }

    /// What memory moves for all slices, in bursts of `burst` bytes. A run of L bytes in one piece, wherever it begins, touches
    /// 1 + (L − 2) / burst of them on average: it begins at any of their numbers of 2 bytes alike.
    pub(super) fn traffic_bytes(&self, of: &Convolution, burst: u32) -> f64 {
        let [down, across, deep] = self.counts(of).map(f64::from);
        let (high, wide) = (of.input_rows_of_all(self.rows), of.input_rows_of_all(self.columns));
        let (outputs, side) = (f64::from(of.outputs), f64::from(of.side));
        // Whole rows follow one another; so do places where all channels are taken.
        let is_wide = self.columns >= of.side;
        let input_runs = if is_wide { down } else { f64::from(high) * across };
        let output_runs = match (self.channels >= of.outputs, is_wide) {
            (true, true) => down,
            (true, false) => side * across,
            (false, _) => deep * side * side,
        };
        let numbers = deep * f64::from(of.inputs) * f64::from(high) * f64::from(wide)
            + down * across * f64::from(of.depth()) * outputs
            + outputs * side * side;
        let runs = deep * input_runs + down * across * deep + output_runs;
        BYTES * numbers + runs * f64::from(burst - NUMBER_BYTES)
    }

    /// The longer of what the cores compute, slice after slice, and what memory moves meanwhile, ns.
    fn estimated_ns(&self, of: &Convolution, machine: &Machine, burst: u32) -> f64 {
        let kernels = &machine.kernels;
        let slices: u32 = self.counts(of).iter().product();
        let places = f64::from(self.rows) * f64::from(self.columns) * f64::from(self.channels);
        let flops = 2.0 * places * f64::from(of.depth());
        let fixed_ns = machine.host.block_start_ns + kernels.gemm_fixed_ns;
        let slice_ns = fixed_ns + flops / kernels.gemm_sm_flops * 1e9;
        let computes_ns = f64::from(slices.div_ceil(machine.gpu.sms)) * slice_ns;
        let moves_ns = self.traffic_bytes(of, burst) / machine.gpu.hbm_bytes_per_s * 1e9;
        computes_ns.max(moves_ns)
    }
}

/// The slice of least estimated time that a scratchpad holds twice, and of those the one that moves least: every way to cut
/// rows and columns into up to 16 parts, and channels into halves. Where none fits, the least of all.
pub(super) fn best(of: &Convolution, machine: &Machine, burst: u32) -> Slice {
    let room = f64::from(machine.gpu.smem_per_sm_bytes) / 2.0;
    let fitting = all(of).filter(|slice| slice.held_bytes(of) <= room);
    let judged = fitting.map(|slice| {
        (slice, slice.estimated_ns(of, machine, burst), slice.traffic_bytes(of, burst))
    });
    let best = judged.min_by(|a, b| a.1.total_cmp(&b.1).then(a.2.total_cmp(&b.2)));
    best.map_or(Slice { rows: 1, columns: 1, channels: 1 }, |(slice, ..)| slice)
}

fn all(of: &Convolution) -> impl Iterator<Item = Slice> {
    let (outputs, sides) = (of.outputs, parts(of.side));
    let sizes = sides.clone().into_iter().flat_map(move |rows| {
        let wide = sides.clone().into_iter();
        wide.map(move |columns| (rows, columns))
    });
    sizes.flat_map(move |(rows, columns)| {
        let halves = (0..outputs.ilog2() + 1).map(move |times| outputs.div_ceil(1 << times));
        halves.map(move |channels| Slice { rows, columns, channels })
    })
}

/// Lengths of up to 16 parts of a side, and a single place.
fn parts(side: u32) -> Vec<u32> {
    let mut lengths: Vec<u32> = (1..=16).map(|parts| side.div_ceil(parts)).collect();
    lengths.push(1);
    lengths.dedup();
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is moved, slice by slice and run by run, as its numbers lie in memory, over all places in a burst where a run begins.
    fn counted(slice: Slice, of: &Convolution, burst: u32) -> f64 {
        let run = |numbers: u32| -> f64 {
            let offsets = burst / NUMBER_BYTES;
            let touched = (0..offsets).map(|offset| (offset + numbers).div_ceil(offsets));
            f64::from(touched.sum::<u32>()) / f64::from(offsets) * f64::from(burst)
        };
        let within = |first: u32, length: u32| {
            let places = (first..(first + length).min(of.side))
                .flat_map(|place| (0..of.kernel).map(move |tap| (place * of.stride + tap) as i64));
            let padding = i64::from(of.kernel / 2);
            let mut places: Vec<i64> = places
                .map(|place| place - padding)
                .filter(|place| (0..i64::from(of.side * of.stride)).contains(place))
                .collect();
            places.sort_unstable();
            places.dedup();
            places.len() as u32
        };
        let mut bytes = 0.0;
        for row in (0..of.side).step_by(slice.rows as usize) {
            for column in (0..of.side).step_by(slice.columns as usize) {
                for channel in (0..of.outputs).step_by(slice.channels as usize) {
                    let channels = slice.channels.min(of.outputs - channel);
                    let (high, wide) = (within(row, slice.rows), within(column, slice.columns));
                    let (rows, columns) =
                        (slice.rows.min(of.side - row), slice.columns.min(of.side - column));
                    let is_wide = slice.columns >= of.side;
                    let pieces = |rows: u32, places: u32, channels: u32| match is_wide {
                        true => run(rows * places * channels),
                        false => f64::from(rows) * run(places * channels),
                    };
                    bytes += pieces(high, wide, of.inputs);
                    bytes += run(channels * of.depth());
                    bytes += match channels == of.outputs {
                        true => pieces(rows, columns, channels),
                        false => f64::from(rows * columns) * run(channels),
                    };
                }
            }
        }
        bytes
    }

    #[test]
    fn traffic_is_what_counting_the_runs_gives() {
        let layers = [
            Convolution { inputs: 3, outputs: 8, side: 14, kernel: 3, stride: 1 },
            Convolution { inputs: 4, outputs: 6, side: 9, kernel: 1, stride: 1 },
        ];
        for of in layers {
            for burst in [2, 16, 64] {
                for slice in all(&of) {
                    let (closed, brute) =
                        (slice.traffic_bytes(&of, burst), counted(slice, &of, burst));
                    assert!(
                        (closed / brute - 1.0).abs() < 1e-9,
                        "{slice:?} {burst}: {closed} {brute}"
                    );
                }
            }
        }
    }

    /// What is counted in bursts is never more than what was chosen without them.
    #[test]
    fn the_search_finds_no_worse_by_what_it_counts() {
        let machine = crate::neighbours::machines::machine_named("npu32").unwrap();
        for name in super::super::NETWORKS {
            for of in super::super::network(name) {
                let slices = [256, 2].map(|burst| best(of, &machine, burst));
                let [with, without] = slices.map(|slice| slice.estimated_ns(of, &machine, 256));
                assert!(with <= without, "{name} {of:?}: {with} {without}");
                assert!(slices[0].held_bytes(of) <= f64::from(machine.gpu.smem_per_sm_bytes) / 2.0);
            }
        }
    }
}
