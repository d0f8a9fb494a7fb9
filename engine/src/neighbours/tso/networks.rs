//! Convolutions of networks, as their papers have them.

use super::Convolution;

/// Names, in the order in which a knob shows them.
pub(super) const NETWORKS: &[&str] = &["vgg-16", "resnet-18", "mobilenet-v1"];

/// The convolutions of a network; none of one that is not known.
pub(super) fn network(name: &str) -> &'static [Convolution] {
    match name {
        "vgg-16" => VGG_16,
        "resnet-18" => RESNET_18,
        "mobilenet-v1" => MOBILENET_V1,
        _ => &[],
    }
}

const fn of(inputs: u32, outputs: u32, side: u32, (kernel, stride): (u32, u32)) -> Convolution {
    Convolution { inputs, outputs, side, kernel, stride }
}

/// 3 × 3, stride 1.
const fn same(inputs: u32, outputs: u32, side: u32) -> Convolution {
    of(inputs, outputs, side, (3, 1))
}

/// 1 × 1.
const fn point(inputs: u32, outputs: u32, side: u32) -> Convolution {
    of(inputs, outputs, side, (1, 1))
}

/// Simonyan and Zisserman, arXiv 1409.1556, table 1, D.
const VGG_16: &[Convolution] = &[
    same(3, 64, 224),
    same(64, 64, 224),
    same(64, 128, 112),
    same(128, 128, 112),
    same(128, 256, 56),
    same(256, 256, 56),
    same(256, 256, 56),
    same(256, 512, 28),
    same(512, 512, 28),
    same(512, 512, 28),
    same(512, 512, 14),
    same(512, 512, 14),
    same(512, 512, 14),
];

/// He et al., arXiv 1512.03385, table 1, without the projections of shortcuts.
const RESNET_18: &[Convolution] = &[
    of(3, 64, 112, (7, 2)),
    same(64, 64, 56),
    same(64, 64, 56),
    same(64, 64, 56),
    same(64, 64, 56),
    of(64, 128, 28, (3, 2)),
    same(128, 128, 28),
    same(128, 128, 28),
    same(128, 128, 28),
    of(128, 256, 14, (3, 2)),
    same(256, 256, 14),
    same(256, 256, 14),
    same(256, 256, 14),
    of(256, 512, 7, (3, 2)),
    same(512, 512, 7),
    same(512, 512, 7),
    same(512, 512, 7),
];

/// Howard et al., arXiv 1704.04861, table 1: the first, and those of 1 × 1. Those by channel have hardly any products.
const MOBILENET_V1: &[Convolution] = &[
    of(3, 32, 112, (3, 2)),
    point(32, 64, 112),
    point(64, 128, 56),
    point(128, 128, 56),
    point(128, 256, 28),
    point(256, 256, 28),
    point(256, 512, 14),
    point(512, 512, 14),
    point(512, 512, 14),
    point(512, 512, 14),
    point(512, 512, 14),
    point(512, 512, 14),
    point(512, 1024, 7),
    point(1024, 1024, 7),
];
