//! The words every layer shares: who opens a flow, towards what, and how it ends.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u32);

        impl $name {
            /// Position in the table of its kind.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// A node of the cluster, numbered over all node pools.
    NodeId
);
id!(
    /// A remote (protocol, address, port).
    DestinationId
);
id!(
    /// A workload, in the order of the scenario.
    WorkloadId
);
id!(
    /// A fixed (workload, node, destination): the unit that random streams belong to.
    SourceId
);
id!(
    /// A port pool: what one partition of the outbound device may use.
    PortPoolId
);

id!(
    /// A stage: a place on the way out that needs a port.
    StageId
);
id!(
    /// A quota: a limit on flows that spans rows.
    QuotaId
);

/// Transport protocol of a destination.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Default,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// `tcp` or `udp`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// How a TCP flow ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndKind {
    /// Closed by FIN.
    Fin,
    /// Closed by RST.
    Rst,
    /// Never closed: the port comes free when the idle timeout has passed.
    Abandoned,
    /// Granted a port but never answered.
    HalfOpen,
    /// Answered by an RST to the SYN: no lifetime, hold-down as RST.
    Refused,
}

impl EndKind {
    /// Every kind, in the order that [`crate::workload::Ends`] keeps its shares.
    pub const ALL: [EndKind; 5] = [Self::Fin, Self::Rst, Self::Abandoned, Self::HalfOpen, Self::Refused];
}
