//! What was asked of a result.

use crate::experiment::results::Verdict;

/// Something that was asked of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What was asked: `failure_ratio < 0.1%`.
    pub name: String,
    /// What came out.
    pub verdict: Verdict,
    /// The numbers behind it.
    pub message: String,
}
