//! What the map is painted from: made once of what it shows, and again where any of that changes.

use std::{ops::Range, sync::Arc};

use egui::{Color32, ColorImage, Context, Id, TextureHandle, TextureOptions};

use super::super::scale::{Scale, ends};
use crate::{
    app::ClusterView,
    cluster::{Cluster, Grid, Groups, Measure, Order, Within},
    theme::Theme,
};

/// A picture of ranks by columns.
pub(super) struct Picture {
    /// Its cells.
    pub(super) grid: Grid,
    /// What its colours mean.
    pub(super) scale: Scale,
    /// A pixel a cell.
    pub(super) texture: TextureHandle,
}

/// All that a picture is made of.
#[derive(Clone)]
struct Made {
    cluster: Arc<Cluster>,
    within: Option<Arc<Within>>,
    groups: Option<Arc<Groups>>,
    measure: Measure,
    order: Order,
    rows: Range<usize>,
    /// Rows of the picture.
    high: usize,
    /// Of what is not known, and of both ends of the scale.
    colours: [Color32; 3],
}

impl PartialEq for Made {
    fn eq(&self, other: &Self) -> bool {
        fn same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
            match (one, other) {
                (Some(one), Some(other)) => Arc::ptr_eq(one, other),
                (None, None) => true,
                _ => false,
            }
        }
        // What was read is never changed, and held here so that nothing else takes its place.
        Arc::ptr_eq(&self.cluster, &other.cluster)
            && same(self.within.as_ref(), other.within.as_ref())
            && same(self.groups.as_ref(), other.groups.as_ref())
            && (self.measure, self.order, &self.rows) == (other.measure, other.order, &other.rows)
            && (self.high, self.colours) == (other.high, other.colours)
    }
}

/// The picture of what is in view, of so many rows at most.
pub(super) fn picture(
    ctx: &Context,
    theme: &Theme,
    (view, high): (&ClusterView, usize),
) -> Arc<Picture> {
    let [least, most] = ends(theme, view.measure);
    let made = Made {
        cluster: Arc::clone(&view.cluster),
        within: view.within.as_ref().and_then(|(_, within)| within.clone()),
        groups: view.groups.clone(),
        measure: view.measure,
        order: view.order,
        rows: view.rows.clone(),
        high: high.min(view.rows.len()),
        colours: [theme.surfaces.plot, least, most],
    };
    let id = Id::unique("heat map picture");
    let held = ctx.data(|data| data.get_temp::<(Made, Arc<Picture>)>(id));
    match held {
        Some((of, picture)) if of == made => picture,
        _ => {
            let picture = Arc::new(make(ctx, theme, (view, made.high)));
            ctx.data_mut(|data| data.insert_temp(id, (made, Arc::clone(&picture))));
            picture
        }
    }
}

fn make(ctx: &Context, theme: &Theme, (view, high): (&ClusterView, usize)) -> Picture {
    let columns = view.num_columns();
    let grid = Grid::of(view.rows.clone(), (high, columns), |at, column| view.value(at, column));
    let scale = Scale::of(grid.range, grid.usual);
    let colour = |cell: &Option<crate::cluster::Cell>| match cell {
        Some(cell) => scale.colour(theme, view.measure, cell.value),
        None => theme.surfaces.plot,
    };
    let pixels: Vec<Color32> = grid.cells.iter().flatten().map(colour).collect();
    let image = ColorImage::new([columns, grid.cells.len()], pixels);
    let texture = ctx.load_texture("heat map", image, TextureOptions::NEAREST);
    Picture { grid, scale, texture }
}

#[cfg(test)]
mod tests {
    use weftscope_traces::digest::{DigestOf, IterationRow};

    use super::*;
    use crate::cluster::RankRows;

    fn view() -> ClusterView {
        let rank = |rank: u32| RankRows {
            of: DigestOf { rank, ..DigestOf::default() },
            rows: vec![Some(IterationRow {
                end_ns: 10,
                exposed_ns: i64::from(rank),
                ..IterationRow::default()
            })],
            ops: std::path::PathBuf::new(),
        };
        ClusterView::new(Arc::new(Cluster {
            ranks: (0..6).map(rank).collect(),
            iterations: vec![Some(0)],
            usual_compute_ns: vec![None],
            ..Cluster::default()
        }))
    }

    #[test]
    fn it_is_made_once_and_again_where_something_differs() {
        let (ctx, dark, light) = (Context::default(), Theme::dark(), Theme::light());
        let mut view = view();
        let first = picture(&ctx, &dark, (&view, 100));
        assert_eq!(first.grid.range, (0.0, 0.5));
        // Room for more rows than there are changes nothing.
        for high in [100, 6, 7] {
            assert!(Arc::ptr_eq(&first, &picture(&ctx, &dark, (&view, high))), "{high} rows");
        }
        let mut before = first;
        let mut differs = |view: &ClusterView, theme: &Theme, high: usize| {
            let now = picture(&ctx, theme, (view, high));
            let is_other = !Arc::ptr_eq(&before, &now);
            before = now;
            is_other && Arc::ptr_eq(&before, &picture(&ctx, theme, (view, high)))
        };
        assert!(differs(&view, &dark, 3), "fewer rows");
        assert!(differs(&view, &light, 3), "another theme");
        view.measure = Measure::Compute;
        assert!(differs(&view, &light, 3), "another measure");
        view.rows = 0..4;
        assert!(differs(&view, &light, 3), "other ranks");
        view.order = Order::Topology;
        assert!(differs(&view, &light, 3), "another order");
        view.groups = Some(Arc::default());
        assert!(differs(&view, &light, 3), "groups");
        view.cluster = Arc::new(Cluster::clone(&view.cluster));
        assert!(differs(&view, &light, 3), "other digests");
        view.selected = Some(2);
        assert!(!differs(&view, &light, 3), "who is looked at is painted over it");
    }
}
