//! The formats of recorded traffic: their names, what they are, and what each leaves unsaid.

/// The format of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TraceFormat {
    /// Told from the beginning of each file.
    Auto,
    /// Zeek `conn.log`, tab-separated with its `#fields` line.
    Zeek,
    /// Zeek `conn.log`, a JSON object a line.
    ZeekJson,
    /// Flow log of an Azure virtual network, version 4.
    VnetFlowLog,
    /// Flow log of an Azure network security group, version 2.
    NsgFlowLog,
    /// What `conntrack -E -o timestamp` prints.
    ConntrackEvents,
    /// What `conntrack -L` prints, or `/proc/net/nf_conntrack`.
    ConntrackList,
    /// What `tcplife -t` of BCC prints, as a table or with `-s`.
    Tcplife,
    /// What `tcptracer -t` of BCC prints.
    Tcptracer,
    /// A table with the header `start_s,duration_s,protocol,source,destination,port[,end]`.
    Csv,
    /// A table with the header `id,t_open_s,t_close_s,proto,dst,node,close,send_every_s`.
    Lab,
}

impl TraceFormat {
    /// Every format, in the order that messages name them.
    pub const ALL: [Self; 11] = [
        Self::Auto,
        Self::Zeek,
        Self::ZeekJson,
        Self::VnetFlowLog,
        Self::NsgFlowLog,
        Self::ConntrackEvents,
        Self::ConntrackList,
        Self::Tcplife,
        Self::Tcptracer,
        Self::Csv,
        Self::Lab,
    ];

    /// Its name on the command line and in `arrivals.trace.format`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Zeek => "zeek",
            Self::ZeekJson => "zeek-json",
            Self::VnetFlowLog => "vnet-flow-log",
            Self::NsgFlowLog => "nsg-flow-log",
            Self::ConntrackEvents => "conntrack-events",
            Self::ConntrackList => "conntrack-list",
            Self::Tcplife => "tcplife",
            Self::Tcptracer => "tcptracer",
            Self::Csv => "csv",
            Self::Lab => "lab",
        }
    }

    /// What a file of it holds.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Auto => "Told from the beginning of each file",
            Self::Zeek => "Zeek `conn.log`, tab-separated with its `#fields` line",
            Self::ZeekJson => "Zeek `conn.log`, a JSON object a line",
            Self::VnetFlowLog => "Flow log of an Azure virtual network, version 4 (`PT1H.json`)",
            Self::NsgFlowLog => "Flow log of an Azure network security group, version 2 (`PT1H.json`)",
            Self::ConntrackEvents => "What `conntrack -E -o timestamp` prints",
            Self::ConntrackList => {
                "What `conntrack -L` prints, or /proc/net/nf_conntrack: what is open at one instant"
            }
            Self::Tcplife => "What `tcplife -t` of BCC prints, as a table or with `-s`",
            Self::Tcptracer => "What `tcptracer -t` of BCC prints",
            Self::Csv => {
                "A table with the header `start_s,duration_s,protocol,source,destination,port[,end]`, protocol being \
                 tcp, udp or icmp, end being fin, rst or half_open"
            }
            Self::Lab => {
                "A table with the header `id,t_open_s,t_close_s,proto,dst,node,close,send_every_s`: attempts measured \
                 on a real kernel"
            }
        }
    }

    /// What its files do not say about flows, and what stands in the place of that.
    pub fn unsaid(self) -> Option<&'static str> {
        match self {
            Self::VnetFlowLog | Self::NsgFlowLog => Some(
                "a flow log tells neither FIN from RST (all are taken as FIN, and TCP that was never answered as half-open) nor which \
                 flows found no SNAT port; a flow without its begin is left out, one without its end is taken as open until the last \
                 entry; what two security groups log counts twice",
            ),
            Self::ConntrackEvents => Some(
                "events of conntrack are those of one node, and a flow that was open before the first is left out; silence ends UDP, and \
                 TCP that nobody closed, so these are taken as over when their last timeout began",
            ),
            Self::ConntrackList => Some(
                "a list of conntrack is one instant: who is connected to what, without starts, lifetimes or ends; what it shows as closed \
                 is left out",
            ),
            Self::Tcplife => Some(
                "tcplife has no UDP, no end (all are taken as FIN), no session that was open at its start or still is, and does not say who \
                 connected: the local side is taken to be, unless its port is below 1024",
            ),
            Self::Tcptracer => Some(
                "tcptracer has no UDP, no end (all are taken as FIN) and no attempt that nobody answered; what was open at its start is left \
                 out",
            ),
            Self::Auto | Self::Zeek | Self::ZeekJson | Self::Csv | Self::Lab => None,
        }
    }
}
