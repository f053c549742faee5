//! ARM templates: resources in a list or by symbolic name; parameters, variables, conditions and copies where they are literal.
//!
//! Leaves out: functions, and files that a template links to. What they would give is unknown, and asked for.

mod copies;
mod literals;

use super::view::{View, same};
use literals::Scope;
use serde_json::{Map, Value};

/// Puts literal defaults of parameters, and literal variables, in the place of expressions that are nothing but their name; makes
/// the copies that are literal, and leaves out what a literal condition leaves out.
pub fn resolve(value: &mut Value, notes: &mut Vec<String>) {
    let Some(template) = value.as_object().filter(|fields| is_template(fields)).cloned() else { return };
    let Some(resources) = value.get_mut("resources") else { return };
    let scope = Scope::of_template(&template, None);
    literals::replace(resources, &scope, notes);
    copies::expand(resources);
    // A copy may take its part of a list by its number.
    literals::replace(resources, &scope, notes);
}

/// The resources of a template, those of nested ones too.
pub fn resources<'a>(view: &View<'a>) -> Option<Vec<View<'a>>> {
    if !view.is_table() {
        return None;
    }
    if view.text_of(&["type"]).is_some_and(is_deployment) {
        return resources(&view.at(&["template"])?);
    }
    let is_template = view.text_of(&["type"]).is_none() && view.get(&["contentVersion"]).is_some();
    let resources = view.get(&["resources"]).filter(|_| is_template)?;
    Some(match resources.is_list() {
        true => resources.entries(),
        false => resources.fields().into_iter().map(|(_, resource)| resource).collect(),
    })
}

/// What is to be told of a deployment whose template is in another file.
pub fn linked(resource: &View<'_>) -> Option<String> {
    resource.text_of(&["type"]).filter(|of_type| is_deployment(of_type))?;
    resource.get(&["templateLink"])?;
    let name = resource.text_of(&["name"]).unwrap_or("unnamed");
    Some(format!("what the linked template of deployment {name} makes is in another file, and not judged"))
}

/// Why it is not sure that a resource is made once: its condition, or the number of its copies.
pub fn doubts(resource: &View<'_>) -> Vec<(&'static str, String)> {
    let expression = |found: Option<View<'_>>| {
        let found = found.filter(View::is_expression)?;
        found.text().map(str::to_string)
    };
    let condition = expression(resource.get(&["condition"])).map(|why| ("whether it is made", why));
    let copies = resource.get(&["copy"]).filter(View::is_table).and_then(|copy| copy.get(&["count"]));
    let copies = expression(copies).map(|why| ("how many copies there are", why));
    condition.into_iter().chain(copies).collect()
}

fn is_template(fields: &Map<String, Value>) -> bool {
    fields.contains_key("resources") && fields.contains_key("contentVersion")
}

fn is_deployment(of_type: &str) -> bool {
    same(of_type, "Microsoft.Resources/deployments")
}

/// A field by its name in any case.
fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(key, _)| same(key, name)).map(|(_, value)| value)
}

/// The same to be changed.
fn field_mut<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    value.as_object_mut()?.iter_mut().find(|(key, _)| same(key, name)).map(|(_, value)| value)
}

/// Whether a resource is a deployment of a nested template.
fn is_nested(resource: &Value) -> bool {
    field(resource, "type").and_then(Value::as_str).is_some_and(is_deployment)
}

/// What stands between the brackets of an expression.
fn expression(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    (!inner.starts_with('[')).then(|| inner.trim())
}
