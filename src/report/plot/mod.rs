//! Charts as pictures. The only place that knows the drawing library.

mod draw;
mod font;
mod legend;
mod pen;
mod scale;

use super::chart::{Chart, Ink};
use crate::error::Error;
use plotters::prelude::*;

/// Width and height of a picture, CSS pixels.
const SIZE: (u32, u32) = (960, 540);

/// A PNG has so many pixels for one of [`SIZE`], for sharp screens and print.
const PNG_SCALE: u32 = 2;

/// What is coloured besides the marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surface {
    Paper,
    Text,
    Grid,
    Ink(Ink),
}

/// Every colour, with the name of the CSS variable that replaces it inside a page.
const COLOURS: [(Surface, [u8; 3], &str); 10] = [
    (Surface::Paper, [0xff, 0xff, 0xff], "paper"),
    (Surface::Text, [0x1b, 0x1f, 0x24], "text"),
    (Surface::Grid, [0xd8, 0xde, 0xe4], "grid"),
    (Surface::Ink(Ink::Failure), [0xc4, 0x32, 0x1f], "failure"),
    (Surface::Ink(Ink::FailureRange), [0xf0, 0xb7, 0xae], "failure-range"),
    (Surface::Ink(Ink::Success), [0x3a, 0x7d, 0x44], "success"),
    (Surface::Ink(Ink::InUse), [0x0b, 0x61, 0xa4], "in-use"),
    (Surface::Ink(Ink::HoldDown), [0xe0, 0xa0, 0x30], "hold-down"),
    (Surface::Ink(Ink::Limit), [0x6e, 0x40, 0xaa], "limit"),
    (Surface::Ink(Ink::Moment), [0x57, 0x60, 0x6a], "moment"),
];

fn colour(surface: Surface) -> RGBColor {
    let found = COLOURS.iter().find(|(each, ..)| *each == surface);
    let [red, green, blue] = found.map_or([0; 3], |(_, colour, _)| *colour);
    RGBColor(red, green, blue)
}

/// The chart as an SVG document with a title and a description for readers who do not see it.
pub fn svg(chart: &Chart) -> Result<String, Error> {
    font::register()?;
    let mut text = String::new();
    let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
    draw::chart(&root, chart, 1.0)?;
    drop(root);
    let title = format!("<title>{}</title>", escape(&chart.finding));
    let description = format!("<desc>{}</desc>", escape(&chart.explanation));
    let body = text.split_once('>').map(|(_, body)| body).unwrap_or_default();
    let (width, height) = SIZE;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">{title}{description}{body}"
    ))
}

/// The same for a page: it scales, and its colours are the page's CSS variables.
pub fn svg_in_page(chart: &Chart) -> Result<String, Error> {
    let (width, height) = SIZE;
    let size = format!(" width=\"{width}\" height=\"{height}\" viewBox");
    let mut text = svg(chart)?.replacen(&size, " viewBox", 1);
    for (_, [red, green, blue], name) in COLOURS {
        text = text.replace(&format!("#{red:02X}{green:02X}{blue:02X}"), &format!("var(--{name})"));
    }
    Ok(text)
}

/// The chart as a PNG file.
pub fn png(chart: &Chart) -> Result<Vec<u8>, Error> {
    font::register()?;
    let (width, height) = (SIZE.0 * PNG_SCALE, SIZE.1 * PNG_SCALE);
    let mut pixels = vec![0; (width * height * 3) as usize];
    let root = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
    draw::chart(&root, chart, f64::from(PNG_SCALE))?;
    drop(root);
    encode(width, height, &pixels).map_err(|why| Error::Defect(format!("no PNG could be made: {why}")))
}

fn encode(width: u32, height: u32, pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    encoder.write_header()?.write_image_data(pixels)?;
    Ok(bytes)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chart::{Axis, Bar, Mark, Panel, Shape};
    use crate::report::table::Table;

    fn chart() -> Chart {
        let bar = Bar { from: (0.0, 0.0), to: (1.0, 0.5), label: "a < b".into() };
        let marks = vec![
            Mark::named("failures & more", Ink::Failure, Shape::Bars(vec![bar])),
            Mark::named("limit", Ink::Limit, Shape::Dashes(vec![(0.0, 0.2), (1.0, 0.2)])),
            Mark::bare(Ink::FailureRange, Shape::Band(vec![(0.0, 0.1, 0.2), (1.0, 0.3, 0.4)])),
        ];
        let axis = |label: &str| Axis::from_zero(label, 1.0, |value| format!("{value}"));
        let panel = Panel { height: 1.0, x: axis("ports"), y: axis("share"), marks };
        Chart {
            name: "example".into(),
            finding: "One bar & a limit".into(),
            explanation: "Nothing is measured here.".into(),
            panels: vec![panel],
            table: Table::default(),
        }
    }

    #[test]
    fn an_svg_names_its_finding_and_escapes_its_text() {
        let text = svg(&chart()).unwrap();
        assert!(text.contains("<title>One bar &amp; a limit</title><desc>Nothing is measured here.</desc>"));
        assert!(text.contains("failures &amp; more") && text.contains("a &lt; b"), "{text}");
        assert!(text.contains("#C4321F") && text.trim_end().ends_with("</svg>"));
    }

    #[test]
    fn a_page_colours_its_charts_itself() {
        let text = svg_in_page(&chart()).unwrap();
        assert!(text.contains("fill=\"var(--failure)\"") && text.contains("var(--limit)"));
        let colours = text
            .match_indices('#')
            .filter(|(at, _)| text[at + 1..].starts_with(|letter: char| letter.is_ascii_hexdigit()));
        assert_eq!(colours.count(), 0, "{text}");
    }

    #[test]
    fn a_picture_is_the_same_every_time_and_holds_more_than_paper() {
        let bytes = png(&chart()).unwrap();
        assert_eq!(bytes, png(&chart()).unwrap());
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let failure = pixels.chunks(3).filter(|pixel| *pixel == [0xc4, 0x32, 0x1f]).count();
        assert!(failure > 10_000, "{failure} pixels of the bar");
    }
}
