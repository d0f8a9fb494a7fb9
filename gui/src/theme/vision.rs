//! Tests that the palette survives the common colour blindnesses and grey printing.

use egui::Color32;
use weftscope_traces::{Kind, Split};

use super::Theme;
use crate::timeline::HostKind;

/// Linear-light RGB.
type Rgb = [f64; 3];

/// Full-severity simulation matrices in linear RGB, from Machado, Oliveira and Fernandes, "A
/// Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), table 1.
const SIGHTS: [(&str, [Rgb; 3]); 4] = [
    ("normal", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

/// Smallest distance in OKLab between two kinds that touch, under every sight. 0.02 is about one just
/// noticeable difference side by side; five of them survive a projector.
const MIN_DISTANCE: f64 = 0.10;
/// Smallest difference of OKLab lightness between two of them once colour is gone.
const MIN_LIGHTNESS: f64 = 0.06;

fn times(matrix: &[Rgb; 3], colour: Rgb) -> Rgb {
    matrix.map(|row| row.iter().zip(colour).map(|(a, b)| a * b).sum())
}

fn linear(colour: Color32) -> Rgb {
    [colour.r(), colour.g(), colour.b()].map(|byte| {
        let value = f64::from(byte) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    })
}

/// OKLab, from Ottosson, "A perceptual color space for image processing" (2020).
fn oklab(rgb: Rgb) -> [f64; 3] {
    let lms = times(
        &[
            [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
            [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
            [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
        ],
        rgb,
    )
    .map(f64::cbrt);
    times(
        &[
            [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
            [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
            [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
        ],
        lms,
    )
}

fn seen(sight: &[Rgb; 3], colour: Color32) -> [f64; 3] {
    oklab(times(sight, linear(colour)).map(|value| value.clamp(0.0, 1.0)))
}

pub(crate) fn grey_lightness(colour: Color32) -> f64 {
    let [r, g, b] = linear(colour);
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    oklab([y; 3])[0]
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn touching(theme: &Theme) -> Vec<(&'static str, Color32)> {
    let kinds = [Kind::Gemm, Kind::Attention, Kind::Norm, Kind::Comm, Kind::Wait];
    let mut colours: Vec<_> =
        kinds.into_iter().map(|kind| (kind.name(), theme.kind(kind, Split::First))).collect();
    colours.push(("idle", theme.surfaces.plot));
    colours
}

#[test]
fn kinds_that_touch_are_told_apart_by_every_eye() {
    for theme in [Theme::dark(), Theme::light()] {
        let colours = touching(&theme);
        for (sight, matrix) in &SIGHTS {
            for (i, &(a_name, a)) in colours.iter().enumerate() {
                for &(b_name, b) in &colours[..i] {
                    let d = distance(seen(matrix, a), seen(matrix, b));
                    assert!(
                        d >= MIN_DISTANCE,
                        "{:?}, {sight}: {a_name} and {b_name} are {d:.3} apart",
                        theme.mode
                    );
                }
            }
        }
    }
}

#[test]
fn kinds_that_touch_are_told_apart_in_grey() {
    for theme in [Theme::dark(), Theme::light()] {
        let colours = touching(&theme);
        for (i, &(a_name, a)) in colours.iter().enumerate() {
            for &(b_name, b) in &colours[..i] {
                let d = (grey_lightness(a) - grey_lightness(b)).abs();
                assert!(
                    d >= MIN_LIGHTNESS,
                    "{:?}: {a_name} and {b_name} are {d:.3} apart in grey",
                    theme.mode
                );
            }
        }
    }
}

/// Quieter than kinds of GPU work, and still told apart where they touch, names aside.
#[test]
fn what_hosts_do_is_told_apart_by_every_eye_and_in_grey() {
    const MIN_HOST_DISTANCE: f64 = 0.06;
    const MAX_CHROMA: f64 = 0.055;
    for theme in [Theme::dark(), Theme::light()] {
        let mut colours: Vec<_> =
            HostKind::ALL.into_iter().map(|kind| (kind.name(), theme.host(kind))).collect();
        for &(name, colour) in &colours {
            let lab = oklab(linear(colour));
            assert!(lab[1].hypot(lab[2]) <= MAX_CHROMA, "{:?}: {name} is loud", theme.mode);
        }
        colours.push(("idle", theme.surfaces.plot));
        for (i, &(a_name, a)) in colours.iter().enumerate() {
            for &(b_name, b) in &colours[..i] {
                let told = |d: f64, how: &str| {
                    let mode = theme.mode;
                    assert!(d >= MIN_HOST_DISTANCE, "{mode:?}, {how}: {a_name}, {b_name}: {d:.3}");
                };
                for (sight, matrix) in &SIGHTS {
                    told(distance(seen(matrix, a), seen(matrix, b)), sight);
                }
                told((grey_lightness(a) - grey_lightness(b)).abs(), "grey");
            }
        }
    }
}

#[test]
fn split_one_is_the_same_hue_and_lighter() {
    for theme in [Theme::dark(), Theme::light()] {
        for kind in Kind::ALL {
            let first = oklab(linear(theme.kind(kind, Split::First)));
            let second = oklab(linear(theme.kind(kind, Split::Second)));
            assert!(second[0] > first[0] + 0.02, "{:?} {}", theme.mode, kind.name());
            let hue = |lab: [f64; 3]| lab[2].atan2(lab[1]).to_degrees();
            let chroma = |lab: [f64; 3]| lab[1].hypot(lab[2]);
            let turn = (hue(first) - hue(second) + 540.0).rem_euclid(360.0) - 180.0;
            // Hue means nothing where there is hardly any colour.
            assert!(
                turn.abs() < 16.0 || chroma(first) < 0.03,
                "{:?} {}: {turn:.0}°",
                theme.mode,
                kind.name()
            );
        }
    }
}

#[test]
fn text_reads_on_every_kind() {
    // WCAG 2.2 contrast for large or bold text is 3; block names are set in the better of black and white.
    for theme in [Theme::dark(), Theme::light()] {
        let hosts = HostKind::ALL.map(|kind| (kind.name(), theme.host(kind)));
        let splits = [Split::First, Split::Second];
        let kinds = Kind::ALL
            .into_iter()
            .flat_map(|kind| splits.map(|split| (kind.name(), theme.kind(kind, split))));
        for (name, fill) in kinds.chain(hosts) {
            let y = |colour: Color32| {
                let [r, g, b] = linear(colour);
                0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
            };
            let (a, b) = (y(fill), y(theme.text_on(fill)));
            let contrast = a.max(b) / a.min(b);
            assert!(contrast >= 4.0, "{:?} {name}: {contrast:.1}", theme.mode);
        }
    }
}
