//! A report as Markdown (GitHub's dialect), its charts as links to the pictures beside it.

use super::chart::Chart;
use super::document::{Block, Document};
use super::number::counted;
use super::table::Table;

/// Where pictures are linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pictures {
    /// `plots/NAME.svg`, beside the report.
    Beside,
    /// Nowhere: only the numbers are printed.
    None,
}

/// The whole report.
pub fn render(document: &Document, pictures: Pictures) -> String {
    let blocks = document.blocks.iter().map(|each| format!("\n{}\n", block(each, pictures)));
    head(document) + &blocks.collect::<String>()
}

/// The question and the answer.
pub fn head(document: &Document) -> String {
    format!("# {}\n\n**{}**\n", escape(&document.title), escape(&document.finding))
}

fn block(block: &Block, pictures: Pictures) -> String {
    match block {
        Block::Heading(text) => format!("## {}", escape(text)),
        Block::Paragraph(text) => escape(text),
        Block::List(items) => {
            items.iter().map(|item| format!("- {}", escape(item))).collect::<Vec<_>>().join("\n")
        }
        Block::Warning(text) => format!("> **Warning:** {}", escape(text)),
        Block::Table(rows) => table(rows),
        Block::Chart(each) => chart(each, pictures),
        Block::Source { title, text } => folded(title, &format!("{0}\n{text}\n{0}", fence(text))),
    }
}

fn chart(chart: &Chart, pictures: Pictures) -> String {
    let finding = escape(&chart.finding);
    let picture = match pictures {
        Pictures::Beside => format!("![{finding}](plots/{}.svg)\n\n", chart.name),
        Pictures::None => String::new(),
    };
    format!(
        "### {finding}\n\n{picture}{}\n\n{}",
        escape(&chart.explanation),
        folded("Numbers", &table(&chart.table))
    )
}

fn folded(title: &str, text: &str) -> String {
    format!("<details><summary>{}</summary>\n\n{text}\n\n</details>", escape(title))
}

/// A table, its columns as wide as need be.
pub fn table(table: &Table) -> String {
    let cells = |row: &[String]| {
        format!("| {} |", row.iter().map(|cell| escape(cell)).collect::<Vec<_>>().join(" | "))
    };
    let rule = format!("|{}", " --- |".repeat(table.head.len()));
    let mut lines = vec![cells(&table.head), rule];
    lines.extend(table.rows.iter().map(|row| cells(row)));
    if table.left_out > 0 {
        lines.push(format!(
            "\n{} left out; results.json has them all.",
            counted(table.left_out as u64, "row")
        ));
    }
    lines.join("\n")
}

/// A fence longer than any run of back-ticks inside.
fn fence(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// Names come from users: no character of theirs may format.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' => escaped.extend(['\\', letter]),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_write_cannot_format() {
        let mut rows = Table::new(["name|x"]);
        rows.push(["<b>*a*\nb".into()]);
        assert_eq!(table(&rows), "| name\\|x |\n| --- |\n| &lt;b&gt;\\*a\\* b |");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!((fence("plain").as_str(), fence("```` four").as_str()), ("```", "`````"));
    }
}
