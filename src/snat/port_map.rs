//! Which ports of one public IP are busy: a bit a port, and a bit a word that is full.

use crate::random::Stream;

const BITS: u32 = u64::BITS;

/// Random looks before the free ports are counted through.
const LOOKS: u32 = 16;

/// Ports that exist, and those of them that are busy.
///
/// Invariants: bits of ports that do not exist are set; a bit of `full` says that its word is all ones.
#[derive(Debug, Clone)]
pub(super) struct PortMap {
    taken: Vec<u64>,
    full: Vec<u64>,
    /// Highest number ever, plus 1.
    total: u32,
    free: u32,
    busy: u32,
    unlimited: bool,
}

impl PortMap {
    /// All of `ports` free; `None` is unlimited.
    pub(super) fn new(ports: Option<u32>) -> Self {
        let (taken, full) = (Vec::new(), Vec::new());
        let mut map = Self { taken, full, total: 0, free: 0, busy: 0, unlimited: ports.is_none() };
        map.grow(ports.unwrap_or(BITS));
        map
    }

    pub(super) fn is_unlimited(&self) -> bool {
        self.unlimited
    }

    /// Ports of the range, those that were taken away included.
    pub(super) fn total(&self) -> u32 {
        self.total
    }

    pub(super) fn busy(&self) -> u32 {
        self.busy
    }

    /// Ports that nobody has.
    pub(super) fn free(&self) -> u32 {
        if self.unlimited { u32::MAX - self.busy } else { self.free }
    }

    #[inline]
    pub(super) fn is_free(&self, port: u32) -> bool {
        port < self.total && self.taken[(port / BITS) as usize] >> (port % BITS) & 1 == 0
    }

    /// A free port becomes busy.
    #[inline]
    pub(super) fn take(&mut self, port: u32) {
        self.remove(port);
        self.busy += 1;
        if self.unlimited && self.free == 0 {
            self.grow(self.total.saturating_mul(2));
        }
    }

    /// A busy port becomes free.
    #[inline]
    pub(super) fn give(&mut self, port: u32) {
        self.busy -= 1;
        self.add(port);
    }

    /// A busy port no longer exists.
    pub(super) fn forget(&mut self) {
        self.busy -= 1;
    }

    /// A free port no longer exists.
    pub(super) fn remove(&mut self, port: u32) {
        let word = (port / BITS) as usize;
        self.taken[word] |= 1 << (port % BITS);
        self.free -= 1;
        if self.taken[word] == u64::MAX {
            self.full[word / BITS as usize] |= 1 << (word as u32 % BITS);
        }
    }

    /// A port exists, and is free.
    pub(super) fn add(&mut self, port: u32) {
        let word = (port / BITS) as usize;
        self.taken[word] &= !(1 << (port % BITS));
        self.full[word / BITS as usize] &= !(1 << (word as u32 % BITS));
        self.free += 1;
    }

    /// Numbers below `total` may exist; none comes with it.
    pub(super) fn reach(&mut self, total: u32) {
        let words = total.div_ceil(BITS) as usize;
        self.taken.resize(words.max(self.taken.len()), u64::MAX);
        self.full.resize(words.div_ceil(BITS as usize).max(self.full.len()), u64::MAX);
        self.total = self.total.max(total);
    }

    /// All ports between the highest number and `total` come.
    fn grow(&mut self, total: u32) {
        let first = self.total;
        self.reach(total);
        (first..total).for_each(|port| self.add(port));
    }

    /// The first free port at or after `from`, wrapping around.
    pub(super) fn first_free_from(&self, from: u32) -> Option<u32> {
        self.first_free_in(from).or_else(|| self.first_free_in(0))
    }

    /// The first free port among `window` from `start`, wrapping around.
    pub(super) fn first_free_within(&self, start: u32, window: u32) -> Option<u32> {
        self.first_free_from(start).filter(|port| self.distance(start, *port) < window)
    }

    /// How far `port` lies after `start`, wrapping around.
    pub(super) fn distance(&self, start: u32, port: u32) -> u32 {
        if port >= start { port - start } else { self.total - start + port }
    }

    /// The port `offset` after `start`, wrapping around.
    pub(super) fn after(&self, start: u32, offset: u32) -> u32 {
        ((u64::from(start) + u64::from(offset)) % u64::from(self.total.max(1))) as u32
    }

    /// One of the free ports, each as likely.
    pub(super) fn any_free(&self, draws: &mut Stream) -> Option<u32> {
        if self.free == 0 {
            return None;
        }
        let look = (0..LOOKS).map(|_| draws.below(u64::from(self.total)) as u32);
        let mut look = look.filter(|port| self.is_free(*port));
        let seen = look.next();
        seen.or_else(|| self.free_at(draws.below(u64::from(self.free)) as u32))
    }

    /// The free port with `rank` free ones below it.
    fn free_at(&self, rank: u32) -> Option<u32> {
        let mut left = rank;
        for (word, taken) in self.taken.iter().enumerate() {
            let mut free = !taken;
            if left >= free.count_ones() {
                left -= free.count_ones();
                continue;
            }
            for _ in 0..left {
                free &= free - 1;
            }
            return Some(word as u32 * BITS + free.trailing_zeros());
        }
        None
    }

    fn first_free_in(&self, from: u32) -> Option<u32> {
        let word = (from / BITS) as usize;
        let here = !*self.taken.get(word)? & (u64::MAX << (from % BITS));
        let (word, free) = match here {
            0 => {
                let word = self.first_open_word(word + 1)?;
                (word, !self.taken[word])
            }
            free => (word, free),
        };
        Some(word as u32 * BITS + free.trailing_zeros())
    }

    fn first_open_word(&self, from: usize) -> Option<usize> {
        let (mut group, bit) = (from / BITS as usize, from as u32 % BITS);
        let mut open = !*self.full.get(group)? & (u64::MAX << bit);
        while open == 0 {
            group += 1;
            open = !*self.full.get(group)?;
        }
        Some(group * BITS as usize + open.trailing_zeros() as usize)
    }
}
