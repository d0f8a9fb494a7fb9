//! Points in time: marks of the program, and counters that were read now and then.

use super::events::of_event;
use super::set::{Rocpd, Sample};
use crate::interchange::foreign::{Class, Series};
use crate::interchange::sqlite::sheet::Sheet;
use crate::stream::Progress;

impl Sheet<'_, Rocpd> {
    /// Reads samples: those with counts are a counter's, others are marks.
    pub(super) fn samples(&mut self, progress: Progress<'_>) {
        let columns = ["timestamp", "track_id", "event_id", "name_id"];
        self.rows("rocpd_sample", &columns, progress, |sheet, cells| {
            let Some(at_ns) = cells.int(0) else {
                return sheet
                    .recording
                    .tally
                    .lost_where("rows of rocpd_sample without a time", String::new);
            };
            let set = &sheet.own.set;
            let track = cells.int(1);
            let name = sheet.string(cells.int(3));
            let name = name.or_else(|| set.track_names.get(&track?).copied());
            let place = track.and_then(|id| set.tracks.get(&id)).copied().unwrap_or_default();
            sheet.own.set.samples.push(Sample { at_ns, event: cells.int(2), place, name });
        });
        for sample in std::mem::take(&mut self.own.set.samples) {
            let set = &self.own.set;
            let counts = sample.event.map(|event| of_event(&set.counts, event, |it| it.0));
            match counts.filter(|counts| !counts.is_empty()).map(<[_]>::to_vec) {
                Some(counts) => self.counted(&sample, &counts),
                None => self.mark(&sample),
            }
        }
    }

    fn counted(&mut self, sample: &Sample, counts: &[(i64, i64, f64)]) {
        let pid = self.pid(&sample.place);
        for &(_, counter, value) in counts {
            self.own.set.counts_used += 1;
            let series = match self.own.set.counters.get(&counter).cloned() {
                Some(counter) => {
                    let name = match counter.gpu {
                        Some(gpu) => format!("{}, GPU {gpu}", counter.name),
                        None => counter.name,
                    };
                    Series { pid, name, key: counter.unit }
                }
                None => Series { pid, name: format!("counter {counter}"), key: String::new() },
            };
            self.recording.collect.sample(series, sample.at_ns, value);
        }
    }

    fn mark(&mut self, sample: &Sample) {
        let told = self.about(sample.event).and_then(|about| about.message).or(sample.name);
        let name = told.unwrap_or_else(|| self.recording.collect.names.number("(no name)"));
        let row = self.thread(&sample.place);
        let span = (sample.at_ns, sample.at_ns);
        self.recording.push(span, (row, name), Class::HostMark, &[], None);
    }
}
