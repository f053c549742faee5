//! `snatsim replay`.
use crate::error::{Error, ExitStatus};
/// Arguments.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {}
/// Replays.
pub fn replay(_: &ReplayArgs) -> Result<ExitStatus, Error> { Ok(ExitStatus::Success) }
