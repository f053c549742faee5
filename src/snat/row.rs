//! A row: a port pool seen towards one destination. The unit that fills up.

use super::counted_row::CountedRow;
use super::{
    Asker, Changed, Ended, Holding, InCommon, NamedRow, OtherRows, Reclaim, Rules, Slot, SnatFailure,
};
use crate::random::Stream;
use crate::time::SimTime;

/// The random numbers of a row.
#[derive(Debug, Clone)]
pub struct RowStreams {
    /// For each choice; the row's own.
    pub row: Stream,
    /// For what is drawn once for all rows of its port pool.
    pub pool: Stream,
}

/// Ports by public IP, those that serve a flow or rest, and when each comes free.
#[derive(Debug, Clone)]
pub enum Row {
    /// One free port is as good as another: they are counted.
    Counted(CountedRow),
    /// Every port has an identity.
    Named(Box<NamedRow>),
}

impl RowStreams {
    /// One stream for everything: for a row that draws nothing of its pool.
    pub fn all_from(stream: Stream) -> Self {
        Self { row: stream.clone(), pool: stream }
    }
}

impl Row {
    /// An empty row with `ports` on each public IP; `None` is unlimited.
    pub fn new(ports: &[Option<u32>], rules: &Rules, streams: RowStreams) -> Self {
        match rules.name_ports() {
            true => Self::Named(Box::new(NamedRow::new(ports, rules, streams))),
            false => Self::Counted(CountedRow::new(ports, rules, streams)),
        }
    }

    /// The choices that follow are drawn from other streams.
    pub fn redraw(&mut self, streams: RowStreams) {
        match self {
            Self::Counted(row) => row.redraw(streams),
            Self::Named(row) => row.chooser.draws = streams.row,
        }
    }

    /// Replaces all that is held, in a row that counts its ports: as many ports of each public IP, by when they come free.
    pub fn rebook(&mut self, held: impl Iterator<Item = (u32, Holding)>) {
        if let Self::Counted(row) = self {
            row.rebook(held);
        }
    }

    /// Takes a port for a flow that asks at `now`.
    #[inline]
    pub fn open(&mut self, now: SimTime, asker: &Asker) -> Result<Slot, SnatFailure> {
        match self {
            Self::Counted(row) => row.open(now, asker),
            Self::Named(row) => row.open(now, asker),
        }
    }

    /// As [`Self::open`], of a row that has its ports in common with `others`.
    pub fn open_beside(
        &mut self,
        now: SimTime,
        asker: &Asker,
        others: &OtherRows,
        rules: InCommon,
    ) -> Result<Slot, SnatFailure> {
        match self {
            Self::Counted(row) => row.open(now, asker),
            Self::Named(row) => row.open_beside(now, asker, others, rules),
        }
    }

    /// As [`Self::lacks_room`], of a row that has its ports in common with `others`.
    pub fn lacks_room_beside(
        &mut self,
        now: SimTime,
        flows: u64,
        others: &OtherRows,
        rules: InCommon,
    ) -> Option<SnatFailure> {
        match self {
            Self::Counted(_) => None,
            Self::Named(row) => row.lacks_room_beside(now, flows, others, rules),
        }
    }

    /// When the flow on `slot` leaves it; said again of a row that names its ports, it replaces what was said. Whether the flow still
    /// has the port.
    #[inline]
    pub fn keep_until(&mut self, slot: Slot, holding: Holding) -> bool {
        match self {
            Self::Counted(row) => {
                row.keep_until(slot, holding);
                true
            }
            Self::Named(row) => row.keep_until(slot, holding),
        }
    }

    /// Undoes an [`Self::open`] of the same instant.
    pub fn give_back(&mut self, slot: Slot, now: SimTime) {
        match self {
            Self::Counted(row) => row.give_back(slot, now),
            Self::Named(row) => row.give_back(slot, now),
        }
    }

    /// Ports that serve a flow or rest at `now`.
    pub fn busy(&mut self, now: SimTime) -> u64 {
        match self {
            Self::Counted(row) => row.busy(now),
            Self::Named(row) => row.busy(now),
        }
    }

    /// Flows that are live at `now`, in a row that names its ports; counted one by one.
    pub fn live(&mut self, now: SimTime) -> u64 {
        match self {
            Self::Counted(_) => 0,
            Self::Named(row) => row.live(now),
        }
    }

    /// Why `flows` more flows like that of `asker` would not all get a port at `now`, if they would not, as far as counts tell: a search that
    /// gives up may still refuse some.
    pub fn lacks_room(&mut self, now: SimTime, flows: u64, asker: &Asker) -> Option<SnatFailure> {
        match self {
            Self::Counted(row) => row.lacks_room(now, flows, asker),
            Self::Named(row) => row.lacks_room(now, flows),
        }
    }

    /// Whether holdings may end otherwise than was said, so that [`Self::take_ended`] tells how they did.
    #[inline]
    pub fn tells_ends(&self) -> bool {
        matches!(self, Self::Named(_))
    }

    /// Holdings that were found to be over since the last call.
    pub fn take_ended(&mut self) -> impl Iterator<Item = Ended> + '_ {
        let ended = match self {
            Self::Counted(_) => None,
            Self::Named(row) => Some(row.take_ended()),
        };
        ended.into_iter().flatten()
    }

    /// Changes the ports of a row that names them; see [`NamedRow::set_ports`].
    pub fn set_ports(&mut self, now: SimTime, ports: &[Option<u32>], reclaim: Reclaim) -> Vec<Changed> {
        match self {
            Self::Counted(_) => Vec::new(),
            Self::Named(row) => row.set_ports(now, ports, reclaim),
        }
    }

    /// The live flows of nodes end, in a row that names its ports; see [`NamedRow::end_flows_of`].
    pub fn end_flows_of(
        &mut self,
        now: SimTime,
        ending: impl Fn(u32, SimTime, Holding) -> Option<Holding>,
    ) -> Vec<Changed> {
        match self {
            Self::Counted(_) => Vec::new(),
            Self::Named(row) => row.end_flows_of(now, ending),
        }
    }

    /// The run is over: all that is held ends as it was said.
    pub fn end_all(&mut self) {
        if let Self::Named(row) = self {
            row.end_all();
        }
    }

    /// Spans of time in which no port was free, up to `end`.
    pub fn full_spans(self, end: SimTime) -> Vec<(SimTime, SimTime)> {
        match self {
            Self::Counted(row) => row.full_spans(end),
            Self::Named(row) => row.full_spans(end),
        }
    }
}
