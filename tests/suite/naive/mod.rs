//! A second simulator, written from the rules alone: plain maps, a sorted list of events, every port by its name. It
//! shares no code with the engine, and whatever an observer is told must agree, event by event.
//!
//! What the rules leave open, and both do alike:
//! - arrivals of one instant come in the order of their numbers within their workloads, then of workloads;
//! - SYNs that meet the mapping of their flow are no events: the next that does not counts as armed with the first;
//! - an application that gives up an answer acts in the class of clients, its connection closes in that of flows; with a
//!   client pool both happen in the latter;
//! - a try that failed is counted before its place in a client pool goes to the next in line;
//! - a kept connection that its client closes at the end of the idle timeout is closed, not forgotten;
//! - of two timeouts that end together, the client pool's comes before the application's, and that before the schedule's;
//! - whether a refusing destination refuses a flow is settled when its first SYN goes out;
//! - behind another port of the node a flow is another flow for the device; what the client does with a connection that
//!   a nearer stage has forgotten reaches no stage behind it;
//! - a pod that ends with a drained node closes its TCP connections by FIN, those that it would never have closed too; one
//!   that nobody answered yet is closed without a word;
//! - flows that the device knows of a node that ends count as cut off, half-open and silent ones too;
//! - pods that leave together go one after the other, by workload; a lost node that is scaled away gives its pods up at once;
//! - lost nodes that are back before anybody noticed have their pods still; what events lead to at one instant happens in the
//!   order of the events, a node's return before others take up its work;
//! - an upgrade never has more extra nodes than the node pool has nodes;
//! - a port that comes free by silence at the instant of the next packet is free: the packet comes too late;
//! - a flow with `packets` or `keepalive` sends a last packet at the end of its lifetime, if it is remembered until then;
//! - caps count flows, however many ports these have;
//! - ports of `custom` that go are the highest of each public IP, and of its public IPs the last go;
//! - ports that come back are the lowest that are missing, and rest no longer;
//! - a load balancer grants anew a while after each change, as the cluster is then; lost nodes do not count;
//! - whoever uses a connection whose port went finds out by itself, and its client opens another; a half-open flow whose port went
//!   asks no sooner than it would have;
//! - nodes that are drained are not lost.
//!
//! Leaves out: whatever is drawn, ports that go behind a stage of the node, pods with kept connections that go, nodes that come or go during
//! an upgrade, nodes that are lost where others are wanted again while they are drained, connections of client pools to destinations that refuse, instances
//! that come and go, several streams, UDP in client pools, take-over, the linux search, packets where there are two stages, platforms' other devices.

mod case;
mod cluster;
mod connecting;
mod engine;
mod found;
mod granting;
mod leaving;
mod mappings;
mod note;
mod placement;
mod pools;
mod ports;
mod retries;
mod simulator;
mod strategy;
mod strategy_cluster;
mod talking;
mod text;
mod traffic;

use case::Case;
use note::{Note, known};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseError};
use snatsim::simulation::Sharding;

/// Cases of each kind; more for a long run.
fn settings() -> ProptestConfig {
    let cases = std::env::var("SNATSIM_NAIVE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Notes that one of two sorted lists has and the other lacks.
fn only_in(these: &[Note], others: &[Note]) -> Vec<Note> {
    let mut others = others.iter().peekable();
    let mut only = Vec::new();
    for note in these {
        while others.next_if(|other| *other < note).is_some() {}
        if others.next_if(|other| *other == note).is_none() {
            only.push(*note);
        }
    }
    only
}

/// Where they begin to differ.
fn first(mut notes: Vec<Note>) -> Vec<Note> {
    notes.sort_by_key(Note::time);
    notes.truncate(6);
    notes
}

fn agree(case: &Case) -> Result<(), TestCaseError> {
    let duration = simulator::nanos(case.duration);
    for sharding in [Sharding::Coupled, Sharding::ByQuota] {
        let told = engine::run(case, sharding);
        let naive = simulator::simulate(case, simulator::lucks(&told)).expect("nothing else is drawn");
        let (mut naive, mut engine) = (known(naive, duration), known(told, duration));
        note::as_vague_as(&naive.clone(), &mut engine);
        note::as_vague_as(&naive.clone(), &mut naive);
        engine.sort_unstable();
        naive.sort_unstable();
        let (missing, more) = (only_in(&naive, &engine), only_in(&engine, &naive));
        prop_assert!(
            missing.is_empty() && more.is_empty(),
            "{sharding:?}\nonly naive: {:?}\nonly engine: {:?}",
            first(missing),
            first(more)
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn one_stage_agrees(case in strategy::one_stage()) {
        agree(&case)?;
    }

    #[test]
    fn clients_that_try_again_agree(case in strategy::clients_that_try_again()) {
        agree(&case)?;
    }

    #[test]
    fn client_pools_agree(case in strategy::client_pools()) {
        agree(&case)?;
    }

    #[test]
    fn flows_of_several_ports_agree(case in strategy::flows_of_several_ports()) {
        agree(&case)?;
    }

    #[test]
    fn searches_that_give_up_agree(case in strategy::searches_that_give_up()) {
        agree(&case)?;
    }

    #[test]
    fn flows_that_fall_silent_agree(case in strategy::flows_that_fall_silent()) {
        agree(&case)?;
    }

    #[test]
    fn two_stages_agree(case in strategy::two_stages()) {
        agree(&case)?;
    }

    #[test]
    fn clusters_with_nodes_that_come_and_go_agree(case in strategy_cluster::nodes_that_come_and_go()) {
        agree(&case)?;
    }

    #[test]
    fn nodes_with_kept_connections_agree(case in strategy_cluster::nodes_with_kept_connections()) {
        agree(&case)?;
    }

    #[test]
    fn nodes_where_flows_are_capped_agree(case in strategy_cluster::nodes_where_flows_are_capped()) {
        agree(&case)?;
    }

    #[test]
    fn nodes_with_ports_of_their_own_agree(case in strategy_cluster::nodes_with_ports_of_their_own()) {
        agree(&case)?;
    }

    #[test]
    fn nodes_whose_ports_come_and_go_agree(case in strategy_cluster::ports_that_come_and_go()) {
        agree(&case)?;
    }

    #[test]
    fn instances_agree(case in strategy_cluster::instances()) {
        agree(&case)?;
    }

    #[test]
    fn changing_clusters_agree(case in strategy_cluster::changing_clusters()) {
        agree(&case)?;
    }
}
