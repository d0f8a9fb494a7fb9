/// The batch size whose graph decodes `sequences`: vLLM captures 1, 2, 4 and every eighth, and fills up what is missing.
pub fn captured_size(sequences: u32) -> u32 {
    match sequences {
        0..=2 => sequences,
        3..=4 => 4,
        _ => sequences.next_multiple_of(8),
    }
}

/// Tokens of the longest sequence, its new one included, for which a graph that decodes sequences of up to `tokens` is captured:
/// two to an octave, so that what attention is launched for beyond what is there stays small.
pub fn captured_context(tokens: u32) -> u32 {
    const LEAST: u32 = 256;
    let octave = tokens.max(LEAST).next_power_of_two();
    if tokens <= octave / 4 * 3 { (octave / 4 * 3).max(LEAST) } else { octave }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list of vLLM 0.8.5 (`cudagraph_capture_sizes`): 1, 2, 4, 8, 16, 24 …
    #[test]
    fn sizes_are_those_that_vllm_captures() {
        let sizes: Vec<u32> = [1, 2, 3, 4, 5, 8, 9, 64, 65, 512].map(captured_size).to_vec();
        assert_eq!(sizes, [1, 2, 4, 4, 8, 8, 16, 64, 72, 512]);
    }

    #[test]
    fn contexts_are_two_to_an_octave() {
        let found = [1, 256, 257, 384, 385, 512, 513, 768, 769, 5000, 6145].map(captured_context);
        assert_eq!(found, [256, 256, 384, 384, 512, 512, 768, 768, 1024, 6144, 8192]);
    }
}
