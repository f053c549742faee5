//! The embedded font, so that plots need nothing from the machine.

use crate::error::Error;
use plotters::style::{FontStyle, register_font};
use std::sync::OnceLock;

const REGULAR: &[u8] = include_bytes!("font/DejaVuSans-subset.ttf");
const BOLD: &[u8] = include_bytes!("font/DejaVuSans-Bold-subset.ttf");

/// Name under which the font is registered; an SVG reader takes its own sans-serif font.
pub const FAMILY: &str = "sans-serif";

/// Makes the font known to the drawing library, once for the whole process.
pub fn register() -> Result<(), Error> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = REGISTERED.get_or_init(|| {
        let styles = [(FontStyle::Normal, REGULAR), (FontStyle::Bold, BOLD)];
        styles.into_iter().all(|(style, bytes)| register_font(FAMILY, style, bytes).is_ok())
    });
    if *registered { Ok(()) } else { Err(Error::Defect("the embedded font cannot be read".into())) }
}

/// `text` with every character that the font lacks replaced by `?`: it would vanish from the picture.
pub fn drawable(text: &str) -> String {
    text.chars().map(|letter| if is_drawable(letter) { letter } else { '?' }).collect()
}

/// Whether the font has `letter`: the ranges it was cut to (`font/LICENSE`).
fn is_drawable(letter: char) -> bool {
    matches!(letter,
        ' '..='~' | '\u{a0}'..='\u{ff}' | '\u{391}'..='\u{3a1}' | '\u{3a3}'..='\u{3c9}' | '\u{2010}'..='\u{2015}' | '\u{2018}'..='\u{201d}'
        | '\u{2022}' | '\u{2026}' | '\u{2030}' | '\u{2190}'..='\u{2193}' | '\u{2212}' | '\u{2248}' | '\u{2260}'
        | '\u{2264}' | '\u{2265}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_every_character_that_is_called_drawable() {
        register().unwrap();
        for bytes in [REGULAR, BOLD] {
            let face = ttf_parser::Face::parse(bytes, 0).unwrap();
            let letters = (0..=0xffff).filter_map(char::from_u32).filter(|letter| is_drawable(*letter));
            let missing: String = letters.filter(|letter| face.glyph_index(*letter).is_none()).collect();
            assert_eq!(missing, "");
        }
    }

    #[test]
    fn characters_outside_the_font_are_shown_as_missing() {
        assert_eq!(drawable("Pods ≤ 10 – 中"), "Pods ≤ 10 – ?");
    }
}
