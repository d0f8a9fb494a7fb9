use super::*;
use crate::split::own_shape;

/// What was measured of one product on one H200.
struct Measured {
    sizes: (u32, u32, u32),
    epilogue: Epilogue,
    /// µs by name of the column.
    us: Vec<(String, f64)>,
}

fn measured() -> Vec<Measured> {
    let text = include_str!("../../../data/few_rows_h200.csv");
    let mut lines = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(','));
    let names: Vec<&str> = lines.next().expect("names").collect();
    let row = |fields: std::str::Split<'_, char>| {
        let fields: Vec<&str> = fields.collect();
        let number = |at: usize| fields[at].parse::<u32>().expect("a number");
        let times = names.iter().zip(&fields).skip(5);
        Measured {
            sizes: (number(0), number(1), number(2)),
            epilogue: if number(3) == 1 { Epilogue::SiluMul } else { Epilogue::Plain },
            us: times
                .filter_map(|(name, us)| Some(((*name).to_owned(), us.parse().ok()?)))
                .collect(),
        }
    };
    lines.map(row).collect()
}

impl Measured {
    fn chosen(&self) -> GemmShape {
        own_shape(self.sizes, None, 132, self.epilogue)
    }

    fn of(&self, shape: &GemmShape) -> Option<f64> {
        let name = match shape.cluster {
            Cluster::Slices => format!("few_{}_{}_us", shape.tile_n, shape.split_k),
            _ => format!("tiled_{}_us", shape.tile_n),
        };
        self.us.iter().find(|(of, _)| *of == name).map(|(_, us)| *us)
    }

    fn best(&self) -> f64 {
        self.us.iter().map(|(_, us)| *us).fold(f64::MAX, f64::min)
    }
}

#[test]
fn what_is_chosen_is_nearly_the_best_that_was_measured() {
    let all = measured();
    let (mut sum, mut worst, mut judged) = (0.0, (0.0, String::new()), 0);
    for product in &all {
        let shape = product.chosen();
        let Some(us) = product.of(&shape) else {
            println!("not measured: {:?}: {}/{}", product.sizes, shape.tile_n, shape.split_k);
            continue;
        };
        let times = us / product.best();
        let what = format!("{:?}: {}/{}", product.sizes, shape.tile_n, shape.split_k);
        sum += times;
        judged += 1;
        if times > worst.0 {
            worst = (times, what);
        }
    }
    println!("{judged} of {}: {:.4} on average, {worst:?}", all.len(), sum / f64::from(judged));
    assert!(all.len() == 210 && judged >= 205, "{judged}");
    assert!(sum / f64::from(judged) <= 1.02);
    assert!(worst.0 <= 1.15, "{worst:?}");
}

#[test]
fn few_rows_are_few() {
    let tile = |m| own_shape((m, 1280, 8192), None, 132, Epilogue::Plain).tile_m;
    let tiles = [16, 16, 32, 64, 96, 128, 160, 192, 224, 256, 128];
    assert_eq!([1, 16, 17, 64, 65, 128, 129, 192, 193, 256, 257].map(tile), tiles);
    let of = |m, experts, epilogue| own_shape((m, 1280, 8192), experts, 132, epilogue).cluster;
    assert_eq!(of(256, None, Epilogue::Plain), Cluster::Slices);
    assert_eq!(of(257, None, Epilogue::Plain), Cluster::Rows);
    assert_eq!(of(64, Some(8), Epilogue::Plain), Cluster::Uneven);
    // Scores of experts may have any number of rows.
    for (m, n) in [(1, 8), (64, 128), (257, 8), (4096, 128), (8192, 128), (16_384, 8)] {
        let scores = own_shape((m, n, 4096), None, 132, Epilogue::F32);
        assert_eq!(scores.cluster, Cluster::Slices, "{m}×{n}");
        assert!(scores.grid() <= 132 || scores.split_k == 1, "{scores:?}");
    }
    // Wide products of so many rows multiply as long in tiles, which need no sums.
    assert_eq!(own_shape((256, 57344, 8192), None, 132, Epilogue::SiluMul).cluster, Cluster::Rows);
}

#[test]
fn clusters_keep_to_the_sms_that_are_free() {
    for sms in [16, 60, 124, 132] {
        for n in [1024, 1280, 2560, 8192] {
            let shape = own_shape((64, n, 8192), None, sms, Epilogue::Plain);
            let waves = shape.grid().div_ceil(sms);
            assert!(shape.split_k == 1 || waves == 1, "{n} on {sms}: {} blocks", shape.grid());
        }
    }
}
