//! A report as one HTML file that needs no network and no script.

use super::chart::Chart;
use super::document::{Block, Document, Tone};
use super::number::counted;
use super::plot::svg_in_page;
use super::table::Table;
use crate::error::Error;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("page.css");

/// The page.
pub fn render(document: &Document) -> Result<String, Error> {
    let blocks = document.blocks.iter().map(block).collect::<Result<Vec<Markup>, Error>>()?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                link rel="icon" href="data:,";
                title { (document.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (document.title) }
                    p.finding.(tone(document.tone)) { (document.finding) }
                    @for block in &blocks { (block) }
                }
            }
        }
    };
    Ok(page.into_string() + "\n")
}

fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Neutral => "neutral",
    }
}

fn block(block: &Block) -> Result<Markup, Error> {
    Ok(match block {
        Block::Heading(text) => html! { h2 { (text) } },
        Block::Paragraph(text) => html! { p { (text) } },
        Block::List(items) => html! { ul { @for item in items { li { (item) } } } },
        Block::Warning(text) => html! { p.warning role="note" { strong { "Warning: " } (text) } },
        Block::Table(rows) => table(rows, "Table"),
        Block::Chart(each) => chart(each)?,
        Block::Source { title, text } => {
            html! { details { summary { (title) } pre tabindex="0" { (text) } } }
        }
    })
}

fn chart(chart: &Chart) -> Result<Markup, Error> {
    Ok(html! {
        figure {
            div.chart { (PreEscaped(svg_in_page(chart)?)) }
            figcaption { (chart.explanation) }
            details { summary { "Numbers" } (table(&chart.table, &chart.finding)) }
        }
    })
}

/// A table that scrolls by itself on a narrow screen.
fn table(table: &Table, name: &str) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(name) {
            table {
                thead { tr { @for cell in &table.head { th scope="col" { (cell) } } } }
                tbody { @for row in &table.rows { tr { @for cell in row { td { (cell) } } } } }
            }
        }
        @if table.left_out > 0 {
            p.small { (counted(table.left_out as u64, "row")) " left out; results.json has them all." }
        }
    }
}
