use super::Step;

/// Which iterations are launched as one CUDA graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CudaGraphs {
    /// As vLLM: those that only decode, of up to 512 sequences.
    Auto,
    /// None: every op is launched by itself.
    Never,
    /// All.
    Always,
}

impl CudaGraphs {
    /// Most sequences of a graph that vLLM captures.
    pub const MOST_CAPTURED: u32 = 512;

    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Never, Self::Always];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Never => "never",
            Self::Always => "always",
        }
    }

    /// Whether this step is a graph.
    pub fn captures(self, step: &Step) -> bool {
        match self {
            Self::Auto => {
                step.prefill_tokens() == 0 && step.chunks.len() as u32 <= Self::MOST_CAPTURED
            }
            Self::Never => false,
            Self::Always => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serving::Chunk;

    #[test]
    fn graphs_are_for_decode_of_up_to_512() {
        let chunk = |cached_tokens, new_tokens, decodes| Chunk {
            request: 0,
            cached_tokens,
            new_tokens,
            decodes,
        };
        let decode = |count| Step { chunks: vec![chunk(100, 1, true); count], preempted: 0 };
        let mixed = Step { chunks: vec![chunk(100, 1, true), chunk(0, 1, false)], preempted: 0 };
        let captured = |graphs: CudaGraphs| {
            [&decode(512), &decode(513), &mixed].map(|step| graphs.captures(step))
        };
        assert_eq!(captured(CudaGraphs::Auto), [true, false, false]);
        assert_eq!(captured(CudaGraphs::Never), [false; 3]);
        assert_eq!(captured(CudaGraphs::Always), [true; 3]);
    }
}
