use egui::Color32;
use weftscope_traces::{Kind, Split};

use crate::timeline::HostKind;

/// One hue a kind.
///
/// Chosen by a search over OKLCh for the largest smallest distance between kinds that touch (GEMM, attention,
/// norm, communication, waiting, idle) under normal sight, protanopia, deuteranopia, tritanopia and in grey;
/// the order of lightness is the same in both themes (waiting, GEMM, communication, attention, norm), so a
/// picture printed grey still reads. The tests of the `vision` module hold the distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    base: [Color32; Kind::ALL.len()],
    second: [Color32; Kind::ALL.len()],
    hosts: [Color32; HostKind::ALL.len()],
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

impl Palette {
    /// On near-black.
    pub const DARK: Self = Self {
        base: [
            rgb(0x5f_86_d6), // GEMM: blue
            rgb(0x4f_cf_c0), // attention: teal
            rgb(0xfa_ea_9a), // norm: pale yellow
            rgb(0xa9_b4_6a), // elementwise: olive
            rgb(0xea_8c_3e), // communication: orange
            rgb(0x86_4a_66), // waiting: plum, drawn hatched
            rgb(0xb3_86_6c), // memory copy: brown
            rgb(0x7d_86_94), // host: slate
            rgb(0x5b_63_70), // marks: grey
            rgb(0x9b_a3_b0), // other: light grey
            rgb(0xd9_68_9c), // fused: rose
        ],
        second: [
            rgb(0x93_b2_ef),
            rgb(0x9a_ea_e0),
            rgb(0xff_f6_d2),
            rgb(0xcd_d5_9a),
            rgb(0xff_ba_80),
            rgb(0xa8_6c_88),
            rgb(0xd0_a9_92),
            rgb(0xa3_ab_b8),
            rgb(0x7b_83_90),
            rgb(0xbb_c2_cd),
            rgb(0xf2_a6_c8),
        ],
        hosts: [
            rgb(0x6a_80_65), // Python: moss
            rgb(0x8b_98_ad), // operators: slate
            rgb(0x70_56_6e), // runtime: aubergine
            rgb(0xb4_b8_a8), // else: ash
        ],
    };

    /// On near-white.
    pub const LIGHT: Self = Self {
        base: [
            rgb(0x3c_62_bb), // GEMM
            rgb(0x2a_b8_a6), // attention
            rgb(0xe2_d6_6c), // norm
            rgb(0x88_94_3c), // elementwise
            rgb(0xd0_6c_1e), // communication
            rgb(0x6e_2c_58), // waiting
            rgb(0x8d_5f_45), // memory copy
            rgb(0x6b_75_84), // host
            rgb(0xa5_ad_b9), // marks
            rgb(0x83_8c_9a), // other
            rgb(0xb8_3f_7c), // fused
        ],
        second: [
            rgb(0x84_a3_e4),
            rgb(0x86_dc_d0),
            rgb(0xf0_e8_a4),
            rgb(0xb6_c0_74),
            rgb(0xef_a7_68),
            rgb(0x9c_62_8a),
            rgb(0xb8_92_7b),
            rgb(0x98_a1_ae),
            rgb(0xc4_ca_d3),
            rgb(0xab_b3_bf),
            rgb(0xdd_86_b2),
        ],
        hosts: [
            rgb(0x70_82_6b), // Python
            rgb(0x94_a2_b8), // operators
            rgb(0x68_4e_68), // runtime
            rgb(0xba_be_b0), // else
        ],
    };

    /// The colour of a kind; [`Split::Second`] is the same hue, lighter.
    pub fn of(&self, kind: Kind, split: Split) -> Color32 {
        let row = if split == Split::Second { &self.second } else { &self.base };
        row[kind as usize]
    }

    /// The colour of what a host thread does: all of them quiet, told apart by lightness first.
    pub fn host(&self, kind: HostKind) -> Color32 {
        self.hosts[kind as usize]
    }
}
