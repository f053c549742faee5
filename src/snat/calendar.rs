//! A calendar of instants: slots of equal width, each with room for a few, in one ring.
//!
//! Who only counts needs no order within a slot: a whole slot is over when time leaves it. The slot that time is in is
//! looked into only when an exact count matters.

use crate::time::{SimDuration, SimTime};

/// Instants that fit into a slot: two cache lines.
const ROOM: usize = 16;

/// Most slots: 64 MiB.
const MOST_SLOTS: u64 = 1 << 19;

/// Instants within one turn of the ring.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// The width of a slot is 2 to the power of this, in nanoseconds.
    width: u32,
    slots: Vec<[u64; ROOM]>,
    /// Instants in each slot.
    filled: Vec<u8>,
    /// The slot that time is in, counted from the first instant of all.
    current: u64,
}

impl Calendar {
    /// For instants that are added one each `gap` on average, `ahead` of the present on average: half of a slot is
    /// filled, and the ring reaches to four times the mean.
    pub fn new(gap: SimDuration, ahead: SimDuration) -> Self {
        let (gap, reach) = (gap.nanos().max(1), ahead.nanos().saturating_mul(4));
        let mut width = gap.saturating_mul(ROOM as u64 / 2).ilog2();
        // Rather a slot that is full now and then than a ring that is too short.
        if reach >> width >= MOST_SLOTS && 2 << width <= gap.saturating_mul(10) {
            width += 1;
        }
        let slots = (reach >> width).clamp(1, MOST_SLOTS - 1).next_power_of_two();
        Self { width, slots: vec![[0; ROOM]; slots as usize], filled: vec![0; slots as usize], current: 0 }
    }

    /// Adds an instant, unless it is too far ahead or its slot is full.
    #[inline]
    pub fn push(&mut self, time: SimTime) -> bool {
        let slot = time.nanos() >> self.width;
        if slot.wrapping_sub(self.current) >= self.slots.len() as u64 {
            return false;
        }
        let place = self.place(slot);
        let filled = usize::from(self.filled[place]);
        let fits = filled < ROOM;
        if fits {
            self.slots[place][filled] = time.nanos();
            self.filled[place] += 1;
        }
        fits
    }

    /// How many instants lie in slots that are over at `now`; they are forgotten.
    #[inline]
    pub fn pass(&mut self, now: SimTime) -> u32 {
        let slot = now.nanos() >> self.width;
        if slot == self.current { 0 } else { self.pass_to(slot) }
    }

    #[inline(never)]
    fn pass_to(&mut self, slot: u64) -> u32 {
        let mut passed = 0;
        let turn = self.slots.len() as u64;
        for over in self.current..slot.min(self.current + turn) {
            let place = self.place(over);
            passed += u32::from(std::mem::take(&mut self.filled[place]));
        }
        self.current = slot;
        passed
    }

    /// How many instants of the slot that `now` is in have come; they are forgotten.
    #[inline(never)]
    pub fn come(&mut self, now: SimTime) -> u32 {
        let place = self.place(self.current);
        let filled = usize::from(self.filled[place]);
        let slot = &mut self.slots[place];
        let mut left = 0;
        for instant in 0..filled {
            let time = slot[instant];
            slot[left] = time;
            left += usize::from(time > now.nanos());
        }
        self.filled[place] = left as u8;
        (filled - left) as u32
    }

    /// The earliest instant.
    pub fn first(&self) -> Option<SimTime> {
        let turn = self.slots.len() as u64;
        let mut places = (self.current..self.current + turn).map(|slot| self.place(slot));
        let place = places.find(|place| self.filled[*place] > 0)?;
        let instants = &self.slots[place][..usize::from(self.filled[place])];
        instants.iter().min().copied().map(SimTime::from_nanos)
    }

    /// Where a slot lies in the ring, whose length is a power of two.
    #[inline(always)]
    fn place(&self, slot: u64) -> usize {
        slot as usize & (self.slots.len() - 1)
    }
}
