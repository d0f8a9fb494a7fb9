//! GPU metrics over time.

use hashbrown::HashMap;
use std::collections::BTreeMap;

use super::sheet::Nsight;
use crate::interchange::foreign::{Samples, Series};
use crate::interchange::sqlite::sheet::Sheet;
use crate::stream::Progress;

impl Sheet<'_, Nsight> {
    /// Reads the samples of every GPU and metric.
    pub(super) fn counters(&mut self, progress: Progress<'_>) {
        let mut names: HashMap<i64, String> = HashMap::new();
        let columns = ["metricId", "metricName"];
        self.each("TARGET_INFO_GPU_METRICS", &columns, progress, |_, cells| {
            if let (Some(metric), Some(name)) = (cells.int(0), cells.text(1)) {
                names.insert(metric, name);
            }
        });
        let mut series: BTreeMap<(i64, i64), Samples> = BTreeMap::new();
        let columns = ["timestamp", "typeId", "metricId", "value"];
        self.each("GPU_METRICS", &columns, progress, |sheet, cells| {
            let sample = (cells.int(0), cells.int(2), cells.real(3));
            let (Some(at_ns), Some(metric), Some(value)) = sample else {
                return sheet
                    .recording
                    .tally
                    .lost_where("rows of GPU_METRICS without a value", String::new);
            };
            // The low byte of the type numbers the GPU.
            let gpu = cells.int(1).unwrap_or(0) & 0xff;
            let samples = series.entry((gpu, metric)).or_default();
            samples.at_ns.push(at_ns);
            samples.value.push(value);
        });
        for ((gpu, metric), samples) in series {
            let pid = self.recording.collect.process_on(gpu).unwrap_or(-1);
            let name = names.get(&metric).cloned().unwrap_or_else(|| format!("metric {metric}"));
            let series = Series { pid, name, key: String::new() };
            self.recording.collect.counters.push((series, samples));
        }
    }
}
