//! Least squares over a graph: values of nodes whose differences fit those of the edges best.

/// An edge: the value of `to` less that of `from`, and how much it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Difference {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) value: f64,
    pub(super) weight: f64,
}

/// What is left of the first residual is taken for nothing.
const ENOUGH: f64 = 1e-12;

/// Which connected part of the graph each node is in, numbered by their first nodes.
pub(super) fn parts(nodes: usize, edges: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut above: Vec<usize> = (0..nodes).collect();
    for (a, b) in edges {
        let (a, b) = (top(&mut above, a), top(&mut above, b));
        above[a.max(b)] = a.min(b);
    }
    let tops: Vec<usize> = (0..nodes).map(|node| top(&mut above, node)).collect();
    let mut numbers = vec![None; nodes];
    let mut next = 0;
    let number = |&top: &usize| {
        *numbers[top].get_or_insert_with(|| {
            next += 1;
            next - 1
        })
    };
    tops.iter().map(number).collect()
}

/// The node that stands for the part of another; ways there become shorter.
fn top(above: &mut [usize], mut at: usize) -> usize {
    while above[at] != at {
        above[at] = above[above[at]];
        at = above[at];
    }
    at
}

/// Values that minimise the weighted squares of what the edges leave; `is_fixed` nodes, one a part, are 0.
///
/// Conjugate gradients over the graph's Laplacian, with its diagonal for a preconditioner: no more steps than nodes, but for
/// rounding.
pub(super) fn solve(is_fixed: &[bool], edges: &[Difference]) -> Vec<f64> {
    let nodes = is_fixed.len();
    let (mut right, mut diagonal) = (vec![0.0; nodes], vec![0.0; nodes]);
    for edge in edges {
        right[edge.from] -= edge.weight * edge.value;
        right[edge.to] += edge.weight * edge.value;
        diagonal[edge.from] += edge.weight;
        diagonal[edge.to] += edge.weight;
    }
    let free = |values: &mut [f64]| {
        for (value, &fixed) in values.iter_mut().zip(is_fixed) {
            if fixed {
                *value = 0.0;
            }
        }
    };
    let conditioned = |rest: &[f64]| -> Vec<f64> {
        let one = |(rest, by): (&f64, &f64)| if *by > 0.0 { rest / by } else { 0.0 };
        rest.iter().zip(&diagonal).map(one).collect()
    };
    let mut values = vec![0.0; nodes];
    let mut rest = right;
    free(&mut rest);
    let mut ahead = conditioned(&rest);
    let mut towards = ahead.clone();
    let mut size = dot(&rest, &ahead);
    let enough = size * ENOUGH * ENOUGH;
    for _ in 0..2 * nodes {
        if size <= enough || size == 0.0 {
            break;
        }
        let mut image = laplacian(&towards, edges);
        free(&mut image);
        let step = size / dot(&towards, &image);
        add(&mut values, step, &towards);
        add(&mut rest, -step, &image);
        ahead = conditioned(&rest);
        let next = dot(&rest, &ahead);
        for (towards, ahead) in towards.iter_mut().zip(&ahead) {
            *towards = ahead + next / size * *towards;
        }
        size = next;
    }
    values
}

fn laplacian(values: &[f64], edges: &[Difference]) -> Vec<f64> {
    let mut image = vec![0.0; values.len()];
    for edge in edges {
        let flow = edge.weight * (values[edge.to] - values[edge.from]);
        image[edge.to] += flow;
        image[edge.from] -= flow;
    }
    image
}

/// Adds so many times `by`.
fn add(to: &mut [f64], times: f64, by: &[f64]) {
    to.iter_mut().zip(by).for_each(|(to, by)| *to += times * by);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Oracle: no small move of any node lowers the sum of squares, which has one lowest point.
    fn squares(values: &[f64], edges: &[Difference]) -> f64 {
        let of = |edge: &Difference| {
            edge.weight * (values[edge.to] - values[edge.from] - edge.value).powi(2)
        };
        edges.iter().map(of).sum()
    }

    proptest! {
        #[test]
        fn nothing_near_fits_better(
            raw in proptest::collection::vec((0..12_usize, 0..12_usize, -1e6..1e6_f64, 0.1..5.0_f64), 1..60),
        ) {
            let edges: Vec<Difference> = raw
                .into_iter()
                .filter(|(from, to, ..)| from != to)
                .map(|(from, to, value, weight)| Difference { from, to, value, weight })
                .collect();
            let parts = parts(12, edges.iter().map(|edge| (edge.from, edge.to)));
            for edge in &edges {
                prop_assert_eq!(parts[edge.from], parts[edge.to]);
            }
            let mut seen = Vec::new();
            let fixed: Vec<bool> = parts
                .iter()
                .map(|part| {
                    let is_new = !seen.contains(part);
                    seen.push(*part);
                    is_new
                })
                .collect();
            let values = solve(&fixed, &edges);
            let least = squares(&values, &edges);
            for node in (0..12).filter(|&node| !fixed[node]) {
                for by in [-1.0, 1.0] {
                    let mut moved = values.clone();
                    moved[node] += by;
                    prop_assert!(squares(&moved, &edges) >= least - 1e-6 * least.abs());
                }
            }
            prop_assert!(fixed.iter().zip(&values).all(|(&fixed, &value)| !fixed || value == 0.0));
        }
    }
}
