//! On a GPU: CUPTI's kernel spans against the kernels' own stamps. Elsewhere: a clear answer, no panic.

use cupti_sys::{ActivityKind, Record};
use weftscope_engine::{
    clock::{ClockFit, ClockPair},
    cuda::{Buffer, Device, Gemm, GemmCall, GemmForm, Loader, Matrix, Nvrtc, Recording, probe},
};
use weftscope_kernels::abi::Stamp;
use weftscope_testkit::{Need, aloud, skip};

use super::Activity;

mod clocks;
mod containment;
mod cost;
mod live;
mod with_counters;
mod witness;

#[test]
fn without_a_driver_it_says_so() {
    let _alone = witness::alone();
    if probe().is_ok() {
        return;
    }
    match Activity::start(&[ActivityKind::ConcurrentKernel]) {
        Ok(_) => panic!("collects without a driver"),
        Err(reason) => assert!(!reason.to_string().is_empty()),
    }
}

/// Each product's stamps, mapped by one offset, lie inside CUPTI's span of the same launch within a microsecond.
#[test]
fn stamps_lie_inside_kernel_spans() {
    let _alone = witness::alone();
    let gpus = match probe() {
        Ok(gpus) => gpus,
        Err(reason) => return skip(Need::Gpu, reason),
    };
    let activity = Activity::start(&[ActivityKind::ConcurrentKernel]).expect("CUPTI collects");
    let device = Device::open(&gpus.gpus[0]).expect("the GPU can be used");
    let nvrtc = Nvrtc::open().expect("NVRTC is there");
    let loader = Loader::new(&device, &nvrtc, true);
    let gemm = Gemm::load(loader, GemmForm::fitting((2048, 2048), None, 132)).expect("compiles");
    let (m, n, k) = (2048, 2048, 1024);
    let zeros = |rows: u32, columns: u32| {
        Buffer::zeros(&device, rows as usize * columns as usize * 2).expect("memory")
    };
    let (a, b, c) = (zeros(m, k), zeros(n, k), zeros(m, n));
    let recording = Recording::new(&device, 1 << 16).expect("memory");
    let launches = 50;
    for op in 0..launches {
        let call = GemmCall {
            a: Matrix::dense(a.ptr(), m, k),
            b: Matrix::dense(b.ptr(), n, k),
            c: Matrix::dense(c.ptr(), m, n),
            sms: None,
            group: 8,
            groups: None,
            recording: recording.of(op),
        };
        gemm.launch(device.compute(), &call).expect("launch");
    }
    device.synchronize().expect("the kernels run");
    let stamps = recording.read().expect("readable");
    let collected = activity.take().expect("flushes");
    let mut kernels: Vec<(i64, i64)> = collected
        .events
        .iter()
        .filter(|event| event.name.as_deref() == Some("weft_gemm"))
        .filter_map(|event| match event.record {
            Record::Kernel(kernel) => Some((kernel.start_ns as i64, kernel.end_ns as i64)),
            _ => None,
        })
        .collect();
    kernels.sort_unstable();
    assert_eq!(
        (kernels.len() as u32, stamps.dropped, collected.loss.by_cause()),
        (launches, 0, vec![])
    );
    let ops = op_spans(&stamps.stamps, launches);
    let pairs: Vec<ClockPair> = ops
        .iter()
        .zip(&kernels)
        .map(|(op, kernel)| ClockPair {
            device_ns: i64::midpoint(op.0, op.1),
            host_ns: i64::midpoint(kernel.0, kernel.1),
            half_width_ns: 500,
        })
        .collect();
    let clock = ClockFit::fit(&pairs).expect("fits");
    let outside: Vec<i64> = ops
        .iter()
        .zip(&kernels)
        .map(|(op, kernel)| {
            (kernel.0 - clock.host_from_device(op.0)).max(clock.host_from_device(op.1) - kernel.1)
        })
        .collect();
    aloud(format_args!(
        "offset residual p99 {} ns, drift {:.2} ppm, stamps outside their kernel by at most {} ns (negative: inside)",
        clock.residual_p99_ns(),
        clock.drift() * 1e6,
        outside.iter().max().expect("launches"),
    ));
    assert!(outside.iter().all(|&ns| ns <= 1_000), "{outside:?}");
}

/// First start and last end of each op's stamps, device time.
fn op_spans(stamps: &[Stamp], ops: u32) -> Vec<(i64, i64)> {
    (0..ops)
        .map(|op| {
            let mine = stamps.iter().filter(|stamp| stamp.op == op);
            let (starts, ends): (Vec<_>, Vec<_>) =
                mine.map(|stamp| (stamp.start_ns as i64, stamp.end_ns as i64)).unzip();
            (*starts.iter().min().expect("stamped"), *ends.iter().max().expect("stamped"))
        })
        .collect()
}
