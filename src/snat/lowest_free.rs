//! Numbered ports without a limit, of which the lowest free one is taken: a bit a port, and a bit a word with a free port.

const BITS: u32 = u64::BITS;

/// Ports from number 0 on, as many as were ever busy at a time.
///
/// Invariant: a bit of `open` says that its word has a free port.
#[derive(Debug, Clone, Default)]
pub(super) struct LowestFree {
    free: Vec<u64>,
    open: Vec<u64>,
}

impl LowestFree {
    /// Takes the lowest free port.
    #[inline]
    pub(super) fn take(&mut self) -> u32 {
        let Some(group) = self.open.iter().position(|open| *open != 0) else { return self.take_next() };
        let word = group * BITS as usize + self.open[group].trailing_zeros() as usize;
        let free = &mut self.free[word];
        let port = word as u32 * BITS + free.trailing_zeros();
        *free &= *free - 1;
        if *free == 0 {
            self.open[group] &= self.open[group] - 1;
        }
        port
    }

    /// All are busy: one word more, and its first port.
    #[inline(never)]
    fn take_next(&mut self) -> u32 {
        let word = self.free.len();
        self.free.push(u64::MAX - 1);
        self.open.resize(word / BITS as usize + 1, 0);
        self.open[word / BITS as usize] |= 1 << (word as u32 % BITS);
        word as u32 * BITS
    }

    /// A busy port becomes free.
    #[inline]
    pub(super) fn give(&mut self, port: u32) {
        let word = port / BITS;
        self.free[word as usize] |= 1 << (port % BITS);
        self.open[(word / BITS) as usize] |= 1 << (word % BITS);
    }

    /// Whether nobody has any.
    pub(super) fn are_all_free(&self) -> bool {
        self.free.iter().all(|free| *free == u64::MAX)
    }
}
