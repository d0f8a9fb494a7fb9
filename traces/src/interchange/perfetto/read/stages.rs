//! GPU render stages: work on the hardware queues of GPUs.

use hashbrown::HashMap;

use super::interned::Sequence;
use crate::ArgValue;
use crate::interchange::foreign::{Class, Collect, Event, RowKey};
use crate::interchange::perfetto::messages::{ExtraData, GpuRenderStageEvent};

/// Queues and stages as older producers number them.
#[derive(Debug, Default)]
pub(super) struct Stages {
    queues: Vec<ExtraData>,
    stages: Vec<ExtraData>,
    /// Names of queues by process and number.
    named: HashMap<(i64, i64), String>,
}

impl Stages {
    pub(super) fn event(
        &mut self,
        event: GpuRenderStageEvent,
        start_ns: i64,
        sequence: &Sequence,
        collect: &mut Collect,
    ) {
        if let Some(specifications) = event.specifications {
            self.queues = specifications.hw_queue;
            self.stages = specifications.stage;
            if event.duration.is_none() {
                return;
            }
        }
        let numbered = |list: &[ExtraData], at: Option<i32>| {
            let at = usize::try_from(at?).ok()?;
            list.get(at)?.name.clone()
        };
        let queue = event.hw_queue_iid.and_then(|iid| sequence.specifications.get(&iid)).cloned();
        let queue = queue.or_else(|| numbered(&self.queues, event.hw_queue_id));
        let stage = event.stage_iid.and_then(|iid| sequence.specifications.get(&iid)).cloned();
        let stage = stage.or_else(|| numbered(&self.stages, event.stage_id));
        let own = event.name.or_else(|| sequence.names.get(&event.name_iid?).cloned());
        let name = own.or(stage.clone()).unwrap_or_else(|| "(no name)".to_owned());
        let pid = event.context.and_then(|iid| sequence.contexts.get(&iid)).copied().unwrap_or(0);
        let number = event.hw_queue_iid.map(|iid| (iid & 0xff_ffff) as i64);
        let stream = number.or(event.hw_queue_id.map(i64::from)).unwrap_or(0).max(0);
        if let Some(queue) = queue {
            self.named.entry((pid, stream)).or_insert(queue);
        }
        let device = Some(i64::from(event.gpu_id.unwrap_or(0).max(0)));
        let row = collect.rows.id(RowKey::Stream { pid, device, stream });
        let extra = event.extra_data.into_iter().filter_map(|it| it.name.zip(it.value));
        let args: Vec<(String, ArgValue)> =
            extra.map(|(key, value)| (key, ArgValue::Text(value))).collect();
        let copies = |text: &str| {
            let text = text.to_ascii_lowercase();
            text.starts_with("mem") || text.contains("copy") || text.contains("memset")
        };
        let is_copy = stage.as_deref().is_some_and(copies) || name.starts_with("Mem");
        let class = if is_copy { Class::Memcpy } else { Class::Kernel };
        let args = collect.args.push(args.iter().map(|(key, value)| (key.as_str(), value.clone())));
        let name = collect.names.number(&name);
        let duration = i64::try_from(event.duration.unwrap_or(0)).unwrap_or(i64::MAX);
        let end_ns = start_ns.saturating_add(duration);
        collect.events.push(Event { start_ns, end_ns, name, args, item: 0, row, class });
    }

    /// Names the rows.
    pub(super) fn finish(self, collect: &mut Collect) {
        for (key, name) in self.named {
            collect.thread_names.entry(key).or_insert(name);
        }
    }
}
