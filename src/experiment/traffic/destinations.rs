//! Where flows go: the busiest destinations by name, the others as equal ones that are at least as busy as they were.

use foldhash::HashMap;
use schemars::JsonSchema;
use serde::Serialize;
use std::cmp::Reverse;
use std::net::Ipv4Addr;

/// Destinations of one protocol.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Destinations {
    /// Different addresses and ports.
    pub count: u64,
    /// The busiest, in order.
    pub named: Vec<DestinationShare>,
    /// All others; null where there are none.
    pub others: Option<Others>,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DestinationShare {
    /// Address.
    pub address: String,
    /// Port.
    pub port: u16,
    /// Flows.
    pub flows: u64,
    /// Its share of all flows of the protocol.
    pub share: f64,
}

/// Destinations that are not named.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Others {
    /// So many there were.
    pub count: u64,
    /// Their flows.
    pub flows: u64,
    /// Their share of all flows of the protocol.
    pub share: f64,
    /// So many equal ones stand for them: each as busy as the least busy of the named, or busier.
    pub stand_ins: u64,
}

/// More lines nobody reads.
const MOST_STAND_INS: u64 = 100;

impl Destinations {
    /// Of the flows of each, `flows` in all.
    pub fn of(by_destination: HashMap<(Ipv4Addr, u16), u64>, flows: u64, named: usize) -> Self {
        let mut all: Vec<((Ipv4Addr, u16), u64)> = by_destination.into_iter().collect();
        all.sort_by_key(|(destination, flows)| (Reverse(*flows), *destination));
        let count = all.len() as u64;
        let rest = all.split_off(named.max(1).min(all.len()));
        let share = |part: u64| part as f64 / flows.max(1) as f64;
        let least = all.last().map_or(1, |(_, flows)| *flows);
        let of_rest: u64 = rest.iter().map(|(_, flows)| flows).sum();
        let others = (!rest.is_empty()).then(|| Others {
            count: rest.len() as u64,
            flows: of_rest,
            share: share(of_rest),
            stand_ins: of_rest.div_ceil(least).min(rest.len() as u64).min(MOST_STAND_INS),
        });
        let one = |((address, port), flows): ((Ipv4Addr, u16), u64)| DestinationShare {
            address: address.to_string(),
            port,
            flows,
            share: share(flows),
        };
        Self { count, named: all.into_iter().map(one).collect(), others }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(flows: &[u64], named: usize) -> Destinations {
        let address = |last: usize| Ipv4Addr::new(203, 0, 113, last as u8);
        let all = flows.iter().enumerate().map(|(last, flows)| ((address(last), 443), *flows));
        Destinations::of(all.collect(), flows.iter().sum(), named)
    }

    #[test]
    fn the_busiest_are_named_and_the_others_stood_for() {
        let found = of(&[10, 50, 20, 8, 8, 4], 3);
        let named: Vec<(&str, f64)> =
            found.named.iter().map(|each| (each.address.as_str(), each.share)).collect();
        assert_eq!(named, [("203.0.113.1", 0.5), ("203.0.113.2", 0.2), ("203.0.113.0", 0.1)]);
        // 20 flows, no more than 10 each.
        assert_eq!(found.others, Some(Others { count: 3, flows: 20, share: 0.2, stand_ins: 2 }));
        assert_eq!(of(&[10, 50], 2).others, None);
    }

    #[test]
    fn as_many_stand_in_as_there_are_at_most() {
        assert_eq!(of(&[5, 5, 5], 1).others.unwrap().stand_ins, 2);
        assert_eq!(of(&[1; 200], 1).others.unwrap().stand_ins, MOST_STAND_INS);
    }
}
