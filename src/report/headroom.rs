//! Sentences about how far an answer carries, and what would save its last step.

use super::number::number;
use super::wording::against;
use crate::experiment::results::{HeadroomFigures, Verdict};
use crate::experiment::size::{Change, Saving};

/// How many times the load still meets a target.
pub fn told(found: &HeadroomFigures) -> String {
    if let Some(why) = &found.why {
        return format!("not known: {why}");
    }
    let times = |load: f64| format!("{} times the load", number(load));
    let refuted =
        found.refuted.map_or(String::new(), |load| format!("; it fails for sure at {}", times(load)));
    match found.proved {
        Some(most) if found.is_more_than_tried() => {
            format!("{} and more (the most that is tried)", times(most))
        }
        Some(proved) => format!("holds for sure up to {}{refuted}", times(proved)),
        None => format!("holds for sure at no load that was tried{refuted}"),
    }
}

/// A change that was tried one step short of the answer, and what came of it.
pub fn saving(saving: &Saving) -> [String; 2] {
    let change = match saving.change {
        Change::ClientPool => "connections kept by client pools",
        Change::IdleTimeout => "the shortest idle timeout",
        Change::PrivateLink => "a private endpoint for the hottest destination",
    };
    let settings = match saving.settings.is_empty() {
        true => String::new(),
        false => format!(" ({})", saving.settings.join(", ")),
    };
    let found = match (&saving.judged, &saving.why) {
        (Some(judged), _) => {
            let saves = match judged.verdict {
                Verdict::Pass => "saves the step",
                Verdict::Fail => "does not",
                Verdict::Inconclusive => "cannot be told",
            };
            format!("{saves}: {}", against(judged))
        }
        (None, Some(why)) if saving.verdict == Some(Verdict::Pass) => format!("saves the step: {why}"),
        (None, Some(why)) => format!("not tried: {why}"),
        (None, None) => "not tried".into(),
    };
    [format!("{change}{settings}"), found]
}
