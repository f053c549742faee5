//! Parameters and variables of a template, as far as they are literal.

use super::{expression, field, is_nested};
use serde_json::{Map, Value};

/// What names stand for in a template.
pub struct Scope {
    parameters: Vec<(String, Value)>,
    variables: Vec<(String, Value)>,
}

impl Scope {
    /// Of a template; `given` are the values that a parent gives its parameters.
    pub fn of_template(template: &Map<String, Value>, given: Option<&Value>) -> Self {
        let table = |name: &str| template.get(name).and_then(Value::as_object).into_iter().flatten();
        let parameter = |(name, declared): (&String, &Value)| {
            let given = given.and_then(|given| field(field(given, name)?, "value"));
            given.or_else(|| field(declared, "defaultValue")).map(|value| (name.clone(), value.clone()))
        };
        let variables = table("variables").map(|(name, value)| (name.clone(), value.clone()));
        Self {
            parameters: table("parameters").filter_map(parameter).collect(),
            variables: variables.collect(),
        }
    }

    /// The value of an expression that is a name, a part of what it stands for, or the length of that.
    fn value(&self, expression: &str) -> Option<(Value, String)> {
        if let Some(inner) = call(expression, "length").and_then(|rest| rest.strip_suffix(')')) {
            let (value, note) = self.value(inner.trim())?;
            return Some((value.as_array()?.len().into(), note));
        }
        let (named, rest, note): (_, _, fn(&str) -> String) = match call(expression, "parameters") {
            Some(rest) => {
                (&self.parameters, rest, |name| format!("parameter {name} of the template has its default"))
            }
            None => (&self.variables, call(expression, "variables")?, |name| {
                format!("variable {name} of the template is literal")
            }),
        };
        let (name, path) = rest.trim_start().strip_prefix('\'')?.split_once('\'')?;
        let found = named.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        let part = part(&found.1, path.trim_start().strip_prefix(')')?)?;
        let is_literal = part.as_str().is_none_or(|text| super::expression(text).is_none());
        is_literal.then(|| (part.clone(), note(name)))
    }
}

/// What follows the bracket of a call of `function`.
fn call<'a>(expression: &'a str, function: &str) -> Option<&'a str> {
    let head = expression.get(..function.len())?;
    let rest = expression.get(function.len()..)?.trim_start();
    rest.strip_prefix('(').filter(|_| head.eq_ignore_ascii_case(function))
}

/// A part of a value by a path such as `[0].count`.
fn part<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let path = path.trim();
    if path.is_empty() {
        return Some(value);
    }
    if let Some(rest) = path.strip_prefix('[') {
        let (step, rest) = rest.split_once(']')?;
        let named = step.trim().strip_prefix('\'').and_then(|step| step.strip_suffix('\''));
        let inner = match named {
            Some(name) => field(value, name)?,
            None => value.as_array()?.get(step.trim().parse::<usize>().ok()?)?,
        };
        return part(inner, rest);
    }
    let rest = path.strip_prefix('.')?;
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    part(field(value, &rest[..end])?, &rest[end..])
}

/// Puts what they stand for in the place of names. A nested template that is evaluated by itself has names of its own.
pub fn replace(value: &mut Value, scope: &Scope, notes: &mut Vec<String>) {
    if is_nested(value) && is_evaluated_inside(value) {
        replace_inside(value, scope, notes);
        return;
    }
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, scope, notes)),
        Value::Object(fields) => fields.values_mut().for_each(|value| replace(value, scope, notes)),
        Value::String(text) => {
            if let Some((literal, note)) = expression(text).and_then(|inner| scope.value(inner)) {
                if !notes.contains(&note) {
                    notes.push(note);
                }
                *value = literal;
            }
        }
        _ => {}
    }
}

fn is_evaluated_inside(deployment: &Value) -> bool {
    let scope = field(deployment, "properties")
        .and_then(|properties| field(field(properties, "expressionEvaluationOptions")?, "scope"));
    scope.and_then(Value::as_str).is_some_and(|scope| scope.eq_ignore_ascii_case("inner"))
}

/// Everything but its template in the parent's names, the template in its own.
fn replace_inside(deployment: &mut Value, scope: &Scope, notes: &mut Vec<String>) {
    let Some(fields) = deployment.as_object_mut() else { return };
    for (_, value) in fields.iter_mut().filter(|(key, _)| !key.eq_ignore_ascii_case("properties")) {
        replace(value, scope, notes);
    }
    let Some(properties) = super::field_mut(deployment, "properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (_, value) in properties.iter_mut().filter(|(key, _)| !key.eq_ignore_ascii_case("template")) {
        replace(value, scope, notes);
    }
    let given = properties.get("parameters").cloned();
    let template = properties.get("template").and_then(Value::as_object).cloned().unwrap_or_default();
    let own = Scope::of_template(&template, given.as_ref());
    let mut own_notes = Vec::new();
    if let Some(resources) = properties.get_mut("template").and_then(|template| template.get_mut("resources"))
    {
        replace(resources, &own, &mut own_notes);
    }
    own_notes.iter().map(|note| note.replace("the template", "a nested template")).for_each(|note| {
        if !notes.contains(&note) {
            notes.push(note);
        }
    });
}
