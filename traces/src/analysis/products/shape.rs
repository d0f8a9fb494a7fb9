//! What an operator of PyTorch multiplies, by the shapes of its inputs.

use super::Work;
use crate::analysis::collectives::width;

/// The inputs of a product: which are its two matrices.
struct Operator {
    /// Its name without `aten::`.
    name: &'static str,
    /// Positions of the matrices among its inputs.
    inputs: [usize; 2],
    /// The second one is columns × what is summed over, as of a linear layer's weights.
    transposed: bool,
}

const fn operator(name: &'static str, inputs: [usize; 2], transposed: bool) -> Operator {
    Operator { name, inputs, transposed }
}

/// Operators that are one product each. Those made of them, as `matmul`, are recorded with these inside.
const OPERATORS: [Operator; 9] = [
    operator("mm", [0, 1], false),
    operator("addmm", [1, 2], false),
    operator("addmm_", [1, 2], false),
    operator("_addmm_activation", [1, 2], false),
    operator("bmm", [0, 1], false),
    operator("baddbmm", [1, 2], false),
    operator("linear", [0, 1], true),
    operator("_scaled_mm", [0, 1], false),
    operator("_int_mm", [0, 1], false),
];

/// The work of an operator whose inputs have these shapes (`[[4096, 8192], [8192, 1280]]`) and types
/// (`["c10::BFloat16", "c10::BFloat16"]`); `None` where it is no product or its shapes fit none.
pub(super) fn work(operator: &str, dims: &str, types: &str) -> Option<Work> {
    let name = operator.strip_prefix("aten::")?;
    let Operator { inputs, transposed, .. } = OPERATORS.iter().find(|it| it.name == name)?;
    // Of a list of tensors the shapes stand one level deeper: no product has any.
    let dims: Vec<serde_json::Value> = serde_json::from_str(dims).ok()?;
    let shape =
        |at: usize| -> Option<Vec<u64>> { serde_json::from_value(dims.get(at)?.clone()).ok() };
    let (left, right) = (shape(inputs[0])?, shape(inputs[1])?);
    let (&summed, rows) = left.split_last()?;
    let [batches @ .., first, second] = right.as_slice() else { return None };
    let (depth, columns) = if *transposed { (*second, *first) } else { (*first, *second) };
    let (batch, rows) = match batches {
        [] => (1, product(rows)?),
        [batch] if rows.len() == 2 && rows[0] == *batch => (*batch, rows[1]),
        _ => return None,
    };
    if depth != summed || [batch, rows, columns, depth].contains(&0) {
        return None;
    }
    let types: Vec<String> = serde_json::from_str(types).unwrap_or_default();
    let dtype = types.get(inputs[0]).cloned().unwrap_or_default();
    let dtype = dtype.rsplit("::").next().unwrap_or_default().to_owned();
    let [b, m, n, k] = [batch, rows, columns, depth].map(|size| size as f64);
    let elements = b * (m * k + k * n + m * n);
    let one = format!("{rows}×{columns}×{depth}");
    Some(Work {
        name: operator.to_owned(),
        shape: if batch > 1 { format!("{batch} × {one}") } else { one },
        flops: 2.0 * b * m * n * k,
        bytes: width(&dtype).map(|width| elements * width),
        dtype,
    })
}

fn product(sizes: &[u64]) -> Option<u64> {
    sizes.iter().try_fold(1_u64, |all, size| all.checked_mul(*size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_say_what_they_multiply() {
        let types = r#"["c10::BFloat16", "c10::BFloat16", "c10::BFloat16"]"#;
        for (operator, dims, shape, flops) in [
            ("aten::mm", "[[16, 32], [32, 8]]", "16×8×32", 8192.0),
            ("aten::addmm", "[[8], [16, 32], [32, 8], [], []]", "16×8×32", 8192.0),
            ("aten::bmm", "[[4, 16, 32], [4, 32, 8]]", "4 × 16×8×32", 32768.0),
            ("aten::linear", "[[2, 8, 32], [8, 32], []]", "16×8×32", 8192.0),
        ] {
            let work = work(operator, dims, types).expect(operator);
            assert_eq!((work.shape.as_str(), work.flops), (shape, flops), "{operator}");
        }
        // 2 bytes for each element of 16 × 32, 32 × 8 and 16 × 8.
        let known = work("aten::mm", "[[16, 32], [32, 8]]", types).expect("a product");
        assert_eq!((known.bytes, known.dtype.as_str()), (Some(1792.0), "BFloat16"));
        let untyped = work("aten::mm", "[[16, 32], [32, 8]]", "[]").expect("a product");
        assert_eq!((untyped.bytes, untyped.dtype.as_str()), (None, ""));
        for (operator, dims) in [
            ("aten::add", "[[16, 32], [32, 8]]"),
            ("aten::mm", "[[16, 32], [31, 8]]"),
            ("aten::mm", "[[], []]"),
            ("aten::mm", "no JSON"),
            ("aten::mm", "[[0, 32], [32, 8]]"),
            ("mm", "[[16, 32], [32, 8]]"),
        ] {
            assert_eq!(work(operator, dims, types), None, "{operator} {dims}");
        }
    }
}
