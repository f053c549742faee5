//! Reads a tree and collects everything that is wrong with it, each with its place.

use super::tree::{Entry, FLAG, Node, Value, line_and_column};
use super::units;
use crate::error::{Error, Problem};
use crate::import::Trace;
use crate::time::SimDuration;
use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where values come from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Name of the file.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The flags that may have set values over it.
    pub flags: &'a str,
    /// A trace that was read already, in place of the files that the scenario names.
    pub trace: Option<&'a Trace>,
}

impl Origin<'_> {
    /// A problem of the value at `span`.
    pub fn problem(&self, span: &Range<usize>, message: String, help: Option<String>) -> Problem {
        let Self { file, text, flags, .. } = self;
        let place = (*span != FLAG && span.end > 0).then(|| line_and_column(text, span.start));
        let file = if *span == FLAG { flags } else { file };
        let (line, column) = (place.map(|(line, _)| line), place.map(|(_, column)| column));
        Problem { file: (*file).into(), line, column, message, help }
    }
}

/// Values being read, and the problems found so far.
pub struct Reader<'a> {
    origin: Origin<'a>,
    problems: RefCell<Vec<(usize, Problem)>>,
}

impl<'a> Reader<'a> {
    /// Nothing wrong yet.
    pub fn new(origin: Origin<'a>) -> Self {
        Self { origin, problems: RefCell::new(Vec::new()) }
    }

    /// Notes a problem at `span`, once: a value may be read for several purposes.
    pub fn problem(&self, span: &Range<usize>, message: String, help: Option<String>) {
        let noted = (span.start, self.origin.problem(span, message, help));
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&noted) {
            problems.push(noted);
        }
    }

    /// The trace in place of the files that the scenario names, if it was read already.
    pub fn given_trace(&self) -> Option<&'a Trace> {
        self.origin.trace
    }

    /// Where a file lies that the scenario names, from the scenario's own folder; `-` (standard input) lies nowhere.
    pub fn path(&self, name: &str) -> PathBuf {
        match Path::new(self.origin.file).parent() {
            Some(folder) if name != "-" => folder.join(name),
            _ => name.into(),
        }
    }

    /// All problems in order of their place, or nothing.
    pub fn finish(self) -> Result<(), Error> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(start, _)| *start);
        let problems: Vec<Problem> = problems.into_iter().map(|(_, problem)| problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(Error::Input(problems)) }
    }

    /// The table at `node`, called `name`.
    pub fn table(&'a self, node: &'a Node, name: &str) -> Table<'a> {
        let entries: &[Entry] = match &node.value {
            Value::Table(entries) => entries,
            _ => {
                self.problem(&node.span, format!("`{name}` is {}, not a table", node.kind()), None);
                &[]
            }
        };
        Table {
            reader: self,
            name: name.into(),
            entries,
            span: node.span.clone(),
            asked: RefCell::new(Vec::new()),
        }
    }
}

/// A table being read. Keys that nobody asked for are unknown.
pub struct Table<'a> {
    /// The reader it belongs to.
    pub reader: &'a Reader<'a>,
    name: String,
    entries: &'a [Entry],
    /// Where it stands.
    pub span: Range<usize>,
    asked: RefCell<Vec<String>>,
}

impl<'a> Table<'a> {
    /// The value of `key`, if it is there.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(key.into());
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// All entries, which then count as asked for.
    pub fn all(&self) -> &'a [Entry] {
        self.asked.borrow_mut().extend(self.entries.iter().map(|entry| entry.key.clone()));
        self.entries
    }

    /// The value of `key`; a problem if it is missing.
    pub fn need(&self, key: &str, example: &str) -> Option<&'a Node> {
        let found = self.get(key);
        if found.is_none() {
            self.wrong(
                &self.span,
                format!("`{}` lacks `{key}`", self.name),
                Some(format!("write `{key} = {example}`")),
            );
        }
        found
    }

    /// Notes a problem.
    pub fn wrong(&self, span: &Range<usize>, message: String, help: Option<String>) {
        self.reader.problem(span, message, help);
    }

    /// A problem for each key that nobody asked for.
    pub fn finish(self) {
        let asked = |entry: &&Entry| self.asked.borrow().contains(&entry.key);
        self.entries.iter().filter(|entry| !asked(entry)).for_each(|entry| self.unknown(entry));
    }

    /// A time.
    pub fn duration(&self, key: &str) -> Option<SimDuration> {
        self.get(key).and_then(|node| duration(self.reader, key, node))
    }

    /// A rate above 0, per second.
    pub fn rate(&self, key: &str) -> Option<f64> {
        let node = self.need(key, "\"40 per s\"")?;
        let rate = rate(self.reader, key, node)?;
        if rate > 0.0 {
            return Some(rate);
        }
        let message = format!("`{key}` is 0 per s; write a rate above 0 and at most 1e9 per s");
        self.wrong(&node.span, message, None);
        None
    }

    /// A whole number within bounds.
    pub fn count(&self, key: &str, least: u64, most: u64) -> Option<u64> {
        self.get(key).and_then(|node| count(self.reader, key, node, least, most))
    }

    /// A number within bounds (both allowed).
    pub fn number(&self, key: &str, least: f64, most: f64) -> Option<f64> {
        let node = self.get(key)?;
        number(self.reader, key, node, least, most)
    }

    /// A text.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        let node = self.get(key)?;
        match &node.value {
            Value::Text(text) if text.is_empty() => {
                self.wrong(
                    &node.span,
                    format!("`{key}` is empty"),
                    Some("leave it out, or write a text".into()),
                );
                None
            }
            Value::Text(text) if text.contains(char::is_control) => {
                let help = Some("write it without line ends, tabs and escape sequences".into());
                self.wrong(&node.span, format!("`{key}` holds a control character"), help);
                None
            }
            Value::Text(text) => Some(text),
            _ => {
                self.wrong(&node.span, format!("`{key}` is {}, not a text in quotes", node.kind()), None);
                None
            }
        }
    }

    /// Which of `names` is meant; `what` is the thing that has them.
    pub fn named<'n>(
        &self,
        key: &str,
        what: &str,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> Option<usize> {
        let (node, name) = (self.get(key)?, self.text(key)?);
        let found = names.clone().position(|each| each == name);
        if found.is_none() {
            let help = did_you_mean(name, names.clone())
                .unwrap_or_else(|| format!("known here: {}", names.collect::<Vec<&str>>().join(", ")));
            self.wrong(&node.span, format!("no {what} is called \"{name}\""), Some(help));
        }
        found
    }

    /// True or false.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(|node| flag(self.reader, key, node))
    }

    /// One of several words.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        self.get(key).and_then(|node| choice(self.reader, key, node, choices))
    }

    /// The one key of a table whose keys are alternatives.
    pub fn only(&self, allowed: &[&str]) -> Option<(&'a str, &'a Node)> {
        allowed.iter().for_each(|key| self.asked.borrow_mut().push((*key).into()));
        match self.entries {
            [entry] if allowed.contains(&entry.key.as_str()) => Some((entry.key.as_str(), &entry.node)),
            [entry] => {
                self.unknown(entry);
                None
            }
            _ => {
                let message = format!("`{}` needs exactly one of {}", self.name, allowed.join(", "));
                self.wrong(&self.span, message, None);
                None
            }
        }
    }

    fn unknown(&self, entry: &Entry) {
        let asked = self.asked.borrow();
        let near = did_you_mean(&entry.key, asked.iter().map(String::as_str));
        let mut known: Vec<&String> = asked.iter().collect();
        known.sort();
        known.dedup();
        let known = known.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(", ");
        let help = near.unwrap_or_else(|| format!("known here: {known}"));
        let message = format!("unknown key `{}` in `{}`", entry.key, self.name);
        self.reader.problem(&entry.span, message, Some(help));
    }
}

/// The question whether the nearest of `known` was meant, where one is near.
pub fn did_you_mean<'n>(found: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let near = known.map(|name| (strsim::jaro_winkler(name, found), name));
    let (likeness, name) = near.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (likeness > 0.75).then(|| format!("did you mean `{name}`?"))
}

/// Faster than any machine opens connections, per second.
pub const MOST_PER_SECOND: f64 = 1e9;

/// A time at `node`.
pub fn duration(reader: &Reader<'_>, key: &str, node: &Node) -> Option<SimDuration> {
    let read = match &node.value {
        Value::Text(text) => units::duration(text),
        Value::Integer(number) => Err(format!(
            "is {number}, which has no unit; write ms, s, m (minutes), h or d, such as \"{number}s\""
        )),
        _ => Err(format!("is {}, not a time; write such as \"30s\"", node.kind())),
    };
    read.map_err(|why| reader.problem(&node.span, format!("`{key}` {why}"), None)).ok()
}

/// A time above 0 at `node`.
pub fn positive(reader: &Reader<'_>, key: &str, node: &Node) -> Option<SimDuration> {
    let time = duration(reader, key, node)?;
    if time > SimDuration::ZERO {
        return Some(time);
    }
    reader.problem(&node.span, format!("`{key}` is 0; allowed is a time above 0"), None);
    None
}

/// A rate of 0 or more at `node`, per second.
pub fn rate(reader: &Reader<'_>, key: &str, node: &Node) -> Option<f64> {
    let read = match &node.value {
        Value::Text(text) => units::rate(text),
        _ => Err(format!("is {}, which has no unit; write such as \"40 per s\"", node.kind())),
    };
    let read = read.and_then(|rate| match rate <= MOST_PER_SECOND {
        true => Ok(rate),
        false => Err(format!("is {rate} per s; write a rate of at most 1e9 per s")),
    });
    read.map_err(|why| reader.problem(&node.span, format!("`{key}` {why}"), None)).ok()
}

/// A whole number at `node`.
pub fn count(reader: &Reader<'_>, key: &str, node: &Node, least: u64, most: u64) -> Option<u64> {
    match node.value {
        Value::Integer(number)
            if u64::try_from(number).is_ok_and(|number| (least..=most).contains(&number)) =>
        {
            Some(number as u64)
        }
        _ => {
            let message =
                format!("`{key}` is {}; allowed is a whole number from {least} to {most}", node.kind());
            reader.problem(&node.span, message, None);
            None
        }
    }
}

/// A number at `node`.
pub fn number(reader: &Reader<'_>, key: &str, node: &Node, least: f64, most: f64) -> Option<f64> {
    let value = match node.value {
        Value::Integer(number) => number as f64,
        Value::Float(number) => number,
        _ => f64::NAN,
    };
    if (least..=most).contains(&value) {
        return Some(value);
    }
    let message = format!("`{key}` is {}; allowed is a number from {least} to {most}", node.kind());
    reader.problem(&node.span, message, None);
    None
}

/// True or false at `node`.
pub fn flag(reader: &Reader<'_>, key: &str, node: &Node) -> Option<bool> {
    match node.value {
        Value::Boolean(value) => Some(value),
        _ => {
            let message = format!("`{key}` is {}; allowed is true or false", node.kind());
            reader.problem(&node.span, message, None);
            None
        }
    }
}

/// One of several words at `node`.
pub fn choice<T: Copy>(reader: &Reader<'_>, key: &str, node: &Node, choices: &[(&str, T)]) -> Option<T> {
    if let Value::Text(text) = &node.value
        && let Some((_, value)) = choices.iter().find(|(name, _)| name == text)
    {
        return Some(*value);
    }
    let allowed = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let near = match &node.value {
        Value::Text(text) => choices.iter().find(|(name, _)| strsim::jaro_winkler(name, text) > 0.85),
        _ => None,
    };
    let help = near.map(|(name, _)| format!("did you mean \"{name}\"?"));
    reader.problem(&node.span, format!("`{key}` is {}; allowed is {allowed}", node.kind()), help);
    None
}

/// The items of a list at `node`.
pub fn list<'a>(reader: &Reader<'_>, key: &str, node: &'a Node) -> &'a [Node] {
    match &node.value {
        Value::List(nodes) => nodes,
        _ => {
            reader.problem(&node.span, format!("`{key}` is {}, not a list", node.kind()), None);
            &[]
        }
    }
}

/// The tables of a list, where it is there.
pub fn tables<'a>(reader: &Reader<'_>, node: Option<&'a Node>, name: &str) -> &'a [Node] {
    node.map_or(&[], |node| list(reader, name, node))
}
