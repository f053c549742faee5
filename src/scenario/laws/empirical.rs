//! Measured times, in the file or in one of their own.

use super::Table;
use crate::scenario::reader::{Reader, duration, list};
use crate::scenario::units;
use crate::time::SimDuration;
use crate::workload::Law;
use std::path::Path;
use std::sync::Arc;

/// Reads `empirical`.
pub fn empirical<'a>(reader: &'a Reader<'a>, law: &Table<'a>) -> Option<Law> {
    let values: Option<Vec<SimDuration>> = match (law.get("values"), law.text("file")) {
        (Some(values), None) => {
            list(reader, "values", values).iter().map(|value| duration(reader, "values", value)).collect()
        }
        (None, Some(file)) => match read_values(&reader.path(file)) {
            Ok(values) => Some(values),
            Err(why) => {
                law.wrong(&law.span, why, None);
                None
            }
        },
        _ => {
            law.wrong(&law.span, "`empirical` needs either `values` or `file`".into(), None);
            None
        }
    };
    let values = values?;
    if values.iter().all(|value| *value == SimDuration::ZERO) {
        law.wrong(&law.span, "`empirical` needs at least one value above 0".into(), None);
        return None;
    }
    Some(Law::Empirical(Arc::new(values)))
}

/// One time a line, with its unit; empty lines and lines that begin with # are passed over.
fn read_values(path: &Path) -> Result<Vec<SimDuration>, String> {
    let file = path.display();
    let text = std::fs::read_to_string(path).map_err(|why| format!("cannot read `{file}`: {why}"))?;
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| units::duration(line).map_err(|why| format!("{file}:{number}: the time {why}")))
        .collect()
}
