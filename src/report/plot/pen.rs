//! Sizes, fonts and text at one scale.

use super::font::{FAMILY, drawable};
use super::{Surface, colour};
use crate::error::Error;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A part of the picture, in pixels.
pub type Drawing<DB> = DrawingArea<DB, Shift>;

/// Where a text lies to its anchor, horizontally.
#[derive(Debug, Clone, Copy)]
pub enum HAlign {
    /// To the right of it.
    Left,
    /// Around it.
    Centre,
}

/// Where a text lies to its anchor, vertically.
#[derive(Debug, Clone, Copy)]
pub enum VAlign {
    /// Below it.
    Top,
    /// Around it.
    Middle,
    /// Above it.
    Bottom,
}

/// Sizes and fonts at one scale.
pub struct Pen {
    /// Pixels for a CSS pixel.
    pub scale: f64,
}

impl Pen {
    /// Pixels of a length in CSS pixels.
    pub fn scaled(&self, length: f64) -> f64 {
        length * self.scale
    }

    /// The font of labels.
    pub fn small(&self) -> FontDesc<'static> {
        FontDesc::new(FontFamily::Name(FAMILY), self.scaled(14.0), FontStyle::Normal)
    }

    /// The font of titles.
    pub fn title(&self) -> FontDesc<'static> {
        FontDesc::new(FontFamily::Name(FAMILY), self.scaled(19.0), FontStyle::Bold)
    }

    /// Writes one line of text.
    pub fn write<DB: DrawingBackend>(
        &self,
        area: &Drawing<DB>,
        text: &str,
        at: (i32, i32),
        font: &FontDesc<'_>,
        align: (HAlign, VAlign),
    ) -> Result<(), Error> {
        let style = anchored(font, align);
        self.done(area.draw_text(&drawable(text), &style, at))
    }

    /// A failure to draw is a defect: nothing that a user writes can cause one.
    pub fn done<T, E: std::fmt::Display>(&self, drawn: Result<T, E>) -> Result<T, Error> {
        drawn.map_err(|why| Error::Defect(format!("a chart cannot be drawn: {why}")))
    }
}

/// A font with its colour and anchor.
pub fn anchored<'f>(font: &FontDesc<'f>, (horizontal, vertical): (HAlign, VAlign)) -> TextStyle<'f> {
    let horizontal = match horizontal {
        HAlign::Left => HPos::Left,
        HAlign::Centre => HPos::Center,
    };
    let vertical = match vertical {
        VAlign::Top => VPos::Top,
        VAlign::Middle => VPos::Center,
        VAlign::Bottom => VPos::Bottom,
    };
    TextStyle {
        font: font.clone(),
        color: colour(Surface::Text).to_backend_color(),
        pos: Pos::new(horizontal, vertical),
    }
}

/// Width of a line of text, pixels.
pub fn text_width(font: &FontDesc<'_>, text: &str) -> f64 {
    font.box_size(&drawable(text)).map_or(0.0, |(width, _)| f64::from(width))
}
