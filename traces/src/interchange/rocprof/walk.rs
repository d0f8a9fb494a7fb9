//! The one pass over the text: document, processes, groups of lists, lists of records.
//!
//! A record that is damaged is lost and counted; reading goes on at the next place where a record or a list begins.

use std::io::Read;

use super::facts::Process;
use super::record::Record;
use super::{DOCUMENT, RocprofError};
use crate::interchange::json::{Broken, Fault, Value, Window};
use crate::interchange::recording::Recording;
use crate::{OpenOptions, Trace};

/// What stands in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Kernels,
    Copies,
    Allocations,
    Calls,
    /// Ranges and marks of the program (roctx).
    Markers,
    /// Kernels with the events that were counted in them.
    Counted,
    Symbols,
    /// Nothing that is drawn.
    Other,
}

impl List {
    fn of(key: &str) -> Self {
        match key {
            "kernel_dispatch" => Self::Kernels,
            "memory_copy" => Self::Copies,
            "memory_allocation" | "scratch_memory" => Self::Allocations,
            "marker_api" => Self::Markers,
            "counter_collection" => Self::Counted,
            "kernel_symbols" => Self::Symbols,
            _ if key.ends_with("_api") => Self::Calls,
            _ => Self::Other,
        }
    }
}

/// What comes next in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Document,
    /// A pair of the document.
    Top,
    Processes,
    /// A pair of a process.
    Process,
    /// A pair of what holds lists of records.
    Group,
    List,
    End,
}

/// The reader of a document.
pub(super) struct Reader<'p, R> {
    window: Window<'p, R>,
    recording: Recording,
    process: Process,
    /// Processes stand in an array, as the tool writes them.
    in_array: bool,
    in_group: bool,
    list: List,
    /// The list's key.
    key: String,
}

impl<'p, R: Read> Reader<'p, R> {
    pub(super) fn new(window: Window<'p, R>) -> Self {
        Self {
            window,
            recording: Recording::default(),
            process: Process::default(),
            in_array: false,
            in_group: false,
            list: List::Other,
            key: String::new(),
        }
    }

    pub(super) fn run(mut self, options: &OpenOptions) -> Result<Trace, RocprofError> {
        let mut at = At::Document;
        while at != At::End {
            at = match self.step(at) {
                Err(Broken::Bad { at_byte, wanted }) => self.damaged(at, at_byte, wanted),
                Err(Broken::Cut) => {
                    self.cut_off();
                    Ok(At::End)
                }
                other => other,
            }
            .map_err(|broken| self.window.error(broken))?;
        }
        self.end_process();
        let mended = "strings with control characters or broken escapes, mended";
        self.recording.tally.diagnostics.remark(mended, self.window.mended);
        let bare = "values that are none in JSON";
        if let Some(place) = self.window.first_bare {
            self.recording.tally.met(bare, self.window.bare, &format!("at {place}"));
        }
        self.recording.header.profiler = Some("rocprofv3 (ROCprofiler-SDK)".to_owned());
        self.recording.build(options).map_err(RocprofError::NoEvents)
    }

    /// What stands at the next byte that is no blank. Commas are passed over: what they part tells itself.
    fn step(&mut self, at: At) -> Result<At, Broken> {
        let byte = match self.window.peek()? {
            Some(byte) => byte,
            None if at == At::Document => return Ok(At::End),
            None => return Err(Broken::Cut),
        };
        let next = match (at, byte) {
            (At::Document, 0xef) => {
                self.window.parse(|cursor| {
                    let wanted = "an object";
                    [0xef, 0xbb, 0xbf].into_iter().try_for_each(|byte| cursor.eat(byte, wanted))
                })?;
                return Ok(At::Document);
            }
            (At::Document, b'{') => At::Top,
            (_, b',') if at != At::Document => at,
            (At::Top, b'}') => At::Document,
            (At::Processes, b']') => At::Top,
            (At::Processes, b'{') => At::Process,
            (At::Process, b'}') => {
                self.end_process();
                if self.in_array { At::Processes } else { At::Top }
            }
            (At::Group, b'}') => At::Process,
            (At::List, b']') => {
                if self.in_group {
                    At::Group
                } else {
                    At::Process
                }
            }
            (At::Top | At::Process | At::Group, b'"') => return self.pair(at),
            (At::List, _) => return self.element(),
            _ => {
                let wanted = "what belongs there";
                return self.window.parse(|_| Err(Fault::Bad { at: 0, wanted }));
            }
        };
        self.window.step();
        Ok(next)
    }

    /// A pair: what its value opens, or the value taken in whole.
    fn pair(&mut self, at: At) -> Result<At, Broken> {
        let key = self.window.parse(|cursor| Ok(cursor.key()?.into_owned()))?;
        let Some(first) = self.window.peek()? else { return Err(Broken::Cut) };
        let opens = match (at, first) {
            (At::Top, b'[') if key == DOCUMENT => Some(At::Processes),
            (At::Top, b'{') if key == DOCUMENT => Some(At::Process),
            (At::Process, b'{') if key == "buffer_records" || key == "callback_records" => {
                Some(At::Group)
            }
            (At::Process, b'[') if key == "kernel_symbols" => Some(At::List),
            (At::Group, b'[') => Some(At::List),
            _ => None,
        };
        let Some(opens) = opens else {
            let (process, recording) = (&mut self.process, &mut self.recording);
            self.window.parse(|cursor| {
                let value = cursor.value()?;
                if at == At::Process {
                    process.fact(&key, &value, recording);
                }
                Ok(())
            })?;
            return Ok(at);
        };
        self.window.step();
        match opens {
            At::Processes => self.in_array = true,
            At::List => self.begin_list(key, at == At::Group),
            _ => {}
        }
        Ok(opens)
    }

    fn begin_list(&mut self, key: String, in_group: bool) {
        self.in_group = in_group;
        self.list = List::of(&key);
        self.key = key;
    }

    /// An element of a list.
    fn element(&mut self) -> Result<At, Broken> {
        let at_byte = self.window.position();
        let (list, process, recording) = (self.list, &mut self.process, &mut self.recording);
        let key = &self.key;
        self.window.parse(|cursor| {
            let value = cursor.value()?;
            let Value::Nested(raw) = value else {
                if matches!(value, Value::Word("")) {
                    return Err(Fault::Bad { at: cursor.pos, wanted: "a record" });
                }
                recording.tally.lost("elements that are no record", at_byte);
                return Ok(());
            };
            match list {
                List::Symbols => process.symbol(raw, recording),
                List::Other => {
                    let remark = format!("records of {key}, not read");
                    recording.tally.diagnostics.remark(&remark, 1);
                }
                _ => match Record::read(raw) {
                    Ok(record) => process.take(list, record, recording, at_byte),
                    Err(_) => recording.tally.lost("elements that are no record", at_byte),
                },
            }
            Ok(())
        })?;
        Ok(At::List)
    }

    fn end_process(&mut self) {
        std::mem::take(&mut self.process).emit(&mut self.recording);
    }

    fn cut_off(&mut self) {
        let place = self.window.end();
        let diagnostics = &mut self.recording.tally.diagnostics;
        diagnostics.note(format!("the file is cut off at {place}; what stands before is read"));
        diagnostics.count("records cut off by the end of the file", 1);
    }

    /// Counts damage and goes on at the next record or list.
    fn damaged(&mut self, at: At, at_byte: u64, wanted: &'static str) -> Result<At, Broken> {
        let place = self.window.place(at_byte);
        let cause = if at == At::List {
            "records that are not valid JSON"
        } else {
            "stretches of text that are no JSON, passed over"
        };
        self.recording.tally.lost_where(cause, || format!("at {place}, where {wanted} should be"));
        if at == At::Document {
            return Ok(At::End);
        }
        self.window.step();
        match self.window.skip_to(*b"{\"", landing)? {
            None => Ok(At::End),
            Some(Landing::Record) => Ok(At::List),
            Some(Landing::List) => {
                let key = self.window.parse(|cursor| {
                    let key = cursor.key()?.into_owned();
                    cursor.eat(b'[', "a list")?;
                    Ok(key)
                })?;
                let in_group = List::of(&key) != List::Symbols;
                self.begin_list(key, in_group);
                Ok(At::List)
            }
        }
    }
}

/// Where reading may go on after damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Landing {
    Record,
    List,
}

/// What begins at the first of `ahead`, by the keys that every record begins with.
fn landing(_before: u8, ahead: &[u8]) -> Option<Landing> {
    let after = |text: &'_ [u8], wanted: &[u8]| -> Option<usize> {
        let rest = text.trim_ascii_start();
        rest.starts_with(wanted).then(|| text.len() - rest.len() + wanted.len())
    };
    if ahead.first() == Some(&b'{') {
        let mut rest = &ahead[1..];
        rest = &rest[after(rest, b"\"size\"")?..];
        rest = &rest[after(rest, b":")?..];
        rest = rest.trim_ascii_start();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest = &rest[digits..];
        rest = &rest[after(rest, b",")?..];
        return after(rest, b"\"kind\"").map(|_| Landing::Record);
    }
    let rest = ahead.strip_prefix(b"\"")?;
    let end = rest.iter().take(MAX_KEY).position(|&byte| byte == b'"')?;
    let key = std::str::from_utf8(&rest[..end]).ok()?;
    let mut rest = &rest[end + 1..];
    rest = &rest[after(rest, b":")?..];
    after(rest, b"[")?;
    (List::of(key) != List::Other).then_some(Landing::List)
}

/// Longer keys are none of a list.
const MAX_KEY: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_where_reading_goes_on() {
        for (text, wanted) in [
            ("{\"size\":184,\"kind\":11,", Some(Landing::Record)),
            ("{ \"size\" : 184 , \"kind\" : 11", Some(Landing::Record)),
            ("{\"size\":72,\"agent_id\":{", None),
            ("\"memory_copy\":[", Some(Landing::List)),
            ("\"hip_api\" : [", Some(Landing::List)),
            ("\"pc_sample_stochastic\":[", None),
            ("\"hip_api\":{", None),
            ("{", None),
            ("\"", None),
        ] {
            assert_eq!(landing(b',', text.as_bytes()), wanted, "{text}");
        }
    }
}
