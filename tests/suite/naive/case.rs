//! A small case as plain values: every time in milliseconds, nothing drawn.

pub type Millis = u64;

#[derive(Clone)]
pub struct Case {
    pub device: Device,
    pub node_stage: Option<NodeStage>,
    pub nodes: u32,
    pub destinations: Vec<Destination>,
    pub workloads: Vec<Workload>,
    pub events: Vec<Event>,
    /// Measured time; what happens later is not compared.
    pub duration: Millis,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Partition {
    Node,
    Shared,
    /// The instance that each node uses, from 0.
    Instances(Vec<u32>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    Endpoint,
    Address,
    Exclusive,
    ExclusiveAnyProtocol,
}

/// Who keeps a half-open mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HalfOpenFrom {
    FirstSyn,
    LastSyn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleExpiry {
    Silent,
    Reset,
}

#[derive(Debug, Clone)]
pub struct Timers {
    pub fin: Millis,
    pub rst: Millis,
    /// Absent: as `rst`.
    pub refused: Option<Millis>,
    pub udp: Millis,
    pub idle: Millis,
    pub idle_expiry: IdleExpiry,
    pub udp_idle: Millis,
    pub udp_stream: Option<Millis>,
    pub half_open: Millis,
    pub half_open_from: HalfOpenFrom,
}

#[derive(Debug, Clone, Default)]
pub struct Caps {
    pub node: Option<u32>,
    pub total: Option<u32>,
    pub destination: Option<u32>,
}

/// Which ports go when a node has fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reclaim {
    Highest,
    Lowest,
    IdleFirst,
}

/// How many ports a load balancer grants to each node; ports are granted singly, on one public IP.
#[derive(Debug, Clone)]
pub struct Grants {
    /// Ports for clusters of up to so many nodes, in rising order; absent: as many for any number.
    pub tiers: Vec<(u32, u32)>,
    pub reclaim: Reclaim,
    pub reclaim_signal: IdleExpiry,
    pub realloc_delay: Millis,
}

/// A search that looks at so many different ports and gives up; which ones is drawn.
#[derive(Debug, Clone, Copy)]
pub enum Tries {
    Sequential(u32),
    Random(u32),
}

/// The outbound device, `custom`, or `azure/load-balancer` where there are grants.
#[derive(Debug, Clone)]
pub struct Device {
    pub grants: Option<Grants>,
    /// Absent: every port is looked at.
    pub tries: Option<Tries>,
    pub partition: Partition,
    /// For each public IP.
    pub ports: u32,
    pub public_ips: u32,
    pub tcp: Sharing,
    pub udp: Sharing,
    pub caps: Caps,
    pub timers: Timers,
}

/// What each node has of its own before the device: `linux/masquerade` with a small range, searched in full.
#[derive(Debug, Clone)]
pub struct NodeStage {
    pub ports: u32,
    pub timers: Timers,
}

#[derive(Debug, Clone)]
pub struct Destination {
    /// Last part of the address.
    pub address: u8,
    pub port: u16,
    pub protocol: Protocol,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    Tcp,
    Udp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Fin,
    Rst,
    Abandoned,
    HalfOpen,
    Refused,
}

#[derive(Debug, Clone)]
pub enum Arrivals {
    Burst {
        at: Millis,
        flows: u32,
    },
    /// One each `gap`, the first after one gap.
    Even {
        gap: Millis,
    },
    Trace(Vec<Record>),
}

/// A line of a recorded trace.
#[derive(Debug, Clone)]
pub struct Record {
    pub start: Millis,
    pub lasts: Millis,
    pub destination: usize,
    /// The machine that opened it.
    pub source: u8,
    pub end: End,
}

#[derive(Debug, Clone)]
pub struct Workload {
    pub arrivals: Arrivals,
    pub pods: u32,
    pub destination: usize,
    pub lifetime: Millis,
    pub end: End,
    pub syn: Syn,
    pub connect_timeout: Option<Millis>,
    pub request_timeout: Option<Millis>,
    pub retry: Option<Retry>,
    pub client_pool: Option<ClientPool>,
    pub ports_per_flow: usize,
    /// Absent: never silent.
    pub talk: Option<Talk>,
}

/// When a flow sends packets after the first one.
#[derive(Debug, Clone)]
pub struct Talk {
    /// Absent: only the first is sent.
    pub gap: Option<Millis>,
    /// Whether each packet is the application's last.
    pub stops: bool,
    pub keepalive: Option<Millis>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Syn {
    None,
    Linux65,
    LinuxClassic,
    /// Needs a connect timeout.
    Gaps(Vec<Millis>),
}

#[derive(Debug, Clone)]
pub struct Retry {
    pub attempts: u32,
    pub base: Millis,
    pub cap: Option<Millis>,
    pub budget: Option<Budget>,
}

/// Retries that a client may make in proportion to its requests.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Tenths of a retry for each request.
    pub tenths: u32,
    /// Tenths of a retry for each second.
    pub floor_tenths: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Lifo,
    Fifo,
}

#[derive(Debug, Clone)]
pub struct ClientPool {
    pub max: Option<u32>,
    pub max_idle: Option<u32>,
    pub idle_timeout: Option<Millis>,
    pub max_lifetime: Option<Millis>,
    pub order: Order,
    pub wait_order: Order,
    pub wait_timeout: Option<Millis>,
    pub retry_stale: bool,
}

#[derive(Debug, Clone)]
pub struct Event {
    pub at: Millis,
    pub change: Change,
}

#[derive(Debug, Clone)]
pub enum Change {
    /// Ports for each public IP.
    Ports(u32),
    /// Ports that a load balancer grants to each node.
    Granted(u32),
    PublicIps(u32),
    Pods {
        workload: usize,
        pods: u32,
    },
    Scale {
        nodes: u32,
        drain: Millis,
    },
    Upgrade {
        surge: u32,
        round: Millis,
        drain: Millis,
    },
    Lose {
        nodes: u32,
        noticed_after: Millis,
        back_after: Option<Millis>,
    },
    Slow {
        destination: usize,
        factor: u32,
        lasts: Millis,
    },
    Refuse {
        destination: usize,
        lasts: Millis,
    },
}
