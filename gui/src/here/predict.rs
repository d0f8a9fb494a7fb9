//! What machines predict of many runs, on all cores: a fit asks for as many machines as it has constants.

use weftscope_engine::{machine::Machine, validate::Row};

use crate::jobs::spread;

/// Rows of each machine: those of `parts` parts, one after another, of which `of` says what a machine predicts of one.
///
/// # Errors
/// The first of `of`, in the order of machines and parts.
pub(crate) fn rows_of<E: Send>(
    machines: &[Machine],
    parts: usize,
    of: impl Fn(&Machine, usize) -> Result<Vec<Row>, E> + Sync,
) -> Result<Vec<Vec<Row>>, E> {
    let predicted = spread(machines.len() * parts, |at| of(&machines[at / parts], at % parts));
    let predicted: Vec<Vec<Row>> = predicted.into_iter().collect::<Result<_, _>>()?;
    Ok(predicted.chunks(parts.max(1)).map(<[_]>::concat).collect())
}

#[cfg(test)]
mod tests {
    use weftscope_engine::machine::builtin;

    use super::*;

    /// As one after the other.
    #[test]
    fn rows_stand_by_machine_and_part() {
        let machines = ["h100x8", "h200x2", "h100x4"].map(|name| builtin(name).unwrap());
        let of = |machine: &Machine, part: usize| -> Result<Vec<Row>, String> {
            let row = |count: usize| Row {
                what: format!("{} {part} {count}", machine.name),
                measured: 1.0,
                predicted: 1.0,
                is_layers: false,
            };
            Ok((0..part).map(row).collect())
        };
        let one_by_one = |machine| (0..4).flat_map(|part| of(machine, part).unwrap()).collect();
        let wanted: Vec<Vec<Row>> = machines.iter().map(one_by_one).collect();
        assert_eq!(rows_of(&machines, 4, of).unwrap(), wanted);
        let failing = |machine: &Machine, part| match part {
            2 => Err(machine.name.clone()),
            _ => of(machine, part),
        };
        assert_eq!(rows_of(&machines, 4, failing).unwrap_err(), "h100x8");
    }
}
