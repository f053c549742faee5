//! The keys of `[outbound]`: what the file says, laid over the figures of a shipped model.

use crate::cluster::Cluster;
use crate::flow::PortPoolId;
use crate::outbound::{HalfOpenFrom, IdleExpiry, Sharing, Timers};
use crate::scenario::laws::law;
use crate::scenario::reader::{Table, choice, count, duration, list};
use crate::scenario::tree::{Entry, Node, Value};
use crate::time::SimDuration;
use crate::workload::Law;

/// Kinds of end that have a hold-down of their own; that of `refused` is that of `rst` unless it is given.
const HOLD_DOWNS: [&str; 4] = ["fin", "rst", "refused", "udp"];

/// The file's keys over the model's.
pub(super) struct Keys<'a> {
    pub(super) own: Table<'a>,
    pub(super) shipped: Option<&'a Node>,
}

impl<'a> Keys<'a> {
    /// A key's value: the file's, or else the model's.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.own.get(key).or_else(|| self.shipped.and_then(|node| node.get(key)))
    }

    /// A key of a table, such as `hold_down.fin`: the file's table may hold some of its keys only.
    fn inner(&self, table: &str, key: &str) -> Option<&'a Node> {
        let own = self.own.get(table);
        match own.map(|node| &node.value) {
            Some(Value::Table(_)) if own.is_some_and(|node| node.get(key).is_some()) => {
                own.and_then(|node| node.get(key))
            }
            Some(Value::Table(_)) | None => self.shipped?.get(table)?.get(key),
            Some(_) => own,
        }
    }

    /// A whole number, within the model's `[range]` where it has one, or else from `least` to `most`.
    pub(super) fn count(&self, key: &str, least: u64, most: u64) -> Option<u32> {
        let (least, most) = self.range(key).unwrap_or((least, most));
        self.get(key)
            .and_then(|node| count(self.own.reader, key, node, least, most))
            .map(|value| value as u32)
    }

    /// What the platform allows.
    pub(super) fn range(&self, key: &str) -> Option<(u64, u64)> {
        let range = self.shipped?.get("range")?.get(key)?;
        let bound = |name| match range.get(name)?.value {
            Value::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        };
        Some((bound("least")?, bound("most")?))
    }

    /// A time, within the model's `[range]`.
    pub(super) fn duration(&self, key: &str) -> Option<SimDuration> {
        let node = self.get(key)?;
        let span = duration(self.own.reader, key, node)?;
        let bound = |name: &str| {
            let range = self.shipped?.get("range")?.get(key)?.get(name)?;
            duration(self.own.reader, key, range)
        };
        if let (Some(least), Some(most)) = (bound("least"), bound("most"))
            && !(least..=most).contains(&span)
        {
            let message = format!("`{key}` is {span}; the platform allows {least} to {most}");
            self.own.wrong(&node.span, message, Some(format!("write a time from \"{least}\" to \"{most}\"")));
            return None;
        }
        Some(span)
    }

    /// True or false.
    pub(super) fn boolean(&self, key: &str) -> Option<bool> {
        let node = self.get(key)?;
        match node.value {
            Value::Boolean(value) => Some(value),
            _ => {
                self.own.wrong(
                    &node.span,
                    format!("`{key}` is {}; allowed is true or false", node.kind()),
                    None,
                );
                None
            }
        }
    }

    fn hold_down(&self, kind: &str) -> Law {
        let reader = self.own.reader;
        let is_law = |node: &Node| !HOLD_DOWNS.iter().any(|kind| node.get(kind).is_some());
        let read = match self.own.get("hold_down") {
            Some(node) if is_law(node) => law(reader, "hold_down", node),
            _ => {
                self.inner("hold_down", kind).and_then(|node| law(reader, &format!("hold_down.{kind}"), node))
            }
        };
        read.unwrap_or(Law::Constant(SimDuration::ZERO))
    }

    /// Hold-downs and timeouts.
    pub(super) fn timers(&self) -> Timers {
        self.check_keys("hold_down", &HOLD_DOWNS);
        self.check_keys("sharing", &["tcp", "udp"]);
        let from = [("first-syn", HalfOpenFrom::FirstSyn), ("last-syn", HalfOpenFrom::LastSyn)];
        let from = self
            .get("half_open_from")
            .and_then(|node| choice(self.own.reader, "half_open_from", node, &from));
        let expiries = [("silent", IdleExpiry::Silent), ("reset", IdleExpiry::Reset)];
        let expiry =
            self.get("idle_expiry").and_then(|node| choice(self.own.reader, "idle_expiry", node, &expiries));
        let refused = if self.inner("hold_down", "refused").is_some() { "refused" } else { "rst" };
        Timers {
            hold_down_fin: self.hold_down("fin"),
            hold_down_rst: self.hold_down("rst"),
            hold_down_refused: self.hold_down(refused),
            hold_down_udp: self.hold_down("udp"),
            half_open: self.duration("half_open").unwrap_or(SimDuration::ZERO),
            half_open_from: from.unwrap_or(HalfOpenFrom::LastSyn),
            idle_timeout: self.duration("idle_timeout"),
            udp_idle_timeout: self.duration("udp_idle_timeout").unwrap_or(SimDuration::ZERO),
            udp_stream_timeout: self.duration("udp_stream_timeout"),
            idle_expiry: expiry.unwrap_or(IdleExpiry::Silent),
        }
    }

    /// A table by kind holds known kinds only. A hold-down without any is a law.
    fn check_keys(&self, table: &str, kinds: &[&str]) {
        let Some(Value::Table(entries)) = self.own.get(table).map(|node| &node.value) else { return };
        let known = |entry: &&Entry| kinds.contains(&entry.key.as_str());
        if table == "hold_down" && !entries.iter().any(|entry| known(&entry)) {
            return;
        }
        for entry in entries.iter().filter(|entry| !known(entry)) {
            let help = Some(format!("known here: {}", kinds.join(", ")));
            self.own.wrong(&entry.span, format!("unknown key `{}` in `{table}`", entry.key), help);
        }
    }

    /// Platforms share TCP ports by endpoint; only a custom device may do otherwise.
    pub(super) fn check_platform_sharing(&self) {
        let node = self.inner("sharing", "tcp");
        if let (Some(node), true) = (node, self.sharing("tcp") != Sharing::Endpoint) {
            let message =
                format!("`sharing` of TCP is {}; this model shares TCP ports by endpoint", node.kind());
            let help =
                "write `sharing = { udp = \"..\" }` for UDP alone, or use `model = \"custom\"`".to_string();
            self.own.wrong(&node.span, message, Some(help));
        }
    }

    /// Which destinations exclude one another from a port.
    pub(super) fn sharing(&self, protocol: &str) -> Sharing {
        let rules = [
            ("endpoint", Sharing::Endpoint),
            ("address", Sharing::Address),
            ("exclusive", Sharing::Exclusive),
            ("exclusive-any-protocol", Sharing::ExclusiveAnyProtocol),
        ];
        let node = self.inner("sharing", protocol);
        node.and_then(|node| choice(self.own.reader, "sharing", node, &rules)).unwrap_or(Sharing::Endpoint)
    }

    /// One number for every node, or a list of one a node.
    pub(super) fn for_each_node(&self, key: &str, cluster: &Cluster) -> Option<Vec<u32>> {
        let (reader, node) = (self.own.reader, self.get(key)?);
        let nodes = cluster.nodes() as usize;
        let number = |node: &Node| count(reader, key, node, 1, u64::from(u32::MAX)).map(|most| most as u32);
        let Value::List(entries) = &node.value else { return number(node).map(|most| vec![most; nodes]) };
        if entries.len() != nodes {
            let message =
                format!("`{key}` has {} entries for {nodes} nodes; write one a node", entries.len());
            reader.problem(&node.span, message, None);
            return None;
        }
        entries.iter().map(number).collect()
    }

    /// The instance of each node, written from 1.
    pub(super) fn by_node(&self, node: &Node, instances: u32, cluster: &Cluster) -> Option<Vec<PortPoolId>> {
        let reader = self.own.reader;
        let entries = list(reader, "by_node", node);
        if entries.len() != cluster.nodes() as usize {
            let message = format!(
                "`by_node` has {} entries for {} nodes; write one a node",
                entries.len(),
                cluster.nodes()
            );
            reader.problem(&node.span, message, None);
            return None;
        }
        let pool = |node: &Node| count(reader, "by_node", node, 1, u64::from(instances));
        entries.iter().map(|node| pool(node).map(|instance| PortPoolId(instance as u32 - 1))).collect()
    }
}
