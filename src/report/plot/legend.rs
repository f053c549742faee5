//! The row of names above a panel.

use super::pen::{Drawing, HAlign, Pen, VAlign, text_width};
use super::{Surface, colour};
use crate::error::Error;
use crate::report::chart::{Mark, Panel, Shape};
use plotters::prelude::*;

const SWATCH: f64 = 14.0;
const GAP: f64 = 6.0;
const BETWEEN: f64 = 22.0;

/// Rows of entries, as many as fit side by side.
fn rows<'a>(pen: &Pen, panel: &'a Panel, width: f64) -> Vec<Vec<(&'a Mark, &'a str, f64)>> {
    let mut rows: Vec<Vec<(&Mark, &str, f64)>> = Vec::new();
    let mut used = f64::INFINITY;
    for mark in &panel.marks {
        let Some(name) = &mark.name else { continue };
        let needed = pen.scaled(SWATCH + GAP + BETWEEN) + text_width(&pen.small(), name);
        if used + needed > width {
            rows.push(Vec::new());
            used = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((mark, name, used));
        }
        used += needed;
    }
    rows
}

/// Height that the legend of `panel` takes.
pub fn height(pen: &Pen, panel: &Panel, width: f64) -> f64 {
    rows(pen, panel, width).len() as f64 * pen.scaled(20.0)
}

/// Draws the legend from the upper left corner of `area`.
pub fn draw<DB: DrawingBackend>(
    pen: &Pen,
    area: &Drawing<DB>,
    panel: &Panel,
    indent: f64,
) -> Result<(), Error> {
    let width = f64::from(area.dim_in_pixel().0) - indent;
    for (number, row) in rows(pen, panel, width).into_iter().enumerate() {
        let middle = (number as f64 + 0.5) * pen.scaled(20.0);
        for (mark, name, start) in row {
            let left = indent + start;
            swatch(pen, area, mark, left, middle)?;
            let at = ((left + pen.scaled(SWATCH + GAP)) as i32, middle as i32);
            pen.write(area, name, at, &pen.small(), (HAlign::Left, VAlign::Middle))?;
        }
    }
    Ok(())
}

/// A line for lines, a square for areas, a dot for dots.
fn swatch<DB: DrawingBackend>(
    pen: &Pen,
    area: &Drawing<DB>,
    mark: &Mark,
    left: f64,
    middle: f64,
) -> Result<(), Error> {
    let ink = colour(Surface::Ink(mark.ink));
    let right = left + pen.scaled(SWATCH);
    let half = match mark.shape {
        Shape::Line(_) | Shape::Dashes(_) => pen.scaled(1.5),
        _ => pen.scaled(SWATCH / 2.0 - 1.0),
    };
    if let Shape::Dots(_) = mark.shape {
        let centre = (((left + right) / 2.0) as i32, middle as i32);
        return pen.done(area.draw(&Circle::new(centre, pen.scaled(4.0) as i32, ink.filled())));
    }
    let corners = [(left as i32, (middle - half) as i32), (right as i32, (middle + half) as i32)];
    pen.done(area.draw(&Rectangle::new(corners, ink.filled())))
}
