//! `rope.cu`: rotation in place, the bias before it, and the write to the cache.

use weftscope_kernels::{abi::StampKind, reference::rope};

use super::{
    Bench, Check, CheckError, Outcome,
    compare::{Limits, Tally},
    data::{Guarded, Numbers},
    qkv::{FULL, QUICK, QkvRows},
    stamped::{OP, recording, stamped},
};
use crate::cuda::{
    driver::Device,
    kernels::{Rope, RopeCall},
    stamps::Recording,
};

pub(super) const CHECKS: &[Check] = &[Check::one("rope", "rope.cu", check)];

const THETA: f64 = 500_000.0;
/// Positions of the table.
const POSITIONS: u32 = 4096;
/// Rows of the cache for each token, most of which must stay as they were.
const ROOM: usize = 2;

/// Every combination of bias and cache. Sums, products and table are fp32, outputs are rounded once.
fn check(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let mut tally = Tally::new(Limits::ROUNDED_ONCE);
    for &rows in bench.choose(&QUICK, &FULL) {
        let kernel = Rope::load(bench.loader(0), rows.head_dim as u32)?;
        for (biased, cached) in [(false, false), (true, false), (false, true), (true, true)] {
            let problem = Problem::draw(bench, rows, biased, cached);
            problem.run(device, &recording, &kernel, &mut tally)?;
        }
    }
    Ok(tally.passed())
}

struct Problem {
    rows: QkvRows,
    qkv: Numbers,
    positions: Vec<u32>,
    bias: Option<Numbers>,
    /// Row of the cache of each token.
    slots: Option<Vec<u32>>,
}

impl Problem {
    fn draw(bench: &Bench, rows: QkvRows, biased: bool, cached: bool) -> Self {
        let (tokens, columns) = (rows.tokens, rows.columns());
        let room = (tokens * ROOM) as u32;
        let start = bench.integers(1, room)[0];
        // Every second row, backwards from anywhere: no two tokens meet.
        let slot = |token: u32| (start + room - 2 * token % room) % room;
        Self {
            rows,
            qkv: bench.numbers(tokens * columns, 2.0),
            positions: bench.integers(tokens, POSITIONS),
            bias: biased.then(|| bench.numbers(columns, 1.0)),
            slots: cached.then(|| (0..tokens as u32).map(slot).collect()),
        }
    }

    fn run(
        &self,
        device: &Device,
        recording: &Recording,
        kernel: &Rope,
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let QkvRows { head_dim, tokens, heads, kv_heads, blocks } = self.rows;
        let (biased, cached) = (self.bias.is_some(), self.slots.is_some());
        let what = format!(
            "{tokens} tokens, {heads}/{kv_heads} heads of {head_dim} on {blocks} blocks, bias {biased}, cache {cached}"
        );
        let qkv = self.qkv.upload(device)?;
        let table = Guarded::holding(device, &table(head_dim))?;
        let positions = Guarded::holding(device, &self.positions)?;
        let slots = self.slots.as_ref().map(|slots| Guarded::holding(device, slots)).transpose()?;
        let bias = self.bias.as_ref().map(|bias| bias.upload(device)).transpose()?;
        let cache = || Guarded::poisoned::<u16>(device, tokens * ROOM * kv_heads * head_dim);
        let (keys, values) = (cache()?, cache()?);
        // Slots lie below the caches' rows, positions below the table's.
        let call = RopeCall {
            qkv: qkv.ptr(),
            table: table.ptr(),
            positions: positions.ptr(),
            slots: slots.as_ref().map(Guarded::ptr),
            keys: Some(keys.ptr()),
            values: Some(values.ptr()),
            bias: bias.as_ref().map(Guarded::ptr),
            tokens: tokens as u32,
            heads: heads as u32,
            kv_heads: kv_heads as u32,
            blocks,
            recording: recording.of(OP),
        };
        kernel.launch(device.compute(), &call)?;
        let out: Vec<u16> = qkv.read(&what)?;
        self.compare_rows(&what, &out, tally)?;
        let (keys, values) = (keys.read(&what)?, values.read(&what)?);
        self.compare_cache(&format!("keys' cache, {what}"), &keys, (&out, heads), tally)?;
        let first_value = heads + kv_heads;
        self.compare_cache(&format!("values' cache, {what}"), &values, (&out, first_value), tally)?;
        let blocks = [(StampKind::Block, blocks as usize)];
        stamped(&what, recording, device.info().sms, &blocks)?;
        Ok(())
    }

    /// Queries and keys turned, values as they were or with their bias.
    fn compare_rows(&self, what: &str, out: &[u16], tally: &mut Tally) -> Result<(), CheckError> {
        let (columns, head_dim) = (self.rows.columns(), self.rows.head_dim);
        let turned = (self.rows.heads + self.rows.kv_heads) * head_dim;
        let mut rows = self.qkv.wide.clone();
        if let Some(bias) = &self.bias {
            for row in rows.chunks_exact_mut(columns) {
                row.iter_mut().zip(&bias.wide).for_each(|(x, b)| *x += b);
            }
        }
        for (row, &position) in rows.chunks_exact_mut(columns).zip(&self.positions) {
            let whole = rope(&row[..turned], &[position], head_dim, THETA);
            row[..turned].copy_from_slice(&whole);
        }
        tally.compare(what, out, &rows, head_dim)?;
        if self.bias.is_none() {
            let values = |rows: &[u16]| -> Vec<u16> {
                rows.chunks_exact(columns).flat_map(|row| row[turned..].to_vec()).collect()
            };
            tally.same(
                &format!("values, {what}"),
                &values(out),
                &values(&self.qkv.bits),
                columns - turned,
            )?;
        }
        Ok(())
    }

    /// What lies in the cache is what lies in the row, bit for bit, and nothing else was touched.
    fn compare_cache(
        &self,
        what: &str,
        cache: &[u16],
        (rows, first_head): (&[u16], usize),
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let QkvRows { head_dim, kv_heads, .. } = self.rows;
        let (columns, width) = (self.rows.columns(), kv_heads * head_dim);
        let mut expected = vec![u16::MAX; cache.len()];
        for (token, &slot) in self.slots.iter().flatten().enumerate() {
            let row = &rows[token * columns + first_head * head_dim..][..width];
            expected[slot as usize * width..][..width].copy_from_slice(row);
        }
        tally.same(what, cache, &expected, width)
    }
}

/// `[positions, head_dim / 2]` of (cos, sin).
fn table(head_dim: usize) -> Vec<f32> {
    let half = head_dim as u32 / 2;
    let entry = |position: u32, i: u32| {
        let angle = f64::from(position) * THETA.powf(-f64::from(i) / f64::from(half));
        [angle.cos() as f32, angle.sin() as f32]
    };
    (0..POSITIONS).flat_map(|position| (0..half).flat_map(move |i| entry(position, i))).collect()
}
