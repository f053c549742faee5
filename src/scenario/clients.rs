//! How the clients of a workload connect: `syn` and `client_pool`.

use super::reader::{Reader, Table, duration};
use super::tree::{Node, Value};
use crate::time::SimDuration;
use crate::workload::{ClientPool, PoolOrder, SynSchedule};

/// Linux 6.5 and later, `Documentation/networking/ip-sysctl.rst`: tcp_syn_linear_timeouts 4, tcp_syn_retries 6.
const LINUX_6_5: ([u64; 10], u64) = ([1, 2, 3, 4, 5, 7, 11, 19, 35, 67], 131);
/// Linux before 6.5, the same document: tcp_syn_retries 6.
const LINUX_CLASSIC: ([u64; 6], u64) = ([1, 3, 7, 15, 31, 63], 127);

fn schedule(resends: &[u64], give_up: u64) -> SynSchedule {
    let resends = resends.iter().map(|seconds| SimDuration::from_secs(*seconds)).collect();
    SynSchedule { resends, give_up: Some(SimDuration::from_secs(give_up)) }
}

/// Reads `syn`: a named schedule, a list of gaps, or none.
pub fn syn<'a>(
    reader: &'a Reader<'a>,
    table: &Table<'a>,
    connect_timeout: Option<SimDuration>,
) -> Option<SynSchedule> {
    let node = table.get("syn");
    if let Some(Node { value: Value::List(gaps), span }) = node {
        let gaps: Option<Vec<SimDuration>> = gaps.iter().map(|gap| duration(reader, "syn", gap)).collect();
        if connect_timeout.is_none() {
            let help = Some("write `connect_timeout = \"10s\"`".to_string());
            reader.problem(
                span,
                "a list of SYN gaps needs `connect_timeout`, when the client gives up".into(),
                help,
            );
            return None;
        }
        let mut at = SimDuration::ZERO;
        let resends = gaps?.into_iter().map(|gap| {
            at = at.plus(gap);
            at
        });
        let resends = resends.collect();
        return Some(SynSchedule { resends, give_up: None }.ended_by(connect_timeout));
    }
    let named = match node {
        None => 0,
        Some(node) => super::reader::choice(
            reader,
            "syn",
            node,
            &[("linux-6.5", 0), ("linux-classic", 1), ("none", 2)],
        )?,
    };
    let schedule = match named {
        0 => schedule(&LINUX_6_5.0, LINUX_6_5.1),
        1 => schedule(&LINUX_CLASSIC.0, LINUX_CLASSIC.1),
        _ => SynSchedule::NONE,
    };
    Some(schedule.ended_by(connect_timeout))
}

/// Reads `client_pool`.
pub fn client_pool<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<ClientPool> {
    let pool = reader.table(node, "client_pool");
    let max = pool.need("max", "50").and_then(|_| pool.count("max", 1, u64::from(u32::MAX)));
    let idle_timeout = pool.duration("idle_timeout");
    let order = pool.choice("order", &[("lifo", PoolOrder::Lifo)]).unwrap_or_default();
    pool.finish();
    Some(ClientPool { max: max? as u32, idle_timeout, order })
}
