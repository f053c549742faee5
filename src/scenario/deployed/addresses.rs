//! How many public IPs a device has.

use super::figures::{out_of_range, range, shipped_number, whole};
use super::{SettingValue, Subject, SubjectKind};
use crate::import::config::{AFTER_APPLY, Addresses, Deployed, Origin, Said, last_name};
use crate::outbound::Refusal;
use std::collections::BTreeSet;

/// A prefix has no more addresses than IPv4.
const ADDRESS_BITS: u64 = 32;

/// Sets `public_ips` of `subject`: what the platform makes, single IPs and those of prefixes together; else what is in use; else the
/// model's number. What cannot be counted is missing.
pub fn set(subject: &mut Subject, addresses: &Addresses, deployed: &Deployed, model: &str) {
    let Addresses { managed, single, prefixes, unknown: lists, effective } = addresses;
    let (single, prefixes, effective) = (distinct(single), distinct(prefixes), distinct(effective));
    subject.own_ips = !single.is_empty() || !prefixes.is_empty();
    if subject.kind == SubjectKind::Cluster && subject.own_ips && managed.value().is_some_and(|ips| ips > 0) {
        subject.lacks(
            "which public IPs hold: those that AKS manages, or the owner's; a cluster has one of the two",
            "write the other as null, or give `az aks show -o json`",
        );
    }
    let mut count = single.len() as u64;
    let mut origins: Vec<&Origin> = single.iter().map(|(_, origin)| origin).collect();
    let mut unknown: Vec<String> =
        lists.iter().map(|(why, origin)| format!("how many public IPs {origin} has ({why})")).collect();
    match managed {
        Said::Value { value, origin } => {
            count += value;
            origins.push(origin);
        }
        Said::Unknown { why, .. } => unknown.push(format!("the number of public IPs ({why})")),
        Said::Nothing => {}
    }
    for (name, origin) in prefixes.iter().map(|(id, origin)| (last_name(id), origin)) {
        match length(&name, deployed) {
            Some(length) => {
                count += 1 << (ADDRESS_BITS - length.min(ADDRESS_BITS));
                origins.push(origin);
                let of_gateway = model == "azure/nat-gateway";
                subject.refusals.extend(wrong_prefix(&name, length).filter(|_| of_gateway));
            }
            None => unknown.push(format!("the length of public IP prefix {name}")),
        }
    }
    let nothing_said = !managed.is_said() && single.is_empty() && prefixes.is_empty() && lists.is_empty();
    if nothing_said && !effective.is_empty() {
        count = effective.len() as u64;
        origins = effective.iter().map(|(_, origin)| origin).collect();
        subject.assume(format!("each of the {count} addresses in use counts as one public IP"));
    }
    if !unknown.is_empty() {
        for what in unknown {
            let how = match what.starts_with("the length") {
                true => "give `az network public-ip prefix show -o json` as another FILE",
                false => "write it as a literal, or give what is deployed",
            };
            subject.lacks(what, how);
        }
        subject.set("public_ips", SettingValue::Missing, "not in the files");
        return;
    }
    if nothing_said && effective.is_empty() {
        no_address(subject, model);
        return;
    }
    if let Some(bounds) = range(model, "public_ips") {
        let what = "the number of public IPs";
        subject.refusals.extend(out_of_range("PublicIpsOutOfRange", "public_ips", what, count, bounds));
    }
    subject.set("public_ips", SettingValue::Number(count), together(&origins));
}

/// AKS makes what the model has; whatever else has no public IP has no ports.
fn no_address(subject: &mut Subject, model: &str) {
    match shipped_number(model, "public_ips").filter(|_| subject.kind == super::SubjectKind::Cluster) {
        Some(ips) => {
            subject.assume(format!("no public IP is named: {ips} managed by AKS, its default"));
            subject.set("public_ips", SettingValue::Number(ips), "default of AKS");
        }
        None => {
            subject.lacks("its public IPs", "associate one, or give the file that names them");
            subject.set("public_ips", SettingValue::Missing, "not in the files");
        }
    }
}

/// A NAT gateway takes prefixes of some lengths only.
fn wrong_prefix(name: &str, length: u64) -> Option<Refusal> {
    let bound = |name: &str| whole(&format!("prefix_length.{name}"));
    let what = format!("the length of prefix {name}");
    out_of_range("PrefixLengthOutOfRange", "prefix_length", &what, length, (bound("least"), bound("most")))
}

/// Public IPs of single ids and prefixes together; none where a length is not known.
pub fn counted(addresses: &Addresses, deployed: &Deployed) -> Option<u64> {
    if !addresses.unknown.is_empty() {
        return None;
    }
    let of_prefix =
        |(id, _): &(String, Origin)| Some(1 << (ADDRESS_BITS - length(&last_name(id), deployed)?));
    let of_prefixes: Option<u64> = distinct(&addresses.prefixes).into_iter().map(of_prefix).sum();
    Some(distinct(&addresses.single).len() as u64 + of_prefixes?)
}

/// One of each id; what an apply has yet to make is another one each time.
pub fn distinct(ids: &[(String, Origin)]) -> Vec<&(String, Origin)> {
    let mut seen = BTreeSet::new();
    let is_another = |(id, _): &&(String, Origin)| id == AFTER_APPLY || seen.insert(id.to_lowercase());
    ids.iter().filter(is_another).collect()
}

fn length(name: &str, deployed: &Deployed) -> Option<u64> {
    let prefix = deployed.prefixes.iter().find(|prefix| prefix.name.eq_ignore_ascii_case(name))?;
    prefix.length.value().filter(|length| *length <= ADDRESS_BITS)
}

/// The place of the first, and how many there are.
fn together(origins: &[&Origin]) -> String {
    match origins {
        [] => "default of AKS".into(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}
