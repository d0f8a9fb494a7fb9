use std::{ops::Range, sync::Arc};

use super::places::{DecodeRun, Places};
use crate::{
    cuda::{
        driver::{Buffer, CudaError, Device, DevicePtr},
        kernels::PageTable,
    },
    model::ModelShape,
};

/// What describes the batch to the kernels of one rank.
#[derive(Debug)]
pub(super) struct Inputs {
    /// What lies where in `words`.
    pub(super) places: Arc<Places>,
    words: Buffer,
}

impl Inputs {
    pub(super) fn new(device: &Device, places: Arc<Places>) -> Result<Self, CudaError> {
        Ok(Self { words: Buffer::zeros(device, places.len_bytes())?, places })
    }

    /// Takes another batch of the same shape.
    pub(super) fn write(&self, words: &[u32]) -> Result<(), CudaError> {
        self.words.write(words)
    }

    /// The list at this place, from the row on.
    pub(super) fn list(&self, place: u32, row: u32) -> DevicePtr<'_> {
        self.words.ptr_at(u64::from(place + row) * 4)
    }

    /// Pages of every request, where there is a cache.
    pub(super) fn table(&self) -> Option<PageTable<'_>> {
        self.places.paged.map(|paged| self.pages(paged.table, paged.pitch))
    }

    /// Pages of every query of a run.
    pub(super) fn table_of(&self, run: &DecodeRun) -> PageTable<'_> {
        self.pages(run.table, self.places.paged.map_or(0, |paged| paged.pitch))
    }

    fn pages(&self, place: u32, pitch: u32) -> PageTable<'_> {
        PageTable { pages: self.list(place, 0), pitch }
    }
}

/// Any ids of these rows of the vocabulary will do; a multiplicative walk visits all of them without repeating soon.
pub(super) fn any_ids(tokens: u32, rows: &Range<u32>) -> Vec<u32> {
    let walk = |token: u32| token.wrapping_mul(2_654_435_761) % (rows.len() as u32).max(1);
    (0..tokens).map(|token| rows.start + walk(token)).collect()
}

/// `[positions, head_dim / 2]` of (cos, sin), computed in `f64`.
pub(super) fn rope_table(positions: u32, model: &ModelShape) -> Vec<f32> {
    let half = model.head_dim / 2;
    let frequencies: Vec<f64> = (0..half)
        .map(|i| {
            let plain = model.rope_theta.powf(-f64::from(i) / f64::from(half));
            model.rope_scaling.as_ref().map_or(plain, |scaling| scaling.stretch(plain))
        })
        .collect();
    (0..positions)
        .flat_map(|position| {
            let turn = |frequency: &f64| {
                let (sin, cos) = (f64::from(position) * frequency).sin_cos();
                [cos as f32, sin as f32]
            };
            frequencies.iter().flat_map(turn).collect::<Vec<_>>()
        })
        .collect()
}
