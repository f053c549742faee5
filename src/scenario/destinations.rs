//! `[[destination]]`: what is reached, and how.

use super::reader::{Reader, Table, tables};
use crate::flow::Protocol;
use crate::workload::{Destination, Reach};
use std::collections::{HashMap, HashSet};

/// Reads the destinations; one of that name where there is none.
pub fn destinations<'a>(reader: &'a Reader<'a>, root: &Table<'a>) -> Vec<Destination> {
    let mut addresses: HashMap<String, u64> = HashMap::new();
    let mut names = HashSet::new();
    let mut destinations: Vec<Destination> = Vec::new();
    for (number, node) in tables(reader, root.get("destination"), "destination").iter().enumerate() {
        let table = reader.table(node, "destination");
        let name = table.text("name").map_or_else(|| format!("destination-{}", number + 1), str::to_string);
        if !names.insert(name.clone()) {
            table.wrong(&node.span, format!("two destinations are called \"{name}\""), None);
        }
        let address = table.text("address").map_or_else(|| name.clone(), str::to_string);
        let next = addresses.len() as u64;
        let address = *addresses.entry(address).or_insert(next);
        table.count("port", 1, 65_535);
        let protocol = table.choice("protocol", &[("tcp", Protocol::Tcp), ("udp", Protocol::Udp)]);
        let beside =
            ["private-endpoint", "service-endpoint", "same-region-storage", "vnet", "peered", "on-premises"]
                .map(|name| (name, Reach::Beside));
        let reaches = [&[("internet", Reach::Internet), ("blocked", Reach::Blocked)], &beside[..]].concat();
        let reach = table.choice("reach", &reaches).unwrap_or(Reach::Internet);
        table.finish();
        destinations.push(Destination::new(name, address, protocol.unwrap_or_default(), reach));
    }
    if destinations.is_empty() {
        let name = "internet".to_string();
        destinations.push(Destination::new(name, 0, Protocol::Tcp, Reach::Internet));
    }
    destinations
}
