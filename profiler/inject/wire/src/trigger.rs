//! When recording begins by itself, and when it ends.
//!
//! A step ends where a thread that has launched kernels waits for the GPU: at `cudaStreamSynchronize`,
//! `cudaEventSynchronize`, `cudaDeviceSynchronize`, a blocking copy, or the driver's calls of these names.

use std::fmt;

/// What recording begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// A viewer asks for it.
    #[default]
    Asked,
    /// The first context.
    AtStart,
    /// The program calls `cudaProfilerStart` (as do vLLM, SGLang and TensorRT-LLM where they are asked to profile); it ends with
    /// `cudaProfilerStop`.
    Profiler,
    /// So many steps have ended.
    AfterSteps(u32),
    /// An NVTX range of this name begins; it ends with that range.
    Range(String),
}

/// When to record. As text: `at-start`, `profiler`, `after:K` or, last of all, `range:NAME`; and `steps:N`; with a comma between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trigger {
    /// Its beginning.
    pub begin: Begin,
    /// Steps after which it ends; `None`: it is ended, or the program ends.
    pub steps: Option<u32>,
}

/// Before the name of a range.
const RANGE: &str = "range:";

impl Trigger {
    /// Out of its text. Steps alone are the first ones. `None`: it is no such text.
    pub fn of(text: &str) -> Option<Self> {
        let (text, range) = match text.split_once(RANGE) {
            Some((before, name)) if before.is_empty() || before.ends_with(',') => {
                (before, Some(name.to_owned()).filter(|name| !name.is_empty())?)
            }
            _ => (text, String::new()),
        };
        let mut begin = (!range.is_empty()).then_some(Begin::Range(range));
        let mut steps = None;
        for word in text.split(',').filter(|word| !word.is_empty()) {
            let number = |text: &str| text.parse::<u32>().ok();
            match word.split_once(':') {
                None if begin.is_none() => {
                    begin = Some(match word {
                        "at-start" => Begin::AtStart,
                        "profiler" => Begin::Profiler,
                        _ => return None,
                    });
                }
                Some(("after", count)) if begin.is_none() => {
                    begin = Some(Begin::AfterSteps(number(count)?));
                }
                Some(("steps", count)) if steps.is_none() => {
                    steps = Some(number(count).filter(|&count| count > 0)?);
                }
                _ => return None,
            }
        }
        let first = if steps.is_some() { Begin::AtStart } else { Begin::Asked };
        let begin = match begin.unwrap_or(first) {
            Begin::AfterSteps(0) => Begin::AtStart,
            begin => begin,
        };
        Some(Self { begin, steps })
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.begin {
            Begin::Asked => {}
            Begin::AtStart => out.write_str("at-start")?,
            Begin::Profiler => out.write_str("profiler")?,
            Begin::AfterSteps(count) => write!(out, "after:{count}")?,
            Begin::Range(name) => {
                if let Some(steps) = self.steps {
                    write!(out, "steps:{steps},")?;
                }
                return write!(out, "{RANGE}{name}");
            }
        }
        match self.steps {
            Some(steps) => write!(out, ",steps:{steps}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let of = |begin, steps| Trigger { begin, steps };
        for (text, trigger) in [
            ("", of(Begin::Asked, None)),
            ("at-start", of(Begin::AtStart, None)),
            ("profiler,steps:3", of(Begin::Profiler, Some(3))),
            ("after:20,steps:3", of(Begin::AfterSteps(20), Some(3))),
            ("range:a, steps:2", of(Begin::Range("a, steps:2".to_owned()), None)),
            ("steps:3,range:x", of(Begin::Range("x".to_owned()), Some(3))),
        ] {
            assert_eq!(Trigger::of(text), Some(trigger.clone()), "{text}");
            assert_eq!(trigger.to_string(), text);
        }
        assert_eq!(Trigger::of("steps:5"), Some(of(Begin::AtStart, Some(5))));
        assert_eq!(Trigger::of("after:0"), Some(of(Begin::AtStart, None)));
    }

    #[test]
    fn what_is_no_trigger_is_none() {
        for text in [
            "later",
            "steps:0",
            "steps:x",
            "after:",
            "profiler,at-start",
            "steps:1,steps:2",
            "range:",
            "profiler,range:x",
        ] {
            assert_eq!(Trigger::of(text), None, "{text}");
        }
    }
}
