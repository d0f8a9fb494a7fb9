//! When recording begins by itself, and when it ends.
//!
//! A step ends where a thread that has launched kernels waits for the GPU: at `cudaStreamSynchronize`,
//! `cudaEventSynchronize`, `cudaDeviceSynchronize`, a blocking copy, or the driver's calls of these names.

use std::fmt;

/// What recording begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
}

/// When to record. As text: `at-start`, `profiler` or `after:K`, and `steps:N`, with a comma between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trigger {
    /// Its beginning.
    pub begin: Begin,
    /// Steps after which it ends; `None`: it is ended, or the program ends.
    pub steps: Option<u32>,
}

impl Trigger {
    /// Out of its text. Steps alone are the first ones. `None`: it is no such text.
    pub fn of(text: &str) -> Option<Self> {
        let (mut begin, mut steps) = (None, None);
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
        match self.begin {
            Begin::Asked => {}
            Begin::AtStart => out.write_str("at-start")?,
            Begin::Profiler => out.write_str("profiler")?,
            Begin::AfterSteps(count) => write!(out, "after:{count}")?,
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
        ] {
            assert_eq!(Trigger::of(text), Some(trigger), "{text}");
            assert_eq!(trigger.to_string(), text);
        }
        assert_eq!(Trigger::of("steps:5"), Some(of(Begin::AtStart, Some(5))));
        assert_eq!(Trigger::of("after:0"), Some(of(Begin::AtStart, None)));
    }

    #[test]
    fn what_is_no_trigger_is_none() {
        for text in
            ["later", "steps:0", "steps:x", "after:", "profiler,at-start", "steps:1,steps:2"]
        {
            assert_eq!(Trigger::of(text), None, "{text}");
        }
    }
}
