//! `snatsim models`.

use super::{Format, print, to_json};
use crate::error::{Error, ExitStatus};
use crate::profile::{PROFILES, Profile};
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
    /// All shipped models.
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
    let mut names = Vec::new();
    for profile in &PROFILES {
        let title = profile.title()?;
        let _ = writeln!(text, "{:24} {title}", profile.name);
        names.push(serde_json::json!({ "name": profile.name, "title": title }));
    }
    print(&if format == Format::Json { to_json(&names)? } else { text })
}

fn show(name: &str, format: Format) -> Result<ExitStatus, Error> {
    let Some(profile) = Profile::named(name) else {
        let names = PROFILES.iter().map(|profile| profile.name).collect::<Vec<_>>().join(", ");
        return Err(Error::input(name, format!("no such model; there are {names}")));
    };
    let figures = profile.figures()?;
    if format == Format::Json {
        return print(&to_json(&figures)?);
    }
    let mut text = format!("{}: {}\n", profile.name, profile.title()?);
    for figure in figures {
        let _ = writeln!(text, "\n{} = {}", figure.key, figure.value);
        figure.sources.iter().for_each(|source| _ = writeln!(text, "  source: {source}"));
        figure.assumptions.iter().for_each(|why| _ = writeln!(text, "  assumed: {why}"));
    }
    print(&text)
}
