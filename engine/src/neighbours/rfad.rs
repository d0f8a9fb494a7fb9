//! RFAD: random features in place of exact kernels, to distil a data set.
//!
//! A step of kernel regression from a small set onto a batch. With random features: a few random networks map the images of both, one product makes the
//! kernel matrix of the features, and a solve follows. The baseline is KIP's: the exact kernel of each pair of images, which carries the
//! covariance of every pixel of one with every pixel of the other through the layers.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Runs, Settings, Source, Unit,
    machines::{ONE_GPU, machine_named},
    stand_in::run_of,
};
use crate::plan::{Op, OpRole, PlanError, Steps, Where, plan_with};

/// See the [module](self).
pub(super) const RFAD: Neighbour = Neighbour {
    name: "rfad",
    title: "RFAD",
    about: "random features in place of exact kernels: matrices of features, and a solve",
    source: Source {
        title: "Efficient Dataset Distillation using Random Feature Approximation",
        place: "arXiv 2210.12067",
    },
    claim: "at least 100 times as fast as KIP, in time linear in the distilled set instead of quadratic",
    leaves_out: &[
        "Pooling and padding between layers, and the optimiser's own work.",
        "Caches of KIP, which are spread over hundreds of GPUs in the published runs.",
        "Accuracy, which is what the number of networks buys.",
    ],
    knobs: &[
        Knob {
            name: "distilled",
            unit: "images",
            range: Range::Whole { least: 10, most: 1000 },
            default: 500.0,
            help: "Images of the distilled set; of CIFAR-10 the paper has 10, 100 and 500",
        },
        Knob {
            name: "batch",
            unit: "images",
            range: Range::Whole { least: 16, most: 2048 },
            default: 2048.0,
            help: "Images of the data set in a step",
        },
        Knob {
            name: "networks",
            unit: "",
            range: Range::Whole { least: 1, most: 32 },
            default: 8.0,
            help: "Random networks whose features stand for the kernel",
        },
        ONE_GPU,
    ],
    plans,
    figures,
};

/// Pixels of an image, and after each halving of its sides; columns of 3 × 3 patches of three colours, and of the layers' width.
const PIXELS: [u32; 3] = [1024, 256, 64];
const WIDTH: u32 = 256;
const PATCHES: [u32; 3] = [27, 9 * WIDTH, 9 * WIDTH];
/// Features that a network gives of an image: its last pixels, halved once more, by its width.
const FEATURES: u32 = 16 * WIDTH;
/// A covariance is read and written, as is its tangent, in 4 bytes each.
const PAIR_BYTES: f64 = 16.0;

#[derive(Clone, Copy)]
struct Sizes {
    distilled: u32,
    batch: u32,
    networks: u32,
}

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let spec = run_of("rfad", machine_named(settings.choice("machine"))?, 1, (1, 1));
    let [distilled, batch, networks] =
        ["distilled", "batch", "networks"].map(|knob| settings.whole(knob));
    let sizes = Sizes { distilled, batch, networks };
    let steps = || Steps::new(&spec.machine, 1);
    Ok(Plans {
        with: plan_with(&spec, "random features", |_| random_features(steps(), sizes))?,
        without: plan_with(&spec, "exact kernels", |_| exact_kernels(steps(), sizes))?,
        others: Vec::new(),
    })
}

fn random_features(mut ops: Steps<'_>, sizes: Sizes) -> Vec<Op> {
    let Sizes { distilled, batch, networks } = sizes;
    for _ in 0..networks {
        network(&mut ops, distilled + batch);
        // Backward to the pixels of the distilled images, which are what is learnt.
        network(&mut ops, distilled);
    }
    regress(ops, sizes, networks * FEATURES)
}

/// A random network's layers over so many images.
fn network(ops: &mut Steps<'_>, images: u32) {
    for (pixels, patch) in PIXELS.into_iter().zip(PATCHES) {
        let size = (images * pixels, WIDTH, patch);
        ops.gemm(Where::compute(None), OpRole::Step("features"), size);
    }
}

/// Covariances of all pairs of pixels, layer by layer, of each distilled image with each image.
fn exact_kernels(mut ops: Steps<'_>, sizes: Sizes) -> Vec<Op> {
    let Sizes { distilled, batch, .. } = sizes;
    let pairs = distilled * (distilled + batch);
    for pixels in PIXELS {
        let covariances = f64::from(pixels) * f64::from(pixels);
        let bytes = PAIR_BYTES * f64::from(pairs) * covariances;
        ops.pointwise(Where::compute(None), OpRole::Step("pairs"), pairs, bytes);
    }
    regress(ops, sizes, 1)
}

/// The kernel matrix of so many features, and the solve: a third of a product of its size.
fn regress(mut ops: Steps<'_>, sizes: Sizes, features: u32) -> Vec<Op> {
    let (Sizes { distilled, batch, .. }, on) = (sizes, Where::compute(None));
    if features > 1 {
        let size = (distilled + batch, distilled, features);
        ops.gemm(on, OpRole::Step("kernel_matrix"), size);
    }
    ops.gemm(on, OpRole::Step("solve"), (distilled, distilled, distilled.div_ceil(3)));
    ops.finish()
}

fn figures(_: &Settings, runs: &Runs) -> Vec<Figure> {
    vec![
        Figure::new("speed-up", Unit::Times, runs.speed_up()).beside("at least 100×"),
        Figure::new("step with random features", Unit::Ns, runs.with.time_ns as f64),
        Figure::new("step with exact kernels", Unit::Ns, runs.without.time_ns as f64),
    ]
}
