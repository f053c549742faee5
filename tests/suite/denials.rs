//! Destinations that a network policy or a route table denies, and those beside the outbound device.

use super::command_line::snatsim;
use crate::check::run;
use snatsim::experiment::results::Totals;

/// 40 flows at once towards a partner that is reached like that, and 10 ports.
fn burst(reach: &str, more: &str) -> String {
    format!(
        "[outbound]\nmodel = \"custom\"\nports = 10\n[[destination]]\nname = \"partner\"\nreach = \"{reach}\"\n[[workload]]\n\
         arrivals.burst = {{ flows = 40 }}\nlifetime = \"2s\"\nsyn = \"none\"\n{more}\n[run]\nduration = \"60s\"\nreplications = 2\n"
    )
}

fn totals(reach: &str, more: &str) -> Totals {
    run(&burst(reach, more), &[]).totals
}

#[test]
fn a_denied_flow_fails_apart_from_snat_failures() {
    let denied = totals("blocked", "");
    assert_eq!(
        (denied.denied, denied.flows, denied.connection_failures, denied.request_failures),
        (80, 80, 80, 80)
    );
    assert_eq!((denied.attempts, denied.snat_failures), (0, 0));
    let refused = totals("internet", "");
    assert_eq!((refused.denied, refused.snat_failures, refused.connection_failures), (0, 60, 60));
}

#[test]
fn each_retry_of_a_denied_request_is_denied_again() {
    let retry = "retry = { attempts = 3, backoff = { base = \"1s\" } }";
    let denied = totals("blocked", retry);
    assert_eq!((denied.denied, denied.flows, denied.requests, denied.request_failures), (240, 240, 80, 80));
    let pooled = totals("blocked", "client_pool = { max = 3 }");
    assert_eq!((pooled.denied, pooled.request_failures, pooled.attempts), (80, 80, 0));
}

#[test]
fn what_lies_beside_the_device_needs_no_port_and_is_not_denied() {
    for reach in
        ["private-endpoint", "service-endpoint", "same-region-storage", "vnet", "peered", "on-premises"]
    {
        let beside = totals(reach, "");
        let failed = (beside.connection_failures, beside.snat_failures, beside.denied);
        assert_eq!((beside.flows, beside.attempts, failed), (80, 0, (0, 0, 0)), "{reach}");
    }
}

#[test]
fn denials_are_told_where_there_are_any() {
    let said = |reach: &str, format: &str| {
        let output = snatsim(&["run", "-", "-o", format]).write_stdin(burst(reach, "")).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for format in ["text", "markdown"] {
        let text = said("blocked", format);
        assert!(text.contains("80 of the 80 connection failures, by a network policy"), "{text}");
        assert!(!said("internet", format).contains("network policy"));
    }
}
