//! `snatsim models`.

use super::print;
use crate::error::{Error, ExitStatus};
use crate::report::table::Table;
use crate::report::{self, Format};
use crate::scenario::shipped;
use clap::{Args, Subcommand};
use std::fmt::Write;

/// Arguments of `models`.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    action: Option<Action>,
    /// How to print.
    #[arg(short = 'o', long, value_enum, default_value_t = Format::Text, global = true)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Everything that is shipped: models, clients, SYN schedules and what else stands on figures.
    List,
    /// One model: each figure with source, date and doubt.
    Show {
        /// Its name, such as azure/nat-gateway.
        name: String,
    },
}

/// Lists the shipped models or shows one.
pub fn models(args: &ModelsArgs) -> Result<ExitStatus, Error> {
    match &args.action {
        None | Some(Action::List) => list(args.format),
        Some(Action::Show { name }) => show(name, args.format),
    }
}

fn list(format: Format) -> Result<ExitStatus, Error> {
    let mut text = String::new();
    let mut table = Table::new(["name", "title"]);
    for profile in shipped::all() {
        let title = profile.title()?;
        let _ = writeln!(text, "{:36} {title}", profile.name);
        table.push([profile.name.into(), title]);
    }
    let json = |row: &Vec<String>| serde_json::json!({ "name": row[0], "title": row[1] });
    let names: Vec<serde_json::Value> = table.rows.iter().map(json).collect();
    shown(format, text, &names, &table)
}

fn show(name: &str, format: Format) -> Result<ExitStatus, Error> {
    let Some(profile) = shipped::all().find(|profile| profile.name == name) else {
        let names = shipped::all().map(|profile| profile.name).collect::<Vec<_>>().join(", ");
        return Err(Error::input(name, format!("no such model; there are {names}")));
    };
    let figures = profile.figures()?;
    let mut text = format!("{}: {}\n", profile.name, profile.title()?);
    let mut table = Table::new(["figure", "value", "sources", "assumptions"]);
    for figure in &figures {
        let _ = writeln!(text, "\n{} = {}", figure.key, figure.value);
        figure.sources.iter().for_each(|source| _ = writeln!(text, "  source: {source}"));
        figure.assumptions.iter().for_each(|why| _ = writeln!(text, "  assumed: {why}"));
        let all = |notes: &[String]| notes.join("; ");
        table.push([
            figure.key.clone(),
            figure.value.to_string(),
            all(&figure.sources),
            all(&figure.assumptions),
        ]);
    }
    shown(format, text, &figures, &table)
}

fn shown(
    format: Format,
    text: String,
    values: &impl serde::Serialize,
    table: &Table,
) -> Result<ExitStatus, Error> {
    print(&match format {
        Format::Text => text,
        Format::Json => report::json(values)?,
        Format::Markdown => report::markdown::table(table) + "\n",
        Format::Csv => String::from_utf8_lossy(&report::table::csv(table)?).into_owned(),
        Format::Junit | Format::Github => {
            let allowed = "models judge nothing; write text, json, markdown or csv".to_string();
            return Err(Error::input("--format", allowed));
        }
    })
}
