//! `attention_decode.cu`: one query a sequence over a paged cache, in splits that are merged.

use weftscope_kernels::abi::StampKind;

use super::{
    Bench, CheckError, Outcome,
    attention::LIMITS,
    bench::Source,
    compare::Tally,
    data::{Guarded, Numbers},
    sequences::{HEAD_DIM, SCALE, Sequence, attend_all},
    stamped::{OP, recording, stamped},
};
use crate::cuda::{
    driver::{Args, Device, Kernel},
    kernels::DECODE_SMEM_BYTES,
    stamps::Recording,
};

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
/// broken pages, chunks and steps; sequences far shorter than the longest, whose last splits have nothing to do.
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
pub(super) fn check(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let file = "attention_decode.cu";
    let source =
        Source { smem_bytes: DECODE_SMEM_BYTES, ..Source::plain(file, "weft_attention_decode") };
    let decode = bench.kernel(source)?;
    let merge = bench.kernel(Source::plain(file, "weft_attention_merge"))?;
    let mut tally = Tally::new(LIMITS);
    for &case in bench.choose(&QUICK, &FULL) {
        let problem = Problem::draw(bench, case);
        problem.run((device, &recording), (&decode, &merge), &mut tally)?;
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
        let Case { heads, kv_heads, lengths, page_shift, .. } = case;
        let sequences: Vec<Sequence> = lengths
            .iter()
            .map(|&length| Sequence::draw(bench, (length - 1, 1), kv_heads))
            .collect();
        let q = bench.numbers(lengths.len() * heads * HEAD_DIM, 4.0);
        let reference = attend_all(&q.wide, &sequences, (heads, kv_heads));
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
        (device, recording): (&Device, &Recording),
        (decode, merge): (&Kernel, &Kernel),
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let Case { heads, kv_heads, lengths, page_shift, chunk } = self.case;
        let what = format!("{:?}", self.case);
        let sequences = lengths.len();
        let splits = lengths.iter().max().map_or(1, |longest| longest.div_ceil(chunk));
        let parts = kv_heads * (heads / kv_heads).div_ceil(8);
        let (q, keys, values) =
            (self.q.upload(device)?, self.keys.upload(device)?, self.values.upload(device)?);
        let table = Guarded::holding(device, &self.table)?;
        let words: Vec<u32> = lengths.iter().map(|&length| length as u32).collect();
        let lengths = Guarded::holding(device, &words)?;
        let state = Guarded::poisoned::<f32>(device, sequences * heads * splits * 2)?;
        let partial = Guarded::poisoned::<f32>(device, sequences * heads * splits * HEAD_DIM)?;
        let out = Guarded::poisoned::<u16>(device, sequences * heads * HEAD_DIM)?;
        let pitch_bytes = (heads * HEAD_DIM * 2) as u64;
        let args = Args::new()
            .with(q.address())
            .with(pitch_bytes)
            .with(keys.address())
            .with(values.address())
            .with(table.address())
            .with(self.table_pitch as u32)
            .with(page_shift as u32)
            .with(lengths.address())
            .with(heads as u32)
            .with(kv_heads as u32)
            .with(chunk as u32)
            .with(state.address())
            .with(partial.address())
            .with(SCALE)
            .with(OP)
            .with(recording.ring_address());
        let grid = (splits as u32, parts as u32, sequences as u32);
        // SAFETY: the arguments are those of weft_attention_decode; the buffers live until the reads have waited for
        // the device.
        unsafe { decode.launch_grid(device.compute(), (grid, 128), args) }?;
        let args = Args::new()
            .with(state.address())
            .with(partial.address())
            .with(out.address())
            .with(pitch_bytes)
            .with(splits as u32)
            .with(SCALE);
        // SAFETY: the arguments are those of weft_attention_merge; stream order puts it behind the other.
        unsafe {
            merge.launch_grid(device.compute(), ((heads as u32, sequences as u32, 1), 128), args)
        }?;
        tally.compare(&what, &out.read(&what)?, &self.reference, HEAD_DIM)?;
        let written: Vec<f32> = partial.read(&what)?;
        if let Some(at) = written.iter().position(|x| x.is_nan()) {
            return Err(CheckError::Wrong(format!("{what}: partial result {at} is NaN")));
        }
        let _whole: Vec<f32> = state.read(&what)?;
        let blocks = [(StampKind::Block, splits * parts * sequences)];
        stamped(&what, recording, device.info().sms, &blocks)?;
        Ok(())
    }
}
