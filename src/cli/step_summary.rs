//! The summary of a step of GitHub Actions: a file that the environment names, and that GitHub shows as Markdown.

use crate::error::Error;
use crate::report::{self, Format, Present};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// The variable that names the file.
const FILE: &str = "GITHUB_STEP_SUMMARY";

/// GitHub shows nothing of a larger summary.
const MOST_BYTES: usize = 1024 * 1024;

/// Appends `result` as Markdown, where a file is named; other steps and commands may have written there before.
pub(super) fn append(result: &impl Present) -> Result<(), Error> {
    let Some(path) = std::env::var_os(FILE).filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(());
    };
    let mut text = report::render(result, Format::Markdown)?;
    if text.len() > MOST_BYTES / 2 {
        let document = result.document()?;
        text = report::markdown::head(&document);
        text.push_str(
            "\nThe rest is too long for a summary: write `--out DIR` and keep it as an artefact.\n",
        );
    }
    let opened = OpenOptions::new().create(true).append(true).open(&path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| Error::Write { path, source })
}
