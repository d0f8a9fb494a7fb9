use weftscope_kernels::reference::{gemm, gemm_silu_mul, relative_error};

use super::{any_gpu, bf16_values, hopper, numbers, upload, wide};
use crate::cuda::{Buffer, Device, Gemm, GemmCall, GemmForm, KernelFamily, Matrix, Recording};

/// Error of a bf16 product over fp32 sums: the output's rounding alone is 2⁻⁹ ≈ 2e-3.
const BF16_ERROR: f64 = 6e-3;

fn matrix(buffer: &Buffer, rows: usize, columns: usize) -> Matrix {
    Matrix {
        address: buffer.address(),
        rows: rows as u32,
        columns: columns as u32,
        pitch_bytes: columns as u64 * 2,
    }
}

/// Runs one product with poisoned output, checks it and its stamps.
fn check_gemm(
    device: &Device,
    product: &Gemm,
    form: GemmForm,
    (m, n, k): (usize, usize, usize),
    sms: Option<u32>,
) {
    let b_rows = if form.silu_mul { 2 * n } else { n };
    let (a, b) = (numbers(1, m * k, 1.0), numbers(2, b_rows * k, 0.05));
    let (a_dev, b_dev) = (upload(device, &a), upload(device, &b));
    let guard_rows = 2;
    let c_dev = Buffer::zeros(device, (m + guard_rows) * n * 2).expect("memory for the output");
    c_dev.fill(0xff).expect("poison");
    let recording = Recording::new(device, 1 << 16).expect("memory for the ring");
    let call = GemmCall {
        a: matrix(&a_dev, m, k),
        b: matrix(&b_dev, b_rows, k),
        c: matrix(&c_dev, m, n),
        sms,
        group: 3,
        op: 7,
        ring: recording.ring_address(),
        error: recording.error_address(),
    };
    // SAFETY: the buffers have the stated shapes and live until the read below has synchronised.
    unsafe { product.launch(device.compute(), &call) }.expect("launch");
    let out: Vec<u16> = c_dev.to_host().expect("the kernel runs");
    let c = bf16_values(&out[..m * n]);
    let reference = if form.silu_mul {
        gemm_silu_mul(&wide(&a), &wide(&b), (m, n, k))
    } else {
        gemm(&wide(&a), &wide(&b), (m, n, k))
    };
    let error = relative_error(&c, &reference);
    assert!(error < BF16_ERROR, "{form:?} {m}×{n}×{k} on {sms:?} SMs: error {error}");
    assert!(out[m * n..].iter().all(|&bits| bits == 0xffff), "wrote past the last row");
    assert!(recording.first_error().expect("readable").is_none());
    check_stamps(&recording, device.info().sms, sms);
}

fn check_stamps(recording: &Recording, num_sms: u32, allowed: Option<u32>) {
    let read = recording.read().expect("readable");
    assert!(!read.stamps.is_empty() && read.dropped == 0);
    let mut sms: Vec<u16> = read.stamps.iter().map(|stamp| stamp.sm).collect();
    sms.sort_unstable();
    sms.dedup();
    assert!(
        sms.len() as u32 <= allowed.unwrap_or(num_sms),
        "{} SMs used, {allowed:?} allowed",
        sms.len()
    );
    for stamp in &read.stamps {
        assert!(
            stamp.op == 7 && u32::from(stamp.sm) < num_sms && stamp.start_ns <= stamp.end_ns,
            "{stamp:?}"
        );
    }
    let mut items: Vec<u32> = read.stamps.iter().map(|stamp| stamp.item).collect();
    items.sort_unstable();
    assert!(items.windows(2).all(|pair| pair[0] != pair[1]), "a tile was stamped twice");
}

#[test]
fn products_are_right_and_stamped() {
    let Some((device, nvrtc)) = hopper() else { return };
    eprintln!("{}, NVRTC {:?}", device.info(), nvrtc.version());
    let form = |tile_columns, silu_mul| GemmForm { tile_columns, silu_mul };
    for form in [
        form(256, false),
        form(224, false),
        form(192, false),
        form(160, false),
        form(128, false),
        form(256, true),
        form(192, true),
        form(128, true),
    ] {
        let product = Gemm::load(&device, &nvrtc, form, true).expect("compiles and loads");
        for shape in [(256, 512, 256), (129, 1280, 192), (77, 128, 64), (300, 264, 1000)] {
            for sms in [None, Some(20)] {
                check_gemm(&device, &product, form, shape, sms);
            }
        }
    }
}

#[test]
fn portable_products_are_right_and_stamped() {
    let Some((device, nvrtc)) = any_gpu() else { return };
    let device = device.with_family(KernelFamily::Portable);
    for silu_mul in [false, true] {
        let form = GemmForm { tile_columns: 128, silu_mul };
        let product = Gemm::load(&device, &nvrtc, form, true).expect("compiles and loads");
        for shape in [(256, 512, 256), (129, 1280, 192), (77, 128, 64), (300, 264, 1000), (1, 8, 8)]
        {
            for sms in [None, Some(20), Some(device.info().sms)] {
                check_gemm(&device, &product, form, shape, sms);
            }
        }
    }
}

/// Widths measured best on H200 (kernels/NOTES.md): QKV of eight shards fits one wave of 160-wide tiles.
#[test]
fn widths_fill_waves() {
    assert_eq!(GemmForm::fitting(2048, 1280, 132).tile_columns, 160);
    assert_eq!(GemmForm::fitting(2048, 28672, 132).tile_columns, 256);
}
