//! Formats as words of the command line.

use crate::import::TraceFormat;
use crate::report::Format;
use clap::ValueEnum;
use clap::builder::PossibleValue;

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Text, Self::Json, Self::Markdown, Self::Csv, Self::Junit, Self::Github]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Text => ("text", "For people"),
            Self::Json => ("json", "For programs"),
            Self::Markdown => ("markdown", "For a wiki or a pull request"),
            Self::Csv => ("csv", "For a spreadsheet"),
            Self::Junit => ("junit", "For the test report of a build server; one case a threshold"),
            Self::Github => ("github", "Annotations for GitHub Actions; one a threshold"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl ValueEnum for TraceFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.meaning()))
    }
}
