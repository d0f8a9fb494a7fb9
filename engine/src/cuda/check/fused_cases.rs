//! How the fused collective and its comparator are compiled and launched in their checks, by number of ranks.

use crate::cuda::{driver::KernelFamily, kernels::FusedForm};

/// Which kernel; all take the same arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// `fused_norm_sm90.cu`
    Hopper,
    /// `fused_norm.cu`
    Portable,
    /// `simple_fusion.cu`
    Simple,
}

impl Which {
    /// For so many ranks.
    pub(super) fn cases(self, quick: bool, ranks: usize) -> &'static [Case] {
        match (self, quick, ranks) {
            (Self::Hopper, true, _) => &QUICK,
            (Self::Hopper, false, ..=2) => &FULL,
            (Self::Hopper, false, 3..=4) => &FOUR,
            (Self::Hopper, false, _) => &EIGHT,
            (Self::Portable, true, _) => &PORTABLE_QUICK,
            (Self::Portable, false, ..=2) => &PORTABLE,
            (Self::Portable, false, _) => &PORTABLE_MANY,
            (Self::Simple, true, _) => &SIMPLE_QUICK,
            (Self::Simple, false, _) => &SIMPLE,
        }
    }
}

/// One way of compiling it, and of launching that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) form: FusedForm,
    pub(super) hidden: u32,
    /// Row buffers to use of those that it was compiled with.
    pub(super) slots: u32,
    pub(super) blocks: &'static [u32],
}

const fn form(groups: u32, group_threads: u32, slots: u32, ahead: bool, pairs: bool) -> FusedForm {
    FusedForm { groups, group_threads, slots, ahead, pairs, family: KernelFamily::Hopper }
}

const fn portable_form(groups: u32, group_threads: u32) -> FusedForm {
    let family = KernelFamily::Portable;
    FusedForm { groups, group_threads, slots: 0, ahead: false, pairs: false, family }
}

/// The measured forms first: beside other work, by themselves on many blocks; then single blocks, more groups than rows, slots
/// left unused, and rows that do not fill the threads.
const FULL: [Case; 6] = [
    Case { form: form(2, 256, 3, true, true), hidden: 8192, slots: 3, blocks: &[2, 8, 16] },
    Case { form: form(2, 256, 2, false, true), hidden: 8192, slots: 2, blocks: &[16, 20] },
    Case { form: form(2, 256, 3, true, false), hidden: 8192, slots: 2, blocks: &[1, 3] },
    Case { form: form(4, 128, 5, true, true), hidden: 4096, slots: 5, blocks: &[6] },
    Case { form: form(1, 512, 4, false, false), hidden: 5120, slots: 3, blocks: &[5] },
    Case { form: form(2, 96, 3, true, true), hidden: 520, slots: 3, blocks: &[2, 4] },
];
const QUICK: [Case; 2] = [
    Case { form: form(2, 96, 3, true, true), hidden: 520, slots: 3, blocks: &[2] },
    Case { form: form(1, 64, 2, false, false), hidden: 512, slots: 2, blocks: &[1] },
];
/// Three or four ranks: their parts need as many slots.
const FOUR: [Case; 4] = [
    Case { form: form(2, 256, 5, true, true), hidden: 8192, slots: 5, blocks: &[2, 8, 16] },
    Case { form: form(2, 256, 5, false, true), hidden: 8192, slots: 4, blocks: &[16] },
    Case { form: form(1, 512, 5, false, false), hidden: 5120, slots: 4, blocks: &[5] },
    Case { form: form(2, 96, 5, true, true), hidden: 520, slots: 5, blocks: &[2, 4] },
];
/// Five to eight ranks.
const EIGHT: [Case; 3] = [
    Case { form: form(1, 512, 11, true, true), hidden: 8192, slots: 11, blocks: &[2, 8, 16] },
    Case { form: form(1, 512, 11, false, false), hidden: 5120, slots: 8, blocks: &[5] },
    Case { form: form(2, 96, 9, true, true), hidden: 520, slots: 9, blocks: &[2, 4] },
];
const PORTABLE: [Case; 3] = [
    Case { form: portable_form(2, 512), hidden: 8192, slots: 0, blocks: &[1, 8, 16] },
    Case { form: portable_form(1, 512), hidden: 5120, slots: 0, blocks: &[5] },
    Case { form: portable_form(2, 96), hidden: 520, slots: 0, blocks: &[2, 3] },
];
/// More than two ranks: a thread holds more of a row, and one group fills the registers.
const PORTABLE_MANY: [Case; 3] = [
    Case { form: portable_form(1, 512), hidden: 8192, slots: 0, blocks: &[1, 8, 16] },
    Case { form: portable_form(1, 512), hidden: 5120, slots: 0, blocks: &[5] },
    Case { form: portable_form(2, 96), hidden: 520, slots: 0, blocks: &[2, 3] },
];
const PORTABLE_QUICK: [Case; 1] =
    [Case { form: portable_form(2, 96), hidden: 520, slots: 0, blocks: &[2] }];

/// The simple fusion: blocks of 512 threads; groups and slots mean nothing to it.
const SIMPLE: [Case; 3] = [
    Case { form: portable_form(1, 512), hidden: 8192, slots: 0, blocks: &[1, 8, 16] },
    Case { form: portable_form(1, 512), hidden: 5120, slots: 0, blocks: &[5] },
    Case { form: portable_form(1, 512), hidden: 520, slots: 0, blocks: &[2, 3] },
];
const SIMPLE_QUICK: [Case; 1] =
    [Case { form: portable_form(1, 512), hidden: 520, slots: 0, blocks: &[2] }];

#[cfg(test)]
mod tests {
    use super::*;

    /// As the kernel's `static_assert`s ask: a slot for each rank, two at least, and rows that fit shared memory; nothing
    /// uses more slots than it was compiled with, and pairs come in even grids.
    #[test]
    fn every_case_is_one_that_the_kernel_has() {
        for ranks in 1..=weftscope_kernels::abi::MAX_RANKS {
            for quick in [true, false] {
                // Quick ones run on one GPU only.
                let ranks = if quick { 1 } else { ranks };
                for case in Which::Hopper.cases(quick, ranks) {
                    let least = (ranks as u32).max(2);
                    assert!((least..=case.form.slots).contains(&case.slots), "{ranks}: {case:?}");
                    assert!(case.form.fits(case.hidden), "{case:?}");
                    let even = |blocks: &u32| !case.form.pairs || blocks.is_multiple_of(2);
                    assert!(case.blocks.iter().all(even), "{case:?}");
                }
            }
        }
    }
}
