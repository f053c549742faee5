//! One cluster in several files: it is judged once, and files that contradict each other are asked about.

use super::{CountedPool, SettingValue, Subject};
use crate::import::config::{Cluster, Deployed};

/// Leaves one of those that say the same. `subjects` are those of the clusters, in their order.
pub fn join(subjects: &mut Vec<Subject>, deployed: &Deployed) {
    let clusters = &deployed.clusters;
    let mut repeated = Vec::new();
    for (later, cluster) in clusters.iter().enumerate() {
        let Some(first) = clusters[..later].iter().position(|other| is_same(other, cluster)) else {
            continue;
        };
        if agree(&subjects[first], &subjects[later]) {
            repeated.push(later);
            continue;
        }
        for number in [first, later] {
            let what =
                format!("which of the files is right about {}: they contradict each other", cluster.name);
            subjects[number].lacks(what, "give only the file that holds now");
        }
    }
    repeated.iter().rev().for_each(|number| _ = subjects.remove(*number));
}

fn is_same(one: &Cluster, other: &Cluster) -> bool {
    let file = |cluster: &Cluster| cluster.origin.as_ref().map(|origin| origin.file.clone());
    let lower = |text: &str| text.to_lowercase();
    file(one) != file(other)
        && lower(&one.name) == lower(&other.name)
        && one.group.as_deref().map(lower) == other.group.as_deref().map(lower)
}

/// Whether two say the same of everything that decides on the verdict, wherever it stood.
fn agree(one: &Subject, other: &Subject) -> bool {
    let settings = |subject: &Subject| -> Vec<(&'static str, SettingValue)> {
        subject.settings.iter().map(|setting| (setting.key, setting.value.clone())).collect()
    };
    let pools = |subject: &Subject| -> Vec<CountedPool> {
        let bare = |pool: &CountedPool| CountedPool { origin: String::new(), ..pool.clone() };
        subject.node_pools.iter().map(bare).collect()
    };
    one.outbound_type == other.outbound_type
        && one.own_network == other.own_network
        && one.change == other.change
        && settings(one) == settings(other)
        && pools(one) == pools(other)
}
