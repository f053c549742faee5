//! What the program may suffer, and the exit status each ends with.
//!
//! A refused port is not here: that is an outcome of the simulation (`snat::SnatFailure`), never an error.

use std::fmt;
use std::path::PathBuf;

/// Every way a command can end, with its exit status. Help and manual are written from this table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// Done, and every threshold holds.
    Success = 0,
    /// A threshold failed.
    ThresholdFailed = 1,
    /// Wrong usage or input.
    WrongInput = 2,
    /// The interval straddles a threshold, or the input does not say enough to judge it.
    Inconclusive = 3,
    /// The platform would refuse the configuration.
    PlatformRefuses = 4,
    /// Parts of a sweep are missing, or of different runs.
    PartsMissing = 6,
    /// Our own defect, or an output that could not be written.
    Defect = 70,
    /// Interrupted (SIGINT).
    Interrupted = 130,
    /// Terminated (SIGTERM).
    Terminated = 143,
}

impl ExitStatus {
    /// All statuses, in order of their code.
    pub const ALL: [ExitStatus; 9] = [
        Self::Success,
        Self::ThresholdFailed,
        Self::WrongInput,
        Self::Inconclusive,
        Self::PlatformRefuses,
        Self::PartsMissing,
        Self::Defect,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The process exit code.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What the status means, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done, and every threshold holds",
            Self::ThresholdFailed => "a threshold failed",
            Self::WrongInput => "wrong usage or input",
            Self::Inconclusive => {
                "inconclusive: the interval straddles a threshold, or the files checked do not say enough"
            }
            Self::PlatformRefuses => "the platform would refuse the configuration",
            Self::PartsMissing => "parts of a sweep are missing, or of different runs",
            Self::Defect => "a defect of snatsim, or an output that could not be written",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }
}

/// One thing wrong with an input file: where, what was found, what is allowed, what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// File, trace or flag.
    pub file: String,
    /// Line, from 1; absent where the whole file is meant.
    pub line: Option<usize>,
    /// Column in characters, from 1.
    pub column: Option<usize>,
    /// The message: lower case, no full stop.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, help } = self;
        write!(out, "{file}")?;
        if let Some(line) = line {
            write!(out, ":{line}")?;
        }
        if let Some(column) = column {
            write!(out, ":{column}")?;
        }
        write!(out, ": {message}")?;
        if let Some(help) = help {
            write!(out, "\n  help: {help}")?;
        }
        Ok(())
    }
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Input that cannot be used; all problems found, in file order.
    #[error("{}", join(.0))]
    Input(Vec<Problem>),
    /// A configuration that the platform would refuse.
    #[error("the platform would refuse this configuration\n{}", join(.0))]
    PlatformRefuses(Vec<Problem>),
    /// Parts of a sweep that do not make a whole.
    #[error("{}", join(.0))]
    Parts(Vec<Problem>),
    /// An output that could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Stopped by a signal before there was a result to keep.
    #[error("stopped by a signal")]
    Stopped(ExitStatus),
    /// Something that cannot happen did.
    #[error("defect in snatsim: {0}; please report it with the command and the scenario")]
    Defect(String),
}

impl Error {
    /// What is wrong, on one line and without places.
    pub fn in_brief(&self) -> String {
        match self {
            Self::Input(problems) | Self::PlatformRefuses(problems) => {
                problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ")
            }
            other => other.to_string(),
        }
    }

    /// An input error with one problem that concerns a whole file or flag.
    pub fn input(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Input(vec![Problem {
            file: file.into(),
            line: None,
            column: None,
            message: message.into(),
            help: None,
        }])
    }

    /// The exit status this error ends with.
    pub fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Input(_) => ExitStatus::WrongInput,
            Self::PlatformRefuses(_) => ExitStatus::PlatformRefuses,
            Self::Parts(_) => ExitStatus::PartsMissing,
            Self::Write { .. } | Self::Defect(_) => ExitStatus::Defect,
            Self::Stopped(status) => *status,
        }
    }
}

fn join(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}
