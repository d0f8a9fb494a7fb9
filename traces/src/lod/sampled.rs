//! A ribbon in columns, to be sent: a hundredth of what all edges of all blocks take.

use super::Ribbon;
use super::band::Band;
use super::ribbon_basis::RibbonBasis;
use super::ribbon_build::UNITS;
use super::steps::Steps;
use crate::container::bytes::{Get, Put};

/// Steps that fill a share from nothing to all.
const FULL: f64 = 4095.0;

impl Ribbon {
    /// The mean of each column between neighbours of `edges_ns`, which ascend; within 1/4095 of what fills the ribbon. Nothing
    /// of what lies outside.
    #[must_use]
    pub fn sampled(&self, edges_ns: &[i64]) -> Vec<u8> {
        let full = self.full_units();
        let mut out = Put::default();
        match self.basis() {
            RibbonBasis::Nothing => out.u8(0),
            RibbonBasis::Streams => out.u8(1),
            RibbonBasis::Sms { sms } => {
                out.u8(2);
                out.u32(sms);
            }
        }
        out.u32(edges_ns.len() as u32);
        out.deltas(edges_ns);
        for (band, steps) in self.bands.iter().enumerate().filter(|(_, steps)| !steps.is_empty()) {
            let mut shares = Vec::with_capacity(edges_ns.len());
            let mut before = 0;
            steps.integrals(edges_ns, |index, integral| {
                if index > 0 {
                    let len_ns = (edges_ns[index] - edges_ns[index - 1]).max(1) as f64;
                    let share = (integral - before) as f64 / len_ns / full;
                    shares.push((share * FULL).round().clamp(0.0, FULL) as u64);
                }
                before = integral;
            });
            if shares.iter().any(|&share| share > 0) {
                out.u8(band as u8);
                out.column(shares.into_iter());
            }
        }
        out.0
    }

    /// The ribbon of these columns; `None` when they are none.
    pub fn of_sampled(bytes: &[u8]) -> Option<Self> {
        let mut input = Get(bytes);
        let basis = match input.u8()? {
            0 => RibbonBasis::Nothing,
            1 => RibbonBasis::Streams,
            2 => RibbonBasis::Sms { sms: input.u32()? },
            _ => return None,
        };
        let num_edges = input.len()?;
        let edges_ns = input.deltas(num_edges)?;
        if !edges_ns.is_sorted() {
            return None;
        }
        let mut ribbon = Self { basis, bands: vec![Steps::default(); Band::COUNT] };
        let full = ribbon.full_units();
        while !input.is_done() {
            let band = usize::from(input.u8()?);
            let shares = input.column_u32(num_edges.checked_sub(1)?)?;
            let units =
                shares.into_iter().map(|share| (f64::from(share) / FULL * full).round() as i32);
            // The last edge ends the last column.
            let values = units.chain([0]);
            *ribbon.bands.get_mut(band)? = Steps::of_values(edges_ns.iter().copied().zip(values));
        }
        Some(ribbon)
    }

    /// What fills it.
    fn full_units(&self) -> f64 {
        let sms = match self.basis() {
            RibbonBasis::Sms { sms } => sms,
            RibbonBasis::Streams | RibbonBasis::Nothing => 1,
        };
        f64::from(UNITS) * f64::from(sms.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        ArgsId, Kind, Label, Meta, Provenance, Span, Trace, TraceBuilder, TrackKind,
    };

    fn trace() -> Trace {
        let provenance = Provenance::Modelled { source: "test".into() };
        let mut builder = TraceBuilder::new(Meta::new("test", provenance));
        let kinds = [Kind::Gemm, Kind::Comm, Kind::Attention];
        let labels = kinds.map(|kind| builder.label(Label { kind, ..Label::default() }));
        for sm in 0..5_u32 {
            let track = builder.track(None, "SM", TrackKind::Sm { rank: 3, sm });
            let lane = builder.lane(track);
            for block in 0..300_i64 {
                let start_ns = block * (9_000 + i64::from(sm) * 31) + 400;
                let span = Span::new(start_ns, start_ns + 5_000 + 3 * block);
                builder.push(lane, span, labels[block as usize % 3], ArgsId::NONE, 0);
            }
        }
        builder.finish().unwrap()
    }

    /// Means over any number of columns are those of the ribbon itself.
    #[test]
    fn columns_are_means_of_the_ribbon() {
        let trace = trace();
        let ribbon = Ribbon::build(&trace, 3);
        let edges_ns: Vec<i64> = (-4..400).map(|column| column * 8_192).collect();
        let sampled = Ribbon::of_sampled(&ribbon.sampled(&edges_ns)).unwrap();
        assert_eq!(sampled.basis(), ribbon.basis());
        for (first, last) in [(0, 403), (4, 5), (17, 170), (100, 340)] {
            let window = Span::new(edges_ns[first], edges_ns[last]);
            let (is, was) = (sampled.mean_over(window), ribbon.mean_over(window));
            for (is, was) in is.share.iter().zip(was.share) {
                assert!((is - was).abs() < 2e-4, "{window:?}: {is} for {was}");
            }
        }
        assert!(ribbon.mean_over(Span::new(0, 100_000)).busy() > 0.3, "there is something");
    }

    #[test]
    fn what_is_no_ribbon_is_none() {
        let bytes = Ribbon::build(&trace(), 3).sampled(&[0, 1_000, 2_000_000]);
        assert!(Ribbon::of_sampled(&bytes).is_some());
        for end in 0..bytes.len() {
            let _read_or_not = Ribbon::of_sampled(&bytes[..end]);
        }
        assert!(Ribbon::of_sampled(&[]).is_none() && Ribbon::of_sampled(&[9; 40]).is_none());
        // A ribbon of nothing says so.
        let none = Ribbon::build(&trace(), 0).sampled(&[0, 10]);
        assert_eq!(Ribbon::of_sampled(&none).unwrap().basis(), RibbonBasis::Nothing);
    }
}
