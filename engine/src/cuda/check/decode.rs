//! `attention_decode.cu`: one query a sequence over a paged cache, in chunks that are merged.

use weftscope_kernels::abi::StampKind;

use super::{
    Bench, Check, CheckError, Outcome,
    attention::LIMITS,
    compare::Tally,
    data::{Guarded, Numbers},
    sequences::{Heads, Sequence, attend_all},
    stamped::{OP, recording, stamped},
};
use crate::cuda::{
    driver::Device,
    kernels::{Decode, DecodeCall, MergeCall, PageTable, decode_blocks_per_key_head},
    stamps::Recording,
};

pub(super) const CHECKS: &[Check] = &[Check::one("decode", "attention_decode.cu", check)];

/// Width of a head, fixed in the kernels.
const HEAD_DIM: usize = 128;

/// One batch of single queries.
#[derive(Clone, Copy, Debug)]
struct Case {
    heads: usize,
    kv_heads: usize,
    /// Tokens of each sequence, the query's own included.
    lengths: &'static [usize],
    page_shift: usize,
    /// Keys a block.
    chunk: usize,
}

/// Groups of 8, 1, 3 and 12 query heads (two parts, the second half empty); lengths of one token, of whole and of
/// broken pages, chunks and steps; sequences far shorter than the longest, whose last chunks have nothing to do.
const FULL: [Case; 5] = [
    Case { heads: 8, kv_heads: 1, lengths: &[1, 17, 300, 1000], page_shift: 4, chunk: 256 },
    Case { heads: 4, kv_heads: 4, lengths: &[64, 65, 128], page_shift: 6, chunk: 64 },
    Case { heads: 6, kv_heads: 2, lengths: &[2000, 3], page_shift: 7, chunk: 512 },
    Case { heads: 24, kv_heads: 2, lengths: &[129, 511, 640], page_shift: 7, chunk: 128 },
    Case { heads: 64, kv_heads: 8, lengths: &[33], page_shift: 4, chunk: 1024 },
];
const QUICK: [Case; 2] = [
    Case { heads: 8, kv_heads: 1, lengths: &[1, 90], page_shift: 4, chunk: 64 },
    Case { heads: 12, kv_heads: 1, lengths: &[40], page_shift: 6, chunk: 64 },
];

/// Both kernels, one behind the other.
fn check(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let kernels = Decode::load(bench.loader(0))?;
    let mut tally = Tally::new(LIMITS);
    for &case in bench.choose(&QUICK, &FULL) {
        let problem = Problem::draw(bench, case);
        problem.run(device, &recording, &kernels, &mut tally)?;
    }
    Ok(tally.passed())
}

struct Problem {
    case: Case,
    q: Numbers,
    keys: Numbers,
    values: Numbers,
    table: Vec<u32>,
    table_pitch: usize,
    reference: Vec<f64>,
}

impl Problem {
    fn draw(bench: &Bench, case: Case) -> Self {
        let Case { heads: query_heads, kv_heads, lengths, page_shift, .. } = case;
        let heads = Heads { query: query_heads, key: kv_heads, dim: HEAD_DIM };
        let sequences: Vec<Sequence> =
            lengths.iter().map(|&length| Sequence::draw(bench, length - 1, 1, heads)).collect();
        let q = bench.numbers(lengths.len() * query_heads * HEAD_DIM, 4.0);
        let reference = attend_all(&q.wide, &sequences, heads);
        let page = 1usize << page_shift;
        let longest = lengths.iter().max().map_or(1, |longest| longest.div_ceil(page));
        let table_pitch = longest + 1;
        // Pages of the sequences take turns, from the last to the first; the rows behind a sequence stay NaN.
        let pages = lengths.len() * longest;
        let number = |sequence: usize, page: usize| pages - 1 - (page * lengths.len() + sequence);
        let width = kv_heads * HEAD_DIM;
        let mut table = vec![u32::MAX; lengths.len() * table_pitch];
        let mut caches =
            [vec![u16::MAX; pages * page * width], vec![u16::MAX; pages * page * width]];
        for (index, sequence) in sequences.iter().enumerate() {
            let both = [&sequence.keys.bits, &sequence.values.bits];
            for (cache, bits) in caches.iter_mut().zip(both) {
                for (at, part) in bits.chunks(page * width).enumerate() {
                    let number = number(index, at);
                    table[index * table_pitch + at] = number as u32;
                    cache[number * page * width..][..part.len()].copy_from_slice(part);
                }
            }
        }
        let [keys, values] = caches.map(Numbers::from_bits);
        Self { case, q, keys, values, table, table_pitch, reference }
    }

    fn run(
        &self,
        device: &Device,
        recording: &Recording,
        kernels: &Decode,
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let Case { heads, kv_heads, lengths, page_shift, chunk } = self.case;
        let what = format!("{:?}", self.case);
        let sequences = lengths.len();
        let chunks = lengths.iter().max().map_or(1, |longest| longest.div_ceil(chunk));
        let parts = kv_heads * decode_blocks_per_key_head(heads as u32, kv_heads as u32) as usize;
        let (q, keys, values) =
            (self.q.upload(device)?, self.keys.upload(device)?, self.values.upload(device)?);
        let table = Guarded::holding(device, &self.table)?;
        let words: Vec<u32> = lengths.iter().map(|&length| length as u32).collect();
        let lengths = Guarded::holding(device, &words)?;
        let state = Guarded::poisoned::<f32>(device, sequences * heads * chunks * 2)?;
        let partial = Guarded::poisoned::<f32>(device, sequences * heads * chunks * HEAD_DIM)?;
        let out = Guarded::poisoned::<u16>(device, sequences * heads * HEAD_DIM)?;
        let pitch_bytes = (heads * HEAD_DIM * 2) as u64;
        let (state_ptr, partial_ptr) = (state.ptr(), partial.ptr());
        let call = DecodeCall {
            q: q.ptr(),
            q_pitch_bytes: pitch_bytes,
            keys: keys.ptr(),
            values: values.ptr(),
            table: PageTable { pages: table.ptr(), pitch: self.table_pitch as u32 },
            page_tokens: 1 << page_shift,
            lengths: lengths.ptr(),
            queries: sequences as u32,
            heads: heads as u32,
            kv_heads: kv_heads as u32,
            chunk_tokens: chunk as u32,
            chunks: chunks as u32,
            state: state_ptr,
            partial: partial_ptr,
            recording: recording.of(OP),
        };
        kernels.launch(device.compute(), &call)?;
        let call = MergeCall {
            state: state_ptr,
            partial: partial_ptr,
            out: out.ptr(),
            out_pitch_bytes: pitch_bytes,
            queries: sequences as u32,
            heads: heads as u32,
            chunks: chunks as u32,
        };
        kernels.merge(device.compute(), &call)?;
        tally.compare(&what, &out.read(&what)?, &self.reference, HEAD_DIM)?;
        let written: Vec<f32> = partial.read(&what)?;
        if let Some(at) = written.iter().position(|x| x.is_nan()) {
            return Err(CheckError::Wrong(format!("{what}: partial result {at} is NaN")));
        }
        let _whole: Vec<f32> = state.read(&what)?;
        let blocks = [(StampKind::Block, chunks * parts * sequences)];
        stamped(&what, recording, device.info().sms, &blocks)?;
        Ok(())
    }
}
