//! ARM templates: resources in a list or by symbolic name, parameters and variables where they are literal.
//!
//! Leaves out: functions, copies and conditions. What they would give is unknown, and asked for.

use super::view::{View, same};
use serde_json::{Map, Value};

/// Puts literal defaults of parameters, and literal variables, in the place of expressions that are nothing but their name.
pub fn resolve(value: &mut Value, notes: &mut Vec<String>) {
    let Some(template) = value.as_object().filter(|fields| is_template(fields)).cloned() else { return };
    if let Some(resources) = value.get_mut("resources") {
        replace(resources, &template, notes);
    }
}

/// The resources of a template, those of nested ones too.
pub fn resources<'a>(view: &View<'a>) -> Option<Vec<View<'a>>> {
    let nested = view.text_of(&["type"]).is_some_and(|name| same(name, "Microsoft.Resources/deployments"));
    if nested {
        return resources(&view.at(&["template"])?);
    }
    let is_template = view.text_of(&["type"]).is_none() && view.get(&["contentVersion"]).is_some();
    let resources = view.get(&["resources"]).filter(|_| is_template)?;
    Some(match resources.is_list() {
        true => resources.entries(),
        false => resources.fields().into_iter().map(|(_, resource)| resource).collect(),
    })
}

fn is_template(fields: &Map<String, Value>) -> bool {
    fields.contains_key("resources") && fields.contains_key("contentVersion")
}

fn replace(value: &mut Value, template: &Map<String, Value>, notes: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, template, notes)),
        Value::Object(fields) => fields.values_mut().for_each(|value| replace(value, template, notes)),
        Value::String(text) => {
            if let Some((literal, note)) = literal(text, template) {
                if !notes.contains(&note) {
                    notes.push(note);
                }
                *value = literal;
            }
        }
        _ => {}
    }
}

/// What `[parameters('name')]` or `[variables('name')]` stands for, where that is literal.
fn literal(text: &str, template: &Map<String, Value>) -> Option<(Value, String)> {
    let call = text.strip_prefix('[')?.strip_suffix(']')?;
    let named = |function: &str| call.strip_prefix(function)?.strip_prefix("('")?.strip_suffix("')");
    let find = |table: &str, name: &str| {
        let fields = template.get(table)?.as_object()?;
        fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let (value, note) = match (named("parameters"), named("variables")) {
        (Some(name), _) => (
            find("parameters", name)?.get("defaultValue")?,
            format!("parameter {name} of the template has its default"),
        ),
        (_, Some(name)) => (find("variables", name)?, format!("variable {name} of the template is literal")),
        _ => return None,
    };
    let is_literal = !matches!(value, Value::Object(_))
        && !value.as_str().is_some_and(|text| text.starts_with('[') && text.ends_with(']'));
    is_literal.then(|| (value.clone(), note))
}
