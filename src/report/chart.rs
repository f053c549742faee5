//! What a chart shows, apart from how it is drawn.
//!
//! Everything in a chart is finite: marks leave out points that are not, and axes have an extent. Drawing libraries
//! hang on an infinite axis and put a missing value on the lower edge.

use super::table::Table;

/// A chart: a finding, and what supports it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Stem of its files.
    pub name: String,
    /// Title: what the chart shows, as a sentence.
    pub finding: String,
    /// How to read it.
    pub explanation: String,
    /// From top to bottom.
    pub panels: Vec<Panel>,
    /// The same numbers.
    pub table: Table,
}

/// A coordinate system with marks.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Height, as a share of the chart's.
    pub height: f64,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Drawn in this order.
    pub marks: Vec<Mark>,
}

/// An axis with an extent and labelled places.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Quantity and unit; empty for names that explain themselves.
    pub label: String,
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
}

/// What a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Failures.
    Failure,
    /// A range of failures over replications.
    FailureRange,
    /// Success.
    Success,
    /// Ports that serve a flow.
    InUse,
    /// Ports at rest.
    HoldDown,
    /// A limit.
    Limit,
    /// A moment at which something happens.
    Moment,
}

/// Something drawn, with its entry in the legend.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Entry in the legend; none where it would be idle.
    pub name: Option<String>,
    /// Colour.
    pub ink: Ink,
    /// Form.
    pub shape: Shape,
}

/// The form of a mark.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Filled rectangles, each with a text beyond its end.
    Bars(Vec<Bar>),
    /// A connected line.
    Line(Vec<(f64, f64)>),
    /// A broken line.
    Dashes(Vec<(f64, f64)>),
    /// (x, lower, upper), filled between.
    Band(Vec<(f64, f64, f64)>),
    /// Dots.
    Dots(Vec<(f64, f64)>),
    /// Upright lines across the panel, each with a text at its top.
    Moments(Vec<(f64, String)>),
    /// Rectangles shaded by what they stand for, each with a text in its middle.
    Fields(Vec<Field>),
    /// A sentence in the middle of the panel, where there is nothing to draw.
    Note(String),
}

/// A shaded rectangle.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// One corner.
    pub from: (f64, f64),
    /// The opposite corner.
    pub to: (f64, f64),
    /// From 0, paper, to 1, the mark's colour.
    pub shade: f64,
    /// A text in its middle; may be empty.
    pub label: String,
}

/// A filled rectangle.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// One corner.
    pub from: (f64, f64),
    /// The opposite corner.
    pub to: (f64, f64),
    /// A text above or beside it; may be empty.
    pub label: String,
}

impl Mark {
    /// A mark with a legend.
    pub fn named(name: impl Into<String>, ink: Ink, shape: Shape) -> Self {
        Self { name: Some(name.into()), ink, shape: shape.finite() }
    }

    /// A mark without a legend.
    pub fn bare(ink: Ink, shape: Shape) -> Self {
        Self { name: None, ink, shape: shape.finite() }
    }
}

impl Shape {
    fn finite(self) -> Self {
        let point = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
        let keep = |points: Vec<(f64, f64)>| points.into_iter().filter(point).collect();
        match self {
            Self::Bars(bars) => {
                Self::Bars(bars.into_iter().filter(|bar| point(&bar.from) && point(&bar.to)).collect())
            }
            Self::Line(points) => Self::Line(keep(points)),
            Self::Dashes(points) => Self::Dashes(keep(points)),
            Self::Dots(points) => Self::Dots(keep(points)),
            Self::Band(band) => Self::Band(
                band.into_iter().filter(|(x, low, high)| point(&(*x, *low)) && high.is_finite()).collect(),
            ),
            Self::Fields(fields) => Self::Fields(
                fields
                    .into_iter()
                    .filter(|field| point(&field.from) && point(&field.to) && field.shade.is_finite())
                    .collect(),
            ),
            Self::Moments(moments) => Self::Moments(moments),
            Self::Note(text) => Self::Note(text),
        }
    }
}

/// Labels on an axis, about.
const TICKS: f64 = 6.0;

/// Steps that people count in.
const NICE: [f64; 4] = [1.0, 2.0, 5.0, 10.0];

impl Axis {
    /// From 0 to a round number at or above `high`; `text` writes a label.
    pub fn from_zero(label: &str, high: f64, text: impl Fn(f64) -> String) -> Self {
        let high = if high.is_finite() && high > 0.0 { high } else { 1.0 };
        let step = nice_step(high / TICKS);
        Self::stepped(label, (high / step - 1e-9).ceil() * step, step, text)
    }

    /// From 0 to a round number of whole things.
    pub fn counts(label: &str, high: u64) -> Self {
        let step = nice_step(high.max(1) as f64 / TICKS).max(1.0);
        let whole = |value: f64| super::number::count(value.round() as u64);
        Self::stepped(label, (high.max(1) as f64 / step).ceil() * step, step, whole)
    }

    /// From 0 to `high` seconds, in steps of clocks and calendars.
    pub fn times(label: &str, high: f64) -> Self {
        const STEPS: [f64; 21] = [
            1.0,
            2.0,
            5.0,
            10.0,
            15.0,
            30.0,
            60.0,
            120.0,
            300.0,
            600.0,
            900.0,
            1_800.0,
            3_600.0,
            7_200.0,
            10_800.0,
            21_600.0,
            43_200.0,
            86_400.0,
            172_800.0,
            604_800.0,
            1_209_600.0,
        ];
        let high = if high.is_finite() && high > 0.0 { high } else { 1.0 };
        let wanted = high / (TICKS + 2.0);
        let step = STEPS.into_iter().find(|step| *step >= wanted && wanted > 0.2);
        Self::stepped(label, high, step.unwrap_or_else(|| nice_step(wanted)), super::number::span)
    }

    /// Named places; the axis reaches from `low` to `high`.
    pub fn places(label: &str, (low, high): (f64, f64), ticks: Vec<(f64, String)>) -> Self {
        let finite = low.is_finite() && high.is_finite() && low < high;
        let (low, high) = if finite { (low, high) } else { (0.0, 1.0) };
        Self { label: label.into(), low, high, ticks }
    }

    fn stepped(label: &str, high: f64, step: f64, text: impl Fn(f64) -> String) -> Self {
        let count = (high / step + 1e-9).floor() as u64;
        let ticks = (0..=count).map(|tick| tick as f64 * step).map(|at| (at, text(at))).collect();
        Self { label: label.into(), low: 0.0, high, ticks }
    }

    /// Where it begins and ends.
    pub fn extent(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Labelled places.
    pub fn ticks(&self) -> &[(f64, String)] {
        &self.ticks
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `wanted`.
pub fn nice_step(wanted: f64) -> f64 {
    let power = libm::exp10(libm::log10(wanted).floor());
    NICE.into_iter().map(|nice| nice * power).find(|step| *step >= wanted * (1.0 - 1e-9)).unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks().iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn axes_end_at_round_numbers() {
        let axis = Axis::counts("windows", 37);
        assert_eq!((axis.extent(), labels(&axis)), ((0.0, 40.0), vec!["0", "10", "20", "30", "40"]));
        let axis = Axis::from_zero("failures (%)", 28.3, super::super::number::number);
        assert_eq!(
            (axis.extent(), labels(&axis)),
            ((0.0, 30.0), vec!["0", "5", "10", "15", "20", "25", "30"])
        );
        assert_eq!(labels(&Axis::counts("windows", 0)), ["0", "1"]);
    }

    #[test]
    fn times_are_labelled_as_on_a_clock() {
        assert_eq!(
            labels(&Axis::times("time", 7200.0)),
            ["0 s", "15 min", "30 min", "45 min", "1 h", "75 min", "90 min", "105 min", "2 h"]
        );
        assert_eq!(labels(&Axis::times("time", 86_400.0)).len(), 9);
        assert_eq!(labels(&Axis::times("time", 0.4))[1], "50 ms");
    }

    /// Drawing would hang.
    #[test]
    fn nothing_infinite_gets_in() {
        for high in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
            assert_eq!(Axis::from_zero("", high, |_| String::new()).extent(), (0.0, 1.0));
            assert_eq!(Axis::times("", high).extent(), (0.0, 1.0));
        }
        assert_eq!(Axis::places("", (f64::NEG_INFINITY, 1.0), Vec::new()).extent(), (0.0, 1.0));
        let shape = Shape::Line(vec![(0.0, f64::NAN), (1.0, 2.0)]).finite();
        assert_eq!(shape, Shape::Line(vec![(1.0, 2.0)]));
    }
}
