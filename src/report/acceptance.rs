//! A check of configuration, in words and tables.

use super::check::Check as Judged;
use super::document::{Block, Document, Tone};
use super::number::{count, counted, number, span};
use super::present::Present;
use super::table::Table;
use crate::error::Error;
use crate::experiment::check::{Acceptance, Check, PlatformProblem, Rate, Remedy, TypeChanges};
use crate::experiment::results::Verdict;
use std::fmt::Write;

/// The answer in one sentence.
fn headline(check: &Check) -> String {
    let subject = &check.subject;
    match check.verdict {
        Acceptance::Accepted => match change(check) {
            Some(change) => format!("ACCEPTED: {subject}: {change}{}", room(check)),
            None => format!("ACCEPTED: {subject}{}", room(check)),
        },
        Acceptance::Refused => {
            let first = check.problems.first().map_or("", |problem| problem.message.as_str());
            let but = change(check).map_or_else(String::new, |change| format!("{change}, but "));
            format!("REFUSED: {subject}: {but}{first}")
        }
        Acceptance::NeedsInput => {
            let first = check.missing.first().map_or("", |missing| missing.what.as_str());
            let but = change(check).map_or_else(String::new, |change| format!("{change}, but "));
            format!("NEEDS INPUT: {subject}: {but}no file says {first}")
        }
    }
}

/// What is said of a change that is allowed; one that is not is a problem.
fn change(check: &Check) -> Option<String> {
    let changes =
        check.outbound_type_changes.as_ref().filter(|changes| changes.asked_is_allowed == Some(true))?;
    let to = changes.asked.as_ref()?;
    if to.eq_ignore_ascii_case(&changes.from) {
        return Some(format!("is {to} already"));
    }
    let drops = if changes.drops_connections { ", which ends the connections that are open" } else { "" };
    Some(format!("may become {to}{drops}"))
}

fn room(check: &Check) -> String {
    match (check.ports_needed, check.ports_available) {
        (Some(needed), Some(available)) => {
            format!(": {} of {} ports needed", count(needed), count(available))
        }
        (None, Some(available)) => format!(": {} towards one destination", counted(available, "port")),
        _ => String::new(),
    }
}

/// Name and value of everything that was counted.
fn facts(check: &Check) -> Vec<(&'static str, String)> {
    let of_pool = |pool: &crate::experiment::check::PoolCount| {
        format!("{} {} + {} surge", pool.name, count(pool.nodes), count(pool.surge))
    };
    let pools: Vec<String> = check.node_pools.iter().map(of_pool).collect();
    let nodes = |nodes: u64| format!("{} ({})", count(nodes), pools.join(", "));
    let ports = |ports: u64| match check.automatic {
        Some(true) => format!("{} (automatic, for the nodes now)", count(ports)),
        _ => count(ports),
    };
    let device = match (&check.outbound_type, &check.model) {
        (Some(name), Some(model)) if name != model => Some(format!("{name} ({model})")),
        (Some(name), _) => Some(name.clone()),
        (None, _) => None,
    };
    let all = [
        ("outbound type", device),
        ("nodes counted", check.nodes_counted.map(nodes)),
        ("ports per node", check.ports_per_node.map(ports)),
        ("ports needed", check.ports_needed.map(count)),
        ("ports available", check.ports_available.map(count)),
        ("public IPs", check.public_ips.map(count)),
        ("max nodes", check.max_nodes.map(count)),
        (
            "live per destination",
            check.connections_per_destination.map(|live| format!("{} at most", count(live))),
        ),
        ("degraded above", check.degraded_above.map(|ports| format!("{} ports in use", number(ports)))),
        ("idle timeout", check.idle_timeout_s.map(span)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn rate(rate: &Rate) -> String {
    let ends = match rate.ends.as_str() {
        "fin" => "closed by FIN",
        "rst" => "closed by RST",
        "udp" => "over UDP",
        _ => "never closed",
    };
    format!(
        "{} new short connections a second per {} and destination, {ends} (a port is taken for {})",
        number(rate.connections_per_s),
        rate.per,
        span(rate.port_rests_s)
    )
}

fn problem(problem: &PlatformProblem) -> String {
    let PlatformProblem { code, message, help, place } = problem;
    let place = place.as_ref().map_or_else(String::new, |place| format!("{place}: "));
    format!("{place}{message} ({code}); {help}")
}

fn remedy(remedy: &Remedy) -> String {
    let Remedy { setting, from, to, message, command } = remedy;
    let from = from.map_or_else(String::new, |from| format!(" instead of {}", count(from)));
    let command = command.as_ref().map_or_else(String::new, |command| format!(": {command}"));
    match setting.as_str() {
        "max_surge" => message.clone(),
        _ => format!("{setting} = {to}{from}{command}"),
    }
}

fn type_changes(changes: &TypeChanges) -> String {
    let TypeChanges { from, own_network, allowed, asked: _, asked_is_allowed: _, drops_connections } =
        changes;
    let network = if *own_network { "its own network" } else { "a managed network" };
    let allowed = if allowed.is_empty() { "nothing else".into() } else { allowed.join(", ") };
    let drops = if *drops_connections { "; any change ends the connections that are open" } else { "" };
    format!("{from} in {network} may become {allowed}{drops}")
}

fn words(check: &Check) -> String {
    let mut text = headline(check) + "\n";
    check.warnings.iter().for_each(|warning| _ = writeln!(text, "\nwarning: {warning}"));
    text.push('\n');
    let mut line = |name: &str, value: &str| _ = writeln!(text, "  {name:<22} {value}");
    facts(check).iter().for_each(|(name, value)| line(name, value));
    check.rates.iter().for_each(|each| line("sustains", &rate(each)));
    check.outbound_type_changes.iter().for_each(|changes| line("outbound type", &type_changes(changes)));
    let mut list = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let _ = writeln!(text, "\n{title}");
            lines.iter().for_each(|line| _ = writeln!(text, "  - {line}"));
        }
    };
    for (title, lines) in lists(check) {
        list(title, lines);
    }
    let values = check.values.iter().map(|each| format!("{} = {} ({})", each.key, each.value, each.origin));
    list("values", values.collect());
    for other in &check.also {
        let _ = write!(text, "\n{}", words(other));
    }
    text
}

fn lists(check: &Check) -> [(&'static str, Vec<String>); 4] {
    let missing = check.missing.iter().map(|missing| format!("{}: {}", missing.what, missing.how));
    [
        ("problems", check.problems.iter().map(problem).collect()),
        ("smallest changes that pass, each by itself", check.smallest_changes.iter().map(remedy).collect()),
        ("missing", missing.collect()),
        ("assumed", check.assumptions.clone()),
    ]
}

fn blocks(check: &Check) -> Vec<Block> {
    let mut numbers = Table::new(["", check.subject.as_str()]);
    facts(check).into_iter().for_each(|(name, value)| numbers.push([name.into(), value]));
    let mut blocks: Vec<Block> = check.warnings.iter().cloned().map(Block::Warning).collect();
    blocks.push(Block::Table(numbers));
    let sustained: Vec<String> = check.rates.iter().map(rate).collect();
    let changes = check.outbound_type_changes.iter().map(type_changes).collect();
    let lists = lists(check).into_iter().chain([("sustains", sustained), ("outbound type", changes)]);
    for (title, lines) in lists.filter(|(_, lines)| !lines.is_empty()) {
        blocks.extend([Block::Heading(title.into()), Block::List(lines)]);
    }
    if !check.values.is_empty() {
        let mut values = Table::new(["setting", "value", "where it came from"]);
        check.values.iter().for_each(|each| {
            values.push([each.key.clone(), each.value.clone(), each.origin.clone()]);
        });
        blocks.extend([Block::Heading("values".into()), Block::Table(values)]);
    }
    blocks
}

impl Present for Check {
    fn text(&self) -> String {
        words(self)
    }

    fn document(&self) -> Result<Document, Error> {
        let mut blocks = blocks(self);
        for other in &self.also {
            blocks.push(Block::Heading(headline(other)));
            blocks.extend(self::blocks(other));
        }
        let tone = match self.verdict {
            Acceptance::Accepted => Tone::Good,
            Acceptance::Refused => Tone::Bad,
            Acceptance::NeedsInput => Tone::Neutral,
        };
        let title = "Would the platform accept this configuration?".into();
        Ok(Document { title, finding: headline(self), tone, blocks })
    }

    fn table(&self) -> Table {
        let mut table = Table::new([
            "subject",
            "verdict",
            "outbound_type",
            "nodes_counted",
            "ports_per_node",
            "ports_needed",
            "ports_available",
            "public_ips",
            "max_nodes",
            "problems",
        ]);
        let plain = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        for check in self.all() {
            let codes: Vec<&str> = check.problems.iter().map(|problem| problem.code.as_str()).collect();
            table.push([
                check.subject.clone(),
                verdict(check).into(),
                check.outbound_type.clone().unwrap_or_default(),
                plain(check.nodes_counted),
                plain(check.ports_per_node),
                plain(check.ports_needed),
                plain(check.ports_available),
                plain(check.public_ips),
                plain(check.max_nodes),
                codes.join(" "),
            ]);
        }
        table
    }

    fn checks(&self) -> Result<Vec<Judged>, Error> {
        let judged = |check: &Check| Judged {
            name: format!("{} is accepted", check.subject),
            verdict: match check.verdict {
                Acceptance::Accepted => Verdict::Pass,
                Acceptance::Refused => Verdict::Fail,
                Acceptance::NeedsInput => Verdict::Inconclusive,
            },
            message: match check.problems.is_empty() {
                true => headline(check),
                false => check.problems.iter().map(problem).collect::<Vec<_>>().join("\n"),
            },
        };
        Ok(self.all().map(judged).collect())
    }

    fn warnings(&self) -> Vec<String> {
        let of = |check: &Check| {
            let subject = check.subject.clone();
            check.warnings.iter().map(move |warning| format!("{subject}: {warning}")).collect::<Vec<_>>()
        };
        self.all().flat_map(of).collect()
    }
}

fn verdict(check: &Check) -> &'static str {
    match check.verdict {
        Acceptance::Accepted => "accepted",
        Acceptance::Refused => "refused",
        Acceptance::NeedsInput => "needs_input",
    }
}
