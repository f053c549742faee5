//! The keys of a table: what the file says, laid over the figures of a shipped model.

use super::reader::{Table, choice, count, duration, flag};
use super::tree::{Node, Value};
use crate::time::SimDuration;

/// The file's keys over the model's.
///
/// A model was written and tested with the program: a problem is always one of the file.
pub struct Keys<'a> {
    /// What the file says.
    pub own: Table<'a>,
    /// The model's tree, if there is one.
    pub shipped: Option<&'a Node>,
}

impl<'a> Keys<'a> {
    /// A key's value: the file's, or else the model's.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.own.get(key).or_else(|| self.shipped.and_then(|node| node.get(key)))
    }

    /// A key of a table, such as `hold_down.fin`: the file's table may hold some of its keys only.
    pub fn inner(&self, table: &str, key: &str) -> Option<&'a Node> {
        let own = self.own.get(table);
        match own.map(|node| &node.value) {
            Some(Value::Table(_)) if own.is_some_and(|node| node.get(key).is_some()) => {
                own.and_then(|node| node.get(key))
            }
            Some(Value::Table(_)) | None => self.shipped?.get(table)?.get(key),
            Some(_) => own,
        }
    }

    /// A problem for each key that the file gives in `table` and that is none of `kinds`.
    pub fn check_kinds(&self, table: &str, kinds: &[&str]) {
        let Some(Value::Table(entries)) = self.own.get(table).map(|node| &node.value) else { return };
        for entry in entries.iter().filter(|entry| !kinds.contains(&entry.key.as_str())) {
            let help = Some(format!("known here: {}", kinds.join(", ")));
            self.own.wrong(&entry.span, format!("unknown key `{}` in `{table}`", entry.key), help);
        }
    }

    /// A whole number, within the model's `[range]` where it has one, or else from `least` to `most`.
    pub fn count(&self, key: &str, least: u64, most: u64) -> Option<u32> {
        let (least, most) = self.range(key).unwrap_or((least, most));
        self.get(key)
            .and_then(|node| count(self.own.reader, key, node, least, most))
            .map(|value| value as u32)
    }

    /// What the platform allows.
    pub fn range(&self, key: &str) -> Option<(u64, u64)> {
        let range = self.shipped?.get("range")?.get(key)?;
        let bound = |name| match range.get(name)?.value {
            Value::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        };
        Some((bound("least")?, bound("most")?))
    }

    /// A time, within the model's `[range]` where it has one.
    pub fn duration(&self, key: &str) -> Option<SimDuration> {
        let node = self.get(key)?;
        let span = duration(self.own.reader, key, node)?;
        let bound = |name: &str| {
            let range = self.shipped?.get("range")?.get(key)?.get(name)?;
            duration(self.own.reader, key, range)
        };
        if let (Some(least), Some(most)) = (bound("least"), bound("most"))
            && !(least..=most).contains(&span)
        {
            let message = format!("`{key}` is {span}; the platform allows {least} to {most}");
            self.own.wrong(&node.span, message, Some(format!("write a time from \"{least}\" to \"{most}\"")));
            return None;
        }
        Some(span)
    }

    /// True or false.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(|node| flag(self.own.reader, key, node))
    }

    /// One of several words.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        self.get(key).and_then(|node| choice(self.own.reader, key, node, choices))
    }
}
