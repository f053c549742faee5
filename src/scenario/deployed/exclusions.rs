//! What the platform's pages exclude, whatever the numbers are.

use super::Subject;
use super::figures::{allowed_changes, words};
use crate::import::config::{Cluster, NatGateway, NodePool, Said};
use crate::outbound::Refusal;

fn refuse(subject: &mut Subject, code: &'static str, message: impl Into<String>, help: impl Into<String>) {
    subject.refusals.push(Refusal { code, key: "model", message: message.into(), help: help.into() });
}

/// Of a cluster with its way out.
pub fn of_cluster(subject: &mut Subject, cluster: &Cluster, pools: &[&NodePool], outbound_type: &str) {
    let has = |key: &str| words(key).iter().any(|word| word == outbound_type);
    if subject.own_network && allowed_changes(true, outbound_type).is_none() {
        let message = format!(
            "the outbound type {outbound_type} needs a virtual network that AKS manages, and node pools are on one of its owner"
        );
        refuse(
            subject,
            "OutboundTypeNeedsManagedNetwork",
            message,
            "write userAssignedNATGateway, or leave out the subnets",
        );
    }
    let in_set = pools.iter().find(|pool| is_availability_set(pool));
    if let Some(pool) = in_set.filter(|_| !has("not_with_availability_sets")) {
        subject.warnings.push(format!(
            "node pool {} is an availability set: an outbound type may be set only for scale sets, and whether {outbound_type} was \
             set or is the default is in no file",
            pool.name
        ));
    }
    if let Some(pool) = in_set.filter(|_| has("not_with_availability_sets")) {
        let message = format!(
            "the outbound type {outbound_type} does not go with availability sets, and node pool {} is one",
            pool.name
        );
        refuse(
            subject,
            "OutboundTypeNeedsScaleSets",
            message,
            "write a node pool of type VirtualMachineScaleSets, or loadBalancer",
        );
    }
    load_balancer_sku(subject, &cluster.load_balancer_sku);
}

fn is_availability_set(pool: &NodePool) -> bool {
    pool.kind.value().is_some_and(|kind| kind.eq_ignore_ascii_case("AvailabilitySet"))
}

/// Outbound rules need the Standard SKU.
pub fn load_balancer_sku(subject: &mut Subject, sku: &Said<String>) {
    let allowed = words("load_balancer_skus");
    match sku.value() {
        Some(sku) if sku.eq_ignore_ascii_case("basic") => {
            let message = format!("the load balancer's SKU is {sku}, which has no outbound rules");
            refuse(
                subject,
                "OutboundRulesNeedStandardLoadBalancer",
                message,
                format!("write {}", allowed.join(" or ")),
            );
        }
        _ => known_sku(subject, sku, "load balancer", &allowed),
    }
}

/// Of a NAT gateway.
pub fn of_gateway(subject: &mut Subject, gateway: &NatGateway) {
    let (zonal, others) = (words("zonal_nat_gateway_skus"), words("zone_redundant_nat_gateway_skus"));
    let own = gateway.sku.value();
    let is_zonal = own.as_ref().is_none_or(|own| zonal.iter().any(|sku| sku.eq_ignore_ascii_case(own)));
    if is_zonal && gateway.zones > 1 {
        let sku = own.unwrap_or_else(|| zonal.join(", "));
        let message = format!(
            "NAT gateway {} is in {} zones; one of SKU {sku} is in one zone or none",
            gateway.name, gateway.zones
        );
        refuse(
            subject,
            "NatGatewayInSeveralZones",
            message,
            format!("write one zone, or SKU {}", others.join(" or ")),
        );
    }
    known_sku(subject, &gateway.sku, "NAT gateway", &[zonal, others].concat());
}

fn known_sku(subject: &mut Subject, sku: &Said<String>, of: &str, known: &[String]) {
    let found = match sku {
        Said::Nothing => return,
        Said::Value { value, .. } if known.iter().any(|sku| sku.eq_ignore_ascii_case(value)) => return,
        Said::Value { value, .. } => value,
        Said::Unknown { why, .. } => why,
    };
    subject
        .lacks(format!("what the SKU of the {of} is ({found})"), format!("known are {}", known.join(", ")));
}
