//! `attention_decode.cu`: one query a sequence over a paged cache, in chunks that are merged.

use std::collections::{BTreeMap, btree_map::Entry};

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

/// One batch of single queries.
#[derive(Clone, Copy, Debug)]
struct Case {
    head_dim: usize,
    heads: usize,
    kv_heads: usize,
    /// Tokens of each sequence, the query's own included.
    lengths: &'static [usize],
    page_shift: usize,
    /// Keys a block.
    chunk: usize,
}

const fn case(
    head_dim: usize,
    heads: usize,
    kv_heads: usize,
    lengths: &'static [usize],
    page_shift: usize,
    chunk: usize,
) -> Case {
    Case { head_dim, heads, kv_heads, lengths, page_shift, chunk }
}

/// Groups of 8, 1, 3 and 12 query heads (two parts, the second half empty); lengths of one token, of whole and of
/// broken pages, chunks and steps; sequences far shorter than the longest, whose last chunks have nothing to do.
const FULL: [Case; 11] = [
    case(128, 8, 1, &[1, 17, 300, 1000], 4, 256),
    case(128, 4, 4, &[64, 65, 128], 6, 64),
    case(128, 6, 2, &[2000, 3], 7, 512),
    case(128, 24, 2, &[129, 511, 640], 7, 128),
    case(128, 64, 8, &[33], 4, 1024),
    case(64, 8, 1, &[1, 17, 300, 1000], 4, 256),
    case(64, 24, 2, &[129, 511, 640], 7, 128),
    case(96, 6, 2, &[1, 17, 300, 1000], 7, 256),
    case(96, 4, 4, &[64, 65, 128], 6, 64),
    case(256, 8, 1, &[1, 17, 300, 1000], 4, 256),
    case(256, 12, 1, &[129, 511, 640], 7, 128),
];
const QUICK: [Case; 5] = [
    case(128, 8, 1, &[1, 90], 4, 64),
    case(128, 12, 1, &[40], 6, 64),
    case(64, 3, 1, &[1, 90], 4, 64),
    case(96, 3, 1, &[1, 90], 4, 64),
    case(256, 3, 1, &[1, 90], 4, 64),
];

/// Both kernels, one behind the other.
fn check(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let mut kernels = BTreeMap::new();
    let mut tally = Tally::new(LIMITS);
    for &case in bench.choose(&QUICK, &FULL) {
        let kernels = match kernels.entry(case.head_dim) {
            Entry::Occupied(loaded) => loaded.into_mut(),
            Entry::Vacant(place) => {
                place.insert(Decode::load(bench.loader(0), case.head_dim as u32)?)
            }
        };
        let problem = Problem::draw(bench, case);
        problem.run(device, &recording, kernels, &mut tally)?;
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
        let Case { head_dim, heads: query_heads, kv_heads, lengths, page_shift, .. } = case;
        let heads = Heads { query: query_heads, key: kv_heads, dim: head_dim };
        let sequences: Vec<Sequence> =
            lengths.iter().map(|&length| Sequence::draw(bench, length - 1, 1, heads)).collect();
        let q = bench.numbers(lengths.len() * query_heads * head_dim, 4.0);
        let reference = attend_all(&q.wide, &sequences, heads);
        let page = 1usize << page_shift;
        let longest = lengths.iter().max().map_or(1, |longest| longest.div_ceil(page));
        let table_pitch = longest + 1;
        // Pages of the sequences take turns, from the last to the first; the rows behind a sequence stay NaN.
        let pages = lengths.len() * longest;
        let number = |sequence: usize, page: usize| pages - 1 - (page * lengths.len() + sequence);
        let width = kv_heads * head_dim;
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
        let Case { head_dim, heads, kv_heads, lengths, page_shift, chunk } = self.case;
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
        let partial = Guarded::poisoned::<f32>(device, sequences * heads * chunks * head_dim)?;
        let out = Guarded::poisoned::<u16>(device, sequences * heads * head_dim)?;
        let pitch_bytes = (heads * head_dim * 2) as u64;
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
        let first_block = call.blocks();
        let call = MergeCall {
            state: state_ptr,
            partial: partial_ptr,
            out: out.ptr(),
            out_pitch_bytes: pitch_bytes,
            queries: sequences as u32,
            heads: heads as u32,
            chunks: chunks as u32,
            first_block,
            recording: recording.of(OP),
        };
        kernels.merge(device.compute(), &call)?;
        tally.compare(&what, &out.read(&what)?, &self.reference, head_dim)?;
        let written: Vec<f32> = partial.read(&what)?;
        if let Some(at) = written.iter().position(|x| x.is_nan()) {
            return Err(CheckError::Wrong(format!("{what}: partial result {at} is NaN")));
        }
        let _whole: Vec<f32> = state.read(&what)?;
        let blocks = [(StampKind::Block, (chunks * parts + heads) * sequences)];
        stamped(&what, recording, device.info().sms, &blocks)?;
        Ok(())
    }
}
