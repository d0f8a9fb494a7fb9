use super::{CutRow, GemmRow, WaveReport};
use crate::model::Split;

/// Everything of the GEMMs of one name, as a table shows it in one row.
#[derive(Clone, Debug)]
pub struct GemmName<'a> {
    /// The name.
    pub name: &'a str,
    /// All launches.
    pub rows: Vec<&'a GemmRow>,
    /// The launch over all tokens, where there is one.
    pub whole: Option<&'a GemmRow>,
    /// Both launches of a cut one and what it is uncut, where that is known.
    pub cut: Option<&'a CutRow>,
}

impl WaveReport {
    /// The GEMMs by name.
    pub fn by_name(&self) -> Vec<GemmName<'_>> {
        let mut names: Vec<&str> = self.gemms.iter().map(|gemm| gemm.name.as_str()).collect();
        names.dedup();
        names.into_iter().map(|name| self.of_name(name)).collect()
    }

    fn of_name<'a>(&'a self, name: &'a str) -> GemmName<'a> {
        let rows: Vec<&GemmRow> = self.gemms.iter().filter(|gemm| gemm.name == name).collect();
        let whole = rows.iter().copied().find(|gemm| gemm.split == Split::Whole);
        GemmName { name, rows, whole, cut: self.cuts.iter().find(|cut| cut.name == name) }
    }
}

impl GemmName<'_> {
    /// Waves as one launch with all SMs to itself: `14`, `≈14` where only estimated, `–` where not known.
    pub fn waves_whole(&self) -> String {
        if let Some(whole) = self.whole {
            return whole.waves.to_string();
        }
        let Some((cut, unsplit)) = self.cut.and_then(|cut| Some((cut, cut.unsplit?))) else {
            return "–".to_owned();
        };
        format!("{}{}", if cut.is_estimate { "≈" } else { "" }, unsplit.waves)
    }

    /// Waves of both splits: `7 + 7`, `–` of one that is not cut.
    pub fn waves_cut(&self) -> String {
        self.cut.map_or_else(
            || "–".to_owned(),
            |cut| format!("{} + {}", cut.split[0].waves, cut.split[1].waves),
        )
    }

    /// How full the last wave of each launch is, 0…1: that over all tokens, then those of the splits.
    pub fn tails(&self) -> impl Iterator<Item = f64> {
        let whole = self.whole.map(|gemm| gemm.tail_occupancy);
        let cut = self.cut.map(|cut| cut.split.map(|launch| launch.tail_occupancy));
        whole.into_iter().chain(cut.into_iter().flatten())
    }

    /// Achieved rate, all launches together, TFLOP/s.
    pub fn tflops(&self) -> f64 {
        let total_ns = |row: &GemmRow| row.durations.total_ns as f64;
        let work: f64 = self.rows.iter().map(|row| row.tflops * total_ns(row)).sum();
        work / self.rows.iter().map(|row| total_ns(row)).sum::<f64>().max(1.0)
    }
}
