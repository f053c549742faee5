//! A calendar of instants: slots of equal width, each with room for a few, in one ring.
//!
//! Who only counts, or only collects what has come, needs no order within a slot: a whole slot is over when time leaves
//! it. The slot that time is in is looked into only when it matters which of its instants have come.

use crate::time::{SimDuration, SimTime};

/// Instants that fit into a slot: a cache line.
const ROOM: usize = 16;

/// Most slots: 32 MiB of instants.
const MOST_SLOTS: u64 = 1 << 19;

/// So wide may slots be that an offset in one fits into 32 bits and none is [`TOLD`]. Rates so low need no speed.
const WIDEST: u32 = 31;

/// Instants within one turn of the ring, and what comes at each.
#[derive(Debug, Clone)]
pub struct Calendar<T> {
    /// The width of a slot is 2 to the power of this, in nanoseconds.
    width: u32,
    slots: Vec<[(u32, T); ROOM]>,
    /// Instants in each slot, told ones included.
    filled: Vec<u8>,
    /// The slot that time is in, counted from the first instant of all.
    current: u64,
}

impl<T: Copy + Default> Calendar<T> {
    /// Without room for any instant.
    pub fn none() -> Self {
        Self { width: 0, slots: Vec::new(), filled: Vec::new(), current: 0 }
    }

    /// For instants that are added one each `gap` on average, `ahead` of the present on average: half of a slot is
    /// filled, and the ring reaches to four times the mean.
    pub fn new(gap: SimDuration, ahead: SimDuration) -> Self {
        let (gap, reach) = (gap.nanos().max(1), ahead.nanos().saturating_mul(4));
        let mut width = gap.saturating_mul(ROOM as u64 / 2).ilog2();
        // Rather a slot that is full now and then than a ring that is too short.
        if reach >> width >= MOST_SLOTS && 2 << width <= gap.saturating_mul(10) {
            width += 1;
        }
        let slots = (reach >> width).clamp(1, MOST_SLOTS - 1).next_power_of_two() as usize;
        let (slots, filled) = (vec![[(0, T::default()); ROOM]; slots], vec![0; slots]);
        Self { width: width.min(WIDEST), slots, filled, current: 0 }
    }

    /// Adds an instant, unless it is too far ahead or its slot is full.
    #[inline]
    pub fn push(&mut self, time: SimTime, what: T) -> bool {
        let slot = time.nanos() >> self.width;
        if slot.wrapping_sub(self.current) >= self.slots.len() as u64 {
            return false;
        }
        let place = self.place(slot);
        let filled = usize::from(self.filled[place]);
        let fits = filled < ROOM;
        if fits {
            self.slots[place][filled] = (self.offset(time), what);
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
        for over in self.over(slot) {
            let place = self.place(over);
            passed += u32::from(std::mem::take(&mut self.filled[place]));
        }
        self.current = slot;
        passed
    }

    /// Tells what comes at the instants up to `now`; they are forgotten.
    #[inline(always)]
    pub fn tell(&mut self, now: SimTime, mut came: impl FnMut(T)) {
        let slot = now.nanos() >> self.width;
        if slot != self.current {
            self.tell_over(slot, &mut came);
        }
        self.tell_current(now, came);
    }

    #[inline(never)]
    fn tell_over(&mut self, slot: u64, mut came: impl FnMut(T)) {
        for over in self.over(slot) {
            let place = self.place(over);
            let filled = std::mem::take(&mut self.filled[place]);
            self.slots[place][..usize::from(filled)].iter().for_each(|(_, what)| came(*what));
        }
        self.current = slot;
    }

    /// The same, of the slot that time is in.
    #[inline(always)]
    fn tell_current(&mut self, now: SimTime, mut came: impl FnMut(T)) {
        let (place, last) = (self.place(self.current), self.offset(now));
        let Some(filled) = self.filled.get_mut(place) else { return };
        let slot = &mut self.slots[place];
        let mut left = 0;
        for instant in 0..usize::from(*filled).min(ROOM) {
            let (offset, what) = slot[instant];
            if offset <= last {
                came(what);
            } else {
                slot[left] = (offset, what);
                left += 1;
            }
        }
        *filled = left as u8;
    }

    /// How many instants of the slot that `now` is in have come; they are forgotten.
    #[inline(never)]
    pub fn come(&mut self, now: SimTime) -> u32 {
        let mut come = 0;
        self.tell_current(now, |_| come += 1);
        come
    }

    /// The earliest instant.
    pub fn first(&self) -> Option<SimTime> {
        let turn = self.slots.len() as u64;
        (self.current..self.current + turn).find_map(|slot| {
            let place = self.place(slot);
            let instants = &self.slots[place][..usize::from(self.filled[place])];
            let first = instants.iter().map(|(offset, _)| *offset).min()?;
            Some(SimTime::from_nanos((slot << self.width) + u64::from(first)))
        })
    }

    /// Slots before `slot` that are not over yet, each once.
    #[inline]
    fn over(&self, slot: u64) -> std::ops::Range<u64> {
        self.current..slot.min(self.current + self.slots.len() as u64)
    }

    /// Where a slot lies in the ring, whose length is a power of two.
    #[inline(always)]
    fn place(&self, slot: u64) -> usize {
        slot as usize & self.slots.len().wrapping_sub(1)
    }

    #[inline(always)]
    fn offset(&self, time: SimTime) -> u32 {
        (time.nanos() & ((1 << self.width) - 1)) as u32
    }
}
