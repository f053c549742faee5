//! Drawing a chart on any backend.

use super::font::drawable;
use super::pen::{Drawing, HAlign, Pen, VAlign, anchored, text_width};
use super::scale::Scale;
use super::{Surface, colour, legend};
use crate::error::Error;
use crate::report::chart::{Axis, Bar, Chart, Field, Mark, Panel, Shape};
use plotters::element::DashedPathElement;
use plotters::prelude::*;

type Coordinates = Cartesian2d<Scale, Scale>;
type Plane<DB> = DrawingArea<DB, Coordinates>;

const MARGIN: f64 = 18.0;
const TITLE_LINE: f64 = 25.0;

/// Draws `chart` over the whole of `root`, `scale` pixels for a CSS pixel.
pub fn chart<DB: DrawingBackend>(root: &Drawing<DB>, chart: &Chart, scale: f64) -> Result<(), Error> {
    let pen = Pen { scale };
    pen.done(root.fill(&colour(Surface::Paper)))?;
    let margin = pen.scaled(MARGIN) as u32;
    let inside = root.margin(margin, margin, margin, margin);
    let (width, height) = inside.dim_in_pixel();
    let lines = wrapped(&pen.title(), &chart.finding, f64::from(width));
    for (number, line) in lines.iter().enumerate() {
        let at = (0, (number as f64 * pen.scaled(TITLE_LINE)) as i32);
        pen.write(&inside, line, at, &pen.title(), (HAlign::Left, VAlign::Top))?;
    }
    let mut top = (lines.len() as f64 * pen.scaled(TITLE_LINE) + pen.scaled(8.0)) as u32;
    let room = f64::from(height.saturating_sub(top));
    let left = chart.panels.iter().map(|panel| indent(&pen, &panel.y)).fold(0.0, f64::max);
    for each in &chart.panels {
        let (_, rest) = inside.split_vertically(top);
        let share = (room * each.height) as u32;
        let (area, _) = rest.split_vertically(share);
        panel(&pen, &area, each, left)?;
        top += share;
    }
    pen.done(root.present())
}

/// Breaks a sentence into lines that fit.
fn wrapped(font: &FontDesc<'_>, text: &str, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(font, &format!("{line} {word}")) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

fn named(pen: &Pen, axis: &Axis) -> f64 {
    if axis.label.is_empty() { 0.0 } else { pen.scaled(24.0) }
}

/// Room for the labels of the vertical axis.
fn indent(pen: &Pen, axis: &Axis) -> f64 {
    let widest = axis.ticks().iter().map(|(_, text)| text_width(&pen.small(), text)).fold(0.0, f64::max);
    widest + pen.scaled(14.0) + named(pen, axis)
}

fn panel<DB: DrawingBackend>(pen: &Pen, area: &Drawing<DB>, panel: &Panel, left: f64) -> Result<(), Error> {
    let width = f64::from(area.dim_in_pixel().0) - left;
    let top = legend::height(pen, panel, width);
    legend::draw(pen, area, panel, left)?;
    let below = if panel.x.ticks().is_empty() { 0.0 } else { pen.scaled(26.0) };
    let mut builder = ChartBuilder::on(area);
    builder
        .margin_top((top + pen.scaled(20.0)) as u32)
        .margin_right(pen.scaled(34.0) as u32)
        .x_label_area_size((below + named(pen, &panel.x)) as u32)
        .y_label_area_size(left as u32);
    let mut context = pen.done(builder.build_cartesian_2d(Scale(panel.x.clone()), Scale(panel.y.clone())))?;
    mesh(pen, &mut context, panel)?;
    panel.marks.iter().try_for_each(|each| mark(pen, context.plotting_area(), each))
}

fn mesh<'a, DB: DrawingBackend + 'a>(
    pen: &Pen,
    context: &mut ChartContext<'a, DB, Coordinates>,
    panel: &Panel,
) -> Result<(), Error> {
    let ink = colour(Surface::Text);
    let style = TextStyle::from(pen.small()).color(&ink);
    let (x_name, y_name) = (drawable(&panel.x.label), drawable(&panel.y.label));
    let mut mesh = context.configure_mesh();
    mesh.disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(colour(Surface::Grid).stroke_width(pen.scaled(1.0) as u32))
        .axis_style(colour(Surface::Text).stroke_width(pen.scaled(1.0) as u32))
        .label_style(style.clone())
        .axis_desc_style(style)
        .set_all_tick_mark_size(pen.scaled(5.0) as u32)
        .x_desc(x_name)
        .y_desc(y_name);
    pen.done(mesh.draw())
}

fn mark<DB: DrawingBackend>(pen: &Pen, plane: &Plane<DB>, mark: &Mark) -> Result<(), Error> {
    let ink = colour(Surface::Ink(mark.ink));
    let line = ink.stroke_width(pen.scaled(2.0) as u32);
    match &mark.shape {
        Shape::Bars(bars) => bars.iter().try_for_each(|each| bar(pen, plane, each, ink)),
        Shape::Line(points) => pen.done(plane.draw(&PathElement::new(points.clone(), line))),
        Shape::Dashes(points) => {
            let (dash, gap) = (pen.scaled(7.0) as i32, pen.scaled(5.0) as i32);
            let dashes = DashedPathElement::new(points.iter().copied(), dash, gap, line);
            pen.done(plane.draw(&dashes))
        }
        Shape::Band(band) => {
            let upper = band.iter().map(|(x, _, high)| (*x, *high));
            let lower = band.iter().rev().map(|(x, low, _)| (*x, *low));
            let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
            pen.done(plane.draw(&Polygon::new(outline, ink.filled())))
        }
        Shape::Dots(points) => points
            .iter()
            .try_for_each(|at| pen.done(plane.draw(&Circle::new(*at, pen.scaled(4.5) as i32, ink.filled())))),
        Shape::Fields(fields) => fields.iter().try_for_each(|each| field(pen, plane, each, ink)),
        Shape::Moments(moments) => moments.iter().try_for_each(|each| moment(pen, plane, each, line)),
        Shape::Note(text) => {
            let (x, y) = (plane.get_x_range(), plane.get_y_range());
            let middle = ((x.start + x.end) / 2.0, (y.start + y.end) / 2.0);
            let style = anchored(&pen.small(), (HAlign::Centre, VAlign::Middle));
            pen.done(plane.draw(&Text::new(drawable(text), middle, style)))
        }
    }
}

/// A broken line from bottom to top, its text beside the top.
fn moment<DB: DrawingBackend>(
    pen: &Pen,
    plane: &Plane<DB>,
    (at, label): &(f64, String),
    line: ShapeStyle,
) -> Result<(), Error> {
    let range = plane.get_y_range();
    let (dash, gap) = (pen.scaled(3.0) as i32, pen.scaled(3.0) as i32);
    let ends = [(*at, range.start), (*at, range.end)];
    pen.done(plane.draw(&DashedPathElement::new(ends, dash, gap, line)))?;
    let style = anchored(&pen.small(), (HAlign::Left, VAlign::Top));
    let beside = (pen.scaled(3.0) as i32, pen.scaled(1.0) as i32);
    let text = EmptyElement::at((*at, range.end)) + Text::new(drawable(label), beside, style);
    pen.done(plane.draw(&text))
}

/// A rectangle, its text beyond the end that is farther from zero.
fn bar<DB: DrawingBackend>(pen: &Pen, plane: &Plane<DB>, bar: &Bar, ink: RGBColor) -> Result<(), Error> {
    pen.done(plane.draw(&Rectangle::new([bar.from, bar.to], ink.filled())))?;
    if bar.label.is_empty() {
        return Ok(());
    }
    let style = anchored(&pen.small(), (HAlign::Centre, VAlign::Bottom));
    let above = ((bar.from.0 + bar.to.0) / 2.0, bar.to.1);
    let text =
        EmptyElement::at(above) + Text::new(drawable(&bar.label), (0, -(pen.scaled(3.0) as i32)), style);
    pen.done(plane.draw(&text))
}

/// A rectangle with its text in the middle and a thin edge.
fn field<DB: DrawingBackend>(
    pen: &Pen,
    plane: &Plane<DB>,
    field: &Field,
    ink: RGBColor,
) -> Result<(), Error> {
    let corners = [field.from, field.to];
    pen.done(plane.draw(&Rectangle::new(corners, colour(Surface::Paper).filled())))?;
    pen.done(plane.draw(&Rectangle::new(corners, ink.mix(field.shade.clamp(0.0, 1.0)).filled())))?;
    let edge = colour(Surface::Grid).stroke_width(pen.scaled(1.0) as u32);
    pen.done(plane.draw(&Rectangle::new(corners, edge)))?;
    let middle = ((field.from.0 + field.to.0) / 2.0, (field.from.1 + field.to.1) / 2.0);
    let style = anchored(&pen.small(), (HAlign::Centre, VAlign::Middle));
    pen.done(plane.draw(&Text::new(drawable(&field.label), middle, style)))
}
