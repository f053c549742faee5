//! How a custom device finds a port: `search`, `take_over`, `local_ports`.

use crate::scenario::keys::Keys;
use crate::scenario::reader::{Reader, choice, count, list};
use crate::scenario::tree::{Node, Value};
use crate::snat::{Caps, IpChoice, Picks, PortNumbers, Rules, Search, TakeOver};

/// More looks than there are ports are a full search.
const MOST_TRIES: u64 = 65_536;

/// The first port that is not a well-known one.
const FIRST_PORT: u32 = 1_024;

const LAST_PORT: u64 = 65_535;

/// The rules of the device's rows.
pub(super) fn rules(keys: &Keys<'_>, caps: Caps, ip_choice: IpChoice) -> Rules {
    let search = keys.get("search").and_then(|node| search(keys, node)).unwrap_or_default();
    Rules {
        caps,
        search,
        ip_choice,
        take_over: take_over(keys, search),
        local_ports: local_ports(keys, search),
        first_port: keys.count("first_port", 0, LAST_PORT).unwrap_or(FIRST_PORT),
        ..Rules::default()
    }
}

fn search(keys: &Keys<'_>, node: &Node) -> Option<Search> {
    if !matches!(node.value, Value::Table(_)) {
        let words = [
            ("lowest", Search::Lowest),
            ("random", Search::Random),
            ("round-robin", Search::RoundRobin),
            ("linux", Search::Linux),
        ];
        return choice(keys.own.reader, "search", node, &words);
    }
    let table = keys.own.reader.table(node, "search");
    let (random, sequential) = (table.get("random_tries"), table.get("sequential_tries"));
    let tries = |key| table.count(key, 1, MOST_TRIES).map(|tries| tries as u32);
    let found = match (random, sequential) {
        (Some(_), None) => {
            let picks = match table.flag("replacement") {
                Some(false) => Picks::WithoutReplacement,
                _ => Picks::WithReplacement,
            };
            tries("random_tries").map(|tries| Search::RandomTries { tries, picks })
        }
        (None, Some(_)) => tries("sequential_tries").map(|tries| Search::SequentialTries { tries }),
        _ => {
            let message = "`search` needs either `random_tries` or `sequential_tries`".to_string();
            table.wrong(&node.span, message, Some("write `search = { random_tries = 10 }`".into()));
            None
        }
    };
    table.finish();
    found
}

fn take_over(keys: &Keys<'_>, search: Search) -> TakeOver {
    match keys.flag("take_over") {
        Some(true) if search == Search::Linux => TakeOver::AfterClose,
        Some(true) => {
            if let Some(node) = keys.get("take_over") {
                let help = Some("write `search = \"linux\"`".to_string());
                keys.own.wrong(&node.span, "`take_over` is a part of the Linux search".into(), help);
            }
            TakeOver::Never
        }
        _ => TakeOver::Never,
    }
}

fn local_ports(keys: &Keys<'_>, search: Search) -> Option<PortNumbers> {
    let node = keys.get("local_ports")?;
    let reader = keys.own.reader;
    if !search.begins_with_own_port() {
        let help = Some("write `search = \"linux\"` or `search = { sequential_tries = 32 }`".to_string());
        keys.own.wrong(&node.span, "this `search` asks nothing of a flow's own port".into(), help);
        return None;
    }
    port_range(reader, "local_ports", node)
}

/// The first and the last of a range of ports.
pub(in crate::scenario) fn port_range(reader: &Reader<'_>, key: &str, node: &Node) -> Option<PortNumbers> {
    let port = |node| count(reader, key, node, 1, LAST_PORT).map(|port| port as u32);
    match list(reader, key, node) {
        [first, last] => {
            let (first, last) = (port(first)?, port(last)?);
            if first <= last {
                return Some(PortNumbers { first, last });
            }
            let message = format!("`{key}` runs from {first} down to {last}");
            reader.problem(&node.span, message, Some(format!("write `{key} = [{last}, {first}]`")));
        }
        _ if !matches!(node.value, Value::List(_)) => {}
        _ => {
            let help = Some(format!("write `{key} = [32768, 60999]`"));
            reader.problem(&node.span, format!("`{key}` needs the first and the last port"), help);
        }
    }
    None
}
