//! Which node each pod is on, and when that changes.

use super::case::{Case, Change, Millis};

/// The nodes of the pods of each workload, in the order of the pods, at `time`.
pub fn nodes_of_pods(case: &Case, time: Millis) -> Vec<Vec<u32>> {
    let on_turn = |pods: u32| (0..pods).map(|pod| pod % case.nodes).collect();
    let mut placed: Vec<Vec<u32>> = case.workloads.iter().map(|workload| on_turn(workload.pods)).collect();
    for event in case.events.iter().filter(|event| event.at <= time) {
        if let Change::Pods { workload, pods } = event.change {
            placed[workload].truncate(pods as usize);
            while placed[workload].len() < pods as usize {
                let fewest = (0..case.nodes)
                    .min_by_key(|node| placed.iter().flatten().filter(|each| *each == node).count());
                placed[workload].push(fewest.expect("there is a node"));
            }
        }
    }
    placed
}
