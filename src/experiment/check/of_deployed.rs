//! Checks of deployed configuration.

use super::changes::{Deployment, smallest};
use super::rates::doubts;
use super::{Check, MissingInput, PlatformProblem, TypeChanges, ValueOrigin, problem, together};
use crate::cluster::Cluster;
use crate::error::Error;
use crate::outbound::{Outbound, Refusal};
use crate::scenario::deployed::{
    Setting, SettingValue, Subject, SubjectKind, TypeChange, allowed_changes, figure_is_true,
};
use crate::scenario::shipped;

/// Judges each subject.
pub fn of_subjects(subjects: &[Subject]) -> Result<Option<Check>, Error> {
    let checks: Result<Vec<Check>, Error> = subjects.iter().map(of_subject).collect();
    Ok(together(checks?))
}

fn of_subject(subject: &Subject) -> Result<Check, Error> {
    let mut check = Check::new(&subject.name);
    check.outbound_type = subject.outbound_type.clone().or_else(|| subject.model.clone());
    check.model.clone_from(&subject.model);
    check.warnings.clone_from(&subject.warnings);
    check.assumptions.clone_from(&subject.assumptions);
    let missing = subject.missing.iter();
    check.missing = missing
        .map(|missing| MissingInput { what: missing.what.clone(), how: missing.how.clone() })
        .collect();
    check.values = values(subject);
    check.problems = subject.refusals.iter().map(|refusal| placed(subject, refusal)).collect();
    let cluster = subject.cluster();
    if let Some(cluster) = &cluster {
        check.count_nodes(cluster);
    }
    let none = Cluster::new(Vec::new(), None);
    if let Some(device) = subject.device(cluster.as_ref().unwrap_or(&none))? {
        judge(&mut check, subject, &device, cluster.as_ref());
        check.assumptions.extend(shipped_doubts(subject)?);
    }
    if subject.kind == SubjectKind::Cluster {
        change_of_type(&mut check, subject);
    }
    Ok(check.decided())
}

/// Numbers of the device, with what it says of itself where everything is known that it depends on.
fn judge(check: &mut Check, subject: &Subject, device: &Outbound, cluster: Option<&Cluster>) {
    check.count_ports(device, cluster);
    check.warn_of_instances(device, subject.most_instances);
    forget_unsaid(check, subject);
    let decisive = |refusal: &Refusal| ["public_ips", "ports_per_node", "node_pool"].contains(&refusal.key);
    let known = subject.missing.is_empty() && !subject.refusals.iter().any(decisive);
    if let Some(cluster) = cluster.filter(|_| known) {
        let refusals = device.refusals(cluster);
        check.problems.extend(refusals.iter().map(|refusal| placed(subject, refusal)));
        if let Outbound::LoadBalancer(device) = device {
            let deployment = (subject.kind == SubjectKind::Cluster).then(|| Deployment {
                name: &subject.name,
                group: subject.group.as_deref(),
                own_ips: subject.own_ips,
            });
            check.smallest_changes = smallest(device, cluster, deployment.as_ref());
        }
    }
}

/// What the model assumes of the rates.
fn shipped_doubts(subject: &Subject) -> Result<Vec<String>, Error> {
    let profile = subject.model.as_deref().and_then(shipped::named);
    let figures = profile.map_or_else(|| Ok(Vec::new()), |profile| profile.figures())?;
    Ok(doubts(&figures, |_| true))
}

/// Numbers that rest on a setting which no file gives, or gives as something that the platform refuses.
fn forget_unsaid(check: &mut Check, subject: &Subject) {
    let known = |key: &str| {
        let refused = subject.refusals.iter().any(|refusal| refusal.key == key);
        let missing = |setting: &Setting| setting.key == key && setting.value == SettingValue::Missing;
        !refused && !subject.settings.iter().any(missing)
    };
    check.forget_unknown(known, |key| subject.number(key));
}

/// A refusal with the place of its setting; of a rule of the network API with that API's code.
fn placed(subject: &Subject, refusal: &Refusal) -> PlatformProblem {
    let setting = subject.settings.iter().find(|setting| setting.key == refusal.key);
    let mut problem = problem(refusal, setting.map(|setting| setting.origin.clone()));
    if subject.kind == SubjectKind::OutboundRule && refusal.code == TOO_MANY_PORTS {
        problem.code = TOO_MANY_PORTS_OF_A_RULE.into();
    }
    problem
}

/// Of AKS.
const TOO_MANY_PORTS: &str = "InvalidLoadBalancerProfileAllocatedOutboundPorts";
/// The same of the network API, one layer down.
const TOO_MANY_PORTS_OF_A_RULE: &str =
    "SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAvailablePorts";

fn values(subject: &Subject) -> Vec<ValueOrigin> {
    let setting = |Setting { key, value, origin }: &Setting| ValueOrigin {
        key: format!("outbound.{key}"),
        value: match value {
            SettingValue::Number(number) => number.to_string(),
            SettingValue::Text(text) => text.clone(),
            SettingValue::Missing => "?".into(),
        },
        origin: origin.clone(),
    };
    let pools = subject.node_pools.iter().map(|pool| ValueOrigin {
        key: format!("node_pool.{}", pool.name),
        value: match pool.autoscale {
            Some((least, most)) => {
                format!("{} nodes, {least} to {most} by autoscaler, surge {}", pool.nodes, pool.surge)
            }
            None => format!("{} nodes, surge {}", pool.nodes, pool.surge),
        },
        origin: pool.origin.clone(),
    });
    subject.settings.iter().map(setting).chain(pools).collect()
}

/// What the outbound type may become, and whether what is asked for is among it.
fn change_of_type(check: &mut Check, subject: &Subject) {
    let Some(own) = &subject.outbound_type else { return };
    let (from, to) = match &subject.change {
        Some(TypeChange { from, to }) => (from.clone(), Some(to.clone())),
        None => (own.clone(), None),
    };
    // Some types are of the owner's network only.
    let own_network = subject.own_network || allowed_changes(false, &from).is_none();
    let allowed = allowed_changes(own_network, &from);
    let network = match own_network {
        true => "a virtual network of its own",
        false => "a virtual network that AKS manages",
    };
    if allowed.is_none() {
        check.assumptions.push(format!("the table of changes has no {from} in {network}"));
    }
    let allowed = allowed.unwrap_or_default();
    let is_allowed = |to: &String| {
        to.eq_ignore_ascii_case(&from) || allowed.iter().any(|name| name.eq_ignore_ascii_case(to))
    };
    let asked_is_allowed = to.as_ref().map(is_allowed);
    match to.as_ref().filter(|to| !to.eq_ignore_ascii_case(&from)) {
        Some(to) if asked_is_allowed == Some(true) => check.assumptions.push(format!(
            "the change from {from} to {to} ends every open connection and changes the addresses of the cluster"
        )),
        Some(to) => check.problems.insert(0, not_allowed(&from, to, network, &allowed)),
        None => {}
    }
    check.outbound_type_changes = Some(TypeChanges {
        from,
        own_network,
        allowed,
        asked: to,
        asked_is_allowed,
        drops_connections: figure_is_true("change_drops_connections"),
    });
}

fn not_allowed(from: &str, to: &str, network: &str, allowed: &[String]) -> PlatformProblem {
    let listed = if allowed.is_empty() { "nothing else".into() } else { allowed.join(", ") };
    PlatformProblem {
        code: "OutboundTypeChangeNotAllowed".into(),
        message: format!("the outbound type {from} of a cluster in {network} cannot become {to}"),
        help: format!("it may become {listed}; else make the cluster anew"),
        place: None,
    }
}
