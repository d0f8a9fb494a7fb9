use super::{outcome, shown};

const NETWORKS: [&str; 3] = ["vgg-16", "resnet-18", "mobilenet-v1"];

/// "Up to 21.7 %": no network gains more, none loses, and the one that gains most gains half of that.
#[test]
fn bursts_choose_faster_slices() {
    let gains = NETWORKS.map(|network| shown(&outcome("tso", &[("network", network)]), "faster"));
    assert!(gains.iter().all(|gain| (-0.005..=0.217).contains(gain)), "{gains:?}");
    let most = gains.into_iter().fold(0.0, f64::max);
    assert!(most >= 0.217 / 2.0, "{gains:?}");
}

/// Where memory moves single numbers both searches find the same; the larger its bursts, the more they are worth.
#[test]
fn nothing_is_gained_without_bursts_and_more_with_larger_ones() {
    for network in NETWORKS {
        let gain = |burst| {
            let set = [("network", network), ("burst", burst)];
            shown(&outcome("tso", &set), "faster")
        };
        let [none, some, large] = ["2", "64", "1024"].map(gain);
        assert_eq!(none, 0.0, "{network}");
        assert!(some >= -0.005 && large >= some, "{network}: {some} {large}");
    }
}

/// A larger scratchpad holds every slice that a smaller one does.
#[test]
fn larger_scratchpads_are_no_slower() {
    let time = |scratchpad| shown(&outcome("tso", &[("scratchpad", scratchpad)]), "with");
    let times = ["128", "512", "2048"].map(time);
    assert!(times.is_sorted_by(|small, large| large <= small), "{times:?}");
}

/// All cores work side by side in most of VGG's layers, where there is enough to compute for each number that is moved.
#[test]
fn slices_are_on_every_core() {
    let plan = outcome("tso", &[("network", "vgg-16")]).runs.with.plan;
    assert_eq!(plan.spec.machine.gpu.sms, 32);
    let busy = plan.ops.iter().filter(|op| op.grid >= 32).count();
    assert!(2 * busy > plan.ops.len(), "{busy} of {}", plan.ops.len());
}
