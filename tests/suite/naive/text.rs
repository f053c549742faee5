//! A case as the text of a scenario.

use super::case::{
    Arrivals, Budget, Case, Change, ClientPool, Device, End, Grants, HalfOpenFrom, IdleExpiry, NodeStage,
    Order, Partition, Protocol, Reclaim, Record, Retry, Sharing, Syn, Talk, Timers, Tries, Workload,
};
use std::fmt::{self, Display};

/// As a person would run it: a failed case is reported so.
impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "\n{}", scenario(self, &|workload| format!("trace-{workload}.csv")))?;
        for (number, workload) in self.workloads.iter().enumerate() {
            if let Arrivals::Trace(records) = &workload.arrivals {
                writeln!(formatter, "trace-{number}.csv:\n{}", csv(self, records))?;
            }
        }
        Ok(())
    }
}

/// A line, if there is a value.
fn key(name: &str, value: Option<impl Display>) -> String {
    value.map(|value| format!("{name} = {value}\n")).unwrap_or_default()
}

fn time(millis: u64) -> String {
    format!("\"{millis}ms\"")
}

/// The scenario of `case`; the lines of a recorded trace lie in `traces`, one file a workload.
pub fn scenario(case: &Case, traces: &dyn Fn(usize) -> String) -> String {
    let mut text = device(&case.device);
    text += &case.node_stage.as_ref().map(node_stage).unwrap_or_default();
    text += &format!("[[node_pool]]\nnodes = {}\nmax_surge = 0\n", case.nodes);
    for (number, destination) in case.destinations.iter().enumerate() {
        let protocol = match destination.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        };
        text += &format!(
            "[[destination]]\nname = \"d{number}\"\naddress = \"203.0.113.{}\"\nport = {}\nprotocol = \"{protocol}\"\n",
            destination.address, destination.port
        );
    }
    for (number, each) in case.workloads.iter().enumerate() {
        text += &workload(each, number, &|| traces(number));
    }
    for event in &case.events {
        text += &format!("[[event]]\nat = {}\n{}\n", time(event.at), change(&event.change));
    }
    let duration = time(case.duration);
    text + &format!("[run]\nwarm_up = \"0s\"\nduration = {duration}\nreplications = 1\n")
}

fn device(device: &Device) -> String {
    let Device { grants, tries, partition, ports, public_ips, tcp, udp, caps, timers } = device;
    let partition = match partition {
        Partition::Node => "\"node\"".into(),
        Partition::Shared => "\"shared\"".into(),
        Partition::Instances(of) => instances(of),
    };
    let sharing = match (tcp, udp) {
        (Sharing::ExclusiveAnyProtocol, _) => "\"exclusive-any-protocol\"".into(),
        _ => format!("{{ tcp = \"{}\", udp = \"{}\" }}", rule(*tcp), rule(*udp)),
    };
    let which = match grants {
        Some(grants) => load_balancer(grants, *ports),
        None => format!(
            "model = \"custom\"\npartition = {partition}\nports = {ports}\npublic_ip_choice = \"sticky\"\n"
        ),
    };
    format!("[outbound]\n{which}public_ips = {public_ips}\nsharing = {sharing}\n")
        + &key("search", tries.map(search))
        + &key("per_node_cap", caps.node)
        + &key("total_cap", caps.total)
        + &key("per_destination_cap", caps.destination)
        + &keys(timers).concat()
}

fn search(tries: Tries) -> String {
    match tries {
        Tries::Sequential(tries) => format!("{{ sequential_tries = {tries} }}"),
        Tries::Random(tries) => format!("{{ random_tries = {tries}, replacement = false }}"),
    }
}

fn instances(of: &[u32]) -> String {
    let by_node: Vec<u32> = of.iter().map(|instance| instance + 1).collect();
    let instances = by_node.iter().max().expect("there is a node");
    format!("{{ instances = {instances}, by_node = {by_node:?} }}")
}

fn load_balancer(grants: &Grants, ports: u32) -> String {
    let Grants { tiers, reclaim, reclaim_signal, realloc_delay } = grants;
    let reclaim = match reclaim {
        Reclaim::Highest => "highest",
        Reclaim::Lowest => "lowest",
        Reclaim::IdleFirst => "idle-first",
    };
    let tier = |(nodes, ports): &(u32, u32)| format!("{{ nodes = {nodes}, ports = {ports} }}");
    let rows: Vec<String> = tiers.iter().map(tier).collect();
    let granted = match tiers.is_empty() {
        true => ports.to_string(),
        false => format!("\"auto\"\ntiers = [{}]", rows.join(", ")),
    };
    let (signal, delay) = (expiry(*reclaim_signal), time(*realloc_delay));
    format!(
        "model = \"azure/load-balancer\"\ngranularity = 1\nports_per_node = {granted}\nreclaim = \"{reclaim}\"\nreclaim_signal = {signal}\nrealloc_delay = {delay}\n"
    )
}

fn expiry(expiry: IdleExpiry) -> &'static str {
    match expiry {
        IdleExpiry::Silent => "\"silent\"",
        IdleExpiry::Reset => "\"reset\"",
    }
}

fn rule(sharing: Sharing) -> &'static str {
    match sharing {
        Sharing::Endpoint => "endpoint",
        Sharing::Address => "address",
        Sharing::Exclusive => "exclusive",
        Sharing::ExclusiveAnyProtocol => "exclusive-any-protocol",
    }
}

fn keys(timers: &Timers) -> Vec<String> {
    let Timers { fin, rst, refused, udp, idle, idle_expiry, udp_idle, udp_stream, half_open, half_open_from } =
        timers;
    let [fin, rst, udp] = [fin, rst, udp].map(|hold| time(*hold));
    let refused = refused.map(|refused| format!(", refused = {}", time(refused))).unwrap_or_default();
    let from = match half_open_from {
        HalfOpenFrom::FirstSyn => "\"first-syn\"",
        HalfOpenFrom::LastSyn => "\"last-syn\"",
    };
    vec![
        format!("hold_down = {{ fin = {fin}, rst = {rst}, udp = {udp}{refused} }}\n"),
        key("idle_timeout", Some(time(*idle))),
        key("idle_expiry", Some(expiry(*idle_expiry))),
        key("udp_idle_timeout", Some(time(*udp_idle))),
        key("udp_stream_timeout", udp_stream.map(time)),
        key("half_open", Some(time(*half_open))),
        key("half_open_from", Some(from)),
    ]
}

fn node_stage(stage: &NodeStage) -> String {
    let keys: Vec<String> = keys(&stage.timers).iter().map(|key| format!(", {}", key.trim_end())).collect();
    let keys: String = keys.into_iter().filter(|key| key != ", ").collect();
    format!(
        "[cluster]\nnetwork_plugin = \"azure-cni-overlay\"\nnode_stage = {{ first_port = 1024, last_port = {}, take_over = false{keys} }}\n",
        1023 + stage.ports
    )
}

fn workload(workload: &Workload, number: usize, trace: &dyn Fn() -> String) -> String {
    let Workload {
        arrivals,
        pods,
        destination,
        lifetime,
        end,
        syn,
        connect_timeout,
        request_timeout,
        retry,
        client_pool,
        ports_per_flow,
        talk,
    } = workload;
    let traffic = match arrivals {
        Arrivals::Burst { at, flows } => format!("burst = {{ at = {}, flows = {flows} }}", time(*at)),
        Arrivals::Even { gap } => format!("even = {{ rate = \"{} per s\" }}", 1_000.0 / *gap as f64),
        Arrivals::Trace(_) => format!("trace = {{ files = [\"{}\"] }}", trace()),
    };
    let end = match end {
        End::Fin => "fin",
        End::Rst => "rst",
        End::Abandoned => "abandoned",
        End::HalfOpen => "half_open",
        End::Refused => "refused",
    };
    let own = match arrivals {
        Arrivals::Trace(_) => String::new(),
        _ => format!(
            "pods = {pods}\ndestinations = {{ d{destination} = 1 }}\nlifetime = {}\nends = {{ {end} = 1.0 }}\n",
            time(*lifetime)
        ),
    };
    format!("[[workload]]\nname = \"w{number}\"\narrivals.{traffic}\n{own}")
        + &key("syn", Some(schedule(syn)))
        + &key("connect_timeout", connect_timeout.map(time))
        + &key("request_timeout", request_timeout.map(time))
        + &key("retry", retry.as_ref().map(again))
        + &key("client_pool", client_pool.as_ref().map(kept_open))
        + &key("ports_per_flow", Some(*ports_per_flow).filter(|many| *many > 1))
        + &talk.as_ref().map(packets).unwrap_or_default()
}

fn packets(talk: &Talk) -> String {
    let Talk { gap, stops, keepalive } = talk;
    let chance = u8::from(*stops);
    let packets = gap.map(|gap| format!("{{ gap = {}, stop_after_packet = {chance} }}", time(gap)));
    key("packets", packets) + &key("keepalive", keepalive.map(time))
}

fn schedule(syn: &Syn) -> String {
    match syn {
        Syn::None => "\"none\"".into(),
        Syn::Linux65 => "\"linux-6.5\"".into(),
        Syn::LinuxClassic => "\"linux-classic\"".into(),
        Syn::Gaps(gaps) => {
            format!("[{}]", gaps.iter().map(|gap| time(*gap)).collect::<Vec<String>>().join(", "))
        }
    }
}

fn again(retry: &Retry) -> String {
    let Retry { attempts, base, cap, budget } = retry;
    let cap = cap.map(|cap| format!(", cap = {}", time(cap))).unwrap_or_default();
    let budget = budget.as_ref().map(|Budget { tenths, floor_tenths }| {
        let [ratio, floor] = [tenths, floor_tenths].map(|tenths| f64::from(*tenths) / 10.0);
        // No floor is written by leaving it out.
        let floor = if floor > 0.0 { format!(", floor = \"{floor:.1} per s\"") } else { String::new() };
        format!(", budget = {{ ratio = {ratio:.1}{floor} }}")
    });
    let budget = budget.unwrap_or_default();
    format!(
        "{{ attempts = {attempts}, backoff = {{ base = {}{cap}, jitter = \"none\" }}{budget} }}",
        time(*base)
    )
}

fn kept_open(pool: &ClientPool) -> String {
    let ClientPool {
        max,
        max_idle,
        idle_timeout,
        max_lifetime,
        order,
        wait_order,
        wait_timeout,
        retry_stale,
    } = pool;
    let optional = |name: &str, value: Option<String>| {
        value.map(|value| format!("{name} = {value}, ")).unwrap_or_default()
    };
    let word = |order: &Order| match order {
        Order::Lifo => "\"lifo\"",
        Order::Fifo => "\"fifo\"",
    };
    let wait_timeout = wait_timeout.map(|wait| format!(", timeout = {}", time(wait))).unwrap_or_default();
    format!(
        "{{ {}{}{}{}order = {}, wait = {{ order = {}{wait_timeout} }}, retry_stale = {retry_stale} }}",
        optional("max", max.map(|max| max.to_string())),
        optional("max_idle", max_idle.map(|most| most.to_string())),
        optional("idle_timeout", idle_timeout.map(time)),
        optional("max_lifetime", max_lifetime.map(time)),
        word(order),
        word(wait_order),
    )
}

fn change(change: &Change) -> String {
    match change {
        Change::Granted(ports) => format!("outbound = {{ ports_per_node = {ports} }}"),
        Change::Ports(ports) => format!("outbound = {{ ports = {ports} }}"),
        Change::PublicIps(ips) => format!("outbound = {{ public_ips = {ips} }}"),
        Change::Pods { workload, pods } => {
            format!("pods = {{ workload = \"w{workload}\", pods = {pods} }}")
        }
        Change::Scale { nodes, drain } => format!("scale = {{ nodes = {nodes} }}\ndrain = {}", time(*drain)),
        Change::Upgrade { surge, round, drain } => {
            let round = time(*round);
            format!("upgrade = {{ surge = {surge}, round = {round} }}\ndrain = {}", time(*drain))
        }
        Change::Lose { nodes, noticed_after, back_after } => {
            let back = back_after.map(|after| format!(", back_after = {}", time(after))).unwrap_or_default();
            let noticed = time(*noticed_after);
            format!("lose = {{ nodes = {nodes}, noticed_after = {noticed}{back} }}")
        }
        Change::Slow { destination, factor, lasts } => {
            format!(
                "slow = {{ destination = \"d{destination}\", factor = {factor}, lasts = {} }}",
                time(*lasts)
            )
        }
        Change::Refuse { destination, lasts } => {
            format!("refuse = {{ destination = \"d{destination}\", lasts = {} }}", time(*lasts))
        }
    }
}

/// The lines of a recorded trace.
pub fn csv(case: &Case, records: &[Record]) -> String {
    let mut csv = String::from("start_s,duration_s,protocol,source,destination,port,end\n");
    for Record { start, lasts, destination, source, end } in records {
        let seconds = |millis: &u64| format!("{}.{:03}", millis / 1_000, millis % 1_000);
        let destination = &case.destinations[*destination];
        let (protocol, end) = match (destination.protocol, end) {
            (Protocol::Udp, _) => ("udp", ""),
            (Protocol::Tcp, End::Rst) => ("tcp", "rst"),
            (Protocol::Tcp, End::HalfOpen) => ("tcp", "half_open"),
            (Protocol::Tcp, _) => ("tcp", "fin"),
        };
        csv += &format!(
            "{},{},{protocol},10.0.0.{source},203.0.113.{},{},{end}\n",
            seconds(start),
            seconds(lasts),
            destination.address,
            destination.port
        );
    }
    csv
}
