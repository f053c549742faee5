//! A chart's axis as the drawing library wants it.

use super::font::drawable;
use crate::report::chart::Axis;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::ops::Range;

/// An axis; whatever lies beyond its ends is drawn at the end.
#[derive(Clone)]
pub struct Scale(pub Axis);

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let (low, high) = self.0.extent();
        let share = (value.clamp(low, high) - low) / (high - low);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.0.ticks().iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        let (low, high) = self.0.extent();
        low..high
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.0.ticks().iter().find(|(at, _)| at == value);
        tick.map(|(_, text)| drawable(text)).unwrap_or_default()
    }
}
