//! Copies and conditions of a template's resources.

use super::{expression, field, field_mut, is_nested};
use serde_json::{Map, Value};

/// More values than this are no template that a platform takes; what is left is asked for.
const MOST_VALUES: usize = 1_000_000;

/// Makes every literal copy of `resources`, a list or a table, and leaves out those that a literal condition leaves out, or that exist.
pub fn expand(resources: &mut Value) {
    let mut room = MOST_VALUES;
    expand_within(resources, &mut room);
}

fn expand_within(resources: &mut Value, room: &mut usize) {
    let given: Vec<(String, Value)> = match std::mem::take(resources) {
        Value::Array(values) => values.into_iter().map(|value| (String::new(), value)).collect(),
        Value::Object(fields) => fields.into_iter().collect(),
        other => {
            *resources = other;
            return;
        }
    };
    let made = given.into_iter().filter(|(_, resource)| is_made(resource));
    let made = made.flat_map(|(_, resource)| copies_of(resource, room)).collect::<Vec<Value>>();
    let inside = |mut resource: Value| {
        expand_properties(&mut resource, room);
        expand_children(&mut resource, room);
        resource
    };
    *resources = Value::Array(made.into_iter().map(inside).collect());
}

/// Whether no literal condition leaves it out, and it is none that is there already.
fn is_made(resource: &Value) -> bool {
    let says = |name: &str, word: &str| match field(resource, name) {
        Some(Value::Bool(value)) => value.to_string() == word,
        Some(Value::String(text)) => {
            let text = expression(text).unwrap_or(text);
            text.eq_ignore_ascii_case(word) || text.eq_ignore_ascii_case(&format!("{word}()"))
        }
        _ => false,
    };
    !says("condition", "false") && !says("existing", "true")
}

/// A resource as often as its copy says; once with its copy where that is not literal.
fn copies_of(resource: Value, room: &mut usize) -> Vec<Value> {
    let Some(copy) = field(&resource, "copy").filter(|copy| copy.is_object()) else { return vec![resource] };
    let name = field(copy, "name").and_then(Value::as_str).unwrap_or_default().to_string();
    let Some(count) = field(copy, "count").and_then(literal_count) else { return vec![resource] };
    if !take(room, count, &resource) {
        return vec![unread(resource, count)];
    }
    let number = |number| {
        let mut made = resource.clone();
        if let Some(fields) = made.as_object_mut() {
            fields.retain(|key, _| !key.eq_ignore_ascii_case("copy"));
        }
        count_in(&mut made, &name, number, Unnamed::IsThis);
        made
    };
    (0..count).map(number).collect()
}

/// One whose copies are too many to be made: their number is then an expression, which is asked for.
fn unread(mut resource: Value, count: usize) -> Value {
    if let Some(own) = field_mut(&mut resource, "copy").and_then(|copy| field_mut(copy, "count")) {
        *own = format!("[{count}, too many to read]").into();
    }
    resource
}

fn literal_count(count: &Value) -> Option<usize> {
    match count {
        Value::Number(number) => number.as_u64().and_then(|count| usize::try_from(count).ok()),
        Value::String(text) => expression(text).unwrap_or(text).trim().parse().ok(),
        _ => None,
    }
}

/// Whether there is room for so many copies.
fn take(room: &mut usize, count: usize, value: &Value) -> bool {
    let left = size(value).checked_mul(count).and_then(|all| room.checked_sub(all));
    *room = left.unwrap_or(*room);
    left.is_some()
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// Whose number `copyIndex()` without a name is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unnamed {
    /// This loop's.
    IsThis,
    /// That of a loop around it.
    IsOuter,
}

/// Writes the number of a copy in the place of `copyIndex`.
fn count_in(value: &mut Value, name: &str, number: usize, unnamed: Unnamed) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| count_in(value, name, number, unnamed)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| count_in(value, name, number, unnamed));
        }
        Value::String(text) if expression(text).is_some() => {
            let counted = counted(text, name, number, unnamed);
            let whole = expression(&counted).and_then(|inner| inner.parse::<u64>().ok());
            *value = whole.map_or(Value::String(counted), Value::from);
        }
        _ => {}
    }
}

const CALL: &str = "copyIndex(";

fn counted(text: &str, name: &str, number: usize, unnamed: Unnamed) -> String {
    let lower = text.to_ascii_lowercase();
    let Some(start) = lower.find(&CALL.to_ascii_lowercase()) else { return text.into() };
    let inner = start + CALL.len();
    let Some(length) = text[inner..].find(')') else { return text.into() };
    let rest = counted(&text[inner + length + 1..], name, number, unnamed);
    let head = &text[..start];
    match offset(&text[inner..inner + length], name, unnamed) {
        Some(offset) => format!("{head}{}{rest}", number + offset),
        None => format!("{}{rest}", &text[..=inner + length]),
    }
}

/// What is added to the number, if the arguments are those of the loop of that name.
fn offset(arguments: &str, name: &str, unnamed: Unnamed) -> Option<usize> {
    let mut parts = arguments.split(',').map(str::trim).filter(|part| !part.is_empty()).peekable();
    let named = parts.peek().and_then(|part| part.strip_prefix('\'')?.strip_suffix('\''));
    match named {
        Some(own) if !own.eq_ignore_ascii_case(name) => return None,
        Some(_) => _ = parts.next(),
        None if unnamed == Unnamed::IsOuter => return None,
        None => {}
    }
    parts.next().map_or(Some(0), |offset| offset.parse().ok())
}

/// Copies of properties: `"copy": [{ "name": "agentPoolProfiles", "count": 3, "input": {..} }]`.
fn expand_properties(value: &mut Value, room: &mut usize) {
    if let Value::Array(values) = value {
        values.iter_mut().for_each(|value| expand_properties(value, room));
        return;
    }
    let nested = is_nested(value);
    let Value::Object(fields) = value else { return };
    let copies = fields.iter().find(|(key, value)| key.eq_ignore_ascii_case("copy") && value.is_array());
    let copies = copies.map(|(key, value)| (key.clone(), value.as_array().cloned().unwrap_or_default()));
    if let Some((key, copies)) = copies {
        fields.remove(&key);
        copies.iter().for_each(|copy| add_copies(fields, copy, room));
    }
    let is_own = |key: &str| !nested && !key.eq_ignore_ascii_case("resources");
    for (_, value) in fields.iter_mut().filter(|(key, _)| is_own(key)) {
        expand_properties(value, room);
    }
}

/// The list of a property's copies, or an expression where their number is not literal.
fn add_copies(fields: &mut Map<String, Value>, copy: &Value, room: &mut usize) {
    let Some(name) = field(copy, "name").and_then(Value::as_str) else { return };
    let input = field(copy, "input").cloned().unwrap_or(Value::Null);
    let count = field(copy, "count");
    let made = count.and_then(literal_count).filter(|count| take(room, *count, &input));
    let value = match made {
        Some(count) => {
            let number = |number| {
                let mut made = input.clone();
                count_in(&mut made, name, number, Unnamed::IsOuter);
                made
            };
            Value::Array((0..count).map(number).collect())
        }
        None => format!("[copies of {name}: {}]", count.map_or_else(String::new, Value::to_string)).into(),
    };
    fields.insert(name.into(), value);
}

/// Resources inside of a resource: its own, and those of a nested template, which have its doubts.
fn expand_children(resource: &mut Value, room: &mut usize) {
    if let Some(children) = field_mut(resource, "resources") {
        expand_within(children, room);
    }
    if !is_nested(resource) {
        return;
    }
    let inherited: Vec<(&str, Value)> = ["condition", "copy"]
        .into_iter()
        .filter_map(|name| field(resource, name).map(|value| (name, value.clone())))
        .collect();
    let template = field_mut(resource, "properties").and_then(|properties| field_mut(properties, "template"));
    let Some(inner) = template.and_then(|template| field_mut(template, "resources")) else { return };
    expand_within(inner, room);
    for fields in inner.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        for (name, value) in &inherited {
            let is_doubt =
                |own: &Value| own.is_object() || own.as_str().is_some_and(|text| expression(text).is_some());
            if !fields.get(*name).is_some_and(is_doubt) {
                fields.insert((*name).to_string(), value.clone());
            }
        }
    }
}
