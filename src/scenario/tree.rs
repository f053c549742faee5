//! A file as a tree of values that remember where they stand.

use crate::error::{Error, Problem};
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// The place of values that a flag set; values of JSON have an empty place.
pub const FLAG: Range<usize> = usize::MAX..usize::MAX;

/// A value and its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Bytes of the text.
    pub span: Range<usize>,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// Whole number.
    Integer(i64),
    /// Number with a point.
    Float(f64),
    /// Truth value.
    Boolean(bool),
    /// List.
    List(Vec<Node>),
    /// Named values, in order of name.
    Table(Vec<Entry>),
}

/// A named value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Name.
    pub key: String,
    /// Where the name stands.
    pub span: Range<usize>,
    /// Value.
    pub node: Node,
}

impl Node {
    /// A value that a flag set.
    pub fn set(value: Value) -> Self {
        Self { value, span: FLAG }
    }

    /// What kind of value it is, in words.
    pub fn kind(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("the text \"{text}\""),
            Value::Integer(number) => format!("the number {number}"),
            Value::Float(number) => format!("the number {number}"),
            Value::Boolean(value) => format!("{value}"),
            Value::List(_) => "a list".into(),
            Value::Table(_) => "a table".into(),
        }
    }

    /// The entry of that name.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node),
            _ => None,
        }
    }

    /// The entry of that name, made if need be; nothing if this is no table.
    pub fn entry(&mut self, key: &str) -> Option<&mut Node> {
        let Value::Table(entries) = &mut self.value else { return None };
        let position = match entries.iter().position(|entry| entry.key == key) {
            Some(position) => position,
            None => {
                let node = Node::set(Value::Table(Vec::new()));
                entries.push(Entry { key: key.into(), span: FLAG, node });
                entries.len() - 1
            }
        };
        Some(&mut entries[position].node)
    }

    /// The entry of that name, if it is there.
    pub fn entry_if_there(&mut self, key: &str) -> Option<&mut Node> {
        let Value::Table(entries) = &mut self.value else { return None };
        entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }

    /// Takes entries away.
    pub fn remove(&mut self, keys: &[&str]) {
        if let Value::Table(entries) = &mut self.value {
            entries.retain(|entry| !keys.contains(&entry.key.as_str()));
        }
    }

    /// Sets the entries of `other`, whatever was there.
    pub fn lay_over(&mut self, other: &Self) {
        let (Value::Table(entries), Value::Table(others)) = (&mut self.value, &other.value) else { return };
        for entry in others {
            match entries.iter_mut().find(|each| each.key == entry.key) {
                Some(here) => *here = entry.clone(),
                None => entries.push(entry.clone()),
            }
        }
    }

    /// The tree as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) => text.clone().into(),
            Value::Integer(number) => (*number).into(),
            Value::Float(number) => (*number).into(),
            Value::Boolean(value) => (*value).into(),
            Value::List(nodes) => nodes.iter().map(Node::to_json).collect::<Vec<_>>().into(),
            Value::Table(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json()));
                serde_json::Value::Object(pairs.collect())
            }
        }
    }
}

/// Reads TOML, or JSON where the text begins with a brace.
pub fn parse(file: &str, text: &str) -> Result<Node, Error> {
    if text.trim_start().starts_with('{') {
        return parse_json(file, text);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table_node(table.get_ref(), table.span()));
    }
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        let message = "is JSON, but no object; a scenario has its tables in one: `{ \"outbound\": .. }`";
        return Err(Error::input(file, message));
    }
    let problem = |error: &toml::de::Error| {
        let place = error.span().map(|span| line_and_column(text, span.start));
        Problem {
            file: file.into(),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            message: format!("not valid TOML: {}", error.message().trim()),
            help: None,
        }
    };
    Err(Error::Input(errors.iter().map(problem).collect()))
}

/// Line and column of a byte, both from 1; columns count characters.
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let at = text.floor_char_boundary(at.min(text.len()));
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn parse_json(file: &str, text: &str) -> Result<Node, Error> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        Error::Input(vec![Problem {
            file: file.into(),
            line: Some(error.line()),
            column: Some(error.column()),
            message: format!("not valid JSON: {error}"),
            help: None,
        }])
    })?;
    Ok(json_node(&value))
}

fn json_node(value: &serde_json::Value) -> Node {
    use serde_json::Value as Json;
    let value = match value {
        Json::Null => Value::Table(Vec::new()),
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(values) => Value::List(values.iter().map(json_node).collect()),
        Json::Object(pairs) => Value::Table(
            pairs
                .iter()
                .map(|(key, value)| Entry { key: key.clone(), span: 0..0, node: json_node(value) })
                .collect(),
        ),
    };
    Node { value, span: 0..0 }
}

fn table_node(table: &DeTable<'_>, span: Range<usize>) -> Node {
    let entry =
        |(key, value): (&toml::Spanned<std::borrow::Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| Entry {
            key: key.get_ref().to_string(),
            span: key.span(),
            node: value_node(value.get_ref(), value.span()),
        };
    Node { value: Value::Table(table.iter().map(entry).collect()), span }
}

fn value_node(value: &DeValue<'_>, span: Range<usize>) -> Node {
    let value = match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            match i64::from_str_radix(digits.trim_start_matches('+'), number.radix()) {
                Ok(whole) => Value::Integer(whole),
                Err(_) => Value::Text(digits),
            }
        }
        DeValue::Float(number) => Value::Float(number.as_str().replace('_', "").parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(date) => Value::Text(date.to_string()),
        DeValue::Array(values) => {
            Value::List(values.iter().map(|value| value_node(value.get_ref(), value.span())).collect())
        }
        DeValue::Table(table) => return table_node(table, span),
    };
    Node { value, span }
}
