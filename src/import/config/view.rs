//! A JSON document as people have it: keys in any case, settings at the top or under `properties`, numbers as strings.

use super::{Origin, Said};
use crate::error::Problem;
use serde_json::{Map, Value};
use std::cell::RefCell;

/// A document being read, and what is wrong with it so far.
pub struct Document<'a> {
    /// Its file.
    pub file: &'a str,
    /// What an empty list says in the place of a table.
    pub empty_list: EmptyList,
    /// Wrong values.
    pub problems: RefCell<Vec<Problem>>,
}

/// What an empty list says in the place of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyList {
    /// That there is none: Terraform writes tables as lists of one.
    Absent,
    /// Nothing that the platform would write.
    Wrong,
}

/// A value of a document, and where it stands.
#[derive(Clone)]
pub struct View<'a> {
    document: &'a Document<'a>,
    value: &'a Value,
    path: String,
}

impl<'a> View<'a> {
    /// The document's whole value.
    pub fn whole(document: &'a Document<'a>, value: &'a Value) -> Self {
        Self { document, value, path: String::new() }
    }

    /// Its file and its path in it.
    pub fn origin(&self) -> Origin {
        Origin { file: self.document.file.into(), path: self.path.clone() }
    }

    /// The value under one of `names`; `null` is nothing. Settings under `properties` are found as if they stood beside it. What is
    /// in an expression is not known before that is resolved, so it is that expression.
    pub fn get(&self, names: &[&str]) -> Option<Self> {
        if self.is_expression() {
            return Some(self.clone());
        }
        let fields = self.value.as_object()?;
        self.refuse_two_values(fields, names);
        let here = named(fields, names).map(|(key, value)| self.inside(key, value));
        here.or_else(|| {
            let (key, properties) = named(fields, &["properties"])?;
            let properties = self.inside(key, properties);
            if properties.is_expression() {
                return Some(properties);
            }
            named(properties.value.as_object()?, names).map(|(key, value)| properties.inside(key, value))
        })
    }

    /// Whether another program has yet to resolve it.
    pub fn is_expression(&self) -> bool {
        self.value.as_str().is_some_and(is_expression)
    }

    /// Keys that differ in nothing but case are one key.
    fn refuse_two_values(&self, fields: &Map<String, Value>, names: &[&str]) {
        for name in names {
            let mut found = fields.iter().filter(|(key, value)| same(key, name) && !value.is_null());
            if let (Some((one, value)), Some((other, another))) = (found.next(), found.next())
                && value != another
            {
                let message = "are one key with two values; write one of them";
                self.problem(format!("with `{one}` and `{other}`, which {message},"));
            }
        }
    }

    /// The same through several tables, each of which may be the only entry of a list.
    pub fn at(&self, names: &[&str]) -> Option<Self> {
        names.iter().try_fold(self.clone(), |view, name| view.get(&[name]).and_then(|next| next.block()))
    }

    /// The entries of the list under one of `names`; one that stands alone counts as a list of one.
    pub fn list(&self, names: &[&str]) -> Vec<Self> {
        self.get(names).map_or(Vec::new(), |list| list.entries())
    }

    /// Itself, or the entries of a list.
    pub fn entries(&self) -> Vec<Self> {
        match self.value {
            Value::Array(values) => {
                let entry = |(number, value)| self.step(format!("{}[{number}]", self.path), value);
                values.iter().enumerate().map(entry).filter(|entry| !entry.value.is_null()).collect()
            }
            _ => vec![self.clone()],
        }
    }

    /// Every field of a table.
    pub fn fields(&self) -> Vec<(&'a str, Self)> {
        let fields = self.value.as_object().into_iter().flatten();
        fields.map(|(key, value)| (key.as_str(), self.inside(key, value))).collect()
    }

    /// The entries of the list under one of `names` that are tables or expressions; anything else there is a problem.
    pub fn tables(&self, names: &[&str]) -> Vec<Self> {
        let Some(list) = self.get(names) else { return Vec::new() };
        if let Value::Array(values) = list.value {
            let nulls = values.iter().enumerate().filter(|(_, value)| value.is_null());
            nulls.for_each(|(number, value)| {
                list.step(format!("{}[{number}]", list.path), value).wrong::<()>("a table");
            });
        }
        let mut entries = list.entries();
        entries.retain(Self::is_table_or_expression);
        entries
    }

    /// A table, or the only entry of a list.
    pub fn block(self) -> Option<Self> {
        let Value::Array(_) = self.value else { return Some(self).filter(Self::is_table_or_expression) };
        let entries = self.entries();
        match (entries.as_slice(), self.document.empty_list) {
            ([only], _) => Some(only.clone()).filter(Self::is_table_or_expression),
            ([], EmptyList::Absent) => None,
            (entries, _) => {
                self.problem(format!("is a list of {}; allowed is a table", entries.len()));
                None
            }
        }
    }

    /// Whether it is a table, or may turn out to be one; anything else but an empty text is a problem.
    fn is_table_or_expression(&self) -> bool {
        match self.value {
            Value::Object(_) => return true,
            Value::String(text) if is_expression(text) => return true,
            Value::String(text) if text.trim().is_empty() => {}
            other => self.problem(format!("is {}; allowed is a table", kind(other))),
        }
        false
    }

    /// Its text, if it is one and not empty.
    pub fn text(&self) -> Option<&'a str> {
        self.value.as_str().filter(|text| !text.trim().is_empty())
    }

    /// The text under one of `names`.
    pub fn text_of(&self, names: &[&str]) -> Option<&'a str> {
        self.get(names)?.text()
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// Whether it is a table.
    pub fn is_table(&self) -> bool {
        self.value.is_object()
    }

    /// The whole number under one of `names`.
    pub fn count(&self, names: &[&str]) -> Said<u64> {
        self.get(names).map_or(Said::Nothing, |found| found.as_count())
    }

    /// True or false under one of `names`.
    pub fn flag(&self, names: &[&str]) -> Said<bool> {
        let Some(found) = self.get(names) else { return Said::Nothing };
        match found.value {
            Value::Bool(value) => found.said(*value),
            Value::String(text) if text.eq_ignore_ascii_case("true") => found.said(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => found.said(false),
            Value::String(text) if text.trim().is_empty() => Said::Nothing,
            Value::String(text) if is_expression(text) => found.unknown(text),
            _ => found.wrong("true or false"),
        }
    }

    /// The word under one of `names`.
    pub fn word(&self, names: &[&str]) -> Said<String> {
        let Some(found) = self.get(names) else { return Said::Nothing };
        match found.value {
            Value::String(text) if text.trim().is_empty() => Said::Nothing,
            Value::String(text) if is_expression(text) => found.unknown(text),
            Value::String(text) => found.said(text.trim().to_string()),
            _ => found.wrong("a text"),
        }
    }

    /// A whole number, which may be written as a text.
    pub fn as_count(&self) -> Said<u64> {
        let counted = match self.value {
            Value::Number(number) => number.as_u64().or_else(|| {
                let number = number.as_f64()?;
                (number.fract() == 0.0 && (0.0..=MOST as f64).contains(&number)).then_some(number as u64)
            }),
            Value::String(text) if text.trim().is_empty() => return Said::Nothing,
            Value::String(text) if is_expression(text) => return self.unknown(text),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match counted.filter(|count| *count <= MOST) {
            Some(count) => self.said(count),
            None => self.wrong(&format!("a whole number from 0 to {MOST}")),
        }
    }

    /// What was read here.
    pub fn said<T>(&self, value: T) -> Said<T> {
        Said::Value { value, origin: self.origin() }
    }

    /// An expression that another program resolves.
    pub fn unknown<T>(&self, expression: &str) -> Said<T> {
        Said::Unknown { why: expression.trim().into(), origin: self.origin() }
    }

    /// Notes that it is none of what is `allowed`.
    pub fn wrong<T>(&self, allowed: &str) -> Said<T> {
        self.problem(format!("is {}; allowed is {allowed}", kind(self.value)));
        Said::Nothing
    }

    /// Notes a problem.
    pub fn problem(&self, message: String) {
        let Origin { file, path } = self.origin();
        let message = format!("`{path}` {message}");
        let problem = Problem { file, line: None, column: None, message, help: None };
        let mut problems = self.document.problems.borrow_mut();
        if problems.len() < MOST_PROBLEMS && !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    fn inside(&self, key: &str, value: &'a Value) -> Self {
        let path = if self.path.is_empty() { key.to_string() } else { format!("{}.{key}", self.path) };
        self.step(path, value)
    }

    fn step(&self, path: String, value: &'a Value) -> Self {
        Self { document: self.document, value, path }
    }
}

/// Larger than any count of nodes, ports, addresses or minutes.
const MOST: u64 = 10_000_000;

/// So many wrong values show what is wrong with a file.
const MOST_PROBLEMS: usize = 20;

/// Only letters and digits tell keys apart: `idleTimeoutInMinutes`, `IdleTimeoutInMinutes` and `idle_timeout_in_minutes` are one.
pub fn same(one: &str, other: &str) -> bool {
    let letters = |text: &str| {
        let lower = text.bytes().map(|byte| byte.to_ascii_lowercase());
        lower.filter(|byte| *byte != b'_').collect::<Vec<u8>>()
    };
    letters(one) == letters(other)
}

/// The first of `names` that a table has and that is not `null`.
fn named<'a>(fields: &'a Map<String, Value>, names: &[&str]) -> Option<(&'a str, &'a Value)> {
    names.iter().find_map(|name| {
        let found = fields.iter().find(|(key, value)| same(key, name) && !value.is_null());
        found.map(|(key, value)| (key.as_str(), value))
    })
}

/// What Resource Manager or Terraform has yet to resolve stands in brackets.
fn is_expression(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('[') && text.ends_with(']')
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {:?}", text.chars().take(60).collect::<String>()),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a table".into(),
    }
}
