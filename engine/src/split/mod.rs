//! Where a batch is cut in two, and the wave arithmetic behind it.

mod beside;
mod choose;
mod ctas;
mod cut;
mod few;
mod gemms;
mod phases;
mod survey;
mod table;
mod tile;
mod wave_choice;
mod wave_model;
mod waves;

pub(crate) use beside::held_beside;
pub(crate) use choose::tokens_are;
pub use choose::{Choice, choose, decide, threshold_tokens};
pub(crate) use ctas::{OpenCtas, OverlapCtas, open_ctas, overlap_ctas};
pub use cut::{Cut, CutRequest, PAD_TOKENS, cut, padded_tokens};
pub(crate) use few::{MEETING_NS, STEP_K, STEP_NS, few_block};
pub(crate) use gemms::LayerGemms;
pub use gemms::{HeldSms, LayerGemm, layer_gemms};
pub(crate) use phases::PhaseTimes;
pub use survey::{Survey, SurveyPoint, survey};
pub use table::{SplitTable, TableError, TableRow};
pub use tile::{TileKit, gemm_shape, own_shape};
pub use wave_model::{OFFSETS, SPLIT_TAX, WaveCost, WaveModel};
pub use waves::{Occupancy, REGISTERS_PER_SM, blocks_per_sm, occupancy};
